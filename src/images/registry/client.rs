//! A client of registries: who is asked, with which credentials. It never decides what an answer means.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::access::{Access, authority};
use super::cache::Cache;
use super::challenge::Challenge;
use super::credentials::{self, Credentials};
use super::request::{Ask, MOST_ATTEMPTS, failure_pause, whole};
use super::{RegistryError, Tells};
use crate::budget::read_file;
use crate::network::{Http, Reply};
use crate::text::secret::Secrets;

/// The most bytes of a file with certificates.
const MOST_CERTIFICATES: u64 = 4 << 20;
/// The most bytes of the answer of a server of tokens.
const MOST_TOKEN: u64 = 1 << 20;
/// The pulls of a registry with a limit that are left to the user's own builds.
const PULLS_LEFT: u64 = 20;
/// The header with the number of pulls that are left (Docker Hub, "Usage and limits").
const REMAINING: &str = "ratelimit-remaining";

/// A client of registries.
pub(super) struct Client<'w> {
    pub(super) access: &'w Access,
    pub(super) tells: Box<Tells<'w>>,
    pub(super) cache: Cache,
    http: Http,
    /// The clients of registries with certificates of their own, by host.
    trusting: BTreeMap<String, Http>,
    hosts: Mutex<BTreeMap<String, Arc<Mutex<Known>>>>,
    hidden: Mutex<Secrets>,
}

/// The knowledge about a registry.
#[derive(Default)]
struct Known {
    /// True if it was asked which authorization it wants.
    is_asked: bool,
    /// The authorization that it wants. `None` if it wants none, or was not asked yet.
    challenge: Option<Challenge>,
    /// The values of the `Authorization` header, by repository.
    tokens: BTreeMap<String, HeaderValue>,
    /// The stored credentials, by repository.
    credentials: BTreeMap<String, Option<Credentials>>,
    /// The pulls that are left.
    pulls: Option<u64>,
}

/// A repository of a registry.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The registry, as it is named in references.
    pub(super) host: String,
    /// The path of the repository.
    pub(super) repository: String,
    /// The address of the registry's API.
    pub(super) api: Url,
}

