//! The user's own configuration and folders, which the environment names.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::{Error, ErrorKind};
use crate::budget::read_file;
use crate::config::UserConfig;

/// The most bytes of the user's configuration.
const MOST_CONFIG: u64 = 1 << 20;

/// Returns a variable of the environment, unless it is empty.
///
/// Settings of a repository come from arguments and `layerwright.toml`. Those of a user are in the places that the
/// environment names.
#[expect(clippy::disallowed_methods, reason = "the one place where the user's folders come in")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns a folder that a variable of the XDG base directory specification names, or else one of the home folder. A
/// relative path does not count, by that specification.
pub(super) fn folder(name: &str, of_home: &str) -> Option<PathBuf> {
    let named = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(of_home)))
}

/// Reads the user's configuration.
pub(super) fn configuration() -> Result<UserConfig, Error> {
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
