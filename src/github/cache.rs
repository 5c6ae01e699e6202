//! Answers that are cached on disk with their `ETag`. A 304 counts against no rate limit (GitHub, "Best practices for
//! using the REST API"). It never fails a request.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::call::Answer;

/// A folder of cached answers. If one cannot be read or written, the request is sent without it, so the cache never
/// causes an error.
pub(super) struct Keep {
    folder: PathBuf,
}

/// A cached answer with its `ETag`.
pub(super) struct Kept {
    /// The `ETag` from GitHub; empty if there was none.
    pub(super) etag: String,
    /// The stamp for which the answer is cached permanently.
    pub(super) stamp: Option<String>,
    pub(super) link: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The first line of a file; the body follows.
#[derive(Serialize, Deserialize)]
struct Head {
    url: String,
    etag: String,
    stamp: Option<String>,
    link: Option<String>,
    bytes: usize,
}

impl Keep {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn get(&self, url: &str) -> Option<Kept> {
        let bytes = fs::read(self.place(url)).ok()?;
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = bytes[end + 1..].to_vec();
        (head.url == url && head.bytes == body.len()).then_some(Kept {
            etag: head.etag,
            stamp: head.stamp,
            link: head.link,
            body,
        })
    }

    pub(super) fn put(&self, url: &str, answer: &Answer, stamp: Option<&str>) {
        if answer.etag.is_none() && stamp.is_none() {
            return;
        }
        let (etag, stamp) = (answer.etag.clone().unwrap_or_default(), stamp.map(str::to_owned));
        let head =
            Head { url: url.to_owned(), etag, stamp, link: answer.link.clone(), bytes: answer.body.len() };
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            // A temporary file is readable by its owner only, and so is the final file.
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer(&mut file, &head)?;
            file.write_all(b"\n")?;
            file.write_all(&answer.body)?;
            file.persist(self.place(url))?;
            Ok(())
        };
        // A full disk only costs requests.
        let _ = write();
    }

    fn place(&self, url: &str) -> PathBuf {
        let digest = Sha256::digest(url.as_bytes());
        self.folder.join(BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
    }
}
