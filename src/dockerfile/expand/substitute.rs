//! `$name` and `${name…}` (`processDollar` and `processName` in BuildKit's `shell/lex.go`).

use super::pattern::{self, Pattern};
use super::{Environment, Lookup, Machine, shown};

impl<E: Environment> Machine<'_, E> {
    /// Like [`dollar`](Self::dollar), within the longest result: what is beyond it is empty, and the result is dropped.
    pub(super) fn bounded_dollar(&mut self) -> Result<String, String> {
        let text = self.dollar()?;
        if let Some(left) = self.left.checked_sub(text.len()) {
            self.left = left;
            return Ok(text);
        }
        self.is_too_long = true;
        Ok(String::new())
    }

    /// `$…` (`processDollar`).
    fn dollar(&mut self) -> Result<String, String> {
        self.input.next();
        if self.input.next_if_eq(&'{').is_none() {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return Ok(self.plain(&name, || format!("${name}")));
        }
        match self.input.peek() {
            None => return Err("syntax error: missing '}'".to_owned()),
            Some('{' | '}' | ':') => return Err("syntax error: bad substitution".to_owned()),
            Some(_) => {}
        }
        let name = self.name();
        match self.input.next() {
            Some('}') => Ok(self.plain(&name, || format!("${{{name}}}"))),
            Some(':') => {
                let modifier = self.input.next();
                self.modified(&name, modifier, true)
            }
            Some(modifier @ ('+' | '-' | '?' | '#' | '%')) => self.modified(&name, Some(modifier), false),
            Some('/') => self.replaced(&name),
            other => Err(format!("unsupported modifier ({}) in substitution", shown(other))),
        }
    }

    /// Returns the unmodified value of a variable.
    fn plain(&mut self, name: &str, unset: impl Fn() -> String) -> String {
        match self.env.lookup(name) {
            Lookup::Set(_) if self.is_too_long => String::new(),
            Lookup::Set(value) => value,
            Lookup::Unset if self.lex.skip_unset_env => unset(),
            Lookup::Unset => String::new(),
            Lookup::Unknown => self.unknown(name),
        }
    }

    /// Returns a placeholder for a part that needs an unknown variable; the whole result will be dropped.
    fn unknown(&mut self, name: &str) -> String {
        self.need(Some(name.to_owned()));
        String::new()
    }

    /// Records that the result depends on this unknown variable.
    fn need(&mut self, name: Option<String>) {
        self.unknown = self.unknown.take().or(name);
    }

    /// Returns the word up to `stop`, and the unknown variable that it depends on. The result itself may not depend
    /// on the word.
    fn nested(
        &mut self,
        stop: char,
        raw_escapes: bool,
        missing: &str,
    ) -> Result<(String, Option<String>), String> {
        let outer = self.unknown.take();
        let result = self.process_until(Some(stop), raw_escapes);
        let unknown = std::mem::replace(&mut self.unknown, outer);
        match result {
            Ok((word, _)) => Ok((word, unknown)),
            Err(_) if self.input.peek().is_none() => Err(missing.to_owned()),
            Err(message) => Err(message),
        }
    }

    /// `${name:-word}` and similar forms, after the modifier.
    fn modified(
        &mut self,
        name: &str,
        modifier: Option<char>,
        null_is_unset: bool,
    ) -> Result<String, String> {
        let colon = if null_is_unset { ":" } else { "" };
        let unsupported = format!("unsupported modifier ({colon}{}) in substitution", shown(modifier));
        let is_pattern = matches!(modifier, Some('#' | '%'));
        if null_is_unset && is_pattern {
            return Err(unsupported);
        }
        let (word, word_unknown) = self.nested('}', is_pattern, "syntax error: missing '}'")?;
        let value = match self.env.lookup(name) {
            Lookup::Unknown => return Ok(self.unknown(name)),
            Lookup::Unset => None,
            Lookup::Set(value) => Some(value),
        };
        if value.is_none() && self.lex.skip_unset_env {
            self.need(word_unknown);
            return Ok(format!("${{{name}{colon}{}{word}}}", shown(modifier)));
        }
        let counts = value.as_deref().is_some_and(|value| !null_is_unset || !value.is_empty());
        match modifier {
            Some('-' | '?') if counts => Ok(value.unwrap_or_default()),
            Some('+') if !counts => Ok(String::new()),
            Some('-' | '+') => {
                self.need(word_unknown);
                Ok(word)
            }
            Some('?') => {
                let state = if value.is_none() { "unset" } else { "empty" };
                let message = if word.is_empty() { format!("is not allowed to be {state}") } else { word };
                Err(format!("{name}: {message}"))
            }
            Some(side @ ('#' | '%')) => {
                self.need(word_unknown);
                let (pattern, greedy) = word.strip_prefix(side).map_or((&*word, false), |word| (word, true));
                let value = value.unwrap_or_default();
                if side == '#' {
                    pattern::trim_prefix(pattern, &value, greedy)
                } else {
                    pattern::trim_suffix(pattern, &value, greedy)
                }
            }
            _ => Err(unsupported),
        }
    }

    /// `${name/pattern/replacement}`, after the first slash.
    fn replaced(&mut self, name: &str) -> Result<String, String> {
        let all = self.input.next_if_eq(&'/').is_some();
        let (pattern, pattern_unknown) = self.nested('/', true, "syntax error: missing '/' in ${}")?;
        let (replacement, replacement_unknown) = self.nested('}', true, "syntax error: missing '}'")?;
        let value = self.env.lookup(name);
        if value == Lookup::Unknown {
            return Ok(self.unknown(name));
        }
        self.need(pattern_unknown);
        self.need(replacement_unknown);
        let value = match value {
            Lookup::Set(value) => value,
            // BuildKit writes one slash here, even if there were two.
            _ if self.lex.skip_unset_env => return Ok(format!("${{{name}/{pattern}/{replacement}}}")),
            _ => String::new(),
        };
        let pattern = Pattern::new(&pattern, true)?;
        Ok(if all {
            pattern.replace_all(&value, &replacement)
        } else {
            pattern.replace(&value, &replacement)
        })
    }

    /// Parses the name of a variable: a number, a special parameter, or letters, digits and `_` (`processName`).
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.input.peek() {
            Some(c) if c.is_ascii_digit() => {
                while let Some(c) = self.input.next_if(char::is_ascii_digit) {
                    name.push(c);
                }
            }
            Some(&c @ ('@' | '*' | '#' | '?' | '-' | '$' | '!')) => {
                self.input.next();
                name.push(c);
            }
            _ => {
                let part = |c: &char| c.is_ascii_digit() || c.is_alphabetic() || *c == '_';
                while let Some(c) = self.input.next_if(part) {
                    name.push(c);
                }
            }
        }
        name
    }
}
