//! The entries of one line of a list: words that are paths of Dockerfiles, in Markdown, HTML or plain text.

mod html;

use super::STATE;
use crate::discover::names::{self, Name};
use crate::text::cut;

use html::without_tags;

/// An entry of a list, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The path, or the text of one that is not understood.
    pub(super) path: String,
    /// The paths that may be meant instead.
    pub(super) others: Vec<String>,
    /// True if it stands in struck-out text.
    pub(super) is_struck: bool,
    /// True if the line has nothing else.
    pub(super) is_alone: bool,
    /// False if it only ends like the path of a Dockerfile.
    pub(super) is_understood: bool,
}

/// Returns the entries of a line. `is_named` tells further paths that are Dockerfiles.
pub(super) fn entries_of_line(line: &str, is_named: &dyn Fn(&str) -> bool) -> Vec<Entry> {
    let line = without_tags(without_state(line));
    let parts: Vec<&str> = line.split("~~").collect();
    // Without a second sign, the first one is text.
    let is_paired = parts.len() % 2 == 1;
    let is_item = is_item(&line);
    let mut found = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let is_struck = is_paired && at % 2 == 1;
        for cell in part.split('|') {
            let entries = entries_of(cell, is_item || is_struck, is_named);
            found.extend(entries.into_iter().map(|entry| Entry { is_struck, ..entry }));
        }
    }
    found
}

/// Returns a line without the state that a report wrote at its end.
fn without_state(line: &str) -> &str {
    let trimmed = line.trim_end();
    match (trimmed.strip_suffix(STATE.1), trimmed.rfind(STATE.0)) {
        (Some(_), Some(at)) => cut::before(trimmed, at),
        _ => line,
    }
}

fn entries_of(cell: &str, is_item: bool, is_named: &dyn Fn(&str) -> bool) -> Vec<Entry> {
    let is_end = |c: char| c.is_whitespace() || "`\"'()[]<>,;".contains(c);
    let cell = without_bullet(cell);
    let tokens: Vec<&str> = cell.split(is_end).map(trimmed).filter(|token| !token.is_empty()).collect();
    let is_alone = tokens.len() == 1;
    let is_subject = is_item && is_subject(cell);
    let spaced = spaced_paths(cell);
    let mut found = Vec::new();
    for (at, token) in tokens.into_iter().enumerate() {
        let stands = is_alone || (at == 0 && is_subject);
        let mut entries = entries_of_token(token, stands, is_named);
        if entries.is_empty() && is_item && looks_like_a_path(token) {
            entries.push(Entry { path: token.to_owned(), ..Entry::default() });
        }
        for entry in &mut entries {
            entry.is_alone = is_alone;
            let has_end = |path: &&&str| path.ends_with(token) && path.len() > token.len();
            entry.others.extend(spaced.iter().filter(has_end).map(|path| (*path).to_owned()));
        }
        found.extend(entries);
    }
    found
}

/// Returns true if a line is a bullet, a number or a task.
fn is_item(line: &str) -> bool {
    let rest = line.trim_start_matches(['>', ' ', '\t']).trim_end();
    without_bullet(rest).len() < rest.len()
}

/// Returns true if the first word of an item is what the item is about: it is code or a link, or ends a clause.
fn is_subject(cell: &str) -> bool {
    let text = cell.trim_start_matches(['*', '_']);
    let (word, after) = cut::where_ends(text, char::is_whitespace);
    let ends_clause =
        ["- ", "\u{2013} ", "\u{2014} ", "("].iter().any(|sign| after.trim_start().starts_with(sign));
    text.starts_with(['`', '[']) || word.ends_with(':') || ends_clause
}

/// Returns the code spans of a cell that have spaces and may be one path.
fn spaced_paths(cell: &str) -> Vec<&str> {
    let spans = cell.split('`').enumerate().filter(|(at, _)| at % 2 == 1).map(|(_, span)| span.trim());
    spans.filter(|span| span.contains(' ') && span.contains('/')).collect()
}

/// Returns true if a word that is not read as a path ends like the path of a Dockerfile, or like its address.
fn looks_like_a_path(token: &str) -> bool {
    let path = token.split(['?', '#']).next().unwrap_or_default();
    let (folders, name) = path.rsplit_once(['/', '\\']).unwrap_or_default();
    let is_image = path.starts_with("docker/dockerfile") || path.contains("docs.docker.com");
    let is_prose = folders.split(['/', '\\']).any(|name| matches!(name, "Dockerfile" | "Containerfile"));
    !is_image && !is_prose && names::read(name) == Name::Dockerfile
}

/// Returns a line without the signs of quotes, bullets, numbers and task boxes before its text.
fn without_bullet(cell: &str) -> &str {
    let mut rest = cell.trim();
    loop {
        let (digits, after) = cut::digits(rest);
        let number = (1..=9).contains(&digits.len()).then_some(after);
        let numbered = number.and_then(|after| after.strip_prefix(['.', ')'])).filter(|r| r.starts_with(' '));
        let bullet = ["- ", "* ", "+ ", "> ", "• ", "[ ] ", "[x] ", "[X] "];
        let next = numbered.or_else(|| bullet.iter().find_map(|sign| rest.strip_prefix(sign)));
        let Some(next) = next else { return rest };
        rest = next.trim_start();
    }
}

