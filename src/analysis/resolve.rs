//! What the words of a COPY or ADD mean at its place.

use std::sync::Arc;

use crate::analysis::Inputs;
use crate::analysis::destination::Destination;
use crate::analysis::filesystems::Filesystems;
use crate::analysis::owner::Owner;
use crate::analysis::source::{self, Source, SourceKind};
use crate::analysis::state::State;
use crate::analysis::transfer::DirectoryModes;
use crate::builds::BuildContext;
use crate::dockerfile::{Transfer, TransferKind, Word};
use crate::rootfs::{Assumption, Base, Leans, Rootfs};

/// What `--chmod` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chmod {
    /// Nothing: absent, or provably empty.
    Empty,
    /// Something: BuildKit ignores `--link` then.
    Effective,
    /// A variable that may be empty.
    Perhaps,
}

/// A COPY or ADD with its words resolved: variables expanded, sources found.
#[derive(Clone, Debug)]
pub struct ResolvedTransfer<'a> {
    /// The instruction.
    pub transfer: &'a Transfer,
    /// Where it goes; the reason where that is not known.
    pub destination: Result<Destination, String>,
    /// Who owns what it creates.
    pub owner: Owner,
    /// `--chmod`.
    pub chmod: Chmod,
    /// What it copies, in order, heredocs last.
    pub sources: Vec<Source>,
    /// What it copies where accepted differences have been linked; `None` if that is the same.
    pub linked_sources: Option<Vec<Source>>,
}

impl ResolvedTransfer<'_> {
    /// The same line where accepted differences have been linked.
    #[must_use]
    pub fn where_linked(&self) -> Self {
        let mut line = self.clone();
        if let Some(sources) = line.linked_sources.take() {
            line.sources = sources;
        }
        line
    }

    /// Which modes directories from sources get. Frontends before 1.10 expand no variable in `--chmod`, so what one gives
    /// is not known (`dispatchCopy`).
    pub fn directory_modes(&self) -> DirectoryModes {
        let written = self.transfer.options.chmod.as_deref().unwrap_or_default();
        let octal = u32::from_str_radix(written, 8).ok().filter(|mode| *mode <= 0o7777);
        match (self.chmod, octal) {
            (Chmod::Empty, _) => DirectoryModes::Own,
            (Chmod::Effective, Some(mode)) => DirectoryModes::All(mode),
            (Chmod::Effective | Chmod::Perhaps, _) => DirectoryModes::Unknown,
        }
    }

    /// That the sources are looked for in the right build context; `None` if no source comes from one.
    pub fn lean_on_context(&self, message: &str, line: usize) -> Option<Arc<Assumption>> {
        let local = |word: &Word| !source::is_url(&word.text) && !source::is_git(&word.text);
        let from_context = self.transfer.options.from.is_none() && self.transfer.sources.iter().any(local);
        let assumption = || Assumption::new(line, "/", format!("{message} (line {line})"));
        from_context.then(|| Arc::new(assumption()))
    }
}

/// The words of a COPY or ADD, expanded; its sources are not looked for yet.
pub fn words<'t>(state: &State<'_>, transfer: &'t Transfer, escape_token: char) -> ResolvedTransfer<'t> {
    let expand = |word: &str| state.expand(word, escape_token);
    let destination = match &transfer.destination {
        None => Err("the line has none".to_owned()),
        Some(word) => expand(&word.text).and_then(|path| {
            let workdir = state.workdir.as_ref();
            match Destination::new(&path, workdir.ok().map(String::as_str)) {
                Some(destination) => Ok(destination),
                None => Err(workdir.err().cloned().unwrap_or_default()),
            }
        }),
    };
    let chmod = match transfer.options.chmod.as_deref().map(expand) {
        None => Chmod::Empty,
        Some(Ok(mode)) if mode.is_empty() => Chmod::Empty,
        Some(Ok(_)) => Chmod::Effective,
        Some(Err(_)) => Chmod::Perhaps,
    };
    let owner = Owner::read(transfer.options.chown.as_deref(), &state.scope, escape_token);
    ResolvedTransfer { transfer, destination, owner, chmod, sources: Vec::new(), linked_sources: None }
}

/// The place where sources are looked for.
pub enum Origin<'c> {
    /// A build context.
    Context(&'c dyn BuildContext),
    /// A stage or an image.
    Rootfs(Rootfs),
    /// Not known, and why.
    Unknown(String),
}

/// The place where sources are looked for, and where it is once accepted differences have been linked, if that is another.
pub struct Origins<'c> {
    plain: Origin<'c>,
    linked: Option<Origin<'c>>,
}

