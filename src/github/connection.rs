//! octocrab over the connections of this crate. It never chooses a request.

use std::sync::Arc;

use http::header::USER_AGENT;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::{ExposeSecret, SecretString};

use super::Api;
use crate::network::{AGENT, Cause, Reach, connector};

/// Returns a client of a server. Certificates are checked against the roots of the system.
pub(super) fn octocrab(api: &Api, token: Option<&SecretString>) -> Result<Octocrab, Cause> {
    let base: Uri = api.base().parse()?;
    let bearer = |token: &SecretString| {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        Ok::<_, Cause>(value)
    };
    let token = token.map(bearer).transpose()?;
    let connector = connector(api.proxies.clone(), Reach::Anywhere, Vec::new())?;
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
