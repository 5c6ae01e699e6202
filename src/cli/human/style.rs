//! Every colour of the program. `anstream` drops them where nobody sees them, and for `NO_COLOR`.

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

/// An error's name.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// A hint's name, and a command to type.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// What may go ahead.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What would change an image.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What is not known.
pub const OPEN: Style = AnsiColor::Yellow.on_default();
/// What the eye should find first.
pub const STRONG: Style = Style::new().bold();
/// What the eye may skip.
pub const FAINT: Style = Style::new().dimmed();
/// A line that a diff adds.
pub const ADDED: Style = AnsiColor::Green.on_default();
/// A line that a diff takes away.
pub const REMOVED: Style = AnsiColor::Red.on_default();
/// Where a diff's hunk lies.
pub const HUNK: Style = AnsiColor::Cyan.on_default();

/// `--help`.
pub const HELP: Styles =
    Styles::styled().header(STRONG).usage(STRONG).literal(HINT).placeholder(AnsiColor::Cyan.on_default());

/// How wide prose is without a terminal.
const PIPED: usize = 100;
/// Longer lines than this are hard to read.
const MOST: usize = 120;
/// Narrower than this, columns cannot be kept.
const LEAST: usize = 60;

/// How wide the output may be.
pub fn width() -> usize {
    terminal_size::terminal_size()
        .map_or(PIPED, |(terminal_size::Width(width), _)| usize::from(width).clamp(LEAST, MOST))
}
