//! `--commit`: a branch with one commit for each file.

use serde_json::json;

use super::{Error, Format, Kind, campaign::Change, write};
use crate::campaign::names::{Names, Purpose};
use crate::campaign::trailer::LocalTrailer;
use crate::git::{Became, BranchError, CommitId, Proposal, RepoPath, Repository};
use crate::text::escape::shown_lines;
use crate::text::words::{count, short_id};

/// Where branches are made.
pub struct Job<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The commit that they start from.
    pub base: &'a CommitId,
    /// The names of the campaign.
    pub names: &'a Names,
    /// What they are for.
    pub purpose: Purpose,
}

/// Makes a branch of each change. `refused` other files were told already.
pub fn all(job: &Job<'_>, changes: &[Change<'_>], refused: usize, format: Format) -> Result<(), Error> {
    let mut branches = job.repository.branches().map_err(|error| told(&error))?;
    let (mut made, mut failed) = (Vec::new(), refused);
    for change in changes {
        let path = RepoPath::new(change.path).map_err(|error| Error::usage(&error))?;
        let name = job.names.branch(&path, job.purpose).map_err(|error| Error::environment(&error))?;
        let proposal = Proposal {
            branch: &name,
            base: job.base,
            path: &path,
            text: &change.new,
            message: &change.message,
            mark: &LocalTrailer,
        };
        let branch = match branches.put(&proposal).map_err(|error| told(&error)) {
            Ok(branch) => branch,
            Err(error) if error.kind() == Kind::Refused => {
                error.report();
                failed += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        let became = match branch.became {
            Became::New => "new",
            Became::Same => "same",
            Became::Renewed => "renewed",
        };
        let commit = branch.commit.as_str();
        if format == Format::Human {
            let line = format!("{name} {} {became} {}\n", short_id(&commit), change.path);
            write::stdout(&shown_lines(&line))?;
        }
        made.push(json!({"path": change.path, "branch": name, "commit": commit, "became": became}));
    }
    if format == Format::Json {
        let whole = json!({"schema": 1, "base": job.base.as_str(), "branches": made});
        write::raw(format!("{whole:#}\n").as_bytes())?;
    }
    if failed == 0 {
        return Ok(());
    }
    let files = count(failed, "file");
    Err(Error::new(Kind::Refused, format!("{files} got no branch; {} done", made.len())))
}

/// The error with what to do about it.
fn told(error: &BranchError) -> Error {
    let refused = |hint: &str| Error::new(Kind::Refused, error.to_string()).hint(hint);
    match error {
        BranchError::NoIdentity { .. } => Error::new(Kind::Environment, error.to_string())
            .hint("git config user.name \"Your Name\"")
            .hint("git config user.email you@example.com"),
        BranchError::NotAFile { .. } => refused("plan again: layerwright plan --save"),
        BranchError::Taken { branch, .. } => refused(&format!(
            "merge it, or give it another name: git branch -m {branch} NAME; then run the command again"
        )),
        BranchError::CheckedOut { .. } => {
            refused("switch that working tree to another branch: git switch NAME")
        }
        BranchError::InTheWay { other, .. } => {
            refused(&format!("give it another name: git branch -m {other} NAME"))
        }
        BranchError::Locked { .. } => refused("if no git process runs here, remove that file"),
        BranchError::Moved { .. } => refused("run the command again"),
        BranchError::Busy { .. } => refused("wait for it, then run the command again"),
        BranchError::Git(error) => Error::environment(error),
    }
}
