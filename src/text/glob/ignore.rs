//! The patterns of `.dockerignore` and `COPY --exclude`, as `github.com/moby/patternmatcher` matches them.
//!
//! Like `Pattern.compile` there, it distinguishes four kinds of patterns: only one needs a regular expression.

use std::sync::OnceLock;

use regex_automata::meta::Regex;

use super::{Glob, PatternError, compile_within, go_regexp};
use crate::budget::{STORED_BYTES, spend};
use crate::text::cut;

/// The units of an expression that is compiled, and of one that is matched.
const COMPILED: usize = 1_000;
const MATCHED: usize = 2;

/// A pattern of moby/patternmatcher.
#[derive(Clone, Debug)]
pub(crate) struct IgnorePattern(PatternKind);

#[derive(Clone, Debug)]
enum PatternKind {
    /// A path.
    Exact(String),
    /// `dir/**`: the start of the paths.
    Prefix(String),
    /// `**/name` or `**name`: the end of the paths.
    Suffix(String),
    Expression(Box<Expression>),
}

#[derive(Clone, Debug)]
struct Expression {
    bounds: Bounds,
    text: String,
    /// Compiled at the first path within the bounds.
    regex: OnceLock<Regex>,
}

/// The bounds of the paths that an expression may match.
#[derive(Clone, Debug, Default)]
struct Bounds {
    /// The start of every such path.
    head: String,
    /// The end of every such path.
    tail: String,
    /// The least number of bytes.
    least: usize,
    /// True if the head is complete.
    is_past_head: bool,
    /// True inside of `[…]`.
    is_in_class: bool,
}

impl IgnorePattern {
    /// Parses a pattern that Go's `filepath.Clean` has shortened.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if moby/patternmatcher refuses the pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, PatternError> {
        Glob::check(pattern)?;
        let (kind, go, bounds) = go_expression(pattern);
        Ok(Self(match kind {
            GoKind::Exact => PatternKind::Exact(pattern.to_owned()),
            GoKind::Prefix => PatternKind::Prefix(cut::before(pattern, pattern.len() - 2).to_owned()),
            GoKind::Suffix => PatternKind::Suffix(cut::from(pattern, 2).to_owned()),
            GoKind::Expression => {
                let text =
                    go_regexp::translate(&go).ok_or_else(|| PatternError::Regexp(pattern.to_owned()))?;
                PatternKind::Expression(Box::new(Expression { bounds, text, regex: OnceLock::new() }))
            }
        }))
    }

    /// Returns true if the pattern matches `path` itself.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match &self.0 {
            PatternKind::Exact(own) => path == own,
            PatternKind::Prefix(start) => path.starts_with(start),
            PatternKind::Suffix(end) => path.ends_with(end) || end.strip_prefix('/') == Some(path),
            PatternKind::Expression(expression) => expression.matches(path),
        }
    }

    /// Returns true if the pattern matches `path` or a directory above it (`MatchesOrParentMatches`).
    pub(crate) fn matches_or_above(&self, path: &str) -> bool {
        let head = match &self.0 {
            PatternKind::Exact(head) | PatternKind::Prefix(head) => head,
            PatternKind::Suffix(_) => "",
            PatternKind::Expression(expression) => &expression.bounds.head,
        };
        let mut above = cut::parents(path).filter(|above| above.len() >= head.len());
        path.starts_with(head) && (above.any(|above| self.matches(above)) || self.matches(path))
    }
}

impl Expression {
    fn matches(&self, path: &str) -> bool {
        let Bounds { head, tail, least, .. } = &self.bounds;
        if path.len() < *least || !path.starts_with(head) || !path.ends_with(tail) {
            return false;
        }
        spend(MATCHED);
        self.regex().is_match(path)
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            spend(COMPILED + self.text.len() / STORED_BYTES);
            compile_within(&self.text, None).expect("a translation is valid and of any size")
        })
    }
}

impl Bounds {
    /// Adds a character of the pattern that is not escaped and not one of two stars.
    fn take(&mut self, c: char) {
        match c {
            '[' if !self.is_in_class => {
                self.wildcard(1);
                self.is_in_class = true;
            }
            // Their expressions end with a `]`, which closes an open class.
            '*' | '?' | ']' => {
                self.wildcard(usize::from(c == '?' && !self.is_in_class));
                self.is_in_class = false;
            }
            _ if self.is_in_class => {}
            // An anchor, which moby/patternmatcher does not escape.
            '^' => self.wildcard(0),
            c => {
                self.least += c.len_utf8();
                self.tail.push(c);
                if !self.is_past_head {
                    self.head.push(c);
                }
            }
        }
    }

