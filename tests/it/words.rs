//! The words of everything that a person reads: help, output, documentation, comments. Each phrase of [`REPLACED`] has a
//! plainer one that says the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::support::BINARY;

/// Phrases, and what to write instead.
const REPLACED: &[(&str, &str)] = &[
    ("all the same", "anyway"),
    ("anew", "again"),
    ("be it", "whether … or …"),
    ("can not", "cannot"),
    ("foretold", "expected"),
    ("hang on", "depend on"),
    ("hangs on", "depends on"),
    ("in its own right", "by itself"),
    ("lean on", "depend on"),
    ("leans on", "depends on"),
    ("leaning on", "depending on"),
    ("nobody", "the passive, or the one who does not"),
    ("somebody", "the passive, \"the user\", \"a person\""),
    ("on the way", "parent directory"),
    ("put off", "timed out"),
    ("puts off", "times out"),
    ("there is to", "the verb itself"),
    ("will be told", "the passive, or who reports it"),
    ("can be told", "is known"),
    ("cannot be told", "is unknown"),
];

/// Words before "is no" and "are no" that make a plain sentence of it, and words behind it that do.
const PLAIN_BEFORE: [&str; 5] = ["there", "where", "if", "here", "which"];
const PLAIN_BEHIND: [&str; 4] = ["longer", "more", "less", "other"];

/// How no doc comment begins: a noun phrase or a verb says it.
const NO_BEGINNINGS: [&str; 4] = ["What ", "Whether ", "None where ", "That "];

/// A text that a person reads, and its place.
struct Text {
    file: String,
    line: usize,
    prose: String,
    is_doc: bool,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `folder` with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| endings.contains(&ending.to_str().unwrap())) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The string literals of some tokens, as they read when they are printed.
fn literals(tokens: TokenStream, file: &str, texts: &mut Vec<Text>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), file, texts),
            TokenTree::Literal(literal) => {
                let written = literal.to_string();
                if !written.contains('"') {
                    continue;
                }
                let text = unescaped(&written);
                let line = literal.span().start().line;
                texts.push(Text { file: file.to_owned(), line, prose: text, is_doc: false });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// A literal without its line continuations.
fn unescaped(written: &str) -> String {
    let mut parts = written.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start()).replace("\\n", " ")
}

/// The comments of a file: what follows each other is one text.
fn comments(code: &str, file: &str, texts: &mut Vec<Text>) {
    let mut last: Option<(usize, &str)> = None;
    for (at, line) in code.lines().enumerate() {
        let Some(marker) =
            ["//!", "///", "//"].into_iter().find(|marker| line.trim_start().starts_with(marker))
        else {
            continue;
        };
        let text = line.trim_start()[marker.len()..].trim();
        match (&last, texts.last_mut()) {
            (Some((before, kind)), Some(one)) if before + 1 == at && *kind == marker => {
                one.prose = format!("{} {text}", one.prose);
            }
            _ => {
                let is_doc = marker != "//";
                texts.push(Text { file: file.to_owned(), line: at + 1, prose: text.to_owned(), is_doc });
            }
        }
        last = Some((at, marker));
    }
}

/// Every text of the sources, tests left out.
fn of_sources() -> Vec<Text> {
    let mut texts = Vec::new();
    for path in files(&root().join("src"), &["rs"]) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if path.ends_with("tests.rs") {
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        let code = code.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let tokens = TokenStream::from_str(code).unwrap_or_else(|error| panic!("{name}: {error}"));
        literals(tokens, &name, &mut texts);
        comments(code, &name, &mut texts);
    }
    assert!(texts.len() > 5_000, "only {} texts were found in src", texts.len());
    texts
}

/// The paragraphs of the documents.
fn of_documents() -> Vec<Text> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in [".github", "examples", "plans", "docs"] {
        if root().join(folder).is_dir() {
            paths.extend(files(&root().join(folder), &["md", "yml", "json"]));
        }
    }
    let mut texts = Vec::new();
    for path in paths {
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut line = 1;
        for paragraph in text.split("\n\n") {
            let one_line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.push(Text { file: file.clone(), line, prose: one_line, is_doc: false });
            line += paragraph.matches('\n').count() + 2;
        }
    }
    texts
}

