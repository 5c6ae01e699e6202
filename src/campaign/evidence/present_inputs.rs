//! The evidence of a campaign, compared with one state of its repository.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::context_tree::{ContextTrees, own_paths};
use super::format::{BuildEvidence, EvidenceByPath};
use super::state::{CurrentInputs, EvidenceState, EvidenceStates, is_of};
use crate::campaign::plan::file::{File, NeededBuild, Plan};
use crate::config::Config;
use crate::discover::{MOST_BYTES, SourceTree};
use crate::git::{CommitId, GitError, RepoPath, Repository, hash_blob};

/// Returns the state of each file of a plan's waves. `commit` is `None` for a folder without git.
///
/// # Errors
///
/// [`GitError`] if a tree of the commit cannot be read.
pub(crate) fn states(
    plan: &Plan,
    evidence: &EvidenceByPath,
    config: &Config,
    source: &SourceTree<'_>,
    commit: Option<(&Repository, &CommitId)>,
) -> Result<EvidenceStates, GitError> {
    let own = own_paths(plan, config);
    let (trees, failed) = (RefCell::new(BTreeMap::new()), RefCell::new(None));
    let tree = |file: &File, build: &BuildEvidence| -> Option<String> {
        let (repository, commit) = commit?;
        let needed =
            file.contexts.iter().find(|context| !context.results.is_empty() && is_of(build, context));
        let find = || {
            let trees = ContextTrees { repository, commit, listing: source.listing(), own: &own };
            let none = BTreeMap::<String, NeededBuild>::new();
            let results = needed.map_or(&none, |context| &context.results);
            trees.of_build(&build.context, &build.contexts, results).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                None
            })
        };
        if needed.is_some() {
            return find();
        }
        let contexts = (build.context.clone(), build.contexts.clone());
        let known = trees.borrow().get(&contexts).cloned();
        known.unwrap_or_else(|| {
            let found = find();
            trees.borrow_mut().insert(contexts, found.clone());
            found
        })
    };
    let told = latest_bases(evidence);
    let base = |build: &BuildEvidence, image: &str| {
        told.get(&key(build, image)).map(|(_, digest)| digest.to_string())
    };
    let mut states = EvidenceStates::new();
    for file in plan.waves.iter().flat_map(|wave| &wave.files).filter_map(|path| plan.file(path)) {
        let blob = blob(source, file);
        let platforms = config.build.get(&file.path).map_or(&[][..], |build| &build.platforms);
        let tree = |build: &BuildEvidence| tree(file, build);
        let current = CurrentInputs { blob: blob.as_deref(), tree: &tree, base: &base, platforms };
        states.insert(file.path.clone(), EvidenceState::new(evidence.get(&file.path), file, &current));
    }
    failed.into_inner().map_or(Ok(states), Err)
}

/// The key of a base image's digest: the image for a platform, as one builder resolves it.
type BaseKey<'e> = (&'e str, &'e str, &'e str, &'e str);

fn key<'e>(build: &'e BuildEvidence, image: &'e str) -> BaseKey<'e> {
    (image, &build.platform, &build.builder.name, &build.builder.driver)
}

/// Returns the digests of base images in the latest verification of any file, each with its time. The plan's own
/// digests are not used: a tar of an image is identified by its configuration or by its manifest, and a builder may
/// report the digest of an index.
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

/// Returns git's id of a file's text; `None` if there is no such file.
fn blob(source: &SourceTree<'_>, file: &File) -> Option<String> {
    let path = RepoPath::new(&file.path).ok()?;
    let entry = source.listing().get(&path)?;
    let blob = match &entry.blob {
        Some(blob) => blob.clone(),
        None => hash_blob(&source.read(&path, MOST_BYTES).ok()?).ok()?,
    };
    Some(blob.as_str().to_owned())
}
