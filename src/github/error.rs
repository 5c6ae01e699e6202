//! Why GitHub was not asked, or gave no answer that counts. It never holds a token.

use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use super::Api;

/// What another library says.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why GitHub was not asked, or gave no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// No issue is named.
    #[error("`{text}` names no issue; write OWNER/REPO#NUMBER, as in y-scope/clp#1166")]
    Address {
        /// What was given.
        text: String,
    },
    /// No repository is named.
    #[error("`{text}` names no repository; write OWNER/REPO, as in y-scope/clp")]
    Repository {
        /// What was given.
        text: String,
    },
    /// No API is named. What was given is not repeated: it may hold a password.
    #[error(
        "the address of the API cannot be taken: {why}; write https://api.github.com, or https://HOST/api/v3 for \
         GitHub Enterprise Server"
    )]
    Api {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The token is none.
    #[error("the token holds a character that no token has; set GITHUB_TOKEN anew, or unset it")]
    Token,
    /// The client cannot start.
    #[error("the client for GitHub cannot start; install the system's root certificates (ca-certificates)")]
    Start(#[source] Cause),
    /// The server cannot be reached, or breaks off.
    #[error("{api} cannot be reached ({attempts} attempts); check the network and --api")]
    Unreachable {
        /// The API.
        api: Api,
        /// The cause.
        source: Cause,
        /// How often it was tried.
        attempts: usize,
    },
    /// The server does not answer.
    #[error("{api} did not answer within {} ({attempts} attempts); try again later", humantime::format_duration(*.after))]
    TimedOut {
        /// The API.
        api: Api,
        /// How long each attempt took.
        after: Duration,
        /// How often it was tried.
        attempts: usize,
    },
    /// The answer is larger than any of GitHub's.
    #[error("{api} answers with more than GitHub ever does; check --api")]
    TooLarge {
        /// The API.
        api: Api,
    },
    /// The answer is none of GitHub's.
    #[error(
        "what {api} answers about {what} is none of GitHub's answers: {message}; check --api, which ends with /api/v3 for GitHub Enterprise Server"
    )]
    Garbage {
        /// What was asked for.
        what: String,
        /// The API.
        api: Api,
        /// What is wrong.
        message: String,
    },
    /// 401.
    #[error(
        "GitHub does not accept the token: {said}; set GITHUB_TOKEN to one that is valid, or unset it for a public repository"
    )]
    Unauthorized {
        /// What GitHub says.
        said: String,
    },
    /// 403 without a limit.
    #[error("GitHub does not let {} {} {what}: {said}; {}", if *.has_token { "this token" } else { "anybody without a token" }, if *.changes { "change" } else { "read" }, if *.changes { WRITE_HINT } else { token_hint(*.has_token) })]
    Forbidden {
        /// What was asked for.
        what: String,
        /// What GitHub says.
        said: String,
        /// True if a token was given.
        has_token: bool,
        /// True if something was to be changed.
        changes: bool,
    },
    /// 404: it is not there, or not for this token.
    #[error("{api} has no {what}, or does not show it; check owner, repository and number; if the repository is private: {}", token_hint(*.has_token))]
    NotFound {
        /// What was asked for.
        what: String,
        /// The API.
        api: Api,
        /// True if a token was given.
        has_token: bool,
    },
    /// 410.
    #[error("{what} was deleted; name another issue, or give its text with --list")]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// It was moved to another server.
    #[error("{what} has moved to {to}, which is another server; name it there, with --api")]
    MovedAway {
        /// What was asked for.
        what: String,
        /// Where it is said to be.
        to: String,
    },
    /// It is moved on and on.
    #[error("{what} is moved from place to place without an end; name the place where it is")]
    MovedTooOften {
        /// What was asked for.
        what: String,
    },
    /// The limit is reached for longer than a command may wait.
    #[error("GitHub's limit of calls is reached until {}; run the command again then{}", time(*.until), if *.has_token { "" } else { ", or set GITHUB_TOKEN, which has a higher limit" })]
    Limited {
        /// When it ends.
        until: SystemTime,
        /// True if a token was given.
        has_token: bool,
    },
    /// 409 or 422: it cannot be done as things are.
    #[error("GitHub refuses {what}: {said}")]
    Invalid {
        /// What was asked for.
        what: String,
        /// What GitHub says.
        said: String,
    },
    /// Something was to be changed once, and nobody knows whether it was.
    #[error("{why}, so nobody knows whether {what} took effect; run the command again, which looks")]
    Unsure {
        /// What was asked for.
        what: String,
        /// What happened.
        why: String,
    },
    /// The key of an App is none.
    #[error(
        "the private key of the GitHub App cannot be used: {why}; download a new one from the App's settings"
    )]
    Key {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Any other status.
    #[error("GitHub answered {status} about {what}: {said}; try again later")]
    Failed {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What GitHub says.
        said: String,
    },
}

const WRITE_HINT: &str = "give the token contents, pull requests and issues: write, and checks: read; for GITHUB_TOKEN, \
    also let GitHub Actions create pull requests in the settings";

fn token_hint(has_token: bool) -> &'static str {
    if has_token {
        "give the token in GITHUB_TOKEN read access to its issues"
    } else {
        "set GITHUB_TOKEN to a token that may read it"
    }
}

/// A time in UTC, to the second.
fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
