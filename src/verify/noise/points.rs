//! The places at which texts are cut off to test edited lines. It builds nothing.

use crate::dockerfile::{Body, Dockerfile};
use crate::verify::line::group::{Group, groups};
use crate::verify::variant_builds::{Variants, stages, with_layers};

/// Both texts up to some edited lines without a RUN between them. Everything before these lines is the edited text.
///
/// The cache may store several results of a nondeterministic line, and two builds may take different ones. So a layer
/// of its own is put before the edited lines and at the end of each earlier stage: the second build then finds only
/// the results of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The number of the first edited line in the original.
    pub(crate) line: usize,
    /// The text with the original lines.
    pub(crate) plain: Vec<u8>,
    /// The text with the edited lines.
    pub(crate) linked: Vec<u8>,
    /// True if the stage becomes part of the image.
    pub(crate) is_image: bool,
}

/// The path of the file in the inserted layers.
pub(super) const MARK: &str = "/.layerwright-point";

/// Returns the points of the stages that are built, in order.
pub(super) fn points(variants: &Variants, nonce: &str) -> Vec<Point> {
    let [original, edited] = variants.read();
    let stages = stages(&original, &variants.original.build_args);
    let Some(target) = stages.of_target(variants.original.target.as_deref()) else { return Vec::new() };
    let (reached, chain) = (stages.reached(target), stages.chain(target).collect::<Vec<_>>());
    let point = |Group { stage, sites, .. }: &Group| Point {
        line: original.instructions()[sites[0]].start_line,
        plain: marked(&cut_off(&original, &edited, sites, sites), sites[0], nonce),
        linked: marked(&cut_off(&original, &edited, sites, &[]), sites[0], nonce),
        is_image: chain.contains(stage),
    };
    groups(&original, &edited, &reached).iter().filter(|group| !group.onbuild).map(point).collect()
}

/// Returns the text with a layer before a line and at the end of each earlier stage.
fn marked(text: &[u8], line: usize, nonce: &str) -> Vec<u8> {
    let dockerfile = Dockerfile::read(text);
    let froms = dockerfile.instructions().iter().enumerate().filter_map(|(at, instruction)| {
        (matches!(instruction.body, Body::From(_)) && instruction.stage > Some(0)).then_some(at)
    });
    let places: Vec<usize> = froms.chain([line]).collect();
    with_layers(text, &places, MARK, &format!("{nonce}-{line}"))
}

/// Returns the edited text up to the end of a group, with some of its lines as in the original.
fn cut_off(original: &Dockerfile, edited: &Dockerfile, group: &[usize], as_they_were: &[usize]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut done = 0;
    for site in as_they_were {
        let (before, after) = (&original.instructions()[*site], &edited.instructions()[*site]);
        text.extend_from_slice(&edited.text()[done..after.span.start]);
        text.extend_from_slice(&original.text()[before.span.range()]);
        done = after.span.end;
    }
    let end = edited.instructions()[group[group.len() - 1]].span.end;
    text.extend_from_slice(&edited.text()[done..end]);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests;
