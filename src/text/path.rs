//! Absolute paths as BuildKit computes them, with Go's `path` package. They are text: it never looks at a filesystem.

/// `path.Clean` of Go for an absolute result: `.` and `..` resolved, repeated slashes collapsed.
pub(crate) fn clean(path: &str) -> String {
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
    clean(&format!("{directory}/{path}"))
}

/// Returns true if `inner` is `outer` or lies below it; both are absolute and clean.
pub(crate) fn is_within(outer: &str, inner: &str) -> bool {
    outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last component of a clean absolute path; empty for the root.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
