//! Access to GitHub: the token of the environment, and the clock of the system.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use super::user::configuration;
use super::{Error, ErrorKind, GitHubArguments, input, write};
use crate::github::{Api, App, Clock, GitHubError};
use crate::network::Proxies;
use crate::ops::{Credentials, GitHubAccess};
use crate::text::secret::Secrets;

/// The environment variables that may hold a token, in the order of the `gh` command.
pub(crate) const TOKENS: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// The API of github.com.
const PUBLIC_API: &str = "https://api.github.com";

/// Returns the token of the environment; `None` if it is not set or empty.
///
/// Settings come from arguments and `layerwright.toml`. A token does not: other users can see the arguments of a
/// process.
#[expect(clippy::disallowed_methods, reason = "the one place where a token comes in")]
fn token() -> Result<Option<SecretString>, Error> {
    for name in TOKENS {
        let Some(value) = std::env::var_os(name) else { continue };
        let value = value.into_string().map_err(|_| {
            Error::new(ErrorKind::Usage, format!("{name} is not valid UTF-8"))
                .hint("set it to a token, or unset it")
        })?;
        let value = value.trim();
        if !value.is_empty() {
            return Ok(Some(value.into()));
        }
    }
    Ok(None)
}

/// The clock of the system. It prints why it waits.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        now()
    }

    fn wait(&self, pause: Duration, why: &str) {
        write::remark(&format!("{why}; retrying in {}", humantime::format_duration(pause)));
        std::thread::sleep(pause);
    }

    fn pace(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}

/// Returns the present time.
#[expect(clippy::disallowed_methods, reason = "the one place where the time comes in")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Returns true if the environment is a GitHub Actions workflow and the token is that of an App installation.
#[expect(clippy::disallowed_methods, reason = "what such a token does starts no workflow")]
pub(crate) fn is_actions_token() -> bool {
    let in_actions = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let is_installation = |token: SecretString| token.expose_secret().starts_with("ghs_");
    in_actions && token().ok().flatten().is_some_and(is_installation)
}

/// Returns access to GitHub with the token of the environment.
pub(crate) fn by_token(api: Option<&str>) -> Result<GitHubAccess, Error> {
    let api = match api {
        Some(api) => api.to_owned(),
        None => configuration()?.github.api.unwrap_or_else(|| PUBLIC_API.to_owned()),
    };
    // The URL may contain a password, and clap would repeat it in its error.
    let api: Api = api.parse().map_err(|error: GitHubError| Error::usage(&error))?;
    let api = api.through(Proxies::of_environment());
    let credentials = token()?.map(Credentials::Token);
    Ok(GitHubAccess { repository: None, api, credentials, clock: Rc::new(SystemClock) })
}

/// Returns access to GitHub as an App if the arguments name one, else with the token of the environment.
pub(crate) fn access(arguments: &GitHubArguments) -> Result<GitHubAccess, Error> {
    access_hiding(arguments, Secrets::default())
}

/// As [`access`], for a command that hides other values too.
pub(crate) fn access_hiding(arguments: &GitHubArguments, mut hidden: Secrets) -> Result<GitHubAccess, Error> {
    let access = by_token(arguments.api.as_deref())?;
    if let Some(Credentials::Token(token)) = &access.credentials {
        hidden.add(token.expose_secret().as_bytes());
    }
    let credentials = match (&arguments.app_id, &arguments.app_key) {
        (Some(id), Some(key)) => {
            let pem = input::read(key)?;
            hidden.add(&pem);
            let app = App::new(id, &pem).map_err(|error| Error::usage(&error))?;
            Some(Credentials::App(Box::new(app)))
        }
        _ => access.credentials,
    };
    write::hide(&hidden);
    Ok(GitHubAccess { repository: arguments.repo.clone(), credentials, ..access })
}
