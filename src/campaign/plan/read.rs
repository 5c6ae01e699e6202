//! Reads a `plan.json`. Unknown fields are never accepted, nor is a path that leaves the repository.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::campaign::names;
use crate::campaign::plan::file::{Plan, SCHEMA};
use crate::git::{GitError, PathError, RepoPath};
use crate::text::escape::shown;

/// A plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The plan was written in another format.
    #[error(
        "the plan has schema {found}, and this program reads {SCHEMA}: use the version that wrote it, or plan again"
    )]
    Schema {
        /// The version of the plan.
        found: u64,
    },
    /// The file is not a plan.
    #[error("the plan cannot be read at line {line}, column {column}: {message}; plan again with --save")]
    Json {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// The error.
        message: String,
    },
    /// A path in the plan is not a path of a repository.
    #[error("invalid path `{path}` in the plan: {why}; plan again with --save")]
    Path {
        /// The path, as far as it can be shown.
        path: String,
        /// The error of the path.
        why: PathError,
    },
    /// Two files would have the same branch and the same evidence.
    #[error("{path} would have the same branch as another file of the plan; plan again with --save")]
    Branch {
        /// The path, as far as it can be shown.
        path: String,
    },
    /// The branch of a file is unknown.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A wave lists a file that the plan does not describe.
    #[error("wave {wave} of the plan lists {path}, which the plan does not describe; plan again with --save")]
    Wave {
        /// The wave.
        wave: usize,
        /// The path, as far as it can be shown.
        path: String,
    },
}

impl Plan {
    /// Reads a `plan.json`.
    ///
    /// # Errors
    ///
    /// [`PlanError`] for another schema, unknown fields, broken JSON, and paths that leave the repository.
    pub fn read(bytes: &[u8]) -> Result<Self, PlanError> {
        #[derive(Deserialize)]
        struct Versioned {
            schema: u64,
        }
        let broken = |error: serde_json::Error| PlanError::Json {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        };
        let Versioned { schema } = serde_json::from_slice(bytes).map_err(broken)?;
        if schema != u64::from(SCHEMA) {
            return Err(PlanError::Schema { found: schema });
        }
        let plan: Plan = serde_json::from_slice(bytes).map_err(broken)?;
        plan.check_paths()?;
        Ok(plan)
    }

    fn check_paths(&self) -> Result<(), PlanError> {
        let mut paths = Vec::new();
        for file in &self.files {
            let path = RepoPath::new(&file.path);
            paths.push(path.map_err(|why| PlanError::Path { path: shown(&file.path).into_owned(), why })?);
        }
        if let Some(path) = names::sharing(&paths)?.first() {
            return Err(PlanError::Branch { path: shown(path.as_str()).into_owned() });
        }
        let known: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        for wave in &self.waves {
            if let Some(path) = wave.files.iter().find(|path| !known.contains(path.as_str())) {
                return Err(PlanError::Wave { wave: wave.number, path: shown(path).into_owned() });
            }
        }
        Ok(())
    }
}
