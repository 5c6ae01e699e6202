//! The addresses that a connection may lead to. A name that a file of a repository states is untrusted: it must not lead
//! into the network of the one who runs this program.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use ::http::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use super::Cause;

/// The addresses that a connection may lead to.
#[derive(Clone, Debug)]
pub enum Reach {
    /// All addresses.
    Anywhere,
    /// Public addresses, and these hosts, each as `HOST` or `HOST:PORT`.
    Public(Arc<BTreeSet<String>>),
}

/// A host has an address that is not public, and is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is an address of this machine or of a private network ({address})")]
pub struct NotAllowed {
    /// The host, as it is named.
    pub host: String,
    /// Its address.
    pub address: IpAddr,
}

impl Reach {
    /// Returns true if a server is one of the hosts that are allowed by name.
    pub(crate) fn names(&self, server: &Uri) -> bool {
        let Self::Public(allowed) = self else { return true };
        let host = server.host().unwrap_or_default().to_ascii_lowercase();
        let default = if server.scheme_str() == Some("http") { 80 } else { 443 };
        let port = server.port_u16().unwrap_or(default);
        allowed.contains(&host) || allowed.contains(&format!("{host}:{port}"))
    }

    /// Returns an error if a server is an address that is not allowed. A name is checked when it is resolved.
    pub(super) fn check(&self, server: &Uri) -> Result<(), NotAllowed> {
        let host = server.host().unwrap_or_default();
        match address(host) {
            Some(address) if !self.names(server) && !is_public(address) => {
                Err(NotAllowed { host: host.to_owned(), address })
            }
            _ => Ok(()),
        }
    }
}

/// Returns the address that a host is, unless it is a name.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Returns true if a host, with or without a port, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let authority = host.parse::<::http::uri::Authority>();
    let name = authority.as_ref().map_or(host, ::http::uri::Authority::host);
    name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|address| address.is_loopback())
}

/// Returns true for an address of the public internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(
            || {
                let [first, ..] = address.segments();
                // Global unicast addresses (RFC 4291, section 2.4).
                first & 0xe000 == 0x2000
            },
            is_public_v4,
        ),
    }
}

/// Returns the address of version 4 that one of version 6 leads to: mapped (RFC 4291), of NAT64 (RFC 6052), or of 6to4
/// (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // Also shared addresses (RFC 6598), benchmarks (RFC 2544), and what is reserved.
    let is_special =
        matches!((a, b, c), (0 | 240.., ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _));
    !(is_special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

/// Resolves names to addresses that are allowed.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    names: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
        Self { names: GaiResolver::new(), reach }
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.names.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let is_guarded = matches!(self.reach, Reach::Public(_));
        let host = name.as_str().to_owned();
        let found = self.names.call(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = found.await?.collect();
            let inner = found.iter().map(SocketAddr::ip).find(|address| is_guarded && !is_public(*address));
            match inner {
                // One such address is enough: a later look-up could give it alone.
                Some(address) => Err(NotAllowed { host, address }.into()),
                None => Ok(found.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &[&str]) -> Reach {
        Reach::Public(Arc::new(allowed.iter().map(|&host| host.to_owned()).collect()))
    }

    #[test]
    fn only_public_addresses_are_reached_unless_others_are_allowed() {
        let inner = [
            "127.0.0.1",
            "127.8.8.8",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[ff02::1]",
        ];
        for host in inner {
            let server: Uri = format!("https://{host}:5000/v2/").parse().unwrap();
            assert!(reach(&[]).check(&server).is_err(), "{host}");
            assert!(reach(&[host]).check(&server).is_ok(), "{host}");
            assert!(reach(&[&format!("{host}:5000")]).check(&server).is_ok(), "{host}");
            assert!(reach(&[&format!("{host}:5001")]).check(&server).is_err(), "{host}");
            assert!(Reach::Anywhere.check(&server).is_ok(), "{host}");
        }
        for host in ["93.184.216.34", "1.1.1.1", "[2606:4700::1111]", "registry.example"] {
            let server: Uri = format!("https://{host}/v2/").parse().unwrap();
            assert!(reach(&[]).check(&server).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_name_that_leads_to_an_inner_address_is_refused_when_it_is_resolved() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let resolve = |reach: Reach| {
            let name: Name = "localhost".parse().unwrap();
            runtime.block_on(async { Resolver::new(reach).call(name).await.map(Iterator::count) })
        };
        let error = resolve(reach(&[])).unwrap_err();
        assert_eq!(error.downcast_ref::<NotAllowed>().unwrap().host, "localhost");
        assert!(resolve(Reach::Anywhere).unwrap() > 0);
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in ["localhost", "LOCALHOST:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "registry.example:5000", "128.0.0.1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
