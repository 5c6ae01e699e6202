//! Words of a script, expanded as far as they are known. It never guesses: where an unknown part begins, the rest
//! of the word is cut off.

use super::Lookup;
use super::state::State;

/// What a word becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Exactly this argument.
    Literal(String),
    /// A pathname pattern: the paths that match.
    Glob(String),
    /// Any number of arguments, none included, that start with this.
    Prefix(String),
}

impl Field {
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }

    /// What is known of it, from its start.
    pub(crate) fn known(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Glob(text) | Self::Prefix(text) => text,
        }
    }
}

/// How deep expansions may nest within a word.
const DEPTH: usize = 16;

/// Expands words, and collects the scripts of the command substitutions within them.
pub(super) struct Expander<'a> {
    pub(crate) state: &'a State,
    pub(crate) env: &'a dyn Fn(&str) -> Lookup,
    pub(crate) substitutions: Vec<String>,
    /// Variables to which the words may assign.
    pub(crate) assigned: Vec<String>,
}

/// What is special within a part of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Quotes, wildcards and blanks of values.
    Word,
    /// Quotes alone: the right side of an assignment.
    Value,
    /// Neither: within double quotes.
    Quoted,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not whatever the others are")]
struct Word {
    fields: Vec<Field>,
    text: String,
    started: bool,
    glob: bool,
    bracket: bool,
    quoted_special: bool,
    unknown: bool,
}

