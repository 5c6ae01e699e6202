//! The credentials that the user stored for a registry, in the files of Docker and Podman. It never sends them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Event, Tells};
use crate::budget::read_file;
use crate::text::secret::Secrets;

/// The most bytes of a file with credentials.
const MOST_BYTES: u64 = 1 << 20;

/// The key of Docker Hub in the files (Docker's `registry.IndexServer`).
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Credentials for one registry.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    /// The value of the `Authorization` header for a name and a password.
    Basic(HeaderValue),
    /// A token that the server of tokens takes (Docker's "identity token").
    Identity(SecretString),
}

/// The parts of a file that say where the credentials are. The rest is read by `docker_credential`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    #[expect(
        clippy::zero_sized_map_values,
        reason = "a set cannot be read from a map, and the values are secret"
    )]
    auths: BTreeMap<String, IgnoredAny>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

impl File {
    /// Returns the program that has the credentials of a key, if they are not in the file.
    fn helper(&self, key: &str) -> Option<&str> {
        let helper = self.cred_helpers.get(key).or(self.creds_store.as_ref());
        helper.map(String::as_str).filter(|helper| !helper.is_empty())
    }
}

/// Returns the keys under which credentials for a repository may be stored, the best first: that of the registry, and in
/// Podman's files also those of a part of the path (containers-auth.json(5)).
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut path = repository;
    while !path.is_empty() {
        keys.push(format!("{registry}/{path}"));
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if registry == "docker.io" {
        keys.push(DOCKER_HUB.to_owned());
    }
    keys.push(registry.to_owned());
    keys
}

/// Returns the credentials for a repository of a registry, from the first file that has some. The values are added to
/// `hidden`.
pub(super) fn find(
    files: &[PathBuf],
    registry: &str,
    repository: &str,
    hidden: &mut Secrets,
    tells: &Tells<'_>,
) -> Option<Credentials> {
    for path in files {
        let Ok(bytes) = read_file(path, MOST_BYTES) else { continue };
        let Ok(file) = serde_json::from_slice::<File>(&bytes) else {
            tells(&Event::BadCredentials { path, why: "it is not valid" });
            continue;
        };
        for key in keys(registry, repository) {
            let is_path = key != DOCKER_HUB && key != registry;
            let is_stored = file.auths.contains_key(&key) || file.cred_helpers.contains_key(&key);
            if is_path && !is_stored {
                continue;
            }
            if let Some(helper) = file.helper(&key) {
                tells(&Event::Helper { program: &format!("docker-credential-{helper}"), registry });
            }
            match get_credential_from_reader(bytes.as_slice(), &key) {
                Ok(credential) => return usable(credential, hidden),
                // A helper says by its exit code that it has none, too.
                Err(
                    CredentialRetrievalError::NoCredentialConfigured
                    | CredentialRetrievalError::HelperFailure { .. },
                ) => {}
                Err(CredentialRetrievalError::HelperCommunicationError) => {
                    tells(&Event::BadCredentials { path, why: "the helper that it names cannot be run" });
                }
                Err(_) => {
                    tells(&Event::BadCredentials { path, why: "its entry for the registry is not valid" });
                }
            }
        }
    }
    None
}

fn usable(credential: DockerCredential, hidden: &mut Secrets) -> Option<Credentials> {
    match credential {
        DockerCredential::IdentityToken(token) => {
            hidden.add(token.as_bytes());
            Some(Credentials::Identity(token.into()))
        }
        DockerCredential::UsernamePassword(name, _) if name.is_empty() => None,
        DockerCredential::UsernamePassword(name, password) => {
            hidden.add(password.as_bytes());
            let password = SecretString::from(password);
            let pair = BASE64_STANDARD.encode(format!("{name}:{}", password.expose_secret()));
            let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
            value.set_sensitive(true);
            Some(Credentials::Basic(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn found(file: &str, registry: &str, repository: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, file).unwrap();
        let missing = folder.path().join("missing.json");
        let found = find(&[missing, path], registry, repository, &mut Secrets::default(), &|_| {});
        found.map(|credentials| match credentials {
            Credentials::Basic(value) => {
                let pair = value.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
                String::from_utf8(BASE64_STANDARD.decode(pair).unwrap()).unwrap()
            }
            Credentials::Identity(token) => format!("identity {}", token.expose_secret()),
        })
    }

    #[test]
    fn credentials_are_those_of_the_registry_alone() {
        let auth = |pair: &str| BASE64_STANDARD.encode(pair);
        let file = format!(
            r#"{{"auths": {{
                "https://index.docker.io/v1/": {{"auth": "{}"}},
                "ghcr.io": {{"username": "bob", "password": "p2"}},
                "quay.io/org": {{"auth": "{}"}},
                "quay.io": {{"auth": "{}"}},
                "azure.example": {{"identitytoken": "t"}},
                "empty.example": {{}},
                "registry.example:5000": {{"auth": "{}"}}
            }}}}"#,
            auth("ann:p1"),
            auth("org:p3"),
            auth("all:p4"),
            auth("port:p5"),
        );
        for (registry, repository, pair) in [
            ("docker.io", "library/debian", Some("ann:p1")),
            ("ghcr.io", "a/b", Some("bob:p2")),
            ("quay.io", "org/x/y", Some("org:p3")),
            ("quay.io", "organ/x", Some("all:p4")),
            ("azure.example", "x", Some("identity t")),
            ("registry.example:5000", "x", Some("port:p5")),
            ("registry.example", "x", None),
            ("registry.example:5001", "x", None),
            ("empty.example", "x", None),
            ("index.docker.io.example", "x", None),
            ("io", "x", None),
        ] {
            assert_eq!(found(&file, registry, repository).as_deref(), pair, "{registry}/{repository}");
        }
        for broken in ["", "[]", "{\"auths\": 1}", "{\"auths\": {\"ghcr.io\": {\"auth\": \"%%\"}}}"] {
            assert_eq!(found(broken, "ghcr.io", "x"), None);
        }
    }

    #[test]
    fn a_helper_is_named_before_it_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let helper = folder.path().join("docker-credential-none-such");
        fs::write(&helper, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&path, r#"{"credHelpers": {"gcr.io": "none-such"}}"#).unwrap();
        let told = std::sync::Mutex::new(Vec::new());
        let tells = |event: &Event<'_>| told.lock().unwrap().push(format!("{event:?}"));
        let find =
            |registry| find(std::slice::from_ref(&path), registry, "x", &mut Secrets::default(), &tells);
        assert!(find("ghcr.io").is_none());
        assert!(told.lock().unwrap().is_empty(), "it has no credentials of that registry");
        assert!(find("gcr.io").is_none());
        let told = told.lock().unwrap().join("\n");
        assert!(told.contains("docker-credential-none-such") && told.contains("cannot be run"), "{told}");
    }
}
