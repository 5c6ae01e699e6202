//! Advice about `--link` that is wrong, in scripts, workflows and documents. It reads lines, and never interprets them.

use super::finding::{Finding, FindingKind};
use crate::git::RepoPath;

/// The endings of documents and scripts that may give advice.
const ENDINGS: [&str; 16] = [
    "md", "mdx", "markdown", "rst", "adoc", "txt", "sh", "bash", "ps1", "py", "yml", "yaml", "mk", "toml",
    "hcl", "json",
];
/// Folders with the texts of other projects.
const OTHERS: [&str; 2] = ["node_modules", "vendor"];

/// A wrong statement in a paragraph.
struct Advice {
    rule: &'static str,
    /// All of these groups have a word in the paragraph.
    words: &'static [&'static [&'static str]],
    message: &'static str,
}

/// The words that say that a paragraph is about linked copies.
const ABOUT: &[&str] = &["copy --link", "add --link", "--link flag", "`--link`"];

/// Statements that a single name gives away, and statements of a paragraph.
const ALL: [Advice; 5] = [
    Advice {
        rule: "advice-link-local-copy",
        words: &[&["--link-local-copy"]],
        message: "`docker build` has no flag --link-local-copy; --link of COPY needs none",
    },
    Advice {
        rule: "advice-inline-cache",
        words: &[&["docker_buildkit_inline_cache"]],
        message: "there is no variable DOCKER_BUILDKIT_INLINE_CACHE, and no variable enables --link",
    },
    Advice {
        rule: "advice-symlink",
        words: &[
            ABOUT,
            &["symbolic link", "symlink", "live link"],
            &["on the host", "host machine", "your host", "host file"],
        ],
        message: "--link makes no link to the host: the files are in a layer of their own",
    },
    Advice {
        rule: "advice-20-10",
        words: &[ABOUT, &["introduced in docker 20.10", "since docker 20.10", "came with docker 20.10"]],
        message: "--link came with docker/dockerfile:1.4 and BuildKit 0.10, and Docker 20.10 ignores or rejects it",
    },
    Advice {
        rule: "advice-immutable",
        words: &[
            &["--link"],
            &["to be immutable", "not immutable"],
            &["should not use", "do not use", "don't use", "not immutable"],
        ],
        message: "an image with linked copies is as immutable as any other",
    },
];

/// Returns true if a file may give advice, by its name.
pub(crate) fn is_read(path: &RepoPath) -> bool {
    let name = path.file_name();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_named = name == "Makefile" || ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    is_named && !path.components().rev().skip(1).any(|folder| OTHERS.contains(&folder))
}

/// Returns true if the bytes of a file may give advice.
pub(crate) fn may_advise(bytes: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    has("--link") || has("BUILDKIT_INLINE_CACHE")
}

/// Returns the wrong statements of a text, each at the first line that has its last word.
pub(super) fn findings(path: &str, text: &str) -> Vec<Finding> {
    if !may_advise(text.as_bytes()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (first, paragraph) in paragraphs(text) {
        let lower = paragraph.to_lowercase();
        for advice in &ALL {
            if advice.words.iter().all(|group| group.iter().any(|word| lower.contains(word))) {
                let line = first + line_of(&lower, advice);
                let message = advice.message.to_owned();
                found.push(Finding::new(path, line, FindingKind::Advice, advice.rule, message));
            }
        }
    }
    found
}

/// Returns the number of the line of a paragraph, from 0, that has a word of the last group.
fn line_of(paragraph: &str, advice: &Advice) -> usize {
    let words = advice.words.last().copied().unwrap_or_default();
    paragraph.lines().position(|line| words.iter().any(|word| line.contains(word))).unwrap_or_default()
}

/// Returns the paragraphs of a text, each with its first line.
fn paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            is_open = false;
            continue;
        }
        if !is_open {
            found.push((at + 1, String::new()));
            is_open = true;
        }
        if let Some((_, paragraph)) = found.last_mut() {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(usize, String)> {
        findings("README.md", text).into_iter().map(|found| (found.line, found.rule)).collect()
    }

    fn at(line: usize, rule: &str) -> (usize, String) {
        (line, rule.to_owned())
    }

    #[test]
    fn wrong_statements_are_found_at_their_lines() {
        let text = "Docker’s COPY --link flag, introduced in Docker 20.10, lets you\ncreate a symbolic link to the source file on your host machine.\n\n\
                    docker build --link-local-copy=true .\n\nexport DOCKER_BUILDKIT_INLINE_CACHE=1\n\n\
                    COPY --link is live. If you need the content to be immutable within the image, you should not use --link.\n";
        let expected = [
            at(2, "advice-symlink"),
            at(1, "advice-20-10"),
            at(4, "advice-link-local-copy"),
            at(6, "advice-inline-cache"),
            at(8, "advice-immutable"),
        ];
        assert_eq!(rules(text), expected);
    }

    #[test]
    fn true_statements_are_none() {
        let text = "COPY --link copies into an empty directory, so a symlink in the destination is not followed.\n\n\
                    BUILDKIT_INLINE_CACHE=1 writes cache metadata.\n\nImages are immutable.\n\ndocker run --link db app\n\n\
                    Docker 20.10 does not support `--link`.\n";
        assert_eq!(rules(text), []);
    }
}
