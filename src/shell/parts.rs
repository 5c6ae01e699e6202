//! The parts of a simple command, as the parser divides it. Nothing here is expanded.

use brush_parser::ast::{
    Assignment, CommandPrefixOrSuffixItem as Item, IoRedirect, SimpleCommand, SubshellCommand, Word,
};

/// The parts of a simple command.
#[derive(Default)]
pub(super) struct Parts<'c> {
    /// The assignments before the command.
    pub(crate) assignments: Vec<&'c Assignment>,
    /// The command and its arguments.
    pub(crate) words: Vec<CommandWord<'c>>,
    /// The redirections.
    pub(crate) redirects: Vec<&'c IoRedirect>,
}

/// A word of a command.
#[derive(Clone, Copy)]
pub(super) enum CommandWord<'c> {
    /// Any word.
    Plain(&'c Word),
    /// An assignment after the command's name, which is a word except for a declaration.
    Assignment(&'c Assignment, &'c Word),
    /// `<(…)` or `>(…)`.
    Process(&'c SubshellCommand),
}

impl<'c> CommandWord<'c> {
    /// Returns the text that is expanded.
    pub(crate) fn word(self) -> Option<&'c Word> {
        match self {
            Self::Plain(word) | Self::Assignment(_, word) => Some(word),
            Self::Process(_) => None,
        }
    }
}

impl<'c> Parts<'c> {
    /// Divides a command.
    pub(crate) fn of(simple: &'c SimpleCommand) -> Self {
        let mut parts = Self::default();
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                Item::AssignmentWord(assignment, _) => parts.assignments.push(assignment),
                item => parts.item(item),
            }
        }
        parts.words.extend(simple.word_or_name.iter().map(CommandWord::Plain));
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            parts.item(item);
        }
        parts
    }

    fn item(&mut self, item: &'c Item) {
        match item {
            Item::AssignmentWord(assignment, word) => {
                self.words.push(CommandWord::Assignment(assignment, word));
            }
            Item::Word(word) => self.words.push(CommandWord::Plain(word)),
            Item::IoRedirect(redirect) => self.redirects.push(redirect),
            Item::ProcessSubstitution(_, list) => self.words.push(CommandWord::Process(list)),
        }
    }
}
