//! `layerwright.toml`: the decisions that maintainers make for a repository. Every key has a default; unknown keys are
//! errors.

mod keys;
pub(crate) mod message;
mod origin;
mod user;

use crate::git::RepoPath;
use crate::text::{LineIndex, Position, words};

pub(crate) use keys::{Base, BuildSettings, By, Depth, Frontend, Report, Skip, Waiver, Waves};
pub use keys::{BaseSource, Config, Trust};
pub(crate) use origin::effective;
pub(crate) use user::UserRegistry;
pub use user::{UserConfig, UserConfigError};

/// The file's name in the root of a repository.
pub(crate) const FILE_NAME: &str = "layerwright.toml";

/// The most characters of a label on GitHub (422, "name is too long (maximum is 50 characters)").
const LONGEST_LABEL: usize = 50;

/// The most globs of a configuration, and the most bytes of one.
const MOST_GLOBS: usize = 1000;
const LONGEST_GLOB: usize = 1 << 10;

/// An error in `layerwright.toml`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text is not valid TOML, or has an unknown key or an invalid value.
    #[error("{FILE_NAME}:{line}:{column}: cannot read the configuration\n{shown}")]
    Toml {
        /// 1-based line.
        line: usize,
        /// 1-based column in bytes.
        column: usize,
        /// The excerpt, and the problem.
        shown: String,
    },
    /// The text is not UTF-8.
    #[error("{FILE_NAME} is not UTF-8 at byte {0}")]
    Utf8(usize),
    /// An invalid glob.
    #[error("{FILE_NAME}: invalid glob `{glob}`: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// The problem.
        why: String,
    },
    /// More globs than are used. All of them are compiled, which takes memory.
    #[error(
        "{FILE_NAME} has {0} globs, and at most {MOST_GLOBS} are used; write a folder (`vendor/**`) in place of its files"
    )]
    TooManyGlobs(usize),
    /// A wave without files would never end.
    #[error("{FILE_NAME}: invalid 0 in [waves] sizes: a wave has at least one file")]
    EmptyWave,
    /// A path that is not valid inside the repository.
    #[error(
        "{FILE_NAME}:{line}: invalid path `{path}`: {why}; write it from the repository's root, as in `services/auth/Dockerfile`"
    )]
    Path {
        /// 1-based line.
        line: usize,
        /// The path as written.
        path: String,
        /// The problem.
        why: String,
    },
    /// An invalid duration.
    #[error("{FILE_NAME}:{line}: invalid duration `{value}`: {why}; write it as in `45m` or `1h 30m`")]
    Time {
        /// 1-based line.
        line: usize,
        /// The value as written.
        value: String,
        /// The problem.
        why: String,
    },
    /// An entry that has none or both of two keys that exclude each other.
    #[error(
        "{FILE_NAME}:{line}: [base.{name:?}] has {what} of its keys; give one of `dockerfile` and `like`"
    )]
    Base {
        /// 1-based line.
        line: usize,
        /// The glob of the entry.
        name: String,
        /// How many of the keys it has: `none` or `both`.
        what: &'static str,
    },
    /// A repository must not switch the network on.
    #[error(
        "{FILE_NAME}:{line}: [bases] from: `registry` counts only in your own configuration; write `engine`, and pass --bases registry"
    )]
    Registry {
        /// 1-based line.
        line: usize,
    },
    /// An invalid template of a commit message.
    #[error("{FILE_NAME}:{line}: [migrate] message: {why}")]
    Message {
        /// 1-based line.
        line: usize,
        /// The problem.
        why: message::MessageError,
    },
    /// A label that GitHub refuses.
    #[error(
        "{FILE_NAME}:{line}: [report] labels: `{label}` has {characters} characters; GitHub takes 1 to {LONGEST_LABEL}"
    )]
    Label {
        /// 1-based line.
        line: usize,
        /// The label.
        label: String,
        /// Its length.
        characters: usize,
    },
    /// The campaign's name is too long for its label.
    #[error(
        "{FILE_NAME}:{line}: [campaign] dir: the last part has {characters} characters, at most {} are possible: the label \
         of the campaign contains it",
        LONGEST_LABEL - "layerwright/".len()
    )]
    LongCampaign {
        /// 1-based line.
        line: usize,
        /// The length of the last part.
        characters: usize,
    },
    /// The configuration cannot be written as TOML.
    #[error("cannot print the configuration: {0}")]
    Unwritable(String),
}

