//! The decision about one instruction: weighs the findings of its rules and tries the edits that they propose. It never
//! looks at another instruction.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::analysis::Verdict;
use crate::analysis::destination::{Destination, Followed};
use crate::analysis::resolve::Chmod;
use crate::analysis::rule::{Candidate, Finding, Prediction, Remedy, Weight};
use crate::analysis::view::View;
use crate::rootfs::{Assumption, Leans};
use crate::text::path::is_within;

/// The decision that the rules make about an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// `link`, `edit`, `hold`, `unknown` or `no-effect`.
    pub(crate) verdict: Verdict,
    /// The findings that make the verdict, in the order of the rules.
    pub(crate) findings: Vec<Finding>,
    /// The assumptions that the verdict rests on.
    pub(crate) leans: Leans,
    /// Findings that the maintainers accepted; otherwise they would have made the verdict heavier.
    pub(crate) accepted: Vec<Finding>,
}

impl Decision {
    /// Adds an assumption to a verdict that allows the instruction to be linked.
    pub(crate) fn lean_on(&mut self, assumption: &Arc<Assumption>) {
        if matches!(self.verdict, Verdict::Link | Verdict::Edit) {
            self.leans.add(Arc::clone(assumption));
        }
    }

    /// Adds an assumption to the findings of a hold about paths that a later step of the stage sets: the step may restore
    /// them.
    pub(crate) fn doubt_hold(&mut self, line: usize, is_set_again: impl Fn(&str) -> bool) {
        if self.verdict != Verdict::Hold {
            return;
        }
        let builds = |finding: &&mut Finding| finding.rule.rule().predicts != Prediction::BuildFails;
        for finding in self.findings.iter_mut().filter(builds) {
            if is_set_again(&finding.path) {
                let before = "a later step of the stage does not restore ";
                finding.leans.add(Arc::new(Assumption::naming(line, before, finding.path.as_str(), "")));
            }
        }
        self.leans = proof_of_hold(&self.findings);
    }

    /// Adds to the hold of a trigger that it runs: the image itself does not change.
    pub(crate) fn assume_child(&mut self, line: usize) {
        if self.verdict == Verdict::Hold {
            let message = format!("an image is built from this one, so that ONBUILD (line {line}) runs");
            let assumption = Arc::new(Assumption::new(line, "/", message));
            self.findings.iter_mut().for_each(|finding| finding.leans.add(Arc::clone(&assumption)));
            self.leans = proof_of_hold(&self.findings);
        }
    }

    /// Returns the decision about an instruction whose difference is restored by the end of its stage.
    pub(crate) fn restored(leans: Leans) -> Self {
        Self { verdict: Verdict::Link, findings: Vec::new(), leans, accepted: Vec::new() }
    }

    /// Merges two decisions about one instruction: the heavier verdict, and the accepted findings of both.
    #[must_use]
    pub(crate) fn or_heavier(self, other: Decision) -> Decision {
        let (mut heavy, light) = if other.weight() > self.weight() { (other, self) } else { (self, other) };
        // A slash is right for an existing directory, but creates one elsewhere: one text must fit both.
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

    /// Merges two decisions about one instruction, of which either may be the right one. `None` unless both have the same
    /// verdict, link, edit or hold, with the same edits.
    pub(crate) fn if_same(mut self, other: &Self) -> Option<Self> {
        let is_settled = match self.verdict {
            Verdict::Link | Verdict::Hold => self.accepted.is_empty() && other.accepted.is_empty(),
            Verdict::Edit => self.remedies().eq(other.remedies()),
            _ => false,
        };
        if self.verdict != other.verdict || !is_settled {
            return None;
        }
        self.leans.merge(&other.leans);
        Some(self)
    }

    /// Returns the weight of its verdict, for comparison.
    pub(super) fn weight(&self) -> usize {
        match self.verdict {
            Verdict::Link | Verdict::Linked | Verdict::OptedOut => 0,
            Verdict::Edit => 1,
            Verdict::Unknown => 2,
            Verdict::Hold => 3,
            Verdict::NoEffect => 4,
        }
    }

    /// Returns the edits in addition to the flag, for the verdict `edit`.
    pub(crate) fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.findings.iter().filter_map(|finding| finding.remedy.as_ref())
    }
}

