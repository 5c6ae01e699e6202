//! Makes the plan of a discovery: judges each file, and sorts the files into waves. It never writes a file.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::builders;
use super::file::{File, Plan, Refused, SCHEMA, Wave};
use super::judge;
use super::neighbours::{Graph, Member};
use super::options::Options;
use super::setups;
use super::waivers::Waivers;
use super::waves::{self, Order};
use crate::analysis::transfer_of;
use crate::budget::{self, Ended};
use crate::builds::{Builds, Contexts};
use crate::campaign::names;
use crate::discover::{Discovery, Owners, SourceFile, SourceTree};
use crate::dockerfile::{Body, Dockerfile, Instruction};
use crate::git::RepoPath;
use crate::text::escape::shown;

/// Makes the plan of the files of a discovery.
///
/// `tick` is called for each file that is judged, from any thread.
pub(crate) fn plan(
    source: &SourceTree<'_>,
    discovery: &Discovery,
    builds: &Builds,
    options: &Options<'_>,
    waivers: &Waivers,
    tick: &(dyn Fn() + Sync),
) -> Plan {
    let contexts = Contexts::new(source);
    let read = |file: &&SourceFile| {
        let dockerfile = Dockerfile::read(file.text.clone());
        let own = options.config.build.get(file.path.as_str());
        let mut given = own.map(|build| build.args.clone()).unwrap_or_default();
        given.extend(options.build_args.clone());
        let setups = setups::setups(&contexts, &file.path, &dockerfile, builds, &given);
        (dockerfile, setups)
    };
    let done: Vec<_> =
        discovery.files.par_iter().map(|file| (file, budget::contained(|| read(&file)))).collect();
    let mut refused = refused(discovery);
    let read = kept(done, &mut refused, |file, read| (file, read));
    let members: Vec<Member<'_>> = read
        .iter()
        .map(|(file, (dockerfile, setups))| {
            let builds = builds.of(&file.path);
            Member { path: file.path.as_str(), dockerfile, setups, builds }
        })
        .collect();
    let graph = Graph::new(&members, options);
    let done: Vec<_> = read
        .par_iter()
        .zip(&members)
        .filter(|((file, _), _)| options.only.is_none_or(|only| only.contains(&file.path)))
        .filter(|((file, _), member)| !options.linked_only || may_be_found(file, member.dockerfile))
        .map(|((file, _), member)| {
            let planned = budget::contained(|| judge::file(file, member, &graph, options, waivers));
            tick();
            (*file, planned)
        })
        .collect();
    let files = kept(done, &mut refused, |_, planned| planned);
    let mut files = with_own_names(files, &mut refused);
    let builders = builders::builders(builds, &mut files, waivers);
    let owners = Owners::of(source);
    let waves = in_waves(&owners, &mut files, &members, &graph, options);
    Plan {
        schema: SCHEMA,
        commit: None,
        build_args: options.build_args.clone(),
        syntax: options.config.syntax.write.clone(),
        syntax_everywhere: options.config.syntax.everywhere,
        selects: options.selects.to_vec(),
        waivers: waivers.listed(),
        list: None,
        left_out: left_out(discovery),
        refused,
        unread: unread(builds, &owners),
        builders,
        cycles: graph.cycles.iter().cloned().collect(),
        waves,
        files,
    }
}

/// Returns true if a check may find something in a file.
fn may_be_found(file: &SourceFile, dockerfile: &Dockerfile) -> bool {
    let is_linked = |instruction: &Instruction| {
        transfer_of(instruction).is_some_and(|(_, transfer)| transfer.options.link.is_some())
    };
    !dockerfile.errors().is_empty()
        || dockerfile.instructions().iter().any(is_linked)
        || memchr::memmem::find(&file.text, names::IGNORE.as_bytes()).is_some()
}

