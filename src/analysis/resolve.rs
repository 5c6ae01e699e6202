//! The words of a COPY or ADD, resolved at its place.

use std::sync::Arc;

use crate::analysis::Inputs;
use crate::analysis::destination::Destination;
use crate::analysis::end_state::BuiltHere;
use crate::analysis::filesystems::Filesystems;
use crate::analysis::inputs::Asked;
use crate::analysis::owner::Owner;
use crate::analysis::source::{self, CopySource, SourceKind};
use crate::analysis::state::State;
use crate::analysis::transfer::{BroughtMode, DirectoryModes};
use crate::builds::BuildContext;
use crate::dockerfile::{Transfer, TransferKind, Word};
use crate::rootfs::{Assumption, Base, Rootfs};

/// The effect of `--chmod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chmod {
    /// None: it is absent or proved to be empty.
    Empty,
    /// It sets a mode, and BuildKit then ignores `--link`.
    Effective,
    /// It is a variable that may be empty.
    Perhaps,
}

/// A COPY or ADD with its words resolved: variables expanded, sources found.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedTransfer<'a> {
    /// The instruction.
    pub(crate) transfer: &'a Transfer,
    /// The destination, or the reason why it is not known.
    pub(crate) destination: Result<Destination, String>,
    /// The owner of the files and directories that it creates.
    pub(crate) owner: Owner,
    /// `--chmod`.
    pub(crate) chmod: Chmod,
    /// The sources, in order, with heredocs last.
    pub(crate) sources: Vec<CopySource>,
    /// The sources in the build in which accepted differences are linked; `None` if they are the same.
    pub(crate) linked_sources: Option<Vec<CopySource>>,
}

impl ResolvedTransfer<'_> {
    /// Returns the same instruction in the build in which accepted differences are linked.
    #[must_use]
    pub(crate) fn where_linked(&self) -> Self {
        let mut line = self.clone();
        if let Some(sources) = line.linked_sources.take() {
            line.sources = sources;
        }
        line
    }

    /// Returns true if a source is an archive that is unpacked.
    pub(crate) fn has_archive(&self) -> bool {
        self.sources.iter().any(|source| matches!(source.kind, SourceKind::Archive(_)))
    }

    /// Returns the modes of the directories that it brings and creates. Frontends before 1.10 do not expand variables in
    /// `--chmod`, so a mode from a variable is unknown (`dispatchCopy`).
    pub(crate) fn directory_modes(&self) -> DirectoryModes {
        let written = self.transfer.options.chmod.as_deref().unwrap_or_default();
        let octal = u32::from_str_radix(written, 8).ok().filter(|mode| *mode <= 0o7777);
        let is_symbolic = written.starts_with(['u', 'g', 'o', 'a', '+', '-', '=']) && !written.contains('$');
        let (brought, created) = match (self.chmod, octal) {
            (Chmod::Empty, _) => (BroughtMode::Own, Some(0o755)),
            (Chmod::Effective, Some(mode)) => {
                (BroughtMode::All(mode), Some(mode).filter(|mode| *mode == 0o755))
            }
            (Chmod::Effective, None) if is_symbolic => (BroughtMode::Unknown, Some(0o755)),
            (Chmod::Effective | Chmod::Perhaps, _) => (BroughtMode::Unknown, None),
        };
        DirectoryModes { brought, created }
    }

    /// Returns true if `--exclude` or `--parents` decides which files are copied, and where.
    pub(crate) fn is_filtered(&self) -> bool {
        self.transfer.options.parents || !self.transfer.options.exclude.is_empty()
    }

    /// Returns true if a source is in the build context.
    pub(crate) fn is_from_context(&self) -> bool {
        let local = |word: &Word| !source::is_url(&word.text) && !source::is_git(&word.text);
        self.transfer.options.from.is_none() && self.transfer.sources.iter().any(local)
    }
}

/// Resolves the words of a COPY or ADD, without its sources.
pub(crate) fn words<'t>(
    state: &State<'_>,
    transfer: &'t Transfer,
    escape_token: char,
) -> ResolvedTransfer<'t> {
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
pub(crate) enum Origin<'c> {
    /// A build context.
    Context(&'c dyn BuildContext),
    /// A stage or an image.
    Rootfs(Rootfs),
    /// Unknown, with the reason.
    Unknown(String),
}

/// The place where sources are looked for, now and once accepted differences are linked, if that is another place.
pub(crate) struct Origins<'c> {
    plain: Origin<'c>,
    linked: Option<Origin<'c>>,
}

impl<'c> Origins<'c> {
    /// Returns the same place for both builds.
    pub(crate) fn one(plain: Origin<'c>) -> Self {
        Self { plain, linked: None }
    }

    /// Returns the place for `scratch`.
    pub(crate) fn empty() -> Self {
        Self::one(Origin::Rootfs(Rootfs::new(Base::Scratch)))
    }

    /// Returns the place for the end of a stage or of another build.
    pub(crate) fn of(filesystems: Filesystems) -> Self {
        let Filesystems { plain, linked, .. } = filesystems;
        Self { plain: Origin::Rootfs(plain), linked: linked.map(Origin::Rootfs) }
    }

