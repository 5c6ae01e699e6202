//! The layers that were read so far: a layer that several exports share is read once and exported once. It never
//! reads a layer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bstr::ByteSlice as _;

use super::layer::Layer;
use super::{Digest, LayerDescriptor};

/// The limit of remembered paths, of all layers together: some 100 MB.
const MOST_PATHS: usize = 400_000;

/// The cost of a layer without its paths, in paths.
const LAYER: usize = 64;

/// The layers that the builds of a verification share, across files.
#[derive(Debug, Default)]
pub struct Layers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    layers: HashMap<Digest, (Used, Arc<Layer>)>,
    /// The number of uses so far.
    uses: Used,
    paths: usize,
}

type Used = u64;

/// A snapshot of the known layers: no layer of it is forgotten while it exists.
#[derive(Clone, Debug, Default)]
pub struct Known(HashMap<Digest, Arc<Layer>>);

impl Layers {
    /// Returns the layers known now.
    pub fn known(&self) -> Known {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Known(kept.layers.iter().map(|(digest, (_, layer))| (*digest, Arc::clone(layer))).collect())
    }

    /// Remembers the layers of an image. Over the limit, the least recently used layers are forgotten. A layer over
    /// the limit on its own is not remembered.
    pub fn remember(&self, known: &Known, layers: &[LayerDescriptor]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The lowest layer is used last, because other images most likely share it.
        for descriptor in layers.iter().rev() {
            if let Some(layer) = known.0.get(&descriptor.digest).filter(|layer| paths(layer) <= MOST_PATHS) {
                kept.use_one(descriptor.digest, layer);
            }
        }
        kept.forget();
    }
}

impl Kept {
    fn use_one(&mut self, digest: Digest, layer: &Arc<Layer>) {
        self.uses += 1;
        if self.layers.insert(digest, (self.uses, Arc::clone(layer))).is_none() {
            self.paths += paths(layer);
        }
    }

    fn forget(&mut self) {
        while self.paths > MOST_PATHS
            && let Some(oldest) =
                self.layers.iter().min_by_key(|(_, (used, _))| *used).map(|(digest, _)| *digest)
        {
            let forgotten = self.layers.remove(&oldest);
            self.paths -= forgotten.map_or(0, |(_, layer)| paths(&layer));
        }
    }
}

/// Returns the share of a layer in [`MOST_PATHS`].
fn paths(layer: &Layer) -> usize {
    layer.writes.len() + layer.removed.len() + layer.opaque.len() + LAYER
}

impl Known {
    /// Adds the layers of another snapshot.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns true if a known layer writes an absolute path.
    pub(crate) fn writes(&self, digest: Digest, path: &str) -> bool {
        let path = path.trim_start_matches('/').as_bytes();
        self.get(digest).is_some_and(|layer| layer.writes.iter().any(|write| write.path.as_bytes() == path))
    }

    pub(super) fn get(&self, digest: Digest) -> Option<&Arc<Layer>> {
        self.0.get(&digest)
    }

    pub(super) fn insert(&mut self, digest: Digest, layer: Arc<Layer>) {
        self.0.insert(digest, layer);
    }

    /// Returns the digests and sizes of the blobs.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (Digest, u64)> {
        self.0.iter().map(|(digest, layer)| (*digest, layer.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::image::layer::{What, Write, shared};

    fn of(number: u8, writes: usize) -> (LayerDescriptor, Arc<Layer>) {
        let digest = Digest([number; 32]);
        let write = || Write { path: shared(b"a"), offset: 0, what: What::Link(shared(b"b")) };
        let layer = Layer { writes: (0..writes).map(|_| write()).collect(), ..Layer::default() };
        (LayerDescriptor { digest, tar_size: 0, diff_id: digest }, Arc::new(layer))
    }

    #[test]
    fn the_least_recently_used_layer_is_forgotten() {
        let layers = Layers::default();
        let remember = |made: &[(LayerDescriptor, Arc<Layer>)]| {
            let known = Known(made.iter().map(|(it, layer)| (it.digest, Arc::clone(layer))).collect());
            layers.remember(&known, &made.iter().map(|(it, _)| *it).collect::<Vec<_>>());
        };
        let known = || {
            let mut numbers: Vec<u8> = layers.known().sizes().map(|(digest, _)| digest.0[0]).collect();
            numbers.sort_unstable();
            numbers
        };
        let third = MOST_PATHS / 3 - LAYER;
        remember(&[of(1, third), of(2, third)]);
        remember(&[of(1, third), of(3, third)]);
        assert_eq!(known(), [1, 2, 3]);
        remember(&[of(1, third), of(4, third)]);
        assert_eq!(known(), [1, 3, 4], "2 was not used since");
        remember(&[of(5, MOST_PATHS)]);
        assert_eq!(known(), [1, 3, 4], "a layer over the limit on its own displaces no other layer");
        (0..200).for_each(|_| remember(&[of(6, 0)]));
        assert_eq!(known(), [1, 4, 6], "it counts once, and even an empty one counts");
    }
}
