//! CODEOWNERS: the owners of files, as GitHub reads it
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>).

use std::sync::Arc;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::SourceTree;
use crate::budget;
use crate::git::RepoPath;

/// The places where GitHub looks, in this order; only the first that exists counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// GitHub does not load a larger file.
const MOST_BYTES: u64 = 3 << 20;

/// The most rules that are read. All of them are compiled at once, which takes memory.
const MOST_RULES: usize = 10_000;

/// The longest pattern, in bytes. The automaton of a longer one takes seconds.
const MOST_PATTERN: usize = 1 << 10;

/// The number of rules that are compiled together.
const TOGETHER: usize = 512;

/// The owners of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    blocks: Vec<Block>,
    /// The file that states the owners and cannot be used, with the reason.
    pub(crate) unread: Option<(RepoPath, String)>,
}

/// Consecutive rules. Each pattern has a glob or two.
#[derive(Clone, Debug)]
struct Block {
    globs: GlobSet,
    /// The owners of each glob.
    owners: Vec<Arc<[String]>>,
}

impl Owners {
    /// Reads the CODEOWNERS file of a repository; without one, no file has owners.
    pub(crate) fn of(source: &SourceTree<'_>) -> Self {
        let mut paths = PLACES.iter().filter_map(|path| RepoPath::new(path).ok());
        let Some(path) = paths.find(|path| source.listing().get(path).is_some()) else {
            return Self::default();
        };
        let read = source.read(&path, MOST_BYTES).map_err(|error| error.to_string());
        let owners = read.and_then(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            budget::contained(|| Self::read(&text)).map_err(|ended| ended.to_string())?
        });
        owners.unwrap_or_else(|why| Self { unread: Some((path, why)), ..Self::default() })
    }

    /// Reads the text of a CODEOWNERS file. A line that GitHub would skip is skipped.
    ///
    /// # Errors
    ///
    /// The reason why its rules cannot be used: there are too many, or a pattern is too long.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let is_long = |line: &str| {
            let line = line.trim();
            !line.starts_with('#') && pattern(line).is_some_and(|(pattern, _)| pattern.len() > MOST_PATTERN)
        };
        if let Some(at) = text.lines().position(is_long) {
            return Err(format!("line {} has a pattern of more than {MOST_PATTERN} bytes", at + 1));
        }
        let rules: Vec<Rule> = text.lines().filter_map(rule).take(MOST_RULES + 1).collect();
        if rules.len() > MOST_RULES {
            return Err(format!("it has more than {MOST_RULES} rules"));
        }
        let blocks: Option<Vec<Block>> = rules.chunks(TOGETHER).map(Block::new).collect();
        let blocks = blocks.ok_or_else(|| "its patterns are too large".to_owned())?;
        Ok(Self { blocks, unread: None })
    }

    /// Returns the owners of a file: those of the last line that matches it.
    pub(crate) fn owners(&self, path: &RepoPath) -> &[String] {
        let last = |block: &Block| block.globs.matches(path.as_str()).into_iter().max();
        let found = self.blocks.iter().rev().find_map(|block| Some(&block.owners[last(block)?]));
        found.map(|owners| &**owners).unwrap_or_default()
    }
}

impl Block {
    fn new(rules: &[Rule]) -> Option<Self> {
        let (mut globs, mut owners) = (GlobSetBuilder::new(), Vec::new());
        for rule in rules {
            for glob in &rule.globs {
                globs.add(glob.clone());
                owners.push(Arc::clone(&rule.owners));
            }
        }
        Some(Self { globs: globs.build().ok()?, owners })
    }
}

struct Rule {
    globs: Vec<Glob>,
    owners: Arc<[String]>,
}

fn rule(line: &str) -> Option<Rule> {
    let line = line.split_once(" #").map_or(line, |(line, _)| line).trim();
    let (pattern, owners) = pattern(line)?;
    let is_owner = |word: &&str| word.contains('@');
    let owners = owners.split_whitespace();
    if pattern.is_empty() || pattern.starts_with(['#', '!']) || pattern.contains(['[', ']']) {
        return None;
    }
    if owners.clone().any(|word| !is_owner(&word)) {
        return None;
    }
    Some(Rule { globs: globs(&pattern)?, owners: owners.map(str::to_owned).collect() })
}

