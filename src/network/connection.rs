//! The connection to a server: TLS, through the proxy that the environment names. It never chooses a request.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use tower_service::Service;

use super::Cause;
use super::reach::{Reach, Resolver};

/// The proxies through which servers are reached. By default, there are none.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// Returns those of the environment, as curl reads them: `HTTPS_PROXY` or `ALL_PROXY`, and not for the hosts in
    /// `NO_PROXY`; each also in lower case.
    pub fn of_environment() -> Self {
        Self(Some(Arc::new(Matcher::from_env())))
    }

    /// Returns the proxy for a server; `None` to connect directly. A server without TLS is on this machine.
    fn of(&self, server: &Uri) -> Option<Intercept> {
        let matcher = self.0.as_ref().filter(|_| server.scheme_str() == Some("https"))?;
        matcher.intercept(server)
    }
}

/// A proxy cannot be used.
#[derive(Debug, thiserror::Error)]
enum ProxyError {
    #[error("the proxy {host} is not one for http://, and no other is supported")]
    Scheme { host: String },
    #[error("the proxy {host} gives no connection")]
    Refused {
        host: String,
        #[source]
        source: Cause,
    },
}

/// Connects to a server directly, or through a tunnel of a proxy (RFC 9110, section 9.3.6).
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    /// The addresses that a connection may lead to.
    reach: Reach,
    /// Connects to addresses within `reach`.
    guarded: HttpConnector<Resolver>,
    /// Connects to a proxy, and to a server that is allowed by name.
    direct: HttpConnector,
    proxies: Proxies,
}

type Stream = <HttpConnector as Service<Uri>>::Response;

impl Connector {
    fn new(proxies: Proxies, reach: Reach) -> Self {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        let mut guarded = HttpConnector::new_with_resolver(Resolver::new(reach.clone()));
        guarded.enforce_http(false);
        Self { reach, guarded, direct, proxies }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        if let Err(error) = self.reach.check(&server) {
            return Box::pin(ready(Err(error.into())));
        }
        let Some(proxy) = self.proxies.of(&server) else {
            if self.reach.names(&server) {
                let connecting = self.direct.call(server);
                return Box::pin(async { Ok(connecting.await?) });
            }
            let connecting = self.guarded.call(server);
            return Box::pin(async { Ok(connecting.await?) });
        };
        let at = proxy.uri().clone();
        // The rest of the URL may hold a password.
        let host = at.host().unwrap_or_default().to_owned();
        if at.scheme_str() != Some("http") {
            return Box::pin(ready(Err(ProxyError::Scheme { host }.into())));
        }
        let mut tunnel = Tunnel::new(at, self.direct.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connecting = tunnel.call(server);
        Box::pin(async {
            let refused = |error| ProxyError::Refused { host, source: Cause::from(error) };
            Ok(connecting.await.map_err(refused)?)
        })
    }
}

/// Returns a connector for servers with and without TLS. Certificates are checked against the roots of the system, and
/// these in addition.
pub(crate) fn connector(
    proxies: Proxies,
    reach: Reach,
    roots: Vec<CertificateDer<'static>>,
) -> Result<HttpsConnector<Connector>, Cause> {
    let builder = HttpsConnectorBuilder::new();
    let builder = if roots.is_empty() {
        builder.with_provider_and_native_roots(default_provider())?
    } else {
        builder.with_tls_config(trusting(roots)?)
    };
    let builder = builder.https_or_http().enable_http1();
    Ok(builder.wrap_connector(Connector::new(proxies, reach)))
}

/// Returns a configuration that trusts the roots of the system, if there are any, and these.
fn trusting(roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Cause> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for root in roots {
        store.add(root)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    fn proxies(https: &str, no: &str) -> Proxies {
        Proxies(Some(Arc::new(Matcher::builder().https(https).no(no).build())))
    }

    #[test]
    fn a_proxy_is_for_servers_with_tls_that_are_not_excluded() {
        let through = |server: &'static str, no: &str| {
            let found = proxies("http://ann:pw@proxy.example:3128", no).of(&Uri::from_static(server));
            found.map(|proxy| proxy.uri().to_string())
        };
        let proxy = Some("http://proxy.example:3128/".to_owned());
        assert_eq!(through("https://api.github.com/", ""), proxy);
        assert_eq!(through("https://api.github.com/", "example.com, 10.0.0.0/8"), proxy);
        for no in ["github.com", ".github.com", "api.github.com", "*"] {
            assert_eq!(through("https://api.github.com/", no), None, "{no}");
        }
        assert_eq!(through("https://10.1.2.3/api/v3", "10.0.0.0/8"), None);
        assert_eq!(through("http://127.0.0.1:4001/", ""), None);
        assert!(Proxies::default().of(&Uri::from_static("https://api.github.com/")).is_none());
    }

    /// The error of a connection through a proxy, with its causes.
    fn error(proxy: &str) -> String {
        let mut connector = Connector::new(proxies(proxy, ""), Reach::Anywhere);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connecting = async { connector.call(Uri::from_static("https://api.github.com/")).await };
        let Err(error) = runtime.block_on(connecting) else { panic!("there is a connection") };
        let causes = std::iter::successors(Some(&*error as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    #[test]
    fn a_proxy_that_refuses_is_named_without_its_password() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let proxy = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).unwrap();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        let said = error(&format!("http://ann:hunter2@{at}"));
        assert!(
            said.starts_with("the proxy 127.0.0.1 gives no connection: ") && !said.contains("hunter2"),
            "{said}"
        );
        let asked = proxy.join().unwrap();
        assert!(asked.starts_with("CONNECT api.github.com:443 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("Basic YW5uOmh1bnRlcjI="), "{asked}");
    }

    #[test]
    fn a_proxy_of_another_kind_is_refused() {
        for proxy in ["socks5://ann:hunter2@proxy.example:1080", "https://ann:hunter2@proxy.example"] {
            let said = error(proxy);
            assert_eq!(said, "the proxy proxy.example is not one for http://, and no other is supported");
        }
    }
}
