//! The view of one COPY or ADD that the rules judge. It never shows another instruction.

use std::cell::OnceCell;

use crate::analysis::destination::Destination;
use crate::analysis::os::Os;
use crate::analysis::owner::Owner;
use crate::analysis::resolve::ResolvedTransfer;
use crate::analysis::rule::Rule;
use crate::analysis::source::{CopySource, SourceKind};
use crate::dockerfile::TransferKind;
use crate::rootfs::{Fact, Known, Leans, Rootfs, ancestors};
use crate::text::path::join;

/// A COPY or ADD as the rules see it: with its words resolved, and with the facts of the filesystem that it is copied
/// into.
#[derive(Debug)]
pub struct View<'a> {
    /// The rules that judge the instruction.
    pub(crate) rules: &'a [&'static Rule],
    /// The instruction.
    pub(crate) resolved: ResolvedTransfer<'a>,
    /// The facts of the filesystem before the instruction.
    pub(crate) rootfs: &'a Rootfs,
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
        let mut view =
            Self { rules, resolved, rootfs, os, written: Vec::new(), at_destination: None, interior };
        if let Ok(destination) = view.resolved.destination.clone() {
            let as_directory = destination.slashed || view.resolved.sources.iter().any(makes_directory);
            view.walk(&destination.path, as_directory);
        }
        view
    }

    fn walk(&mut self, path: &str, as_directory: bool) {
        for ancestor in ancestors(path).skip(1) {
            let fact = self.rootfs.get(ancestor);
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
        let fact = self.rootfs.get(path);
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

    /// Returns the same instruction with another destination.
    #[must_use]
    pub(crate) fn towards(&self, destination: Destination) -> View<'a> {
        let resolved = ResolvedTransfer { destination: Ok(destination), ..self.resolved.clone() };
        View::new(resolved, self.rootfs, self.os, self.rules)
    }

    /// Returns the numeric owner of the paths that a linked copy creates, with a name looked up in the image.
    pub(crate) fn owner_ids(&self) -> Option<(u32, u32)> {
        self.resolved.owner.resolve(self.rootfs).map(|(ids, _)| ids)
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
        let mut leans = Leans::default();
        let facts = self.written.iter().map(|(_, fact)| fact).chain(&self.at_destination);
        facts.for_each(|fact| leans.merge(&fact.leans));
        self.resolved.sources.iter().for_each(|source| leans.merge(&source.leans));
        if let Os::AssumedLinux(os) = self.os {
            leans.merge(os);
        }
        leans
    }
}

/// Returns true if a source certainly makes its destination a directory.
fn makes_directory(source: &CopySource) -> bool {
    matches!(source.kind, SourceKind::Dir(_) | SourceKind::Archive(_) | SourceKind::Git)
}
