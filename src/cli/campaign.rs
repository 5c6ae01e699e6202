//! What `migrate` and `revert` share: the plan, the texts as they are now, and what becomes of new ones.

use std::fmt::Display;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::workspace::{self, Workspace};
use super::{Error, Format, Kind, Outcome, commit, human, plan as plan_command, write};
use crate::campaign::names::{Names, Purpose};
use crate::campaign::plan::file::{File, Header, Plan};
use crate::campaign::plan::line_plans;
use crate::config::Config;
use crate::discover::{MOST_BYTES, ReadError, Source};
use crate::dockerfile::Dockerfile;
use crate::edit;
use crate::edit::header;
use crate::git::{GitError, RepoPath, hash_blob};

/// What becomes of new texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are shown.
    Diff,
    /// They are written to the working tree.
    Write,
    /// Each goes to a branch of its own.
    Commit,
}

/// A file with its old and new text.
pub struct Change<'a> {
    /// The file.
    pub path: &'a str,
    /// The text now.
    pub old: Vec<u8>,
    /// The text as it will be.
    pub new: Vec<u8>,
    /// What is told when it is written, as in `2 lines linked`.
    pub done: String,
    /// What its commit says.
    pub message: String,
}

/// The files that are left out.
#[derive(Debug, Default)]
pub struct Refused {
    /// How many were told already.
    told: usize,
    /// Those of which the plan says nothing any more.
    stale: Vec<Error>,
}

impl Refused {
    /// Whether every file was taken.
    pub fn is_none(&self) -> bool {
        self.told == 0 && self.stale.is_empty()
    }
}

/// The repository or folder in which a command changes files.
pub struct Campaign<'a> {
    pub workspace: &'a Workspace,
    pub source: &'a Source<'a>,
    pub config: &'a Config,
    pub mode: Mode,
    pub format: Format,
}

impl Mode {
    /// The mode that the flags name, if it is possible in this place.
    pub fn of(outcome: &Outcome, workspace: &Workspace) -> Result<Self, Error> {
        if outcome.commit {
            return match workspace {
                Workspace::Git(..) => Ok(Mode::Commit),
                Workspace::Folder(path) => Err(Error::new(
                    Kind::Usage,
                    format!("{} lies in no git repository, so there is nothing to commit to", path.display()),
                )
                .hint("--write writes the change to the folder")),
            };
        }
        if outcome.write && workspace.folder().is_none() {
            return Err(Error::new(Kind::Usage, "a bare repository has no working tree to write to")
                .hint("--diff shows the change, and --commit makes a branch of it"));
        }
        Ok(if outcome.write { Mode::Write } else { Mode::Diff })
    }
}

