//! The user's own configuration, which no repository can change: what may be reached over the network.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{BaseSource, Frontend, place_of};
use crate::text::Position;

/// `$XDG_CONFIG_HOME/layerwright/config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserConfig {
    /// The GitHub server.
    pub(crate) github: UserGitHub,
    /// The builds of `verify`.
    pub(crate) verify: UserVerify,
    /// The base images.
    pub(crate) bases: UserBases,
    /// The settings of single registries, by `HOST` or `HOST:PORT`.
    pub(crate) registries: BTreeMap<String, UserRegistry>,
}

/// `[github]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserGitHub {
    /// The URL of the API, which is sent the token; `--api` overrides it.
    pub(crate) api: Option<String>,
}

/// `[verify]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserVerify {
    /// The builder, as in `docker buildx ls`; `--builder` overrides it.
    pub(crate) builder: Option<String>,
    /// The frontend that reads the files, in place of that of `layerwright.toml`; `--frontend` overrides it.
    pub(crate) frontend: Option<Frontend>,
    /// The network mode of RUN instructions; `--network` overrides it.
    pub(crate) network: Option<String>,
}

/// `[bases]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserBases {
    /// The places that base images are read from, in place of those of `layerwright.toml`; `--bases` overrides them.
    pub(crate) from: Option<Vec<BaseSource>>,
    /// The most bytes of layers that a run reads from registries.
    pub(crate) max_bytes: Option<u64>,
    /// The time in which a registry has to begin its answer, as in `30s`.
    #[serde(deserialize_with = "duration")]
    pub(crate) timeout: Option<Duration>,
    /// Hosts in a private network that a FROM may name, each as `HOST` or `HOST:PORT`.
    pub(crate) allow_hosts: Vec<String>,
    /// The mirrors of a registry, which are asked before it.
    pub(crate) mirrors: BTreeMap<String, Vec<String>>,
}

/// `[registries."registry.corp:5000"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserRegistry {
    /// True for a registry without TLS. By default, that is one on this machine.
    pub(crate) http: Option<bool>,
    /// A PEM file with certificates that are trusted in addition to the system's.
    pub(crate) ca: Option<PathBuf>,
}

/// The user's configuration cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserConfigError {
    /// It is not valid TOML, or has an unknown key or an invalid value.
    #[error("line {line}, column {column}: cannot read the configuration\n{shown}")]
    Toml {
        /// 1-based line.
        line: usize,
        /// 1-based column in bytes.
        column: usize,
        /// The excerpt, and the problem.
        shown: String,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8 at byte {0}")]
    Utf8(usize),
}

impl UserConfig {
    /// Parses the bytes of the file.
    ///
    /// # Errors
    ///
    /// [`UserConfigError`]
    pub fn read(bytes: &[u8]) -> Result<Self, UserConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|error| UserConfigError::Utf8(error.valid_up_to()))?;
        toml::from_str(text).map_err(|error| {
            let (Position { line, column }, shown) = place_of(text, &error);
            UserConfigError::Toml { line, column, shown }
        })
    }
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_read_and_others_are_errors() {
        let text = "[bases]\nfrom = ['engine', 'registry']\nmax_bytes = 5\ntimeout = '2s'\n\
                    allow_hosts = ['registry.corp']\n[bases.mirrors]\n'docker.io' = ['mirror.corp']\n\
                    [registries.'registry.corp:5000']\nhttp = true\nca = '/etc/ca.pem'\n\
                    [github]\napi = 'https://ghe.corp/api/v3'\n\
                    [verify]\nbuilder = 'big'\nfrontend = 'builtin'\nnetwork = 'host'\n";
        let read = UserConfig::read(text.as_bytes()).unwrap();
        assert_eq!(read.bases.from, Some(vec![BaseSource::Engine, BaseSource::Registry]));
        assert_eq!((read.bases.max_bytes, read.bases.timeout), (Some(5), Some(Duration::from_secs(2))));
        assert_eq!(read.bases.mirrors["docker.io"], ["mirror.corp"]);
        let registry = &read.registries["registry.corp:5000"];
        assert_eq!((registry.http, registry.ca.clone()), (Some(true), Some("/etc/ca.pem".into())));
        assert_eq!(read.github.api.as_deref(), Some("https://ghe.corp/api/v3"));
        assert_eq!((read.verify.builder, read.verify.network), (Some("big".into()), Some("host".into())));
        assert_eq!(read.verify.frontend, Some(Frontend::Builtin));
        assert_eq!(UserConfig::read(b""), Ok(UserConfig::default()));
        for (text, told) in [
            ("[bases]\nfrm = []", "line 2, column 1"),
            ("[bases]\ntimeout = 'soon'", "line 2, column 11"),
            ("[campaign]\ndir = 'x'", "line 1, column 2"),
            ("[bases]\nfrom = ['none']", "line 2, column 9"),
        ] {
            let error = UserConfig::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(told), "{text}: {error}");
        }
        assert_eq!(UserConfig::read(b"\xff"), Err(UserConfigError::Utf8(0)));
    }
}
