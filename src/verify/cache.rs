//! The cost of a change before and after the edit: how much is executed and pushed again. It measures and never rates
//! the result.
//!
//! From a warm cache, a layer that is in no cache is put on top of the base image, or before a step ahead of the
//! first linked line; the layers below it stay the same. For the cache, this is a base image that moved or a step
//! that changed: the files of the image differ in one file only.
//!
//! A layer was reused if its digest is among those of the warm image. Copying again gives another digest although the
//! files are the same, because a directory gets the time at which an entry was added; running again mostly does too.
//! A step was executed if the builder does not report it as cached. FROM does not count as a step, nor does the merge
//! of a linked copy with the layers below, which is done each time and copies nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use bstr::ByteSlice;

use super::builder::{Request, Vertex};
use super::image::Digest;
use super::variant_builds::{Exported, Failure, Variants, Workbench, edited_sites, stages, with_layers};
use crate::campaign::evidence::{CacheFigures, Pair, Rebuild};
use crate::dockerfile::stages::Reference;
use crate::dockerfile::{Body, Instruction};

/// The path of the layer's file.
const MARK: &str = "/.layerwright-changed";

/// The figures, and the duration of both rebuilds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// The counts of layers, executed steps and bytes to push.
    pub figures: CacheFigures,
    /// Rebuilding after the base has moved: before, after.
    pub moved_base: (Duration, Duration),
    /// Rebuilding after an early step has changed: before, after.
    pub early_step: Option<(Duration, Duration)>,
}

/// Measures both changes in both texts. `None` if there is nothing but `scratch` below.
///
/// # Errors
///
/// [`Failure`] of a build.
pub fn measure(bench: &mut Workbench<'_>, variants: &Variants) -> Result<Option<Measured>, Failure> {
    let Some(places) = Places::find(variants) else { return Ok(None) };
    let moved = change(bench, variants, &places.bases)?;
    let above = moved.each_ref().map(Change::base_layers);
    let rebuilt = |change: &[Change; 2]| {
        let [before, after] = [0, 1].map(|turn| change[turn].counted(above[turn]));
        // The layers below are known, so the exported bytes are the bytes that a push would send.
        (Pair { before, after }, (change[0].rebuilt.built.exported, change[1].rebuilt.built.exported))
    };
    let (moved_base, base_took) = rebuilt(&moved);
    let (early_step, early_took) = match places.early_step {
        Some(place) => Some(rebuilt(&change(bench, variants, &[place])?)).unzip(),
        None => (None, None),
    };
    let figures = CacheFigures { moved_base, early_step };
    Ok(Some(Measured { figures, moved_base: base_took, early_step: early_took }))
}

/// An image before and after a change.
struct Change {
    warm: Exported,
    rebuilt: Exported,
}

/// Makes a change in both texts, from a warm cache.
fn change(bench: &mut Workbench<'_>, variants: &Variants, places: &[usize]) -> Result<[Change; 2], Failure> {
    let mut one = |request: &Request| -> Result<Change, Failure> {
        let mut request = Request { uncached: Vec::new(), ..request.clone() };
        let warm = bench.image(&request)?;
        // Each build has a layer of its own, so the second does not find the first one's steps in the cache.
        request.dockerfile = with_layers(&request.dockerfile, places, MARK, &bench.nonce());
        Ok(Change { warm, rebuilt: bench.image(&request)? })
    };
    Ok([one(&variants.original)?, one(&variants.edited)?])
}

impl Change {
    /// Returns the number of layers that both share from below: all layers under the inserted one.
    fn shared(&self) -> usize {
        let pairs = self.warm.image.layers.iter().zip(&self.rebuilt.image.layers);
        pairs.take_while(|(warm, rebuilt)| warm.digest == rebuilt.digest).count()
    }

    fn is_in_image(&self) -> bool {
        self.rebuilt.image.entries.contains_key(MARK.trim_start_matches('/').as_bytes().as_bstr())
    }

    /// Returns the number of layers of the base image, if it is the base image that moved. The image of a stage from
    /// `scratch` has none.
    fn base_layers(&self) -> usize {
        if self.is_in_image() { self.shared() } else { 0 }
    }

