//! The client for GitHub as a command uses it: the token of the environment, the system's clock.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use super::{Error, Kind, workspace, write};
use crate::github::{Api, Client, Clock, GitHubError, Issue, IssueAddress};

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

/// Reads an issue, and says where it is if it has moved.
pub fn issue(address: &IssueAddress, api: &str) -> Result<Issue, Error> {
    // clap would repeat a password that somebody wrote into it.
    let api: Api = api.parse().map_err(|error: GitHubError| Error::usage(&error))?;
    let client = Client::new(api, token()?, Box::new(SystemClock), TIMEOUT)
        .map_err(|error| Error::environment(&error))?;
    let phase = workspace::phase("Asking GitHub");
    let issue = client.issue(address);
    phase.finish_and_clear();
    let issue = issue.map_err(|error| Error::environment(&error))?;
    if issue.moved {
        let now = issue.url.as_deref().unwrap_or("in another repository");
        write::remark(&format!("note: {address} has moved; it is now {now}"));
    }
    Ok(issue)
}
