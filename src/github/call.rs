//! One request and its answer: retries, redirects, and which requests may be sent twice. It never repeats a request
//! that would take effect twice.

use std::fmt;

use http::header::{ETAG, HeaderMap, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER};
use http::{Method, request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cache::Kept;
use super::retry::{Next, next};
use super::{Client, GitHubError, MOST_BYTES, MOST_MOVES, MOST_SAID, Trouble};
use crate::text::words::shortened;

/// A request to GitHub.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The path with its query, or a whole URL on the same server.
    pub(super) route: String,
    pub(super) body: Option<Value>,
    /// The subject of the request, for messages.
    pub(super) what: &'a str,
    /// True if it may be sent again when it is unknown if it took effect.
    pub(super) repeatable: bool,
    /// The size limit of its answer in bytes.
    pub(super) most: usize,
}

/// The parts of GitHub's answer that are used.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) reset: Option<u64>,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) link: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The body of GitHub's answer to a failed request.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) documentation_url: String,
    /// The errors of a 422: objects or texts.
    errors: Vec<Value>,
}

impl<'a> Call<'a> {
    /// A GET.
    pub(super) fn get(route: String, what: &'a str) -> Self {
        Self { method: Method::GET, route, body: None, what, repeatable: true, most: MOST_BYTES }
    }

    /// A request that changes something. PUT and DELETE have the same effect when they are sent twice. A second POST
    /// creates a second object, and a second PATCH may undo the change that a person made in between.
    pub(super) fn change(method: Method, route: String, body: Value, what: &'a str) -> Self {
        let repeatable = matches!(method, Method::PUT | Method::DELETE);
        let body = (!body.is_null()).then_some(body);
        Self { method, route, body, what, repeatable, most: MOST_BYTES }
    }

    /// Like `change`, for a request that is harmless when it is sent twice.
    pub(super) fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }
    }
}

impl Answer {
    pub(super) fn said(&self) -> Said {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Said {
    /// Returns the message, with the errors if there are any.
    fn whole(&self) -> String {
        let text = |error: &Value| match error {
            Value::String(text) => Some(text.clone()),
            error => {
                let field = |name: &str| error[name].as_str();
                field("message").map(str::to_owned).or_else(|| {
                    Some(format!("{} {} {}", field("resource")?, field("field")?, field("code")?))
                })
            }
        };
        let errors: Vec<String> = self.errors.iter().filter_map(text).collect();
        if errors.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.message, errors.join("; "))
        }
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.route)
    }
}

impl Client {
    /// Returns the answer of a route, parsed.
    pub(super) fn read<T: DeserializeOwned>(&self, route: String, what: &str) -> Result<T, GitHubError> {
        let (answer, _) = self.followed(Call::get(route, what))?;
        self.parsed(&answer.body, what)
    }

    /// Like `read`, for an answer that changes only when `stamp` does; with an empty stamp it never changes. Once the
    /// answer is cached, no request is sent.
    pub(super) fn read_as_of<T: DeserializeOwned>(
        &self,
        route: String,
        stamp: &str,
        what: &str,
    ) -> Result<T, GitHubError> {
        let url = self.url(&route);
        let kept = self
            .keep
            .as_ref()
            .and_then(|keep| keep.get(&url))
            .filter(|kept| kept.stamp.as_deref() == Some(stamp));
        if let Some(found) = kept.and_then(|kept| serde_json::from_slice(&kept.body).ok()) {
            return Ok(found);
        }
        let (answer, _) = self.followed(Call::get(route, what))?;
        if let Some(keep) = &self.keep {
            keep.put(&url, &answer, Some(stamp));
        }
        self.parsed(&answer.body, what)
    }