impl<'c> Origins<'c> {
    /// The same in both.
    pub fn one(plain: Origin<'c>) -> Self {
        Self { plain, linked: None }
    }

    /// `scratch`.
    pub fn empty() -> Self {
        Self::one(Origin::Rootfs(Rootfs::new(Base::Scratch)))
    }

    /// The end of a stage or of another build.
    pub fn of(filesystems: Filesystems) -> Self {
        let Filesystems { plain, linked, .. } = filesystems;
        Self { plain: Origin::Rootfs(plain), linked: linked.map(Origin::Rootfs) }
    }

    /// An image: as it was read, as the repository builds it, or as its family is.
    pub fn of_image(inputs: &Inputs<'_>, name: &str, line: usize) -> Self {
        let base = if let Some(image) = inputs.image(name) {
            Base::Tree { tree: Arc::clone(&image.rootfs), leans: Leans::default() }
        } else if let Some(built) = inputs.built_here(name) {
            return Self::of(built.filesystems(&built.assumption(name, line)));
        } else if let Some(profile) = inputs.profiled(name, line) {
            Base::Profile(Arc::new(profile))
        } else {
            return Self::one(Origin::Unknown(format!("image {name} was not read")));
        };
        Self::one(Origin::Rootfs(Rootfs::new(base)))
    }

    /// The sources of a COPY or ADD; and what they are where accepted differences have been linked, if that is not the
    /// same.
    pub fn sources(
        &self,
        state: &State<'_>,
        transfer: &Transfer,
        escape_token: char,
    ) -> (Vec<Source>, Option<Vec<Source>>) {
        let plain = self.plain.sources(state, transfer, escape_token);
        let linked = self.linked.as_ref().map(|origin| origin.sources(state, transfer, escape_token));
        let linked = linked.filter(|linked| *linked != plain);
        (plain, linked)
    }
}

impl Origin<'_> {
    fn sources(&self, state: &State<'_>, transfer: &Transfer, escape_token: char) -> Vec<Source> {
        let is_add = transfer.kind == TransferKind::Add;
        let unpack = is_add && transfer.options.unpack != Some(false);
        let mut sources = Vec::new();
        for word in &transfer.sources {
            let written = match state.expand(&word.text, escape_token) {
                Ok(written) => written,
                Err(why) => {
                    sources.push(Source::unknown(&word.text, why));
                    continue;
                }
            };
            match self {
                _ if is_add && source::is_git(&written) => sources.push(Source::git(&written)),
                _ if is_add && source::is_url(&written) => {
                    sources.push(Source::url(&written, transfer.options.unpack == Some(true)));
                }
                Origin::Rootfs(rootfs) => sources.extend(source::from_rootfs(rootfs, &written)),
                Origin::Unknown(why) => sources.push(Source::unknown(&written, why.as_str())),
                Origin::Context(context) => sources.extend(source::from_context(*context, &written, unpack)),
            }
        }
        for source in &mut sources {
            assume_there(state, transfer, source);
        }
        sources.extend(transfer.heredocs.iter().map(|heredoc| Source::heredoc(&heredoc.name)));
        sources
    }
}

/// Returns true if an ADD does what a COPY of the same words does: it extracts, downloads and clones nothing.
pub fn is_copy(transfer: &Transfer, sources: &[Source]) -> bool {
    let options = &transfer.options;
    let plain = options.checksum.is_none() && options.keep_git_dir.is_none() && options.unpack.is_none();
    let copied = |source: &Source| matches!(source.kind, SourceKind::File | SourceKind::Dir(_));
    let local =
        transfer.sources.iter().all(|word| !source::is_url(&word.text) && !source::is_git(&word.text));
    transfer.kind == TransferKind::Add && plain && local && !sources.is_empty() && sources.iter().all(copied)
}

/// A source that nobody has seen: that it is there at all is an assumption, and that ADD does not extract it.
fn assume_there(state: &State<'_>, transfer: &Transfer, source: &mut Source) {
    let SourceKind::Unknown(_) = source.kind else { return };
    let (keyword, archive) = match transfer.kind {
        TransferKind::Copy => ("COPY", ""),
        TransferKind::Add => ("ADD", " and is no archive"),
    };
    let place =
        if transfer.options.from.is_some() { "is there to be copied" } else { "is in the build context" };
    let message = format!("`{}` ({keyword}, line {}) {place}{archive}", source.written, state.line);
    source.leans.add(Arc::new(Assumption::new(state.line, source.written.as_str(), message)));
}
