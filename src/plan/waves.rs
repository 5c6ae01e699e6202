//! Waves: which files go out together. Wave 0 is the proof of concept, one file.

use std::cmp::Reverse;

use crate::config::Waves;
use crate::plan::file::{Benefit, File, Wave};

/// How much larger each wave is than the one before, behind the sizes that are given.
const GROWTH: usize = 3;

/// Puts every file with a selected site into a wave.
pub fn assign(files: &mut [File], config: &Waves) -> Vec<Wave> {
    let mut order: Vec<usize> =
        (0..files.len()).filter(|&at| files[at].selected().next().is_some()).collect();
    order.sort_by_key(|&at| rank(&files[at]));
    let named = config.poc.as_ref().and_then(|poc| order.iter().position(|&at| &files[at].path == poc));
    if let Some(at) = named {
        let poc = order.remove(at);
        order.insert(0, poc);
    }
    let mut waves = Vec::new();
    let mut sizes = config.sizes.iter().copied();
    let mut size = 1;
    let mut rest = &order[..];
    while !rest.is_empty() {
        let (now, later) = rest.split_at(size.min(rest.len()));
        let number = waves.len();
        let reason = if number == 0 { poc_reason(&files[now[0]], named.is_some()) } else { String::new() };
        let mut paths: Vec<String> = now.iter().map(|&at| files[at].path.clone()).collect();
        paths.sort();
        for &at in now {
            files[at].wave = Some(number);
        }
        waves.push(Wave { number, reason, files: paths });
        rest = later;
        size = sizes.next().unwrap_or(size * GROWTH);
    }
    waves
}

/// Best first: all proved, most that pays, most sites, then by path.
fn rank(file: &File) -> (bool, Reverse<usize>, Reverse<usize>, String) {
    let assumed = file.selected().any(|site| site.proved != Some(true));
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    (assumed, Reverse(pays), Reverse(file.selected().count()), file.path.clone())
}

fn poc_reason(file: &File, chosen: bool) -> String {
    if chosen {
        return "named as poc in layerwright.toml".into();
    }
    let sites = file.selected().count();
    let pays = file.selected().filter(|site| site.benefit == Benefit::Pays).count();
    let proved = file.selected().filter(|site| site.proved == Some(true)).count();
    format!("{} selected, {pays} of them worth linking, {proved} proved", count(sites, "site"))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
