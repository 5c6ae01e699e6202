//! Absolute paths as BuildKit computes them, with Go's `path` package. They are text: it never looks at a filesystem.

use super::cut;

/// `path.Clean` of Go for an absolute result: `.` and `..` resolved, repeated slashes collapsed.
pub(crate) fn clean(path: &str) -> String {
    if is_clean(path) {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `path.Join(directory, path)` of Go, for an absolute directory.
pub(crate) fn join(directory: &str, path: &str) -> String {
    let directory = if directory == "/" { "" } else { directory };
    let joined = [directory, "/", path].concat();
    if is_clean(&joined) { joined } else { clean(&joined) }
}

/// Returns true for an absolute path in which every component is a name.
fn is_clean(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_name))
}

/// Returns true if `inner` is `outer` or lies below it; both are absolute and clean.
pub(crate) fn is_within(outer: &str, inner: &str) -> bool {
    // Most paths are told apart by the character at which the outer one would end.
    outer == "/"
        || match inner.as_bytes().get(outer.len()) {
            None => inner == outer,
            Some(next) => *next == b'/' && inner.starts_with(outer),
        }
}

/// Returns the parent directories of a clean absolute path, the root first: `/` and `/usr` for `/usr/bin`.
pub(crate) fn ancestors(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let slashes = if path == "/" { "" } else { path };
    cut::parents(slashes).map(|parent| if parent.is_empty() { "/" } else { parent })
}

/// The last component of a clean absolute path; empty for the root.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ancestors_of_a_path_start_at_the_root() {
        assert_eq!(ancestors("/usr/local/bin").collect::<Vec<_>>(), ["/", "/usr", "/usr/local"]);
        assert_eq!(ancestors("/usr").collect::<Vec<_>>(), ["/"]);
        assert_eq!(ancestors("/").count(), 0);
    }
}
