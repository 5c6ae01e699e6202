//! A whole Dockerfile, built in memory. What the model does not cover is no answer, never a guess.

use std::collections::BTreeMap;

use layerwright::dockerfile::{Body, Dockerfile, From, Instruction, RunCommand, Transfer, TransferKind};

use super::copy::{Line, Owner, destination};
use super::filesystem::{Fails, Filesystem, Metadata, Node, join};

/// Runs a script in a stage.
type Run<'a> = dyn Fn(&str, &mut Stage) -> Option<Result<(), Fails>> + 'a;

/// What a Dockerfile is built from.
pub struct Build<'a> {
    pub images: &'a BTreeMap<String, Filesystem>,
    pub context: &'a Filesystem,
    /// Runs the script of a RUN. Nothing where that is not covered.
    pub run: &'a Run<'a>,
}

/// A stage while it is built.
#[derive(Clone)]
pub struct Stage {
    pub name: Option<String>,
    pub files: Filesystem,
    pub workdir: String,
    pub user: String,
}

/// The end of a build that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The line, 1-based.
    pub line: usize,
    pub why: Fails,
}

/// What a file that ADD may extract starts with, in a context.
pub const ARCHIVE: &str = "an archive: ";

impl Build<'_> {
    /// The filesystem of the last stage. Nothing where the Dockerfile has something that is not covered.
    pub fn run(&self, text: &str) -> Option<Result<Filesystem, Stopped>> {
        let dockerfile = Dockerfile::read(text);
        if !dockerfile.errors().is_empty() {
            return None;
        }
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in dockerfile.instructions() {
            match &instruction.body {
                Body::From(from) => stages.push(self.start(from, &stages)?),
                _ => match self.step(instruction, &mut stages)? {
                    Ok(()) => {}
                    Err(why) => return Some(Err(Stopped { line: instruction.start_line, why })),
                },
            }
        }
        Some(Ok(stages.pop()?.files))
    }

    fn start(&self, from: &From, stages: &[Stage]) -> Option<Stage> {
        let base = plain(&from.base.text)?;
        let name = from.name.clone();
        if let Some(stage) = stages.iter().find(|stage| stage.name.as_deref() == Some(base)) {
            return Some(Stage { name, ..stage.clone() });
        }
        let files = if base == "scratch" { Filesystem::default() } else { self.images.get(base)?.clone() };
        Some(Stage { name, files, workdir: "/".into(), user: String::new() })
    }

    fn step(&self, instruction: &Instruction, stages: &mut [Stage]) -> Option<Result<(), Fails>> {
        let (stage, earlier) = stages.split_last_mut()?;
        match &instruction.body {
            Body::Transfer(transfer) => return self.transfer(transfer, stage, earlier),
            Body::Workdir(word) => return stage.set_workdir(plain(&word.text)?),
            Body::User(word) => plain(&word.text)?.clone_into(&mut stage.user),
            Body::Run(run) => {
                let RunCommand::Shell(script) = &run.command else { return None };
                if !run.flags.is_empty() || !run.heredocs.is_empty() {
                    return None;
                }
                return (self.run)(script, stage);
            }
            Body::Onbuild(_) | Body::Unreadable | Body::Shell(_) | Body::From(_) => return None,
            Body::Env(_) | Body::Arg(_) | Body::Other(_) => {}
        }
        Some(Ok(()))
    }

    fn transfer(
        &self,
        transfer: &Transfer,
        stage: &mut Stage,
        earlier: &[Stage],
    ) -> Option<Result<(), Fails>> {
        let mut context;
        let from = if let Some(name) = &transfer.options.from {
            let by_name = earlier.iter().find(|stage| stage.name.as_deref() == Some(name));
            let by_number = || earlier.get(name.parse::<usize>().ok()?);
            by_name.or_else(by_number).map(|stage| &stage.files).or_else(|| self.images.get(plain(name)?))?
        } else {
            context = self.context.clone();
            for heredoc in &transfer.heredocs {
                let file = Node::File(Metadata::new(0o644, 0, 0), format!("heredoc {}", heredoc.name));
                context.put(&format!("/{}", heredoc.name), file);
            }
            &context
        };
        let line = Line::read(transfer, &stage.files)?;
        let may_extract = |source: &String| match from.root_path(source).map(|real| from.get(&real)) {
            Ok(Some(Node::File(_, content))) => content.starts_with(ARCHIVE),
            _ => false,
        };
        if transfer.kind == TransferKind::Add && line.sources.iter().any(may_extract) {
            return None;
        }
        Some(line.apply(from, &stage.files, &stage.workdir).map(|files| stage.files = files))
    }
}

