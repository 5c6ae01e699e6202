//! The cause of each difference: the header, a rule that predicted it, or none. It never decides whether a difference
//! matters.

use bstr::ByteSlice;
use globset::Glob;

use super::compare::{Aspect, Difference};
use super::image::{Image, NodeKind};
use super::noise::samples::Samples;
use super::variant_builds::{Failure, Variants, Workbench};
use crate::analysis::Verdict;
use crate::analysis::rule::{Attribute, OBSERVED, Prediction, RuleId};
use crate::campaign::evidence::{self, Cause};
use crate::campaign::plan::file::{Reason, Site, Waiver};
use crate::rootfs::layers::overlay::follow_symlinks;

/// The predictions for a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Predictions<'a> {
    /// Its path in the repository.
    pub(crate) path: &'a str,
    /// The instructions of the plan that are edited.
    pub(crate) sites: &'a [&'a Site],
    /// The waivers.
    pub(crate) waivers: &'a [Waiver],
    /// The first line that is not proved, if the filesystem right after each edited instruction is known to be the same: then
    /// a later step makes what differs, from what it observes.
    pub(crate) observed: Option<usize>,
}

/// Attributes each difference to its cause. `header_only` is the original with the header of the edited text, if that
/// header differs; it is built if the images differ.
///
/// # Errors
///
/// [`Failure`] of the header-only build.
pub(crate) fn attribute(
    bench: &mut Workbench<'_>,
    variants: &Variants,
    header_only: Option<&[u8]>,
    differences: &[Difference],
    samples: &Samples,
    predictions: &Predictions<'_>,
) -> Result<Vec<evidence::Difference>, Failure> {
    let header = match header_only {
        Some(text) if !differences.is_empty() => {
            let mut request = variants.original.clone();
            text.clone_into(&mut request.dockerfile);
            samples.judge(&bench.image(&request)?.image)
        }
        _ => Vec::new(),
    };
    Ok(causes(differences, &header, samples.original(), predictions))
}

/// The pure part of [`attribute`]: `header` holds the changes of the header alone, `original` is the image before.
///
/// A rule predicts a difference only if its finding was open when the line was edited: a waived finding, or one of a
/// line that was edited against its verdict. A finding that the edit itself was to fix predicts nothing.
pub(crate) fn causes(
    differences: &[Difference],
    header: &[Difference],
    original: &Image,
    predictions: &Predictions<'_>,
) -> Vec<evidence::Difference> {
    let cause = |difference: &Difference| {
        if header.contains(difference) {
            return Cause::Header;
        }
        for site in predictions.sites {
            for reason in &site.reasons {
                let accepted = predictions.accepts(reason);
                let stood = accepted || !matches!(site.verdict, Verdict::Link | Verdict::Edit);
                if stood && foretells(reason, difference, original) {
                    return Cause::Rule { rule: reason.rule, line: site.line, accepted };
                }
            }
        }
        match predictions.observed {
            Some(line) => {
                let path = difference.path.as_ref().map(|path| format!("/{}", path.to_str_lossy()));
                let accepted = predictions.waive(OBSERVED, path.as_deref().unwrap_or_default());
                Cause::Rule { rule: OBSERVED, line, accepted }
            }
            None => Cause::Unexpected,
        }
    };
    differences.iter().map(|difference| recorded(difference, cause(difference))).collect()
}

/// Returns the cause of a linked build that fails: a waived finding, preferably one whose rule predicts the failure.
/// A waiver accepts another image, but not a failed build.
pub(crate) fn cause_of_failure(sites: &[&Site]) -> Cause {
    let linked = sites.iter().filter(|site| site.verdict == Verdict::Link);
    let mut waived = linked.flat_map(|site| site.reasons.iter().map(|reason| (site.line, reason.rule)));
    let first = waived.clone().next();
    let predicted = waived.find(|(_, rule)| rule.rule().predicts == Prediction::BuildFails);
    match predicted.or(first) {
        Some((line, rule)) => Cause::Rule { rule, line, accepted: false },
        None => Cause::Unexpected,
    }
}

/// Returns true if a difference is one of mode or owner of a directory, which a later step may restore.
pub(crate) fn is_restorable(difference: &Difference, original: &Image) -> bool {
    let node = difference.path.as_ref().and_then(|path| original.entries.get(path));
    let is_dir = node.is_some_and(|node| node.kind == NodeKind::Dir);
    is_dir && matches!(difference.aspect, Aspect::Mode | Aspect::Uid | Aspect::Gid)
}