    /// Returns the cost of rebuilding the layers above the base image.
    fn counted(&self, base_layers: usize) -> Rebuild {
        let warm: BTreeSet<Digest> = self.warm.image.layers.iter().map(|layer| layer.digest).collect();
        let mut layers = self.rebuilt.image.layers.clone();
        if self.is_in_image() {
            layers.remove(self.shared());
        }
        let above = layers.get(base_layers..).unwrap_or_default();
        let new = above.iter().filter(|layer| !warm.contains(&layer.digest));
        let steps = self.rebuilt.built.vertexes.iter().filter(|vertex| is_step(vertex)).count();
        Rebuild {
            layers: above.len(),
            kept: above.iter().filter(|layer| warm.contains(&layer.digest)).count(),
            pushed_bytes: new.map(|layer| layer.tar_size).sum(),
            steps,
        }
    }
}

/// The places of the inserted layers: each before this instruction, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    /// On top of the base image, in each stage that starts from it.
    bases: Vec<usize>,
    /// Before an early step.
    early_step: Option<usize>,
}

impl Places {
    /// The base image is the one that the built stage comes from in the end. If that is `scratch`, the base images of
    /// the stages that it uses count. The early step is the last one that writes before the first linked line of the
    /// stages that become the image; both texts have the same instructions.
    fn find(variants: &Variants) -> Option<Self> {
        let [original, edited] = variants.read();
        let stages = stages(&original, &variants.original.build_args);
        let target = stages.of_target(variants.original.target.as_deref())?;
        let chain: Vec<usize> = stages.chain(target).collect();
        let root = &stages.get(*chain.last()?)?.base;
        let moves = |stage: &usize| match stages.get(*stage).map(|stage| &stage.base) {
            None | Some(Reference::Stage(_) | Reference::Scratch) => false,
            Some(base) => *root == Reference::Scratch || base == root,
        };
        let from = |stage: usize| {
            let starts = |instruction: &Instruction| {
                instruction.stage == Some(stage) && matches!(instruction.body, Body::From(_))
            };
            original.instructions().iter().position(starts)
        };
        let moving = stages.reached(target).into_iter().filter(moves);
        let bases: Vec<usize> = moving.filter_map(from).map(|from| from + 1).collect();
        if bases.is_empty() {
            return None;
        }
        let sites = edited_sites(&original, &edited);
        let instructions = original.instructions();
        let in_chain = |stage: Option<usize>| stage.is_some_and(|stage| chain.contains(&stage));
        let first = sites.into_iter().find(|site| in_chain(instructions[*site].stage));
        let early_step = first.and_then(|first| {
            let writes = |at: &usize| {
                matches!(instructions[*at].body, Body::Run(_) | Body::Transfer(_) | Body::Workdir(_))
                    && instructions[*at].stage == instructions[first].stage
            };
            (0..first).rev().find(writes)
        });
        Some(Self { bases, early_step })
    }
}

fn is_step(vertex: &Vertex) -> bool {
    let counts = |instruction: &str| !instruction.starts_with("FROM ") && !instruction.contains(MARK);
    vertex.is_executed() && !vertex.is_link() && vertex.step().is_some_and(|step| counts(step.instruction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::variant_builds::tests::{variants, vertex};

    fn places(original: &str) -> Option<Places> {
        Places::find(&variants(&original.replace('@', ""), &original.replace('@', " --link")))
    }

    #[test]
    fn what_moves_is_the_base_of_the_image() {
        let found =
            places("FROM a AS build\nRUN x\nFROM b AS base\nFROM base AS last\nRUN y\nENV A=1\nCOPY@ x /x\n");
        assert_eq!(found, Some(Places { bases: vec![3], early_step: Some(4) }));
        let twice = places("FROM a AS build\nCOPY@ x /x\nFROM a AS last\nCOPY --from=build /x /x\n");
        assert_eq!(
            twice,
            Some(Places { bases: vec![1, 3], early_step: None }),
            "no edited line is in the image"
        );
        let scratch =
            places("FROM a AS build\nRUN x\nFROM scratch AS last\nCOPY --from=build / /\nCOPY@ x /x\n");
        assert_eq!(scratch, Some(Places { bases: vec![1], early_step: Some(3) }));
        assert_eq!(places("FROM scratch AS last\nCOPY@ x /x\n"), None);
    }

    #[test]
    fn a_step_is_what_was_executed_of_the_file() {
        for (name, cached, counts) in [
            ("[last 2/3] RUN x", false, true),
            ("[last 2/3] RUN x", true, false),
            ("[last 3/3] COPY --link a /b", false, true),
            ("[last 3/3] LINK COPY --link a /b", false, false),
            ("[last 1/3] FROM docker.io/library/a", false, false),
            ("[last 2/3] COPY <<n /.layerwright-changed", false, false),
            ("[internal] load build context", false, false),
        ] {
            assert_eq!(is_step(&vertex(name, cached)), counts, "{name} {cached}");
        }
    }
}