impl Config {
    /// Parses the bytes of a `layerwright.toml`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the line where it is known.
    pub fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ConfigError::Utf8(error.valid_up_to()))?;
        let mut config: Config = toml::from_str(text).map_err(|error| misread(text, &error))?;
        config.lines = origin::lines(text);
        if config.waves.sizes.contains(&0) {
            return Err(ConfigError::EmptyWave);
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.check_globs()?;
        for (name, base) in &self.base {
            let what = match (&base.dockerfile, &base.like) {
                (None, None) => Some("none"),
                (Some(_), Some(_)) => Some("both"),
                _ => None,
            };
            if let Some(what) = what {
                let line = self.line_in("base", name, "");
                return Err(ConfigError::Base { line, name: name.clone(), what });
            }
            if let Some(path) = &base.dockerfile {
                is_path(path, self.line_in("base", name, "dockerfile"))?;
            }
        }
        if self.bases.from.contains(&BaseSource::Registry) {
            return Err(ConfigError::Registry { line: self.line("bases.from") });
        }
        for label in &self.report.labels {
            let characters = label.chars().count();
            if characters > LONGEST_LABEL || label.trim().is_empty() {
                let line = self.line("report.labels");
                return Err(ConfigError::Label { line, label: label.clone(), characters });
            }
        }
        // The campaign's own label is `layerwright/` and its name.
        let campaign = self.campaign.dir.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if campaign.chars().count() > LONGEST_LABEL - "layerwright/".len() {
            let line = self.line("campaign.dir");
            return Err(ConfigError::LongCampaign { line, characters: campaign.chars().count() });
        }
        for path in self.build.keys() {
            is_path(path, self.line_in("build", path, ""))?;
        }
        message::Template::<message::Variable>::read(&self.migrate.message)
            .map_err(|why| ConfigError::Message { line: self.line("migrate.message"), why })?;
        let budget = &self.verify.budget;
        humantime::parse_duration(budget).map_err(|error| ConfigError::Time {
            line: self.line("verify.budget"),
            value: budget.clone(),
            why: error.to_string(),
        })?;
        Ok(())
    }

    fn check_globs(&self) -> Result<(), ConfigError> {
        let waivers = self.waivers.iter().map(|waiver| &waiver.file);
        let globs: Vec<&String> = self
            .files
            .include
            .iter()
            .chain(&self.files.exclude)
            .chain(waivers)
            .chain(self.base.keys())
            .collect();
        if globs.len() > MOST_GLOBS {
            return Err(ConfigError::TooManyGlobs(globs.len()));
        }
        for glob in globs {
            if glob.len() > LONGEST_GLOB {
                let why = format!("it has {} bytes, and at most {LONGEST_GLOB} are read", glob.len());
                return Err(ConfigError::Glob { glob: words::shortened(glob, 80), why });
            }
            globset::Glob::new(glob)
                .map_err(|error| ConfigError::Glob { glob: glob.clone(), why: error.to_string() })?;
        }
        Ok(())
    }
}

fn is_path(path: &str, line: usize) -> Result<(), ConfigError> {
    let wrong =
        |why: &dyn std::fmt::Display| ConfigError::Path { line, path: path.into(), why: why.to_string() };
    RepoPath::new(path).map(drop).map_err(|why| wrong(&why))
}

fn misread(text: &str, error: &toml::de::Error) -> ConfigError {
    let (Position { line, column }, shown) = place_of(text, error);
    ConfigError::Toml { line, column, shown }
}

