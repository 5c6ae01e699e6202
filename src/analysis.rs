//! The state before each COPY and ADD, and its verdict.
//!
//! The rule is `C(S) = S ⊕ C(∅)`: an instruction may be linked if and only if a copy into the existing filesystem gives
//! the same as a copy into an empty one that is then merged over the existing filesystem. It reads no file and runs no
//! command.
//!
//! - `walk` goes through the stages with the `state` at each point: `base` at the start, `run_step` for a RUN, `copy_step`
//!   for a COPY or ADD, `end_state` for a Dockerfile that starts from the image.
//! - `copy_step` resolves the words (`resolve`, `destination`, `owner`), the sources (`source`, `archive`) and the paths that
//!   it writes with the links on them (`view`), and applies the copy to the facts (`transfer`).
//! - [`rule`] judges the view, `decision` weighs the findings and tries edits, `restored` finds later steps that set again
//!   what a link resets, `observe` the RUNs that can see a link, `benefit` what a link brings.

pub(crate) mod archive;
mod base;
mod benefit;
mod copy_step;
mod decision;
pub(crate) mod destination;
mod effects;
pub mod end_state;
mod filesystems;
mod inputs;
mod mounts;
pub mod named_context;
mod observe;
mod os;
pub(crate) mod owner;
mod possible;
mod resolve;
mod restored;
mod results;
pub mod rule;
mod run_step;
mod script_files;
pub(crate) mod source;
mod state;
#[cfg(test)]
mod tests;
mod transfer;
mod verdict;
mod view;
mod walk;

use std::collections::BTreeSet;

use crate::budget;
use crate::dockerfile::{Body, Dockerfile, Instruction, Stages, Transfer};
use crate::rootfs::Leans;
use benefit::LaterRuns;
use decision::Decision;
use results::Judged;
use rule::{Finding, Remedy};

pub use benefit::Benefit;
pub use inputs::Inputs;
pub(crate) use observe::UNSEEN;
pub(crate) use results::BaseRead;
pub use results::Knowledge;
pub(crate) use transfer::CHECKOUT;
pub use verdict::Verdict;

/// The most instructions of a file that is judged.
const MOST_INSTRUCTIONS: usize = 10_000;

/// The most stages of a file that is judged.
const MOST_STAGES: usize = 1_000;

/// One COPY or ADD with its verdict.
#[derive(Clone, Debug)]
pub struct Site {
    /// Index of its instruction in the Dockerfile; for a trigger, the index of the ONBUILD.
    pub instruction: usize,
    /// True if it is in an ONBUILD.
    pub(crate) onbuild: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The assumptions that the verdict rests on.
    pub(crate) leans: Leans,
    /// The findings that make the verdict.
    pub(crate) findings: Vec<Finding>,
    /// The findings that the maintainers accepted.
    pub(crate) accepted: Vec<Finding>,
    /// For an instruction that is already linked: its verdict without the flag, and the findings that make it.
    pub(crate) audit: Option<(Verdict, Vec<Finding>)>,
    /// True if the ADD is proved to do the same as a COPY with the same words.
    pub(crate) is_copy: bool,
    /// The benefit of linking it.
    pub(crate) benefit: Benefit,
}

impl Site {
    /// Returns true if the verdict rests on no assumption. `None` if the verdict makes no claim about an image.
    pub fn proved(&self) -> Option<bool> {
        let audited = self.audit.as_ref().is_none_or(|(verdict, _)| *verdict != Verdict::Unknown);
        self.verdict.is_provable().then(|| audited && self.leans.is_empty())
    }

    /// Returns true if `--link` may be inserted here.
    pub(crate) fn is_eligible(&self) -> bool {
        matches!(self.verdict, Verdict::Link | Verdict::Edit)
    }

    /// Returns the edits that are needed in addition to the flag.
    pub(crate) fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.findings.iter().filter_map(|finding| finding.remedy.as_ref())
    }
}

/// Returns the COPY or ADD of an instruction, also of an ONBUILD, with the instruction that contains it.
pub(crate) fn transfer_of(instruction: &Instruction) -> Option<(&Instruction, &Transfer)> {
    match &instruction.body {
        Body::Transfer(transfer) => Some((instruction, transfer)),
        Body::Onbuild(inner) => transfer_of(inner),
        _ => None,
    }
}

/// The result of analyzing a Dockerfile.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Every COPY and ADD, in the order of the file.
    pub sites: Vec<Site>,
    /// The images that its stages start from, sorted.
    pub(crate) bases: Vec<BaseRead>,
}

