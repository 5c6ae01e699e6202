//! Addresses: a server's API, a repository, an issue. It never sends a request.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::GitHubError;
use crate::network::Proxies;

/// The base URL of a server's API, without a slash at its end: `https://api.github.com`, or `https://HOST/api/v3` on
/// GitHub Enterprise Server.
#[derive(Clone, Debug)]
pub struct Api {
    origin: String,
    path: String,
    pub(super) proxies: Proxies,
}

impl Api {
    /// Reaches the server through proxies.
    #[must_use]
    pub fn through(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// Returns the address as it was given, without a slash at its end.
    pub(crate) fn base(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// Returns the address of the web pages; `None` if it is unknown from the address of the API.
    pub(crate) fn pages(&self) -> Option<String> {
        match (self.origin.as_str(), self.path.as_str()) {
            ("https://api.github.com", "") => Some("https://github.com".to_owned()),
            (origin, "/api/v3") => Some(origin.to_owned()),
            _ => None,
        }
    }

    /// Returns the target of a `Location` header if it is on this server: a token is sent to no other server.
    pub(super) fn on_same_server(&self, location: &str) -> Option<String> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(format!("{}{location}", self.origin));
        }
        let rest = location.strip_prefix(&self.origin)?;
        (rest.starts_with('/')).then(|| location.to_owned())
    }
}

impl FromStr for Api {
    type Err = GitHubError;

    fn from_str(text: &str) -> Result<Self, GitHubError> {
        let refuse = |why| GitHubError::Api { why };
        let uri: Uri = text.parse().map_err(|_| refuse("it is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(refuse("it is not a URL with https:// and a host"));
        };
        if authority.as_str().contains('@') {
            return Err(refuse("it holds a user or a password; give the token as GITHUB_TOKEN"));
        }
        if uri.query().is_some() {
            return Err(refuse("it has a query"));
        }
        let is_local = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
        match scheme {
            "https" => {}
            "http" if is_local => {}
            _ => return Err(refuse("only https keeps a token private")),
        }
        if authority.host() == "github.com" {
            return Err(refuse("the API of github.com is https://api.github.com"));
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { origin: format!("{scheme}://{authority}"), path, proxies: Proxies::default() })
    }
}

impl fmt::Display for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base())
    }
}

/// A repository: `OWNER/REPO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// Returns the owner.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the repository and the host of a remote's URL: `https://HOST/O/R.git`, `git@HOST:O/R` or `ssh://…`.
    pub(crate) fn of_remote(url: &str) -> Option<(String, Self)> {
        let (authority, path) = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?,
            None => url.split_once(':')?,
        };
        let host = authority.rsplit('@').next()?.split(':').next()?;
        let path = path.trim_matches('/');
        let name = path.strip_suffix(".git").unwrap_or(path).parse().ok()?;
        (!host.is_empty()).then(|| (host.to_owned(), name))
    }

    pub(super) fn route(&self, below: &str) -> String {
        format!("/repos/{}/{}{below}", self.owner, self.name)
    }
}

impl FromStr for RepositoryName {
    type Err = GitHubError;

    fn from_str(text: &str) -> Result<Self, GitHubError> {
        let sound = text.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name));
        let (owner, name) = sound.ok_or_else(|| GitHubError::Repository { text: text.to_owned() })?;
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

fn is_name(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(sound) && name.chars().any(|c| c != '.')
}

/// Quotes a text as one part of a path or as a value of a query.
pub(crate) fn quoted(text: &str) -> String {
    let quote = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(quote).collect()
}

/// Quotes a branch's name or a path in a route. Slashes stay.
pub(super) fn quoted_parts(text: &str) -> String {
    text.split('/').map(quoted).collect::<Vec<_>>().join("/")
}

/// An issue or pull request: `OWNER/REPO#N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueAddress {
    /// The repository.
    pub(crate) repository: RepositoryName,
    /// The number in the repository.
    pub(crate) number: u64,
}

impl IssueAddress {
    pub(super) fn route(&self) -> String {
        self.repository.route(&format!("/issues/{}", self.number))
    }
}

impl FromStr for IssueAddress {
    type Err = GitHubError;

    fn from_str(text: &str) -> Result<Self, GitHubError> {
        let read = || {
            let (repository, number) = text.split_once('#')?;
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse().ok().filter(|&number| number > 0 && digits)?;
            Some(Self { repository: repository.parse().ok()?, number })
        };
        read().ok_or_else(|| GitHubError::Address { text: text.to_owned() })
    }
}

impl fmt::Display for IssueAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.repository, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_by_owner_repository_and_number() {
        let address: IssueAddress = "y-scope/clp.rs#1166".parse().unwrap();
        assert_eq!(address.to_string(), "y-scope/clp.rs#1166");
        assert_eq!(address.route(), "/repos/y-scope/clp.rs/issues/1166");
        for wrong in [
            "",
            "o/r",
            "o#1",
            "o/r#",
            "o/r#0",
            "o/r#+1",
            "o/r#x",
            "o/r/s#1",
            "../r#1",
            "o/..#1",
            "o /r#1",
            "o/r#1?x",
            "https://github.com/o/r/issues/1",
            "o/r#99999999999999999999",
        ] {
            assert!(wrong.parse::<IssueAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_api_is_a_private_way_to_a_server() {
        for (text, base) in [
            ("https://api.github.com", "https://api.github.com"),
            ("https://ghe.example/api/v3/", "https://ghe.example/api/v3"),
            ("https://ghe.example:8443/api/v3", "https://ghe.example:8443/api/v3"),
            ("http://127.0.0.1:4001/", "http://127.0.0.1:4001"),
        ] {
            assert_eq!(text.parse::<Api>().unwrap().base(), base);
        }
        for wrong in [
            "",
            "ghe.example",
            "/api/v3",
            "http://ghe.example/api/v3",
            "https://me:hunter2@ghe.example",
            "ftp://x/",
            "https://ghe.example/?a=b",
            "https://github.com",
            "https:///x",
        ] {
            assert!(wrong.parse::<Api>().is_err(), "{wrong}");
        }
        let error = "https://me:hunter2@ghe.example".parse::<Api>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    #[test]
    fn a_move_stays_on_the_server() {
        let api: Api = "https://ghe.example/api/v3".parse().unwrap();
        let there = "https://ghe.example/api/v3/repositories/1/issues/2";
        assert_eq!(api.on_same_server(there).as_deref(), Some(there));
        assert_eq!(api.on_same_server("/api/v3/repositories/1/issues/2").as_deref(), Some(there));
        for away in [
            "https://ghe.example.evil/x",
            "https://ghe.example:444/x",
            "http://ghe.example/x",
            "//evil/x",
            "x",
            "https://ghe.example@evil/x",
        ] {
            assert_eq!(api.on_same_server(away), None, "{away}");
        }
    }
}
