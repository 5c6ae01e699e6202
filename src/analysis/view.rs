//! The view of one COPY or ADD that the rules judge. It never shows another instruction.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use crate::analysis::destination::{self, Destination, Followed};
use crate::analysis::os::Os;
use crate::analysis::owner::Owner;
use crate::analysis::resolve::ResolvedTransfer;
use crate::analysis::rule::Rule;
use crate::analysis::source::{CopySource, SourceKind};
use crate::budget::{STORED, spend};
use crate::dockerfile::TransferKind;
use crate::rootfs::{Assumption, Directory, Fact, Known, Leans, Listing, Rootfs};
use crate::text::path::{ancestors, is_within, join};

/// The bit of a directory that gives itself and the group to directories that are made in it.
pub(crate) const SETGID: u32 = 0o2000;

/// A COPY or ADD as the rules see it: with its words resolved, and with the facts of the filesystem that it is copied
/// into.
#[derive(Debug)]
pub struct View<'a> {
    /// The rules that judge the instruction.
    pub(crate) rules: &'a [&'static Rule],
    /// The instruction.
    pub(crate) resolved: ResolvedTransfer<'a>,
    /// The facts of the filesystem before the instruction. Only the methods of the view read it, and they record the
    /// assumptions of what they return.
    rootfs: &'a Rootfs,
    /// The assumptions of the facts that were read.
    read: RefCell<Leans>,
    /// The operating system.
    pub(crate) os: &'a Os,
    /// The directories that a linked copy would write, from the top, with their present facts: `A(D)` of the model. The
    /// list ends with the first path that is not a directory.
    pub(crate) written: Vec<(String, Fact)>,
    /// The fact about the destination itself, if all its parent directories are known to be directories.
    pub(crate) at_destination: Option<Fact>,
    /// The cached result of [`interior`](Self::interior).
    interior: OnceCell<Vec<(String, Known, Fact)>>,
}

