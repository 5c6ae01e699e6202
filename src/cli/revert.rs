//! `layerwright revert`.

use super::campaign::{self, Campaign, Change, Mode, check_repository};
use super::workspace::Workspace;
use super::{Error, Kind, RevertArguments, write};
use crate::campaign::message;
use crate::campaign::names::Purpose;
use crate::campaign::plan::file::File;
use crate::campaign::plan::line_plans;
use crate::dockerfile::Dockerfile;
use crate::edit::revert::{Reverted, revert};
use crate::git::{BlobId, RepoPath};
use crate::text::words::count;

/// Shows, writes or commits the inverse of what a plan did to files, where it still stands.
pub fn run(arguments: &RevertArguments) -> Result<(), Error> {
    let workspace = Workspace::open(&arguments.repository, arguments.outcome.base.as_deref())?;
    let mode = Mode::of(&arguments.outcome, &workspace)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let format = arguments.outcome.format;
    let campaign = Campaign { workspace: &workspace, source: &source, config: &config, mode, format };
    let plan = campaign.saved_plan(arguments.plan.as_deref())?.ok_or_else(|| {
        Error::new(Kind::Usage, "there is no plan to revert")
            .hint("name the plan that the lines were linked by: --plan FILE")
    })?;
    check_repository(&workspace, &plan)?;
    let files = match arguments.wave {
        Some(number) => campaign::wave(&plan, number)?,
        None => arguments.files.iter().map(|path| campaign::named(&plan, path)).collect::<Result<_, _>>()?,
    };
    let left = std::cell::Cell::new(0);
    let (changes, refused) = campaign.changes(&files, |file| {
        let (change, lines) = change(&campaign, file)?;
        left.set(left.get() + lines.len());
        for line in lines {
            write::remark(&format!("{}: line {line} of the plan was changed since, and is left", file.path));
        }
        Ok(change)
    })?;
    if changes.is_empty() && refused.is_none() {
        write::remark("nothing is left to do: no line stands as it was written");
    } else {
        campaign.finish(&changes, refused, Purpose::Revert)?;
    }
    match left.get() {
        0 => Ok(()),
        lines => {
            let lines = count(lines, "line");
            Err(Error::new(Kind::Refused, format!("{lines} changed by somebody since: left as they are"))
                .hint("edit these by hand"))
        }
    }
}

/// The change that takes back what the plan did to a file, and the lines that can not be taken back.
fn change<'f>(campaign: &Campaign<'_>, file: &'f File) -> Result<(Option<Change<'f>>, Vec<usize>), Error> {
    let path = RepoPath::new(&file.path).map_err(|error| Error::usage(&error))?;
    if file.selected().next().is_none() {
        return Err(Error::new(Kind::Refused, format!("the plan links no line of {path}"))
            .hint("name the plan that its lines were linked by: --plan FILE"));
    }
    let original = Dockerfile::read(original(campaign, file)?);
    let written = Dockerfile::read(campaign::planned_text(file, &original)?);
    let old = campaign.text(&path)?;
    let lines = line_plans(file.selected());
    let now = Dockerfile::read(old.clone());
    let Reverted { text: new, restored, left } =
        revert(&original, &written, &now, &lines, &campaign::header(file))
            .map_err(|error| Error::new(Kind::Refused, format!("{path}: {error}")))?;
    if new == old {
        return Ok((None, left));
    }
    campaign.refuse_dirty(&path)?;
    let done = format!("{} restored", count(restored.len(), "line"));
    let message = message::revert(&file.path, &restored);
    Ok((Some(Change { path: &file.path, old, new, done, message }), left))
}

/// The text that the plan judged, which git keeps.
fn original(campaign: &Campaign<'_>, file: &File) -> Result<Vec<u8>, Error> {
    let Workspace::Git(repository, _) = campaign.workspace else {
        return Err(Error::new(Kind::Usage, "without git, what stood in a file before is not known"));
    };
    let blob = BlobId::new(&file.blob).map_err(|error| Error::usage(&error))?;
    repository.blob(&blob).map_err(|error| {
        Error::environment(&error).hint(format!("the plan judged {} as this object", file.path))
    })
}
