//! Noise: what differs between two builds of the same text. It excuses as little as the builds show.
//!
//! Noise is by path and aspect. Builds of the original are samples; what all samples agree in has to be so in the
//! edited image too. A content that the samples disagree in excuses content and size alone: type, mode, owner,
//! attributes and presence need their own disagreement.
//!
//! What noise covers is looked at where no noise is: the stage is cut off behind an edited line and built as it is and
//! as it was, both on one and the same result of what is before. Whatever differs then is the line's work: a noisy file
//! has to be what the line's source is.

mod folder;
mod points;
pub mod samples;

use std::collections::BTreeSet;

use super::builder::{Request, Vertex};
use super::compare::{Difference, compare};
use super::image::Image;
use super::variant_builds::{Failure, Variants, Workbench, edited_sites, stages};
use points::{Point, points};
use samples::Samples;

/// How many further builds of the original run before something differs.
const CONTROLS: usize = 2;

/// How often a control build is tried.
const ATTEMPTS: usize = 3;

/// What remains when noise is left out.
#[derive(Debug)]
pub struct Settled {
    /// What differs and is no noise, by path and aspect.
    pub differences: Vec<Difference>,
    /// How many differences are noise.
    pub noise: usize,
    /// How many further builds of the original were made.
    pub controls: usize,
    /// What the noise covers that could not be looked at.
    pub assumptions: Vec<String>,
    /// The original, as often as it was built.
    pub samples: Samples,
}

/// Tells differences from noise. Where nothing differs nothing is built.
///
/// # Errors
///
/// [`Failure`] of a build; the edited image is not judged then.
pub fn settle(
    bench: &mut Workbench<'_>,
    variants: &Variants,
    original: Image,
    edited: &Image,
) -> Result<Settled, Failure> {
    let all = compare(&original, edited).differences;
    let mut samples = Samples::new(original);
    let mut differences = all.clone();
    while !differences.is_empty() && samples.controls() < CONTROLS {
        samples.push(control(bench, variants)?);
        differences = samples.judge(edited);
    }
    let noise = all.iter().filter(|difference| !differences.contains(difference)).count();
    let mut assumptions = Vec::new();
    if noise > 0 {
        for point in points(variants, &bench.nonce()) {
            uncover(bench, variants, &point, &samples, &mut differences, &mut assumptions)?;
        }
        differences.sort_by(|left, right| {
            let place = |difference: &Difference| (difference.path.is_none(), difference.path.clone());
            (place(left), &left.aspect).cmp(&(place(right), &right.aspect))
        });
    }
    let controls = samples.controls();
    Ok(Settled { differences, noise, controls, assumptions, samples })
}

/// Builds the original again, all that an edited line can reach executed anew. Where another build executes the same
/// steps at the same time, the builder may call them cached: then once more.
fn control(bench: &mut Workbench<'_>, variants: &Variants) -> Result<Image, Failure> {
    let anew = reached_by_edits(variants);
    let request = Request { anew: anew.clone(), ..variants.original.clone() };
    let mut step = String::new();
    for _ in 0..ATTEMPTS {
        let control = bench.image(&request)?;
        match replayed(&control.built.vertexes, &anew) {
            Some(vertex) => step.clone_from(&vertex.name),
            None => return Ok(control.image),
        }
    }
    Err(Failure::Control { step })
}

/// The stages with edited lines and all that hold something of them, by name, with those that are executed anew anyway.
fn reached_by_edits(variants: &Variants) -> Vec<String> {
    let [original, edited] = variants.read();
    let stages = stages(&original, &variants.original.build_args);
    let sites = edited_sites(&original, &edited);
    let with_edits = sites.iter().filter_map(|site| original.instructions()[*site].stage).collect();
    let names = stages.dependents(&with_edits).into_iter().filter_map(|stage| stages.target(stage));
    let all: BTreeSet<String> =
        names.map(str::to_owned).chain(variants.original.anew.iter().cloned()).collect();
    all.into_iter().collect()
}

/// A RUN of these stages that came from the cache. A step that names no stage may be of any.
fn replayed<'a>(vertexes: &'a [Vertex], stages: &[String]) -> Option<&'a Vertex> {
    let is_of = |vertex: &Vertex| {
        let stage = vertex.step().and_then(|step| step.stage);
        stage.is_none_or(|stage| stages.iter().any(|name| name.eq_ignore_ascii_case(stage)))
    };
    vertexes.iter().find(|vertex| vertex.cached && vertex.is_run() && is_of(vertex))
}

/// Compares both texts up to an edited line, and tells what the samples leave open.
fn uncover(
    bench: &mut Workbench<'_>,
    variants: &Variants,
    point: &Point,
    samples: &Samples,
    differences: &mut Vec<Difference>,
    assumptions: &mut Vec<String>,
) -> Result<(), Failure> {
    let request = |text: &[u8]| Request {
        dockerfile: text.to_vec(),
        target: None,
        anew: Vec::new(),
        ..variants.edited.clone()
    };
    let linked = bench.image(&request(&point.linked))?;
    let plain = bench.image(&request(&point.plain))?;
    let line = point.line;
    let is_before = |vertex: &&Vertex| vertex.is_run() || vertex.name.contains(points::MARK);
    if let Some(step) = plain.built.vertexes.iter().filter(is_before).find(|vertex| vertex.is_executed()) {
        assumptions.push(format!(
            "noise covers no difference that line {line} makes (the cache did not keep `{}`)",
            step.name
        ));
        return Ok(());
    }
    for difference in compare(&plain.image, &linked.image).differences {
        let is_told =
            |known: &Difference| (&known.path, &known.aspect) == (&difference.path, &difference.aspect);
        if !point.is_image {
            assumptions.push(format!("noise covers nothing that follows from line {line}: {difference}"));
        } else if samples.leaves_open(&difference) && !differences.iter().any(is_told) {
            differences.push(difference);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::variant_builds::tests::{variants, vertex};

    #[test]
    fn a_control_executes_all_that_edits_reach() {
        let original = "FROM a AS base\nRUN x\nFROM base AS build\nCOPY a /a\nFROM b AS other\nRUN y\n\
                        FROM c AS last\nCOPY --from=build /a /a\n";
        let mut variants = variants(original, &original.replace("COPY a", "COPY --link a"));
        assert_eq!(reached_by_edits(&variants), ["build", "last"]);
        variants.original.anew = vec!["other".into()];
        assert_eq!(reached_by_edits(&variants), ["build", "last", "other"]);
    }

    #[test]
    fn a_control_that_replays_a_run_of_theirs_is_none() {
        let stages = ["build".to_owned(), "last".to_owned()];
        let at = |vertexes: &[Vertex]| replayed(vertexes, &stages).map(|vertex| vertex.name.clone());
        let fine = [
            vertex("[base 1/2] RUN x", true),
            vertex("[build 1/2] RUN x", false),
            vertex("[build 2/2] COPY x /RUN", true),
            vertex("[last 1/1] FROM c", true),
        ];
        assert_eq!(at(&fine), None);
        assert_eq!(at(&[vertex("[Build 1/2] RUN x", true)]).as_deref(), Some("[Build 1/2] RUN x"));
        assert_eq!(at(&[vertex("[1/2] RUN x", true)]).as_deref(), Some("[1/2] RUN x"), "of whichever stage");
    }
}