/// Returns a difference in the form used in evidence.
pub(crate) fn recorded(difference: &Difference, cause: Cause) -> evidence::Difference {
    let Difference { path, aspect, before, after } = difference;
    let aspect = match aspect {
        Aspect::Xattr(name) => format!("xattr {}", name.to_str_lossy()),
        Aspect::Document(key) | Aspect::Config(key) => format!("config {key}"),
        aspect => aspect.to_string(),
    };
    let path = path.as_ref().map(|path| format!("/{}", path.to_str_lossy()));
    evidence::Difference { path, aspect, before: before.clone(), after: after.clone(), cause }
}

impl Predictions<'_> {
    fn accepts(&self, reason: &Reason) -> bool {
        self.waive(reason.rule, &reason.path)
    }

    /// Returns true if a waiver accepts what a rule says of a path.
    fn waive(&self, rule: RuleId, path: &str) -> bool {
        self.waivers.iter().any(|waiver| {
            let hits = Glob::new(&waiver.file).is_ok_and(|glob| glob.compile_matcher().is_match(self.path));
            hits && waiver.rule == rule && (waiver.path.is_empty() || waiver.path == path)
        })
    }
}

/// Returns true if the rule of a reason predicts a difference.
fn foretells(reason: &Reason, difference: &Difference, original: &Image) -> bool {
    let Some(path) = &difference.path else { return false };
    let named = reason.path.trim_matches('/').as_bytes();
    let is_below = |root: &[u8]| {
        let rest = path.strip_prefix(root);
        rest.is_some_and(|rest| root.is_empty() || rest.is_empty() || rest[0] == b'/')
    };
    let is_of = |attributes: &[Attribute]| {
        attribute_of(&difference.aspect).is_some_and(|attribute| attributes.contains(&attribute))
    };
    match reason.rule.rule().predicts {
        Prediction::Path(attributes) => path.as_bytes() == named && is_of(attributes),
        Prediction::Below(attributes) => is_below(named) && is_of(attributes),
        Prediction::Replaced => {
            let target = follow_symlinks(named, |at| match &original.entries.get(at.as_bstr())?.kind {
                NodeKind::Symlink { target } => Some(target.clone()),
                _ => None,
            });
            is_below(named) || target.is_some_and(|target| !target.is_empty() && is_below(&target))
        }
        Prediction::BuildFails | Prediction::NoEffect | Prediction::Unnamed => false,
    }
}

