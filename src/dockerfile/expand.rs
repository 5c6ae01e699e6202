//! Word expansion: quotes, escapes and variables (`frontend/dockerfile/shell/lex.go`). It looks variables up
//! and never knows where their values come from.

mod pattern;
mod substitute;

use std::iter::Peekable;
use std::str::Chars;

use super::go;

/// How deep `${a:-${b:-…}}` may nest. BuildKit has no limit but its stack; nobody writes this.
const MAX_DEPTH: usize = 100;

/// What an [`Environment`] says of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has this value.
    Set(String),
    /// It is not set.
    Unset,
    /// Nobody can say.
    Unknown,
}

/// Variables by name (`shell.EnvGetter`).
pub trait Environment {
    /// The value of `name`.
    fn lookup(&self, name: &str) -> Lookup;
}

impl<F: Fn(&str) -> Lookup> Environment for F {
    fn lookup(&self, name: &str) -> Lookup {
        self(name)
    }
}

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// The result depends on a variable whose value is unknown.
    #[error("the value of {name} is not known")]
    Unknown {
        /// The variable.
        name: String,
    },
    /// BuildKit refuses the word.
    #[error("{message}")]
    Invalid {
        /// The message, in BuildKit's words.
        message: String,
    },
}

/// How to expand words (`shell.Lex`).
///
/// Names of variables are read as BuildKit reads them in ASCII. Beyond it a letter is what Unicode calls
/// alphabetic, where Go asks for the category L; there is no digit.
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
    /// References to variables that are not set stay as they are.
    pub skip_unset_env: bool,
}

impl Lex {
    /// The usual expansion: quotes and escapes go away, and what is not set is empty (`NewLex`).
    pub fn new(escape_token: char) -> Self {
        Self {
            escape_token,
            raw_quotes: false,
            raw_escapes: false,
            skip_process_quotes: false,
            skip_unset_env: false,
        }
    }

    /// `word` with its variables replaced (`ProcessWord`).
    ///
    /// # Errors
    ///
    /// [`ExpandError::Invalid`] for what BuildKit refuses, [`ExpandError::Unknown`] if the result depends on
    /// a variable that `env` does not know.
    pub fn word(&self, word: &str, env: &impl Environment) -> Result<String, ExpandError> {
        Ok(self.process(word, env)?.0)
    }

    /// `word` with its variables replaced, split at white space that is not quoted (`ProcessWords`).
    ///
    /// # Errors
    ///
    /// As [`word`](Self::word).
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
        };
        let result = machine.process_until(None, self.raw_escapes);
        let result = result.map_err(|message| ExpandError::Invalid {
            message: format!("failed to process {}: {message}", go::quote(word)),
        })?;
        machine.unknown.map_or(Ok(result), |name| Err(ExpandError::Unknown { name }))
    }
}

/// The runes of a text as Go's `text/scanner` reads them: without a byte order mark at the start.
fn runes(text: &str) -> Peekable<Chars<'_>> {
    text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable()
}

/// A rune of a message; Go prints the end of the text as U+FFFD.
fn shown(rune: Option<char>) -> char {
    rune.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Words as they are gathered (`wordsStruct`). The text of the current one stands in [`Machine::buffer`].
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
    /// The current word. Nested words share it and begin by emptying it, so that the words of a result lose
    /// what stood before a `${…:-…}`, as they do in BuildKit.
    buffer: String,
    raw_escapes: bool,
    /// The first variable that the result needs and that is unknown.
    unknown: Option<String>,
    depth: usize,
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
                '$' => Some(self.dollar()?),
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

    /// `'…'`: all as it is (`processSingleQuote`).
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
                    result.push_str(&self.dollar()?);
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

    /// `<`, or `<<` with the white space behind it (`processPossibleHeredoc`).
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
