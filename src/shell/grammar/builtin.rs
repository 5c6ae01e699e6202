//! The builtins of dash, `BusyBox` ash and bash, by their effect on the shell. A name that is not listed is a program,
//! which cannot change the shell.

/// The effect of a builtin on the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// It prints, tests or does nothing.
    Reads,
    /// `cd`.
    ChangesDirectory,
    /// `pushd`.
    PushesDirectory,
    /// `popd`.
    PopsDirectory,
    /// `dirs`.
    ListsDirectories,
    /// `set`.
    SetsOptions,
    /// `umask`.
    SetsUmask,
    /// It takes variables or functions away.
    Unsets,
    /// It gives variables that its words name values that are not known.
    Assigns,
    /// Its words are assignments.
    Declares,
    /// `exit`.
    Exits,
    /// `return`.
    Returns,
    /// `break`.
    Breaks,
    /// `continue`.
    Continues,
    /// `shift`.
    Shifts,
    /// `.` and `source`.
    Sources,
    /// `eval`.
    Evaluates,
    /// `trap`.
    Traps,
    /// `command`, `builtin`, `exec`: it runs its words as a command in this shell.
    Runs,
    /// It waits for commands in the background, or lists them.
    Waits,
    /// It changes the shell in a way that is not followed: what comes later is uncertain.
    Changes,
}

/// Each builtin with its effect. Where only some of the shells have one, the others look for a program of that name.
const TABLE: &[(&str, Builtin)] = &[
    (".", Builtin::Sources),
    (":", Builtin::Reads),
    ("[", Builtin::Reads),
    ("alias", Builtin::Changes),
    ("bg", Builtin::Waits),
    ("bind", Builtin::Changes),
    ("break", Builtin::Breaks),
    ("builtin", Builtin::Runs),
    ("caller", Builtin::Reads),
    ("cd", Builtin::ChangesDirectory),
    ("chdir", Builtin::ChangesDirectory),
    ("command", Builtin::Runs),
    ("compgen", Builtin::Changes),
    ("complete", Builtin::Changes),
    ("compopt", Builtin::Changes),
    ("continue", Builtin::Continues),
    ("declare", Builtin::Declares),
    ("dirs", Builtin::ListsDirectories),
    ("disown", Builtin::Waits),
    ("echo", Builtin::Reads),
    ("enable", Builtin::Changes),
    ("eval", Builtin::Evaluates),
    ("exec", Builtin::Runs),
    ("exit", Builtin::Exits),
    ("export", Builtin::Declares),
    ("false", Builtin::Reads),
    ("fc", Builtin::Changes),
    ("fg", Builtin::Waits),
    ("getopts", Builtin::Assigns),
    ("hash", Builtin::Changes),
    ("help", Builtin::Reads),
    ("history", Builtin::Changes),
    ("jobs", Builtin::Waits),
    ("kill", Builtin::Changes),
    ("let", Builtin::Assigns),
    ("local", Builtin::Declares),
    ("logout", Builtin::Changes),
    ("mapfile", Builtin::Assigns),
    ("popd", Builtin::PopsDirectory),
    ("printf", Builtin::Reads),
    ("pushd", Builtin::PushesDirectory),
    ("pwd", Builtin::Reads),
    ("read", Builtin::Assigns),
    ("readarray", Builtin::Assigns),
    ("readonly", Builtin::Declares),
    ("return", Builtin::Returns),
    ("set", Builtin::SetsOptions),
    ("shift", Builtin::Shifts),
    ("shopt", Builtin::Changes),
    ("source", Builtin::Sources),
    ("suspend", Builtin::Changes),
    ("test", Builtin::Reads),
    ("times", Builtin::Reads),
    ("trap", Builtin::Traps),
    ("true", Builtin::Reads),
    ("type", Builtin::Reads),
    ("typeset", Builtin::Declares),
    ("ulimit", Builtin::Reads),
    ("umask", Builtin::SetsUmask),
    ("unalias", Builtin::Changes),
    ("unset", Builtin::Unsets),
    ("wait", Builtin::Waits),
];

/// Special builtins of POSIX: a shell keeps the assignments before them, and exits where they fail.
const SPECIAL: &[&str] = &[
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift",
    "times", "trap", "unset",
];

/// Returns the effect of a builtin.
pub fn builtin(name: &str) -> Option<Builtin> {
    TABLE.binary_search_by_key(&name, |(name, _)| name).ok().map(|at| TABLE[at].1)
}

/// Returns true if assignments before the builtin stay.
pub fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
}

/// The letters of `set` that leave later commands as they are: `e` and `u` end the shell with a failure, `f` turns off
/// the expansion of file names, `v` and `x` print.
pub const SET_LETTERS: &str = "eufvx";

/// The names of `set -o`, with the letter of each that has one.
pub const SET_NAMES: &[(&str, Option<char>)] = &[
    ("errexit", Some('e')),
    ("noglob", Some('f')),
    ("nounset", Some('u')),
    ("pipefail", None),
    ("verbose", Some('v')),
    ("xtrace", Some('x')),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|(name, _)| name), "sort TABLE");
    }
}
