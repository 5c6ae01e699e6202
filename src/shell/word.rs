//! Words of a script, expanded as far as they are known. It never guesses: an unknown part stays one, named after where it
//! comes from. What a variable holds and what a substitution does is the business of [`Values`].

use brush_parser::ParserOptions;
use brush_parser::word::{
    self, Parameter, ParameterExpr, SpecialParameter, TildeExpr, WordPiece, WordPieceWithSource,
};

use super::brace::alternatives;
use super::expanded::{Expanded, LONGEST, Out};
use crate::text::cut;
use crate::text::pattern::{Part as Piece, Pattern};

/// The deepest nesting of expansions within a word.
const DEPTH: usize = 8;
/// The deepest nesting of brackets in a word that is parsed. The parser's time doubles with each.
const BRACKETS: usize = 8;
/// The most digits of a number that the parser reads; a larger one ends this program.
const DIGITS: usize = 18;

/// The shell that expands a word, as far as it is known.
pub(super) trait Values {
    /// The shells that read the word.
    fn reading(&self) -> Reading;

    /// Returns the value of a parameter.
    fn parameter(&mut self, parameter: &Parameter) -> Found;

    /// Returns true if unquoted values are split at white space, as they are by default.
    fn splits_plainly(&self) -> bool;

    /// Notes that a word may give a variable a value: this one, or one that is not known.
    fn assign(&mut self, name: &str, value: Option<Pattern>);

    /// Notes the value that an unknown part has if it is not set.
    fn default(&mut self, hole: &str, value: Pattern);

    /// Runs a command substitution and returns its output.
    fn substitute(&mut self, script: &str) -> Pattern;

    /// Evaluates an arithmetic expression.
    fn arithmetic(&mut self, expression: &str) -> Pattern;

    /// Notes that the expansions within a text are not followed.
    fn unread(&mut self, text: &str);

    /// Takes from the text that may be expanded; false if nothing is left.
    fn spend(&mut self, bytes: usize) -> bool;
}

/// The shells whose reading of a word counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// A word is known only where every shell of the dialect reads it so; braces are expanded by bash alone.
    Certain {
        /// True if the shell is bash.
        braces: bool,
    },
    /// As bash reads it.
    Bash,
}

/// The value of a parameter.
pub(super) enum Found {
    /// This text, perhaps with unknown parts.
    Text(Pattern),
    /// Something unknown of this name; perhaps it is not set.
    Unknown(String),
    /// It is not set.
    Unset,
    /// These words; joined to one within quotes if it is `*`.
    Words(Vec<Pattern>),
}

/// Returns the arguments that `word` becomes.
pub(super) fn fields(values: &mut dyn Values, word: &str) -> Vec<Expanded> {
    if is_plain(word) {
        return vec![Expanded::text(word)];
    }
    let words = alternatives(word, values.reading());
    let mut reader = Reader { values, out: Out::default() };
    match words {
        Some(words) => {
            for word in words {
                reader.text(&word, Part::Word, 0);
                reader.out.end_field();
            }
        }
        None => reader.text(word, Part::Word, 0),
    }
    reader.out.end_field();
    reader.out.fields
}

/// Returns the value of `word` where nothing is split: in an assignment.
pub(super) fn value(values: &mut dyn Values, word: &str) -> Expanded {
    if is_plain(word) {
        return Expanded::text(word);
    }
    let mut reader = Reader { values, out: Out::default() };
    reader.text(word, Part::Value, 0);
    reader.out.current
}

/// The characters that are special within a part of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Quotes, wildcards, and blanks of values.
    Word,
    /// Quotes: the right side of an assignment.
    Value,
    /// None: within double quotes.
    Quoted,
}

/// Expands one word.
pub(super) struct Reader<'v> {
    pub(crate) values: &'v mut dyn Values,
    pub(crate) out: Out,
}

