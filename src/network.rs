//! Connections to servers, for GitHub and for registries. It never chooses a request, and never holds a password.

mod connection;
mod http;
mod reach;

pub use connection::Proxies;
pub(crate) use connection::connector;
pub(crate) use http::{Body, Http, Reply, Trouble};
pub(crate) use reach::is_loopback;
pub use reach::{NotAllowed, Reach};

/// The error of another library.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The name of this program in each request, which GitHub demands.
pub(crate) const AGENT: &str = concat!("layerwright/", env!("CARGO_PKG_VERSION"));
