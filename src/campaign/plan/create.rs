//! Makes the plan of a discovery: judges each file, and sorts the files into waves. It never writes a file.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::file::{File, Plan, Refused, SCHEMA, Wave};
use super::judge;
use super::neighbours::{Graph, Member};
use super::options::Options;
use super::setups;
use super::waivers::Waivers;
use super::waves::{self, Order};
use crate::budget::{self, Ended};
use crate::builds::{Builds, Contexts};
use crate::campaign::names;
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
    let read = kept(done, &mut refused);
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
        .map(|((file, _), member)| {
            let planned = budget::contained(|| judge::file(file, member, &graph, options, waivers));
            tick();
            (*file, planned)
        })
        .collect();
    let files = kept(done, &mut refused).into_iter().map(|(_, planned)| planned).collect();
    let mut files = with_own_slugs(files, &mut refused, &|path| names::slug(path).ok());
    let owners = Owners::of(source);
    let waves = in_waves(&owners, &mut files, &members, &graph, options);
    Plan {
        schema: SCHEMA,
        commit: None,
        build_args: options.build_args.clone(),
        syntax: options.config.syntax.write.clone(),
        selects: options.selects.to_vec(),
        waivers: waivers.listed(),
        list: None,
        left_out: left_out(discovery),
        refused,
        unread: unread(builds, &owners),
        cycles: graph.cycles.iter().cloned().collect(),
        waves,
        files,
    }
}

/// Returns the results for the files whose work reached its end. The others are refused, with the reason.
fn kept<'f, T>(
    done: Vec<(&'f SourceFile, Result<T, Ended>)>,
    refused: &mut Vec<Refused>,
) -> Vec<(&'f SourceFile, T)> {
    let mut kept = Vec::new();
    for (file, result) in done {
        match result {
            Ok(result) => kept.push((file, result)),
            Err(ended) => {
                let path = shown(file.path.as_str()).into_owned();
                refused.push(Refused { path, reason: ended.to_string() });
            }
        }
    }
    refused.sort_by(|one, other| one.path.cmp(&other.path));
    kept
}

/// Returns the files whose slug no other file has. Two files with one slug would share a branch and a file of evidence.
fn with_own_slugs(
    files: Vec<File>,
    refused: &mut Vec<Refused>,
    slug: &dyn Fn(&RepoPath) -> Option<String>,
) -> Vec<File> {
    // Some filesystems ignore case.
    let slug = |file: &File| slug(&RepoPath::new(&file.path).ok()?).map(|slug| slug.to_lowercase());
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let slugs: Vec<Option<String>> = files.iter().map(slug).collect();
    for slug in &slugs {
        *counts.entry(slug.clone()).or_default() += 1;
    }
    let mut own = Vec::new();
    for (file, slug) in files.into_iter().zip(slugs) {
        match slug.as_ref().filter(|_| counts.get(&slug).is_some_and(|count| *count > 1)) {
            None => own.push(file),
            Some(slug) => {
                let reason =
                    format!("another file has the same name in branches and evidence, {slug}; rename one");
                refused.push(Refused { path: shown(&file.path).into_owned(), reason });
            }
        }
    }
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
    refused.chain(odd).map(|(path, reason)| Refused { path: shown(path).into_owned(), reason }).collect()
}

/// Returns the files that state how something is built or who owns it, and could not be read.
fn unread(builds: &Builds, owners: &Owners) -> Vec<Refused> {
    let builds = builds.unread.iter().map(|file| (&file.path, file.why.to_string()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::plan::file::{Class, Syntax};
    use crate::edit::header::Header;

    fn file(path: &str) -> File {
        File {
            path: path.into(),
            blob: String::new(),
            class: Class::Plain,
            skip: None,
            contexts: Vec::new(),
            bases: Vec::new(),
            errors: Vec::new(),
            syntax: Syntax { current: None, required: None },
            header: Header::Keep,
            sites: Vec::new(),
            wave: None,
            decided: None,
            owners: Vec::new(),
            rewritten: None,
        }
    }

    #[test]
    fn two_files_of_one_slug_are_refused() {
        let mut refused = Vec::new();
        let slug = |path: &RepoPath| Some(path.file_name().to_owned());
        let files = with_own_slugs(vec![file("a/X"), file("b/Y"), file("c/x")], &mut refused, &slug);
        assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["b/Y"]);
        assert_eq!(refused.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a/X", "c/x"]);
        assert!(refused[0].reason.contains("the same name"));
    }
}
