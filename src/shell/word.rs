//! Words of a script, expanded as far as they are known. It never guesses: where an unknown part begins, the rest of the
//! word is cut off.

use brush_parser::ParserOptions;
use brush_parser::word::{self, TildeExpr, WordPiece};

use super::Lookup;
use super::state::{Dialect, State};

/// A word after expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Exactly this argument.
    Literal(String),
    /// A pattern of file names: the paths that match, or the pattern itself.
    Glob(String),
    /// Any number of arguments, perhaps none, that start with this.
    Prefix(String),
}

impl Field {
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Glob(_) | Self::Prefix(_) => None,
        }
    }

    /// Returns the known start.
    pub(crate) fn known(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Glob(text) | Self::Prefix(text) => text,
        }
    }
}

/// The deepest nesting of expansions within a word.
const DEPTH: usize = 8;
/// The longest word, in bytes; a longer one is unknown.
const LONGEST: usize = 64 << 10;
/// The most words that braces become.
const ALTERNATIVES: usize = 64;

/// Expands words, and collects what they do besides.
pub(super) struct Expander<'a> {
    pub(crate) state: &'a State,
    pub(crate) env: &'a dyn Fn(&str) -> Lookup,
    /// The scripts of command substitutions.
    pub(crate) substitutions: Vec<String>,
    /// Variables that the words may assign to.
    pub(crate) assigned: Vec<String>,
    /// Texts that may assign to any variable and run any command that they name.
    pub(crate) wild: Vec<String>,
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

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not whatever the others are")]
pub(super) struct Output {
    fields: Vec<Field>,
    text: String,
    pub(crate) started: bool,
    glob: bool,
    bracket: bool,
    quoted_special: bool,
    unknown: bool,
    /// True if the shell does not expand file names.
    noglob: bool,
}

impl Output {
    fn push(&mut self, c: char, quoted: bool) {
        self.started = true;
        if self.unknown || self.text.len() > LONGEST {
            return self.cut();
        }
        match c {
            '*' | '?' | '[' if quoted => self.quoted_special = true,
            '*' | '?' => self.glob = true,
            '[' => self.bracket = true,
            // A bracket alone is the command `[`.
            ']' => self.glob |= self.bracket,
            _ => {}
        }
        self.text.push(c);
    }

    pub(crate) fn cut(&mut self) {
        self.started = true;
        self.unknown = true;
    }

    fn end_field(&mut self) {
        if self.started {
            let text = std::mem::take(&mut self.text);
            let is_glob = self.glob && !self.noglob;
            // A pattern in which some wildcards are literal is not distinguishable.
            self.fields.push(
                if self.unknown || (is_glob && self.quoted_special) || (self.glob && self.noglob) {
                    let cut = if self.glob { text.find(['*', '?', '[']) } else { None };
                    Field::Prefix(text[..cut.unwrap_or(text.len())].to_owned())
                } else if is_glob {
                    Field::Glob(text)
                } else {
                    Field::Literal(text)
                },
            );
        }
        *self = Self { fields: std::mem::take(&mut self.fields), noglob: self.noglob, ..Self::default() };
    }

    pub(crate) fn push_value(&mut self, value: &str, part: Part, splits: bool) {
        if part != Part::Word {
            self.started = true;
            value.chars().for_each(|c| self.push(c, true));
        } else if !splits || value.contains('\\') {
            // Another IFS; a backslash may quote a wildcard.
            self.cut();
        } else {
            for c in value.chars() {
                if matches!(c, ' ' | '\t' | '\n') { self.end_field() } else { self.push(c, false) }
            }
        }
    }
}

