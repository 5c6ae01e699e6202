//! Compares a list of files with the files of the repository.

use std::collections::BTreeSet;

use super::{ListText, PlanOptions, PlanningError, Save};
use crate::campaign::plan::file::{Gone, ListReport, Plan, Refused};
use crate::config::{Config, Skip};
use crate::discover::{self, Discovery, List, ListedPath, Reconciliation, SourceTree, reconcile};
use crate::git::{GitError, RepoPath};
use crate::ops::JudgeError;
use crate::ops::workspace::Workspace;
use crate::report::section;
use crate::text::escape::shown;

/// The list that a campaign is about.
pub(super) struct CampaignList {
    pub(super) list: List,
    /// The issue that it comes from, as in `owner/name#7`.
    pub(super) issue: Option<String>,
    /// True if the files that it does not name are planned too.
    pub(super) with_others: bool,
}

/// Returns the list that the user gives, or else the one that the saved plan was made from. A look at one folder that is not
/// saved needs none.
pub(super) fn given_or_kept(
    options: &PlanOptions,
    saved: Option<&Plan>,
    config: &Config,
) -> Result<Option<CampaignList>, PlanningError> {
    if let Some(text) = &options.list {
        let issue = text.issue.as_ref().map(ToString::to_string);
        let list = read(text, config)?;
        return Ok(Some(CampaignList { list, issue, with_others: options.all }));
    }
    let is_look = options.below.is_some() && options.save == Save::No;
    let Some((plan, report)) = saved.and_then(|plan| Some((plan, plan.list.as_ref()?))).filter(|_| !is_look)
    else {
        return Ok(None);
    };
    let listed = |path: &String| {
        let path = RepoPath::new(path).ok()?;
        Some(ListedPath { path, others: Vec::new(), line: 0 })
    };
    let unusable = report.unusable.iter().map(|refused| &refused.path);
    let paths = report.found.iter().chain(unusable).chain(report.gone.iter().map(|gone| &gone.path));
    let paths = paths.filter_map(listed).collect();
    let struck = report.struck.iter().filter_map(listed).collect();
    let with_others = options.all || report.unlisted.iter().any(|path| plan.file(path).is_some());
    let list = List { paths, struck, refused: Vec::new() };
    Ok(Some(CampaignList { list, issue: report.issue.clone(), with_others }))
}

/// Parses a list. Returns an error if it has no entry. Files that `[files] include` names are Dockerfiles in it too.
fn read(list: &ListText, config: &Config) -> Result<List, PlanningError> {
    let options = discover::Options::new(&config.files.include, &[]).map_err(JudgeError::from)?;
    let read = discover::parse_list(&list.text, &|path| options.includes(path));
    if read.paths.is_empty() && read.struck.is_empty() && read.refused.is_empty() {
        return Err(PlanningError::EmptyList { name: list.name.clone() });
    }
    Ok(read)
}

/// Compares the list with the files of the repository.
pub(super) fn reconciled(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    list: &List,
    discovery: &Discovery,
) -> Result<ListReport, GitError> {
    let removals = |gone: &[RepoPath]| match workspace {
        Workspace::Git(repository, commit) => repository.removals(commit, gone),
        Workspace::Folder(_) => Ok(Vec::new()),
    };
    let Reconciliation { found, unusable, struck, gone, unlisted } =
        reconcile(list, source.listing(), discovery, removals)?;
    let text = |path: &RepoPath| path.as_str().to_owned();
    Ok(ListReport {
        issue: None,
        found: found.iter().map(text).collect(),
        unusable: unusable
            .iter()
            .map(|path| Refused { path: text(path), reason: unusable_reason(discovery, path) })
            .collect(),
        gone: gone
            .into_iter()
            .map(|gone| Gone {
                path: text(&gone.path),
                removed_in: gone.removed_in.map(|removed| removed.to_string()),
                why: gone.guess.as_ref().map(|guess| guess.why.to_string()),
                guess: gone.guess.map(|guess| text(&guess.path)),
            })
            .collect(),
        struck: struck.iter().map(text).collect(),
        unlisted: unlisted.iter().map(text).collect(),
        refused: list
            .refused
            .iter()
            .map(|entry| Refused {
                path: shown(&entry.text).into_owned(),
                reason: format!("line {}: {}", entry.line, entry.why),
            })
            .collect(),
    })
}

/// Returns the files that the text of the issue lists in another way than when the plan was made: that are new in it, struck
/// out since, or no longer struck out. Empty if the plan is not made from an issue.
pub(in crate::ops) fn changed(
    plan: &Plan,
    text: &str,
    config: &Config,
    source: &SourceTree<'_>,
) -> BTreeSet<String> {
    let report = plan.list.as_ref().filter(|report| report.issue.is_some());
    let (Some(report), Ok(options)) = (report, discover::Options::new(&config.files.include, &[])) else {
        return BTreeSet::new();
    };
    let read = discover::parse_list(&section::without(text), &|path| options.includes(path));
    let unusable = report.unusable.iter().map(|refused| &refused.path);
    let known: BTreeSet<&str> = report.found.iter().chain(unusable).map(String::as_str).collect();
    let means_known = |listed: &&ListedPath| {
        std::iter::once(&listed.path).chain(&listed.others).any(|path| known.contains(path.as_str()))
    };
    let there = read.paths.iter().filter(|listed| source.listing().get(&listed.path).is_some());
    let new = there.filter(|listed| !means_known(listed));
    let struck = read.struck.iter().filter(means_known);
    new.chain(struck).map(|listed| listed.path.as_str().to_owned()).collect()
}

/// Returns the configuration in which the files that the list strikes out are skipped.
pub(super) fn without_struck(config: &Config, list: Option<&ListReport>) -> Config {
    let mut config = config.clone();
    let struck = list.iter().flat_map(|list| &list.struck);
    let skip = |path: &String| Skip { path: path.clone(), reason: "struck out in the list".to_owned() };
    config.files.skip.extend(struck.map(skip));
    config
}

/// Returns the reason why an existing listed file is not usable.
fn unusable_reason(discovery: &Discovery, path: &RepoPath) -> String {
    let refused = discovery.refused.iter().find(|refused| refused.path == *path);
    let left_out = discovery.left_out.iter().find(|(left_out, _)| left_out == path);
    refused
        .map(|refused| refused.reason.to_string())
        .or_else(|| left_out.map(|(_, why)| why.to_string()))
        .unwrap_or_else(|| "it is not a regular file".into())
}
