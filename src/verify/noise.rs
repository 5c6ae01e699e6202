//! Noise: what differs between two builds of the same text. It excuses as little as the builds show.
//!
//! Noise is by path and aspect. Builds of the original are samples; what all samples agree in has to be so in the
//! edited image too. A content that the samples disagree in excuses content and size alone: type, mode, owner,
//! attributes and presence need their own disagreement.
//!
//! What noise covers is looked at where no noise is: the stage is cut off behind an edited line and built as it was and
//! as it is, on what the edited build left in the cache. All that is before the line is the same then, byte for byte, so
//! whatever differs is the line's work: a noisy file has to be what the line's source is.

mod folder;
mod points;
pub mod samples;

use std::collections::BTreeSet;

use super::builder::{Request, Vertex};
use super::compare::{Difference, compare};
use super::image::Image;
use super::stages::Stages;
use super::workbench::{Failure, Variants, Workbench, edited_sites};
use points::{Point, points};
use samples::Samples;

/// How many further builds of the original run before something differs.
const CONTROLS: usize = 2;

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
        for point in points(variants) {
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

/// Builds the original again, all that an edited line can reach executed anew.
fn control(bench: &mut Workbench<'_>, variants: &Variants) -> Result<Image, Failure> {
    let anew = reached_by_edits(variants);
    let request = Request { anew: anew.clone(), ..variants.original.clone() };
    let control = bench.image(&request)?;
    match replayed(&control.built.vertexes, &anew) {
        Some(step) => Err(Failure::Control { step: step.name.clone() }),
        None => Ok(control.image),
    }
}

/// The stages with edited lines and all that hold something of them, by name, with those that are executed anew anyway.
fn reached_by_edits(variants: &Variants) -> Vec<String> {
    let [original, edited] = variants.read();
    let stages = Stages::new(&original);
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
    if let Some(step) = plain.built.vertexes.iter().find(|vertex| vertex.is_run() && vertex.is_executed()) {
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
