//! A line of a list: its bullet, its box, its text, and the state that a report wrote behind it.

use crate::discover::STATE;
use crate::text::cut;

/// A line of a list, or one that becomes a line of a list.
pub(super) struct Item<'a> {
    /// Whitespace, the signs of quotes, and the bullet or number, with the space after it.
    sign: &'a str,
    /// True if it has a bullet or a number.
    pub(super) has_bullet: bool,
    /// True if its box is ticked.
    pub(super) is_ticked: bool,
    /// The text that people wrote, without box and state.
    pub(super) text: &'a str,
    /// The state that was written behind it.
    pub(super) state: Option<&'a str>,
    /// Trailing whitespace.
    end: &'a str,
}

impl<'a> Item<'a> {
    pub(super) fn read(line: &'a str) -> Self {
        let without_end = line.trim_end();
        let end = cut::from(line, without_end.len());
        let marked = without_end.strip_suffix(STATE.1).and_then(|inner| inner.rsplit_once(STATE.0));
        let (text, state) = match marked {
            Some((text, state)) => (text.trim_end(), Some(state)),
            None => (without_end, None),
        };
        let (sign, mut text) = text.split_at(sign(text));
        let has_bullet = !sign.trim_matches(['>', ' ', '\t']).is_empty();
        let mut is_ticked = false;
        for (signs, ticks) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)] {
            if let Some(rest) = text.strip_prefix(signs).filter(|_| has_bullet) {
                text = rest.trim_start();
                is_ticked = ticks;
                break;
            }
        }
        Self { sign, has_bullet, is_ticked, text, state, end }
    }

    /// Returns true if it has this state.
    pub(super) fn says(&self, state: &str) -> bool {
        self.state.and_then(|own| own.strip_prefix("\u{2013} ")) == Some(state)
    }

    /// Returns the line with a box and a state.
    pub(super) fn with(&self, is_ticked: bool, state: Option<&str>) -> String {
        let bullet = if self.has_bullet { "" } else { "- " };
        let mark = if is_ticked { "x" } else { " " };
        let (begin, end) = STATE;
        let state = state.map(|state| format!(" {begin}\u{2013} {state}{end}")).unwrap_or_default();
        format!("{}{bullet}[{mark}] {}{state}{}", self.sign, self.text, self.end)
    }
}

/// Returns the length of the signs of quotes and of a bullet or a number, with the whitespace around them.
fn sign(line: &str) -> usize {
    let rest = line.trim_start_matches(['>', ' ', '\t']);
    let (digits, after) = cut::digits(rest);
    let signs: &[char] = if digits.is_empty() { &['-', '*', '+'] } else { &['.', ')'] };
    let behind =
        after.strip_prefix(signs).filter(|behind| behind.starts_with([' ', '\t']) && digits.len() < 10);
    let text = behind.map_or(rest, str::trim_start);
    line.len() - text.len()
}
