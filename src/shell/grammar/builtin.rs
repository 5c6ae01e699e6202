//! Builtins of dash, `BusyBox` ash and bash by the way in which they change the shell. [`Request`](super::super::request) has
//! all of them.

/// Special builtins of POSIX: a shell keeps the assignments before them, and exits where they fail.
const SPECIAL: &[&str] = &[
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift",
    "times", "trap", "unset",
];

/// Returns true if assignments before the builtin stay.
pub fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
}

/// Returns true if the words of the builtin are assignments.
pub fn declares(name: &str) -> bool {
    matches!(name, "declare" | "export" | "local" | "readonly" | "typeset")
}

/// The options of `set` that leave later commands as they are, with the letter of each that has one: `e` and `u` end the
/// shell with a failure, `f` turns off the expansion of file names, `v` and `x` print.
pub const OPTIONS: &[(&str, Option<char>)] = &[
    ("errexit", Some('e')),
    ("noglob", Some('f')),
    ("nounset", Some('u')),
    ("pipefail", None),
    ("verbose", Some('v')),
    ("xtrace", Some('x')),
];
