//! The documentation of the rules: each example is a build of the cases, and says what came out of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use layerwright::analysis::rule;
use sha2::{Digest, Sha256};

use crate::cases::{self, Expected, Kind};
use crate::support::left_out;

/// Rules whose example was not built: no builder for Windows was at hand.
const NOT_BUILT: [&str; 1] = ["windows"];

/// The line before each outcome, with the engine that built it.
const BUILT_WITH: &str =
    "Result with Docker 28.5.2 (containerd image store), as written and with `--link`:\n\n```text\n";

/// The first line of an outcome with differences.
const HEADER: [&str; 3] = ["path", "as written", "with --link"];

/// A Dockerfile of a documentation, and what came out of it.
#[derive(Debug)]
struct Example<'a> {
    dockerfile: &'a str,
    outcome: &'a str,
}

impl<'a> Example<'a> {
    /// Reads what follows the fence of a Dockerfile.
    fn read(text: &'a str) -> Self {
        let (dockerfile, rest) = text.split_once("```").unwrap();
        let outcome = rest.split_once(BUILT_WITH).and_then(|(_, rest)| rest.split_once("```"));
        Self { dockerfile, outcome: outcome.map_or("", |(outcome, _)| outcome) }
    }
}

/// The examples of a documentation, in order.
fn examples(documentation: &str) -> Vec<Example<'_>> {
    let (_, section) = documentation.split_once("## Example\n").unwrap();
    let (section, _) = section.split_once("## Source\n").unwrap();
    section.split("```dockerfile\n").skip(1).map(Example::read).collect()
}

/// The cells of a line, two spaces or more between them.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// The first twelve digits of the digest of a line in a file, as the cases have it.
fn digest(line: &str) -> String {
    let digest = Sha256::digest(format!("{line}\n"));
    digest.iter().take(6).fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

/// One aspect of a path, before and after, in the words of the cases.
fn aspects(before: &str, after: &str) -> Vec<String> {
    let both = |start: &str| Some((before.strip_prefix(start)?, after.strip_prefix(start)?));
    if let Some((before, after)) = both("mode ") {
        let bits = |mode: &str| format!("0o{}", mode.trim_start_matches('0'));
        return vec![format!("mode {} -> {}", bits(before), bits(after))];
    }
    if let Some((before, after)) = both("owner ") {
        let ((uid, gid), (new_uid, new_gid)) =
            (before.split_once(':').unwrap(), after.split_once(':').unwrap());
        return vec![format!("uid {uid} -> {new_uid}"), format!("gid {gid} -> {new_gid}")];
    }
    if let Some((before, after)) = both("size ") {
        return vec![format!("size {before} -> {after}")];
    }
    if let Some((before, after)) = both("content ") {
        return vec![format!("sha {} -> {}", digest(before), digest(after))];
    }
    if let (Some(xattr), "no xattr") = (before.strip_prefix("xattr "), after) {
        let (name, value) = xattr.split_once(": ").unwrap();
        return vec![format!("xattr {{'SCHILY.xattr.{name}': '{value}'}} -> None")];
    }
    if let Some(target) = before.strip_prefix("symlink to ") {
        let kind = letter(after);
        return vec![format!("to {target} -> None"), format!("type l -> {kind}")];
    }
    match (before, after) {
        ("absent", kind) => vec![format!("only in link ({})", letter(kind))],
        (kind, "absent") => vec![format!("only in non-link ({})", letter(kind))],
        (before, after) => vec![format!("type {} -> {}", letter(before), letter(after))],
    }
}

fn letter(kind: &str) -> char {
    match kind {
        "file" => 'f',
        "directory" => 'd',
        _ => panic!("`{kind}` is not a type"),
    }
}

/// Why an outcome is not what the build of a case showed.
fn contradiction(outcome: &str, expected: &Expected) -> Option<String> {
    if expected.kind == Kind::Same || outcome == "no difference\n" {
        let agrees = expected.kind == Kind::Same && outcome == "no difference\n";
        return (!agrees).then(|| format!("{:?}", expected.kind));
    }
    let mut lines = outcome.lines();
    if lines.next().map(cells).as_deref() != Some(&HEADER) {
        return Some(format!("the first line is not {HEADER:?}"));
    }
    let rows: Vec<Vec<&str>> = lines.map(cells).collect();
    if let [row] = &rows[..]
        && let ["build", before, after] = row[..]
    {
        let fails = |cell: &str| cell.strip_prefix("fails: ").map(str::to_owned);
        let (kind, message) = match (fails(before), fails(after)) {
            (None, Some(message)) if before == "succeeds" => (Kind::LinkFails, message),
            (Some(message), None) if after == "succeeds" => (Kind::PlainFails, message),
            _ => return Some(format!("{row:?} is not a result of builds")),
        };
        let agrees = expected.kind == kind && expected.difference.ends_with(&message);
        return (!agrees).then(|| expected.difference.clone());
    }
    let mut named = BTreeSet::new();
    for row in &rows {
        let [path, before, after] = row[..] else { return Some(format!("{row:?} has not three cells")) };
        let start = format!("{}: ", path.trim_start_matches('/'));
        let Some(found) = expected.difference.split("; ").find(|part| part.starts_with(&start)) else {
            return Some(format!("{path} does not differ"));
        };
        let missing = aspects(before, after).into_iter().find(|aspect| !found.contains(aspect.as_str()));
        if let Some(missing) = missing {
            return Some(format!("`{missing}` is not in `{found}`"));
        }
        named.insert(start);
    }
    let all = expected.difference.split("; ").count();
    (named.len() != all).then(|| format!("{} of {all} paths are named", named.len()))
}

#[test]
fn each_example_is_a_build_of_the_cases() {
    let Some(folder) = cases::folder() else {
        return left_out("the examples of the rules", "LAYERWRIGHT_SHARED names no folder with `cases`");
    };
    let read = |case: &PathBuf| {
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        let expected: Expected =
            serde_json::from_slice(&fs::read(case.join("expect.json")).unwrap()).unwrap();
        (text.trim_end().to_owned() + "\n", expected)
    };
    let cases: Vec<(String, Expected)> = cases::all(&folder).iter().map(read).collect();
    for rule in rule::ALL.iter().filter(|rule| !NOT_BUILT.contains(&rule.name)) {
        let examples = examples(rule.documentation);
        assert!(!examples.is_empty(), "{} has no example", rule.name);
        for example in examples {
            let same = |(text, expected): &&(String, Expected)| {
                text == example.dockerfile && expected.link_dockerfile.is_none()
            };
            let builds: Vec<&Expected> = cases.iter().filter(same).map(|(_, expected)| expected).collect();
            // Some cases differ only in their build contexts.
            let wrong: Vec<Option<String>> =
                builds.iter().map(|expected| contradiction(example.outcome, expected)).collect();
            assert!(wrong.contains(&None), "{}: {example:?} is not a case: {wrong:?}", rule.name);
        }
    }
}

#[test]
fn an_example_that_was_not_built_says_so() {
    for name in NOT_BUILT {
        let documentation = rule::find(name).unwrap().documentation;
        assert!(documentation.contains("This example was not built."), "{name}");
        assert!(!documentation.contains("Result with"), "{name}");
    }
}
