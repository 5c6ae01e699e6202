//! The sources that a build may get files from. It never reads one.

use std::fmt;

use super::linked;
use crate::git::{PathError, RepoPath};

/// The prefix of a named context that is an image.
const IMAGE: &str = "docker-image://";
/// The prefix of a named context that is an image layout on the machine of the client.
const LAYOUT: &str = "oci-layout://";

/// The source of a build context, the main one or a named one.
///
/// It cannot be a path of the machine that builds: a folder is one of the repository, and a [`RemoteUrl`] is never
/// taken for a path by a client. A repository that names another source gets no build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextSource {
    /// A folder of the repository; `None` is its root.
    Folder(Option<RepoPath>),
    /// An image, by its name.
    Image(String),
    /// A remote repository or archive.
    Url(RemoteUrl),
    /// The result of another build, as written.
    Target(String),
}

/// A URL that buildx sends to the builder and never opens as a path (buildx, `util/urlutil.IsRemoteURL`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteUrl(String);

/// The reason why a text is not the source of a build context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedSource {
    /// A part of it is known to the build alone.
    #[error("only the build knows it")]
    Unsettled,
    /// Standard input.
    #[error("it is standard input")]
    StandardInput,
    /// An image layout on the machine that builds.
    #[error("an OCI layout is a folder outside the repository")]
    Layout,
    /// A path that is not inside the repository.
    #[error("it is not a folder of the repository: {0}")]
    Outside(PathError),
    /// A URL that buildx might open as a path.
    #[error("it is not a URL that builders read; use http, https, git or ssh")]
    Scheme,
}

impl ContextSource {
    /// Parses a source: a folder relative to the repository's root, `docker-image://…`, a URL, `target:…` or
    /// `service:…`.
    ///
    /// # Errors
    ///
    /// [`RefusedSource`] for anything else, above all a path outside the repository.
    pub fn parse(written: &str) -> Result<Self, RefusedSource> {
        if written.contains("${") {
            return Err(RefusedSource::Unsettled);
        }
        if let Some(image) = written.strip_prefix(IMAGE) {
            return Ok(Self::Image(image.to_owned()));
        }
        if linked::PREFIXES.iter().any(|prefix| written.starts_with(prefix)) {
            return Ok(Self::Target(written.to_owned()));
        }
        if written.starts_with(LAYOUT) {
            return Err(RefusedSource::Layout);
        }
        if let Some(url) = RemoteUrl::parse(written) {
            return Ok(Self::Url(url));
        }
        match written {
            "." => Ok(Self::Folder(None)),
            "-" => Err(RefusedSource::StandardInput),
            _ if written.contains("://") => Err(RefusedSource::Scheme),
            path => RepoPath::new(path).map(|path| Self::Folder(Some(path))).map_err(RefusedSource::Outside),
        }
    }
}

impl fmt::Display for ContextSource {
    /// Writes it in the form that [`parse`](Self::parse) reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(None) => f.write_str("."),
            Self::Folder(Some(folder)) => f.write_str(folder.as_str()),
            Self::Image(image) => write!(f, "{IMAGE}{image}"),
            Self::Url(url) => f.write_str(url.as_str()),
            Self::Target(target) => f.write_str(target),
        }
    }
}

impl RemoteUrl {
    /// Returns the URL; `None` if a client could open the text as a path.
    ///
    /// Buildx takes any text with `http://` or `https://` for remote, and other texts only if BuildKit's
    /// `dfgitutil.ParseGitRef` reads them. A text that it refuses is opened as a path, so the host must be plain.
    fn parse(written: &str) -> Option<Self> {
        if ["http://", "https://"].iter().any(|scheme| written.starts_with(scheme)) {
            return Some(Self(written.to_owned()));
        }
        let host = if let Some(address) = written.strip_prefix("git@") {
            // `sshutil.ParseSCPStyleURL`: `git@github.com:owner/name.git`.
            address.split_once(':').filter(|(_, path)| !path.is_empty())?.0
        } else {
            let address = ["git://", "ssh://"].iter().find_map(|scheme| written.strip_prefix(scheme))?;
            let (user, host) =
                address.split(['/', '#', '?']).next()?.rsplit_once('@').unwrap_or(("git", address));
            let host = host.split(['/', '#', '?']).next()?;
            let (host, port) = host.split_once(':').unwrap_or((host, "22"));
            port.parse::<u16>().ok().filter(|_| is_name(user))?;
            host
        };
        let is_plain = written.chars().all(|c| c.is_ascii_graphic() && !"%\\\"`".contains(c));
        (is_plain && is_name(host)).then(|| Self(written.to_owned()))
    }

    /// Returns the URL as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns true for the plain name of a host or a user.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_folder_of_the_repository_an_image_a_url_or_a_target() {
        let parsed = |text: &str| ContextSource::parse(text).unwrap();
        let folder = |path: &str| ContextSource::Folder(Some(RepoPath::new(path).unwrap()));
        assert_eq!(parsed("."), ContextSource::Folder(None));
        assert_eq!(parsed("services/auth"), folder("services/auth"));
        // Buildx opens this text as a path as well, below the folder in which it runs.
        assert_eq!(parsed("github.com/o/r"), folder("github.com/o/r"));
        assert_eq!(parsed("docker-image://alpine:3"), ContextSource::Image("alpine:3".into()));
        for text in ["target:base", "service:base"] {
            assert_eq!(parsed(text), ContextSource::Target(text.into()));
        }
        for text in
            ["https://example.org/x.git#main:sub", "http://x/a.tar", "git://x/y", "ssh://git@x/y", "git@x:y"]
        {
            assert!(matches!(parsed(text), ContextSource::Url(_)), "{text}");
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn a_path_of_the_host_is_never_a_source() {
        for text in [
            "/etc",
            "..",
            "../outside",
            "a/../../outside",
            "./../outside",
            "~/x",
            "oci-layout://srv/layout:latest",
            "oci-layout:///srv/layout",
            "file:///etc",
            "file://../x",
            "-",
            "",
            "git://",
            "git:///etc",
            "ssh:///root",
            "git@/../x:y",
            "git@:x",
            "git://%2e/x",
            "git://host:x/y",
            "ssh://a:b@host/y",
            "ftp://x/y",
            "${HOME}/x",
            "a\\..\\..\\x",
            "HTTP://x/../../etc",
        ] {
            let parsed = ContextSource::parse(text);
            let is_inside = matches!(&parsed, Ok(ContextSource::Folder(Some(path)))
                if !path.as_str().split('/').any(|name| name == ".."));
            assert!(parsed.is_err() || is_inside, "{text}: {parsed:?}");
            assert!(!matches!(parsed, Ok(ContextSource::Url(_))), "{text}");
        }
    }
}
