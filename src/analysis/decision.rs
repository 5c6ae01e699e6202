//! The decision of one line: the findings of its rules, weighed, and the edits that they propose, tried. It looks at no
//! other line.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::analysis::Verdict;
use crate::analysis::destination::{self, Destination, Followed};
use crate::analysis::resolve::Chmod;
use crate::analysis::rule::{Candidate, Finding, Remedy, Weight};
use crate::analysis::view::View;
use crate::rootfs::{Assumption, Leans};

/// What the rules say of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `link`, `edit`, `hold`, `unknown` or `no-effect`.
    pub verdict: Verdict,
    /// The findings that make the verdict, in order of rule.
    pub findings: Vec<Finding>,
    /// What the verdict leans on.
    pub leans: Leans,
    /// Findings that somebody accepted; without that they would have made the verdict heavier.
    pub accepted: Vec<Finding>,
}

impl Decision {
    /// Makes a verdict that lets a line be linked lean on one more assumption.
    pub fn lean_on(&mut self, assumption: &Arc<Assumption>) {
        if matches!(self.verdict, Verdict::Link | Verdict::Edit) {
            self.leans.add(Arc::clone(assumption));
        }
    }

    /// A line whose difference is gone again where its stage ends.
    pub fn restored(leans: Leans) -> Self {
        Self { verdict: Verdict::Link, findings: Vec::new(), leans, accepted: Vec::new() }
    }

    /// Of two decisions about one line, what has to be said: the heavier verdict, and what both accept.
    #[must_use]
    pub fn or_heavier(self, other: Decision) -> Decision {
        let (mut heavy, light) = if other.weight() > self.weight() { (other, self) } else { (self, other) };
        // A slash that is right where a directory is makes one where none is: one text must do for both.
        let one_text = light.verdict == Verdict::Edit && heavy.findings == light.findings;
        if heavy.verdict == Verdict::Edit && !one_text {
            heavy.verdict = Verdict::Unknown;
        }
        if matches!(heavy.verdict, Verdict::Link | Verdict::Edit) {
            heavy.leans.merge(&light.leans);
        }
        for finding in light.accepted {
            if !heavy.accepted.contains(&finding) {
                heavy.accepted.push(finding);
            }
        }
        heavy
    }

    /// How much its verdict counts against another.
    pub(super) fn weight(&self) -> usize {
        match self.verdict {
            Verdict::Link | Verdict::Linked | Verdict::OptedOut => 0,
            Verdict::Edit => 1,
            Verdict::Unknown => 2,
            Verdict::Hold => 3,
            Verdict::NoEffect => 4,
        }
    }

    /// The changes beside the flag, of an `edit`.
    pub fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.findings.iter().filter_map(|finding| finding.remedy.as_ref())
    }
}

/// Decides one line by its rules. What `accepted` lets through counts no more.
///
/// The heaviest finding makes the verdict: no effect before a hold, that before not known, that before an edit.
/// Without any finding the line may be linked as it is.
pub fn decide(view: &View<'_>, accepted: &dyn Fn(&Finding) -> bool) -> Decision {
    let (accepted, mut findings): (Vec<_>, Vec<_>) =
        findings(view).into_iter().partition(|finding| finding.weight == Weight::Hold && accepted(finding));
    let Some(weight) = findings.iter().map(|finding| finding.weight).max() else {
        return Decision { verdict: Verdict::Link, findings, leans: view.leans(), accepted };
    };
    findings.retain(|finding| finding.weight == weight);
    let verdict = match weight {
        Weight::Hold if view.resolved.chmod == Chmod::Perhaps => Verdict::Unknown,
        Weight::Hold => Verdict::Hold,
        Weight::NoEffect => Verdict::NoEffect,
        Weight::Unknown => Verdict::Unknown,
        Weight::Edit => Verdict::Edit,
    };
    let leans = match weight {
        Weight::Hold => proof_of_hold(&findings),
        Weight::Edit => proof_of_edit(view, &findings),
        Weight::Unknown | Weight::NoEffect => Leans::default(),
    };
    Decision { verdict, findings, leans, accepted }
}

