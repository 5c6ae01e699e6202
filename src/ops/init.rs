//! Writes a `layerwright.toml` to start from, with what was found in the repository. Every line of it is a comment: the
//! defaults hold until the user takes a `#` away.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Watch;
use super::atomic::{self, WriteError};
use super::plan::{PlanOptions, PlanningError, plan};
use super::workspace::{Workspace, WorkspaceError, place_in};
use crate::builds::Level;
use crate::campaign::plan::file::{Class, File, Plan};
use crate::config::FILE_NAME;
use crate::git::{PathError, RepoPath};
use crate::text::words::{count, form};

/// The most entries of a list that the file has.
const MOST: usize = 20;

/// An error of [`init`].
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The file is there already.
    #[error("{FILE_NAME} is there already")]
    Exists,
    /// A bare repository has no place for it.
    #[error("a bare repository has no place for {FILE_NAME}")]
    NoPlace,
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The Dockerfiles cannot be judged.
    #[error(transparent)]
    Plan(#[from] PlanningError),
    /// The path of the file is invalid.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes the file into the root of the repository or folder, and returns its path.
///
/// # Errors
///
/// [`InitError`]
pub fn init(repository: &Path, watch: &Watch<'_>) -> Result<PathBuf, InitError> {
    let workspace = Workspace::open(repository, None)?;
    let folder = workspace.folder().ok_or(InitError::NoPlace)?;
    let path = place_in(folder, &RepoPath::new(FILE_NAME)?).map_err(WorkspaceError::from)?;
    if path.exists() {
        return Err(InitError::Exists);
    }
    let plan = plan(&PlanOptions::new(repository), watch)?.plan;
    atomic::write(&path, text(&plan).as_bytes())?;
    Ok(path)
}

/// The sections that do not depend on the repository.
const START: &str = "\
# Settings of Layerwright for this repository. Every key is optional: take the `#` away before the ones that you change.
# layerwright plan --print-config shows all keys with their values.

[campaign]
# dir = \"plans/copy-link\"       # where `plan --save` writes
# trust = \"verified\"            # \"assumed\": pull requests also for lines that nothing has proved or compared

[report]
# max_open = 10                 # pull requests that are open at once
# labels = []
# reviewers = []                # \"org/team\" for a team
# draft = false
# install = \"cargo install --git URL\"   # how reviewers install layerwright, for the text of pull requests
# close_issue = false           # close the tracking issue when the campaign is finished

[verify]
# budget = \"45m\"                # the time limit for one file
# frontend = \"header\"           # \"builtin\" if the builder cannot pull docker/dockerfile:1

[waves]
# sizes = [3, 9, 27]            # files of waves 1, 2, 3; wave 0 is one file, the proof of concept
";

fn text(plan: &Plan) -> String {
    let mut out = START.to_owned();
    // Writing to a string cannot fail.
    if let Some(poc) = plan.waves.first().and_then(|wave| wave.files.first()) {
        let _ = writeln!(out, "# poc = {poc:?}   # the best first file, unless you name another one");
    }
    if plan.files.iter().any(|file| !file.owners.is_empty()) {
        out.push_str(
            "# by = \"owner\"                # one wave for each owner: this repository has CODEOWNERS\n",
        );
    }
    let generated: Vec<&File> =
        plan.files.iter().filter(|file| matches!(file.class, Class::Generated { .. })).collect();
    if !generated.is_empty() {
        let n = generated.len();
        let _ = write!(
            out,
            "\n# {} {} generated and {} not edited:\n",
            count(n, "file"),
            form(n, "is", "are"),
            form(n, "is", "are")
        );
        listed(&mut out, &generated, |file| format!("#   {}\n", file.path));
    }
    builds(&mut out, plan);
    out
}

/// Adds the builds that nothing states, each as an entry to correct.
fn builds(out: &mut String, plan: &Plan) {
    let is_guessed = |file: &&File| {
        !file.contexts.is_empty() && file.contexts.iter().all(|context| context.level == Level::Guessed)
    };
    let guessed: Vec<&File> = plan.files.iter().filter(is_guessed).collect();
    if guessed.is_empty() {
        return;
    }
    let n = guessed.len();
    let _ = write!(
        out,
        "\n# No file of the repository states how {} {} built. A context that you state is a fact:\n",
        count(n, "Dockerfile"),
        form(n, "is", "are")
    );
    listed(out, &guessed, |file| {
        let root = file.contexts.first().map_or(".", |context| context.root.as_str());
        format!("# [build.{:?}]\n# context = {root:?}\n", file.path)
    });
}

fn listed(out: &mut String, files: &[&File], entry: impl Fn(&File) -> String) {
    files.iter().take(MOST).for_each(|file| out.push_str(&entry(file)));
    if files.len() > MOST {
        let _ = writeln!(out, "# and {} more", count(files.len() - MOST, "file"));
    }
}
