//! The part of a pull request that says what was compared: the images, or the filesystems right after the edited
//! instructions. It never says why a line is safe.

use std::collections::BTreeSet;

use super::{LONGEST, Parts, listed};
use crate::campaign::evidence::{BuildEvidence, Cause, Depth, Evidence, Outcome};
use crate::text::markdown::{code, prose};
use crate::text::words::{count, form, shortened};

impl Parts<'_> {
    /// Returns the result for the images (identical, not built or different), with the builder and the date.
    pub(super) fn images(&self, most: usize) -> String {
        let Some(evidence) = self.evidence else {
            return format!("**Images:** not built. {}", self.proof());
        };
        let built = || {
            let of = |part: fn(&BuildEvidence) -> String| -> BTreeSet<String> {
                evidence.builds.iter().map(part).collect()
            };
            let list =
                |names: BTreeSet<String>| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
            let builders = of(|build| {
                let buildkit =
                    build.builder.buildkit.as_ref().map(|version| format!(" (BuildKit {version})"));
                format!("{}{}", build.builder.driver, buildkit.unwrap_or_default())
            });
            let targets = of(|build| build.target.clone().unwrap_or_else(|| "the last stage".to_owned()));
            format!(
                "builder {}, platform {}, target {}, {}",
                list(builders),
                list(of(|build| build.platform.clone())),
                list(targets),
                code(evidence.figures.began.split('T').next().unwrap_or_default())
            )
        };
        let reason =
            || prose(&shortened(evidence.reason.as_deref().unwrap_or("no reason was given"), LONGEST));
        match evidence.outcome {
            Outcome::Same if is_at_the_line(evidence) => format!(
                "**Images:** each edited instruction gives the same filesystem; later steps were not built, {}.",
                built()
            ),
            Outcome::Same => format!("**Images:** identical, {}.{}", built(), noise(evidence)),
            Outcome::CouldNotTest => {
                format!("**Images:** could not test: {}. {}", reason(), self.proof())
            }
            Outcome::TimedOut => format!("**Images:** not built: timed out, {}. {}", reason(), self.proof()),
            Outcome::Blocked => {
                format!(
                    "**Images:** not built: the original file does not build, {}. {}",
                    reason(),
                    self.proof()
                )
            }
            Outcome::Different => {
                format!("**Images:** {}; {}.\n{}", different(evidence), built(), differences(evidence, most))
            }
        }
    }
}

/// Returns true if only the filesystems right after the edited instructions were compared, in at least one build.
pub(super) fn is_at_the_line(evidence: &Evidence) -> bool {
    evidence.builds.iter().any(|build| build.depth == Depth::Line)
}

fn different(evidence: &Evidence) -> String {
    match evidence.builds.iter().map(|build| build.differences.len()).sum() {
        0 => "different".to_owned(),
        places => format!("different at {}", count(places, "place")),
    }
}

fn differences(evidence: &Evidence, most: usize) -> String {
    let all = evidence.builds.iter().flat_map(|build| &build.differences);
    let of = |difference: &crate::campaign::evidence::Difference| {
        let shown = |value: &Option<String>| {
            value.as_deref().map_or_else(|| "nothing".to_owned(), |value| code(&shortened(value, LONGEST)))
        };
        let cause = match &difference.cause {
            Cause::Header => "caused by the header alone".to_owned(),
            Cause::Rule { rule, line, accepted } => {
                let accepted = if *accepted { ", accepted" } else { "" };
                format!("line {line}, {}{accepted}", code(rule.as_str()))
            }
            Cause::Unexpected => "unexpected".to_owned(),
        };
        let place = difference.path.as_deref().unwrap_or("the configuration");
        let (before, after) = (shown(&difference.before), shown(&difference.after));
        format!("- {} {}: {before} → {after} ({cause})\n", code(place), code(&difference.aspect))
    };
    let text = listed("", &all.map(of).collect::<Vec<_>>(), "more differences", most);
    text.trim().to_owned()
}

fn noise(evidence: &Evidence) -> String {
    match evidence.builds.iter().map(|build| build.noise).sum::<usize>() {
        0 => String::new(),
        noise => {
            let (places, are) = (count(noise, "place"), form(noise, "is", "are"));
            format!(
                " {places} {are} ignored as nondeterministic: two builds of the original file also differ there."
            )
        }
    }
}
