//! Paths as the words of a script name them. It knows no filesystem: `..` and symlinks are not resolved here.

/// The paths that a word may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathPattern {
    /// This absolute, clean path and everything below it.
    At(String),
    /// Anything strictly below this absolute, clean path: a wildcard or an unknown part was cut off.
    Under(String),
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
    pub(super) fn reach(&self, path: &str) -> Reach {
        match self {
            Self::At(at) if at == path || is_below(path, at) => Reach::Within,
            Self::Under(under) if is_below(path, under) => Reach::Within,
            Self::At(at) | Self::Under(at) if at == path || is_below(at, path) => Reach::Above,
            _ => Reach::Elsewhere,
        }
    }
}

/// Whether `path` is strictly below `ancestor`; both absolute and clean.
pub(super) fn is_below(path: &str, ancestor: &str) -> bool {
    if ancestor == "/" {
        return path.len() > 1;
    }
    path.strip_prefix(ancestor).is_some_and(|rest| rest.starts_with('/'))
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
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => &path[..at],
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
        assert_eq!(PathPattern::Under("/a".into()).reach("/a"), Reach::Above);
        assert_eq!(PathPattern::Under("/".into()).reach("/a"), Reach::Within);
    }
}
