//! The state before each COPY and ADD, and its verdict.
//!
//! The rule is `C(S) = S ⊕ C(∅)`: a line may be linked exactly when copying into what is there gives the same
//! as merging what the copy makes of nothing over what is there. It reads no file and runs no command.

pub mod archive;
mod base;
mod benefit;
mod copy_step;
mod decision;
pub mod destination;
mod effects;
pub mod end_state;
mod filesystems;
mod inputs;
mod judgement;
pub mod named_context;
mod observe;
mod os;
pub mod owner;
mod resolve;
mod restored;
pub mod rule;
mod run;
pub mod source;
mod state;
#[cfg(test)]
mod tests;
mod transfer;
mod verdict;
mod view;
mod walk;

use crate::dockerfile::{Body, Dockerfile, Instruction, Stages, Transfer};
use crate::rootfs::Leans;
use benefit::LaterRuns;
use judgement::Judged;
use rule::{Finding, Remedy};

pub use benefit::Benefit;
pub use inputs::Inputs;
pub use judgement::{BaseRead, Knowledge};
pub use verdict::Verdict;

/// One COPY or ADD with its verdict.
#[derive(Clone, Debug)]
pub struct Site {
    /// Index of its instruction in the Dockerfile; of the ONBUILD, where it stands in one.
    pub instruction: usize,
    /// True if it stands in an ONBUILD.
    pub onbuild: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// What the verdict leans on.
    pub leans: Leans,
    /// Why: what the rules found.
    pub findings: Vec<Finding>,
    /// What the rules found and somebody accepted.
    pub accepted: Vec<Finding>,
    /// What the verdict of a line that is linked already would be without the flag, and why.
    pub audit: Option<(Verdict, Vec<Finding>)>,
    /// True if the ADD does what a COPY of the same words does, provably.
    pub is_copy: bool,
    /// What a link would bring.
    pub benefit: Benefit,
}

impl Site {
    /// Returns true if the verdict leans on nothing. None for verdicts that are no claim about an image.
    pub fn proved(&self) -> Option<bool> {
        let audited = self.audit.as_ref().is_none_or(|(verdict, _)| *verdict != Verdict::Unknown);
        self.verdict.is_provable().then(|| audited && self.leans.is_empty())
    }

    /// Returns true if the flag may be written here.
    pub fn is_eligible(&self) -> bool {
        matches!(self.verdict, Verdict::Link | Verdict::Edit)
    }

    /// The changes beside the flag.
    pub fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.findings.iter().filter_map(|finding| finding.remedy.as_ref())
    }
}

/// The COPY or ADD of an instruction, also inside an ONBUILD, with the instruction that holds it.
pub fn transfer_of(instruction: &Instruction) -> Option<(&Instruction, &Transfer)> {
    match &instruction.body {
        Body::Transfer(transfer) => Some((instruction, transfer)),
        Body::Onbuild(inner) => transfer_of(inner),
        _ => None,
    }
}

/// What the analysis of a Dockerfile says.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Every COPY and ADD, in order of place.
    pub sites: Vec<Site>,
    /// The images that its stages start from, sorted.
    pub bases: Vec<BaseRead>,
}

/// Judges every COPY and ADD of a Dockerfile.
///
/// Where it is built in several ways, a line is judged in each, and the heaviest verdict counts.
///
/// A file that BuildKit refuses is judged as far as it can be read; nobody may edit it.
pub fn analyze(dockerfile: &Dockerfile, ways: &[Inputs<'_>]) -> Analysis {
    let (mut judged, mut bases, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for inputs in ways {
        let stages = Stages::new(dockerfile, inputs.build_args);
        let (lines, images) = walk::walk(dockerfile, &stages, inputs);
        later.push(LaterRuns::new(dockerfile, &stages));
        judged.push((inputs.way, lines));
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
            // It runs in the images that are built from this one.
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

/// One judgement of the line `at` from those of each way. Where the ways disagree, its reasons say from which one
/// they are.
fn merged<'w>(judged: &[(&'w str, Vec<Judged>)], at: usize) -> Option<Judged> {
    let of_way = |(way, lines): &(&'w str, Vec<Judged>)| {
        let here = lines.iter().filter(|line| line.instruction == at).cloned();
        Some((*way, here.reduce(Judged::both)?))
    };
    let mut each: Vec<(&str, Judged)> = judged.iter().filter_map(of_way).collect();
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
