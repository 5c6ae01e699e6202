//! Selects the files to verify.

use std::collections::BTreeSet;

use super::{FilesToVerify, VerifyError, VerifyOptions};
use crate::campaign::evidence::{Depth, EvidenceState};
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::progress::StepKind;
use crate::ops::evidence::Assessed;
use crate::ops::local_progress;
use crate::ops::present::PresentFiles;
use crate::ops::selection::{self, Selection, SelectionError};

/// Returns the requested files; by default, those whose evidence the campaign waits for. Of a wave, the files that have the
/// evidence that these options would give are left out, and counted.
pub(super) fn chosen<'p>(
    files: &FilesToVerify,
    options: Option<&VerifyOptions<'_>>,
    present: &PresentFiles<'_>,
    plan: &'p Plan,
    assessed: &Assessed,
) -> Result<(Vec<&'p File>, usize), VerifyError> {
    let PresentFiles { workspace, source, config, .. } = *present;
    let against = local_progress::decided_against(workspace, source, config, plan)?;
    let step = local_progress::progress(workspace, source, config, plan, assessed)?
        .next_step(config.report.max_open);
    let needed = if step.kind == StepKind::Verify { step.files.as_slice() } else { &[] };
    let selection = files.selection.as_ref();
    let selection = selection.map(|selection| selection.in_plan(plan, workspace, &files.repository));
    let mut chosen = candidates(selection.as_ref(), present, plan, needed, &against)?;
    // The shards are parts of the same files, whichever of them are verified by now.
    if let Some(shard) = options.and_then(|options| options.shard) {
        chosen = shard.of(chosen);
    }
    if matches!(selection, Some(Selection::Files(_))) {
        return Ok((chosen, 0));
    }
    if selection.is_none() && !needed.is_empty() {
        chosen.retain(|file| needed.contains(&file.path));
    }
    let all = chosen.len();
    chosen.retain(|file| !is_verified(&file.path, options, assessed));
    let verified = all - chosen.len();
    Ok((chosen, verified))
}

/// Returns true if a file has evidence that is as good as what a verification with these options gives.
fn is_verified(path: &str, options: Option<&VerifyOptions<'_>>, assessed: &Assessed) -> bool {
    let is_verified =
        matches!(assessed.states.get(path), Some(EvidenceState::Verified | EvidenceState::VerifiedFrom(_)));
    let (true, Some(evidence)) = (is_verified, assessed.evidence.get(path)) else { return false };
    options.is_none_or(|options| {
        let is_deep = |depth: Depth| evidence.builds.iter().all(|build| build.depth >= depth);
        options.out.is_none()
            && options.platforms.is_empty()
            && options.depth.is_none_or(is_deep)
            && options.key.as_ref().is_none_or(|key| evidence.is_signed_by(key))
    })
}

/// Returns the requested files that have something to verify, in the order of the plan: named files, or those of a wave
/// that are neither merged nor declined or reverted. `needed` are those that the campaign waits for; their wave is the
/// requested one if none is named.
fn candidates<'p>(
    selection: Option<&Selection>,
    present: &PresentFiles<'_>,
    plan: &'p Plan,
    needed: &[String],
    against: &BTreeSet<String>,
) -> Result<Vec<&'p File>, SelectionError> {
    let number = match selection {
        Some(Selection::Files(paths)) => {
            return paths.iter().map(|path| selection::edited(plan, path)).collect();
        }
        Some(Selection::Wave(number)) => *number,
        None => {
            let of_needed = needed.iter().find_map(|path| plan.file(path)?.wave);
            match of_needed.or_else(|| present.next_wave(plan, against)) {
                Some(number) => number,
                None => return Ok(Vec::new()),
            }
        }
    };
    let files = selection::wave(plan, number)?.into_iter().filter(|file| !against.contains(&file.path));
    // A merged file was verified before its pull request: it is built again only if it is named, or if no wave is and the
    // campaign waits for it.
    let is_needed = |file: &File| selection.is_none() && needed.contains(&file.path);
    let is_left = |file: &&File| !present.is_done(file) || is_needed(file);
    Ok(files.filter(|file| file.rewritten.is_some()).filter(is_left).collect())
}