/// Returns a word without surrounding emphasis, punctuation and line numbers.
fn trimmed(token: &str) -> &str {
    let token = token.split_once("#L").map_or(token, |(path, _)| path);
    let mut token = token.trim_matches(['*', '~']).trim_end_matches(['.', ':', '!', '?', '_', '\u{2026}']);
    // `path:12` and `path:12:3`, but not the tag of an image: `docker/dockerfile:1`.
    while let Some((path, number)) = token.rsplit_once(':') {
        let is_line = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !is_line || path.ends_with("docker/dockerfile") {
            break;
        }
        token = path;
    }
    token.trim_start_matches(':')
}

fn entries_of_token(token: &str, stands: bool, is_named: &dyn Fn(&str) -> bool) -> Vec<Entry> {
    if let Some((_, url)) = token.split_once("://") {
        return entry_of_url(url, is_named).into_iter().collect();
    }
    let own = |path: &str| Entry { path: path.to_owned(), is_understood: true, ..Entry::default() };
    if is_named(token) {
        return vec![own(token)];
    }
    if token.contains([':', '=', '@', '\\'])
        || matches!(token, "docker/dockerfile" | "docker/dockerfile-upstream")
    {
        return Vec::new();
    }
    let parts = split_run_together(token);
    let named = parts.into_iter().filter(|part| is_entry(part, stands));
    named.map(|part| own(part.trim_start_matches("./"))).collect()
}

/// Returns the file of an address on GitHub, GitLab or Gitea. The branch in it may have slashes, so the path may also be
/// shorter.
fn entry_of_url(url: &str, is_named: &dyn Fn(&str) -> bool) -> Option<Entry> {
    let url = url.split(['?', '#']).next()?;
    let marks = ["/blob/", "/raw/", "/blame/", "/edit/", "/src/branch/"];
    let (_, after) = marks.iter().find_map(|mark| url.split_once(mark))?;
    let decoded = percent_decoded(after);
    let mut paths = Vec::new();
    let mut rest = decoded.as_str();
    while let Some((_, path)) = rest.split_once('/') {
        if is_entry(path, true) || is_named(path) {
            paths.push(path.to_owned());
        }
        rest = path;
    }
    let mut paths = paths.into_iter();
    let path = paths.next()?;
    Some(Entry { path, others: paths.collect(), is_understood: true, ..Entry::default() })
}

/// Returns a text of an address with `%20` and the like decoded. What is not UTF-8 then stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let (byte, behind) = match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (byte, after.get(2..).unwrap_or_default()),
            None => (*first, after),
        };
        out.push(byte);
        rest = behind;
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn is_entry(path: &str, stands: bool) -> bool {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
    if names::read(name) == Name::Other {
        return false;
    }
    match folder {
        // "Dockerfile/Containerfile" is prose.
        Some(folder) => !folder.split('/').any(|name| matches!(name, "Dockerfile" | "Containerfile")),
        None => stands || (name.contains('.') && names::read(name) == Name::Dockerfile),
    }
}

/// Splits a word into paths that a copy of a page joined: behind a component `Dockerfile` that goes on with a
/// letter, as in `a/Dockerfileb/Dockerfile`. A folder named `Dockerfiles`, or `DockerfileGenerator`, stays.
fn split_run_together(token: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = token;
    let mut from = 0;
    while let Some(end) = next_end(rest, from) {
        match end {
            End::Cut(at) => {
                let (part, after) = cut::split(rest, at);
                parts.push(part);
                rest = after;
                from = 0;
            }
            End::GoesOn(at) => from = at,
        }
    }
    parts.push(rest);
    parts
}

enum End {
    /// The end of a path.
    Cut(usize),
    /// The middle of a longer name; the search continues here.
    GoesOn(usize),
}

fn next_end(text: &str, from: usize) -> Option<End> {
    let words = ["Dockerfile", "Containerfile"];
    let find = |word: &str| cut::from(text, from).find(word).map(|at| (from + at, from + at + word.len()));
    let (start, end) = words.iter().filter_map(|word| find(word)).min()?;
    let before = cut::before(text, start);
    let opens = before.is_empty() || before.ends_with(['/', '.']);
    let name = cut::from(text, end).split('/').next().unwrap_or_default();
    let is_last = end + name.len() == text.len();
    let runs_on = match name.chars().next() {
        Some(next) if next.is_ascii_uppercase() => is_last,
        Some(next) => next.is_alphabetic() && name != "s",
        None => false,
    };
    // A bare "Dockerfile" that runs on is a word of prose, such as "Dockerfiles"; a path has a folder.
    if opens && runs_on && before.contains('/') { Some(End::Cut(end)) } else { Some(End::GoesOn(end)) }
}
