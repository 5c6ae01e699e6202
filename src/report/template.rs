//! The template of a pull request's text. Its author decides the content and the order. It never accepts an unknown
//! variable.

use crate::config::message::{self, MessageError};

/// A variable of a pull request's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variable {
    /// The path of the file.
    Path,
    /// The number of lines that are linked, as in `2 lines`.
    Count,
    /// The number of the file's wave, or `none`.
    Wave,
    /// The change, in a sentence.
    Summary,
    /// The comparison of the images, and the builder.
    Images,
    /// The gain, in bytes and seconds.
    Gain,
    /// The lines with their reasons.
    Lines,
    /// The unchecked facts; empty if all were checked.
    Unchecked,
    /// The lines that were not edited, with the reasons; empty if there are none.
    Left,
    /// The campaign and the wave.
    Campaign,
    /// The command that checks it.
    Check,
    /// The way to undo it.
    Undo,
    /// The way to stop the bot.
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
        Self::Campaign,
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
            Self::Campaign => "campaign",
            Self::Check => "check",
            Self::Undo => "undo",
            Self::Stop => "stop",
        }
    }
}

/// The default template.
const DEFAULT: &str = "{summary}\n\n{images}\n\n{gain}\n\n{lines}\n\n{unchecked}\n\n{left}\n\n{campaign}\n\n{check}\n\n{undo}\n\n{stop}\n";

/// The template of a pull request's text.
pub(crate) type Template = message::Template<Variable>;

/// Parses a template; `None` is the default one.
///
/// # Errors
///
/// [`MessageError`] for unknown variables, lone braces and control characters.
pub(crate) fn read(text: Option<&str>) -> Result<Template, MessageError> {
    Template::read(text.unwrap_or(DEFAULT))
}