    /// Adds a part that matches several texts, none shorter than `least` bytes.
    fn wildcard(&mut self, least: usize) {
        self.least += least;
        self.tail.clear();
        self.is_past_head = true;
    }
}

/// The kind of a pattern (`matchType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum GoKind {
    Exact,
    Prefix,
    Suffix,
    Expression,
}

/// The kind of a pattern, and the expression that moby/patternmatcher makes of it (`Pattern.compile`).
fn go_expression(pattern: &str) -> (GoKind, String, Bounds) {
    let mut kind = GoKind::Exact;
    let mut out = String::from("^");
    let mut bounds = Bounds::default();
    let mut chars = pattern.chars().peekable();
    let mut is_first = true;
    while let Some(c) = chars.next() {
        if c == '*' && chars.next_if_eq(&'*').is_some() {
            chars.next_if_eq(&'/');
            let is_last = chars.peek().is_none();
            kind = match kind {
                _ if is_first => GoKind::Suffix,
                GoKind::Exact if is_last => GoKind::Prefix,
                _ => GoKind::Expression,
            };
            out.push_str(if is_last { ".*" } else { "(.*/)?" });
            bounds.wildcard(0);
        } else {
            if matches!(c, '*' | '?' | '\\' | '[' | ']') {
                kind = GoKind::Expression;
            }
            match c {
                '*' => out.push_str("[^/]*"),
                '?' => out.push_str("[^/]"),
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => out.extend(['\\', c]),
                '\\' => out.extend(['\\'].into_iter().chain(chars.next())),
                c => out.push(c),
            }
            match c {
                '\\' => bounds.wildcard(0),
                c => bounds.take(c),
            }
        }
        is_first = false;
    }
    out.push('$');
    if pattern.contains("[:") {
        // The `]` after a name in `[:…:]` does not end a class. Each `?` still matches a character.
        bounds = Bounds { least: pattern.matches('?').count(), ..Bounds::default() };
    }
    (kind, out, bounds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pattern: &str) -> IgnorePattern {
        IgnorePattern::new(pattern).unwrap()
    }

    /// Rows of moby/patternmatcher's own table (`patternmatcher_test.go`, `TestMatches`).
    #[test]
    fn patterns_match_as_in_moby() {
        let rows = [
            ("**", "file", true),
            ("**", "file/dir", true),
            ("**", "/", true),
            ("**", "dir/file/", true),
            ("**/**", "dir/file", true),
            ("**/**", "dir/dir2/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("dir/**", "dir", false),
            ("**/dir", "dir", true),
            ("**/dir", "dir/file", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/*", "dir/dir2/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**/file", "dir/dir/file", true),
            ("**file", "dir/dir/file", true),
            ("**/file*", "dir/dir/file", true),
            ("**/file*", "dir/dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/file*.txt*", "dir/dir/file.txt", true),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("**/**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("a[b-d]e", "aae", false),
            ("a[^b-d]e", "aze", true),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("abc.def", "abcdef", false),
            ("abc.def", "abc.def", true),
            ("abc.def", "abcZdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abcdef", false),
            ("a\\\\", "a\\", true),
            ("**/foo/bar", "foo/bar", true),
            ("**/foo/bar", "dir/foo/bar", true),
            ("**/foo/bar", "dir/dir2/foo/bar", true),
            ("abc/**", "abc", false),
            ("abc/**", "abc/def", true),
            ("abc/**", "abc/def/ghi", true),
            ("**/.foo", ".foo", true),
            ("**/.foo", "bar.foo", false),
            ("a(b)c/def", "a(b)c/def", true),
            ("a(b)c/def", "a(b)c/xyz", false),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            (
                "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
                "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
                true,
            ),
            ("dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(read(pattern).matches_or_above(path), expected, "{pattern} {path}");
        }
    }

    /// Rows of moby/patternmatcher's own table (`patternmatcher_test.go`, `compileTests`), and others.
    #[test]
    fn patterns_are_translated_as_in_moby() {
        let rows = [
            ("*", GoKind::Expression, "^[^/]*$"),
            ("file*", GoKind::Expression, "^file[^/]*$"),
            ("*file", GoKind::Expression, "^[^/]*file$"),
            ("a*/b", GoKind::Expression, "^a[^/]*/b$"),
            ("**", GoKind::Suffix, "^.*$"),
            ("**/**", GoKind::Expression, "^(.*/)?.*$"),
            ("dir/**", GoKind::Prefix, "^dir/.*$"),
            ("**/dir", GoKind::Suffix, "^(.*/)?dir$"),
            ("**/dir2/*", GoKind::Expression, "^(.*/)?dir2/[^/]*$"),
            ("**/dir2/**", GoKind::Expression, "^(.*/)?dir2/.*$"),
            ("**file", GoKind::Suffix, "^(.*/)?file$"),
            ("**/file*txt", GoKind::Expression, "^(.*/)?file[^/]*txt$"),
            ("**/**/*.txt", GoKind::Expression, "^(.*/)?(.*/)?[^/]*\\.txt$"),
            ("a[b-d]e", GoKind::Expression, "^a[b-d]e$"),
            (".*", GoKind::Expression, "^\\.[^/]*$"),
            ("abc.def", GoKind::Exact, "^abc\\.def$"),
            ("abc?def", GoKind::Expression, "^abc[^/]def$"),
            ("a\\b", GoKind::Expression, "^a\\b$"),
            ("[*]", GoKind::Expression, "^[[^/]*]$"),
        ];
        for (pattern, kind, expected) in rows {
            let (found, go, _) = go_expression(pattern);
            assert_eq!((found, go.as_str()), (kind, expected), "{pattern}");
        }
    }

    #[test]
    fn a_directory_above_may_match() {
        for (pattern, path) in [("**/dir", "dir/file"), ("a*", "ab/c"), ("dir", "dir/a/b"), ("a/?", "a/b/c")]
        {
            assert!(!read(pattern).matches(path) && read(pattern).matches_or_above(path), "{pattern} {path}");
        }
    }

    #[test]
    fn two_stars_match_the_end_of_a_name_only_as_the_start_of_a_pattern() {
        assert!(read("**.md").matches("a/README.md") && read("**file").matches("a/afile"));
        assert!(!read("**/.md").matches("README.md"));
        assert!(!read("a**.md").matches("aREADME.md") && read("a**.md").matches("ax/.md"));
    }

    #[test]
    fn signs_mean_what_they_mean_to_go_s_regexp() {
        // A word boundary, a line feed, a character that is not a digit.
        assert!(read("a/\\b*").matches("a/b") && !read("a/\\b*").matches("a/.b"));
        assert!(read("obj\\Debug").matches("objxebug") && !read("obj\\Debug").matches("objDDebug"));
        // `[*]` is a class and a `]` after it; `^` is an anchor only in an expression.
        assert!(read("[*]").matches("^/]") && !read("[*]").matches("*"));
        assert!(read("^a*").matches("ab") && !read("^a*").matches("^ab") && read("^a").matches("^a"));
        assert!(read("[[:digit:]x]*").matches("5a") && read("[[:digit:]x]").matches("x"));
        // Two stars do not match a line feed, one star does.
        assert!(!read("a/**/b*").matches("a/x\ny/b") && read("a/*/b").matches("a/x\ny/b"));
        assert!(read("a?b").matches("aéb") && !read("a?b").matches("aééb"));
    }

    #[test]
    fn what_moby_refuses_is_refused() {
        for refused in ["a\\", "[]a]", "[a-]", "[^]", "a/[b", "**[", "["] {
            assert_eq!(IgnorePattern::new(refused).unwrap_err(), PatternError::Syntax(refused.to_owned()));
        }
        for refused in ["[z-a]", "a\\y", "[[:none:]]"] {
            assert_eq!(IgnorePattern::new(refused).unwrap_err(), PatternError::Regexp(refused.to_owned()));
        }
    }

    #[test]
    fn a_pattern_with_many_stars_takes_no_time() {
        assert!(!read(&("*a".repeat(500) + "b")).matches(&("a".repeat(100_000) + "/b")));
        assert!(!read(&("**/a*".repeat(200) + "b")).matches(&("a/".repeat(10_000) + "cb")));
        // A path is too short for this pattern, which is never compiled.
        assert!(!read(&"?".repeat(60_000)).matches(&"a".repeat(4_000)));
    }

    proptest! {
        #[test]
        fn bounds_leave_out_no_path_that_matches(
            pattern in "([ab/.^*?]|\\*\\*/?|\\[\\^?[ab*?/]{1,2}\\]|\\\\[*bd.]|\\]|\\[\\[:alpha:\\]b?\\]){0,6}",
            path in "[ab1/.^*\\]\\[]{0,6}",
        ) {
            if let Ok(IgnorePattern(PatternKind::Expression(expression))) = IgnorePattern::new(&pattern) {
                prop_assert_eq!(expression.matches(&path), expression.regex().is_match(&path));
            }
        }
    }
}
