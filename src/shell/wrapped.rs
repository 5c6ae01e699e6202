//! The words of commands that run other commands: wrappers of the grammar, and shells. It never runs anything.

use super::field::Field;
use super::grammar::variable::{Role, role};
use super::grammar::wrapper::Wrapper;
use super::parts::CommandWord;
use super::request::{Options, options};
use super::word::{is_plain, name_length};
use crate::text::cut;
use crate::text::pattern::{Part, Pattern};

/// A word of a command, as far as it is known.
pub(super) trait Argument {
    /// Returns the word if all of it is known.
    fn literal(&self) -> Option<&str>;

    /// Returns the known start.
    fn start(&self) -> &str;
}

impl Argument for Field {
    fn literal(&self) -> Option<&str> {
        self.literal()
    }

    fn start(&self) -> &str {
        self.known()
    }
}

impl Argument for Pattern {
    fn literal(&self) -> Option<&str> {
        self.known()
    }

    fn start(&self) -> &str {
        match self.parts().first() {
            Some(Part::Text(text)) => text,
            Some(Part::Hole(_)) | None => "",
        }
    }
}

/// A word as it is written is known where it stands for itself.
impl Argument for CommandWord<'_> {
    fn literal(&self) -> Option<&str> {
        self.word().map(|word| word.value.as_str()).filter(|word| is_plain(word))
    }

    fn start(&self) -> &str {
        self.literal().unwrap_or("")
    }
}

/// The inner command of a wrapper.
pub(super) struct Wrapped<'a, A> {
    /// Its words; none if there is no inner command.
    pub(crate) words: &'a [A],
    /// True if it runs exactly as it is written.
    pub(crate) is_exact: bool,
    /// The variables that it is given.
    pub(crate) assigned: Vec<&'a str>,
}

/// Returns the inner command of a wrapper with these arguments.
pub(super) fn wrapped<'a, A: Argument>(wrapper: &Wrapper, args: &'a [A]) -> Wrapped<'a, A> {
    let mut wrapped = Wrapped { words: args, is_exact: true, assigned: Vec::new() };
    let mut operands = wrapper.operands;
    while let Some((field, after)) = wrapped.words.split_first() {
        let word = field.start();
        wrapped.is_exact &= field.literal().is_some() || operands == 0;
        if word == "--" {
            wrapped.words = after;
        } else if let Some(long) = word.strip_prefix("--") {
            wrapped.is_exact = false;
            wrapped.words = &after[after.len().min(usize::from(wrapper.long.contains(&long)))..];
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let (is_known, takes_next) = short(wrapper, letters);
            wrapped.is_exact &= is_known;
            wrapped.words = &after[after.len().min(usize::from(takes_next))..];
        } else if operands > 0 {
            operands -= 1;
            wrapped.words = after;
        } else if wrapper.assigns && word.contains('=') {
            let name = cut::before(word, name_length(word));
            wrapped.is_exact &= role(name) != Role::Steers && !name.is_empty();
            wrapped.assigned.push(name);
            wrapped.words = after;
        } else {
            break;
        }
    }
    wrapped
}

/// Returns true if the inner command does the same with these short options, and true if the next word is the value of the
/// last one.
fn short(wrapper: &Wrapper, letters: &str) -> (bool, bool) {
    let mut is_known = true;
    for (at, letter) in letters.char_indices() {
        let listed = wrapper.certain.split_once(letter).filter(|_| letter != ':');
        is_known &= listed.is_some();
        let takes = listed.is_some_and(|(_, after)| after.starts_with(':'));
        if takes || wrapper.valued.contains(letter) {
            return (is_known, at + letter.len_utf8() == letters.len());
        }
    }
    (is_known, false)
}

/// A call of a shell.
pub(super) struct ShellCall<'a, A> {
    /// Its options. Others than those of `set` make it a login shell or an interactive one, or name a startup file.
    pub(crate) options: Options<'a, A>,
    /// The script of `-c`, or the file; `None`: the standard input.
    pub(crate) operand: Option<&'a A>,
    /// `-c`.
    pub(crate) is_command: bool,
}

/// Reads the arguments of a shell; `None` if one of its options is not known.
pub(super) fn shell_call<A: Argument>(args: &[A]) -> Option<ShellCall<'_, A>> {
    let mut options = options(args);
    let is_command = options.others.contains('c');
    options.others.retain(|letter| !matches!(letter, 'c' | 's'));
    let operand = options.rest.and_then(<[A]>::first);
    (!options.others.contains('?')).then_some(ShellCall { options, operand, is_command })
}
