//! Commands that run other commands, and what some print.

use super::path;
use crate::text::pattern::Pattern;

/// Takes away what stands before a command and runs it: `sudo`, `env X=Y`, `time` and so on.
pub(super) fn unwrap(words: &mut Vec<Pattern>) {
    loop {
        let name = words.first().and_then(Pattern::known).unwrap_or("");
        let (valued, operands): (&[&str], usize) = match name.rsplit('/').next().unwrap_or("") {
            "sudo" | "doas" => (&["-u", "-g", "-C", "-D", "-h", "-p", "-U", "--user", "--group"], 0),
            "env" => (&["-u", "-C", "--unset", "--chdir"], 0),
            "exec" => (&["-a"], 0),
            "command" | "builtin" | "time" | "nohup" | "then" | "do" | "else" | "!" => (&[], 0),
            "nice" | "ionice" => (&["-n", "-c"], 0),
            "timeout" => (&["-k", "-s", "--signal", "--kill-after"], 1),
            _ => return,
        };
        // `command -v docker` asks for the program.
        if name == "command"
            && words.get(1).and_then(Pattern::known).is_some_and(|word| word.starts_with('-'))
        {
            return;
        }
        let mut at = 1;
        while let Some(word) = words.get(at) {
            let known = word.known().unwrap_or("");
            let assigns = known.contains('=') || word.parts().len() > 1 && word.to_string().contains('=');
            if valued.contains(&known) {
                at += 2;
            } else if known.starts_with('-') || (matches!(name, "sudo" | "env") && assigns) {
                at += 1;
            } else {
                break;
            }
        }
        if at + operands >= words.len() {
            return;
        }
        words.drain(..at + operands);
    }
}

/// The words that make the script of `eval` or `sh -c`.
pub(super) fn script(name: &str, args: &[Pattern]) -> Option<Vec<Pattern>> {
    if name == "eval" {
        return Some(args.to_vec());
    }
    let flag = |arg: &Pattern| {
        arg.known().is_some_and(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.ends_with('c'))
    };
    let at = args.iter().position(flag)?;
    args.get(at + 1).map(|script| vec![script.clone()])
}

/// Returns the output of a command in `folder`, if it is known.
pub(super) fn printed(name: &str, args: &[Pattern], folder: &Pattern) -> Option<Pattern> {
    let operands: Vec<&Pattern> =
        args.iter().filter(|arg| !arg.known().is_some_and(|arg| arg.starts_with('-'))).collect();
    match (name, operands.as_slice()) {
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
