//! GitHub, through its REST API. The only user of octocrab and of tokio: its functions are synchronous. It prints
//! nothing, and keeps the token where nothing shows it.

mod address;
mod error;
mod patience;

use std::fmt;
use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, LOCATION, RETRY_AFTER};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

pub use address::{Api, IssueAddress};
pub use error::{Cause, GitHubError};

use patience::{Next, next};

/// The most bytes of an answer. A text of an issue has up to 65,536 characters, each up to 12 bytes in JSON.
const MOST_BYTES: usize = 4 << 20;
/// How often a moved place is followed.
const MOST_MOVES: usize = 5;
/// The most characters that are shown of what GitHub says.
const MOST_SAID: usize = 300;

/// Tells the time and waits, so that tests need not.
pub trait Clock {
    /// The time now.
    fn now(&self) -> SystemTime;
    /// Waits, for a reason that people are told.
    fn wait(&self, pause: Duration, why: &str);
}

/// A client of one server's API.
pub struct Client {
    runtime: Runtime,
    octocrab: Octocrab,
    api: Api,
    token: Option<SecretString>,
    clock: Box<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("api", &self.api).finish_non_exhaustive()
    }
}

/// An issue, or a pull request as an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its number, in the repository where it is now.
    pub number: u64,
    /// Its page.
    pub url: Option<String>,
    /// Whether it was found elsewhere: it was transferred, or its repository has another name now.
    pub moved: bool,
    /// Its text; empty where nobody wrote one.
    pub body: String,
}

/// What GitHub answered, as far as it counts.
pub(crate) struct Answer {
    status: u16,
    retry_after: Option<u64>,
    remaining: Option<u64>,
    reset: Option<u64>,
    location: Option<String>,
    body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum Trouble {
    TimedOut,
    TooLarge,
    Connection(Cause),
}

/// What GitHub says of a call that failed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    documentation_url: String,
}

impl Answer {
    fn said(&self) -> Said {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// A client of the API at `api`, which gives up an answer after `timeout`.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Token`] for a token that no header can carry, [`GitHubError::Start`] if there are no root
    /// certificates or threads.
    pub fn new(
        api: Api,
        token: Option<SecretString>,
        clock: Box<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, GitHubError> {
        // octocrab panics on a token that is no header.
        let is_sound = |token: &SecretString| {
            let text = token.expose_secret();
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !token.as_ref().is_none_or(is_sound) {
            return Err(GitHubError::Token);
        }
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| GitHubError::Start(error.into()))?;
        let octocrab = {
            // octocrab starts a task as soon as it is built.
            let _entered = runtime.enter();
            let mut builder =
                Octocrab::builder().base_uri(api.base()).map_err(|error| GitHubError::Start(error.into()))?;
            if let Some(token) = &token {
                builder = builder.personal_token(token.clone());
            }
            builder.build().map_err(|error| GitHubError::Start(error.into()))?
        };
        Ok(Self { runtime, octocrab, api, token, clock, timeout })
    }

    /// Reads an issue or a pull request, followed to where it was transferred.
    ///
    /// # Errors
    ///
    /// [`GitHubError`] tells apart that it is not there or not visible, that it was deleted, that the token or the
    /// limit forbid it, and that the server can not be reached or is no GitHub.
    pub fn issue(&self, address: &IssueAddress) -> Result<Issue, GitHubError> {
        #[derive(Deserialize)]
        struct Wire {
            number: u64,
            #[serde(default)]
            html_url: Option<String>,
            body: Option<String>,
        }
        let (body, moved) = self.get(&address.route(), &address.to_string())?;
        let Wire { number, html_url: url, body } =
            serde_json::from_slice(&body).map_err(|error| GitHubError::Garbage {
                what: address.to_string(),
                api: self.api.clone(),
                message: error.to_string(),
            })?;
        Ok(Issue { number, url, moved, body: body.unwrap_or_default() })
    }

    /// The body of what a route has, `what` for people, and whether that was found elsewhere.
    fn get(&self, route: &str, what: &str) -> Result<(Vec<u8>, bool), GitHubError> {
        let mut url = format!("{}{route}", self.api.base());
        for moves in 0..=MOST_MOVES {
            let answer = self.answer(&url)?;
            match (answer.status, &answer.location) {
                (200, _) => return Ok((answer.body, moves > 0)),
                (301 | 302 | 307 | 308, Some(location)) => {
                    url = self.api.on_same_server(location).ok_or_else(|| GitHubError::MovedAway {
                        what: what.to_owned(),
                        to: location.clone(),
                    })?;
                }
                _ => return Err(self.failure(&answer, what)),
            }
        }
        Err(GitHubError::MovedTooOften { what: what.to_owned() })
    }

    /// Asks until there is an answer that counts, or no use in asking again.
    fn answer(&self, url: &str) -> Result<Answer, GitHubError> {
        let mut attempt = 0;
        loop {
            let tried = self.runtime.block_on(self.once(url));
            attempt += 1;
            match (next(&tried, attempt, self.clock.now()), tried) {
                (Next::Again { after, why }, _) => self.clock.wait(after, &why),
                (Next::Limited { until }, _) => {
                    return Err(GitHubError::Limited { until, has_token: self.token.is_some() });
                }
                (Next::Take, Ok(answer)) => return Ok(answer),
                (Next::Take, Err(trouble)) => return Err(self.trouble(trouble, attempt)),
            }
        }
    }

    async fn once(&self, url: &str) -> Result<Answer, Trouble> {
        let asked = async {
            let response =
                self.octocrab._get(url).await.map_err(|error| Trouble::Connection(error.into()))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { Trouble::TooLarge } else { Trouble::Connection(error) }
            })?;
            Ok(Answer {
                status: head.status.as_u16(),
                retry_after: number(&head.headers, RETRY_AFTER.as_str()),
                remaining: number(&head.headers, "x-ratelimit-remaining"),
                reset: number(&head.headers, "x-ratelimit-reset"),
                location: head.headers.get(LOCATION).and_then(|value| Some(value.to_str().ok()?.to_owned())),
                body: body.to_bytes().to_vec(),
            })
        };
        tokio::time::timeout(self.timeout, asked).await.unwrap_or(Err(Trouble::TimedOut))
    }

    fn trouble(&self, trouble: Trouble, attempts: usize) -> GitHubError {
        let api = self.api.clone();
        match trouble {
            Trouble::TooLarge => GitHubError::TooLarge { api },
            Trouble::TimedOut => GitHubError::TimedOut { api, after: self.timeout, attempts },
            Trouble::Connection(source) => GitHubError::Unreachable { api, source, attempts },
        }
    }

    /// The error of an answer that is none of what was asked for.
    fn failure(&self, answer: &Answer, what: &str) -> GitHubError {
        let what = what.to_owned();
        let said = self.without_token(&answer.said().message);
        let has_token = self.token.is_some();
        match answer.status {
            401 => GitHubError::Unauthorized { said },
            403 => GitHubError::Forbidden { what, said, has_token },
            404 => GitHubError::NotFound { what, api: self.api.clone(), has_token },
            410 => GitHubError::Gone { what },
            status => GitHubError::Failed { what, status, said },
        }
    }

    /// What a server says, short, and without the token should it repeat that.
    fn without_token(&self, said: &str) -> String {
        let clean = match &self.token {
            Some(token) => said.replace(token.expose_secret(), "[token]"),
            None => said.to_owned(),
        };
        clean.chars().take(MOST_SAID).collect()
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