/// Returns the place of an error in a text, and the excerpt with the problem.
fn place_of(text: &str, error: &toml::de::Error) -> (Position, String) {
    let start = error.span().map_or(0, |span| span.start);
    let position = LineIndex::new(text.as_bytes()).position(start);
    let shown = error.to_string();
    // Its first line repeats the position.
    let shown = shown.split_once('\n').map_or(shown.as_str(), |(_, rest)| rest).trim_end().to_owned();
    let meant = meant(&shown).map(|meant| format!("\ndid you mean `{meant}`?")).unwrap_or_default();
    (position, shown + &meant)
}

/// The expected name that is most similar to the unknown one. Both are in backticks in the
/// message of serde: ``unknown field `dri`, expected one of `dir`, `trust` ``.
fn meant(message: &str) -> Option<&str> {
    let (_, names) = message.split_once("unknown ")?;
    let mut names = names.split('`').skip(1).step_by(2);
    let written = names.next()?;
    words::meant(written, names)
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
            error.starts_with("layerwright.toml:2:1: ") && error.contains("dri") && error.contains("`dir`"),
            "{error}"
        );
        assert_eq!(Config::read(b"[waves]\nsizes = [3, 0]").unwrap_err(), ConfigError::EmptyWave);
        assert!(matches!(Config::read(b"[files]\nexclude = ['a[']"), Err(ConfigError::Glob { .. })));
        assert_eq!(Config::read(b"# \xff").unwrap_err(), ConfigError::Utf8(2));
    }

    #[test]
    fn globs_are_few_and_short() {
        let of = |globs: &[String]| Config::read(format!("[files]\nexclude = {globs:?}").as_bytes());
        let many = |count: usize| (0..count).map(|at| format!("a{at}/**")).collect::<Vec<_>>();
        assert!(of(&many(MOST_GLOBS)).is_ok());
        assert_eq!(of(&many(MOST_GLOBS + 1)).unwrap_err(), ConfigError::TooManyGlobs(MOST_GLOBS + 1));
        let long = |bytes: usize| of(&["a".repeat(bytes)]);
        assert!(long(LONGEST_GLOB).is_ok());
        let error = long(LONGEST_GLOB + 1).unwrap_err().to_string();
        assert!(error.contains("has 1025 bytes") && error.len() < 300, "{error}");
    }

    #[test]
    fn labels_that_github_refuses_are_named_with_their_line() {
        let of = |length: usize| format!("[report]\nlabels = [\"ok\", \"{}\"]", "\u{e4}".repeat(length));
        assert!(Config::read(of(50).as_bytes()).is_ok());
        let error = Config::read(of(51).as_bytes()).unwrap_err();
        assert!(matches!(&error, ConfigError::Label { line: 2, characters: 51, .. }), "{error}");
        assert!(matches!(Config::read(b"[report]\nlabels = [' ']"), Err(ConfigError::Label { .. })));
        let of = |length: usize| format!("[campaign]\ndir = \"plans/{}/\"", "c".repeat(length));
        assert!(Config::read(of(38).as_bytes()).is_ok());
        let error = Config::read(of(39).as_bytes()).unwrap_err();
        assert!(matches!(error, ConfigError::LongCampaign { line: 2, characters: 39 }), "{error}");
    }

    #[test]
    fn an_error_suggests_what_was_meant() {
        let said = |text: &str| Config::read(text.as_bytes()).unwrap_err().to_string();
        assert!(said("[campaign]\ndri = 'x'\n").contains("did you mean `dir`?"));
        assert!(said("[waves]\nby = 'owners'\n").contains("did you mean `owner`?"));
        assert!(!said("[campaign]\nzzz = 'x'\n").contains("did you mean"));
        assert!(said("\n[build.'../x']\n").starts_with("layerwright.toml:2: invalid path `../x`"));
        assert!(said("[base.'x:*']\n").contains(":1: [base.\"x:*\"] has none of its keys"));
        assert!(said("\n[base.java]\n").contains(":2: [base.\"java\"] has none of its keys"));
        assert!(
            said("\n[migrate]\nmessage = 'x {pth}'\n").starts_with("layerwright.toml:3: [migrate] message: ")
        );
        assert!(
            said("[verify]\nbudget = 'soon'\n").starts_with("layerwright.toml:2: invalid duration `soon`")
        );
    }
}
