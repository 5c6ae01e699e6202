//! One request and its answer: redirects, retries and rate limits. It never decides which credentials a request has.

use std::io::{self, Read};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use url::Url;

use super::access::authority;
use super::client::Client;
use super::{Event, RegistryError};
use crate::network::{AGENT, NotAllowed, Reply, Trouble};
use crate::text::words::{first_line, shortened};

/// The most attempts of a request.
pub(super) const MOST_ATTEMPTS: usize = 4;
/// The pause after the first failed attempt; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The same for an attempt that a rate limit refuses without a time.
const FIRST_LIMIT: Duration = Duration::from_secs(1);
/// The longest time that is waited for a rate limit.
const LONGEST_WAIT: u64 = 60;
/// The most redirects of a request.
const MOST_REDIRECTS: usize = 5;
/// The most bytes of a message that is not a content.
const MOST_MESSAGE: u64 = 64 << 10;
/// The most characters that are shown of a server's message.
const MOST_SAID: usize = 200;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    /// The media types.
    pub(super) accept: &'a str,
    pub(super) authorization: Option<HeaderValue>,
    /// The first byte; `None` for all of them.
    pub(super) from: Option<u64>,
    /// The values of a form that is sent.
    pub(super) form: Option<String>,
    /// The subject, for messages.
    pub(super) what: &'a str,
}

impl<'a> Ask<'a> {
    pub(super) fn get(url: Url, accept: &'a str, what: &'a str) -> Self {
        Self { method: Method::GET, url, accept, authorization: None, from: None, form: None, what }
    }
}

/// The errors of an answer: the distribution specification, "Error codes".
#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OneError {
    code: String,
    message: String,
}

/// Returns the pause before the next attempt.
pub(super) fn pause(attempt: usize, first: Duration) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(2_u32.saturating_pow(doublings))
}

/// Returns the pause after a failed attempt.
pub(super) fn failure_pause(attempt: usize) -> Duration {
    pause(attempt, FIRST_PAUSE)
}

/// Returns the seconds that a server asks to wait: a number, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<u64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = |date: &str| {
        let seconds = DateTime::parse_from_rfc2822(date).ok()?.signed_duration_since(now).num_seconds();
        Some(u64::try_from(seconds).unwrap_or_default())
    };
    value.parse().ok().or_else(|| until(value))
}