impl<'a> View<'a> {
    /// Creates the view of an instruction.
    pub(crate) fn new(
        resolved: ResolvedTransfer<'a>,
        rootfs: &'a Rootfs,
        os: &'a Os,
        rules: &'a [&'static Rule],
    ) -> Self {
        let interior = OnceCell::new();
        let read = RefCell::default();
        let mut view =
            Self { rules, resolved, rootfs, read, os, written: Vec::new(), at_destination: None, interior };
        if let Ok(destination) = view.resolved.destination.clone() {
            view.walk(&destination.path, view.makes_directory());
        }
        view
    }

    fn walk(&mut self, path: &str, as_directory: bool) {
        for ancestor in ancestors(path).skip(1) {
            let fact = self.fact(ancestor);
            let is_directory = matches!(fact.known, Known::Dir(_));
            let is_absent = fact.known == Known::Absent;
            self.written.push((ancestor.to_owned(), fact.clone()));
            if is_absent {
                self.at_destination = Some(fact);
            }
            if !is_directory {
                return;
            }
        }
        let fact = self.fact(path);
        if as_directory && path != "/" {
            self.written.push((path.to_owned(), fact.clone()));
        }
        self.at_destination = Some(fact);
    }

    /// Returns true if the destination is a directory in both builds, whatever exists there: it is slashed, or a
    /// directory is copied to it before any file.
    pub(crate) fn is_directory_anyway(&self) -> bool {
        let slashed = self.resolved.destination.as_ref().is_ok_and(|destination| destination.slashed);
        let first_that_counts =
            self.resolved.sources.iter().find(|source| !matches!(source.kind, SourceKind::Archive(_)));
        slashed || self.resolved.sources.is_empty() || first_that_counts.is_none_or(makes_directory)
    }

    /// Returns the fact about a path. The verdict rests on its assumptions from now on.
    pub(crate) fn fact(&self, path: &str) -> Fact {
        let fact = self.rootfs.get(path);
        self.read.borrow_mut().merge(&fact.leans);
        fact
    }

    /// Returns the path with every symlink followed, and adds the links that it follows to `passed`.
    pub(crate) fn follow(&self, path: &str, passed: &mut Vec<String>) -> Followed {
        let followed = destination::follow_through(self.rootfs, path, passed);
        if let Followed::At(_, fact) = &followed {
            self.read.borrow_mut().merge(&fact.leans);
        }
        followed
    }

    /// Returns everything that is known to be below a path.
    pub(crate) fn below(&self, path: &str) -> Listing {
        let listing = self.rootfs.below(path);
        self.read.borrow_mut().merge(&listing.leans);
        listing
    }

    /// Returns true if any directory of the filesystem is known to have extended attributes, or the reason why that is not
    /// known.
    pub(crate) fn has_xattrs(&self) -> Result<bool, Arc<str>> {
        self.rootfs.has_xattrs()
    }

    /// Returns the directories that a plain copy creates below one with setgid, from which they inherit the bit and the
    /// group, and the path of that directory with its fact.
    pub(crate) fn inheriting(&self) -> Option<(&str, &Fact, Vec<&str>)> {
        let [.., (parent, above), (first, missing)] = &self.written[..] else { return None };
        let Known::Dir(Directory { mode: Some(mode), .. }) = above.known else { return None };
        if missing.known != Known::Absent || mode & SETGID == 0 {
            return None;
        }
        let destination = &self.resolved.destination.as_ref().ok()?.path;
        let made = ancestors(destination).chain(self.makes_directory().then_some(destination.as_str()));
        Some((parent, above, made.filter(|path| is_within(first, path)).collect()))
    }

    /// Returns true if ADD extracts an archive with an unknown effect.
    pub(crate) fn has_odd_archive(&self) -> bool {
        self.resolved.sources.iter().any(|source| matches!(source.kind, SourceKind::OddArchive { .. }))
    }

    /// Returns true if a linked copy creates a directory at the destination.
    fn makes_directory(&self) -> bool {
        let slashed = self.resolved.destination.as_ref().is_ok_and(|destination| destination.slashed);
        slashed || self.resolved.sources.iter().any(makes_directory)
    }

    /// Returns the same instruction as only some rules see it.
    #[must_use]
    pub(crate) fn by<'b>(&self, rules: &'b [&'static Rule]) -> View<'b>
    where
        'a: 'b,
    {
        View::new(self.resolved.clone(), self.rootfs, self.os, rules)
    }

    /// Returns the same instruction with another destination.
    #[must_use]
    pub(crate) fn towards(&self, destination: Destination) -> View<'a> {
        let resolved = ResolvedTransfer { destination: Ok(destination), ..self.resolved.clone() };
        View::new(resolved, self.rootfs, self.os, self.rules)
    }

    /// Returns the numeric owner of the paths that a linked copy creates, with a name looked up in the image.
    pub(crate) fn owner(&self) -> Option<((u32, u32), Leans)> {
        let owner = self.resolved.owner.resolve(self.rootfs)?;
        self.read.borrow_mut().merge(&owner.1);
        Some(owner)
    }

    /// Returns the ids of [`owner`](Self::owner).
    pub(crate) fn owner_ids(&self) -> Option<(u32, u32)> {
        self.owner().map(|(ids, _)| ids)
    }

    /// Returns true if the verdict depends on the sources: it does not for a COPY to a path where nothing exists.
    pub(crate) fn hangs_on_sources(&self) -> bool {
        let absent = self.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
        !absent || self.resolved.transfer.kind == TransferKind::Add
    }

    /// Returns true if `path` lies below the destination and is not the destination itself.
    pub(crate) fn is_inside(&self, path: &str) -> bool {
        self.resolved.destination.as_ref().is_ok_and(|destination| destination.path != path)
    }

    /// Returns true if `--chown` is present and not empty.
    pub(crate) fn has_chown(&self) -> bool {
        !matches!(self.resolved.owner, Owner::Default)
    }

    /// Returns the entries of the sources that meet an existing path in the destination, or may meet one: the path in
    /// the image, what the source has, and the present fact. Nothing is below an absent path, and nothing is known
    /// below an unknown one.
    pub(crate) fn interior(&self) -> &[(String, Known, Fact)] {
        self.interior.get_or_init(|| {
            let nothing_there = self.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
            if nothing_there { Vec::new() } else { self.met_by_sources() }
        })
    }

    fn met_by_sources(&self) -> Vec<(String, Known, Fact)> {
        let place = self.resolved.destination.as_ref().ok().map(|destination| destination.path.clone());
        let into_directory = self.is_directory_anyway()
            || self.at_destination.as_ref().is_some_and(|fact| matches!(fact.known, Known::Dir(_)));
        let pairs =
            self.resolved.sources.iter().flat_map(move |source| match (&source.kind, place.as_deref()) {
                (SourceKind::Dir(listing), Some(place)) => {
                    listing.entries.iter().map(|(path, known)| (join(place, path), known.clone())).collect()
                }
                (SourceKind::File, Some(place)) if into_directory => {
                    vec![(join(place, &source.name), Known::File)]
                }
                (SourceKind::File, Some(place)) => vec![(place.to_owned(), Known::File)],
                _ => Vec::new(),
            });
        let mut met = Vec::new();
        let mut settled: Option<String> = None;
        for (path, known) in pairs {
            if settled.as_ref().is_some_and(|above| path.starts_with(above.as_str())) {
                continue;
            }
            let fact = self.rootfs.get(&path);
            if matches!(fact.known, Known::Absent | Known::Unknown(_)) {
                settled = Some(format!("{path}/"));
            }
            if fact.known != Known::Absent {
                met.push((path, known, fact));
            }
        }
        met
    }

    /// Returns the assumptions of all facts of this view.
    pub(crate) fn leans(&self) -> Leans {
        let mut leans = self.read.borrow().clone();
        self.resolved.sources.iter().for_each(|source| leans.merge(&source.leans));
        if let Os::AssumedLinux(os) = self.os {
            leans.merge(os);
        }
        self.lean_on_interior(&mut leans);
        leans
    }

    /// Adds the assumptions about directories below the destination: a linked copy takes extended attributes from those
    /// that a source brings too. Nothing is added for a command that the verdict rests on already.
    fn lean_on_interior(&self, leans: &mut Leans) {
        let Ok(destination) = &self.resolved.destination else { return };
        let exists = self.at_destination.as_ref().is_some_and(|fact| matches!(fact.known, Known::Dir(_)));
        let brings_directories = |source: &CopySource| match &source.kind {
            SourceKind::Dir(listing) => {
                listing.incomplete.is_some()
                    || listing
                        .entries
                        .iter()
                        .any(|(_, known)| !matches!(known, Known::File | Known::Symlink(_)))
            }
            SourceKind::File | SourceKind::Archive(_) => false,
            SourceKind::Git
            | SourceKind::MaybeArchive { .. }
            | SourceKind::OddArchive { .. }
            | SourceKind::Unknown(_) => true,
        };
        if !exists || !self.resolved.sources.iter().any(brings_directories) {
            return;
        }
        let mut lines = leans.lines();
        spend(STORED * lines.len());
        for disturbance in self.rootfs.disturbances_below(&destination.path) {
            if lines.insert(disturbance.line) {
                let before = format!(
                    "`{}` (line {}) gives no directory extended attributes below ",
                    disturbance.command, disturbance.line
                );
                leans.add(Arc::new(Assumption::naming(disturbance.line, before, &*destination.path, "")));
            }
        }
    }
}

/// Returns true if a source certainly makes its destination a directory.
fn makes_directory(source: &CopySource) -> bool {
    matches!(source.kind, SourceKind::Dir(_) | SourceKind::Archive(_) | SourceKind::Git)
}
