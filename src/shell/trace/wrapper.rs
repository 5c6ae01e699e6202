//! Commands that run other commands, and what some print.

use super::super::grammar::wrapper::{BUILTINS, Runs, wrapper};
use super::super::wrapped::{Argument, wrapped};
use super::path;
use crate::text::pattern::Pattern;

/// Words that start a command in a script of which single lines are read.
const KEYWORDS: [&str; 4] = ["then", "do", "else", "!"];

/// Takes away what stands before a command and runs it: `sudo`, `env X=Y`, `time` and so on.
pub(super) fn unwrap(words: &mut Vec<Pattern>) {
    while let Some((first, rest)) = words.split_first() {
        let name = first.known().and_then(|name| name.rsplit('/').next()).unwrap_or("");
        // `command -v docker` asks for the program.
        let asks = name == "command" && rest.first().is_some_and(|word| word.start().starts_with('-'));
        let entry = wrapper(name).filter(|wrapper| wrapper.runs != Runs::Elsewhere);
        let entry = entry.or_else(|| BUILTINS.iter().find(|entry| entry.name == name && !asks));
        let left = match entry {
            Some(entry) => wrapped(entry, rest).words.len(),
            None if KEYWORDS.contains(&name) => rest.len(),
            None => return,
        };
        if left == 0 {
            return;
        }
        words.drain(..words.len() - left);
    }
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
        ("git", [command, ..]) if command.known() == Some("rev-parse") => {
            let asks = args.iter().any(|arg| arg.known() == Some("--show-toplevel"));
            asks.then(super::root)
        }
        ("git", [flagged, command, ..])
            if command.known() == Some("rev-parse") && flagged.as_hole() != Some("@") =>
        {
            args.iter().any(|arg| arg.known() == Some("--show-toplevel")).then(super::root)
        }
        _ => None,
    }
}
