//! The reasons why an image of a registry was not read. None holds a password or a token.

use std::time::Duration;

use crate::network::{Cause, NotAllowed};
use crate::rootfs::layers::LayerError;
use crate::text::figures::bytes;

/// An image of a registry was not read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The client cannot start.
    #[error(
        "the client for registries cannot start: {0}; install the system's root certificates (ca-certificates)"
    )]
    Start(Cause),
    /// A file with certificates cannot be used.
    #[error("the certificates of {host} in {path} cannot be used: {why}")]
    Authority {
        /// The registry.
        host: String,
        /// The file.
        path: String,
        /// The problem.
        why: String,
    },
    /// The name of the registry is not a host.
    #[error("`{host}` is not the host of a registry")]
    Host {
        /// The name.
        host: String,
    },
    /// The registry, or a server that it names, is in a private network.
    #[error("{host} is an address of this machine or of a private network ({address}); if it may be asked: --allow-host {host}", host = .0.host, address = .0.address)]
    NotAllowed(NotAllowed),
    /// A server cannot be reached.
    #[error("{host} cannot be reached ({attempts} attempts): {why}")]
    Unreachable {
        /// The server.
        host: String,
        /// The cause.
        why: String,
        /// The number of attempts.
        attempts: usize,
    },
    /// A server does not answer in time.
    #[error("{host} did not answer within {} ({attempts} attempts)", humantime::format_duration(*.after))]
    TimedOut {
        /// The server.
        host: String,
        /// The time.
        after: Duration,
        /// The number of attempts.
        attempts: usize,
    },
    /// The rate limit of a server is reached.
    #[error("the rate limit of {host} is reached{}; run the command again later, or log in: docker login {host}", after(*.seconds))]
    Limited {
        /// The server.
        host: String,
        /// The seconds that it asks to wait.
        seconds: Option<u64>,
    },
    /// Few pulls are left, and they are for the user's own builds.
    #[error(
        "{host} allows only {left} more pulls for now, which are left to your builds; run the command again later, or log in: docker login {host}"
    )]
    FewPulls {
        /// The registry.
        host: String,
        /// The number of pulls.
        left: u64,
    },
    /// Credentials are missing, or are not accepted.
    #[error("{host} {}: {said}; log in: docker login {host}", if *.has_credentials { "does not accept the credentials" } else { "needs credentials for it, or does not have it" })]
    Unauthorized {
        /// The server.
        host: String,
        /// The message of the server.
        said: String,
        /// True if credentials were sent.
        has_credentials: bool,
    },
    /// The registry refuses the image.
    #[error("{host} refuses {what}: {said}")]
    Forbidden {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The message of the server.
        said: String,
    },
    /// The registry does not have it.
    #[error("{host} does not have {what}{}", if .said.is_empty() { String::new() } else { format!(": {}", .said) })]
    NotFound {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The message of the server.
        said: String,
    },
    /// Any other status.
    #[error("{host} answered {status} about {what}: {said}")]
    Failed {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The message of the server.
        said: String,
    },
    /// A document is larger than any is.
    #[error("{what} of {host} is larger than {}", bytes(*.most))]
    TooLarge {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The limit.
        most: u64,
    },
    /// A content is not the one of its digest.
    #[error("the content of {what} is {actual}: the registry, or a proxy before it, changed it")]
    Digest {
        /// The subject.
        what: String,
        /// The actual digest or size.
        actual: String,
    },
    /// An answer is not one of a registry.
    #[error("the answer of {host} about {what} is not one of a registry: {why}")]
    Garbage {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The problem.
        why: String,
    },
    /// Too many redirects.
    #[error("too many redirects for {what} of {host}")]
    Redirects {
        /// The server.
        host: String,
        /// The subject.
        what: String,
    },
    /// A server without TLS that the user does not name.
    #[error("{host} names the server {to}, which has no TLS")]
    Insecure {
        /// The server that names it.
        host: String,
        /// The other server.
        to: String,
    },
    /// A body ends too early, again and again.
    #[error("{what} of {host} is cut off after {} of {}: {why}", bytes(*.at), bytes(*.size))]
    Cut {
        /// The server.
        host: String,
        /// The subject.
        what: String,
        /// The number of bytes that were read.
        at: u64,
        /// The number of bytes.
        size: u64,
        /// The cause.
        why: String,
    },
    /// The index has no image for the platform.
    #[error("it has no image for {wanted}, only for {}; choose one: --platform PLATFORM", .found.join(", "))]
    NoPlatform {
        /// The platform.
        wanted: String,
        /// The platforms that there are.
        found: Vec<String>,
    },
    /// A kind of image or layer that is not read.
    #[error("{what} is of the type `{kind}`, which is not read")]
    Kind {
        /// The subject.
        what: String,
        /// The media type.
        kind: String,
    },
    /// An index that leads to further indexes without an end.
    #[error("its indexes are nested too deeply")]
    Nested,
    /// A layer is invalid.
    #[error("layer {digest}: {source}")]
    Layer {
        /// Its digest.
        digest: String,
        /// The problem.
        source: LayerError,
    },
    /// More bytes than may be read.
    #[error("its layers have {}, more than the {} that may be read; raise [bases] max_bytes in your configuration", bytes(*.size), bytes(*.most))]
    OverLimit {
        /// The bytes of its layers that would have to be read.
        size: u64,
        /// The limit for all images.
        most: u64,
    },
}

fn after(seconds: Option<u64>) -> String {
    seconds
        .map(|seconds| format!(" for {}", humantime::format_duration(Duration::from_secs(seconds))))
        .unwrap_or_default()
}
