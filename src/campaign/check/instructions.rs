//! The findings in Dockerfiles: linked instructions, headers, and files that are not read. It never reads a text.

use super::finding::{Finding, FindingKind, Fix};
use super::rule::{OLD_HEADER, UNLINKED, UNREAD_FILE};
use crate::analysis::Verdict;
use crate::campaign::plan::file::{File, Plan, Reason, Refused, Site};
use crate::edit::header::{Frontend, LINK, Version};

/// Returns the findings of the files of a plan.
pub(super) fn findings(plan: &Plan, ratchet: bool) -> Vec<Finding> {
    let of_file = |file| of_file(file, ratchet);
    plan.refused.iter().map(unread).chain(plan.files.iter().flat_map(of_file)).collect()
}

fn unread(refused: &Refused) -> Finding {
    Finding::new(&refused.path, 1, FindingKind::Unread, UNREAD_FILE, refused.reason.clone())
}

fn of_file(file: &File, ratchet: bool) -> Vec<Finding> {
    let header = file.sites.iter().find(|site| site.audit.is_some()).and_then(|site| header(file, site));
    let mut findings: Vec<Finding> = header.into_iter().collect();
    findings.extend(file.sites.iter().flat_map(|site| of_site(file, site)));
    if ratchet && file.skip.is_none() {
        findings.extend(file.selected().map(|site| unlinked(file, site)));
    }
    findings
}

/// Returns the finding about the header, if the frontend that a file names does not support its first linked line.
fn header(file: &File, linked: &Site) -> Option<Finding> {
    let current = file.syntax.current.as_deref()?;
    let Frontend::Docker(Version { major, minor }) = Frontend::read(current) else { return None };
    let message =
        format!("the header names {current}, which does not support --link: it needs {LINK} or later");
    (Version { major, minor } < LINK)
        .then(|| Finding::new(&file.path, linked.line, FindingKind::Header, OLD_HEADER, message))
}

fn of_site(file: &File, site: &Site) -> Vec<Finding> {
    let Some(audit) = &site.audit else { return Vec::new() };
    let kind = match audit.verdict {
        Verdict::Hold | Verdict::Edit => FindingKind::Hazard,
        Verdict::NoEffect => FindingKind::NoEffect,
        _ => return Vec::new(),
    };
    let fix = audit.fix.as_ref().map(|text| Fix {
        safe: match audit.verdict {
            Verdict::NoEffect => true,
            Verdict::Edit => site.proved == Some(true),
            _ => false,
        },
        title: match audit.verdict {
            Verdict::Edit => "make the copy equivalent".to_owned(),
            _ => "remove --link".to_owned(),
        },
        line: site.line,
        lines: site.end_line - site.line + 1,
        text: text.clone(),
    });
    let finding = |reason: &Reason| Finding {
        end_line: site.end_line,
        fix: fix.clone(),
        ..Finding::new(&file.path, site.line, kind, reason.rule.as_str(), reason.message.clone())
    };
    audit.reasons.iter().map(finding).collect()
}

fn unlinked(file: &File, site: &Site) -> Finding {
    let proof = if site.proved == Some(true) { "proved" } else { "not proved" };
    let message = format!(
        "could be linked ({proof}): layerwright migrate {} --write",
        crate::text::command::quoted(&file.path)
    );
    Finding {
        end_line: site.end_line,
        ..Finding::new(&file.path, site.line, FindingKind::Unlinked, UNLINKED, message)
    }
}
