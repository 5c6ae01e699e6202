//! The trust in a plan: it is a file of the repository, and who may write it may claim anything. What a fresh analysis of
//! the base branch calls unsafe never goes out, and what it cannot judge needs evidence. That analysis believes the facts
//! about base images that the base branch has, and no others.

use super::{ClonedCampaign, ReportingError};
use crate::analysis::Verdict;
use crate::campaign::plan::file::{File, Plan, Site};
use crate::config::{Config, FILE_NAME};
use crate::discover::SourceTree;
use crate::git::RepoPath;
use crate::ops::base_images::{self, BaseImages};
use crate::ops::planned_text::check_header;
use crate::ops::{BaseImagesNotice, Knowledge, Notice, Watch, judge};

/// The maximum size of a `layerwright.toml` in bytes.
const MOST_CONFIG: u64 = 1 << 20;

/// Returns the plan with the claims that a fresh analysis of the base branch confirms. A file with another text than the
/// planned one is stale, and never edited.
pub(super) fn confirmed(campaign: &ClonedCampaign<'_>, watch: &Watch<'_>) -> Result<Plan, ReportingError> {
    let source = SourceTree::commit(campaign.repository, &campaign.commit)?;
    let config = base_config(&source)?;
    let knowledge = Knowledge::default();
    let remembered = base_images::in_commit(&source, &config).unwrap_or_else(|error| {
        watch(&Notice::BaseImages(BaseImagesNotice::NotRemembered(&error)));
        None
    });
    let images = BaseImages::with(&knowledge.images, remembered.as_ref(), &config);
    let fresh = judge::judge_with(&images, campaign.workspace, &source, &config, &knowledge, watch)?;
    let mut plan = campaign.plan.clone();
    for file in &mut plan.files {
        let Some(now) = fresh.file(&file.path).filter(|now| now.blob == file.blob) else { continue };
        if file.is_edited() {
            check_header(file, &config)?;
        }
        for site in file.sites.iter_mut().filter(|site| site.selected) {
            confirm(&file.path, site, now)?;
        }
    }
    Ok(plan)
}

/// Returns the configuration of the base branch: its waivers count, and no others.
fn base_config(source: &SourceTree<'_>) -> Result<Config, ReportingError> {
    let path = RepoPath::new(FILE_NAME).ok();
    let bytes = path.and_then(|path| source.read(&path, MOST_CONFIG).ok()).unwrap_or_default();
    Ok(Config::read(&bytes).map_err(crate::ops::WorkspaceError::from)?)
}

/// Takes the verdict of the fresh analysis, with all that it rests on. The policy lets out an instruction that is neither
/// `link` nor `edit`, as it is written, only with evidence.
fn confirm(path: &str, site: &mut Site, now: &File) -> Result<(), ReportingError> {
    let fresh = now.sites.iter().find(|fresh| (fresh.line, fresh.onbuild) == (site.line, site.onbuild));
    match fresh {
        Some(fresh @ Site { verdict: Verdict::Link | Verdict::Edit, .. })
            if fresh.replacement == site.replacement =>
        {
            (site.verdict, site.proved) = (fresh.verdict, fresh.proved);
            site.assumptions = fresh.assumptions.clone();
        }
        Some(fresh @ Site { verdict: Verdict::Hold, .. }) => {
            if fresh.proved == Some(true) {
                let why = fresh.reasons.first().map(|reason| reason.message.clone()).unwrap_or_default();
                return Err(ReportingError::Unsafe { path: path.to_owned(), line: site.line, why });
            }
            (site.verdict, site.proved) = (Verdict::Hold, fresh.proved);
            (site.assumptions, site.reasons) = (fresh.assumptions.clone(), fresh.reasons.clone());
        }
        _ => (site.verdict, site.proved) = (Verdict::Unknown, None),
    }
    Ok(())
}
