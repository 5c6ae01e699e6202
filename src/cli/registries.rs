//! The user's own settings for registries: what the configuration says of them, the credentials, and the proxies of the
//! environment.

use std::path::PathBuf;

use super::Error;
use super::user::{configuration, folder, variable};
use crate::config::{BaseSource, UserConfig};
use crate::images::registry::{Access, HostSettings};
use crate::network::Proxies;

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
    let UserConfig { bases, registries, .. } = configuration()?;
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
