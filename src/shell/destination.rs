//! The directory to which `cd` and `pushd` go.

use super::wrapped::Argument;

/// The directory that the words of `cd` name.
pub(super) struct Destination<'a, A> {
    pub(crate) directory: Directory<'a, A>,
    /// True if it follows links, so that `..` leads from where they lead.
    pub(crate) is_physical: bool,
}

/// A directory as a word names it.
pub(super) enum Directory<'a, A> {
    /// The directory in `HOME`: there is no word.
    Home,
    /// The directory in `OLDPWD`: `-`.
    Last,
    /// The directory that a word names.
    To(&'a A),
    /// Too many words, or an option that is not followed.
    Unclear,
}

/// Reads the words of `cd`.
pub(super) fn destination<A: Argument>(args: &[A]) -> Destination<'_, A> {
    let is_physical = args.iter().any(|word| word.start() == "-P");
    let mut words = args.iter().filter(|word| !matches!(word.start(), "-P" | "-L" | "--"));
    let directory = match (words.next(), words.next()) {
        (None, _) => Directory::Home,
        (Some(word), None) if word.literal() == Some("-") => Directory::Last,
        (Some(word), None) if !word.start().starts_with('-') => Directory::To(word),
        _ => Directory::Unclear,
    };
    Destination { directory, is_physical }
}
