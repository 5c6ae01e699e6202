//! Word expansion: quotes, escapes and variables (`frontend/dockerfile/shell/lex.go`). It looks up variables, but
//! never knows where their values come from.

mod pattern;
mod substitute;

use std::iter::Peekable;
use std::str::Chars;

use super::go;
use crate::budget::{BYTES, spend};

/// The limit on the nesting of `${a:-${b:-…}}`. BuildKit's only limit is its stack; real files do not reach this one.
const MAX_DEPTH: usize = 100;

/// The longest result of an expansion, in bytes. A longer one is unknown: no path and no owner is that long, and a few
/// lines that repeat a variable make one that fills the memory.
pub(crate) const LONGEST_WORD: usize = 64 << 10;

/// The answer of an [`Environment`] for a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has this value.
    Set(String),
    /// It is not set.
    Unset,
    /// It is unknown.
    Unknown,
}

/// Variables by name (`shell.EnvGetter`).
pub trait Environment {
    /// Returns the value of `name`.
    fn lookup(&self, name: &str) -> Lookup;
}

impl<F: Fn(&str) -> Lookup> Environment for F {
    fn lookup(&self, name: &str) -> Lookup {
        self(name)
    }
}

/// The reason why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// The result depends on a variable whose value is unknown.
    #[error("the value of {name} is unknown")]
    Unknown {
        /// The variable.
        name: String,
    },
    /// The result is longer than [`LONGEST_WORD`].
    #[error("it is longer than {LONGEST_WORD} bytes")]
    TooLong,
    /// BuildKit refuses the word.
    #[error("{message}")]
    Invalid {
        /// BuildKit's message.
        message: String,
    },
}

/// The options for the expansion of words (`shell.Lex`).
///
/// Names of variables are read as BuildKit reads them in ASCII. Beyond ASCII a letter is a character that Unicode
/// calls alphabetic, while Go requires the category L; there are no digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent, and BuildKit's")]
pub struct Lex {
    /// The escape character: `\` or a backtick.
    pub escape_token: char,
    /// Quotes stay in the result.
    pub raw_quotes: bool,
    /// Escape characters stay in the result.
    pub raw_escapes: bool,
    /// Quotes are characters like any other.
    pub skip_process_quotes: bool,
    /// References to variables that are not set stay unchanged.
    pub skip_unset_env: bool,
}

impl Lex {
    /// The usual expansion: quotes and escapes are removed, and variables that are not set are empty (`NewLex`).
    pub fn new(escape_token: char) -> Self {
        Self {
            escape_token,
            raw_quotes: false,
            raw_escapes: false,
            skip_process_quotes: false,
            skip_unset_env: false,
        }
    }

    /// Returns `word` with its variables replaced (`ProcessWord`).
    ///
    /// # Errors
    ///
    /// [`ExpandError::Invalid`] if BuildKit refuses the word, [`ExpandError::Unknown`] if the result depends on a
    /// variable that `env` does not know.
    pub fn word(&self, word: &str, env: &impl Environment) -> Result<String, ExpandError> {
        Ok(self.process(word, env)?.0)
    }

    /// Returns `word` with its variables replaced, split at white space that is not quoted (`ProcessWords`).
    ///
    /// # Errors
    ///
    /// The same as for [`word`](Self::word).
    pub fn words(&self, word: &str, env: &impl Environment) -> Result<Vec<String>, ExpandError> {
        Ok(self.process(word, env)?.1)
    }

    fn process(self, word: &str, env: &impl Environment) -> Result<(String, Vec<String>), ExpandError> {
        let mut machine = Machine {
            lex: self,
            env,
            input: runes(word),
            buffer: String::new(),
            raw_escapes: self.raw_escapes,
            unknown: None,
            depth: 0,
            left: LONGEST_WORD,
            is_too_long: false,
        };
        let result = machine.process_until(None, self.raw_escapes);
        spend((word.len() + LONGEST_WORD - machine.left) / BYTES);
        if machine.is_too_long {
            return Err(ExpandError::TooLong);
        }
        let result = result.map_err(|message| ExpandError::Invalid {
            message: format!("failed to process {}: {message}", go::quote(word)),
        })?;
        machine.unknown.map_or(Ok(result), |name| Err(ExpandError::Unknown { name }))
    }
}

/// Returns the runes of a text as Go's `text/scanner` reads them: without a byte order mark at the start.
fn runes(text: &str) -> Peekable<Chars<'_>> {
    text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable()
}

