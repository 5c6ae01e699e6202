//! Commands that run other commands, and what some print.

use super::super::grammar::wrapper::{Runs, wrapper};
use super::super::request::{Request, request};
use super::super::wrapped::wrapped;
use super::path;
use crate::text::pattern::Pattern;

/// Words that start a command in a script of which single lines are read.
const KEYWORDS: [&str; 4] = ["then", "do", "else", "!"];

/// Takes away what stands before a command and runs it: `sudo`, `env X=Y`, `time` and so on. Returns true if it cannot be a
/// function of the script.
pub(super) fn unwrap(words: &mut Vec<Pattern>) -> bool {
    let mut is_unwrapped = false;
    while let Some((first, rest)) = words.split_first() {
        let name = first.known().and_then(|name| name.rsplit('/').next()).unwrap_or("");
        let entry = wrapper(name).filter(|wrapper| wrapper.runs != Runs::Elsewhere);
        let left = match (entry, request(name, rest)) {
            (Some(entry), _) => wrapped(entry, rest).words.len(),
            (None, Some(Request::Runs(inner))) => inner.words.len(),
            _ if KEYWORDS.contains(&name) => rest.len(),
            _ => 0,
        };
        if left == 0 {
            break;
        }
        is_unwrapped |= !KEYWORDS.contains(&name);
        words.drain(..words.len() - left);
    }
    is_unwrapped
}

/// Returns the output of a command in `folder`, if it is known.
pub(super) fn printed(name: &str, args: &[Pattern], folder: &Pattern) -> Option<Pattern> {
    let operands: Vec<&Pattern> =
        args.iter().filter(|arg| !arg.known().is_some_and(|arg| arg.starts_with('-'))).collect();
    match (name, operands.as_slice()) {
        (":" | "true" | "false" | "[" | "test", _) => Some(Pattern::default()),
        ("pwd", _) => Some(folder.clone()),
        ("echo", words) => {
            let mut line = Pattern::default();
            for (at, word) in words.iter().enumerate() {
                line.push_text(if at == 0 { "" } else { " " });
                line.push(word);
            }
            line.push_text("\n");
            Some(line)
        }
        ("printf", [format]) if !format.to_string().contains(['%', '\\']) => Some((*format).clone()),
        ("printf", [format, word]) if matches!(format.known(), Some("%s" | "%s\\n")) => Some((*word).clone()),
        ("dirname", [file]) => Some(path::dirname(file)),
        ("basename", [file]) => Some(path::basename(file)),
        ("basename", [file, ending]) => {
            let name = path::basename(file);
            Some(name.strip_suffix(ending.known()?).unwrap_or(name))
        }
        ("realpath" | "readlink", [file]) => Some(path::join(folder, file)),
        // `git -C folder rev-parse` too.
        ("git", words) => {
            let command = words.iter().take(2).position(|word| word.known() == Some("rev-parse"))?;
            let is_flagged = command == 1 && words[0].as_hole() == Some("@");
            let asks = args.iter().any(|arg| arg.known() == Some("--show-toplevel"));
            (asks && !is_flagged).then(super::root)
        }
        _ => None,
    }
}