/// Decides one instruction by its rules. Findings that `accepted` returns true for do not count.
///
/// The heaviest finding makes the verdict: `no-effect`, then `hold`, then `unknown`, then `edit`. Without a finding,
/// the instruction may be linked without another change.
pub(crate) fn decide(view: &View<'_>, accepted: &dyn Fn(&Finding) -> bool) -> Decision {
    let (accepted, mut findings): (Vec<_>, Vec<_>) =
        findings(view).into_iter().partition(|finding| finding.weight == Weight::Hold && accepted(finding));
    if view.has_odd_archive() {
        findings.retain(|finding| matches!(finding.weight, Weight::Unknown | Weight::NoEffect));
    }
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

/// Returns the findings of all rules, in the order of the rules, with the edits that pass in place of the candidates.
fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in view.rules.iter().filter_map(|rule| rule.check) {
        check(view, &mut found);
    }
    let trials = Trials { view, slash: OnceCell::new(), real_path: OnceCell::new() };
    let is_linked = view.resolved.transfer.options.link == Some(true);
    let settled = found.into_iter().map(|finding| trials.settle(finding));
    settled.map(|finding| if is_linked { finding.of_linked() } else { finding }).collect()
}

/// An edit that passes, with the assumptions that it rests on; otherwise the weight of the finding without it.
type Trial = Result<(Remedy, Leans), Weight>;

/// The candidate edits of one instruction, each tried once.
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

/// Tries a slash at the end of the destination. The parent directories are judged without it.
fn slash(view: &View<'_>) -> Trial {
    let Ok(Destination { path, .. }) = view.resolved.destination.clone() else { return Err(Weight::Hold) };
    let transfer = view.resolved.transfer;
    if !transfer.destination.as_ref().is_some_and(|word| takes_slash(&word.text, transfer.json)) {
        return Err(Weight::Hold);
    }
    let slashed = view.towards(Destination { path: path.clone(), slashed: true });
    let decision = decide(&slashed, &|finding| finding.path != path);
    match decision.verdict {
        Verdict::Link | Verdict::Edit => Ok((Remedy::AppendSlash, decision.leans)),
        Verdict::Unknown => Err(Weight::Unknown),
        _ => Err(Weight::Hold),
    }
}

/// Returns true if a slash behind a word, or before the quote at its end, is the last character of its value: nothing
/// else in the word is quoted or escaped, and no variable's name is open.
fn takes_slash(word: &str, json: bool) -> bool {
    let quoted = |quote| word.strip_prefix(quote)?.strip_suffix(quote);
    let bare = quoted('"').or_else(|| quoted('\'')).filter(|_| !json).unwrap_or(word);
    !bare.contains(['"', '\'', '\\', '`']) && !bare.ends_with('$')
}

/// Returns true if a path means itself wherever it is written: in a word, in quotes and in JSON.
fn is_plain(path: &str) -> bool {
    path.chars().all(|c| c.is_alphanumeric() || "/._-+@%,:=~".contains(c))
}

/// Tries the real path of a destination that leads through symlinks, written so that a linked copy to it does the same
/// as the unlinked copy does now. A destination that contains a variable is not changed, and a path that would have to be
/// quoted or escaped is not written.
fn real_path(view: &View<'_>) -> Trial {
    let written = view.resolved.transfer.destination.as_ref().filter(|word| !word.text.contains('$'));
    let (Some(_), Ok(destination)) = (written, &view.resolved.destination) else { return Err(Weight::Hold) };
    let mut passed = Vec::new();
    let Followed::At(real, fact) = view.follow(&destination.path, &mut passed) else {
        return Err(Weight::Hold);
    };
    // A source that replaces one of the links sends the sources after it elsewhere.
    let may_replace = view.resolved.sources.len() > 1 && passed.iter().any(|link| is_within(&real, link));
    if may_replace || !is_plain(&real) {
        return Err(Weight::Hold);
    }
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

/// Returns the assumptions of an edit: those of its instruction and those of its remedies.
fn proof_of_edit(view: &View<'_>, findings: &[Finding]) -> Leans {
    let mut leans = view.leans();
    for finding in findings {
        leans.merge(&finding.leans);
    }
    leans
}

/// Returns the assumptions of a hold: none if one of its findings rests on no assumption, because that finding is
/// enough to prove it.
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
