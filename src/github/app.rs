//! A GitHub App: its key signs a short-lived token, and that one gets a token of an installation. It never stores a
//! token.

use std::time::{Duration, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::{Api, Client, Clock, GitHubError, RepositoryName};

/// The lifetime of a token of the App; GitHub allows ten minutes at most.
const HOLDS: u64 = 540;
/// The tolerated clock drift, in seconds.
const DRIFT: u64 = 60;

/// A GitHub App.
pub struct App {
    id: String,
    key: RsaKeyPair,
}

impl App {
    /// Returns the App of this id (a number or a client id) with the private key from GitHub, as PEM.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Key`].
    pub fn new(id: &str, pem: &[u8]) -> Result<Self, GitHubError> {
        let refuse = |why| GitHubError::Key { why };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
            return Err(refuse("the id of the App is not valid"));
        }
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| refuse("it is not PEM"))?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(PrivatePkcs1KeyDer::secret_pkcs1_der(key)),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(PrivatePkcs8KeyDer::secret_pkcs8_der(key)),
            _ => return Err(refuse("it is not an RSA key")),
        };
        Ok(Self {
            id: id.to_owned(),
            key: key.map_err(|_| refuse("it is not an RSA key of 2048 bits or more"))?,
        })
    }

    /// Returns a token of the App itself (RFC 7519, RS256).
    fn token(&self, now: u64) -> Result<SecretString, GitHubError> {
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iat": now.saturating_sub(DRIFT), "exp": now + HOLDS, "iss": self.id});
        let signed = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| GitHubError::Key { why: "it cannot sign" })?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
    }

    /// Returns a token of the App's installation in a repository, which is valid for an hour.
    ///
    /// # Errors
    ///
    /// [`GitHubError::NotFound`] if the App is not installed there.
    pub fn installation_token(
        &self,
        api: Api,
        clock: Box<dyn Clock>,
        timeout: Duration,
        repository: &RepositoryName,
    ) -> Result<SecretString, GitHubError> {
        #[derive(Deserialize)]
        struct Installation {
            id: u64,
        }
        #[derive(Deserialize)]
        struct Token {
            token: String,
        }
        let now = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let client = Client::new(api, Some(self.token(now)?), clock, timeout)?;
        let what = format!("the App's installation in {repository}");
        let Installation { id } = client.read(repository.route("/installation"), &what)?;
        let route = format!("/app/installations/{id}/access_tokens");
        let call = Call::change(Method::POST, route, serde_json::Value::Null, &what);
        let Token { token } = client.write(&call.repeatable())?;
        Ok(token.into())
    }
}
