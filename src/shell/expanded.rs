//! Words after expansion. Nothing here reads a script.

use crate::text::pattern::Pattern;

/// The longest word, in bytes; the rest of a longer one is unknown.
pub(super) const LONGEST: usize = 64 << 10;
/// The most arguments that one word becomes; what follows is unknown.
const ARGUMENTS: usize = 1024;

/// A word after expansion.
#[derive(Default)]
pub(super) struct Expanded {
    pieces: Vec<Piece>,
}

/// A piece of a word after expansion.
pub(super) enum Piece {
    /// A text that stands for itself.
    Text(String),
    /// A character that is special in a pattern of file names: `*`, `?` or `[`.
    Wildcard(char),
    /// Something unknown, named after where it comes from.
    Hole(String),
}

impl Expanded {
    /// A word that stands for itself.
    pub(crate) fn text(text: &str) -> Self {
        Self { pieces: vec![Piece::Text(text.to_owned())] }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the word with the name of an unknown part, or `star` for a `*`, in place of what is not known.
    pub(crate) fn pattern(&self, star: Option<&str>) -> Pattern {
        let mut pattern = Pattern::default();
        for piece in &self.pieces {
            match (piece, star) {
                (Piece::Text(text), _) => pattern.push_text(text),
                (Piece::Wildcard('*'), Some(star)) => pattern.push_hole(star),
                (Piece::Wildcard(c), _) => pattern.push_text(c.encode_utf8(&mut [0; 4])),
                (Piece::Hole(name), _) => pattern.push_hole(name),
            }
        }
        pattern
    }

    fn push(&mut self, c: char) {
        if let Some(Piece::Text(text)) = self.pieces.last_mut() {
            text.push(c);
        } else {
            self.pieces.push(Piece::Text(c.to_string()));
        }
    }
}

/// The arguments that a word has become so far.
#[derive(Default)]
pub(super) struct Out {
    pub(crate) fields: Vec<Expanded>,
    pub(crate) current: Expanded,
    /// True if the current argument exists, even if it is empty.
    pub(crate) started: bool,
    length: usize,
}

impl Out {
    pub(crate) fn push(&mut self, c: char, is_quoted: bool) {
        self.started = true;
        self.length += c.len_utf8();
        if self.length > LONGEST {
            if !matches!(self.current.pieces.last(), Some(Piece::Hole(_))) {
                self.hole("…");
            }
        } else if !is_quoted && matches!(c, '*' | '?' | '[') {
            self.current.pieces.push(Piece::Wildcard(c));
        } else {
            self.current.push(c);
        }
    }

    pub(crate) fn hole(&mut self, name: &str) {
        self.started = true;
        self.current.pieces.push(Piece::Hole(name.to_owned()));
    }

    pub(crate) fn end_field(&mut self) {
        let current = std::mem::take(&mut self.current);
        self.length = 0;
        if !std::mem::take(&mut self.started) {
            return;
        }
        if self.fields.len() < ARGUMENTS {
            self.fields.push(current);
        } else if self.fields.len() == ARGUMENTS {
            self.fields.push(Expanded { pieces: vec![Piece::Hole("…".to_owned())] });
        }
    }
}