/// Splits a line into its pattern and the rest. A backslash escapes a space in the pattern.
fn pattern(line: &str) -> Option<(String, &str)> {
    let mut pattern = String::new();
    let mut letters = line.chars();
    loop {
        let rest = letters.as_str();
        let Some(letter) = letters.next() else { return Some((pattern, "")) };
        match letter {
            '\\' => pattern.push(letters.next()?),
            ' ' | '\t' => return Some((pattern, rest)),
            letter => pattern.push(letter),
        }
    }
}

/// Compiles a pattern. It matches as in `.gitignore`, except that `folder/*` matches only files directly in the folder.
fn globs(pattern: &str) -> Option<Vec<Glob>> {
    let is_folder = pattern.ends_with('/');
    let core = pattern.trim_end_matches('/').trim_start_matches('/');
    let anchored = pattern.trim_end_matches('/').contains('/');
    let whole = if anchored { core.to_owned() } else { format!("**/{core}") };
    let mut texts = Vec::new();
    if !is_folder {
        texts.push(whole.clone());
    }
    if is_folder || !(anchored && core.ends_with("/*")) {
        texts.push(format!("{whole}/**"));
    }
    let matcher = |text: &String| {
        let literal = text.replace(['{', '}'], "?");
        GlobBuilder::new(&literal).literal_separator(true).build().ok()
    };
    texts.iter().map(matcher).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str, path: &str) -> String {
        Owners::read(text).unwrap().owners(&RepoPath::new(path).unwrap()).join(" ")
    }

    /// After the example of GitHub's documentation.
    #[test]
    fn patterns_mean_what_github_says() {
        let text = "# comment\n* @all\n*.js @js # inline\n/build/logs/ @logs\ndocs/* docs@example.com\napps/ @apps\n\
                    /docs/ @root-docs\n/scripts/ @a @org/b\n**/deep @deep\n/apps/github\n";
        let is = |path: &str, expected: &str| assert_eq!(owners(text, path), expected, "{path}");
        is("Dockerfile", "@all");
        is("a/b/x.js", "@js");
        is("build/logs/x/y", "@logs");
        is("x/build/logs/y", "@all");
        is("docs/a", "@root-docs");
        is("x/apps/y/z", "@apps");
        is("scripts/a/b", "@a @org/b");
        is("build/deep/x", "@deep");
        is("apps/github", "");
        is("apps/github/x", "");
        assert_eq!(owners("docs/* @a\n", "docs/x"), "@a");
        assert_eq!(owners("docs/* @a\n", "docs/x/y"), "", "only the files right in it");
    }

    #[test]
    fn a_pattern_that_is_too_long_is_named() {
        let longest = "x".repeat(MOST_PATTERN);
        assert_eq!(owners(&format!("{longest} @a\n"), &longest), "@a");
        let error = Owners::read(&format!("* @a\n{longest}x @a\n")).unwrap_err();
        assert_eq!(error, "line 2 has a pattern of more than 1024 bytes");
    }

    #[test]
    fn lines_that_github_skips_say_nothing() {
        let text = "* @all\n!x @no\n[ab] @no\n*.md nobody\n\\#odd @no\na\\ b/ @space\n";
        assert_eq!(owners(text, "x"), "@all");
        assert_eq!(owners(text, "a"), "@all");
        assert_eq!(owners(text, "x.md"), "@all");
        assert_eq!(owners(text, "a b/Dockerfile"), "@space");
    }

    #[test]
    fn later_rules_win_across_blocks_and_too_many_are_refused() {
        let rule = |at| format!("/{at}/ @{at}\n/{at}/ @last-{at}\n");
        let rules = (0..TOGETHER * 2).map(rule).collect::<Vec<_>>().concat();
        assert_eq!(owners(&rules, "7/x"), "@last-7");
        assert_eq!(owners(&format!("{rules}* @all\n"), "7/x"), "@all");
        assert!(Owners::read(&"* @a\n".repeat(MOST_RULES)).is_ok());
        assert!(Owners::read(&"* @a\n".repeat(MOST_RULES + 1)).unwrap_err().contains("10000"));
    }
}
