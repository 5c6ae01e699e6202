//! The id of a build context, to which evidence is bound.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::names::Names;
use crate::campaign::plan::file::{Context, NeededBuild, Plan};
use crate::config::Config;
use crate::git::{BlobId, CommitId, GitError, Listing, RepoPath, Repository, hash_blob};

/// Returns the paths in a context that the campaign itself changes: its folder, with the evidence that each pull
/// request adds, and the files of its waves, to whose texts evidence is bound file by file. They do not count as
/// changes of the context. Otherwise the first merge would make all other evidence stale wherever the context is the
/// repository's root.
pub fn own_paths(plan: &Plan, config: &Config) -> BTreeSet<RepoPath> {
    let files = plan.waves.iter().flat_map(|wave| &wave.files).map(String::as_str);
    let files = files.filter_map(|path| RepoPath::new(path).ok());
    files.chain(Names::new(&config.campaign.dir).dir()).collect()
}

/// Returns the value of [`BuildEvidence::tree`](super::BuildEvidence::tree): git's id of the tree of a context, without the campaign's
/// [`own_paths`]. If folders are among the named contexts, it is one id of all their trees. `context` and `named` are
/// as in the plan. `None` if none of them is a folder of the commit.
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

/// The trees of a commit, to which evidence is bound.
pub(crate) struct ContextTrees<'a> {
    /// The repository.
    pub(crate) repository: &'a Repository,
    /// The commit.
    pub(crate) commit: &'a CommitId,
    /// The files of the commit.
    pub(crate) listing: &'a Listing,
    /// The paths that the campaign itself changes: [`own_paths`].
    pub(crate) own: &'a BTreeSet<RepoPath>,
}

impl ContextTrees<'_> {
    /// Returns the value of [`BuildEvidence::tree`](super::BuildEvidence::tree): the [`tree_of_context`], with what the
    /// builds depend on whose `results` are named contexts. A Dockerfile of the campaign does not count: its evidence is
    /// bound to its text.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit or one of its trees cannot be read.
    pub(crate) fn of_build(
        &self,
        context: &str,
        named: &BTreeMap<String, String>,
        results: &BTreeMap<String, NeededBuild>,
    ) -> Result<Option<String>, GitError> {
        let tree = tree_of_context(self.repository, self.commit, context, named, self.own)?;
        if results.is_empty() {
            return Ok(tree);
        }
        let mut all = format!("{tree:?}\n");
        for (name, NeededBuild { dockerfile, build }) in results {
            let Context { root, from_git, target, build_args, contexts, results, .. } = build;
            let tree = self.of_build(root, contexts, results)?;
            let text = RepoPath::new(dockerfile).ok().filter(|path| !self.own.contains(path));
            let text = text.and_then(|path| self.listing.get(&path)?.blob.as_ref());
            let text = text.map(BlobId::as_str);
            let line = format!(
                "{name:?} {dockerfile:?} {text:?} {tree:?} {from_git} {target:?} {build_args:?} {contexts:?}\n"
            );
            all.push_str(&line);
        }
        hash_blob(all.as_bytes()).map(|id| Some(id.as_str().to_owned()))
    }
}
