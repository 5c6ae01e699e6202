//! The bytes of a blob as they arrive, hashed, and asked for again from where they broke off. It never keeps them.

use std::io::{self, Read};

use http::HeaderMap;
use http::header::CONTENT_RANGE;
use sha2::{Digest as _, Sha256};

use super::RegistryError;
use super::client::{Client, Place};
use super::request::{Ask, MOST_ATTEMPTS, failure_pause};
use crate::images::digest;
use crate::images::document::{Descriptor, MAX_DOCUMENT};
use crate::network::{Body, Reply};

/// The bytes that are read at a time where they are not looked at.
const PASSED: usize = 64 << 10;

/// The bytes after which earlier failures no longer count.
const PROGRESS: u64 = 4 << 20;

/// A blob as it arrives.
pub(super) struct Blob<'c> {
    client: &'c Client<'c>,
    place: &'c Place,
    digest: String,
    size: u64,
    body: Option<Body<'c>>,
    /// The number of bytes that were read.
    at: u64,
    hasher: Sha256,
    /// The number of failures since the last progress, and the bytes at that time.
    failures: usize,
    progressed: u64,
    /// True if all of it was read.
    is_whole: bool,
    /// The error that ended it.
    error: Option<RegistryError>,
}

impl<'c> Blob<'c> {
    pub(super) fn new(client: &'c Client<'c>, place: &'c Place, descriptor: &Descriptor) -> Self {
        let Descriptor { digest, size, .. } = descriptor;
        let (digest, size, hasher) = (digest.clone(), *size, Sha256::new());
        Self {
            client,
            place,
            digest,
            size,
            body: None,
            at: 0,
            hasher,
            failures: 0,
            progressed: 0,
            is_whole: size == 0,
            error: None,
        }
    }

    /// Reads the rest and returns an error unless all of it is the content of its digest. `parsed` is the result of
    /// reading it so far: an error in a content that has another digest is a consequence.
    pub(super) fn end<T>(mut self, parsed: Result<T, RegistryError>) -> Result<T, RegistryError> {
        let mut passed = vec![0; PASSED];
        while self.error.is_none() && self.read(&mut passed).is_ok_and(|count| count > 0) {}
        if let Some(error) = self.error {
            return Err(error);
        }
        let actual = digest::shown(&self.hasher.finalize());
        if actual != self.digest {
            return Err(RegistryError::Digest { what: self.digest, actual });
        }
        parsed
    }

    fn what(&self) -> String {
        format!("blob {}", self.digest)
    }

    /// Asks for the bytes that are missing.
    fn open(&mut self) -> Result<Body<'c>, RegistryError> {
        let what = self.what();
        let from = Some(self.at).filter(|at| *at > 0);
        let ask = Ask { from, ..Ask::get(self.place.api.clone(), "*/*", &what) };
        let part = format!("blobs/{}", self.digest);
        let Reply { status, headers, mut body } = self.client.of_repository(self.place, &part, &ask)?;
        match (status.as_u16(), from) {
            (206, Some(from)) if starts_at(&headers, from) => Ok(body),
            (200, Some(from)) => {
                // The server sends all of it again.
                let passed = io::copy(&mut (&mut body).take(from), &mut io::sink());
                match passed {
                    Ok(count) if count == from => Ok(body),
                    Ok(_) => Err(self.cut("it is shorter than before")),
                    Err(error) => Err(self.cut(&self.client.cause(&error))),
                }
            }
            (200, None) => Ok(body),
            (status, _) => {
                let (host, why) = (
                    self.place.host.clone(),
                    format!("the range of status {status} is not the one asked for"),
                );
                Err(RegistryError::Garbage { host, what, why })
            }
        }
    }

    fn cut(&self, why: &str) -> RegistryError {
        let (host, what) = (self.place.host.clone(), self.what());
        RegistryError::Cut { host, what, at: self.at, size: self.size, why: why.to_owned() }
    }

    /// Returns the next bytes. `Ok(0)` at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => self.open()?,
            };
            let why = match body.read(buffer) {
                Ok(0) if self.at >= self.size => {
                    self.is_whole = true;
                    return Ok(0);
                }
                Ok(0) => "the connection broke off".to_owned(),
                Ok(count) => {
                    self.at += count as u64;
                    if self.at > self.size {
                        let actual = format!("longer than {} bytes", self.size);
                        return Err(RegistryError::Digest { what: self.digest.clone(), actual });
                    }
                    if self.at - self.progressed >= PROGRESS {
                        (self.failures, self.progressed) = (0, self.at);
                    }
                    self.body = Some(body);
                    return Ok(count);
                }
                Err(error) => self.client.cause(&error),
            };
            self.failures += 1;
            if self.failures >= MOST_ATTEMPTS {
                return Err(self.cut(&why));
            }
            self.client.wait(&self.place.host, failure_pause(self.failures), &why);
        }
    }
}

impl Read for Blob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.is_whole {
            return Ok(0);
        }
        if self.error.is_some() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match self.fill(buffer) {
            Ok(count) => {
                self.hasher.update(&buffer[..count]);
                Ok(count)
            }
            Err(error) => {
                self.error = Some(error);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }
}

/// Returns true if an answer holds the bytes from `from` on: `bytes 100-199/200`.
fn starts_at(headers: &HeaderMap, from: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = range.trim().strip_prefix("bytes ").and_then(|range| range.split_once('-'));
    first.and_then(|(first, _)| first.parse().ok()) == Some(from)
}

/// Returns a small blob, which is the content of its digest.
pub(super) fn small(
    client: &Client<'_>,
    place: &Place,
    descriptor: &Descriptor,
) -> Result<Vec<u8>, RegistryError> {
    if let Some(bytes) = client.cache.document(&descriptor.digest) {
        return Ok(bytes);
    }
    let what = format!("blob {}", descriptor.digest);
    let ask = Ask::get(place.api.clone(), "*/*", &what);
    let bytes = client.document(place, &format!("blobs/{}", descriptor.digest), &ask, MAX_DOCUMENT)?.bytes;
    let actual = digest::of(&bytes);
    if actual != descriptor.digest {
        return Err(RegistryError::Digest { what, actual });
    }
    client.cache.keep_document(&actual, &bytes);
    Ok(bytes)
}
