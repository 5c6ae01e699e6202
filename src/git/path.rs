//! Paths inside a repository, and the ids of its objects. This module never reads a file or an object.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest accepted path in bytes: Linux's `PATH_MAX`.
pub(super) const LONGEST: usize = 4096;

/// The reason why a text is not a path inside a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum PathError {
    /// The text, or a part between two slashes, is empty.
    #[error("it has an empty component; write it as `folder/file`, with single slashes")]
    Empty,
    /// It starts at the root of the filesystem.
    #[error("it is absolute; write it from the repository's root")]
    Absolute,
    /// A component is `.` or `..`.
    #[error("it has a `.` or `..` component; write it from the repository's root")]
    Dots,
    /// A component is `.git`, where git keeps its own files.
    #[error("it reaches into `.git`; name a file of the repository's content")]
    GitFolder,
    /// It holds a control character, which neither a terminal nor Markdown can show.
    #[error("it holds a control character; rename the file")]
    Control,
    /// It is longer than any system accepts.
    #[error("it is longer than {LONGEST} bytes; shorten its folders' names")]
    TooLong,
    /// It is not UTF-8.
    #[error("it is not UTF-8; rename the file")]
    NotUtf8,
}

/// A path from the root of a repository: `/`-separated UTF-8, never absolute, without `.`, `..`, `.git` and
/// empty components and without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoPath(String);

impl RepoPath {
    /// Checks a path and keeps its spelling; nothing is normalised.
    ///
    /// # Errors
    ///
    /// [`PathError`] names the rule that the path breaks.
    pub fn new(path: &str) -> Result<Self, PathError> {
        if path.starts_with('/') {
            return Err(PathError::Absolute);
        }
        if path.len() > LONGEST {
            return Err(PathError::TooLong);
        }
        path.split('/').try_for_each(check_component)?;
        Ok(Self(path.to_owned()))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.as_str(), |(_, name)| name)
    }

    /// Returns the folder of this path. `None` for the repository's root.
    pub(crate) fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Returns `path` below this folder.
    ///
    /// # Errors
    ///
    /// [`PathError`] if `path` is not a path inside a repository, or the result is too long.
    pub(crate) fn join(&self, path: &str) -> Result<Self, PathError> {
        if path.starts_with('/') {
            return Err(PathError::Absolute);
        }
        Self::new(&format!("{}/{path}", self.0))
    }

    /// Returns the components, outermost first.
    pub(crate) fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Returns `path` below `folder`, or below the root.
    pub(crate) fn below(folder: Option<&Self>, path: &str) -> Result<Self, PathError> {
        folder.map_or_else(|| Self::new(path), |folder| folder.join(path))
    }

    /// Returns the rest of this path after `folder`. `None` if the path is not in `folder`.
    pub(crate) fn relative_to(&self, folder: Option<&Self>) -> Option<&str> {
        match folder {
            None => Some(&self.0),
            Some(folder) => self.0.strip_prefix(folder.as_str())?.strip_prefix('/'),
        }
    }

    /// Returns a child whose name the caller has checked with [`check_name`]. `folder` is empty or ends with a slash.
    pub(super) fn of_checked(folder: &str, name: &str) -> Result<Self, PathError> {
        if folder.len() + name.len() > LONGEST {
            return Err(PathError::TooLong);
        }
        Ok(Self([folder, name].concat()))
    }
}

fn check_component(name: &str) -> Result<(), PathError> {
    match name {
        "" => Err(PathError::Empty),
        "." | ".." => Err(PathError::Dots),
        _ if name.eq_ignore_ascii_case(".git") => Err(PathError::GitFolder),
        _ if name.chars().any(char::is_control) => Err(PathError::Control),
        _ => Ok(()),
    }
}

/// Returns true if a name of a tree can be one component of a path. A slash in it would add several components.
pub(super) fn check_name(name: &[u8]) -> Result<&str, PathError> {
    let name = std::str::from_utf8(name).map_err(|_| PathError::NotUtf8)?;
    if name.contains('/') {
        return Err(PathError::Dots);
    }
    check_component(name)?;
    Ok(name)
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RepoPath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::new(&path)
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> Self {
        path.0
    }
}

/// A text that is not an object id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an object id; write its 40 or 64 lower-case hexadecimal digits")]
pub struct IdError(pub(crate) String);

fn checked_id(hex: &str) -> Result<String, IdError> {
    let digits = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digits && matches!(hex.len(), 40 | 64) { Ok(hex.to_owned()) } else { Err(IdError(hex.to_owned())) }
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a full id in hexadecimal digits.
            ///
            /// # Errors
            ///
            /// [`IdError`] if it is abbreviated or not an id.
            pub fn new(hex: &str) -> Result<Self, IdError> {
                checked_id(hex).map(Self)
            }

            /// Returns the id in hexadecimal digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub(super) fn of(oid: git2::Oid) -> Self {
                Self(oid.to_string())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(hex: String) -> Result<Self, IdError> {
                Self::new(&hex)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

object_id! {
    /// The id of a blob: the content of a file, or the target of a symlink.
    BlobId
}
object_id! {
    /// The id of a commit.
    CommitId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_promise() {
        let refused = [
            ("", PathError::Empty),
            ("a//b", PathError::Empty),
            ("a/", PathError::Empty),
            ("/a", PathError::Absolute),
            ("./a", PathError::Dots),
            ("a/../b", PathError::Dots),
            ("a/.git/config", PathError::GitFolder),
            (".GIT/config", PathError::GitFolder),
            ("a\nb", PathError::Control),
            ("a\u{1b}[2J", PathError::Control),
        ];
        for (path, why) in refused {
            assert_eq!(RepoPath::new(path), Err(why), "{path:?}");
        }
        assert_eq!(RepoPath::new(&"x".repeat(5000)), Err(PathError::TooLong));
        assert!(RepoPath::new(".gitignore").is_ok());
        assert!(RepoPath::new("...").is_ok());
    }

    #[test]
    fn a_path_knows_its_parts() {
        let path = RepoPath::new("a/b/Dockerfile").unwrap();
        assert_eq!(path.file_name(), "Dockerfile");
        assert_eq!(path.parent(), Some(RepoPath::new("a/b").unwrap()));
        assert_eq!(RepoPath::new("a").unwrap().parent(), None);
        assert_eq!(path.parent().unwrap().join("c").unwrap().as_str(), "a/b/c");
        assert_eq!(path.join("../../../c"), Err(PathError::Dots));
        assert_eq!(path.join("/c"), Err(PathError::Absolute));
        assert_eq!(path.relative_to(path.parent().as_ref()), Some("Dockerfile"));
        assert_eq!(path.relative_to(Some(&RepoPath::new("a/bc").unwrap())), None);
    }

    #[test]
    fn reading_a_path_or_an_id_checks_it() {
        assert!(serde_json::from_str::<RepoPath>("\"a/b\"").is_ok());
        assert!(serde_json::from_str::<RepoPath>("\"../b\"").is_err());
        assert!(serde_json::from_str::<BlobId>("\"HEAD\"").is_err());
        let id = "0123456789abcdef0123456789abcdef01234567";
        let read: CommitId = serde_json::from_str(&format!("\"{id}\"")).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn a_name_of_a_tree_is_one_component() {
        assert_eq!(check_name(b"a/../../etc"), Err(PathError::Dots));
        assert_eq!(check_name(b"\xff"), Err(PathError::NotUtf8));
        assert_eq!(check_name(b"ok"), Ok("ok"));
    }
}
