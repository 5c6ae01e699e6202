//! All colours of the program. `anstream` removes them if the output is not a terminal, and for `NO_COLOR`.

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

/// The label of an error.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The label of a hint, and a command to type.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Text about a safe change.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Text about a change of an image.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Text about something unknown.
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default();
/// Text that should be found first.
pub(crate) const STRONG: Style = Style::new().bold();
/// Text that may be skipped.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// A line that a diff adds.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// A line that a diff removes.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// The position of a hunk in a diff.
pub(crate) const HUNK: Style = AnsiColor::Cyan.on_default();

/// The styles of `--help`.
pub(crate) const HELP: Styles =
    Styles::styled().header(STRONG).usage(STRONG).literal(HINT).placeholder(AnsiColor::Cyan.on_default());

/// The width of prose without a terminal.
const PIPED: usize = 100;
/// The maximum width; longer lines are hard to read.
const MOST: usize = 120;
/// The minimum width; columns do not fit into less.
const LEAST: usize = 60;

/// Returns the width of the output.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size()
        .map_or(PIPED, |(terminal_size::Width(width), _)| usize::from(width).clamp(LEAST, MOST))
}
