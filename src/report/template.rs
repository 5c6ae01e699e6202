//! The template of a pull request's text. Whoever writes one decides what stands in it and in which order.

use crate::config::message::{self, MessageError};

/// A variable of a pull request's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The file.
    Path,
    /// How many lines are linked, as in `2 lines`.
    Count,
    /// The number of the file's wave, or `none`.
    Wave,
    /// What changes, in a sentence.
    Summary,
    /// Whether the image stays the same, and what built it.
    Images,
    /// What it brings, in bytes and seconds.
    Gain,
    /// The lines with their reasons.
    Lines,
    /// What nobody checked; nothing where all was.
    Unchecked,
    /// What was left alone, and why; nothing where nothing was.
    Left,
    /// How to check it in one command.
    Check,
    /// How to undo it.
    Undo,
    /// How to make the bot stop.
    Stop,
}

impl message::Named for Variable {
    const ALL: &'static [Self] = &[
        Self::Path,
        Self::Count,
        Self::Wave,
        Self::Summary,
        Self::Images,
        Self::Gain,
        Self::Lines,
        Self::Unchecked,
        Self::Left,
        Self::Check,
        Self::Undo,
        Self::Stop,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Count => "count",
            Self::Wave => "wave",
            Self::Summary => "summary",
            Self::Images => "images",
            Self::Gain => "gain",
            Self::Lines => "lines",
            Self::Unchecked => "unchecked",
            Self::Left => "left",
            Self::Check => "check",
            Self::Undo => "undo",
            Self::Stop => "stop",
        }
    }
}

/// The template of those who write none.
const DEFAULT: &str =
    "{summary}\n\n{images}\n\n{gain}\n\n{lines}\n\n{unchecked}\n\n{left}\n\n{check}\n\n{undo}\n\n{stop}\n";

/// The template of a pull request's text.
pub type Template = message::Template<Variable>;

/// Reads a template; None is the usual one.
///
/// # Errors
///
/// [`MessageError`] for unknown variables, lone braces and control characters.
pub fn read(text: Option<&str>) -> Result<Template, MessageError> {
    Template::read(text.unwrap_or(DEFAULT))
}
