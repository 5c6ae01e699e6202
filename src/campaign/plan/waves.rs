//! Waves: which files go out together. Wave 0 is the proof of concept, one file.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::Benefit;
use crate::campaign::plan::file::{File, Wave};
use crate::config::{By, Waves};
use crate::text::words::count;

/// How much larger each wave is than the one before, behind the sizes that are given.
const GROWTH: usize = 3;

/// What waves hang on beside the files themselves.
pub struct Order<'a> {
    /// What `layerwright.toml` says.
    pub config: &'a Waves,
    /// By Dockerfile, those that build its bases: they go out before it.
    pub parents: &'a BTreeMap<String, BTreeSet<String>>,
    /// How many RUN instructions each file has, by path: what a build of it takes is not known before it is built.
    pub runs: &'a BTreeMap<&'a str, usize>,
}

/// Puts every file with a selected site into a wave. A wave that a file was in before, or that somebody chose for
/// it, stays as it is; the others come behind, bases before their children.
pub fn assign(files: &mut [File], order: &Order<'_>) -> Vec<Wave> {
    let decided = |file: &File| file.decided.as_ref().and_then(|decided| decided.wave);
    for file in files.iter_mut() {
        file.wave = decided(file).or(file.wave);
    }
    let is_open = |file: &File| file.wave.is_none() && file.selected().next().is_some();
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

/// The waves as the files say them.
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
        if same { format!("owned by {owners}") } else { String::new() }
    };
    let wave = |(number, files): (usize, Vec<&File>)| Wave {
        number,
        reason: if number == 0 { poc_reason.to_owned() } else { by_owner(&files) },
        files: files.iter().map(|file| file.path.clone()).collect(),
    };
    waves.into_iter().map(wave).collect()
}

/// The files of the next wave, taken from those that are open.
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
        // What is listed waits for a base that is not, or bases start from each other.
        wave.push(first);
    }
    open.retain(|at| !wave.contains(at));
    wave
}

/// How many files a wave holds, by its number.
fn size(sizes: &[usize], number: usize) -> usize {
    let at = number.saturating_sub(1);
    let Some(last) = sizes.last() else {
        return GROWTH.saturating_pow(u32::try_from(number).unwrap_or(u32::MAX));
    };
    let beyond = u32::try_from((at + 1).saturating_sub(sizes.len())).unwrap_or(u32::MAX);
    sizes.get(at).copied().unwrap_or_else(|| last.saturating_mul(GROWTH.saturating_pow(beyond)))
}

/// Returns true if no Dockerfile that builds a base of this one is still to go out.
fn is_ready(file: &File, open: &BTreeSet<&str>, order: &Order<'_>) -> bool {
    let parents = order.parents.get(&file.path);
    parents.is_none_or(|parents| parents.iter().all(|parent| !open.contains(parent.as_str())))
}

/// The best file that waits for no other; the best of all where each waits for another.
fn first_ready(open: &[usize], files: &[File], order: &Order<'_>) -> usize {
    let paths: BTreeSet<&str> = open.iter().map(|&at| files[at].path.as_str()).collect();
    open.iter().position(|&at| is_ready(&files[at], &paths, order)).unwrap_or(0)
}

/// Best first: all proved, the context known, most that pays, quick to build, most sites, then by path.
type Rank = (bool, bool, Reverse<usize>, usize, Reverse<usize>, String);

fn rank(file: &File, order: &Order<'_>) -> Rank {
    let assumed = file.selected().any(|site| site.proved != Some(true));
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    let runs = runs(file, order);
    (assumed, is_guessed(file), Reverse(pays), runs, Reverse(file.selected().count()), file.path.clone())
}

fn is_guessed(file: &File) -> bool {
    file.contexts.iter().all(|context| context.said_by.is_none())
}

fn runs(file: &File, order: &Order<'_>) -> usize {
    order.runs.get(file.path.as_str()).copied().unwrap_or_default()
}

fn owner(file: &File) -> String {
    if file.owners.is_empty() { "nobody".into() } else { file.owners.join(" ") }
}

fn reason(file: &File, chosen: bool, order: &Order<'_>) -> String {
    if chosen {
        return "named as poc in layerwright.toml".into();
    }
    let sites = file.selected().count();
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    let proved = file.selected().filter(|site| site.proved == Some(true)).count();
    let context = if is_guessed(file) { "context assumed" } else { "context known" };
    format!(
        "{} selected, {pays} of them worth linking, {proved} proved; {context}; {} to run in a build",
        count(sites, "site"),
        count(runs(file, order), "RUN")
    )
}
