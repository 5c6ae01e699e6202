//! The connection to a server: TLS, through the proxy that the environment names. It never chooses a request.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::USER_AGENT;
use http::{HeaderValue, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioExecutor;
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use rustls::crypto::ring::default_provider;
use secrecy::{ExposeSecret, SecretString};
use tower_service::Service;

use super::{Api, Cause};

/// The name of this program in each request, which GitHub demands.
const AGENT: &str = concat!("layerwright/", env!("CARGO_PKG_VERSION"));

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
struct Connector {
    direct: HttpConnector,
    proxies: Proxies,
}

type Stream = <HttpConnector as Service<Uri>>::Response;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.of(&server) else {
            let connecting = self.direct.call(server);
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

/// Returns a client of a server. Certificates are checked against the roots of the system.
pub(super) fn octocrab(api: &Api, token: Option<&SecretString>) -> Result<Octocrab, Cause> {
    let base: Uri = api.base().parse()?;
    let bearer = |token: &SecretString| {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        Ok::<_, Cause>(value)
    };
    let token = token.map(bearer).transpose()?;
    let mut direct = HttpConnector::new();
    direct.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(default_provider())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector { direct, proxies: api.proxies.clone() });
    let client: Client<_, OctoBody> = Client::builder(TokioExecutor::new()).build(connector);
    let headers = vec![(USER_AGENT, HeaderValue::from_static(AGENT))];
    let built = OctocrabBuilder::new_empty()
        .with_service(client)
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_layer(&BaseUriLayer::new(base.clone()))
        .with_layer(&AuthHeaderLayer::new(token, base.clone(), base))
        .with_auth(AuthState::None)
        .build();
    Ok(built?)
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
        let (direct, proxies) = (HttpConnector::new(), proxies(proxy, ""));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connecting =
            async { Connector { direct, proxies }.call(Uri::from_static("https://api.github.com/")).await };
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
