//! The names of Dockerfiles. This module reads names only, never contents.

/// The kind of a file by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Not a Dockerfile.
    Other,
    /// A Dockerfile.
    Dockerfile,
    /// The name of a Dockerfile with the extension of a source, a document or an archive: its content decides.
    Doubtful,
    /// A template from which a Dockerfile is made.
    Template,
    /// The expected output of an approval test.
    Snapshot,
}

/// The extensions of templates.
const TEMPLATES: [&str; 6] = ["j2", "template", "tmpl", "in", "erb", "tpl"];

/// The extensions of other formats: `Dockerfile.go` is Go unless its content says otherwise.
const DOUBTFUL: [&str; 66] = [
    "adoc", "bak", "bash", "bat", "bmp", "bz2", "c", "cfg", "class", "cmd", "conf", "cpp", "cs", "css",
    "csv", "diff", "dll", "exe", "gif", "go", "gz", "h", "hcl", "hpp", "htm", "html", "ini", "ipynb", "jar",
    "java", "jpeg", "jpg", "js", "json", "jsx", "kt", "lock", "log", "lua", "md", "mjs", "patch", "pdf",
    "php", "pl", "png", "ps1", "py", "pyc", "rb", "rs", "rst", "scala", "sh", "sql", "svg", "swift", "tar",
    "tf", "toml", "ts", "tsx", "txt", "xml", "yaml", "yml",
];
const ARCHIVES: [&str; 4] = ["tgz", "xz", "zip", "zst"];

/// Classifies the name of a file, in any letter case.
///
/// A Dockerfile is named `Dockerfile`, `Dockerfile.*`, `Dockerfile-*`, `Dockerfile_*` or `*.Dockerfile`, or the
/// same with `Containerfile`; never `*.dockerignore`.
pub(crate) fn read(name: &str) -> Name {
    // Most names are shorter and need no copy in lower case.
    if name.len() < "dockerfile".len() {
        return Name::Other;
    }
    let name = name.to_ascii_lowercase();
    if name.ends_with(".dockerignore") {
        return Name::Other;
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    if TEMPLATES.contains(&ending) && is_pattern(stem) {
        return Name::Template;
    }
    if !is_pattern(&name) {
        return Name::Other;
    }
    if name.contains(".approved.") {
        return Name::Snapshot;
    }
    if DOUBTFUL.contains(&ending) || ARCHIVES.contains(&ending) {
        return Name::Doubtful;
    }
    Name::Dockerfile
}

fn is_pattern(lower: &str) -> bool {
    ["dockerfile", "containerfile"].iter().any(|word| match lower.strip_prefix(word) {
        Some("") => true,
        Some(rest) if rest.len() > 1 && rest.starts_with(['.', '-', '_']) => true,
        _ => lower.strip_suffix(word).is_some_and(|rest| rest.ends_with('.')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_documented() {
        let expected = [
            ("Dockerfile", Name::Dockerfile),
            ("dockerfile", Name::Dockerfile),
            ("DOCKERFILE.alpine", Name::Dockerfile),
            ("Dockerfile-dev", Name::Dockerfile),
            ("Dockerfile_dev", Name::Dockerfile),
            ("api.Dockerfile", Name::Dockerfile),
            ("Containerfile", Name::Dockerfile),
            ("x.containerfile", Name::Dockerfile),
            ("Dockerfile.v1.2", Name::Dockerfile),
            ("Dockerfile.dockerfile", Name::Dockerfile),
            ("Dockerfile.go", Name::Doubtful),
            ("Dockerfile-notes.md", Name::Doubtful),
            ("dockerfile.tar", Name::Doubtful),
            ("Dockerfile.tgz", Name::Doubtful),
            ("Dockerfile.j2", Name::Template),
            ("Dockerfile-alpine.template", Name::Template),
            ("api.Dockerfile.tmpl", Name::Template),
            ("Dockerfile.in", Name::Template),
            ("Tests.Build.approved.Dockerfile", Name::Snapshot),
            ("Dockerfile.approved.txt", Name::Snapshot),
            ("Dockerfile.dockerignore", Name::Other),
            (".dockerignore", Name::Other),
            ("Dockerfile.", Name::Other),
            ("Dockerfiles", Name::Other),
            ("MyDockerfile", Name::Other),
            ("dockerfile.py.in", Name::Template),
            ("main.rs", Name::Other),
            ("ééééééééé", Name::Other),
        ];
        for (name, what) in expected {
            assert_eq!(read(name), what, "{name}");
        }
    }
}
