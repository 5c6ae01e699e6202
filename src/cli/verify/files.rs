//! Which files are verified, and where their evidence is.

use std::fs::{self, File as OpenFile, TryLockError};
use std::path::{Path, PathBuf};

use super::arguments::VerifyArguments;
use crate::campaign::evidence::{Evidence, Outcome};
use crate::campaign::names;
use crate::campaign::plan::file::{File, Plan};
use crate::cli::{Error, Kind, write as output};
use crate::config::Config;
use crate::dockerfile::Dockerfile;
use crate::git::{BlobId, RepoPath, hash_blob};
use crate::ops::atomic;
use crate::ops::planned_text::planned_text;
use crate::ops::present::PresentFiles;
use crate::ops::selection;
use crate::ops::workspace::{self, Workspace, place_in};
use crate::text::words::short_id;
use crate::verify::run::{Depth, Edit};

/// The files that are asked for and have something to verify, in the order of the plan.
pub fn chosen<'p>(
    arguments: &VerifyArguments,
    campaign: &PresentFiles<'_>,
    plan: &'p Plan,
) -> Result<Vec<&'p File>, Error> {
    if !arguments.files.is_empty() {
        return arguments.files.iter().map(|path| Ok(selection::edited(plan, path)?)).collect();
    }
    let Some(number) = arguments.wave.or_else(|| campaign.next_wave(plan)) else {
        return Ok(Vec::new());
    };
    let files = selection::wave(plan, number)?;
    Ok(files.into_iter().filter(|file| file.rewritten.is_some()).collect())
}

/// The texts of the files, and an error for each of which the plan says nothing any more.
pub fn edits<'p>(
    arguments: &VerifyArguments,
    campaign: &PresentFiles<'_>,
    files: Vec<&'p File>,
) -> Result<(Vec<Edit<'p>>, Vec<Error>), Error> {
    let (mut edits, mut stale) = (Vec::new(), Vec::new());
    for file in files {
        match edit(arguments, campaign, file) {
            Ok(edit) => edits.push(edit),
            Err(error) if error.kind() == Kind::Stale => stale.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((edits, stale))
}

fn edit<'p>(
    arguments: &VerifyArguments,
    campaign: &PresentFiles<'_>,
    file: &'p File,
) -> Result<Edit<'p>, Error> {
    let path = RepoPath::new(&file.path).map_err(|error| Error::usage(&error))?;
    let stale = |how: &str| {
        Error::new(Kind::Stale, format!("{path} has changed since the plan was made: {how}"))
            .hint("plan again: layerwright plan --save")
    };
    if campaign.source.listing().get(&path).is_none() {
        return Err(stale("it is gone"));
    }
    let now = campaign.text(&path)?;
    let blob = hash_blob(&now).map_err(|error| Error::environment(&error))?;
    let before = match campaign.workspace {
        _ if blob.as_str() == file.blob => now,
        // The commit has the edit already, and the repository still knows the text before.
        Workspace::Git(repository, _) if file.rewritten.as_deref() == Some(blob.as_str()) => {
            let planned = BlobId::new(&file.blob).map_err(|error| Error::usage(&error))?;
            repository.blob(&planned).map_err(|_| stale("its text before is not in this repository"))?
        }
        _ => {
            let (planned, now) = (short_id(&file.blob), short_id(blob.as_str()));
            return Err(stale(&format!("planned for {planned}, now {now}")));
        }
    };
    let after = planned_text(file, &Dockerfile::read(before.clone()))?;
    let usual = if file.wave == Some(0) { Depth::Full } else { Depth::Quick };
    Ok(Edit { file, before, after, depth: arguments.depth.map_or(usual, Into::into) })
}

/// The folder of the evidence.
pub fn place(arguments: &VerifyArguments, workspace: &Workspace, config: &Config) -> Result<PathBuf, Error> {
    if let Some(out) = &arguments.out {
        return Ok(out.clone());
    }
    let folder = workspace.folder().ok_or_else(|| {
        Error::new(Kind::Usage, "a bare repository has no place for the evidence")
            .hint("write it elsewhere: layerwright verify --out DIR")
    })?;
    Ok(place_in(folder, &workspace::evidence_dir(config)?)?)
}

/// Keeps a second verification of the same repository away, until it is dropped.
///
/// The folder itself is locked and no file made: whatever way this ends, nothing is left that could be in the way.
pub fn lock(workspace: &Workspace) -> Result<Option<OpenFile>, Error> {
    let folder = match workspace {
        Workspace::Git(repository, _) => repository.git_dir(),
        Workspace::Folder(folder) => folder,
    };
    // Where a filesystem has no locks, two at the same time do no harm: evidence is written as a whole.
    let Ok(opened) = OpenFile::open(folder) else { return Ok(None) };
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(Kind::Environment, "another verification of this repository is under way")
                .hint("wait until it is done, or verify in another clone"))
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// The evidence that there is of a file, if it can be read.
pub fn earlier(place: &Path, file: &File) -> Option<Evidence> {
    let bytes = fs::read(at(place, &file.path).ok()?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Writes the evidence of a file. What shows nothing does not take the place of what shows something of the same edit.
pub fn write(place: &Path, evidence: &Evidence, earlier: Option<&Evidence>) -> Result<(), Error> {
    let shows = |one: &Evidence| matches!(one.outcome, Outcome::Same | Outcome::Different);
    let same_edit = |one: &&Evidence| one.before == evidence.before && one.after == evidence.after;
    let is_less = matches!(evidence.outcome, Outcome::Void | Outcome::Deferred);
    if is_less && earlier.filter(same_edit).is_some_and(shows) {
        output::remark(&format!("{}: the evidence that there was stays", evidence.path));
        return Ok(());
    }
    Ok(atomic::write_by(&at(place, &evidence.path)?, &|out| evidence.write(out))?)
}

fn at(place: &Path, path: &str) -> Result<PathBuf, Error> {
    let path = RepoPath::new(path).map_err(|error| Error::usage(&error))?;
    let name = names::evidence_file(&path).map_err(|error| Error::environment(&error))?;
    Ok(place.join(name))
}