/// A document with the headers of its answer.
pub(super) struct Document {
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

/// The answer of a server of tokens: the distribution project's "Token Authentication".
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl<'w> Client<'w> {
    /// Returns a client.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Start`] without root certificates, and [`RegistryError::Authority`].
    pub(super) fn new(access: &'w Access, tells: Box<Tells<'w>>) -> Result<Self, RegistryError> {
        let http = |roots| {
            let http = Http::new(access.proxies.clone(), access.reach(), roots, access.timeout);
            http.map_err(RegistryError::Start)
        };
        let mut trusting = BTreeMap::new();
        for (host, settings) in &access.registries {
            let Some(path) = &settings.authority else { continue };
            let broken = |why: String| {
                let (host, path) = (host.clone(), path.display().to_string());
                RegistryError::Authority { host, path, why }
            };
            let bytes = read_file(path, MOST_CERTIFICATES).map_err(|error| broken(error.to_string()))?;
            let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
            let roots = roots.map_err(|error| broken(error.to_string()))?;
            if roots.is_empty() {
                return Err(broken("it has no certificate".to_owned()));
            }
            trusting.insert(host.clone(), http(roots).map_err(|error| broken(error.to_string()))?);
        }
        Ok(Self {
            access,
            tells,
            cache: Cache::new(access.cache.clone()),
            http: http(Vec::new())?,
            trusting,
            hosts: Mutex::default(),
            hidden: Mutex::default(),
        })
    }

    /// Returns the client that reaches an address.
    pub(super) fn http_for(&self, url: &Url) -> &Http {
        self.trusting.get(&authority(url)).unwrap_or(&self.http)
    }

    /// Returns the values that no message shows.
    pub(super) fn hidden(&self) -> MutexGuard<'_, Secrets> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a repository of a registry.
    pub(super) fn place(&self, host: &str, repository: &str) -> Result<Place, RegistryError> {
        let api = self.access.api(host).ok_or_else(|| RegistryError::Host { host: host.to_owned() })?;
        Ok(Place { host: host.to_owned(), repository: repository.to_owned(), api })
    }

    fn known(&self, place: &Place) -> Arc<Mutex<Known>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(place.host.clone()).or_default())
    }

    /// Returns the answer about a part of a repository, as in `manifests/12`. One that fails is an error.
    pub(super) fn of_repository(
        &self,
        place: &Place,
        part: &str,
        ask: &Ask<'_>,
    ) -> Result<Reply<'_>, RegistryError> {
        let known = self.known(place);
        let garbage = |why: String| {
            let (host, what) = (place.host.clone(), ask.what.to_owned());
            RegistryError::Garbage { host, what, why }
        };
        let url = place.api.join(&format!("{}/{part}", place.repository));
        let url = url.map_err(|error| garbage(error.to_string()))?;
        let mut is_new = false;
        loop {
            let authorization = self.authorization(place, &mut lock(&known))?;
            let reply = self.answer(&Ask { url: url.clone(), authorization, ..ask.clone() })?;
            match reply.status {
                status if status.is_success() => return Ok(reply),
                // A token may have expired, and a registry may want none for the root of its API.
                StatusCode::UNAUTHORIZED if !is_new && reply.headers.contains_key(WWW_AUTHENTICATE) => {
                    let mut known = lock(&known);
                    (known.is_asked, known.challenge) = (true, Challenge::of(&reply.headers));
                    known.tokens.remove(&place.repository);
                    is_new = true;
                }
                _ => {
                    let credentials = lock(&known).credentials.get(&place.repository).cloned();
                    let has_credentials = credentials.flatten().is_some();
                    return Err(self.failed(reply, &place.host, ask.what, has_credentials));
                }
            }
        }
    }

    /// Returns a whole document about a part of a repository. One that is cut off is asked for again.
    pub(super) fn document(
        &self,
        place: &Place,
        part: &str,
        ask: &Ask<'_>,
        most: u64,
    ) -> Result<Document, RegistryError> {
        let (host, what) = (place.host.clone(), ask.what.to_owned());
        for attempt in 1.. {
            let Reply { headers, body, .. } = self.of_repository(place, part, ask)?;
            match whole(body, most) {
                Ok(Some(bytes)) => return Ok(Document { headers, bytes }),
                Ok(None) => return Err(RegistryError::TooLarge { host, what, most }),
                Err(error) if attempt >= MOST_ATTEMPTS => {
                    let why = self.cause(&error);
                    return Err(RegistryError::Unreachable { host, why, attempts: attempt });
                }
                Err(error) => self.wait(&host, failure_pause(attempt), &self.cause(&error)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Returns the cause of an error while a body is read.
    pub(super) fn cause(&self, error: &io::Error) -> String {
        match error.kind() {
            io::ErrorKind::TimedOut => "it stopped sending".to_owned(),
            _ => self.shown(&format!("the connection broke off ({error})")),
        }
    }

    /// Returns an error if a registry allows only a few more pulls.
    pub(super) fn check_pulls(&self, place: &Place) -> Result<(), RegistryError> {
        match lock(&self.known(place)).pulls {
            Some(left) if left <= PULLS_LEFT => {
                Err(RegistryError::FewPulls { host: place.host.clone(), left })
            }
            _ => Ok(()),
        }
    }

    /// Records the number of pulls that an answer says are left: `76;w=21600`.
    pub(super) fn note_pulls(&self, place: &Place, headers: &HeaderMap) {
        let value = headers.get(REMAINING).and_then(|value| value.to_str().ok());
        let left = value.and_then(|value| value.split(';').next()?.trim().parse().ok());
        if left.is_some() {
            lock(&self.known(place)).pulls = left;
        }
    }

    /// Returns the smallest number of pulls that a registry has left, with the registry.
    pub(super) fn pulls(&self) -> Option<(String, u64)> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let left = hosts.iter().filter_map(|(host, known)| Some((host.clone(), lock(known).pulls?)));
        left.min_by_key(|(_, left)| *left)
    }

    /// Returns the value of the `Authorization` header that a repository wants.
    fn authorization(&self, place: &Place, known: &mut Known) -> Result<Option<HeaderValue>, RegistryError> {
        if !known.is_asked {
            let reply = self.answer(&Ask::get(place.api.clone(), "*/*", "its API"))?;
            let is_challenge = reply.status == StatusCode::UNAUTHORIZED;
            known.is_asked = true;
            known.challenge = Challenge::of(&reply.headers).filter(|_| is_challenge);
        }
        let Some(challenge) = known.challenge.clone() else { return Ok(None) };
        if let Some(token) = known.tokens.get(&place.repository) {
            return Ok(Some(token.clone()));
        }
        let credentials = known.credentials.entry(place.repository.clone()).or_insert_with(|| {
            let files = &self.access.credential_files;
            credentials::find(files, &place.host, &place.repository, &mut self.hidden(), &*self.tells)
        });
        match (challenge, credentials) {
            (Challenge::Basic, Some(Credentials::Basic(value))) => Ok(Some(value.clone())),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service }, credentials) => {
                let token = self.token(place, &realm, service.as_deref(), credentials.as_ref())?;
                known.tokens.insert(place.repository.clone(), token.clone());
                Ok(Some(token))
            }
        }
    }

    /// Returns a token that may pull from a repository.
    fn token(
        &self,
        place: &Place,
        realm: &str,
        service: Option<&str>,
        credentials: Option<&Credentials>,
    ) -> Result<HeaderValue, RegistryError> {
        let what = "a token";
        let garbage = |why: &str| RegistryError::Garbage {
            host: place.host.clone(),
            what: what.into(),
            why: why.into(),
        };
        let mut url: Url = realm.parse().map_err(|_| garbage("the address of its tokens is not valid"))?;
        if !self.access.is_secure(&url) {
            return Err(RegistryError::Insecure { host: place.host.clone(), to: authority(&url) });
        }
        let scope = format!("repository:{}:pull", place.repository);
        let mut form = Serializer::new(String::new());
        form.extend_pairs(service.map(|service| ("service", service))).append_pair("scope", &scope);
        let mut ask = Ask::get(url.clone(), "application/json", what);
        match credentials {
            Some(Credentials::Identity(token)) => {
                form.append_pair("grant_type", "refresh_token").append_pair("client_id", "layerwright");
                form.append_pair("refresh_token", token.expose_secret());
                ask = Ask { method: Method::POST, form: Some(form.finish()), ..ask };
            }
            basic => {
                url.query_pairs_mut().extend_pairs(url::form_urlencoded::parse(form.finish().as_bytes()));
                let authorization = match basic {
                    Some(Credentials::Basic(value)) => Some(value.clone()),
                    _ => None,
                };
                ask = Ask { url, authorization, ..ask };
            }
        }
        let reply = self.answer(&ask)?;
        if !reply.status.is_success() {
            return Err(self.failed(reply, &place.host, what, credentials.is_some()));
        }
        let bytes = whole(reply.body, MOST_TOKEN).map_err(|error| garbage(&self.cause(&error)))?;
        let bytes = bytes.ok_or_else(|| garbage("it is too large"))?;
        let answer: TokenAnswer = serde_json::from_slice(&bytes).map_err(|_| garbage("it is not valid"))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| garbage("it has no token"))?;
        self.hidden().add(token.as_bytes());
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| garbage("the token has an invalid character"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
