//! The reasons why a request to GitHub was not sent or failed. It never holds a token.

use std::time::{Duration, SystemTime};

use super::Api;
use crate::network::Cause;

/// The reasons why a request to GitHub was not sent or failed.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// The text is not an issue.
    #[error("`{text}` is not an issue; write OWNER/REPO#NUMBER, as in y-scope/clp#1166")]
    Address {
        /// The text as it was given.
        text: String,
    },
    /// The text is not a repository.
    #[error("`{text}` is not a repository; write OWNER/REPO, as in y-scope/clp")]
    Repository {
        /// The text as it was given.
        text: String,
    },
    /// The address of the API is not valid. It is not repeated: it may hold a password.
    #[error(
        "invalid address of the API: {why}; write https://api.github.com, or https://HOST/api/v3 for \
         GitHub Enterprise Server"
    )]
    Api {
        /// The reason.
        why: &'static str,
    },
    /// The token is not valid.
    #[error("the token holds an invalid character; set GITHUB_TOKEN to a valid token, or unset it")]
    Token,
    /// The client cannot start.
    #[error("the client for GitHub cannot start; install the system's root certificates (ca-certificates)")]
    Start(#[source] Cause),
    /// The server cannot be reached, or the connection breaks off.
    #[error("{api} cannot be reached ({attempts} attempts); check the network and --api")]
    Unreachable {
        /// The API.
        api: Api,
        /// The cause.
        source: Cause,
        /// The number of attempts.
        attempts: usize,
    },
    /// Timed out.
    #[error("{api} did not answer within {} ({attempts} attempts); try again later", humantime::format_duration(*.after))]
    TimedOut {
        /// The API.
        api: Api,
        /// The timeout of each attempt.
        after: Duration,
        /// The number of attempts.
        attempts: usize,
    },
    /// The answer is larger than any answer of GitHub.
    #[error("the answer of {api} is larger than any answer of GitHub; check --api")]
    TooLarge {
        /// The API.
        api: Api,
    },
    /// The answer is not an answer of GitHub.
    #[error(
        "the answer of {api} about {what} is not an answer of GitHub: {message}; check --api, which ends with /api/v3 for GitHub Enterprise Server"
    )]
    Garbage {
        /// The subject of the request.
        what: String,
        /// The API.
        api: Api,
        /// The reason.
        message: String,
    },
    /// 401.
    #[error(
        "GitHub does not accept the token: {said}; set GITHUB_TOKEN to one that is valid, or unset it for a public repository"
    )]
    Unauthorized {
        /// The message from GitHub.
        said: String,
    },
    /// 403 without a rate limit.
    #[error("GitHub does not allow {} to {} {what}: {said}; {}", if *.has_token { "this token" } else { "requests without a token" }, if *.changes { "change" } else { "read" }, if *.changes { WRITE_HINT } else { token_hint(*.has_token) })]
    Forbidden {
        /// The subject of the request.
        what: String,
        /// The message from GitHub.
        said: String,
        /// True if a token was given.
        has_token: bool,
        /// True if the request was a change.
        changes: bool,
    },
    /// 404: the object does not exist, or is not visible to this token.
    #[error("{api} does not have {what}, or does not show it; check the owner, repository and number; if the repository is private: {}", token_hint(*.has_token))]
    NotFound {
        /// The subject of the request.
        what: String,
        /// The API.
        api: Api,
        /// True if a token was given.
        has_token: bool,
    },
    /// 410.
    #[error("{what} was deleted; name another issue, or give its text with --list")]
    Gone {
        /// The subject of the request.
        what: String,
    },
    /// A redirect to another server.
    #[error("{what} redirects to {to}, which is another server; name that server with --api")]
    MovedAway {
        /// The subject of the request.
        what: String,
        /// The target of the redirect.
        to: String,
    },
    /// Too many redirects.
    #[error("too many redirects for {what}; name its present address")]
    MovedTooOften {
        /// The subject of the request.
        what: String,
    },
    /// The rate limit lasts longer than a command may wait.
    #[error("GitHub's rate limit is reached until {}; run the command again then{}", time(*.until), if *.has_token { "" } else { ", or set GITHUB_TOKEN, which has a higher limit" })]
    Limited {
        /// The end of the limit.
        until: SystemTime,
        /// True if a token was given.
        has_token: bool,
    },
    /// 409 or 422: the present state does not allow the request.
    #[error("GitHub refuses {what}: {said}")]
    Invalid {
        /// The subject of the request.
        what: String,
        /// The message from GitHub.
        said: String,
    },
    /// The request must not be sent twice, and it is unknown if it took effect.
    #[error("{why}, so it is unknown if {what} took effect; run the command again, which checks")]
    Unsure {
        /// The subject of the request.
        what: String,
        /// The reason.
        why: String,
    },
    /// The key of an App is not valid.
    #[error(
        "the private key of the GitHub App cannot be used: {why}; download a new one from the App's settings"
    )]
    Key {
        /// The reason.
        why: &'static str,
    },
    /// Any other status.
    #[error("GitHub answered {status} about {what}: {said}; try again later")]
    Failed {
        /// The subject of the request.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The message from GitHub.
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

/// Formats a time in UTC, to the second.
fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
