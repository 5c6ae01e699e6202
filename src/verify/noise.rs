//! Nondeterminism ("noise"): differences between two builds of the same text. It never excuses more than the builds
//! show.
//!
//! Noise is recorded by path and aspect. Builds of the original are samples; the edited image must agree with
//! everything in which all samples agree. A content in which the samples disagree excuses content and size alone:
//! type, mode, owner, attributes and presence need a disagreement of their own.
//!
//! Paths hidden by nondeterminism are checked in a build that ends at the edited line: with the edit and without it,
//! both on the same result of the earlier steps. Any difference there is caused by the line: a nondeterministic file
//! must equal the line's source.

mod folder;
mod points;
pub(crate) mod samples;

use std::collections::BTreeSet;

use super::builder::{Request, Vertex};
use super::compare::{Difference, compare};
use super::image::Image;
use super::variant_builds::{Failure, Variants, Workbench, edited_sites, stages};
use points::{Point, points};
use samples::Samples;

/// The number of control builds of the original before a difference is reported.
const CONTROLS: usize = 2;

/// The number of attempts at a control build.
const ATTEMPTS: usize = 3;

/// The result after nondeterministic differences are removed.
#[derive(Debug)]
pub struct Settled {
    /// The differences that are not nondeterministic, by path and aspect.
    pub differences: Vec<Difference>,
    /// The number of nondeterministic differences.
    pub noise: usize,
    /// The number of control builds of the original.
    pub controls: usize,
    /// The paths hidden by nondeterminism that could not be checked.
    pub assumptions: Vec<String>,
    /// All builds of the original.
    pub(crate) samples: Samples,
}

/// Separates differences from nondeterminism. Without a difference, nothing is built.
///
/// # Errors
///
/// [`Failure`] of a build; there is then no verdict on the edited image.
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

/// Builds the original again and executes every stage that an edited line can reach. If another build executes the
/// same steps at the same time, the builder may report them as cached; the build is then repeated.
fn control(bench: &mut Workbench<'_>, variants: &Variants) -> Result<Image, Failure> {
    let uncached = reached_by_edits(variants);
    let request = Request { uncached: uncached.clone(), ..variants.original.clone() };
    let mut step = String::new();
    for _ in 0..ATTEMPTS {
        let control = bench.image(&request)?;
        match replayed(&control.built.vertexes, &uncached) {
            Some(vertex) => step.clone_from(&vertex.name),
            None => return Ok(control.image),
        }
    }
    Err(Failure::Control { step })
}

/// Returns the names of the stages with edited lines and of all stages that depend on them, with those that are
/// executed without the cache anyway.
fn reached_by_edits(variants: &Variants) -> Vec<String> {
    let [original, edited] = variants.read();
    let stages = stages(&original, &variants.original.build_args);
    let sites = edited_sites(&original, &edited);
    let with_edits = sites.iter().filter_map(|site| original.instructions()[*site].stage).collect();
    let names = stages.dependents(&with_edits).into_iter().filter_map(|stage| stages.target(stage));
    let all: BTreeSet<String> =
        names.map(str::to_owned).chain(variants.original.uncached.iter().cloned()).collect();
    all.into_iter().collect()
}

/// Returns a RUN of these stages that came from the cache. A step without a stage name may belong to any stage.
fn replayed<'a>(vertexes: &'a [Vertex], stages: &[String]) -> Option<&'a Vertex> {
    let is_of = |vertex: &Vertex| {
        let stage = vertex.step().and_then(|step| step.stage);
        stage.is_none_or(|stage| stages.iter().any(|name| name.eq_ignore_ascii_case(stage)))
    };
    vertexes.iter().find(|vertex| vertex.cached && vertex.is_run() && is_of(vertex))
}

/// Compares both texts up to an edited line, and adds the differences about which the samples say nothing.
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
        uncached: Vec::new(),
        ..variants.edited.clone()
    };
    let linked = bench.image(&request(&point.linked))?;
    let plain = bench.image(&request(&point.plain))?;
    let line = point.line;
    let is_before = |vertex: &&Vertex| vertex.is_run() || vertex.name.contains(points::MARK);
    if let Some(step) = plain.built.vertexes.iter().filter(is_before).find(|vertex| vertex.is_executed()) {
        assumptions.push(format!(
            "nondeterminism hides no difference that line {line} makes (the cache did not keep `{}`)",
            step.name
        ));
        return Ok(());
    }
    for difference in compare(&plain.image, &linked.image).differences {
        let is_told =
            |known: &Difference| (&known.path, &known.aspect) == (&difference.path, &difference.aspect);
        if !point.is_image {
            assumptions.push(format!(
                "nondeterminism hides no effect of a difference that line {line} makes: {difference}"
            ));
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
        variants.original.uncached = vec!["other".into()];
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
