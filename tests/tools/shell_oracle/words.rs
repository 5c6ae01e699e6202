//! Paths, and the ways to write a word.

use super::grammar::Grammar;
use super::random::Random;

/// A path of a kind: `new`, `old`, `dir`, `file` or `path`. None for another kind.
pub fn path(grammar: &Grammar, random: &mut Random, kind: &str, workdir: &str) -> Option<String> {
    let section = match kind {
        "new" if random.chance(75) => "fresh",
        "new" => "freshhere",
        "dir" => "directory",
        "file" => "regular",
        "old" => random.one(&["directory", "directory", "directory", "regular", "regular"]),
        "path" => {
            let sections = [
                "fresh",
                "fresh",
                "fresh",
                "freshhere",
                "directory",
                "directory",
                "directory",
                "regular",
                "odd",
                "odd",
            ];
            let section = random.one(&sections);
            let path = grammar.word(random, section).text;
            let end = if path.starts_with('\'') { "" } else { grammar.word(random, "end").text };
            return Some(format!("{}{end}", from(random, workdir, path)));
        }
        _ => return None,
    };
    let path = grammar.word(random, section).text;
    Some(if kind == "new" { path.to_owned() } else { from(random, workdir, path) })
}

/// A path, written from the working directory now and then.
fn from(random: &mut Random, workdir: &str, path: &str) -> String {
    let workdir = if workdir == "/l" { "/d" } else { workdir };
    let relative = match path.strip_prefix(workdir) {
        Some(rest) if workdir == "/" => Some(rest),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    match relative.filter(|relative| !relative.is_empty()) {
        Some(relative) if random.chance(50) => relative.to_owned(),
        _ => path.to_owned(),
    }
}

/// Writes a plain word in one of the ways that a shell reads. Where it `may_change`, some of them make other words.
pub fn written(random: &mut Random, word: &str, may_change: bool) -> String {
    if random.chance(78) || word.is_empty() || word.contains(['\'', '"', '$', '*', ' ']) {
        return word.to_owned();
    }
    let at = random.below(word.len());
    let (start, end) = if word.is_char_boundary(at) { word.split_at(at) } else { ("", word) };
    match random.below(if may_change { 32 } else { 26 }) {
        0..3 => format!("'{word}'"),
        3..6 => format!("\"{word}\""),
        6 => format!("{start}'{end}'"),
        7 => format!("{start}\"{end}\""),
        8 => format!("\"{start}\"{end}"),
        9 => format!("{start}\\{end}"),
        10 => format!("${{U:-{word}}}"),
        11 => format!("${{U-{word}}}"),
        12 => format!("\"${{U:-{word}}}\""),
        13 => format!("{start}${{U:-{end}}}"),
        14 => format!("${{HOME:+{word}}}"),
        15 => format!("{start}${{U}}{end}"),
        16 => format!("{start}\"$U\"{end}"),
        17 => format!("$(echo {word})"),
        18 => format!("\"$(echo {word})\""),
        19 => format!("`echo {word}`"),
        20 => format!("{start}$(printf %s {end})"),
        21 => format!("$'{word}'"),
        22 => format!("$\"{word}\""),
        23 => format!("${{U:={word}}}"),
        24 => format!("{start}''{end}"),
        25 => format!("{word}\"\""),
        26 => format!("{start}{{{end},z}}"),
        27 => format!("{start}$X{end}"),
        28 => format!("$X{word}"),
        29 => format!("{start}$((1+1)){end}"),
        30 => format!("{word}$U"),
        _ => format!("{{{word},{word}}}"),
    }
}

/// A text in single quotes.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
