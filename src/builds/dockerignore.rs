//! `.dockerignore` files, as `github.com/moby/patternmatcher` reads and matches them (`ignorefile.ReadAll`,
//! `MatchesOrParentMatches`).

use crate::text::go_match::{self as globs, PatternError, Piece};

/// The patterns of one `.dockerignore` file.
#[derive(Clone, Debug, Default)]
pub struct Ignored {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    takes_back: bool,
    pieces: Vec<Piece>,
    /// What every path that it reaches starts with.
    head: String,
    /// What every path that it matches ends with.
    tail: String,
}

/// A line that moby/patternmatcher refuses; the build would fail there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct IgnoreError {
    /// The 1-based line.
    pub line: usize,
    /// What is wrong with it.
    pub error: PatternError,
}

impl Ignored {
    /// Reads a `.dockerignore` file.
    ///
    /// # Errors
    ///
    /// [`IgnoreError`] names the first line that no builder takes.
    pub fn read(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let line = line.trim();
            let (takes_back, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let wrong = |error| IgnoreError { line: at + 1, error };
            if pattern.is_empty() {
                if takes_back {
                    return Err(wrong(PatternError(line.to_owned())));
                }
                continue;
            }
            let pieces = compile(&clean(pattern)).map_err(wrong)?;
            let head = pieces.iter().map_while(Piece::literal).collect();
            let tail: Vec<char> = pieces.iter().rev().map_while(Piece::literal).collect();
            let tail = tail.into_iter().rev().collect();
            patterns.push(Pattern { takes_back, pieces, head, tail });
        }
        Ok(Self { patterns })
    }

    /// Whether the builder never sees `path`, which is written from the context's root. The last pattern that
    /// matches it or a folder above it decides.
    pub fn ignores(&self, path: &str) -> bool {
        let mut ignored = false;
        for pattern in &self.patterns {
            if pattern.takes_back == ignored && pattern.reaches(path) {
                ignored = !pattern.takes_back;
            }
        }
        ignored
    }

    /// Whether a pattern matches `path` itself, whatever the folders above it are.
    pub(super) fn names(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| !pattern.takes_back && pattern.matches(path))
    }

    /// Whether a pattern takes back what others leave out, so that an ignored folder may hold something.
    pub fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }
}

impl Pattern {
    fn reaches(&self, path: &str) -> bool {
        if !path.starts_with(&self.head) {
            return false;
        }
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.chain([path]).any(|path| self.matches(path))
    }

    fn matches(&self, path: &str) -> bool {
        path.starts_with(&self.head) && path.ends_with(&self.tail) && globs::matches(&self.pieces, path)
    }
}

/// Go's `filepath.Clean` of a pattern, without the slash at its start.
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

/// `Pattern.compile` of moby/patternmatcher: `**/` takes any folders, `**` at the end anything.
fn compile(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars().peekable();
    let wrong = || PatternError(pattern.to_owned());
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_none() {
                    pieces.push(Piece::Rest);
                } else {
                    pieces.extend([Piece::Maybe, Piece::Folders]);
                }
            }
            '*' => pieces.push(Piece::Many),
            '?' => pieces.push(Piece::One),
            '[' => pieces.push(globs::class(&mut chars).filter(Piece::is_in_order).ok_or_else(wrong)?),
            '\\' => pieces.push(Piece::Just(chars.next().ok_or_else(wrong)?)),
            _ => pieces.push(Piece::Just(c)),
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of moby/patternmatcher's own tables (`patternmatcher_test.go`, `ignorefile_test.go`).
    #[test]
    fn patterns_match_as_in_moby() {
        let rows = [
            ("**", "file", true),
            ("**", "file/dir", true),
            ("**/", "file/", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("**/dir", "dir", true),
            ("**/dir", "dir/file", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/dir/file", true),
            ("**/file", "dir/file", true),
            ("**/file", "dir/afile", false),
            ("**file*", "dir/dir/file.txt", true),
            ("a**/*.txt", "abc/def/file.txt", true),
            ("a[b-d]e", "ace", true),
            ("a[b-d]e", "aae", false),
            ("a[^b-d]e", "aze", true),
            ("abc.def", "abcdef", false),
            ("abc?def", "abcZdef", true),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            ("dist/*.whl", "dist/proxy.py-2.4.0rc3-py3-none-any.whl", true),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("foo/../bar", "bar/x", true),
            ("/foo", "foo", true),
            ("./foo/", "foo/bar", true),
            ("foo", "foobar", false),
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
            "line 2: `[` is no pattern: close its `[` and put a character behind its `\\`"
        );
        for refused in ["!", "a\\", "[]a]", "[a-]", "[^]", "a/[b", "**[", "[z-a]"] {
            assert!(Ignored::read(refused).is_err(), "{refused}");
        }
    }
}
