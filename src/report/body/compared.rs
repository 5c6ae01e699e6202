//! The comparison of the images before and after the change, or the reason why there is none.

use std::collections::BTreeSet;

use super::{LONGEST, Parts, listed, sentence};
use crate::campaign::evidence::{BuildEvidence, Cause, Depth, Difference, Evidence, Outcome};
use crate::text::markdown::code;
use crate::text::words::{count, form, shortened};

/// The maximum number of base images that are named.
const BASES: usize = 3;

impl Parts<'_> {
    /// Returns the result of the comparison, with the builder and the date.
    pub(super) fn images(&self, most: usize) -> String {
        let Some(evidence) = self.evidence else {
            return format!("**Compared:** no image was built. {}", self.proof());
        };
        let reason = || sentence(evidence.reason.as_deref().unwrap_or("no reason was given"));
        let not_built = |why: String| format!("**Compared:** nothing, because {why}. {}", self.proof());
        match evidence.outcome {
            Outcome::Same => {
                format!("**Compared:** {} {}.{}", compared(evidence), with(evidence), noise(evidence))
            }
            Outcome::CouldNotTest => not_built(format!("the builder could not test it ({})", reason())),
            Outcome::TimedOut => not_built(format!("the build timed out ({})", reason())),
            Outcome::Blocked => not_built(format!("the original file does not build ({})", reason())),
            Outcome::Different => {
                format!(
                    "**Compared:** the image is {} after this change. {}.\n{}",
                    different(evidence),
                    with(evidence),
                    differences(evidence, most)
                )
            }
        }
    }

    fn proof(&self) -> String {
        if self.file.edits_header_only() {
            return "The header is not proved to change nothing.".to_owned();
        }
        let proof = match (self.file.is_proved_the_same(), self.file.is_proved()) {
            (true, _) => {
                "Each line is proved not to change the image: the Dockerfile and the content of its base image are enough \
                 for that."
            }
            (false, true) => {
                "Each line is proved not to change the image, or to change it only as `layerwright.toml` accepts."
            }
            (false, false) => "The lines depend on the assumptions under \"Not checked\".",
        };
        let read = self.file.bases.iter().filter_map(|base| Some((&*base.image, base.digest.as_deref()?)));
        match bases(read) {
            Some(bases) => format!("{proof} The facts about the base are those of {bases}."),
            None => proof.to_owned(),
        }
    }
}

/// Names base images with their digests, as Docker writes them.
fn bases<'b>(all: impl Iterator<Item = (&'b str, &'b str)>) -> Option<String> {
    let named = |(image, digest): (&str, &str)| {
        let image = image.split_once('@').map_or(image, |(name, _)| name);
        code(&shortened(&format!("{image}@{digest}"), LONGEST))
    };
    let all: BTreeSet<String> = all.map(named).collect();
    let first: Vec<String> = all.iter().take(BASES).cloned().collect();
    let more = all.len() - first.len();
    let more = if more > 0 { format!(" and {} more", count(more, "base image")) } else { String::new() };
    (!first.is_empty()).then(|| format!("{}{more}", first.join(", ")))
}

/// Returns true if only the filesystems right after the edited instructions were compared, in at least one build.
pub(super) fn is_at_the_line(evidence: &Evidence) -> bool {
    evidence.builds.iter().any(|build| build.depth == Depth::Line)
}

/// Says what was compared and found equal.
fn compared(evidence: &Evidence) -> &'static str {
    if is_at_the_line(evidence) {
        return "each edited instruction was built before and after this change, on the same filesystem, and gives the same \
                filesystem: content, type, mode, owner and attributes of every path. Later steps were not built.";
    }
    "the image was built before and after this change, and both are the same: content, type, mode, owner and attributes of \
     every path, and the configuration. Times of files are not compared."
}

/// Names builders, platforms, targets and the date.
fn with(evidence: &Evidence) -> String {
    let of = |part: fn(&BuildEvidence) -> String| {
        let all: BTreeSet<String> = evidence.builds.iter().map(part).collect();
        all.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
    };
    let builders = of(|build| {
        let buildkit = build.builder.buildkit.as_ref().map(|version| format!(" (BuildKit {version})"));
        format!("{}{}", build.builder.driver, buildkit.unwrap_or_default())
    });
    let built = evidence.builds.iter().flat_map(|build| &build.bases);
    let built = bases(built.filter_map(|(image, digest)| Some((&**image, digest.as_deref()?))));
    let built = built.map(|bases| format!(", base {bases}")).unwrap_or_default();
    format!(
        "Builder {builders}, platform {}, target {}{built}, {}",
        of(|build| build.platform.clone()),
        targets(evidence),
        code(evidence.figures.began.split('T').next().unwrap_or_default())
    )
}

/// Names the targets, each once.
fn targets(evidence: &Evidence) -> String {
    let name = |build: &BuildEvidence| match &build.target {
        Some(target) => code(target),
        None => "the last stage".to_owned(),
    };
    let all: BTreeSet<String> = evidence.builds.iter().map(name).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

fn different(evidence: &Evidence) -> String {
    match evidence.builds.iter().map(|build| build.differences.len()).sum() {
        0 => "different".to_owned(),
        places => format!("different at {}", count(places, "place")),
    }
}

fn differences(evidence: &Evidence, most: usize) -> String {
    let all = evidence.builds.iter().flat_map(|build| &build.differences);
    let of = |difference: &Difference| {
        let shown = |value: &Option<String>| {
            value.as_deref().map_or_else(|| "nothing".to_owned(), |value| code(&shortened(value, LONGEST)))
        };
        let cause = match &difference.cause {
            Cause::Header => "caused by the header alone".to_owned(),
            Cause::Rule { rule, line, accepted } => {
                let accepted = if *accepted { ", accepted in `layerwright.toml`" } else { "" };
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