/// Returns a rune for a message; Go prints the end of the text as U+FFFD.
fn shown(rune: Option<char>) -> char {
    rune.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The words so far (`wordsStruct`). The text of the current one is in [`Machine::buffer`].
#[derive(Default)]
struct Words {
    done: Vec<String>,
    in_word: bool,
}

impl Words {
    fn add_char(&mut self, buffer: &mut String, c: char) {
        if !c.is_whitespace() {
            self.add_raw(buffer, c.encode_utf8(&mut [0; 4]));
        } else if self.in_word && !buffer.is_empty() {
            self.done.push(std::mem::take(buffer));
            self.in_word = false;
        }
    }

    fn add_raw(&mut self, buffer: &mut String, text: &str) {
        buffer.push_str(text);
        self.in_word = true;
    }

    fn finish(mut self, buffer: &mut String) -> Vec<String> {
        if !buffer.is_empty() {
            self.done.push(std::mem::take(buffer));
        }
        self.done
    }
}

/// The state of one expansion (`shellWord`).
struct Machine<'a, E> {
    lex: Lex,
    env: &'a E,
    input: Peekable<Chars<'a>>,
    /// The current word. Nested words share it and begin by emptying it, so that the words of a result lose the text
    /// before a `${…:-…}`, as they do in BuildKit.
    buffer: String,
    raw_escapes: bool,
    /// The first variable that the result needs and that is unknown.
    unknown: Option<String>,
    depth: usize,
    /// The number of bytes that variables may still bring.
    left: usize,
    /// True if they brought more. The result is dropped.
    is_too_long: bool,
}

