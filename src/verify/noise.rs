//! Noise: what differs between two builds of the same text. It excuses as little as the builds show.
//!
//! Noise is by path and aspect. Builds of the original are samples; what all samples agree in has to be so in the
//! edited image too. A content that the samples disagree in excuses content and size alone: type, mode, owner,
//! attributes and presence need their own disagreement.

mod folder;
pub mod samples;

use super::compare::{Difference, compare};
use super::image::Image;
use super::workbench::{Failure, Variants, Workbench};
use samples::Samples;

/// How many further builds of the original run before a difference is one.
const CONTROLS: usize = 2;

/// What remains when noise is left out.
#[derive(Debug)]
pub struct Settled {
    /// What differs and is no noise.
    pub differences: Vec<Difference>,
    /// How many differences are noise.
    pub noise: usize,
    /// How many further builds of the original were made.
    pub controls: usize,
    /// What the noise leans on that could not be looked at.
    pub assumptions: Vec<String>,
    /// The original as often as it was built.
    pub samples: Samples,
}

/// Tells differences from noise. Without a difference nothing is built.
///
/// # Errors
///
/// [`Failure`] of a control build; the edited image is not judged then.
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
        let control = bench.image(&variants.original)?;
        if let Some(step) = control.built.vertexes.iter().find(|vertex| {
            vertex.cached && vertex.step().is_some_and(|step| step.instruction.starts_with("RUN "))
        }) {
            return Err(Failure::Control { step: step.name.clone() });
        }
        samples.push(control.image);
        differences = samples.judge(edited);
    }
    let controls = samples.controls();
    let noise = all.len().saturating_sub(differences.len());
    Ok(Settled { differences, noise, controls, assumptions: Vec::new(), samples })
}