impl Reader<'_> {
    pub(crate) fn is_certain(&self) -> bool {
        matches!(self.values.reading(), Reading::Certain { .. })
    }

    /// Returns the value of a word within the word.
    pub(crate) fn value_of(&mut self, word: &str, depth: usize) -> Pattern {
        let outer = std::mem::take(&mut self.out);
        self.text(word, Part::Value, depth);
        std::mem::replace(&mut self.out, outer).current.pattern(None)
    }

    /// Leaves a part of the word unknown, and notes what its text may do.
    pub(crate) fn unread(&mut self, text: &str) {
        self.out.hole(text);
        self.values.unread(text);
    }

    pub(crate) fn text(&mut self, text: &str, part: Part, depth: usize) {
        // Quotes within quotes are those of the inner word.
        let is_wrapped = part == Part::Quoted && (self.is_certain() || !text.contains('"'));
        let wrapped = format!("\"{text}\"");
        let source = if is_wrapped { &wrapped } else { text };
        let pieces = if depth < DEPTH && self.values.spend(text.len()) { parse(source) } else { None };
        let Some(pieces) = pieces else { return self.unread(text) };
        let part = if is_wrapped { Part::Word } else { part };
        for piece in pieces {
            self.piece(&piece, source, part, depth);
        }
    }

    /// Expands one piece of the word `source`.
    fn piece(&mut self, piece: &WordPieceWithSource, source: &str, part: Part, depth: usize) {
        let raw = source.get(piece.start_index..piece.end_index).unwrap_or(source);
        match &piece.piece {
            WordPiece::Text(text) => self.plain(text, part),
            // ash reads `$'…'`, dash does not, and `$"…"` is translated.
            WordPiece::AnsiCQuotedText(text) if text.contains('\\') || self.is_certain() => {
                self.out.hole(raw);
            }
            WordPiece::GettextDoubleQuotedSequence(_) if self.is_certain() => self.unread(raw),
            WordPiece::SingleQuotedText(text) | WordPiece::AnsiCQuotedText(text) => self.quoted(text),
            WordPiece::DoubleQuotedSequence(pieces) | WordPiece::GettextDoubleQuotedSequence(pieces) => {
                self.sequence(pieces, source, depth);
            }
            WordPiece::EscapeSequence(text) => {
                self.quoted(text.strip_prefix('\\').filter(|text| *text != "\n").unwrap_or(""));
            }
            WordPiece::ParameterExpansion(expression) => self.parameter(expression, raw, part, depth),
            WordPiece::CommandSubstitution(script) => {
                let output = self.values.substitute(script);
                self.put(&output, part);
            }
            WordPiece::BackquotedCommandSubstitution(script) => {
                let output = self.values.substitute(&unescaped(script));
                self.put(&output, part);
            }
            WordPiece::ArithmeticExpression(expression) => {
                let value = self.values.arithmetic(&expression.value);
                self.put(&value, part);
            }
            WordPiece::TildeExpansion(TildeExpr::Home) => {
                match self.values.parameter(&Parameter::Named("HOME".to_owned())) {
                    Found::Text(home) => self.put(&home, Part::Quoted),
                    Found::Unknown(name) => self.out.hole(&name),
                    Found::Unset | Found::Words(_) => self.out.hole(raw),
                }
            }
            // A home of /etc/passwd, a stack of directories: not followed.
            WordPiece::TildeExpansion(
                TildeExpr::UserHome(_)
                | TildeExpr::WorkingDir
                | TildeExpr::OldWorkingDir
                | TildeExpr::NthDirFromTopOfDirStack { .. }
                | TildeExpr::NthDirFromBottomOfDirStack { .. },
            ) => self.out.hole(raw),
        }
    }

    /// The pieces within double quotes. Arguments that are none leave nothing behind.
    fn sequence(&mut self, pieces: &[WordPieceWithSource], source: &str, depth: usize) {
        let words = |parameter: &Parameter| {
            matches!(
                parameter,
                Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: false })
                    | Parameter::NamedWithAllIndices { concatenate: false, .. }
            )
        };
        let is_words = match pieces {
            [WordPieceWithSource { piece: WordPiece::ParameterExpansion(expression), .. }] => {
                matches!(expression, ParameterExpr::Parameter { parameter, .. } if words(parameter))
            }
            _ => false,
        };
        self.out.started |= !is_words;
        for piece in pieces {
            self.piece(piece, source, Part::Quoted, depth);
        }
    }

    fn quoted(&mut self, text: &str) {
        self.out.started = true;
        text.chars().for_each(|c| self.out.push(c, true));
    }

    /// Text without quotes around it, or within double quotes.
    fn plain(&mut self, text: &str, part: Part) {
        let mut rest = text;
        while let Some((c, after)) = cut::first(rest) {
            rest = match c {
                // A line that goes on: the parser leaves it within double quotes.
                '\\' if after.starts_with('\n') => cut::from(after, 1),
                // `find` takes it; every shell leaves it as it is.
                '{' if after.starts_with('}') => {
                    self.quoted("{}");
                    cut::from(after, 1)
                }
                '{' if part == Part::Word => self.brace(after),
                // A pattern of bash; it stands for itself elsewhere. A dollar that begins nothing that the parser
                // knows; a shell may know it.
                '(' | '$' if self.is_certain() && (c == '$' || part == Part::Word) => {
                    self.out.hole(rest);
                    return;
                }
                c => {
                    self.out.push(c, part != Part::Word);
                    after
                }
            };
        }
    }

    /// A brace that is not expanded. Returns the text after it.
    fn brace<'t>(&mut self, after: &'t str) -> &'t str {
        let list = after.split_once('}').filter(|(inner, _)| inner.contains(',') || inner.contains(".."));
        match list {
            Some((inner, rest)) if !self.is_certain() => {
                self.out.hole(&format!("{{{inner}}}"));
                rest
            }
            None if !self.is_certain() => {
                self.out.push('{', true);
                after
            }
            _ => {
                self.out.hole("{");
                ""
            }
        }
    }

    /// Adds a value, which is split outside of quotes.
    pub(crate) fn put(&mut self, value: &Pattern, part: Part) {
        if part != Part::Word {
            self.out.started = true;
        }
        for piece in value.parts() {
            match piece {
                Piece::Hole(name) => self.out.hole(name),
                Piece::Text(text) if part != Part::Word => self.quoted(text),
                // Another IFS; a backslash may quote a wildcard.
                Piece::Text(text)
                    if self.is_certain() && (!self.values.splits_plainly() || text.contains('\\')) =>
                {
                    self.out.hole(text);
                }
                Piece::Text(text) => {
                    for c in text.chars() {
                        if matches!(c, ' ' | '\t' | '\n') {
                            self.out.end_field();
                        } else {
                            self.out.push(c, false);
                        }
                    }
                }
            }
        }
    }

    /// Adds words, each an argument of its own if `apart`.
    pub(crate) fn put_words(&mut self, words: &[Pattern], part: Part, apart: bool) {
        for (at, word) in words.iter().enumerate() {
            match (at, apart) {
                (0, _) => {}
                (_, true) => self.out.end_field(),
                (_, false) => self.put(&Pattern::text(" "), part),
            }
            self.put(word, part);
        }
    }
}