/// Returns the attribute that an aspect belongs to, if a link can change it without replacing the path.
fn attribute_of(aspect: &Aspect) -> Option<Attribute> {
    match aspect {
        Aspect::Mode => Some(Attribute::Mode),
        Aspect::Uid | Aspect::Gid => Some(Attribute::Owner),
        Aspect::Xattr(_) => Some(Attribute::Xattrs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analysis::rule::{self, Caret, Rule};
    use crate::verify::compare::compare;
    use crate::verify::image::tests::{image, layer};

    fn site(line: usize, verdict: &str, reasons: &[(&str, &str)]) -> Site {
        let reasons: Vec<Value> =
            reasons.iter().map(|(rule, path)| json!({"rule": rule, "path": path, "message": ""})).collect();
        serde_json::from_value(json!({
            "line": line, "end_line": line, "keyword": "COPY", "onbuild": false, "stage": 0, "flags": [], "sources": [],
            "heredocs": 0, "destination": null, "verdict": verdict, "proved": true, "replacement": null,
            "assumptions": [], "reasons": reasons, "benefit": "pays", "selected": true, "audit": null
        }))
        .unwrap()
    }

    fn waiver(file: &str, rule: &str, path: &str) -> Waiver {
        let rule = rule::RuleId::find(rule).expect("there is such a rule");
        Waiver { file: file.into(), rule, path: path.into(), reason: "so".into() }
    }

    /// Returns the causes by path and aspect: `header`, `rule:line` (with a `+` if waived), or `-`.
    fn told(header: &[Difference], sites: &[Site], waivers: &[Waiver]) -> Vec<String> {
        let (before, after) = images();
        let sites: Vec<&Site> = sites.iter().collect();
        let predictions = Predictions { path: "a/Dockerfile", sites: &sites, waivers, observed: None };
        let differences = compare(&before, &after).differences;
        let recorded = causes(&differences, header, &before, &predictions);
        let told = |found: evidence::Difference| {
            let cause = match found.cause {
                Cause::Header => "header".to_owned(),
                Cause::Rule { rule, line, accepted } => {
                    format!("{rule}:{line}{}", if accepted { "+" } else { "" })
                }
                Cause::Unexpected => "-".to_owned(),
            };
            format!("{} {} {cause}", found.path.unwrap_or_default(), found.aspect)
        };
        recorded.into_iter().map(told).collect()
    }

    fn images() -> (Image, Image) {
        let before = layer()
            .dir("root", 0o700)
            .symlink("run", "/real")
            .dir("real", 0o755)
            .file("real/f", "")
            .file("x", "1");
        let after =
            layer().dir("root", 0o755).dir("run", 0o755).dir("real", 0o755).file("run/f", "").file("x", "2");
        let user = |user: &str| json!({"User": user});
        (image([before], &user("")), image([after], &user("app")))
    }

    #[test]
    fn a_predicted_difference_is_attributed_to_its_rule() {
        let held = [
            site(3, "hold", &[("symlink-ancestor", "/run"), ("named-chown", "/etc/passwd")]),
            site(5, "link", &[("ancestor-mode", "/root")]),
        ];
        let found = told(&[], &held, &[waiver("a/*", "ancestor-mode", "/root")]);
        assert_eq!(
            found,
            [
                "/real/f presence symlink-ancestor:3",
                "/root mode ancestor-mode:5+",
                "/run type symlink-ancestor:3",
                "/run/f presence symlink-ancestor:3",
                "/x content -",
                " config User -",
            ]
        );
    }

    #[test]
    fn a_difference_that_an_edit_was_to_mend_was_not_predicted() {
        let edited = [site(3, "edit", &[("symlink-ancestor", "/run"), ("ancestor-mode", "/root")])];
        for waivers in
            [vec![], vec![waiver("b/*", "ancestor-mode", ""), waiver("a/*", "ancestor-mode", "/tmp")]]
        {
            assert!(told(&[], &edited, &waivers).iter().all(|line| line.ends_with(" -")));
        }
        let owner = [site(
            3,
            "hold",
            &[("ancestor-owner", "/root"), ("ancestor-mode", "/roo"), ("ancestor-mode", "/")],
        )];
        assert!(
            told(&[], &owner, &[]).iter().all(|line| line.ends_with(" -")),
            "another aspect, other paths"
        );
    }

    #[test]
    fn a_new_rule_is_attributed_by_what_it_predicts() {
        static MODES: Rule =
            rule::new_rule(Caret::Destination, Prediction::Path(&[Attribute::Mode, Attribute::Owner]));
        static LOST: Rule = rule::new_rule(Caret::Destination, Prediction::Replaced);
        let named = |rule: &'static Rule, path: &str| {
            let mut site = site(3, "hold", &[("ancestor-mode", path)]);
            site.reasons[0].rule = rule.id();
            told(&[], &[site], &[])
                .into_iter()
                .filter(|line| line.ends_with(" new-rule:3"))
                .collect::<Vec<_>>()
        };
        assert_eq!(named(&MODES, "/root"), ["/root mode new-rule:3"]);
        assert_eq!(named(&MODES, "/run"), [""; 0], "its type differs, and its mode goes with it");
        assert_eq!(
            named(&LOST, "/run"),
            ["/real/f presence new-rule:3", "/run type new-rule:3", "/run/f presence new-rule:3"]
        );
    }

    #[test]
    fn a_failed_build_is_put_down_to_the_rule_that_predicts_it() {
        let waived = site(3, "link", &[("ancestor-mode", "/root"), ("named-chown", "/etc/passwd")]);
        let other = site(5, "hold", &[("named-chown", "/etc/passwd")]);
        let cause = |sites: &[&Site]| cause_of_failure(sites);
        let of = |rule: &str| {
            let rule = rule::RuleId::find(rule).expect("there is such a rule");
            Cause::Rule { rule, line: 3, accepted: false }
        };
        assert_eq!(cause(&[&other, &waived]), of("named-chown"));
        assert_eq!(cause(&[&site(3, "link", &[("ancestor-mode", "/root")])]), of("ancestor-mode"));
        assert_eq!(cause(&[&other]), Cause::Unexpected, "it is not linked");
    }

    #[test]
    fn what_the_header_alone_changes_is_the_header_s() {
        let (before, after) = images();
        let mut header = compare(&before, &after).differences;
        header.retain(|difference| matches!(difference.aspect, Aspect::Mode | Aspect::Config(_)));
        header[0].after = Some("0750".into());
        let found = told(&header, &[], &[]);
        assert!(found.contains(&" config User header".to_owned()), "{found:?}");
        assert!(found.contains(&"/root mode -".to_owned()), "the header gives it another mode: {found:?}");
    }
}
