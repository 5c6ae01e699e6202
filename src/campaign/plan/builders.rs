//! The builders of a plan, and those of each file that do not link as verified. It never judges an instruction.

use std::collections::{BTreeMap, HashMap};

use super::file::{BuiltBy, File};
use super::waivers::Waivers;
use crate::builders::{BuilderUse, Effect, uses};
use crate::builds::Builds;
use crate::edit::header::{Frontend, Header, LINK};
use crate::git::RepoPath;

/// Returns the builders of the repository, and gives each file those that reject or ignore its linked instructions, or that
/// no verification compares.
pub(super) fn builders(builds: &Builds, files: &mut [File], waivers: &Waivers) -> Vec<BuilderUse> {
    let headers: HashMap<&str, bool> =
        files.iter().map(|file| (file.path.as_str(), has_header(file))).collect();
    let has_header = |path: &RepoPath| headers.get(path.as_str()).copied().unwrap_or_default();
    let waived = |rule, path: &str| waivers.of_builder(rule, path).map(str::to_owned);
    let found = uses(&builds.runs, &has_header, &waived);
    let mut by_file: BTreeMap<&str, Vec<BuiltBy>> = BTreeMap::new();
    for used in found.iter().filter(|used| used.waived.is_none() && is_shown(used.effect)) {
        for dockerfile in &used.dockerfiles {
            let by = BuiltBy { place: used.place(), rule: used.rule, effect: used.effect };
            by_file.entry(dockerfile).or_default().push(by);
        }
    }
    for file in files {
        file.built_by = by_file.remove(file.path.as_str()).unwrap_or_default();
    }
    found
}

/// Returns true if a file names its builders of this effect.
fn is_shown(effect: Effect) -> bool {
    !matches!(effect, Effect::Links | Effect::Unknown)
}

/// Returns true if the header that a file has after its edit names a frontend that knows the flag.
fn has_header(file: &File) -> bool {
    let value = match &file.header {
        Header::Insert { value } | Header::Raise { value } => Some(value.as_str()),
        Header::Keep | Header::Foreign { .. } => file.syntax.current.as_deref(),
    };
    match value.map(Frontend::read) {
        Some(Frontend::Docker(version)) => version >= LINK,
        Some(Frontend::Digest | Frontend::Other) => true,
        None => false,
    }
}
