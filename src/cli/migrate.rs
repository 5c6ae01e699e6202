//! `layerwright migrate`.

use std::fmt::Display;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::workspace::{self, Workspace};
use super::{Error, Kind, MigrateArguments, human, plan as plan_command, write};
use crate::analysis::rule;
use crate::config::{Config, FILE_NAME, Waiver};
use crate::discover::{MOST_BYTES, Source};
use crate::dockerfile::Dockerfile;
use crate::git::{EntryKind, GitError, RepoPath, hash_blob};
use crate::migrate::{self, Rewrite};
use crate::plan::file::{File, Header, Plan};
use crate::plan::{Options, Waivers, syntax};

/// Shows or writes the change of a wave or of some files.
pub fn run(arguments: &MigrateArguments) -> Result<(), Error> {
    let workspace = Workspace::open(&arguments.repository, None)?;
    if !arguments.accept.is_empty() {
        return accept(arguments, &workspace);
    }
    if arguments.write && workspace.folder().is_none() {
        return Err(Error::new(Kind::Usage, "a bare repository has no working tree to write to")
            .hint("--diff shows the change"));
    }
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let plan = plan_of(arguments, &workspace, &source, &config)?;
    check_repository(&workspace, &plan)?;
    let chosen = chosen(arguments, &workspace, &plan)?;
    let (mut changes, mut stale) = (Vec::new(), Vec::new());
    for file in chosen {
        match change(arguments, &workspace, &source, file) {
            Ok(change) => changes.extend(change),
            // A file of which the plan says nothing any more is no reason to leave the others.
            Err(error) if error.kind() == Kind::Stale => stale.push(error),
            Err(error) => return Err(error),
        }
    }
    if changes.is_empty() && stale.is_empty() {
        write::remark("nothing is left to do: no line that was asked for waits for --link");
    }
    match workspace.folder().filter(|_| arguments.write) {
        Some(folder) => write_all(folder, &changes)?,
        None if std::io::stdout().is_terminal() => write::stdout(&human::diffs(&changes, true))?,
        None => write::raw(human::diffs(&changes, false).as_bytes())?,
    }
    Error::all(stale).map_or(Ok(()), Err)
}

/// A file with its old and new text.
pub struct Change<'a> {
    /// The file of the plan.
    pub file: &'a File,
    /// The text now.
    pub old: Vec<u8>,
    /// The text as it will be.
    pub new: Vec<u8>,
}

/// The plan that is named, or saved, or made now.
fn plan_of(
    arguments: &MigrateArguments,
    workspace: &Workspace,
    source: &Source<'_>,
    config: &Config,
) -> Result<Plan, Error> {
    let named = arguments.plan.clone();
    let saved = plan_command::saved_at(workspace, config)?.filter(|path| path.is_file());
    if let Some(path) = named.or(saved) {
        return plan_command::read(&path);
    }
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

/// The files that are asked for: those named, those of a wave, or those of the first wave that is not done.
fn chosen<'a>(
    arguments: &MigrateArguments,
    workspace: &Workspace,
    plan: &'a Plan,
) -> Result<Vec<&'a File>, Error> {
    if !arguments.files.is_empty() {
        let named = |path: &String| {
            let clean = path.trim_start_matches("./");
            let file = plan.file(clean).ok_or_else(|| {
                Error::new(Kind::Usage, format!("the plan has no file {path}"))
                    .hint("name it as the plan does, from the repository's root")
            })?;
            match (&file.skip, file.selected().next()) {
                (Some(why), _) => Err(Error::new(Kind::Refused, format!("{path} is not edited: {why}"))),
                (None, None) => Err(Error::new(Kind::Refused, format!("{path} has no line to link"))
                    .hint(format!("layerwright inspect {path} tells why"))),
                (None, Some(_)) => Ok(file),
            }
        };
        return arguments.files.iter().map(named).collect();
    }
    let open = plan.waves.iter().find(|wave| !wave.files.iter().all(|path| is_done(workspace, plan, path)));
    let Some(open) = open else { return Ok(Vec::new()) };
    let number = arguments.wave.unwrap_or(open.number);
    let Some(wave) = plan.waves.iter().find(|wave| wave.number == number) else {
        return Err(Error::new(
            Kind::Usage,
            format!("the plan has no wave {number}; its last is {}", plan.waves.len() - 1),
        ));
    };
    if arguments.write && number > open.number && !arguments.ahead_of_waves {
        return Err(Error::new(Kind::Refused, format!("wave {} is not finished", open.number))
            .hint("finish it first, or pass --ahead-of-waves"));
    }
    Ok(wave.files.iter().filter_map(|path| plan.file(path)).collect())
}

