//! Converts the analysis to the format of the plan. It never judges anything.

use crate::analysis::rule::Finding;
use crate::analysis::{BaseRead, Site, Verdict, transfer_of};
use crate::campaign::plan::file::{self, Audit, Reason};
use crate::campaign::plan::options::Options;
use crate::dockerfile::{Dockerfile, Transfer, Word};
use crate::edit::{self, LineEdit, fix, header};

/// Returns every instruction in the format of the plan. `accepted` returns the reason of the waiver for a finding.
pub fn sites_report(
    dockerfile: &Dockerfile,
    sites: &[Site],
    options: &Options<'_>,
    accepted: &dyn Fn(&Finding) -> Option<String>,
) -> Vec<file::Site> {
    sites.iter().filter_map(|site| site_report(dockerfile, site, options, accepted)).collect()
}

fn site_report(
    dockerfile: &Dockerfile,
    site: &Site,
    options: &Options<'_>,
    accepted: &dyn Fn(&Finding) -> Option<String>,
) -> Option<file::Site> {
    let instruction = &dockerfile.instructions()[site.instruction];
    let (_, transfer) = transfer_of(instruction)?;
    let line = LineEdit { site, add_to_copy: !options.keep_add };
    let replacement = site.is_eligible().then(|| edit::replacement(dockerfile, line).ok()).flatten();
    let mut reasons: Vec<Reason> =
        site.findings.iter().map(|finding| of_edited(finding, site.verdict, transfer)).collect();
    for finding in &site.accepted {
        let why = accepted(finding).unwrap_or_default();
        reasons.push(reason(finding, format!("{}; accepted: {why}", finding.message)));
    }
    Some(file::Site {
        line: instruction.start_line,
        end_line: instruction.end_line,
        keyword: transfer.kind,
        onbuild: site.onbuild,
        stage: instruction.stage,
        flags: texts(&transfer.flags),
        sources: texts(&transfer.sources),
        heredocs: transfer.heredocs.len(),
        destination: transfer.destination.as_ref().map(|word| word.text.to_string()),
        verdict: site.verdict,
        proved: site.proved(),
        selected: replacement.is_some() && options.selects.contains(&site.benefit),
        replacement,
        assumptions: site.leans.clone().into(),
        reasons,
        benefit: site.benefit,
        audit: site.audit.as_ref().map(|(found, findings)| Audit {
            verdict: *found,
            reasons: findings.iter().map(|finding| of_linked(finding, *found, transfer)).collect(),
            fix: match found {
                Verdict::Edit => {
                    let remedies = findings.iter().filter_map(|finding| finding.remedy.as_ref());
                    fix::with_remedies(dockerfile, instruction, remedies)
                }
                Verdict::Hold | Verdict::NoEffect => fix::without_link(dockerfile, instruction),
                _ => None,
            },
        }),
    })
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text.to_string()).collect()
}

/// Returns the reason of an instruction that the campaign edits. It begins with the change beside the flag.
fn of_edited(finding: &Finding, verdict: Verdict, transfer: &Transfer) -> Reason {
    match edit(finding, verdict, transfer) {
        Some((part, before, after)) => {
            reason(finding, format!("{part} changed from {before} to {after}: {}", finding.message))
        }
        None => reason(finding, finding.message.clone()),
    }
}

/// Returns the reason of an instruction that is already linked. It ends with the missing change.
fn of_linked(finding: &Finding, verdict: Verdict, transfer: &Transfer) -> Reason {
    match edit(finding, verdict, transfer) {
        Some((_, before, after)) => {
            reason(finding, format!("{}; write {after} instead of {before}", finding.message))
        }
        None => reason(finding, finding.message.clone()),
    }
}

/// Returns the edit that settles a finding: the part of the instruction, as written and as required. An edit that is
/// correct in only one of several states of the filesystem gives no verdict `edit` and is not named.
fn edit<'t>(
    finding: &Finding,
    verdict: Verdict,
    transfer: &'t Transfer,
) -> Option<(&'static str, &'t str, String)> {
    finding.remedy.as_ref().filter(|_| verdict == Verdict::Edit).map(|remedy| remedy.change(transfer))
}

fn reason(finding: &Finding, message: String) -> Reason {
    Reason { rule: finding.rule, path: finding.path.clone(), message }
}

pub(super) fn errors(dockerfile: &Dockerfile) -> Vec<file::Error> {
    let index = dockerfile.line_index();
    let place = |error: &crate::dockerfile::ReadError| {
        let at = index.position(error.span.start);
        file::Error { line: at.line, column: at.column, message: error.message.clone() }
    };
    dockerfile.errors().iter().map(place).collect()
}

pub(super) fn syntax(dockerfile: &Dockerfile, sites: &[file::Site]) -> file::Syntax {
    let links = sites.iter().any(|site| site.replacement.is_some());
    file::Syntax {
        current: dockerfile.directives().syntax.as_ref().map(|directive| directive.value.clone()),
        required: header::floor(dockerfile, links).map(|version| version.to_string()),
    }
}

pub(super) fn bases(bases: &[BaseRead]) -> Vec<file::Base> {
    let base = |base: &BaseRead| file::Base {
        image: base.image.clone(),
        known: base.source.is_some(),
        source: base.source,
        digest: base.digest.clone(),
    };
    bases.iter().map(base).collect()
}