    /// Like `read`; `None` if there is no such object.
    pub(super) fn read_if_there<T: DeserializeOwned>(
        &self,
        route: String,
        what: &str,
    ) -> Result<Option<T>, GitHubError> {
        match self.read(route, what) {
            Err(GitHubError::NotFound { .. }) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Sends a change and reads the answer.
    pub(super) fn write<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, GitHubError> {
        let (what, repeatable) = (call.what.to_owned(), call.repeatable);
        let answer = self.changed(call)?;
        self.parsed(&answer.body, &what).map_err(|error| match error {
            // The change took effect, but its result is unknown.
            error @ GitHubError::Garbage { .. } if !repeatable => {
                GitHubError::Unsure { what, why: error.to_string() }
            }
            error => error,
        })
    }

    /// Like `write`, without reading the answer.
    pub(super) fn write_only(&self, call: &Call<'_>) -> Result<(), GitHubError> {
        self.changed(call).map(drop)
    }

    fn changed(&self, call: &Call<'_>) -> Result<Answer, GitHubError> {
        let mut call = call.clone();
        call.body.iter_mut().for_each(|body| self.hidden.hide_in(body));
        let answer = self.answer(&call, &self.url(&call.route), None)?;
        match answer.status {
            200..300 => Ok(answer),
            _ => Err(self.failure(&answer, call.what, true)),
        }
    }

    pub(super) fn parsed<T: DeserializeOwned>(&self, body: &[u8], what: &str) -> Result<T, GitHubError> {
        serde_json::from_slice(body).map_err(|error| GitHubError::Garbage {
            what: what.to_owned(),
            api: self.api.clone(),
            message: self.without_token(&error.to_string()),
        })
    }

    /// Returns the answer to a GET after all redirects, and true if there were redirects. A cached answer that is still
    /// valid is used instead.
    pub(super) fn followed(&self, mut call: Call<'_>) -> Result<(Answer, bool), GitHubError> {
        for moves in 0..=MOST_MOVES {
            let url = self.url(&call.route);
            let kept = self.keep.as_ref().and_then(|keep| keep.get(&url));
            let answer = self.answer(&call, &url, kept.as_ref())?;
            match (answer.status, &answer.location, kept) {
                (200, _, _) => {
                    if let Some(keep) = &self.keep {
                        keep.put(&url, &answer, None);
                    }
                    return Ok((answer, moves > 0));
                }
                (304, _, Some(kept)) => {
                    return Ok((
                        Answer { status: 200, body: kept.body, link: kept.link, ..answer },
                        moves > 0,
                    ));
                }
                (301 | 302 | 307 | 308, Some(location), _) => {
                    call.route = self.api.on_same_server(location).ok_or_else(|| GitHubError::MovedAway {
                        what: call.what.to_owned(),
                        to: self.without_token(location),
                    })?;
                }
                _ => return Err(self.failure(&answer, call.what, false)),
            }
        }
        Err(GitHubError::MovedTooOften { what: call.what.to_owned() })
    }

    fn url(&self, route: &str) -> String {
        if route.starts_with('/') { format!("{}{route}", self.api.base()) } else { route.to_owned() }
    }

    /// Sends the request until there is a final answer, or until a retry is useless.
    fn answer(&self, call: &Call<'_>, url: &str, kept: Option<&Kept>) -> Result<Answer, GitHubError> {
        let mut attempt = 0;
        loop {
            if call.method != Method::GET {
                self.pace()?;
            }
            let tried = self.runtime.block_on(self.once(call, url, kept));
            attempt += 1;
            match (next(&tried, attempt, self.clock.now()), tried) {
                (Next::Limited { until }, _) => {
                    return Err(GitHubError::Limited { until, has_token: self.token.is_some() });
                }
                // A rate-limited request had no effect.
                (Next::Again { after, why, limited }, _) if call.repeatable || limited => {
                    self.clock.wait(after, &why);
                }
                (Next::Again { why, .. }, _) => {
                    return Err(GitHubError::Unsure { what: call.what.to_owned(), why });
                }
                (Next::Take, Ok(answer)) => return Ok(answer),
                (Next::Take, Err(trouble)) => return Err(self.trouble(trouble, attempt)),
            }
        }
    }

    async fn once(&self, call: &Call<'_>, url: &str, kept: Option<&Kept>) -> Result<Answer, Trouble> {
        let broken = |error: octocrab::Error| Trouble::Connection(error.into());
        let asked = async {
            let mut request = request::Builder::new().method(call.method.clone()).uri(url);
            if let Some(kept) = kept.filter(|kept| !kept.etag.is_empty()) {
                request = request.header(IF_NONE_MATCH, &kept.etag);
            }
            let request = self.octocrab.build_request(request, call.body.as_ref()).map_err(broken)?;
            let response = self.octocrab.execute(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, call.most).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { Trouble::TooLarge } else { Trouble::Connection(error) }
            })?;
            Ok(Answer {
                status: head.status.as_u16(),
                retry_after: number(&head.headers, RETRY_AFTER.as_str()),
                remaining: number(&head.headers, "x-ratelimit-remaining"),
                reset: number(&head.headers, "x-ratelimit-reset"),
                location: text(&head.headers, LOCATION.as_str()),
                etag: text(&head.headers, ETAG.as_str()),
                link: text(&head.headers, LINK.as_str()),
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

    /// Returns the error for an answer of an unexpected status.
    fn failure(&self, answer: &Answer, what: &str, changes: bool) -> GitHubError {
        let what = what.to_owned();
        let said = self.without_token(&answer.said().whole());
        let has_token = self.token.is_some();
        match answer.status {
            401 => GitHubError::Unauthorized { said },
            403 => GitHubError::Forbidden { what, said, has_token, changes },
            404 => GitHubError::NotFound { what, api: self.api.clone(), has_token },
            410 => GitHubError::Gone { what },
            409 | 422 => GitHubError::Invalid { what, said },
            status => GitHubError::Failed { what, status, said },
        }
    }

    /// Returns a server's message, shortened, and without the token in case the server repeats it.
    fn without_token(&self, said: &str) -> String {
        shortened(&self.hidden.hide(said), MOST_SAID)
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}
