//! Waves: the files whose pull requests are opened together. Wave 0 is the proof of concept, one file. It never opens a
//! pull request.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::Benefit;
use crate::campaign::plan::file::{File, Wave};
use crate::config::{By, Waves};
use crate::text::words::count;

/// The factor by which each wave is larger than the one before, after the configured sizes.
const GROWTH: usize = 3;

/// The inputs of the waves beside the files themselves.
pub(crate) struct Order<'a> {
    /// The settings of `layerwright.toml`.
    pub(crate) config: &'a Waves,
    /// By Dockerfile, the Dockerfiles that build its base images: they come first.
    pub(crate) parents: &'a BTreeMap<String, BTreeSet<String>>,
    /// The number of RUN instructions in each file, by path: the cost of a build is unknown before it is built.
    pub(crate) runs: &'a BTreeMap<&'a str, usize>,
}

/// Puts every file that the campaign edits into a wave. A file keeps its earlier wave, or the wave that people
/// chose for it; the other files follow, base images before their children.
pub(crate) fn assign(files: &mut [File], order: &Order<'_>) -> Vec<Wave> {
    let decided = |file: &File| file.decided.as_ref().and_then(|decided| decided.wave);
    // A file that never had anything to link is not finished: it waits until it has.
    let takes_part = |file: &File| file.is_edited() || file.sites.iter().any(|site| site.audit.is_some());
    for file in files.iter_mut() {
        file.wave = decided(file).filter(|_| takes_part(file)).or(file.wave);
    }
    let is_open = |file: &File| file.wave.is_none() && file.is_edited();
    let mut open: Vec<usize> = (0..files.len()).filter(|&at| is_open(&files[at])).collect();
    open.sort_by_cached_key(|&at| rank(&files[at], order));
    let mut next = files.iter().filter_map(|file| file.wave).max().map_or(0, |last| last + 1);
    let mut poc_reason = String::new();
    if next == 0 && !open.is_empty() {
        let named = order.config.poc.as_ref();
        let named = named.and_then(|poc| open.iter().position(|&at| &files[at].path == poc));
        let at = named.unwrap_or_else(|| first_ready(&open, files, order));
        let poc = open.remove(at);
        poc_reason = reason(&files[poc], named.is_some(), order);
        files[poc].wave = Some(0);
        next = 1;
    }
    while !open.is_empty() {
        let wave = take(&mut open, files, order, next);
        for at in wave {
            files[at].wave = Some(next);
        }
        next += 1;
    }
    listed(files, &poc_reason, order)
}

/// Returns the waves, as the files state them.
fn listed(files: &[File], poc_reason: &str, order: &Order<'_>) -> Vec<Wave> {
    let mut waves: BTreeMap<usize, Vec<&File>> = BTreeMap::new();
    for file in files {
        if let Some(wave) = file.wave {
            waves.entry(wave).or_default().push(file);
        }
    }
    let by_owner = |files: &[&File]| {
        let owners = owner(files[0]);
        let same = order.config.by == By::Owner && files.iter().all(|file| owner(file) == owners);
        if same { format!("owners: {owners}") } else { String::new() }
    };
    let wave = |(number, files): (usize, Vec<&File>)| Wave {
        number,
        reason: if number == 0 { poc_reason.to_owned() } else { by_owner(&files) },
        files: files.iter().map(|file| file.path.clone()).collect(),
    };
    waves.into_iter().map(wave).collect()
}

/// Takes the files of the next wave from the open ones.
fn take(open: &mut Vec<usize>, files: &[File], order: &Order<'_>, number: usize) -> Vec<usize> {
    let config = order.config;
    let in_list = |at: usize| config.lists.iter().position(|list| list.contains(&files[at].path));
    let list = open.iter().filter_map(|&at| in_list(at)).min();
    let first = open[first_ready(open, files, order)];
    let size = match (list, config.by) {
        (Some(_), _) | (None, By::Owner) => usize::MAX,
        (None, By::Size) => size(&config.sizes, number),
    };
    let mut wave = Vec::new();
    let still_open: BTreeSet<&str> = open.iter().map(|&at| files[at].path.as_str()).collect();
    for &at in open.iter() {
        let fits = match (list, config.by) {
            (Some(list), _) => in_list(at) == Some(list),
            (None, By::Owner) => owner(&files[at]) == owner(&files[first]),
            (None, By::Size) => true,
        };
        if wave.len() < size && fits && is_ready(&files[at], &still_open, order) {
            wave.push(at);
        }
    }
    if wave.is_empty() {
        // A listed file waits for a base image that is not listed, or base images start from each other.
        wave.push(first);
    }
    open.retain(|at| !wave.contains(at));
    wave
}

/// Returns the number of files in a wave, by its number.
fn size(sizes: &[usize], number: usize) -> usize {
    let at = number.saturating_sub(1);
    let Some(last) = sizes.last() else {
        return GROWTH.saturating_pow(u32::try_from(number).unwrap_or(u32::MAX));
    };
    let beyond = u32::try_from((at + 1).saturating_sub(sizes.len())).unwrap_or(u32::MAX);
    sizes.get(at).copied().unwrap_or_else(|| last.saturating_mul(GROWTH.saturating_pow(beyond)))
}

/// Returns true if no open Dockerfile builds a base image of this one.
fn is_ready(file: &File, open: &BTreeSet<&str>, order: &Order<'_>) -> bool {
    let parents = order.parents.get(&file.path);
    parents.is_none_or(|parents| parents.iter().all(|parent| !open.contains(parent.as_str())))
}

/// Returns the best file that waits for no other; the best of all if each waits for another.
fn first_ready(open: &[usize], files: &[File], order: &Order<'_>) -> usize {
    let paths: BTreeSet<&str> = open.iter().map(|&at| files[at].path.as_str()).collect();
    open.iter().position(|&at| is_ready(&files[at], &paths, order)).unwrap_or(0)
}

/// The rank of a file, the best first: an instruction is edited, all proved, the context known, most that pays, quick to
/// build, most instructions, then by path.
type Rank = (bool, bool, bool, Reverse<usize>, usize, Reverse<usize>, String);

fn rank(file: &File, order: &Order<'_>) -> Rank {
    let (header_only, assumed) = (file.edits_header_only(), !file.is_proved_the_same());
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    let runs = runs(file, order);
    let lines = Reverse(file.selected().count());
    (header_only, assumed, is_guessed(file), Reverse(pays), runs, lines, file.path.clone())
}

fn is_guessed(file: &File) -> bool {
    file.contexts.iter().all(|context| context.said_by.is_none())
}

fn runs(file: &File, order: &Order<'_>) -> usize {
    order.runs.get(file.path.as_str()).copied().unwrap_or_default()
}

fn owner(file: &File) -> String {
    if file.owners.is_empty() { "none".into() } else { file.owners.join(" ") }
}

fn reason(file: &File, chosen: bool, order: &Order<'_>) -> String {
    if chosen {
        return "named as poc in layerwright.toml".into();
    }
    let sites = file.selected().count();
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    let proved = file.selected().filter(|site| site.proved == Some(true)).count();
    let context = if is_guessed(file) { "context not stated" } else { "context known" };
    format!(
        "{} selected, {pays} of them worth linking, {proved} proved; {context}; {} to run in a build",
        count(sites, "line"),
        count(runs(file, order), "RUN")
    )
}
