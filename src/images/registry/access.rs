//! The settings of the user for registries. A repository sets none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::network::{Proxies, Reach, is_loopback};

/// The registry of an image that names none, and the server that answers for it.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// The time in which an answer has to begin.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of layers that are read in a run.
const MOST_BYTES: u64 = 8 << 30;

/// The settings of the user for registries.
#[derive(Clone, Debug)]
pub struct Access {
    /// Hosts that are reached although they are in a private network, each as `HOST` or `HOST:PORT`.
    pub allowed: BTreeSet<String>,
    /// The settings of single registries, by `HOST` or `HOST:PORT`.
    pub registries: BTreeMap<String, HostSettings>,
    /// The mirrors of registries, which are asked before them.
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// The files with credentials, as Docker and Podman write them, the first one that has some first.
    pub credential_files: Vec<PathBuf>,
    /// The proxies.
    pub proxies: Proxies,
    /// The time in which an answer has to begin.
    pub timeout: Duration,
    /// The most bytes of layers that are read in a run.
    pub most_bytes: u64,
    /// The folder that keeps what was read; `None` to keep nothing.
    pub cache: Option<PathBuf>,
}

/// The settings of a registry.
#[derive(Clone, Debug, Default)]
pub struct HostSettings {
    /// True for a registry without TLS. Without a value, that is one on this machine.
    pub plain_http: Option<bool>,
    /// A PEM file with certificates that are trusted in addition to the system's.
    pub authority: Option<PathBuf>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            allowed: BTreeSet::new(),
            registries: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            credential_files: Vec::new(),
            proxies: Proxies::default(),
            timeout: TIMEOUT,
            most_bytes: MOST_BYTES,
            cache: None,
        }
    }
}

impl Access {
    /// Returns the addresses that a connection may lead to: the hosts that the user names, and public ones.
    pub(super) fn reach(&self) -> Reach {
        let named = self.allowed.iter().chain(self.registries.keys()).chain(self.mirrors.values().flatten());
        Reach::Public(Arc::new(named.map(|host| host.to_ascii_lowercase()).collect()))
    }

    /// Returns the hosts that are asked for the images of a registry, in this order.
    pub(super) fn hosts<'a>(&'a self, registry: &'a str) -> Vec<&'a str> {
        let mirrors = self.mirrors.get(registry).into_iter().flatten().map(String::as_str);
        mirrors.chain([registry]).collect()
    }

    /// Returns true if a host, with or without a port, is reached without TLS.
    fn is_plain(&self, host: &str) -> bool {
        match self.registries.get(host) {
            Some(HostSettings { plain_http: Some(plain), .. }) => *plain,
            Some(HostSettings { authority: Some(_), .. }) => false,
            _ => is_loopback(host),
        }
    }

    /// Returns the address of a registry's API. `None` if the host is not valid.
    pub(super) fn api(&self, host: &str) -> Option<Url> {
        let scheme = if self.is_plain(host) { "http" } else { "https" };
        let server = if host == DOCKER_HUB.0 { DOCKER_HUB.1 } else { host };
        let url: Url = format!("{scheme}://{server}/v2/").parse().ok()?;
        (url.username().is_empty() && url.path() == "/v2/").then_some(url)
    }

    /// Returns true if credentials and content may go to and come from an address: it has TLS, or needs none.
    pub(super) fn is_secure(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.is_plain(&authority(url)),
            _ => false,
        }
    }
}

/// Returns the host of an address, with the port unless it is the usual one.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_machine_and_where_the_user_says_so() {
        let settings = |plain_http, authority: Option<&str>| HostSettings {
            plain_http,
            authority: authority.map(PathBuf::from),
        };
        let access = Access {
            registries: BTreeMap::from([
                ("plain.corp:5000".to_owned(), settings(Some(true), None)),
                ("localhost:1".to_owned(), settings(Some(false), None)),
                ("localhost:2".to_owned(), settings(None, Some("ca.pem"))),
            ]),
            ..Access::default()
        };
        for (host, api) in [
            ("docker.io", "https://registry-1.docker.io/v2/"),
            ("ghcr.io", "https://ghcr.io/v2/"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
            ("plain.corp:5000", "http://plain.corp:5000/v2/"),
            ("plain.corp", "https://plain.corp/v2/"),
            ("localhost:5000", "http://localhost:5000/v2/"),
            ("[::1]:5000", "http://[::1]:5000/v2/"),
            ("localhost:1", "https://localhost:1/v2/"),
            ("localhost:2", "https://localhost:2/v2/"),
        ] {
            assert_eq!(access.api(host).unwrap().as_str(), api);
        }
        for host in ["a b", "user@host", "host/x", "host:99999", "", "host?x", "host#x"] {
            assert_eq!(access.api(host), None, "{host}");
        }
        let is_secure = |url: &str| access.is_secure(&url.parse().unwrap());
        assert!(is_secure("https://a.example/x") && is_secure("http://plain.corp:5000/x"));
        assert!(is_secure("http://127.0.0.1:8/") && !is_secure("http://plain.corp/"));
        assert!(!is_secure("http://localhost:2/") && !is_secure("file:///etc/passwd"));
    }
}
