//! `layerwright.toml`: what people decide for a repository. Every key has a default; unknown keys are refused.

use serde::Deserialize;

use crate::text::{LineIndex, Position};

/// The file's name in the root of a repository.
pub const FILE_NAME: &str = "layerwright.toml";

/// What `layerwright.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[campaign]`.
    pub campaign: Campaign,
    /// `[files]`.
    pub files: Files,
    /// `[syntax]`.
    pub syntax: Syntax,
    /// `[waves]`.
    pub waves: Waves,
    /// `[[waivers]]`.
    pub waivers: Vec<Waiver>,
}

/// `[campaign]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Campaign {
    /// The folder of the plan, relative to the repository's root.
    pub dir: String,
}

impl Default for Campaign {
    fn default() -> Self {
        Self { dir: "plans/copy-link".into() }
    }
}

/// `[files]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Globs of paths that are Dockerfiles whatever their name is.
    pub include: Vec<String>,
    /// Globs of paths that are left out.
    pub exclude: Vec<String>,
    /// Files that are judged and not edited.
    pub skip: Vec<Skip>,
}

/// `[[files.skip]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// The file, relative to the repository's root.
    pub path: String,
    /// Why it is left alone; it stands in the plan.
    pub reason: String,
}

/// `[syntax]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Syntax {
    /// The frontend that a new or raised header names; `none` for no header where nothing needs one.
    pub write: String,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { write: "docker/dockerfile:1".into() }
    }
}

/// `[waves]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waves {
    /// How many files wave 1 and those after it hold; behind the last, each is three times the one before.
    pub sizes: Vec<usize>,
    /// The file of wave 0, the proof of concept.
    pub poc: Option<String>,
}

impl Default for Waves {
    fn default() -> Self {
        Self { sizes: vec![3, 9, 27], poc: None }
    }
}

/// `[[waivers]]`: a named difference that somebody accepts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Glob of the files it is for.
    #[serde(default = "everywhere")]
    pub file: String,
    /// The rule, as in `layerwright explain`.
    pub rule: String,
    /// The path in the image that the rule names; empty for any.
    #[serde(default)]
    pub path: String,
    /// Why it is accepted; it stands in the plan and in the pull request.
    pub reason: String,
}

fn everywhere() -> String {
    "**".into()
}

/// `layerwright.toml` can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is no TOML, or a key or value of it is wrong.
    #[error("{FILE_NAME}:{line}:{column} can not be read\n{shown}")]
    Toml {
        /// 1-based line.
        line: usize,
        /// 1-based column in bytes.
        column: usize,
        /// The place as an excerpt, and what is wrong.
        shown: String,
    },
    /// It is not UTF-8.
    #[error("{FILE_NAME} is not UTF-8 at byte {0}")]
    Utf8(usize),
    /// A glob is none.
    #[error("{FILE_NAME}: `{glob}` is no glob: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong.
        why: String,
    },
    /// A wave of no files would never end.
    #[error("{FILE_NAME}: a wave in [waves] sizes needs at least one file")]
    EmptyWave,
}

impl Config {
    /// Reads the bytes of a `layerwright.toml`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the place.
    pub fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ConfigError::Utf8(error.valid_up_to()))?;
        let config: Config = toml::from_str(text).map_err(|error| misread(text, &error))?;
        if config.waves.sizes.contains(&0) {
            return Err(ConfigError::EmptyWave);
        }
        let waivers = config.waivers.iter().map(|waiver| &waiver.file);
        for glob in config.files.include.iter().chain(&config.files.exclude).chain(waivers) {
            globset::Glob::new(glob)
                .map_err(|error| ConfigError::Glob { glob: glob.clone(), why: error.to_string() })?;
        }
        Ok(config)
    }
}

fn misread(text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let Position { line, column } = LineIndex::new(text.as_bytes()).position(start);
    let shown = error.to_string();
    // Its first line says the place once more.
    let shown = shown.split_once('\n').map_or(shown.as_str(), |(_, rest)| rest).trim_end().to_owned();
    ConfigError::Toml { line, column, shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        let config = Config::read(b"").unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.campaign.dir, "plans/copy-link");
        assert_eq!(config.waves.sizes, [3, 9, 27]);
    }

    #[test]
    fn unknown_keys_and_wrong_values_name_their_place() {
        let error = Config::read(b"[campaign]\ndri = 'x'\n").unwrap_err().to_string();
        assert!(
            error.starts_with("layerwright.toml:2:1 ") && error.contains("dri") && error.contains("`dir`"),
            "{error}"
        );
        assert_eq!(Config::read(b"[waves]\nsizes = [3, 0]").unwrap_err(), ConfigError::EmptyWave);
        assert!(matches!(Config::read(b"[files]\nexclude = ['a[']"), Err(ConfigError::Glob { .. })));
        assert_eq!(Config::read(b"# \xff").unwrap_err(), ConfigError::Utf8(2));
    }
}
