//! `layerwright migrate`.

use std::fs;

use super::campaign::{self, Campaign, Change, Mode, check_repository};
use super::evidence::Verified;
use super::workspace::{self, Workspace};
use super::{Error, Kind, MigrateArguments, plan as plan_command, write};
use crate::analysis::rule;
use crate::campaign::message;
use crate::campaign::names::Purpose;
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::plan::{Options, Waivers};
use crate::config::{Config, FILE_NAME, Waiver};
use crate::discover::Source;
use crate::dockerfile::Dockerfile;
use crate::git::{RepoPath, hash_blob};
use crate::text::words::{count, short_id};

/// Shows, writes or commits the change of a wave or of some files.
///
/// What is written or committed is not out yet, so a file without evidence is named and not refused: whoever opens pull
/// requests asks [`may_go_out`](crate::campaign::policy::may_go_out). Where a verification contradicts a proof, nothing is
/// written any more. A diff is always shown.
pub fn run(arguments: &MigrateArguments) -> Result<(), Error> {
    let workspace = Workspace::open(&arguments.repository, arguments.outcome.base.as_deref())?;
    if !arguments.accept.is_empty() {
        return accept(arguments, &workspace);
    }
    let mode = Mode::of(&arguments.outcome, &workspace)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let format = arguments.outcome.format;
    let campaign = Campaign { workspace: &workspace, source: &source, config: &config, mode, format };
    let plan = match campaign.saved_plan(arguments.plan.as_deref())? {
        Some(plan) => plan,
        None => plan_now(arguments, &workspace, &source, &config)?,
    };
    check_repository(&workspace, &plan)?;
    let chosen = chosen(arguments, &campaign, &plan)?;
    if mode != Mode::Diff {
        let verified = Verified::read(&workspace, &source, &config, &plan)?;
        verified.check()?;
        verified.remark(&chosen);
    }
    let (changes, refused) = campaign.changes(&chosen, |file| change(&campaign, file))?;
    if changes.is_empty() && refused.is_none() {
        write::remark("nothing is left to do: no line that was asked for waits for --link");
    }
    campaign.finish(&changes, refused, Purpose::Migrate)
}

fn plan_now(
    arguments: &MigrateArguments,
    workspace: &Workspace,
    source: &Source<'_>,
    config: &Config,
) -> Result<Plan, Error> {
    let images = arguments.knowledge.images()?;
    images.check().map_err(|error| Error::usage(&error))?;
    let build_args = arguments.knowledge.build_args()?;
    let selects = arguments.knowledge.selects();
    let waivers = Waivers::new(config).map_err(|error| Error::usage(&error))?;
    let discovery = workspace::discover(source, config, None)?;
    let options = Options {
        config,
        images: &images,
        build_args: &build_args,
        selects: &selects,
        keep_add: arguments.knowledge.keep_add,
        edit_generated: false,
        earlier: None,
        only: None,
        rules: rule::ALL,
    };
    Ok(plan_command::make(workspace, source, &discovery, &options, &waivers))
}

/// The files that are asked for: those named, those of a wave, or those of the first wave that is not done.
fn chosen<'a>(
    arguments: &MigrateArguments,
    campaign: &Campaign<'_>,
    plan: &'a Plan,
) -> Result<Vec<&'a File>, Error> {
    if !arguments.files.is_empty() {
        let named = |path: &String| {
            let file = campaign::named(plan, path)?;
            match (&file.skip, file.selected().next()) {
                (Some(why), _) => Err(Error::new(Kind::Refused, format!("{path} is not edited: {why}"))),
                (None, None) => Err(Error::new(Kind::Refused, format!("{path} has no line to link"))
                    .hint(format!("layerwright inspect {path} tells why"))),
                (None, Some(_)) => Ok(file),
            }
        };
        return arguments.files.iter().map(named).collect();
    }
    let open = plan.waves.iter().find(|wave| !wave.files.iter().all(|path| campaign.is_done(plan, path)));
    let Some(open) = open else { return Ok(Vec::new()) };
    let number = arguments.wave.unwrap_or(open.number);
    let files = campaign::wave(plan, number)?;
    if campaign.mode != Mode::Diff && number > open.number && !arguments.ahead_of_waves {
        let hint = match campaign.mode {
            Mode::Commit => "merge its branches into the base first, or pass --ahead-of-waves",
            Mode::Diff | Mode::Write => "finish it first, or pass --ahead-of-waves",
        };
        return Err(Error::new(Kind::Refused, format!("wave {} is not finished", open.number)).hint(hint));
    }
    Ok(files)
}