/// The findings of all rules, in their order, with the edits that pass in place of the candidates.
fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in view.rules.iter().filter_map(|rule| rule.check) {
        check(view, &mut found);
    }
    let trials = Trials { view, slash: OnceCell::new(), real_path: OnceCell::new() };
    found.into_iter().map(|finding| trials.settle(finding)).collect()
}

/// An edit that passes, with what that leans on; else how much the finding weighs without it.
type Trial = Result<(Remedy, Leans), Weight>;

/// The candidates of one line, each tried once.
struct Trials<'v, 'a> {
    view: &'v View<'a>,
    slash: OnceCell<Trial>,
    real_path: OnceCell<Trial>,
}

impl Trials<'_, '_> {
    fn settle(&self, found: Finding<Candidate>) -> Finding {
        let trial = match &found.remedy {
            None => return found.without_edit(),
            Some(Candidate::Certain(remedy)) => Ok((remedy.clone(), found.leans.clone())),
            Some(Candidate::AppendSlash) => self.slash.get_or_init(|| slash(self.view)).clone(),
            Some(Candidate::RealPath) => self.real_path.get_or_init(|| real_path(self.view)).clone(),
        };
        match trial {
            Ok((remedy, leans)) => found.with_edit(remedy, leans),
            Err(Weight::Unknown) => Finding::unknown(found.rule, &found.path, found.message),
            Err(_) => found.without_edit(),
        }
    }
}

/// Tries a slash at the end of the destination. What is above the destination itself is judged without it.
fn slash(view: &View<'_>) -> Trial {
    let Ok(Destination { path, .. }) = view.resolved.destination.clone() else { return Err(Weight::Hold) };
    let slashed = view.towards(Destination { path: path.clone(), slashed: true });
    let decision = decide(&slashed, &|finding| finding.path != path);
    match decision.verdict {
        Verdict::Link | Verdict::Edit => Ok((Remedy::AppendSlash, decision.leans)),
        Verdict::Unknown => Err(Weight::Unknown),
        _ => Err(Weight::Hold),
    }
}

/// Tries the real path of a destination that leads through symlinks, written so that a linked copy to it does what the
/// plain copy does now. A destination that is written with a variable stays.
fn real_path(view: &View<'_>) -> Trial {
    let written = view.resolved.transfer.destination.as_ref().filter(|word| !word.text.contains('$'));
    let (Some(_), Ok(destination)) = (written, &view.resolved.destination) else { return Err(Weight::Hold) };
    let Followed::At(real, fact) = destination::follow(view.rootfs, &destination.path) else {
        return Err(Weight::Hold);
    };
    let slashed = destination.slashed;
    let decision = decide(&view.towards(Destination { path: real.clone(), slashed }), &|_| false);
    if !matches!(decision.verdict, Verdict::Link | Verdict::Edit) {
        return Err(Weight::Hold);
    }
    let slashed = slashed || decision.remedies().any(|remedy| *remedy == Remedy::AppendSlash);
    let mut leans = decision.leans;
    leans.merge(&fact.leans);
    Ok((Remedy::Destination(if slashed && real != "/" { format!("{real}/") } else { real }), leans))
}

/// An edit leans on what its line leans on, and on what its remedies do.
fn proof_of_edit(view: &View<'_>, findings: &[Finding]) -> Leans {
    let mut leans = view.leans();
    for finding in findings {
        leans.merge(&finding.leans);
    }
    leans
}

/// One reason that leans on nothing proves a hold, whatever the others lean on.
fn proof_of_hold(findings: &[Finding]) -> Leans {
    let mut leans = Leans::default();
    if findings.iter().any(|finding| finding.leans.is_empty()) {
        return leans;
    }
    for finding in findings {
        leans.merge(&finding.leans);
    }
    leans
}
