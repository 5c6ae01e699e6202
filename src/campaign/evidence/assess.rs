//! What the evidence of a campaign says in one state of its repository: the [`Standing`] of each file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::status::{Now, Standing};
use super::{Build, EvidenceByPath};
use crate::campaign::names::Names;
use crate::campaign::plan::file::{File, Plan};
use crate::config::Config;
use crate::discover::{MOST_BYTES, Source};
use crate::git::{CommitId, GitError, RepoPath, Repository, hash_blob};

/// [`Standing`] by path.
pub type Standings = BTreeMap<String, Standing>;

/// What the campaign itself changes in a context, which is no change of it: its folder, with the evidence that each pull
/// request brings, and the files of its waves, to whose texts evidence is bound file by file. Otherwise the first merge
/// would make all other evidence stale wherever the context is the repository's root.
pub fn own_paths(plan: &Plan, config: &Config) -> BTreeSet<RepoPath> {
    let files = plan.waves.iter().flat_map(|wave| &wave.files).map(String::as_str);
    let files = files.filter_map(|path| RepoPath::new(path).ok());
    files.chain(Names::new(&config.campaign.dir).dir()).collect()
}

/// What [`Build::tree`] holds: git's id of the tree of a context, without the campaign's [`own_paths`]; with folders among
/// the named contexts, one of all their trees. `context` and `named` are as the plan has them. None where none of them is
/// a folder of the commit.
///
/// # Errors
///
/// [`GitError`] if the commit or one of its trees cannot be read.
pub fn tree_of_context(
    repository: &Repository,
    commit: &CommitId,
    context: &str,
    named: &BTreeMap<String, String>,
    own: &BTreeSet<RepoPath>,
) -> Result<Option<String>, GitError> {
    let tree = |root: &str| match RepoPath::new(root) {
        _ if root == "." => repository.tree_without(commit, None, own),
        Ok(folder) => repository.tree_without(commit, Some(&folder), own),
        Err(_) => Ok(None),
    };
    let main = tree(context)?;
    let mut all = format!("{}\n", main.as_deref().unwrap_or_default());
    let mut has_named = false;
    for (name, root) in named {
        if let Some(id) = tree(root)? {
            all = format!("{all}{name} {id}\n");
            has_named = true;
        }
    }
    if has_named { hash_blob(all.as_bytes()).map(|id| Some(id.as_str().to_owned())) } else { Ok(main) }
}

/// The standing of each file of a plan's waves. `commit` is None for a folder without git.
///
/// # Errors
///
/// [`GitError`] if a tree of the commit cannot be read.
pub fn standings(
    plan: &Plan,
    evidence: &EvidenceByPath,
    config: &Config,
    source: &Source<'_>,
    commit: Option<(&Repository, &CommitId)>,
) -> Result<Standings, GitError> {
    let own = own_paths(plan, config);
    let (trees, failed) = (RefCell::new(BTreeMap::new()), RefCell::new(None));
    let tree = |build: &Build| -> Option<String> {
        let (repository, commit) = commit?;
        let ways = (build.context.clone(), build.contexts.clone());
        let known = trees.borrow().get(&ways).cloned();
        known.unwrap_or_else(|| {
            let found = tree_of_context(repository, commit, &ways.0, &ways.1, &own);
            let found = found.unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                None
            });
            trees.borrow_mut().insert(ways, found.clone());
            found
        })
    };
    let told = latest_bases(evidence);
    let base =
        |build: &Build, image: &str| told.get(&key(build, image)).map(|(_, digest)| digest.to_string());
    let mut standings = Standings::new();
    for file in plan.waves.iter().flat_map(|wave| &wave.files).filter_map(|path| plan.file(path)) {
        let blob = blob(source, file);
        let platforms = config.build.get(&file.path).map_or(&[][..], |build| &build.platforms);
        let now = Now { blob: blob.as_deref(), tree: &tree, base: &base, platforms };
        standings.insert(file.path.clone(), Standing::new(evidence.get(&file.path), file, &now));
    }
    failed.into_inner().map_or(Ok(standings), Err)
}

/// What a base's digest is of: the image for a platform, as one builder sees it.
type BaseKey<'e> = (&'e str, &'e str, &'e str, &'e str);

fn key<'e>(build: &'e Build, image: &'e str) -> BaseKey<'e> {
    (image, &build.platform, &build.builder.name, &build.builder.driver)
}

/// The digests that bases had in the latest verification of any file, each with its time. A plan's own digests do not
/// serve: a tar of an image is known by its configuration or by its manifest, and a builder may tell the digest of an
/// index.
fn latest_bases(evidence: &EvidenceByPath) -> BTreeMap<BaseKey<'_>, (&str, &str)> {
    let mut latest: BTreeMap<BaseKey<'_>, (&str, &str)> = BTreeMap::new();
    for found in evidence.values() {
        for build in &found.builds {
            for (image, digest) in &build.bases {
                let Some(digest) = digest else { continue };
                let told = latest.entry(key(build, image)).or_default();
                *told = (*told).max((&found.figures.began, digest));
            }
        }
    }
    latest
}

/// git's id of a file's text; None where there is none.
fn blob(source: &Source<'_>, file: &File) -> Option<String> {
    let path = RepoPath::new(&file.path).ok()?;
    let entry = source.listing().get(&path)?;
    let blob = match &entry.blob {
        Some(blob) => blob.clone(),
        None => hash_blob(&source.read(&path, MOST_BYTES).ok()?).ok()?,
    };
    Some(blob.as_str().to_owned())
}
