//! Reads the files of evidence. Unknown fields are refused, and so is a file whose name does not belong to its path.

use serde::Deserialize;

use super::format::{Evidence, SCHEMA};
use crate::campaign::names;
use crate::git::{GitError, PathError, RepoPath};
use crate::text::escape::shown;

/// A file of evidence cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The evidence was written in another format.
    #[error("the evidence has schema {found}, and this program reads {SCHEMA}")]
    Schema {
        /// The version of the evidence.
        found: u64,
    },
    /// The file is not evidence.
    #[error("invalid evidence: line {line}, column {column}: {message}")]
    Json {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// The error.
        message: String,
    },
    /// The path is not a path of a repository.
    #[error("invalid path `{path}` in the evidence: {why}")]
    Path {
        /// The path, as far as it can be shown.
        path: String,
        /// The error of the path.
        why: PathError,
    },
    /// The file has the name of another file's evidence.
    #[error("wrong file name for the evidence of {path}: expected {expected}")]
    Name {
        /// The path.
        path: String,
        /// The expected name.
        expected: String,
    },
    /// The expected name is unknown.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Evidence {
    /// Reads the file of evidence that has this name, which may be the one that earlier versions gave, or that of the
    /// clone's own folder.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`] for another schema, unknown fields, broken JSON, and a path that it is not named for.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, EvidenceError> {
        #[derive(Deserialize)]
        struct Versioned {
            schema: u64,
        }
        let broken = |error: serde_json::Error| EvidenceError::Json {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        };
        let Versioned { schema } = serde_json::from_slice(bytes).map_err(broken)?;
        if schema != u64::from(SCHEMA) {
            return Err(EvidenceError::Schema { found: schema });
        }
        let evidence: Self = serde_json::from_slice(bytes).map_err(broken)?;
        let path = RepoPath::new(&evidence.path)
            .map_err(|why| EvidenceError::Path { path: shown(&evidence.path).into_owned(), why })?;
        let expected = names::evidence_files(&path)?;
        let of_texts = names::evidence_of_texts(&path, &evidence.before, &evidence.after)?;
        if !expected.contains(name) && of_texts != name {
            let expected = expected.present;
            return Err(EvidenceError::Name { path: shown(&evidence.path).into_owned(), expected });
        }
        Ok(evidence)
    }
}