    /// Returns the place for an image that another build of the repository creates.
    pub(crate) fn of_build(built: &BuiltHere, name: &str, line: usize) -> Self {
        Self::of(built.filesystems(built.assumption(name, line).as_ref()))
    }

    /// Returns the place for an image: as it was read, as the repository builds it, or as its family is known.
    pub(crate) fn of_image(inputs: &Inputs<'_>, name: &str, line: usize) -> Self {
        let (image, built) = (inputs.image(name), inputs.built_here(name));
        inputs.note_use(name, Asked::Build, image.is_none() && built.is_some());
        let base = if let Some(image) = image {
            let leans = inputs.of_platforms(name, &image, Asked::Build, line);
            Base::Image { filesystem: Arc::clone(&image.rootfs), leans }
        } else if let Some(built) = built {
            return Self::of_build(&built, name, line);
        } else if let Some(profile) = inputs.profiled(name, line) {
            Base::Profile(Arc::new(profile))
        } else {
            return Self::one(Origin::Unknown(format!("image {name} was not read")));
        };
        Self::one(Origin::Rootfs(Rootfs::new(base)))
    }

    /// Returns the sources of a COPY or ADD, and the sources once accepted differences are linked, if they are others.
    pub(crate) fn sources(
        &self,
        state: &State<'_>,
        transfer: &Transfer,
        escape_token: char,
    ) -> (Vec<CopySource>, Option<Vec<CopySource>>) {
        let plain = self.plain.sources(state, transfer, escape_token);
        let linked = self.linked.as_ref().map(|origin| origin.sources(state, transfer, escape_token));
        let linked = linked.filter(|linked| *linked != plain);
        (plain, linked)
    }
}

impl Origin<'_> {
    fn sources(&self, state: &State<'_>, transfer: &Transfer, escape_token: char) -> Vec<CopySource> {
        let is_add = transfer.kind == TransferKind::Add;
        let unpack = is_add && transfer.options.unpack != Some(false);
        let mut sources = Vec::new();
        for word in &transfer.sources {
            let written = match state.expand(&word.text, escape_token) {
                Ok(written) => written,
                Err(why) => {
                    sources.push(CopySource::unknown(&word.text, why));
                    continue;
                }
            };
            match self {
                _ if is_add && source::is_git(&written) => sources.push(CopySource::git(&written)),
                _ if is_add && source::is_url(&written) => {
                    sources.push(CopySource::url(&written, transfer.options.unpack == Some(true)));
                }
                Origin::Rootfs(rootfs) => sources.extend(source::from_rootfs(rootfs, &written)),
                Origin::Unknown(why) => sources.push(CopySource::unknown(&written, why.as_str())),
                Origin::Context(context) => sources.extend(source::from_context(*context, &written, unpack)),
            }
        }
        for source in &mut sources {
            assume_there(state, transfer, source);
        }
        sources.extend(transfer.heredocs.iter().map(|heredoc| CopySource::heredoc(&heredoc.name)));
        sources
    }
}

/// Returns true if an ADD does the same as a COPY with the same words: it extracts, downloads and clones nothing.
pub(crate) fn is_copy(transfer: &Transfer, sources: &[CopySource]) -> bool {
    let options = &transfer.options;
    let plain = options.checksum.is_none() && options.keep_git_dir.is_none() && options.unpack.is_none();
    let copied = |source: &CopySource| matches!(source.kind, SourceKind::File | SourceKind::Dir(_));
    let local =
        transfer.sources.iter().all(|word| !source::is_url(&word.text) && !source::is_git(&word.text));
    transfer.kind == TransferKind::Add && plain && local && !sources.is_empty() && sources.iter().all(copied)
}

/// Adds the assumption that an unseen source exists, and for ADD, that it is not an archive. One that may be an archive is
/// assumed to have no entry by which a plain copy and a linked one differ even where nothing exists.
fn assume_there(state: &State<'_>, transfer: &Transfer, source: &mut CopySource) {
    match source.kind {
        SourceKind::Unknown(_) => {}
        SourceKind::MaybeArchive { .. } => {
            let message = format!(
                "`{}` (ADD, line {}) is not an archive, or one without devices, links that its entries pass \
                 through, and attributes of overlayfs",
                source.written, state.line
            );
            source.leans.add(Arc::new(Assumption::new(state.line, source.written.as_str(), message)));
            return;
        }
        _ => return,
    }
    let (keyword, archive) = match transfer.kind {
        TransferKind::Copy => ("COPY", ""),
        TransferKind::Add => ("ADD", " and is not an archive"),
    };
    let place = if transfer.options.from.is_some() {
        "exists in the source of the copy"
    } else {
        "is in the build context"
    };
    let message = format!("`{}` ({keyword}, line {}) {place}{archive}", source.written, state.line);
    source.leans.add(Arc::new(Assumption::new(state.line, source.written.as_str(), message)));
}
