//! Comments that ignore findings: `# layerwright: ignore[RULE] reason` above the line. It never changes a finding.

use std::collections::BTreeSet;

use super::Texts;
use super::finding::{Finding, FindingKind};
use super::rule::UNUSED_IGNORE;
use crate::campaign::names::IGNORE;

/// A comment that ignores findings.
struct Ignore<'t> {
    /// Its line, 1-based.
    line: usize,
    /// The line that it is about: the next one that is not a comment. `None` at the end of the file.
    target: Option<usize>,
    rules: Vec<&'t str>,
    reason: &'t str,
}

/// Removes the findings that comments ignore, and adds those about comments that ignore nothing or give no reason.
pub(super) fn apply(findings: &mut Vec<Finding>, texts: &Texts) {
    for (path, text) in texts.iter().filter(|(_, text)| text.contains(IGNORE)) {
        for ignore in ignores(text) {
            let hits = hits(findings, path, &ignore);
            let message = if ignore.reason.is_empty() {
                "an ignore comment needs a reason behind the bracket"
            } else if hits.is_empty() {
                "nothing to ignore here: remove the comment"
            } else {
                let mut at = 0;
                findings.retain(|_| {
                    at += 1;
                    !hits.contains(&(at - 1))
                });
                continue;
            };
            findings.push(Finding::new(
                path,
                ignore.line,
                FindingKind::Unused,
                UNUSED_IGNORE,
                message.to_owned(),
            ));
        }
    }
}

/// Returns the indexes of the findings that a comment ignores.
fn hits(findings: &[Finding], path: &str, ignore: &Ignore<'_>) -> BTreeSet<usize> {
    let is_hit = |finding: &Finding| {
        finding.path == path
            && Some(finding.line) == ignore.target
            && ignore.rules.contains(&finding.rule.as_str())
    };
    findings.iter().enumerate().filter(|(_, finding)| is_hit(finding)).map(|(at, _)| at).collect()
}

/// Returns the comments of a text.
fn ignores(text: &str) -> Vec<Ignore<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix('#') else { continue };
        let Some((rules, reason)) =
            comment.trim_start().strip_prefix(IGNORE).and_then(|rest| rest.split_once(']'))
        else {
            continue;
        };
        let is_comment = |line: &&str| line.trim_start().starts_with('#');
        let below = lines[at + 1..].iter().take_while(|line| is_comment(line)).count();
        let target = at + 1 + below;
        found.push(Ignore {
            line: at + 1,
            target: (target < lines.len()).then_some(target + 1),
            rules: rules.split(',').map(str::trim).collect(),
            reason: reason.trim(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Vec<(usize, String)> {
        let mut findings = vec![Finding::new("a", 3, FindingKind::Hazard, "ancestor-mode", String::new())];
        apply(&mut findings, &Texts::from([("a".to_owned(), text.to_owned())]));
        findings.into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn a_comment_directly_above_ignores_its_rules() {
        assert_eq!(left("FROM a\n# layerwright: ignore[x, ancestor-mode] why\nCOPY a b\n"), []);
        assert_eq!(left("# layerwright: ignore[ancestor-mode] why\n# more\nCOPY a b\n"), []);
    }

    #[test]
    fn a_comment_that_ignores_nothing_is_a_finding() {
        let hazard = (3, "ancestor-mode".to_owned());
        let unused = |line| (line, UNUSED_IGNORE.to_owned());
        assert_eq!(left("# layerwright: ignore[x] why\n#\nCOPY\n"), [hazard.clone(), unused(1)]);
        assert_eq!(left("#layerwright: ignore[ancestor-mode]\n#\nCOPY\n"), [hazard.clone(), unused(1)]);
        assert_eq!(left("# layerwright: ignore[ancestor-mode] why\n\nCOPY\n"), [hazard, unused(1)]);
    }
}