impl Word {
    fn push(&mut self, c: char, quoted: bool) {
        self.started = true;
        if self.unknown {
            return;
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

    fn cut(&mut self) {
        self.started = true;
        self.unknown = true;
    }

    fn end_field(&mut self) {
        if self.started {
            let text = std::mem::take(&mut self.text);
            // A pattern in which some wildcards are literal cannot be told apart by whoever reads it.
            let mixed = self.glob && self.quoted_special;
            self.fields.push(if self.unknown || mixed {
                let cut =
                    if self.glob { text.find(['*', '?', '[']).unwrap_or(text.len()) } else { text.len() };
                Field::Prefix(text[..cut].to_owned())
            } else if self.glob {
                Field::Glob(text)
            } else {
                Field::Literal(text)
            });
        }
        *self = Self { fields: std::mem::take(&mut self.fields), ..Self::default() };
    }

    fn push_value(&mut self, value: &str, quoted: bool, splits: bool) {
        if quoted {
            self.started = true;
            value.chars().for_each(|c| self.push(c, true));
        } else if !splits {
            self.cut();
        } else {
            for c in value.chars() {
                if matches!(c, ' ' | '\t' | '\n') { self.end_field() } else { self.push(c, false) }
            }
        }
    }
}

impl Expander<'_> {
    /// The arguments that `word` becomes.
    pub(crate) fn fields(&mut self, word: &str) -> Vec<Field> {
        if is_plain(word) {
            return vec![Field::Literal(word.to_owned())];
        }
        let mut out = Word::default();
        self.scan(word, Part::Word, &mut out, 0);
        out.end_field();
        out.fields
    }

    /// The value of `word` where nothing is split: in an assignment.
    pub(crate) fn value(&mut self, word: &str) -> Lookup {
        if is_plain(word) {
            return Lookup::Set(word.to_owned());
        }
        let mut out = Word::default();
        self.scan(word, Part::Value, &mut out, 0);
        if out.unknown || word.contains(":~") { Lookup::Unknown } else { Lookup::Set(out.text) }
    }

    /// Collects the substitutions in the body of a heredoc.
    pub(crate) fn substitutions_of(&mut self, body: &str) {
        self.scan(body, Part::Quoted, &mut Word::default(), 0);
    }

    fn scan(&mut self, text: &str, part: Part, out: &mut Word, depth: usize) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '\\' => escape(after, part, out),
                '\'' if part != Part::Quoted => {
                    out.started = true;
                    let (inner, after) = after.split_once('\'').unwrap_or((after, ""));
                    inner.chars().for_each(|c| out.push(c, true));
                    after
                }
                '"' if part != Part::Quoted => {
                    out.started = true;
                    let (inner, after) = after.split_at(end_of_quoted(after));
                    self.scan(inner, Part::Quoted, out, depth + 1);
                    after.get(1..).unwrap_or("")
                }
                '$' => self.dollar(after, part, out, depth),
                '`' => {
                    let (inner, after) = split_backquoted(after);
                    self.substitutions.push(inner);
                    out.cut();
                    after
                }
                '~' if part != Part::Quoted && rest.len() == text.len() && depth == 0 => {
                    match self.state.variable("HOME", self.env) {
                        Lookup::Set(home) if after.is_empty() || after.starts_with('/') => {
                            out.push_value(&home, true, true);
                        }
                        _ => out.cut(),
                    }
                    after
                }
                // `find` takes it; no shell reads it as anything else.
                '{' if after.starts_with('}') => {
                    out.push('{', true);
                    out.push('}', true);
                    &after[1..]
                }
                // Alternatives in braces, and patterns in parentheses, are read by bash alone; elsewhere they
                // stand for themselves. What comes before them holds in both.
                '{' | '(' if part == Part::Word => {
                    out.cut();
                    after
                }
                c => {
                    out.push(c, part != Part::Word);
                    after
                }
            };
        }
    }

    /// Reads what follows a `$` and returns the rest.
    fn dollar<'t>(&mut self, after: &'t str, part: Part, out: &mut Word, depth: usize) -> &'t str {
        if let Some(inner) = after.strip_prefix("((") {
            out.cut();
            let (expression, rest) = split_nested(inner, '(', ')', 2).unwrap_or((inner, ""));
            self.arithmetic(expression, depth);
            return rest;
        }
        if let Some(inner) = after.strip_prefix('(') {
            out.cut();
            // A pattern of `case` closes a bracket that nothing opened, so the end is further on than it seems.
            let (script, rest) = split_nested(inner, '(', ')', 1)
                .filter(|(script, _)| !script.contains("case"))
                .or_else(|| inner.rsplit_once(')').map(|(script, _)| (script, "")))
                .unwrap_or((inner, ""));
            self.substitutions.push(script.to_owned());
            return rest;
        }
        if let Some(inner) = after.strip_prefix('{') {
            let Some((expression, rest)) = split_nested(inner, '{', '}', 1) else {
                out.cut();
                return "";
            };
            // Whether a single quote quotes within `"${…}"` is a matter of dialect.
            if part == Part::Quoted && expression.contains('\'') {
                out.cut();
                self.arithmetic(expression, depth);
            } else {
                self.parameter(expression, part, out, depth);
            }
            return rest;
        }
        let length = name_length(after);
        if length > 0 {
            self.variable(&after[..length], part, out);
            return &after[length..];
        }
        match after.chars().next() {
            // `BusyBox` and bash read `$'…'` otherwise than dash.
            Some('\'' | '"') if part != Part::Quoted => {
                out.cut();
                after
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                out.cut();
                &after[1..]
            }
            _ => {
                out.push('$', true);
                after
            }
        }
    }

    fn lookup(&self, name: &str) -> Lookup {
        if self.assigned.iter().any(|assigned| assigned == name) {
            return Lookup::Unknown;
        }
        self.state.variable(name, self.env)
    }

    /// Notes that every variable that an arithmetic expression names may get a value, and collects the
    /// substitutions in it.
    pub(crate) fn arithmetic(&mut self, expression: &str, depth: usize) {
        let mut rest = expression;
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let length = name_length(&rest[at..]);
            self.assigned.push(rest[at..at + length].to_owned());
            rest = &rest[at + length..];
        }
        if depth < DEPTH {
            self.scan(expression, Part::Quoted, &mut Word::default(), depth + 1);
        }
    }

    fn variable(&mut self, name: &str, part: Part, out: &mut Word) {
        match self.lookup(name) {
            Lookup::Set(value) => out.push_value(&value, part != Part::Word, self.state.splits_plainly()),
            Lookup::Unset => out.started |= part != Part::Word,
            Lookup::Unknown => out.cut(),
        }
    }

    /// What stands within `${…}`.
    fn parameter(&mut self, inner: &str, part: Part, out: &mut Word, depth: usize) {
        let (name, operator) = inner.split_at(name_length(inner));
        if operator.is_empty() && !name.is_empty() {
            return self.variable(name, part, out);
        }
        let (colon, after) = operator.strip_prefix(':').map_or((false, operator), |rest| (true, rest));
        let set = match self.lookup(name) {
            Lookup::Set(value) => Some(!(colon && value.is_empty())),
            Lookup::Unset => Some(false),
            Lookup::Unknown => None,
        };
        let mut chars = after.chars();
        match (chars.next(), set) {
            _ if name.is_empty() || depth >= DEPTH => {}
            (Some('-' | '=' | '?'), Some(true)) => return self.variable(name, part, out),
            (Some('-'), Some(false)) | (Some('+'), Some(true)) => {
                return self.scan(chars.as_str(), part, out, depth + 1);
            }
            (Some('+'), Some(false)) => {
                out.started |= part != Part::Word;
                return;
            }
            _ => {}
        }
        out.cut();
        // An assignment, an index or an offset may assign, and commands in it may run.
        self.arithmetic(inner, depth);
    }
}

/// Returns true if a word stands for itself.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte) || byte >= 0x80)
}

/// The length of the variable name at the start of `text`.
pub(super) fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn escape<'t>(after: &'t str, part: Part, out: &mut Word) -> &'t str {
    let Some(c) = after.chars().next() else {
        out.push('\\', true);
        return after;
    };
    match c {
        '\n' => {}
        c if part != Part::Quoted || "$`\"\\".contains(c) => out.push(c, true),
        c => {
            out.push('\\', true);
            out.push(c, true);
        }
    }
    &after[c.len_utf8()..]
}