/// Returns the results for the files whose work reached its end. The others are refused, with the reason.
fn kept<'f, T, K>(
    done: Vec<(&'f SourceFile, Result<T, Ended>)>,
    refused: &mut Vec<Refused>,
    keep: impl Fn(&'f SourceFile, T) -> K,
) -> Vec<K> {
    // Results are large: a list that grows would move them several times.
    let mut kept = Vec::with_capacity(done.len());
    for (file, result) in done {
        match result {
            Ok(result) => kept.push(keep(file, result)),
            Err(ended) => {
                let path = shown(file.path.as_str()).into_owned();
                refused.push(Refused { path, reason: ended.to_string() });
            }
        }
    }
    refused.sort_by(|one, other| one.path.cmp(&other.path));
    kept
}

/// Returns the files whose branch and evidence no other file has.
fn with_own_names(files: Vec<File>, refused: &mut Vec<Refused>) -> Vec<File> {
    let paths: Vec<RepoPath> = files.iter().filter_map(|file| RepoPath::new(&file.path).ok()).collect();
    let sharing = names::sharing(&paths).unwrap_or_default();
    if sharing.is_empty() {
        return files;
    }
    let (shared, own): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| sharing.iter().any(|path| path.as_str() == file.path));
    let others = |file: &File| {
        let reason = "another file would have the same branch: rename one of them".to_owned();
        Refused { path: shown(&file.path).into_owned(), reason }
    };
    refused.extend(shared.iter().map(others));
    own
}

/// Returns the number of files that are left out, by reason.
fn left_out(discovery: &Discovery) -> BTreeMap<String, usize> {
    let counts = discovery.left_out_counts().into_iter();
    counts.map(|(why, count)| (why.to_string(), count)).collect()
}

/// Returns the files that are not usable.
fn refused(discovery: &Discovery) -> Vec<Refused> {
    let refused = discovery.refused.iter().map(|refused| (refused.path.as_str(), refused.reason.to_string()));
    let odd = discovery.odd.iter().map(|odd| (odd.name.as_str(), odd.reason.to_string()));
    let links = discovery.unread_links().map(|(path, why)| (path.as_str(), format!("it is not read: {why}")));
    refused
        .chain(odd)
        .chain(links)
        .map(|(path, reason)| Refused { path: shown(path).into_owned(), reason })
        .collect()
}

/// Returns the files that state how something is built or who owns it, and could not be read, and the builds that are not
/// planned.
fn unread(builds: &Builds, owners: &Owners) -> Vec<Refused> {
    let builds = builds.unread.iter().chain(&builds.unplanned).map(|file| (&file.path, file.why.to_string()));
    let owners = owners.unread.iter().map(|(path, why)| (path, why.clone()));
    let of =
        |(path, reason): (&RepoPath, String)| Refused { path: shown(path.as_str()).into_owned(), reason };
    owners.chain(builds).map(of).collect()
}

/// Sets the owners of the files and sorts the files into waves.
fn in_waves(
    owners: &Owners,
    files: &mut [File],
    members: &[Member<'_>],
    graph: &Graph,
    options: &Options<'_>,
) -> Vec<Wave> {
    for file in files.iter_mut() {
        if let Ok(path) = RepoPath::new(&file.path) {
            file.owners = owners.owners(&path).to_vec();
        }
    }
    if let Some(earlier) = options.earlier {
        earlier.keep_waves(files, options.config.syntax.everywhere);
    }
    let runs = members.iter().map(|member| (member.path, runs(member.dockerfile))).collect();
    let order = Order { config: &options.config.waves, parents: &graph.parents, runs: &runs };
    let mut waves = waves::assign(files, &order);
    let poc = waves.first_mut().filter(|wave| wave.reason.is_empty());
    if let (Some(poc), Some(earlier)) = (poc, options.earlier) {
        earlier.poc_reason().clone_into(&mut poc.reason);
    }
    waves
}

fn runs(dockerfile: &Dockerfile) -> usize {
    dockerfile.instructions().iter().filter(|instruction| matches!(instruction.body, Body::Run(_))).count()
}
