//! Makes the plan of a discovery: judges each file, and sorts the files into waves. It never writes a file.

use rayon::prelude::*;

use super::file::{File, Plan, Refused, SCHEMA, Wave};
use super::judge;
use super::neighbours::{Graph, Member};
use super::options::Options;
use super::setups::{self, BuildSetup};
use super::waivers::Waivers;
use super::waves::{self, Order};
use crate::builds::{Builds, Contexts};
use crate::discover::{Discovery, Owners, SourceFile, SourceTree};
use crate::dockerfile::{Body, Dockerfile};
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
    let read = |file: &SourceFile| {
        let dockerfile = Dockerfile::read(file.text.clone());
        let own = options.config.build.get(file.path.as_str());
        let mut given = own.map(|build| build.args.clone()).unwrap_or_default();
        given.extend(options.build_args.clone());
        let setups = setups::setups(&contexts, &file.path, &dockerfile, builds.of(&file.path), &given);
        (dockerfile, setups)
    };
    let read: Vec<(Dockerfile, Vec<BuildSetup<'_>>)> = discovery.files.par_iter().map(read).collect();
    let members: Vec<Member<'_>> = discovery
        .files
        .iter()
        .zip(&read)
        .map(|(file, (dockerfile, setups))| {
            let builds = builds.of(&file.path);
            Member { path: file.path.as_str(), dockerfile, setups, builds }
        })
        .collect();
    let graph = Graph::new(&members, options);
    let mut files: Vec<File> = discovery
        .files
        .par_iter()
        .zip(&members)
        .filter(|(file, _)| options.only.is_none_or(|only| only.contains(&file.path)))
        .map(|(file, member)| {
            let planned = judge::file(file, member, &graph, options, waivers);
            tick();
            planned
        })
        .collect();
    let waves = in_waves(source, &mut files, &members, &graph, options);
    Plan {
        schema: SCHEMA,
        commit: None,
        build_args: options.build_args.clone(),
        syntax: options.config.syntax.write.clone(),
        selects: options.selects.to_vec(),
        waivers: waivers.listed(),
        list: None,
        left_out: discovery
            .left_out_counts()
            .into_iter()
            .map(|(why, count)| (why.to_string(), count))
            .collect(),
        refused: refused(discovery),
        unread: unread(builds),
        cycles: graph.cycles.iter().cloned().collect(),
        waves,
        files,
    }
}

/// Returns the files that are not usable.
fn refused(discovery: &Discovery) -> Vec<Refused> {
    let refused = discovery.refused.iter().map(|refused| (refused.path.as_str(), refused.reason.to_string()));
    let odd = discovery.odd.iter().map(|odd| (odd.name.as_str(), odd.reason.to_string()));
    refused.chain(odd).map(|(path, reason)| Refused { path: shown(path).into_owned(), reason }).collect()
}

/// Returns the files that state how something is built and could not be read.
fn unread(builds: &Builds) -> Vec<Refused> {
    let unread = builds.unread.iter();
    unread
        .map(|file| Refused { path: shown(file.path.as_str()).into_owned(), reason: file.why.to_string() })
        .collect()
}

/// Sets the owners of the files and sorts the files into waves.
fn in_waves(
    source: &SourceTree<'_>,
    files: &mut [File],
    members: &[Member<'_>],
    graph: &Graph,
    options: &Options<'_>,
) -> Vec<Wave> {
    let owners = Owners::of(source);
    for file in files.iter_mut() {
        if let Ok(path) = RepoPath::new(&file.path) {
            file.owners = owners.owners(&path).to_vec();
        }
    }
    if let Some(earlier) = options.earlier {
        earlier.keep_waves(files);
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
