//! Nouns, and texts that are too long.

use crate::campaign::plan::file::SaidBy;

pub use crate::text::display::{count, form, number, short_commit};

/// A kind of file that says how something is built.
pub fn said_by(kind: SaidBy) -> &'static str {
    match kind {
        SaidBy::Config => "layerwright.toml",
        SaidBy::Compose => "compose file",
        SaidBy::Bake => "bake file",
        SaidBy::Workflow => "workflow",
        SaidBy::Script => "script",
        SaidBy::Makefile => "Makefile",
        SaidBy::Devcontainer => "devcontainer.json",
    }
}

/// At most `most` characters, the rest as `…`.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
    }
}
