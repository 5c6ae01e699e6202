//! CODEOWNERS: the owners of files, as GitHub reads it
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>).

use globset::{GlobBuilder, GlobMatcher};

use super::SourceTree;
use crate::git::RepoPath;

/// The places where GitHub looks, in this order; only the first that exists counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// GitHub does not load a larger file.
const MOST_BYTES: u64 = 3 << 20;

/// The owners of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    globs: Vec<GlobMatcher>,
    owners: Vec<String>,
}

impl Owners {
    /// Reads the CODEOWNERS file of a repository; without one, no file has owners.
    pub(crate) fn of(source: &SourceTree<'_>) -> Self {
        let mut paths = PLACES.iter().filter_map(|path| RepoPath::new(path).ok());
        let file = paths.find(|path| source.listing().get(path).is_some());
        let bytes = file.and_then(|path| source.read(&path, MOST_BYTES).ok()).unwrap_or_default();
        Self::read(&String::from_utf8_lossy(&bytes))
    }

    /// Reads the text of a CODEOWNERS file. A line that GitHub would skip is skipped.
    pub(crate) fn read(text: &str) -> Self {
        Self { rules: text.lines().filter_map(rule).collect() }
    }

    /// Returns the owners of a file: those of the last line that matches it.
    pub(crate) fn owners(&self, path: &RepoPath) -> &[String] {
        let matches = |rule: &&Rule| rule.globs.iter().any(|glob| glob.is_match(path.as_str()));
        self.rules.iter().rev().find(matches).map(|rule| rule.owners.as_slice()).unwrap_or_default()
    }
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
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => pattern.push(letters.next()?.1),
            ' ' | '\t' => return Some((pattern, &line[at..])),
            letter => pattern.push(letter),
        }
    }
    Some((pattern, ""))
}

/// Compiles a pattern. It matches as in `.gitignore`, except that `folder/*` matches only files directly in the folder.
fn globs(pattern: &str) -> Option<Vec<GlobMatcher>> {
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
        GlobBuilder::new(&literal).literal_separator(true).build().ok().map(|glob| glob.compile_matcher())
    };
    texts.iter().map(matcher).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str, path: &str) -> String {
        Owners::read(text).owners(&RepoPath::new(path).unwrap()).join(" ")
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
    fn lines_that_github_skips_say_nothing() {
        let text = "* @all\n!x @no\n[ab] @no\n*.md nobody\n\\#odd @no\na\\ b/ @space\n";
        assert_eq!(owners(text, "x"), "@all");
        assert_eq!(owners(text, "a"), "@all");
        assert_eq!(owners(text, "x.md"), "@all");
        assert_eq!(owners(text, "a b/Dockerfile"), "@space");
    }
}
