//! The words of builtins, read once for every analysis. It says what they ask of a shell, never what a shell makes of it.

use super::field::Field;
use super::grammar::builtin::{OPTIONS, declares};
use super::grammar::wrapper::BUILTINS;
use super::word::name_length;
use super::wrapped::{Argument, Wrapped, wrapped};
use crate::text::cut;

/// A builtin with its words.
pub(super) enum Request<'a, A> {
    /// It prints, tests or waits.
    Reads,
    /// It changes nothing that is followed.
    Nothing,
    /// The directory, and true if it follows links, so that `..` leads from where they lead.
    ChangesDirectory(Directory<'a, A>, bool),
    PushesDirectory(Directory<'a, A>),
    PopsDirectory,
    ListsDirectories,
    /// The options, and the positional parameters behind them.
    SetsOptions(Options<'a, A>),
    /// True if the umask becomes 022.
    SetsUmask(bool),
    Unsets(Names<'a>),
    /// The variables get values that are not known.
    Assigns(Names<'a>),
    Exits(Option<u8>),
    Returns,
    /// The number of loops.
    Breaks(Option<usize>),
    Continues(Option<usize>),
    /// The number of positional parameters.
    Shifts(Option<usize>),
    Sources(Option<&'a A>),
    Evaluates(&'a [A]),
    /// A script that runs at another time: the handler of `trap`.
    Traps(&'a A),
    /// A command that runs in this shell.
    Runs(Wrapped<'a, A>),
    /// It changes the shell in a way that is not followed: what comes later is uncertain.
    Changes,
}

/// The options at the start of words: of `set`, or of a shell that is started.
pub(super) struct Options<'a, A> {
    /// Those of the grammar, by name, in order; true if one is set.
    pub(crate) known: Vec<(&'static str, bool)>,
    /// The letters of others, `-` for a long one and `?` for one that cannot be read.
    pub(crate) others: String,
    /// The words behind them.
    pub(crate) rest: Option<&'a [A]>,
}

/// The variables that words name.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Those that every shell takes for names.
    pub(crate) known: Vec<&'a str>,
    /// The starts of words that a shell without one of the options takes for names.
    pub(crate) others: Vec<&'a str>,
    /// True if a word may name any other variable, or do anything.
    pub(crate) is_unclear: bool,
}

/// A directory as the words of `cd` name it.
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

/// Returns true if one of the shells has a builtin of that name. The others look for a program.
pub(crate) fn is_builtin(name: &str) -> bool {
    request::<Field>(name, &[]).is_some()
}

/// Reads the words of a builtin. A name that is not here is a program, which cannot change the shell.
pub(super) fn request<'a, A: Argument>(name: &str, args: &'a [A]) -> Option<Request<'a, A>> {
    let first = args.first();
    let word = first.and_then(Argument::literal);
    Some(match name {
        ":" | "bg" | "caller" | "disown" | "echo" | "false" | "fg" | "help" | "jobs" | "pwd" | "times"
        | "true" | "type" | "ulimit" => Request::Reads,
        "[" | "printf" | "test" | "wait" => reads(name, args),
        // Only dash and ash have `chdir`.
        "cd" | "chdir" => {
            Request::ChangesDirectory(directory(args), args.iter().any(|word| word.start() == "-P"))
        }
        "pushd" => Request::PushesDirectory(directory(args)),
        "popd" => Request::PopsDirectory,
        "dirs" => Request::ListsDirectories,
        "set" => Request::SetsOptions(options(args)),
        "umask" => match (args.len(), word) {
            (0, _) | (1, Some("-S" | "-p")) => Request::Nothing,
            (count, mask) => Request::SetsUmask(count == 1 && matches!(mask, Some("022" | "0022"))),
        },
        // A function that was perhaps defined stays perhaps defined.
        "unset" if word == Some("-f") => Request::Nothing,
        "unset" => unset(if word == Some("-v") { &args[1..] } else { args }),
        "getopts" | "let" | "mapfile" | "read" | "readarray" => assigned(name, args),
        _ if declares(name) => assigned(name, args),
        "exit" if args.len() > 1 => Request::Exits(None),
        "exit" => Request::Exits(word.and_then(|status| status.parse().ok())),
        "return" => Request::Returns,
        "break" => Request::Breaks(count(args)),
        "continue" => Request::Continues(count(args)),
        "shift" => Request::Shifts(count(args)),
        "." | "source" => Request::Sources(first),
        "eval" => Request::Evaluates(args),
        "trap" => match (word, first, args.get(1)) {
            (Some("-" | "" | "-p" | "-l"), ..) | (_, None, _) => Request::Nothing,
            (Some("--"), _, Some(handler)) | (_, Some(handler), _) => Request::Traps(handler),
        },
        "builtin" | "command" | "exec" => runs(name, args),
        "alias" | "bind" | "enable" | "hash" | "history" | "shopt" if args.is_empty() => Request::Reads,
        "hash" if args.len() == 1 && word == Some("-r") => Request::Reads,
        "alias" | "bind" | "compgen" | "complete" | "compopt" | "enable" | "fc" | "hash" | "history"
        | "kill" | "logout" | "shopt" | "suspend" | "unalias" => Request::Changes,
        _ => return None,
    })
}

/// A builtin that prints, tests or waits, unless an option names a variable.
fn reads<'a, A: Argument>(name: &str, args: &'a [A]) -> Request<'a, A> {
    let has_v = |word: &A| word.start().starts_with("-v");
    match name {
        "printf" if args.first().is_some_and(has_v) => assigned(name, args),
        "wait" if args.iter().any(|word| word.start().starts_with('-') && word.start().contains('p')) => {
            assigned(name, args)
        }
        // bash evaluates the index of `-v 'a[i]'`.
        "test" | "[" if args.iter().any(has_v) => {
            Request::Assigns(Names { is_unclear: true, ..Names::default() })
        }
        _ => Request::Reads,
    }
}

/// Reads the words of `cd`.
fn directory<A: Argument>(args: &[A]) -> Directory<'_, A> {
    let mut words = args.iter().filter(|word| !matches!(word.start(), "-P" | "-L" | "--"));
    match (words.next(), words.next()) {
        (None, _) => Directory::Home,
        (Some(word), None) if word.literal() == Some("-") => Directory::Last,
        (Some(word), None) if !word.start().starts_with('-') => Directory::To(word),
        _ => Directory::Unclear,
    }
}

/// Reads the options of `set` or of a shell.
pub(super) fn options<A: Argument>(args: &[A]) -> Options<'_, A> {
    let mut options = Options { known: Vec::new(), others: String::new(), rest: None };
    let mut words = args.iter();
    loop {
        let rest = words.as_slice();
        let Some(word) = words.next() else { return options };
        let (is_set, letters) = match (word.literal(), cut::first(word.start())) {
            (Some("--"), _) => return Options { rest: Some(words.as_slice()), ..options },
            (Some(_), Some((sign @ ('-' | '+'), letters))) if !letters.is_empty() => (sign == '-', letters),
            (None, Some(('-' | '+', _))) => (false, "?"),
            (literal, _) => {
                // To `set`, it may be an option, or changes others.
                options
                    .others
                    .extend(literal.is_none_or(|text| matches!(text, "" | "-" | "+")).then_some('s'));
                return Options { rest: Some(rest), ..options };
            }
        };
        if let Some(long) = letters.strip_prefix('-') {
            options.others.push(if matches!(long, "norc" | "noprofile") { 's' } else { '-' });
            if matches!(long, "init-file" | "rcfile") {
                words.next();
            }
            continue;
        }
        for letter in letters.chars() {
            let takes_name = matches!(letter, 'o' | 'O');
            let name = if takes_name { words.next().and_then(Argument::literal) } else { Some("") };
            let is_it = |(known, short): &&(&str, Option<char>)| match letter {
                'o' => name == Some(*known),
                letter => *short == Some(letter),
            };
            match OPTIONS.iter().find(is_it) {
                Some((known, _)) => options.known.push((known, is_set)),
                None => options.others.push(if is_set && name.is_some() { letter } else { '?' }),
            }
        }
    }
}

/// Returns the variable that a word is the name of.
pub(super) fn variable<A: Argument>(word: &A) -> Option<&str> {
    word.literal().filter(|text| !text.is_empty() && name_length(text) == text.len())
}

fn unset<A: Argument>(args: &[A]) -> Request<'_, A> {
    let known: Vec<&str> = args.iter().filter_map(variable).collect();
    let is_unclear = known.len() < args.len();
    Request::Unsets(Names { known, others: Vec::new(), is_unclear })
}

