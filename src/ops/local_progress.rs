//! The progress of a campaign as a clone shows it, without asking the forge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::atomic;
use super::evidence::Assessed;
use super::workspace::Workspace;
use crate::budget::{self, MOST_INPUT};
use crate::campaign::evidence::EvidenceStates;
use crate::campaign::names::Names;
use crate::campaign::plan::file::Plan;
use crate::campaign::policy::Policy;
use crate::campaign::progress::{FileState, Progress, SeenPulls};
use crate::config::Config;
use crate::discover::SourceTree;
use crate::git::{GitError, RepoPath, Repository};

/// Returns the progress of a campaign as a commit or folder shows it, with the pull requests as the forge last reported
/// them.
pub(super) fn progress(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    plan: &Plan,
    assessed: &Assessed,
) -> Result<Progress, GitError> {
    let seen = match workspace {
        Workspace::Git(repository, _) => read(repository, config),
        Workspace::Folder(_) => None,
    };
    let pulls = seen.map(SeenPulls::into_pulls).unwrap_or_default();
    Progress::in_clone(plan, &assessed.states, &Policy::new(config), blobs(plan, source), pulls)
}

/// Returns the files that people declined or reverted, as the forge last reported it: no command changes or builds them
/// unless they are named.
pub(super) fn decided_against(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    plan: &Plan,
) -> Result<BTreeSet<String>, GitError> {
    let Workspace::Git(repository, _) = workspace else { return Ok(BTreeSet::new()) };
    let Some(seen) = read(repository, config) else { return Ok(BTreeSet::new()) };
    let (states, policy) = (EvidenceStates::new(), Policy::new(config));
    let progress = Progress::in_clone(plan, &states, &policy, blobs(plan, source), seen.into_pulls())?;
    let is_against =
        |state: &FileState| matches!(state, FileState::Declined { .. } | FileState::Reverted { .. });
    Ok(progress.files.into_iter().filter(|file| is_against(&file.state)).map(|file| file.path).collect())
}

/// Returns the ids of the texts of the files in the plan. A file of a folder without git has none.
pub(super) fn blobs(plan: &Plan, source: &SourceTree<'_>) -> BTreeMap<String, String> {
    let blob = |path: &String| {
        let entry = source.listing().get(&RepoPath::new(path).ok()?)?;
        Some((path.clone(), entry.blob.as_ref()?.as_str().to_owned()))
    };
    plan.files.iter().filter_map(|file| blob(&file.path)).collect()
}

/// Remembers the pull requests. A read-only git directory has no place for them, and no harm is done.
pub(super) fn remember(repository: &Repository, config: &Config, seen: &SeenPulls) {
    if let Some(file) = file(repository, config) {
        let _ = atomic::write_by(&file, &|out| seen.write(out));
    }
}

fn read(repository: &Repository, config: &Config) -> Option<SeenPulls> {
    SeenPulls::read(&budget::read_file(&file(repository, config)?, MOST_INPUT).ok()?)
}

fn file(repository: &Repository, config: &Config) -> Option<PathBuf> {
    Names::new(&config.campaign.dir).seen_pulls(&repository.common_dir().ok()?).ok()
}
