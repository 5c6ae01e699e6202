//! The client for GitHub as a command uses it: the token of the environment, the system's clock.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use super::progress::spinner;
use super::{Error, GitHubArguments, Kind, input, write};
use crate::github::{Api, App, Client, Clock, GitHubError, Issue, IssueAddress, RepositoryName};

/// Where a token is looked for, in this order, as GitHub's own command does.
const TOKENS: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The token of the environment; None where there is none, or an empty one.
///
/// Settings come from arguments and `layerwright.toml`. A token does not: others see the arguments of a process.
#[expect(clippy::disallowed_methods, reason = "the one place where a token comes in")]
fn token() -> Result<Option<SecretString>, Error> {
    for name in TOKENS {
        let Some(value) = std::env::var_os(name) else { continue };
        let value = value.into_string().map_err(|_| {
            Error::new(Kind::Usage, format!("{name} is no text")).hint("set it anew, or unset it")
        })?;
        let value = value.trim();
        if !value.is_empty() {
            return Ok(Some(value.into()));
        }
    }
    Ok(None)
}

/// The system's clock. Who waits is told why.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "GitHub says at which time a limit ends")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, pause: Duration, why: &str) {
        write::remark(&format!("{why}; asking again in {}", humantime::format_duration(pause)));
        std::thread::sleep(pause);
    }

    fn pace(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}

/// The time now, in seconds since 1970.
pub fn now() -> u64 {
    SystemClock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Whether the token is the one that GitHub Actions gives to a workflow, as far as its environment tells.
#[expect(clippy::disallowed_methods, reason = "what such a token does starts no workflow")]
pub fn is_actions_token() -> bool {
    let in_actions = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let is_installation = |token: SecretString| token.expose_secret().starts_with("ghs_");
    in_actions && token().ok().flatten().is_some_and(is_installation)
}

/// A client that may change a repository, by the token of the environment or as an App.
pub fn client(arguments: &GitHubArguments, repository: &RepositoryName) -> Result<Client, Error> {
    let api: Api = arguments.api.parse().map_err(|error: GitHubError| Error::usage(&error))?;
    let token = match (&arguments.app_id, &arguments.app_key) {
        (Some(id), Some(key)) => {
            let pem = input::read(key)?;
            let app = App::new(id, &pem).map_err(|error| Error::usage(&error))?;
            let token = app.installation_token(api.clone(), Box::new(SystemClock), TIMEOUT, repository);
            token.map_err(|error| Error::environment(&error))?
        }
        _ => token()?.ok_or_else(|| {
            Error::new(Kind::Usage, "there is no token for GitHub")
                .hint("set GITHUB_TOKEN to one with contents, pull requests and issues: write, and checks: read")
                .hint("or give a GitHub App with --app-id and --app-key")
        })?,
    };
    Client::new(api, Some(token), Box::new(SystemClock), TIMEOUT).map_err(|error| Error::environment(&error))
}

/// Reads an issue, and says where it is if it has moved.
pub fn issue(address: &IssueAddress, api: &str) -> Result<Issue, Error> {
    // clap would repeat a password that somebody wrote into it.
    let api: Api = api.parse().map_err(|error: GitHubError| Error::usage(&error))?;
    let client = Client::new(api, token()?, Box::new(SystemClock), TIMEOUT)
        .map_err(|error| Error::environment(&error))?;
    let phase = spinner("Asking GitHub");
    let issue = client.issue(address);
    phase.finish_and_clear();
    let issue = issue.map_err(|error| Error::environment(&error))?;
    if issue.moved {
        let now = issue.url.as_deref().unwrap_or("in another repository");
        write::remark(&format!("note: {address} has moved; it is now {now}"));
    }
    Ok(issue)
}