impl<E: Environment> Machine<'_, E> {
    /// Reads up to `stop`, or to the end (`processStopOn`).
    fn process_until(
        &mut self,
        stop: Option<char>,
        raw_escapes: bool,
    ) -> Result<(String, Vec<String>), String> {
        if self.depth > MAX_DEPTH {
            return Err("substitutions are nested too deeply".to_owned());
        }
        let outer = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        self.depth += 1;
        let result = self.process_runes(stop);
        self.depth -= 1;
        self.raw_escapes = outer;
        result
    }

    fn process_runes(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), String> {
        let mut result = String::new();
        self.buffer.clear();
        let mut words = Words::default();
        while let Some(&c) = self.input.peek() {
            if stop == Some(c) {
                self.input.next();
                return Ok((result, words.finish(&mut self.buffer)));
            }
            let special = match c {
                '$' => Some(self.bounded_dollar()?),
                '<' => Some(self.possible_heredoc()),
                '\'' if !self.lex.skip_process_quotes => Some(self.single_quoted()?),
                '"' if !self.lex.skip_process_quotes => Some(self.double_quoted()?),
                _ => None,
            };
            if let Some(text) = special {
                result.push_str(&text);
                if c == '$' {
                    text.chars().for_each(|c| words.add_char(&mut self.buffer, c));
                } else {
                    words.add_raw(&mut self.buffer, &text);
                }
                continue;
            }
            self.input.next();
            if c != self.lex.escape_token {
                words.add_char(&mut self.buffer, c);
                result.push(c);
                continue;
            }
            if self.raw_escapes {
                words.add_raw(&mut self.buffer, c.encode_utf8(&mut [0; 4]));
                result.push(c);
            }
            let Some(escaped) = self.input.next() else { break };
            words.add_raw(&mut self.buffer, escaped.encode_utf8(&mut [0; 4]));
            result.push(escaped);
        }
        match stop {
            Some(stop) => Err(format!("unexpected end of statement while looking for matching {stop}")),
            None => Ok((result, words.finish(&mut self.buffer))),
        }
    }

    /// `'…'`: the text is literal (`processSingleQuote`).
    fn single_quoted(&mut self) -> Result<String, String> {
        let mut result = String::new();
        let quote = self.input.next().filter(|_| self.lex.raw_quotes);
        result.extend(quote);
        loop {
            match self.input.next() {
                Some('\'') => break,
                Some(c) => result.push(c),
                None => {
                    return Err("unexpected end of statement while looking for matching single-quote".into());
                }
            }
        }
        result.extend(quote);
        Ok(result)
    }

    /// `"…"`: variables are replaced, and `"`, `$` and the escape character can be escaped
    /// (`processDoubleQuote`).
    fn double_quoted(&mut self) -> Result<String, String> {
        let mut result = String::new();
        let quote = self.input.next().filter(|_| self.lex.raw_quotes);
        result.extend(quote);
        loop {
            let c = match self.input.peek() {
                None => {
                    return Err("unexpected end of statement while looking for matching double-quote".into());
                }
                Some('$') => {
                    result.push_str(&self.bounded_dollar()?);
                    continue;
                }
                Some(&c) => c,
            };
            self.input.next();
            if c == '"' {
                result.extend(quote);
                return Ok(result);
            }
            if c != self.lex.escape_token {
                result.push(c);
                continue;
            }
            if self.raw_escapes {
                result.push(c);
            }
            match self.input.peek() {
                None => {}
                Some(&next) if next == '"' || next == '$' || next == self.lex.escape_token => {
                    result.push(next);
                    self.input.next();
                }
                Some(_) => result.push(c),
            }
        }
    }

    /// `<`, or `<<` with the white space after it (`processPossibleHeredoc`).
    fn possible_heredoc(&mut self) -> String {
        self.input.next();
        if self.input.next_if_eq(&'<').is_none() {
            return "<".to_owned();
        }
        let mut result = "<<".to_owned();
        while let Some(space) = self.input.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
            result.push(space);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Lookup {
        match name {
            "v" => Lookup::Set("value".to_owned()),
            "e" => Lookup::Set(String::new()),
            "s" => Lookup::Set("two words".to_owned()),
            "p" => Lookup::Set("/usr/local/bin/tool.tar.gz".to_owned()),
            "1" | "@" => Lookup::Set("special".to_owned()),
            "lost" => Lookup::Unknown,
            _ => Lookup::Unset,
        }
    }

    fn word(text: &str) -> String {
        Lex::new('\\').word(text, &env).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn words(text: &str) -> Vec<String> {
        Lex::new('\\').words(text, &env).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        match Lex::new('\\').word(text, &env) {
            Err(ExpandError::Invalid { message }) => {
                let start = format!("failed to process {}: ", go::quote(text));
                message.strip_prefix(&start).unwrap_or_else(|| panic!("{message}")).to_owned()
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn quotes_and_escapes_go_away() {
        assert_eq!(word(r#"a'b c'"d e"\ f"#), "ab cd e f");
        assert_eq!(word(r#"'$v\'"$v""#), "$v\\value");
        assert_eq!(word(r#""\"\$v\\\n""#), r#""$v\\n"#);
        assert_eq!(word(r"\$v\\"), r"$v\");
        assert_eq!(word(r"a\"), "a");
        assert_eq!(Lex::new('`').word(r"a`$v\`\", &env), Ok(r"a$v\\".to_owned()));
        assert_eq!(word("\u{feff}a"), "a");
    }

    #[test]
    fn variables_are_replaced() {
        assert_eq!(word("$v ${v} $v-$v.x $vx ${vx}"), "value value value-value.x  ");
        assert_eq!(word("$ a$"), "$ a$");
        assert_eq!(word("$1x $@ $12 ${1}"), "specialx special  special");
        assert_eq!(word("${é}$é"), "");
        assert_eq!(word("<$v<<$v"), "<value<<value");
    }

    #[test]
    fn defaults_and_alternatives() {
        assert_eq!(word("${v-a}${v:-a}${v+a}${v:+a}"), "valuevalueaa");
        assert_eq!(word("${e-a}${e:-b}${e+c}${e:+d}"), "bc");
        assert_eq!(word("${u-a}${u:-b}${u+c}${u:+d}"), "ab");
        assert_eq!(word("${u:-${w:-$v}x}"), "valuex");
        assert_eq!(word("${u:-\"a } b\"}"), "a } b");
        assert_eq!(word(r"${u:-\}}"), "}");
        assert_eq!(word("${v?no}${v:?no}${e?no}"), "valuevalue");
    }

    #[test]
    fn demands_are_refused() {
        assert_eq!(refused("${u?}"), "u: is not allowed to be unset");
        assert_eq!(refused("${u:?say $v}"), "u: say value");
        assert_eq!(refused("${e:?}"), "e: is not allowed to be empty");
    }

    #[test]
    fn prefixes_and_suffixes() {
        assert_eq!(word("${p#*/}"), "usr/local/bin/tool.tar.gz");
        assert_eq!(word("${p##*/}"), "tool.tar.gz");
        assert_eq!(word("${p%.*}"), "/usr/local/bin/tool.tar");
        assert_eq!(word("${p%%.*}"), "/usr/local/bin/tool");
        assert_eq!(word("${p%/*}"), "/usr/local/bin");
        assert_eq!(word("${p#x}${u#x}"), "/usr/local/bin/tool.tar.gz");
        assert_eq!(word("${v#?a}${v%%$v}"), "lue");
    }

    #[test]
    fn replacements() {
        assert_eq!(word("${p/\\//-}"), "-usr/local/bin/tool.tar.gz");
        assert_eq!(word("${p//\\//-}"), "-usr-local-bin-tool.tar.gz");
        assert_eq!(word("${p/l*l/L}"), "/usr/L.tar.gz");
        assert_eq!(word("${v/a/$v}"), "vvaluelue");
        assert_eq!(word("${v//[lu]/x}"), "value");
        assert_eq!(word("${v/x/y}${u/x/y}"), "value");
        assert_eq!(word(r"${v/l/\}}"), r"va\}ue");
    }

    #[test]
    fn what_buildkit_refuses() {
        assert_eq!(refused("'a"), "unexpected end of statement while looking for matching single-quote");
        assert_eq!(refused("\"a\\"), "unexpected end of statement while looking for matching double-quote");
        assert_eq!(refused("${"), "syntax error: missing '}'");
        assert_eq!(refused("${v:-a"), "syntax error: missing '}'");
        assert_eq!(refused("${v:"), "syntax error: missing '}'");
        assert_eq!(refused("${v/a"), "syntax error: missing '/' in ${}");
        assert_eq!(refused("${v/a/b"), "syntax error: missing '}'");
        for text in ["${}", "${{v}", "${:-a}"] {
            assert_eq!(refused(text), "syntax error: bad substitution");
        }
        assert_eq!(refused("${v"), "unsupported modifier (\u{fffd}) in substitution");
        assert_eq!(refused("${v!}"), "unsupported modifier (!) in substitution");
        assert_eq!(refused("${v:x}"), "unsupported modifier (:x) in substitution");
        assert_eq!(refused("${v:#a}"), "unsupported modifier (:#) in substitution");
        assert_eq!(refused("${v#\\a}"), "invalid pattern (\\a) in substitution: invalid escape '\\a'");
        assert_eq!(refused(&"${u:-".repeat(200)), "substitutions are nested too deeply");
    }

    #[test]
    fn words_fall_apart_where_nothing_quotes() {
        assert_eq!(words(" a  $s 'b c' \"$s\" \\ d"), ["a", "two", "words", "b c", "two words", " d"]);
        assert_eq!(words("$e"), Vec::<String>::new());
        assert_eq!(words("<< \tEOF a"), ["<< \tEOF", "a"]);
        assert_eq!(words("''"), Vec::<String>::new());
    }

    #[test]
    fn a_nested_word_empties_the_word_before_it() {
        assert_eq!(words("a${v:-b}c"), ["valuec"]);
        assert_eq!(word("a${v:-b}c"), "avaluec");
    }

    #[test]
    fn options_keep_what_they_name() {
        let raw = Lex { raw_quotes: true, raw_escapes: true, skip_unset_env: true, ..Lex::new('\\') };
        let text = r#"'a' "b\"c" \d $u ${u} ${u:-x y} ${u#z} ${u//a/b} $v"#;
        assert_eq!(
            raw.word(text, &env),
            Ok(r#"'a' "b\"c" \d $u ${u} ${u:-x y} ${u#z} ${u/a/b} value"#.to_owned())
        );
        // A character that needs no escape in double quotes then has its escape character twice.
        assert_eq!(raw.word(r#""\n""#, &env), Ok(r#""\\n""#.to_owned()));
        let plain = Lex { skip_process_quotes: true, ..Lex::new('\\') };
        assert_eq!(plain.word("it's $v\"", &env), Ok("it's value\"".to_owned()));
    }

    #[test]
    fn the_unknown_matters_only_where_it_is_needed() {
        let lex = Lex::new('\\');
        let unknown = Err(ExpandError::Unknown { name: "lost".to_owned() });
        for text in [
            "$lost",
            "a${lost}b",
            "${lost:-a}",
            "${lost+a}",
            "${lost?}",
            "${lost:?}",
            "${lost#a}",
            "${lost/a/b}",
            "${u:-$lost}",
            "${v:+\"$lost\"}",
            "${v#$lost}",
            "${v/$lost/a}",
            "${v/a/$lost}",
        ] {
            assert_eq!(lex.word(text, &env), unknown, "{text}");
        }
        for text in ["${v:-$lost}", "${v?$lost}", "'$lost'value", "${u+$lost}value", "${e:+$lost}value"] {
            assert_eq!(word(text).trim_start_matches("$lost"), "value", "{text}");
        }
        assert_eq!(refused("$lost${"), "syntax error: missing '}'");
    }
}