impl Expander<'_> {
    /// Returns the arguments that `word` becomes.
    pub(crate) fn fields(&mut self, word: &str) -> Vec<Field> {
        if is_plain(word) {
            return vec![Field::Literal(word.to_owned())];
        }
        match self.alternatives(word) {
            Some(words) => words.iter().flat_map(|word| self.unbraced(word)).collect(),
            None => self.unbraced(word),
        }
    }

    fn unbraced(&mut self, word: &str) -> Vec<Field> {
        let mut out = Output { noglob: self.state.noglob, ..Output::default() };
        self.text(word, Part::Word, &mut out, 0);
        out.end_field();
        out.fields
    }

    /// Returns the words that braces become: bash alone expands them. A brace that is not read stays and cuts the word.
    fn alternatives(&self, word: &str) -> Option<Vec<String>> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,{}".contains(c);
        if self.state.dialect != Dialect::Bash || !word.contains('{') || !word.chars().all(is_plain) {
            return None;
        }
        let (mut done, mut pending) = (Vec::new(), vec![word.to_owned()]);
        while let Some(word) = pending.pop() {
            let Some(close) = word.find('}') else {
                done.push(word);
                continue;
            };
            let open = word[..close].rfind('{')?;
            let inner = &word[open + 1..close];
            // Nested braces are not counted out.
            let is_nested = word[..open].contains('{');
            if is_nested || !inner.contains(',') || done.len() + pending.len() > ALTERNATIVES {
                return None;
            }
            let with = |text: &str| format!("{}{text}{}", &word[..open], &word[close + 1..]);
            pending.extend(inner.split(',').rev().map(with));
        }
        done.iter().all(|word| !word.is_empty() && !word.contains('{')).then_some(done)
    }

    /// Returns the value of `word` where nothing is split: in an assignment.
    pub(crate) fn value(&mut self, word: &str) -> Lookup {
        if is_plain(word) || word.is_empty() {
            return Lookup::Set(word.to_owned());
        }
        let mut out = Output::default();
        self.text(word, Part::Value, &mut out, 0);
        // A tilde after a colon is expanded, by some shells behind quotes too.
        if out.unknown || word.contains(":~") { Lookup::Unknown } else { Lookup::Set(out.text) }
    }

    /// Collects the substitutions in the body of a heredoc. Returns true if the body stays as it is.
    pub(crate) fn heredoc(&mut self, body: &str) -> bool {
        if !body.contains(['$', '`', '\\']) {
            return true;
        }
        self.aside(body);
        false
    }

    pub(crate) fn text(&mut self, text: &str, part: Part, out: &mut Output, depth: usize) {
        let quoted = format!("\"{text}\"");
        let source = if part == Part::Quoted { &quoted } else { text };
        let options = ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() };
        let pieces = if depth < DEPTH { word::parse(source, &options).ok() } else { None };
        let Some(pieces) = pieces else {
            out.cut();
            return self.aside(text);
        };
        for piece in pieces {
            let raw = source.get(piece.start_index..piece.end_index).unwrap_or(source);
            self.piece(&piece.piece, raw, if part == Part::Quoted { Part::Word } else { part }, out, depth);
        }
    }

    /// Expands one piece of a word. `raw` is its text.
    fn piece(&mut self, piece: &WordPiece, raw: &str, part: Part, out: &mut Output, depth: usize) {
        match piece {
            WordPiece::Text(text) => Self::plain(text, part, out),
            WordPiece::SingleQuotedText(text) => {
                out.started = true;
                text.chars().for_each(|c| out.push(c, true));
            }
            WordPiece::DoubleQuotedSequence(pieces) => {
                out.started = true;
                for piece in pieces {
                    // Offsets within a sequence are those of the whole word.
                    let raw = if is_side_effect(raw) { raw } else { "" };
                    self.piece(&piece.piece, raw, Part::Quoted, out, depth);
                }
            }
            WordPiece::EscapeSequence(text) => {
                let mut chars = text.chars().skip(1);
                match chars.next() {
                    Some('\n') | None => {}
                    Some(c) => out.push(c, true),
                }
            }
            WordPiece::ParameterExpansion(expression) => self.parameter(expression, raw, part, out, depth),
            WordPiece::CommandSubstitution(script) => {
                self.substitutions.push(script.clone());
                out.cut();
            }
            WordPiece::BackquotedCommandSubstitution(script) => {
                self.substitutions.push(unescaped(script));
                out.cut();
            }
            WordPiece::ArithmeticExpression(expression) => {
                out.cut();
                self.arithmetic(&expression.value);
            }
            WordPiece::TildeExpansion(TildeExpr::Home) => match self.lookup("HOME") {
                Lookup::Set(home) => out.push_value(&home, Part::Quoted, true),
                Lookup::Unset | Lookup::Unknown => out.cut(),
            },
            // A home of /etc/passwd, a stack of directories: not followed. ash reads `$'…'`, dash does not.
            WordPiece::TildeExpansion(
                TildeExpr::UserHome(_)
                | TildeExpr::WorkingDir
                | TildeExpr::OldWorkingDir
                | TildeExpr::NthDirFromTopOfDirStack { .. }
                | TildeExpr::NthDirFromBottomOfDirStack { .. },
            )
            | WordPiece::AnsiCQuotedText(_) => out.cut(),
            WordPiece::GettextDoubleQuotedSequence(_) => {
                out.cut();
                self.aside(raw);
            }
        }
    }

    /// Text without quotes around it, or within double quotes.
    fn plain(text: &str, part: Part, out: &mut Output) {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                // `find` takes it; every shell leaves it as it is.
                '{' if chars.peek() == Some(&'}') => {
                    out.push('{', true);
                    out.push('}', true);
                    chars.next();
                }
                // Alternatives and patterns of bash; they stand for themselves elsewhere.
                '{' | '(' if part == Part::Word => out.cut(),
                // A dollar that begins nothing that the parser knows; a shell may know it.
                '$' => out.cut(),
                c => out.push(c, part != Part::Word),
            }
        }
    }

    pub(crate) fn lookup(&self, name: &str) -> Lookup {
        if !self.wild.is_empty() || self.assigned.iter().any(|assigned| assigned == name) {
            return Lookup::Unknown;
        }
        self.state.variable(name, self.env)
    }

    /// Notes what a text that is not read may do: it may assign to any variable, and run its substitutions.
    pub(crate) fn aside(&mut self, raw: &str) {
        if is_side_effect(raw) {
            self.wild.push(raw.to_owned());
        }
    }

    /// Notes that an arithmetic expression may give any variable that it names a value. The value of a variable is an
    /// expression itself, so that one that is not a number makes every variable unknown.
    pub(crate) fn arithmetic(&mut self, expression: &str) {
        if expression.contains(['$', '`', '[', '"', '\'', '\\', '{']) {
            return self.wild.push(expression.to_owned());
        }
        let mut rest = expression;
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let length = name_length(&rest[at..]);
            let name = &rest[at..at + length];
            let is_number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
            match self.state.variable(name, self.env) {
                Lookup::Set(value) if is_number(&value) => {}
                Lookup::Unset => {}
                _ => self.wild.push(expression.to_owned()),
            }
            self.assigned.push(name.to_owned());
            rest = &rest[at + length..];
        }
    }
}

/// Returns true if expanding a text may do more than give a value.
fn is_side_effect(raw: &str) -> bool {
    let in_braces =
        raw.contains("${") && (raw.contains(['=', '[', '@']) || raw.contains("++") || raw.contains("--"));
    in_braces || raw.contains('`') || ["$(", "$[", "<(", ">("].iter().any(|start| raw.contains(start))
}

/// Returns true if a word stands for itself.
fn is_plain(word: &str) -> bool {
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