/// The change of one file; None where it is done already.
fn change<'a>(campaign: &Campaign<'_>, file: &'a File) -> Result<Option<Change<'a>>, Error> {
    let path = RepoPath::new(&file.path).map_err(|error| Error::usage(&error))?;
    if campaign.source.listing().get(&path).is_none() {
        return Err(stale(file, "it is gone"));
    }
    let old = campaign.text(&path)?;
    let blob = hash_blob(&old).map_err(|error| Error::environment(&error))?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(None);
    }
    campaign.refuse_dirty(&path)?;
    if blob.as_str() != file.blob {
        let (planned, now) = (short_id(&file.blob), short_id(blob.as_str()));
        return Err(stale(file, &format!("planned for {planned}, now {now}")));
    }
    let new = campaign::planned_text(file, &Dockerfile::read(old.clone()))?;
    let done = format!("{} linked", count(file.selected().count(), "line"));
    let message =
        message::migrate(&campaign.config.migrate.message, file).map_err(|error| Error::usage(&error))?;
    Ok(Some(Change { path: &file.path, old, new, done, message }))
}

/// The plan says nothing about the file any more.
fn stale(file: &File, how: &str) -> Error {
    Error::new(Kind::Stale, format!("{} has changed since the plan was made: {how}", file.path))
        .hint("plan again: layerwright plan --save")
}

/// Writes waivers to `layerwright.toml`.
fn accept(arguments: &MigrateArguments, workspace: &Workspace) -> Result<(), Error> {
    let Some(folder) = workspace.folder() else {
        return Err(Error::new(Kind::Usage, format!("a bare repository has no {FILE_NAME} to write to")));
    };
    let source = workspace.source()?;
    let mut config = workspace.config(&source)?;
    let path = folder.join(FILE_NAME);
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::new(Kind::Usage, format!("{FILE_NAME} can not be read: {error}"))),
    };
    let globs = if arguments.files.is_empty() { vec!["**".to_owned()] } else { arguments.files.clone() };
    let reason = arguments.reason.clone().unwrap_or_default();
    for accepted in &arguments.accept {
        let (name, place) = accepted.split_once(':').unwrap_or((accepted, ""));
        if rule::find(name).is_none() {
            return Err(Error::new(Kind::Usage, format!("there is no rule `{name}`"))
                .hint("`layerwright explain` lists the rules"));
        }
        for glob in &globs {
            let waiver =
                Waiver { file: glob.clone(), rule: name.into(), path: place.into(), reason: reason.clone() };
            if !config.waivers.contains(&waiver) {
                text = format!("{}{}", text, waiver_table(&waiver, text.is_empty()));
                config.waivers.push(waiver);
            }
        }
    }
    Config::read(text.as_bytes()).map_err(|error| Error::usage(&error))?;
    write::file(&path, text.as_bytes())?;
    write::remark(&format!("{FILE_NAME} accepts it now; plan again to see what it changes"));
    Ok(())
}

fn waiver_table(waiver: &Waiver, first: bool) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "{}[[waivers]]\nfile = {}\nrule = {}\npath = {}\nreason = {}\n",
        if first { "" } else { "\n" },
        quoted(&waiver.file),
        quoted(&waiver.rule),
        quoted(&waiver.path),
        quoted(&waiver.reason),
    )
}