/// Reads a word; `None` if the parser refuses it, or may not be asked.
fn parse(source: &str) -> Option<Vec<WordPieceWithSource>> {
    if !is_parsable(source) {
        return None;
    }
    let options = ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() };
    word::parse(source, &options).ok()
}

/// Returns true if the parser reads a word in time: it follows what opens in an expansion twice, at each level.
pub(super) fn is_parsable(source: &str) -> bool {
    let (mut depth, mut digits, mut before) = (0_usize, 0, 0);
    let counts_digits = source.contains(['~', '{']);
    for byte in source.bytes() {
        match byte {
            b'(' | b'{' | b'[' if depth > 0 || before == b'$' => depth += 1,
            b')' | b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if depth > BRACKETS || (counts_digits && digits > DIGITS) {
            return false;
        }
        before = byte;
    }
    true
}

/// Returns true if a word stands for itself.
pub(super) fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word.len() < LONGEST
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte) || byte >= 0x80)
}

/// Returns the length of the variable name at the start of `text`.
pub(super) fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Returns a script within backquotes as a shell reads it.
fn unescaped(script: &str) -> String {
    let mut text = String::new();
    let mut chars = script.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next @ ('$' | '`' | '\\'))) => {
                chars.next();
                text.push(next);
            }
            _ => text.push(c),
        }
    }
    text
}
