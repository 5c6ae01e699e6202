//! Counts of a plan: its lines by verdict, its base images, its headers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Benefit, Knowledge, Verdict};
use crate::builds::{BuildFileKind, Level};
use crate::campaign::plan::file::{File, Plan, Reason, Site};
use crate::edit::header::Header;

/// A number of instructions, and how many of them are proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// The number of all instructions.
    pub(crate) all: usize,
    /// The number of instructions without an assumption.
    pub(crate) proved: usize,
}

impl Count {
    /// Counts instructions.
    pub(crate) fn of<'s>(sites: impl Iterator<Item = &'s Site>) -> Self {
        sites.fold(Self::default(), |count, site| Self {
            all: count.all + 1,
            proved: count.proved + usize::from(site.proved == Some(true)),
        })
    }
}

/// Returns all instructions of a plan.
pub(crate) fn sites(plan: &Plan) -> impl Iterator<Item = &Site> {
    plan.files.iter().flat_map(|file| &file.sites)
}

/// Returns true if an instruction is safe to link and is not linked yet.
pub(crate) fn is_eligible(site: &Site) -> bool {
    matches!(site.verdict, Verdict::Link | Verdict::Edit)
}

/// Counts the instructions that the campaign edits and that have a benefit.
pub(crate) fn paying(plan: &Plan) -> Count {
    Count::of(sites(plan).filter(|site| site.selected && site.benefit == Benefit::Pays))
}

/// Returns the files that the campaign edits.
pub(crate) fn edited(plan: &Plan) -> impl Iterator<Item = &File> {
    plan.files.iter().filter(|file| file.is_edited())
}

/// Counts the instructions with a verdict.
pub(crate) fn with(plan: &Plan, verdict: Verdict) -> usize {
    sites(plan).filter(|site| site.verdict == verdict).count()
}

/// Returns each item with its number of occurrences, the most frequent first, then in order.
pub(crate) fn ranked<T: Ord>(items: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    let mut ranked: Vec<(T, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| Reverse(*count));
    ranked
}

/// Returns the first reason of each instruction with a verdict.
pub(crate) fn first_reasons(plan: &Plan, verdict: Verdict) -> impl Iterator<Item = &Reason> {
    sites(plan).filter(move |site| site.verdict == verdict).filter_map(|site| site.reasons.first())
}

/// Counts the instructions whose present `--link` changes the image.
pub(crate) fn harmful_links(plan: &Plan) -> usize {
    let harms = |site: &&Site| site.audit.as_ref().is_some_and(|audit| audit.verdict == Verdict::Hold);
    sites(plan).filter(harms).count()
}

/// A base image that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The image as FROM names it.
    pub(crate) image: String,
    /// The source of what is known of the image without reading it.
    pub(crate) source: Option<Knowledge>,
    /// The number of files that start from the image and have an unknown line.
    pub(crate) files: usize,
    /// The number of unknown lines in these files.
    pub(crate) lines: usize,
}

/// Returns the base images that were not read and leave lines unknown, those with the most lines first.
pub(crate) fn unread(plan: &Plan) -> Vec<Unread> {
    let mut images: BTreeMap<(&str, Option<Knowledge>), (usize, usize)> = BTreeMap::new();
    for file in &plan.files {
        let lines = file.sites.iter().filter(|site| site.verdict == Verdict::Unknown).count();
        let unread = file.bases.iter().filter(|base| base.source != Some(Knowledge::Rootfs));
        let unknown: BTreeSet<(&str, Option<Knowledge>)> =
            unread.map(|base| (base.image.as_str(), base.source)).collect();
        for image in unknown.into_iter().filter(|_| lines > 0) {
            let entry = images.entry(image).or_default();
            *entry = (entry.0 + 1, entry.1 + lines);
        }
    }
    let mut unread: Vec<Unread> = images
        .into_iter()
        .map(|((image, source), (files, lines))| Unread { image: image.to_owned(), source, files, lines })
        .collect();
    unread.sort_by_key(|image| Reverse((image.lines, image.files)));
    unread
}

/// Counts the unknown lines of the files that start from a base image that was not read.
pub(crate) fn unread_lines(plan: &Plan) -> usize {
    let is_unread = |file: &&File| file.bases.iter().any(|base| base.source != Some(Knowledge::Rootfs));
    let unknown = |file: &File| file.sites.iter().filter(|site| site.verdict == Verdict::Unknown).count();
    plan.files.iter().filter(is_unread).map(unknown).sum()
}

/// The Dockerfiles by how well their contexts are known.
pub(crate) struct Contexts {
    /// Those with a stated context, by the kind of the first file that states one.
    pub(crate) stated: Vec<(BuildFileKind, usize)>,
    /// Those with a possible context and no stated one.
    pub(crate) possible: usize,
    /// Those whose context nothing states.
    pub(crate) guessed: usize,
}

/// Counts the Dockerfiles by how well their contexts are known.
pub(crate) fn contexts(plan: &Plan) -> Contexts {
    let said = |file: &File| file.contexts.iter().find_map(|context| context.said_by);
    let best = |file: &File| file.contexts.iter().map(|context| context.level).max();
    let of = |level: Level| plan.files.iter().filter(|file| best(file) == Some(level)).count();
    Contexts {
        stated: ranked(plan.files.iter().filter_map(said)),
        possible: of(Level::Possible),
        guessed: of(Level::Guessed),
    }
}

/// Returns the values of new and raised headers, with the number of files of each.
pub(crate) fn fetched(plan: &Plan) -> Vec<(&str, usize)> {
    ranked(plan.files.iter().filter_map(|file| match &file.header {
        Header::Insert { value } | Header::Raise { value } => Some(value.as_str()),
        Header::Keep | Header::Foreign { .. } => None,
    }))
}
