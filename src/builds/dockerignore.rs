//! `.dockerignore` files, as `github.com/moby/patternmatcher` reads and matches them (`ignorefile.ReadAll`,
//! `MatchesOrParentMatches`). The translation of a pattern to an expression is in `text::glob::ignore`.

use crate::budget::spend;
use crate::text::glob::{IgnorePattern, PatternError};

/// The longest line that Go's `bufio.Scanner` reads, in bytes.
const MAX_LINE: usize = 65_535;

/// The patterns that are tried for a unit of work.
const PATTERNS: usize = 32;

/// The patterns of one `.dockerignore` file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignored {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    takes_back: bool,
    paths: IgnorePattern,
}

/// A line that moby/patternmatcher rejects; the build would fail there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct IgnoreError {
    /// The 1-based line.
    pub(crate) line: usize,
    /// The problem.
    pub(crate) error: PatternError,
}

impl Ignored {
    /// Parses a `.dockerignore` file.
    ///
    /// # Errors
    ///
    /// [`IgnoreError`] with the first line that builders reject.
    pub(crate) fn read(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let wrong = |error| IgnoreError { line: at + 1, error };
            if line.len() > MAX_LINE {
                return Err(wrong(PatternError::Long(line.len())));
            }
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (takes_back, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            if pattern.is_empty() {
                if takes_back {
                    return Err(wrong(PatternError::Nothing));
                }
                continue;
            }
            let paths = IgnorePattern::new(&clean(pattern)).map_err(wrong)?;
            patterns.push(Pattern { takes_back, paths });
        }
        Ok(Self { patterns })
    }

    /// Returns true if the builder never sees `path`, which is relative to the context's root. The last pattern that
    /// matches it or a folder above it decides.
    pub(crate) fn ignores(&self, path: &str) -> bool {
        spend(1 + self.patterns.len() / PATTERNS);
        let mut ignored = false;
        for pattern in &self.patterns {
            if pattern.takes_back == ignored && pattern.paths.matches_or_above(path) {
                ignored = !pattern.takes_back;
            }
        }
        ignored
    }

    /// Returns true if a pattern matches `path` itself, regardless of the folders above it.
    pub(super) fn names(&self, path: &str) -> bool {
        spend(1 + self.patterns.len() / PATTERNS);
        self.patterns.iter().any(|pattern| !pattern.takes_back && pattern.paths.matches(path))
    }

    /// Returns true if a `!` pattern includes paths again that others exclude, so that an ignored folder may have
    /// content.
    pub(crate) fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }
}

/// Returns Go's `filepath.Clean` of a pattern, without the slash at its start.
fn clean(pattern: &str) -> String {
    let absolute = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines whose matches change by Go's `filepath.Clean`.
    #[test]
    fn patterns_are_cleaned() {
        let rows = [
            ("**/", "file/", true),
            ("foo/../bar", "bar/x", true),
            ("/foo", "foo", true),
            ("./foo/", "foo/bar", true),
            ("foo", "foobar", false),
            ("/", "a", false),
            ("*", "a/b", true),
        ];
        for (pattern, path, expected) in rows {
            let ignored = Ignored::read(pattern).unwrap();
            assert_eq!(ignored.ignores(path.trim_end_matches('/')), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_pattern_decides() {
        let ignored = Ignored::read("\u{feff}# a comment\r\n\r\n*\r\n! src\r\n src/*.o \n #x\n").unwrap();
        assert!(ignored.ignores("README.md") && ignored.ignores("src/a.o"));
        assert!(!ignored.ignores("src") && !ignored.ignores("src/a.c"));
        assert!(ignored.takes_back());
        let wrong = Ignored::read("ok\n[\n").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "line 2: `[` is not a valid pattern: close its `[` and put a character behind its `\\`"
        );
        for refused in ["!", " ! ", "a\\", "[z-a]"] {
            assert!(Ignored::read(refused).is_err(), "{refused}");
        }
        // `bufio.Scanner` does not read longer lines, including comments.
        assert!(Ignored::read(&"a".repeat(65_535)).is_ok());
        assert_eq!(Ignored::read(&("#".repeat(65_536))).unwrap_err().error, PatternError::Long(65_536));
    }
}
