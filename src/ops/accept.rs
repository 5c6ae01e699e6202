//! Accepts differences: writes waivers to `layerwright.toml`.

use std::io;
use std::path::PathBuf;

use super::atomic::{self, WriteError};
use super::workspace::{Workspace, WorkspaceError};
use crate::analysis::rule;
use crate::builders;
use crate::config::{Config, ConfigError, FILE_NAME, Waiver};

/// The options of [`accept`].
#[derive(Clone, Debug)]
pub struct AcceptOptions {
    /// A folder of the repository, or a folder without git.
    pub repository: PathBuf,
    /// The accepted differences.
    pub accepted: Vec<Accepted>,
    /// Globs of the files in which the differences are accepted. Empty for all files.
    pub files: Vec<String>,
    /// The reason.
    pub reason: String,
}

/// An accepted difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The rule that finds the difference.
    pub rule: String,
    /// The path in the image. Empty for all paths.
    pub path: String,
}

/// An error of [`accept`].
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A bare repository has no file to write to.
    #[error("a bare repository has no {FILE_NAME} to write to")]
    Bare,
    /// `layerwright.toml` cannot be read.
    #[error("{FILE_NAME} cannot be read: {0}")]
    Unreadable(io::Error),
    /// A rule does not exist.
    #[error("there is no rule `{0}`")]
    UnknownRule(String),
    /// `layerwright.toml` would be invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `layerwright.toml` cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Adds a waiver to `layerwright.toml` for each difference and glob that has none yet.
///
/// # Errors
///
/// [`AcceptError`]. In that case nothing is written.
pub fn accept(options: &AcceptOptions) -> Result<(), AcceptError> {
    let workspace = Workspace::open(&options.repository, None)?;
    let folder = workspace.folder().ok_or(AcceptError::Bare)?;
    let source = workspace.source()?;
    let mut config = workspace.config(&source)?;
    let path = folder.join(FILE_NAME);
    let bytes = workspace.config_bytes(&source)?.unwrap_or_default();
    let not_utf8 = |error| AcceptError::Unreadable(io::Error::new(io::ErrorKind::InvalidData, error));
    let mut text = String::from_utf8(bytes).map_err(not_utf8)?;
    let all = ["**".to_owned()];
    let globs = if options.files.is_empty() { &all[..] } else { &options.files };
    for Accepted { rule, path } in &options.accepted {
        if rule::find(rule).is_none() && builders::find(rule).is_none() {
            return Err(AcceptError::UnknownRule(rule.clone()));
        }
        for glob in globs {
            let waiver = Waiver {
                file: glob.clone(),
                rule: rule.clone(),
                path: path.clone(),
                reason: options.reason.clone(),
            };
            if !config.waivers.contains(&waiver) {
                text = format!("{text}{}", table(&waiver, text.is_empty()));
                config.waivers.push(waiver);
            }
        }
    }
    Config::read(text.as_bytes())?;
    atomic::write(&path, text.as_bytes())?;
    Ok(())
}

fn table(waiver: &Waiver, first: bool) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "{}[[waivers]]\nfile = {}\nrule = {}\npath = {}\nreason = {}\n",
        if first { "" } else { "\n" },
        quoted(&waiver.file),
        quoted(&waiver.rule),
        quoted(&waiver.path),
        quoted(&waiver.reason),
    )
}