impl Client<'_> {
    /// Returns the answer to a request, after redirects and retries. Its status is none that a retry may change.
    pub(super) fn answer(&self, ask: &Ask<'_>) -> Result<Reply<'_>, RegistryError> {
        let host = authority(&ask.url);
        for attempt in 1.. {
            let is_last = attempt >= MOST_ATTEMPTS;
            let (pause, why) = match self.redirected(ask) {
                Ok(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS => {
                    let seconds = retry_after(&reply.headers, Utc::now());
                    let wait = seconds.map_or_else(|| pause(attempt, FIRST_LIMIT), Duration::from_secs);
                    if is_last || seconds.is_some_and(|seconds| seconds > LONGEST_WAIT) {
                        return Err(RegistryError::Limited { host, seconds });
                    }
                    (wait, "its rate limit is reached".to_owned())
                }
                Ok(reply) if reply.status.is_server_error() && !is_last => {
                    let wait =
                        retry_after(&reply.headers, Utc::now()).map(|seconds| seconds.min(LONGEST_WAIT));
                    let wait = wait.map_or_else(|| failure_pause(attempt), Duration::from_secs);
                    (wait, format!("it answered {}", reply.status.as_u16()))
                }
                Ok(reply) => return Ok(reply),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Trouble(host, trouble)) => {
                    if let Some(error) = Self::refusal(&trouble) {
                        return Err(error);
                    }
                    if is_last {
                        return Err(self.unreachable(host, trouble, attempt));
                    }
                    let why = match trouble {
                        Trouble::TimedOut => "it did not answer in time",
                        Trouble::Connection(_) => "the connection failed",
                    };
                    (failure_pause(attempt), why.to_owned())
                }
            };
            self.wait(&host, pause, &why);
        }
        unreachable!("the last attempt returns")
    }

    /// Waits, and says why.
    pub(super) fn wait(&self, host: &str, pause: Duration, why: &str) {
        (self.tells)(&Event::Waiting { host, pause, why });
        std::thread::sleep(pause);
    }

    /// Sends a request once, and follows redirects. Another server gets no credentials.
    fn redirected(&self, ask: &Ask<'_>) -> Result<Reply<'_>, Failure> {
        let mut ask = ask.clone();
        let host = authority(&ask.url);
        for _ in 0..=MOST_REDIRECTS {
            let reply = self.http_for(&ask.url).send(request(&ask).map_err(Failure::Final)?);
            let reply = reply.map_err(|trouble| Failure::Trouble(authority(&ask.url), trouble))?;
            let location = match reply.status.as_u16() {
                301 | 302 | 303 | 307 | 308 => reply.headers.get(LOCATION).and_then(|to| to.to_str().ok()),
                _ => None,
            };
            // A form holds credentials.
            let Some(location) = location.filter(|_| ask.form.is_none()) else { return Ok(reply) };
            let garbage = |why: String| {
                let (host, what) = (host.clone(), ask.what.to_owned());
                Failure::Final(RegistryError::Garbage { host, what, why })
            };
            let to = ask.url.join(location).map_err(|why| garbage(format!("a redirect: {why}")))?;
            if !self.access.is_secure(&to) {
                return Err(Failure::Final(RegistryError::Insecure { host, to: authority(&to) }));
            }
            if to.origin() != ask.url.origin() {
                ask.authorization = None;
            }
            ask.url = to;
        }
        Err(Failure::Final(RegistryError::Redirects { host, what: ask.what.to_owned() }))
    }

    /// Returns the error of a connection that is not allowed.
    fn refusal(trouble: &Trouble) -> Option<RegistryError> {
        let Trouble::Connection(error) = trouble else { return None };
        let causes = std::iter::successors(Some(&**error as &dyn std::error::Error), |error| error.source());
        let mut refusals = causes.filter_map(|error| error.downcast_ref::<NotAllowed>());
        refusals.next().map(|refusal| RegistryError::NotAllowed(refusal.clone()))
    }

    fn unreachable(&self, host: String, trouble: Trouble, attempts: usize) -> RegistryError {
        match trouble {
            Trouble::TimedOut => RegistryError::TimedOut { host, after: self.access.timeout, attempts },
            Trouble::Connection(error) => {
                let causes =
                    std::iter::successors(Some(&*error as &dyn std::error::Error), |error| error.source());
                let why = causes.last().map(ToString::to_string).unwrap_or_default();
                RegistryError::Unreachable { host, why: self.shown(&why), attempts }
            }
        }
    }

    /// Returns the error for an answer with an unexpected status.
    pub(super) fn failed(
        &self,
        reply: Reply<'_>,
        host: &str,
        what: &str,
        has_credentials: bool,
    ) -> RegistryError {
        let (host, what, status) = (host.to_owned(), what.to_owned(), reply.status.as_u16());
        let said = self.said(reply);
        match status {
            401 => RegistryError::Unauthorized { host, said, has_credentials },
            403 => RegistryError::Forbidden { host, what, said },
            404 => RegistryError::NotFound { host, what, said },
            status => RegistryError::Failed { host, what, status, said },
        }
    }

    /// Returns the message of an answer.
    fn said(&self, reply: Reply<'_>) -> String {
        let mut bytes = Vec::new();
        // A message that is cut off is shown as far as it goes.
        let _ = reply.body.take(MOST_MESSAGE).read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let said = match serde_json::from_slice::<Errors>(&bytes) {
            Ok(Errors { errors }) => {
                let one = |error: OneError| {
                    let parts = [error.code, error.message].into_iter().filter(|part| !part.is_empty());
                    parts.collect::<Vec<_>>().join(": ")
                };
                errors.into_iter().map(one).collect::<Vec<_>>().join("; ")
            }
            Err(_) => first_line(&text).to_owned(),
        };
        let said = if said.is_empty() { reply.status.to_string() } else { said };
        self.shown(&said)
    }

    /// Returns a text of a server in the form in which it is shown: short, and without credentials.
    pub(super) fn shown(&self, text: &str) -> String {
        shortened(&self.hidden().hide(text), MOST_SAID)
    }
}

/// The reason why an attempt has no answer.
enum Failure {
    /// Another attempt would have the same result.
    Final(RegistryError),
    /// Trouble with a server.
    Trouble(String, Trouble),
}

fn request(ask: &Ask<'_>) -> Result<Request<Full<hyper::body::Bytes>>, RegistryError> {
    let body = ask.form.clone().unwrap_or_default();
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(ask.url.as_str())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, ask.accept)
        // A content that a server compresses has another digest.
        .header(ACCEPT_ENCODING, "identity");
    if let Some(value) = &ask.authorization {
        request = request.header(AUTHORIZATION, value);
    }
    if let Some(from) = ask.from {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    if ask.form.is_some() {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(Full::new(body.into())).map_err(|error| RegistryError::Garbage {
        host: authority(&ask.url),
        what: ask.what.to_owned(),
        why: error.to_string(),
    })
}

/// Reads a body of at most `most` bytes; `None` if it has more.
pub(super) fn whole(body: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    body.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_wait_is_a_number_or_a_date() {
        let now = DateTime::parse_from_rfc3339("1994-11-06T08:49:30Z").expect("it is a date").to_utc();
        let waits = |value: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]), now)
        };
        assert_eq!(waits("7"), Some(7));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0), "it is over");
        assert_eq!(waits("soon"), None);
    }
}