/// Judges every COPY and ADD of a Dockerfile.
///
/// If the Dockerfile is built in several ways, an instruction is judged for each build, and the heaviest verdict
/// counts.
///
/// A file that BuildKit refuses is judged as far as it can be read; it must not be edited.
///
/// A file beyond [`MOST_INSTRUCTIONS`] or [`MOST_STAGES`], one that costs more work than [`crate::budget`] allows, and one
/// that meets a defect of this program is not judged: each verdict is `unknown`, with the reason.
pub fn analyze(dockerfile: &Dockerfile, ways: &[Inputs<'_>]) -> Analysis {
    let counted = too_large(dockerfile).map_or(Ok(()), Err);
    let judged = counted
        .and_then(|()| budget::contained(|| judge(dockerfile, ways)).map_err(|ended| ended.to_string()));
    judged.unwrap_or_else(|why| unjudged(dockerfile, &why))
}

/// Returns the reason why a file is too large to be judged; `None` if it is not.
fn too_large(dockerfile: &Dockerfile) -> Option<String> {
    let instructions = dockerfile.instructions();
    let stages = instructions.iter().filter(|instruction| matches!(instruction.body, Body::From(_))).count();
    if instructions.len() > MOST_INSTRUCTIONS {
        return Some(format!("it has more than {MOST_INSTRUCTIONS} instructions"));
    }
    (stages > MOST_STAGES).then(|| format!("it has more than {MOST_STAGES} stages"))
}

/// Returns every COPY and ADD of a file that is not judged.
fn unjudged(dockerfile: &Dockerfile, why: &str) -> Analysis {
    let decision = Decision {
        verdict: Verdict::Unknown,
        findings: vec![Finding::of_unjudged(why)],
        leans: Leans::default(),
        accepted: Vec::new(),
    };
    let sites = dockerfile.instructions().iter().enumerate().filter_map(|(at, instruction)| {
        let (_, transfer) = transfer_of(instruction)?;
        let judged = Judged {
            instruction: at,
            decision: decision.clone(),
            on_nothing: false,
            is_copy: false,
            files: 0,
            stage: instruction.stage.unwrap_or_default(),
            line: instruction.start_line,
        };
        let onbuild = matches!(instruction.body, Body::Onbuild(_));
        Some(site(at, onbuild, transfer, judged, Benefit::None))
    });
    Analysis { sites: sites.collect(), bases: Vec::new() }
}

fn judge(dockerfile: &Dockerfile, ways: &[Inputs<'_>]) -> Analysis {
    let (mut judged, mut bases, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for inputs in ways {
        let stages = Stages::new(dockerfile, inputs.build_args);
        let (mut lines, images) = walk::walk(dockerfile, &stages, inputs);
        lines.sort_by_key(|line| line.instruction);
        later.push(LaterRuns::new(dockerfile, &stages));
        judged.push(JudgedBuild { way: inputs.way, lines, reached: reached(&stages, inputs.targets) });
        bases.extend(images);
    }
    bases.sort();
    bases.dedup();
    let mut sites: Vec<Site> = Vec::new();
    for (at, instruction) in dockerfile.instructions().iter().enumerate() {
        let Some((_, transfer)) = transfer_of(instruction) else { continue };
        let Some(merged) = merged(&judged, at) else { continue };
        let onbuild = matches!(instruction.body, Body::Onbuild(_));
        let benefit = match instruction.stage {
            None => Benefit::None,
            // It runs in the builds of the images that start from this one.
            Some(_) if onbuild => Benefit::Neutral,
            Some(stage) => {
                let line = instruction.start_line;
                let of_way = |later: &LaterRuns| later.judge(stage, line, merged.on_nothing, merged.files);
                later.iter().map(of_way).min().unwrap_or(Benefit::None)
            }
        };
        sites.push(site(at, onbuild, transfer, merged, benefit));
    }
    Analysis { sites, bases }
}

/// The instructions as one build has them.
struct JudgedBuild<'w> {
    way: &'w str,
    lines: Vec<Judged>,
    /// The stages that its targets need; `None` if any stage may be a target.
    reached: Option<BTreeSet<usize>>,
}

/// Returns the stages that some targets need. `None` if any stage may be a target.
fn reached(stages: &Stages, targets: &[Option<String>]) -> Option<BTreeSet<usize>> {
    let mut all = BTreeSet::new();
    for target in targets {
        all.extend(stages.reached(stages.of_target(target.as_deref())?));
    }
    (!targets.is_empty()).then_some(all)
}

/// Merges the judgements of the instruction `at` from all builds, which have them in the order of instructions, into one.
/// If the builds disagree, the findings name the build that they come from. A build whose targets do not need its stage
/// does not count, unless no build needs it.
fn merged<'w>(judged: &[JudgedBuild<'w>], at: usize) -> Option<Judged> {
    let of_build = |JudgedBuild { way, lines, reached }: &JudgedBuild<'w>| {
        let first = lines.partition_point(|line| line.instruction < at);
        let here = lines.iter().skip(first).take_while(|line| line.instruction == at);
        let here = here.cloned().reduce(Judged::both)?;
        let needs = reached.as_ref().is_none_or(|reached| reached.contains(&here.stage));
        Some((needs, (*way, here)))
    };
    let all: Vec<(bool, (&'w str, Judged))> = judged.iter().filter_map(of_build).collect();
    let is_needed = all.iter().any(|(needs, _)| *needs);
    let of_needing = all.into_iter().filter(|(needs, _)| *needs || !is_needed);
    let mut each: Vec<(&str, Judged)> = of_needing.map(|(_, judged)| judged).collect();
    let weight = |(_, judged): &(&str, Judged)| judged.decision.weight();
    let (least, most) = (each.iter().map(weight).min()?, each.iter().map(weight).max()?);
    if let Some((way, heaviest)) = each.iter_mut().find(|one| least < most && weight(one) == most) {
        for finding in &mut heaviest.decision.findings {
            finding.message = format!("{}, {way}", finding.message);
        }
    }
    each.into_iter().map(|(_, judged)| judged).reduce(Judged::both)
}

fn site(instruction: usize, onbuild: bool, transfer: &Transfer, judged: Judged, benefit: Benefit) -> Site {
    let decision = judged.decision;
    let (verdict, audit) = match transfer.options.link {
        Some(true) => (Verdict::Linked, Some((decision.verdict, decision.findings.clone()))),
        Some(false) => (Verdict::OptedOut, None),
        None => (decision.verdict, None),
    };
    let findings = if verdict == decision.verdict { decision.findings } else { Vec::new() };
    let leans = if verdict.is_provable() { decision.leans } else { Leans::default() };
    Site {
        instruction,
        onbuild,
        verdict,
        leans,
        findings,
        accepted: decision.accepted,
        audit,
        is_copy: judged.is_copy,
        benefit,
    }
}