/// Reads the words of a builtin that gives variables values. Options of one that declares them change more.
fn assigned<'a, A: Argument>(name: &str, args: &'a [A]) -> Request<'a, A> {
    // The options with a value. That of the first one is a variable.
    let (variable, valued) = match name {
        "printf" => ('v', "v"),
        "read" => ('a', "adinNptu"),
        "wait" => ('p', "p"),
        "mapfile" | "readarray" => ('\0', "CcdnOsu"),
        _ => ('\0', ""),
    };
    let takes_options = !matches!(name, "getopts" | "let");
    let mut names = Names::default();
    let (mut option, mut operands) = (None, 0);
    for word in args {
        let text = word.start();
        names.is_unclear |=
            word.literal().is_none() || text.contains('[') || (declares(name) && text.starts_with('-'));
        let letters = text.strip_prefix('-').filter(|_| takes_options && operands == 0 && option.is_none());
        let value = match letters {
            None => text,
            Some(letters) => {
                let Some(at) = letters.find(|letter: char| valued.contains(letter)) else { continue };
                let (letter, value) = cut::first(cut::from(letters, at)).unwrap_or_default();
                option = Some(letter);
                if value.is_empty() {
                    continue;
                }
                value
            }
        };
        let is_name = match option.take() {
            // It runs the script for the lines that it reads.
            Some('C') => return Request::Traps(word),
            Some(letter) => letter == variable,
            None => {
                operands += 1;
                !matches!((name, operands), ("printf" | "wait", _) | ("getopts", 1 | 3..))
            }
        };
        let value = cut::before(value, name_length(value));
        let names = if is_name { &mut names.known } else { &mut names.others };
        names.extend(Some(value).filter(|name| !name.is_empty()));
    }
    Request::Assigns(names)
}

/// Reads the number of loops or of positional parameters; `None` if it is not one.
fn count<A: Argument>(args: &[A]) -> Option<usize> {
    match args {
        [] => Some(1),
        [count] => {
            let number = count.literal().filter(|text| *text == "0" || !text.starts_with(['0', '+']));
            number.and_then(|text| text.parse().ok())
        }
        _ => None,
    }
}

/// Reads the words of `command` and its like. `command -v` prints.
fn runs<'a, A: Argument>(name: &str, args: &'a [A]) -> Request<'a, A> {
    let Some(entry) = BUILTINS.iter().find(|entry| entry.name == name) else { return Request::Changes };
    let inner = wrapped(entry, args);
    let mut options = args[..args.len() - inner.words.len()].iter();
    if name == "command" && options.any(|word| matches!(word.literal(), Some("-v" | "-V"))) {
        return Request::Reads;
    }
    Request::Runs(inner)
}