/// Where the double quote that was opened before `text` closes.
pub(super) fn end_of_quoted(text: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        at = match c {
            '"' => return at,
            '\\' => next + text[next..].chars().next().map_or(0, char::len_utf8),
            '$' if text[next..].starts_with('(') => {
                text.len() - rest_after(&text[next + 1..], '(', ')').len()
            }
            '$' if text[next..].starts_with('{') => {
                text.len() - rest_after(&text[next + 1..], '{', '}').len()
            }
            '`' => text.len() - split_backquoted(&text[next..]).1.len(),
            _ => next,
        };
    }
    text.len()
}

fn rest_after(text: &str, open: char, close: char) -> &str {
    split_nested(text, open, close, 1).map_or("", |(_, rest)| rest)
}

/// What stands before and after the bracket that closes `depth` open ones. Quotes hide brackets.
pub(super) fn split_nested(text: &str, open: char, close: char, mut depth: usize) -> Option<(&str, &str)> {
    let mut chars = text.char_indices();
    let mut double = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '\'' if !double => {
                chars.by_ref().find(|(_, c)| *c == '\'');
            }
            '"' => double = !double,
            c if c == open && !double => depth += 1,
            c if c == close && !double => {
                depth -= 1;
                if depth == 0 {
                    return Some((&text[..at], &text[at + c.len_utf8()..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// The script within backquotes and what follows them.
pub(super) fn split_backquoted(text: &str) -> (String, &str) {
    let mut script = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '`' => return (script, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, c @ ('$' | '`' | '\\'))) => script.push(c),
                Some((_, c)) => script.extend(['\\', c]),
                None => {}
            },
            c => script.push(c),
        }
    }
    (script, "")
}

#[cfg(test)]
mod tests {
    use super::super::User;
    use super::*;

    fn env(name: &str) -> Lookup {
        match name {
            "A" => Lookup::Set("x".into()),
            "TWO" => Lookup::Set("a b".into()),
            "EMPTY" => Lookup::Set(String::new()),
            "NONE" => Lookup::Unset,
            _ => Lookup::Unknown,
        }
    }

    fn expand(word: &str) -> (Vec<Field>, Vec<String>) {
        let state = State::new(Some("/w"), User::Root);
        let mut expander =
            Expander { state: &state, env: &env, substitutions: Vec::new(), assigned: Vec::new() };
        let fields = expander.fields(word);
        (fields, expander.substitutions)
    }

    #[test]
    fn words_become_fields() {
        let literal = |text: &str| Field::Literal(text.into());
        let prefix = |text: &str| Field::Prefix(text.into());
        for (word, want) in [
            ("a", vec![literal("a")]),
            ("'a b'\"c\"", vec![literal("a bc")]),
            ("/$A/${A}y", vec![literal("/x/xy")]),
            ("$TWO", vec![literal("a"), literal("b")]),
            ("\"$TWO\"", vec![literal("a b")]),
            ("$NONE", vec![]),
            ("\"$NONE\"/x", vec![literal("/x")]),
            ("\"\"", vec![literal("")]),
            ("/a/$UNKNOWN/b", vec![prefix("/a/")]),
            ("${NONE:-d$A}", vec![literal("dx")]),
            ("${EMPTY:-d}", vec![literal("d")]),
            ("\"${EMPTY-d}\"", vec![literal("")]),
            ("${A:+y}", vec![literal("y")]),
            ("${A%x}", vec![prefix("")]),
            ("/a/*", vec![Field::Glob("/a/*".into())]),
            ("'*'", vec![literal("*")]),
            ("/a/*'?'", vec![prefix("/a/")]),
            ("~/x", vec![prefix("")]),
            ("\"~\"", vec![literal("~")]),
            ("/a/{b,c}", vec![prefix("/a/")]),
            ("{}", vec![literal("{}")]),
            ("a\\ b", vec![literal("a b")]),
            ("$1", vec![prefix("")]),
            ("$PWD/x", vec![literal("/w/x")]),
            ("a$", vec![literal("a$")]),
        ] {
            assert_eq!(expand(word).0, want, "{word}");
        }
    }

    #[test]
    fn substitutions_are_collected() {
        for (word, want) in [
            ("/a/$(mkdir /x)/b", vec!["mkdir /x"]),
            ("\"a$(b \"c)\" $(d))\"e", vec!["b \"c)\" $(d)"]),
            ("`a \\`b\\``", vec!["a `b`"]),
            ("$((1+2))", vec![]),
        ] {
            let (fields, scripts) = expand(word);
            assert_eq!(scripts, want, "{word}");
            assert!(matches!(fields[..], [Field::Prefix(_)]), "{word}: {fields:?}");
        }
    }

    #[test]
    fn hostile_words_end() {
        for open in ["${A:-", "\"", "$(", "`", "$((", "{"] {
            expand(&open.repeat(2_000));
        }
    }
}