/// The help of every command.
fn of_help() -> Vec<Text> {
    let help = |arguments: &[&str]| {
        let output = Command::new(BINARY).args(arguments).arg("--help").output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let first = help(&[]);
    let commands: BTreeSet<&str> = first
        .split_once("Commands:\n")
        .unwrap()
        .1
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.strip_prefix("  ")?.split_whitespace().next().filter(|_| !line.starts_with("   "))
        })
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 8, "{commands:?}");
    let shown = commands.iter().map(|name| (format!("{name} --help"), help(&[name])));
    shown
        .chain([("--help".to_owned(), first.clone())])
        .map(|(file, text)| Text {
            file,
            line: 1,
            prose: text.split_whitespace().collect::<Vec<_>>().join(" "),
            is_doc: false,
        })
        .collect()
}

/// The words of a text in small letters, without what stands around them. What is quoted as code is no prose.
fn words(text: &str) -> Vec<String> {
    let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" code ");
    let prose = prose.to_lowercase();
    // A mark between words ends a phrase.
    let marked = prose.replace([',', '.', ';', ':', '(', ')', '–', '?', '!'], " | ");
    marked
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '/' | '*' | '\\' | '{' | '}'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The phrases of a text that have a plainer one.
fn replaced(text: &str) -> Vec<String> {
    let words = words(text);
    let mut found = Vec::new();
    for (phrase, instead) in REPLACED {
        let phrase_words: Vec<&str> = phrase.split(' ').collect();
        if words.windows(phrase_words.len()).any(|window| window == phrase_words) {
            found.push(format!("\"{phrase}\": write {instead}"));
        }
    }
    for window in words.windows(4) {
        let [before, is, no, behind] = window else { continue };
        let plain = PLAIN_BEFORE.contains(&before.as_str()) || PLAIN_BEHIND.contains(&behind.as_str());
        if matches!(is.as_str(), "is" | "are") && no == "no" && behind != "|" && !plain {
            found.push(format!("\"{before} {is} no {behind}\": write \"{is} not\""));
        }
    }
    found
}

/// The mistakes of some texts, each with its place.
fn mistakes(texts: &[Text]) -> Vec<String> {
    let mut wrong = Vec::new();
    for text in texts {
        for mistake in replaced(&text.prose) {
            wrong.push(format!("{}:{}: {mistake}", text.file, text.line));
        }
        let begins = NO_BEGINNINGS.iter().find(|beginning| text.prose.starts_with(**beginning));
        if let (true, Some(beginning)) = (text.is_doc, begins) {
            let beginning = beginning.trim();
            wrong.push(format!("{}:{}: a doc comment begins with \"{beginning}\"", text.file, text.line));
        }
    }
    wrong
}

fn assert_plain(texts: &[Text]) {
    let wrong = mistakes(texts);
    assert!(wrong.is_empty(), "{} phrases have a plainer one:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_sources_are_in_plain_english() {
    assert_plain(&of_sources());
}

#[test]
fn the_documents_are_in_plain_english() {
    assert_plain(&of_documents());
}

#[test]
fn the_help_is_in_plain_english() {
    assert_plain(&of_help());
}

#[test]
fn a_phrase_is_found_wherever_it_stands() {
    let found = |text: &str| !replaced(text).is_empty();
    assert!(found("This can not be."));
    assert!(found("It can\n    not be"));
    assert!(found("A file is no Dockerfile"));
    assert!(found("Nobody, ever"));
    assert!(!found("There is no Dockerfile, and the flag is no longer set"));
    assert!(!found("`can not` is quoted"));
    let literal = TokenStream::from_str("fn f() { g(\"it can \\\n   not be\"); }").unwrap();
    let mut texts = Vec::new();
    literals(literal, "x", &mut texts);
    assert_eq!(mistakes(&texts).len(), 1);
    let mut texts = Vec::new();
    comments("/// What it\n/// can\n/// not do.\nfn f() {}\n", "x", &mut texts);
    assert_eq!(mistakes(&texts).len(), 2);
}
