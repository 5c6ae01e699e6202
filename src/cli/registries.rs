//! The user's own settings for registries: the configuration, the credentials, and the proxies of the environment.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::{Error, ErrorKind};
use crate::budget::read_file;
use crate::config::{BaseSource, UserConfig};
use crate::images::registry::{Access, HostSettings};
use crate::network::Proxies;

/// The most bytes of the user's configuration.
const MOST_CONFIG: u64 = 1 << 20;

/// Returns a variable of the environment, unless it is empty.
///
/// Settings of a repository come from arguments and `layerwright.toml`. Those of a user are in the places that the
/// environment names.
#[expect(clippy::disallowed_methods, reason = "the one place where the user's folders come in")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns a folder that a variable of the XDG base directory specification names, or else one of the home folder. A
/// relative path does not count, by that specification.
fn folder(name: &str, of_home: &str) -> Option<PathBuf> {
    let named = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(of_home)))
}

/// Returns the files with credentials: Docker's (`docker login --help`), then Podman's (containers-auth.json(5)).
fn credential_files() -> Vec<PathBuf> {
    let of_docker = variable("DOCKER_CONFIG").map(PathBuf::from);
    let of_docker = of_docker.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".docker")));
    let of_podman = [
        variable("REGISTRY_AUTH_FILE").map(PathBuf::from),
        variable("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("containers/auth.json")),
        folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("containers/auth.json")),
    ];
    let of_docker = of_docker.map(|folder| folder.join("config.json"));
    of_docker.into_iter().chain(of_podman.into_iter().flatten()).collect()
}

/// Returns the folder that keeps what was read of registries; `None` if the environment names neither it nor a home.
pub(super) fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("layerwright"))
}

/// Returns the places that base images are read from, as the user's configuration names them, and the settings for
/// registries.
pub(super) fn settings(allowed: &[String]) -> Result<(Option<Vec<BaseSource>>, Access), Error> {
    let UserConfig { bases, registries } = configuration()?;
    let default = Access::default();
    let setting = |(host, settings): (String, _)| {
        let crate::config::UserRegistry { http, ca } = settings;
        (host, HostSettings { plain_http: http, authority: ca })
    };
    let access = Access {
        allowed: allowed.iter().cloned().chain(bases.allow_hosts).collect(),
        registries: registries.into_iter().map(setting).collect(),
        mirrors: bases.mirrors,
        credential_files: credential_files(),
        proxies: Proxies::of_environment(),
        timeout: bases.timeout.unwrap_or(default.timeout),
        most_bytes: bases.max_bytes.unwrap_or(default.most_bytes),
        cache: cache_folder(),
    };
    Ok((bases.from, access))
}

/// Reads the user's configuration.
fn configuration() -> Result<UserConfig, Error> {
    let Some(folder) = folder("XDG_CONFIG_HOME", ".config") else { return Ok(UserConfig::default()) };
    let path = folder.join("layerwright/config.toml");
    let broken = |why: String| Error::new(ErrorKind::Usage, format!("{}: {why}", path.display()));
    match read_file(&path, MOST_CONFIG) {
        Ok(bytes) => UserConfig::read(&bytes).map_err(|error| broken(error.to_string())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(UserConfig::default())
        }
        Err(error) => Err(broken(error.to_string())),
    }
}
