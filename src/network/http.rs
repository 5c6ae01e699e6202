//! Requests and their answers, one after the other on the thread of the caller. It never follows a redirect and never
//! sends a request twice.

use std::io::{self, Read};
use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::CertificateDer;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{Connector, Proxies, connector};
use super::{Cause, Reach};

/// The most bytes of the head of an answer.
const MOST_HEAD: usize = 64 << 10;
/// The most headers of an answer.
const MOST_HEADERS: usize = 128;
/// The fewest bytes of a body in the time in which an answer has to begin: a server that sends less is given up.
const LEAST_BYTES: u64 = 256 << 10;

/// A client of servers.
#[derive(Debug)]
pub(crate) struct Http {
    runtime: Runtime,
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    patience: Duration,
}

/// The reason why there is no answer, or not all of it.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It took too long.
    TimedOut,
    /// The connection failed.
    Connection(Cause),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply<'h> {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body<'h>,
}

/// The body of an answer, as it arrives.
#[derive(Debug)]
pub(crate) struct Body<'h> {
    http: &'h Http,
    incoming: Incoming,
    left: Bytes,
    /// The time at which it began, and the bytes since.
    began: Instant,
    received: u64,
}

impl Http {
    /// Returns a client. An answer has to begin within `patience`. `roots` are trusted in addition to the system's.
    pub(crate) fn new(
        proxies: Proxies,
        reach: Reach,
        roots: Vec<CertificateDer<'static>>,
        patience: Duration,
    ) -> Result<Self, Cause> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connector = connector(proxies, reach, roots)?;
        let mut builder = Client::builder(TokioExecutor::new());
        builder.http1_max_buf_size(MOST_HEAD).http1_max_headers(MOST_HEADERS);
        // A connection that nothing drives does not notice that its server closes it.
        builder.pool_max_idle_per_host(0);
        Ok(Self { runtime, client: builder.build(connector), patience })
    }

    /// Sends a request, and returns the answer as soon as its head is there.
    pub(crate) fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply<'_>, Trouble> {
        self.runtime.block_on(async {
            let answer = timeout(self.patience, self.client.request(request));
            let answer = answer.await.map_err(|_| Trouble::TimedOut)?;
            let (head, incoming) = answer.map_err(|error| Trouble::Connection(error.into()))?.into_parts();
            let (began, left, received) = (Instant::now(), Bytes::new(), 0);
            let body = Body { http: self, incoming, left, began, received };
            Ok(Reply { status: head.status, headers: head.headers, body })
        })
    }
}

impl Body<'_> {
    /// Waits for the next bytes; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let patience = self.http.patience;
        // The time that the bytes so far may take, and the next ones.
        let rounds = u32::try_from(self.received / LEAST_BYTES).unwrap_or(u32::MAX);
        let until =
            patience.checked_mul(rounds.saturating_add(1)).and_then(|all| self.began.checked_add(all));
        let now = Instant::now();
        let until = until.map_or(now + patience, |until| until.min(now + patience));
        let frame = self.http.runtime.block_on(async { timeout_at(until, self.incoming.frame()).await });
        match frame {
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Ok(Some(Ok(frame))) => {
                let bytes = frame.into_data().unwrap_or_default();
                self.received += bytes.len() as u64;
                Ok(Some(bytes))
            }
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() && !buffer.is_empty() {
            match self.next()? {
                Some(bytes) => self.left = bytes,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.left.len());
        buffer[..count].copy_from_slice(&self.left.split_to(count));
        Ok(count)
    }
}
