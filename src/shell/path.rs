//! Paths as the words of a script name them. It knows no filesystem: `..` and symlinks are not resolved here.

use crate::budget::spend;
use crate::text::cut;
use crate::text::glob::shell as glob;

/// The paths that a word may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathPattern {
    /// This absolute, clean path and everything below it.
    At(String),
    /// The paths with a certain name in a directory, and everything below them: a wildcard or an unknown part was cut off.
    Under {
        /// The absolute, clean path of the directory.
        directory: String,
        /// A shell pattern of the name.
        name: String,
    },
}

/// How a pattern and a path lie to each other, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Neither is below the other.
    Elsewhere,
    /// The path is an ancestor of what the pattern names.
    Above,
    /// The pattern names the path or something above it.
    Within,
}

impl PathPattern {
    /// Anything strictly below this absolute, clean path.
    pub(crate) fn under(directory: impl Into<String>) -> Self {
        Self::Under { directory: directory.into(), name: "*".into() }
    }

    /// Returns the paths that a glob names, in the directory of the script.
    pub(super) fn of_glob(directory: &str, glob: &str) -> Self {
        let start = glob.split(['*', '?', '[']).next().unwrap_or_default();
        let name = cut::from(glob, name_at(start));
        Self::Under {
            directory: join(directory, directory_of(start)).0,
            name: name.split('/').next().unwrap_or(name).to_owned(),
        }
    }

    /// Returns the paths that start with a text, in the directory of the script.
    pub(super) fn of_start(directory: &str, start: &str) -> Self {
        let name = cut::from(start, name_at(start));
        // What follows dots may lead up.
        let name = if matches!(name, "." | "..") { "" } else { name };
        Self::Under { directory: join(directory, directory_of(start)).0, name: format!("{name}*") }
    }

    /// Returns true if it may name this absolute, clean path or something above it.
    pub(crate) fn may_be(&self, path: &str) -> bool {
        self.reach(path) == Reach::Within
    }

    /// Returns true if it stands for names in a directory.
    pub(super) fn is_named(&self) -> bool {
        matches!(self, Self::Under { .. })
    }

    /// Returns the path or the directory in which its names are.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::At(path) => path,
            Self::Under { directory, .. } => directory,
        }
    }

    pub(super) fn reach(&self, path: &str) -> Reach {
        match self {
            Self::At(at) if at == path || is_below(path, at) => Reach::Within,
            Self::Under { directory, name } if is_below(path, directory) => {
                let rest = path.strip_prefix(&**directory).unwrap_or_default().trim_start_matches('/');
                let is_named = may_match(name, rest.split('/').next().unwrap_or(rest));
                if is_named { Reach::Within } else { Reach::Elsewhere }
            }
            Self::At(at) | Self::Under { directory: at, .. } if at == path || is_below(at, path) => {
                Reach::Above
            }
            _ => Reach::Elsewhere,
        }
    }
}

/// Where the last component of a text begins.
fn name_at(text: &str) -> usize {
    text.rfind('/').map_or(0, |at| at + 1)
}

/// Returns true if a shell may take `name` for a match of `pattern`, whatever its options: letter case does not count, and
/// the pattern behind a bracket or a backslash counts as a star.
fn may_match(pattern: &str, name: &str) -> bool {
    spend(1 + pattern.len() + name.len());
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let pattern = match pattern.split_once(['[', '\\']) {
        Some((start, _)) => format!("{start}*"),
        None => pattern,
    };
    match pattern.strip_suffix('*') {
        Some(start) if !start.contains(['*', '?']) => name.starts_with(start),
        _ => glob::matches(&pattern, &name).unwrap_or(true),
    }
}

/// Returns true if `path` is strictly below `ancestor`; both absolute and clean.
pub(super) fn is_below(path: &str, ancestor: &str) -> bool {
    if ancestor == "/" {
        return path.len() > 1;
    }
    // Most paths have no slash there, which is faster to see than where they differ.
    path.as_bytes().get(ancestor.len()) == Some(&b'/') && path.starts_with(ancestor)
}

/// `path` joined to `directory` and cleaned, and whether that is exact: `..` goes through a symlink to a place
/// that only the filesystem knows.
pub(super) fn join(directory: &str, path: &str) -> (String, bool) {
    let mut parts: Vec<&str> = Vec::new();
    let mut exact = true;
    let base = if path.starts_with('/') { "" } else { directory };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                exact = false;
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    (format!("/{}", parts.join("/")), exact)
}

/// The directory of a path, for a path that was cut in the middle of its last component.
pub(super) fn directory_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_cleans_and_tells_of_dots() {
        for (directory, path, want, exact) in [
            ("/w", "a", "/w/a", true),
            ("/w", "/a//b/./", "/a/b", true),
            ("/w/x", "../y", "/w/y", false),
            ("/", "../..", "/", false),
            ("/", ".", "/", true),
        ] {
            assert_eq!(join(directory, path), (want.into(), exact), "{directory} {path}");
        }
    }

    #[test]
    fn reach_goes_by_components() {
        let at = PathPattern::At("/a/b".into());
        for (path, want) in [
            ("/a/b", Reach::Within),
            ("/a/b/c", Reach::Within),
            ("/a/bc", Reach::Elsewhere),
            ("/a", Reach::Above),
            ("/", Reach::Above),
            ("/x", Reach::Elsewhere),
        ] {
            assert_eq!(at.reach(path), want, "{path}");
        }
        assert_eq!(PathPattern::under("/a").reach("/a"), Reach::Above);
        assert_eq!(PathPattern::under("/").reach("/a"), Reach::Within);
    }

    #[test]
    fn globs_and_starts_name_what_they_match() {
        let glob = |glob| PathPattern::of_glob("/w", glob);
        for (pattern, path, want) in [
            (glob("/*.gz*"), "/etc", Reach::Elsewhere),
            (glob("/*.gz*"), "/a.tar.gz.asc", Reach::Within),
            (glob("/*.gz*"), "/", Reach::Above),
            (glob("/e?c/x"), "/etc", Reach::Within),
            (glob("/e?c/x"), "/etc/y", Reach::Within),
            (glob("/e?c/x"), "/ec", Reach::Elsewhere),
            (glob("/[!a]*"), "/a", Reach::Within),
            (glob("/a\\*"), "/a*", Reach::Within),
            (glob("/ETC*"), "/etc", Reach::Within),
            (glob("a-*"), "/w/a-b", Reach::Within),
            (glob("a-*"), "/w/b", Reach::Elsewhere),
            (glob("*/../../etc"), "/w/x", Reach::Within),
            (PathPattern::of_start("/", "node-"), "/usr", Reach::Elsewhere),
            (PathPattern::of_start("/", "./node-"), "/node-22/bin", Reach::Within),
            (PathPattern::of_start("/w", "/opt/"), "/opt/x", Reach::Within),
            (PathPattern::of_start("/w", "."), "/w/x", Reach::Within),
            (PathPattern::of_start("/w", "/opt/a"), "/opt", Reach::Above),
        ] {
            assert_eq!(pattern.reach(path), want, "{pattern:?} {path}");
        }
    }
}