/// Whether a file has its planned text already.
fn is_done(workspace: &Workspace, plan: &Plan, path: &str) -> bool {
    let planned = plan.file(path).and_then(File::done_blob);
    let text = workspace
        .folder()
        .zip(RepoPath::new(path).ok())
        .and_then(|(folder, path)| read_in_tree(folder, &path).ok());
    let blob = text.and_then(|text| hash_blob(&text).ok());
    matches!((planned, blob), (Some(planned), Some(blob)) if blob.as_str() == planned)
}

/// The change of one file; None where it is done already.
fn change<'a>(
    arguments: &MigrateArguments,
    workspace: &Workspace,
    source: &Source<'_>,
    file: &'a File,
) -> Result<Option<Change<'a>>, Error> {
    let path = RepoPath::new(&file.path).map_err(|error| Error::usage(&error))?;
    if !matches!(source.listing().get(&path).map(|entry| entry.kind), Some(EntryKind::File { .. })) {
        return Err(stale(file, "it is gone, or no file any more"));
    }
    let old = match workspace.folder().filter(|_| arguments.write) {
        Some(folder) => read_in_tree(folder, &path)?,
        None => source.read(&path, MOST_BYTES).map_err(|error| Error::environment(&error))?,
    };
    let blob = hash_blob(&old).map_err(|error| Error::environment(&error))?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(None);
    }
    if arguments.write {
        refuse_dirty(workspace, &path)?;
    }
    if blob.as_str() != file.blob {
        let (planned, now) = (human::short_commit(&file.blob), human::short_commit(blob.as_str()));
        return Err(stale(file, &format!("planned for {planned}, now {now}")));
    }
    let dockerfile = Dockerfile::read(old.clone());
    let header = match &file.header {
        Header::Keep => syntax::Header::Keep,
        Header::Insert { value } => syntax::Header::Insert(value.clone()),
        Header::Raise { value } => syntax::Header::Raise(value.clone()),
        Header::Foreign { value } => syntax::Header::Foreign(value.clone()),
    };
    let Rewrite { text: new, .. } =
        migrate::rewrite(&dockerfile, &migrate::line_plans(file.selected()), &header)
            .map_err(|error| Error::new(Kind::Refused, format!("{}: {error}", file.path)))?;
    check_foretold(file, &new)?;
    Ok(Some(Change { file, old, new }))
}

/// The plan says nothing about the file any more.
fn stale(file: &File, how: &str) -> Error {
    Error::new(Kind::Stale, format!("{} has changed since the plan was made: {how}", file.path))
        .hint("plan again: layerwright plan --save")
}

/// The plan says what the new text will be; lines that give another were changed since.
fn check_foretold(file: &File, new: &[u8]) -> Result<(), Error> {
    let blob = hash_blob(new).map_err(|error| Error::environment(&error))?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(());
    }
    let message = format!("the lines of the plan for {} do not give the text that it foretells", file.path);
    Err(Error::new(Kind::Refused, message).hint("plan again: layerwright plan --save"))
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

fn refuse_dirty(workspace: &Workspace, path: &RepoPath) -> Result<(), Error> {
    let Workspace::Git(repository, _) = workspace else { return Ok(()) };
    let dirty =
        repository.dirty_paths(std::slice::from_ref(path)).map_err(|error| Error::environment(&error))?;
    if dirty.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("{path} has uncommitted changes"))
        .hint("commit or stash them, then run the command again"))
}

/// Writes the files, each as a whole. Stopped in between, a second run does the rest.
fn write_all(folder: &Path, changes: &[Change<'_>]) -> Result<(), Error> {
    let places: Vec<PathBuf> = changes.iter().map(|change| folder.join(&change.file.path)).collect();
    write::clean(places.iter().map(PathBuf::as_path));
    for (change, place) in changes.iter().zip(&places) {
        write::replace(place, &change.new)?;
        let lines = change.file.selected().count();
        write::remark(&format!("{}: {} linked", change.file.path, human::count(lines, "line")));
    }
    Ok(())
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