impl Campaign<'_> {
    /// The plan that is named, or else saved. None where there is neither.
    pub fn saved_plan(&self, named: Option<&Path>) -> Result<Option<Plan>, Error> {
        let saved = plan_command::saved_at(self.workspace, self.config)?.filter(|path| path.is_file());
        let Some(path) = named.map(Path::to_owned).or(saved) else { return Ok(None) };
        plan_command::read(&path).map(Some)
    }

    /// A file's text now: the working tree's where that is written, else that of the commit or folder.
    pub fn text(&self, path: &RepoPath) -> Result<Vec<u8>, Error> {
        match self.workspace.folder().filter(|_| self.mode == Mode::Write) {
            Some(folder) => read_in_tree(folder, path),
            None => self.committed(path),
        }
    }

    fn committed(&self, path: &RepoPath) -> Result<Vec<u8>, Error> {
        if let Some(target) = self.source.link_target(path) {
            return Err(Error::new(Kind::Refused, format!("{path} is a symbolic link to {target}"))
                .hint("plan again, so that the file that it leads to is edited: layerwright plan --save"));
        }
        self.source.read(path, MOST_BYTES).map_err(|error| match error {
            ReadError::Git(error) => Error::environment(&error),
            error => Error::new(Kind::Refused, error.to_string()),
        })
    }

    /// Whether a file has its planned text already: in the base of the branches, or in the working tree.
    pub fn is_done(&self, plan: &Plan, path: &str) -> bool {
        let planned = plan.file(path).and_then(File::done_blob);
        let text = RepoPath::new(path).ok().and_then(|path| {
            let folder = self.workspace.folder().filter(|_| self.mode != Mode::Commit);
            folder.map_or_else(|| self.committed(&path), |folder| read_in_tree(folder, &path)).ok()
        });
        let blob = text.and_then(|text| hash_blob(&text).ok());
        matches!((planned, blob), (Some(planned), Some(blob)) if blob.as_str() == planned)
    }

    /// Refuses to write over changes that no commit has.
    pub fn refuse_dirty(&self, path: &RepoPath) -> Result<(), Error> {
        let Workspace::Git(repository, _) = self.workspace else { return Ok(()) };
        if self.mode != Mode::Write {
            return Ok(());
        }
        let dirty =
            repository.dirty_paths(std::slice::from_ref(path)).map_err(|error| Error::environment(&error))?;
        if dirty.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Refused, format!("{path} has uncommitted changes"))
            .hint("commit or stash them, then run the command again"))
    }

    /// The change of each file. One of which the plan says nothing any more does not hinder the others, and where
    /// each gets a branch of its own, no refused one does.
    pub fn changes<'f>(
        &self,
        files: &[&'f File],
        change: impl Fn(&'f File) -> Result<Option<Change<'f>>, Error>,
    ) -> Result<(Vec<Change<'f>>, Refused), Error> {
        let (mut changes, mut refused) = (Vec::new(), Refused::default());
        for file in files {
            match change(file) {
                Ok(found) => changes.extend(found),
                Err(error) if self.mode == Mode::Commit && error.kind().is_refused() => {
                    error.report();
                    refused.told += 1;
                }
                Err(error) if error.kind() == Kind::Stale => refused.stale.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((changes, refused))
    }

    /// Shows, writes or commits the changes, and tells what was refused.
    pub fn finish(&self, changes: &[Change<'_>], refused: Refused, purpose: Purpose) -> Result<(), Error> {
        match (self.mode, self.workspace) {
            (Mode::Commit, Workspace::Git(repository, base)) => {
                let names = &Names::new(&self.config.campaign.dir);
                commit::all(
                    &commit::Job { repository, base, names, purpose },
                    changes,
                    refused.told,
                    self.format,
                )
            }
            (Mode::Write, workspace) => {
                workspace.folder().map_or(Ok(()), |folder| write_all(folder, changes))
            }
            _ if std::io::stdout().is_terminal() => write::stdout(&human::diffs(changes, true)),
            _ => write::raw(human::diffs(changes, false).as_bytes()),
        }?;
        Error::all(refused.stale).map_or(Ok(()), Err)
    }
}

/// A plan belongs to the repository that has its commit.
pub fn check_repository(workspace: &Workspace, plan: &Plan) -> Result<(), Error> {
    let (Workspace::Git(repository, _), Some(commit)) = (workspace, &plan.commit) else { return Ok(()) };
    match repository.resolve(Some(commit)) {
        Ok(_) => Ok(()),
        Err(GitError::RevisionNotFound { .. }) => Err(Error::new(
            Kind::Refused,
            format!("the plan was made for commit {commit}, which is not in this repository"),
        )
        .hint("fetch that commit, or plan this repository: layerwright plan --save")),
        Err(error) => Err(Error::environment(&error)),
    }
}

/// The text that a plan makes of the one that it judged, which must be the one that it foretells.
pub fn planned_text(file: &File, original: &Dockerfile) -> Result<Vec<u8>, Error> {
    let rewrite = edit::rewrite(original, &line_plans(file.selected()), &header(file))
        .map_err(|error| Error::new(Kind::Refused, format!("{}: {error}", file.path)))?;
    let blob = hash_blob(&rewrite.text).map_err(|error| Error::environment(&error))?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(rewrite.text);
    }
    let message = format!("the lines of the plan for {} do not give the text that it foretells", file.path);
    Err(Error::new(Kind::Refused, message).hint("plan again: layerwright plan --save"))
}

/// What a plan does to the header of a file.
pub fn header(file: &File) -> header::Header {
    match &file.header {
        Header::Keep => header::Header::Keep,
        Header::Insert { value } => header::Header::Insert(value.clone()),
        Header::Raise { value } => header::Header::Raise(value.clone()),
        Header::Foreign { value } => header::Header::Foreign(value.clone()),
    }
}

/// A file of the plan as it is named in arguments.
pub fn named<'p>(plan: &'p Plan, path: &str) -> Result<&'p File, Error> {
    plan.file(path.trim_start_matches("./")).ok_or_else(|| {
        Error::new(Kind::Usage, format!("the plan has no file {path}"))
            .hint("name it as the plan does, from the repository's root")
    })
}

/// The files of a wave.
pub fn wave(plan: &Plan, number: usize) -> Result<Vec<&File>, Error> {
    let Some(wave) = plan.waves.iter().find(|wave| wave.number == number) else {
        let last = plan.waves.last().map_or(0, |wave| wave.number);
        return Err(Error::new(Kind::Usage, format!("the plan has no wave {number}; its last is {last}")));
    };
    Ok(wave.files.iter().filter_map(|path| plan.file(path)).collect())
}

/// A file of the working tree that is no link, and on whose way no link leads.
fn read_in_tree(folder: &Path, path: &RepoPath) -> Result<Vec<u8>, Error> {
    let at = workspace::place_in(folder, path)?;
    let unreadable = |why: &dyn Display| Error::new(Kind::Refused, format!("{path} can not be read: {why}"));
    let metadata = fs::symlink_metadata(&at).map_err(|error| unreadable(&error))?;
    // A pipe would never end, and a folder is none.
    if !metadata.is_file() {
        return Err(unreadable(&"it is no file").hint("restore it: git checkout -- FILE"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(unreadable(&format!("it holds {} bytes", metadata.len()))
            .hint("restore it: git checkout -- FILE"));
    }
    fs::read(&at).map_err(|error| unreadable(&error))
}

/// Writes the files, each as a whole. Stopped in between, a second run does the rest.
fn write_all(folder: &Path, changes: &[Change<'_>]) -> Result<(), Error> {
    let places: Vec<PathBuf> = changes.iter().map(|change| folder.join(change.path)).collect();
    write::clean(places.iter().map(PathBuf::as_path));
    for (change, place) in changes.iter().zip(&places) {
        write::replace(place, &change.new)?;
        write::remark(&format!("{}: {}", change.path, change.done));
    }
    Ok(())
}