impl Line {
    /// None where it has a flag or a word that is not covered.
    fn read(transfer: &Transfer, accounts: &Filesystem) -> Option<Self> {
        let options = &transfer.options;
        let is_covered = options.chmod.is_none()
            && options.exclude.is_empty()
            && !options.parents
            && options.checksum.is_none()
            && options.keep_git_dir.is_none()
            && options.unpack.is_none();
        if !is_covered {
            return None;
        }
        let source = |word: &str| {
            let word = plain(word)?;
            (!word.contains(['*', '?', '[', '\\', ':'])).then(|| join("/", word))
        };
        let mut sources =
            transfer.sources.iter().map(|word| source(&word.text)).collect::<Option<Vec<_>>>()?;
        sources.extend(transfer.heredocs.iter().map(|heredoc| format!("/{}", heredoc.name)));
        let owner = match &options.chown {
            None => Owner::Default,
            Some(owner) => Owner::read(plain(owner)?, accounts)?,
        };
        let destination = plain(&transfer.destination.as_ref()?.text)?.to_owned();
        Some(Self { sources, destination, owner, is_linked: options.link == Some(true) })
    }
}

impl Owner {
    /// `llb.WithUser`: digits and `root` are numbers, anything else a name. A number alone is its own group.
    fn read(owner: &str, accounts: &Filesystem) -> Option<Self> {
        let (user, group) = owner.split_once(':').map_or((owner, None), |(user, group)| (user, Some(group)));
        if user.is_empty() || group == Some("") {
            return None;
        }
        // Go's `strconv.ParseInt(part, 10, 32)`: a larger number is a name.
        let parsed = |part: &str| part.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
        let number = |part: &str| if part == "root" { Some(0) } else { parsed(part) };
        let named = |file: &str, name: &str| accounts.account(file, name);
        if let (Some(uid), Some(gid)) = (number(user), group.map_or(number(user), number)) {
            return Some(Self::Ids(uid, gid));
        }
        let by_user = match number(user) {
            Some(uid) => Some((uid, uid)),
            None => named("/etc/passwd", user)
                .and_then(|fields| Some((fields[1].parse().ok()?, fields[2].parse().ok()?))),
        };
        let (uid, gid) = by_user.unwrap_or((0, 0));
        let gid = match group {
            None => gid,
            Some(group) => match number(group) {
                Some(gid) => gid,
                None => named("/etc/group", group).and_then(|fields| fields[1].parse().ok()).unwrap_or(gid),
            },
        };
        Some(Self::Named(uid, gid))
    }
}

impl Filesystem {
    /// The fields of an account after its name. Nothing where the file is none or has no such account.
    fn account(&self, file: &str, name: &str) -> Option<Vec<String>> {
        let real = self.root_path(file).ok()?;
        let Some(Node::File(_, content)) = self.get(&real) else { return None };
        let line = content.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split(':').map(str::to_owned).collect())
    }
}

impl Stage {
    /// `dispatchWorkdir`: what is missing belongs to the user, for whom a name counts too.
    fn set_workdir(&mut self, written: &str) -> Option<Result<(), Fails>> {
        let path = destination(written, &self.workdir);
        let path = join("/", &path);
        self.workdir.clone_from(&path);
        let owner = match self.user.as_str() {
            "" => None,
            user => match Owner::read(user, &self.files)? {
                Owner::Ids(uid, gid) | Owner::Named(uid, gid) => Some((uid, gid)),
                Owner::Default => None,
            },
        };
        let made = self.files.root_path(&path).and_then(|real| self.files.make_directories(&real, owner));
        Some(made)
    }
}

/// A word in which nothing is expanded or quoted.
fn plain(word: &str) -> Option<&str> {
    (!word.contains(['$', '\\', '"', '\''])).then_some(word)
}
