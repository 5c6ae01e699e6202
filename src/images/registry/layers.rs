//! The layers of the images that are read together: one that several images share is read once, and forgotten after its
//! last use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::blob::Blob;
use super::client::{Client, Place};
use super::image::Described;
use super::{RegistryError, Wanted};
use crate::images::ImageReference;
use crate::images::document::Descriptor;
use crate::rootfs::layers::{Layer, read_layer};

/// The layers of some images.
pub(super) struct Layers<'c> {
    client: &'c Client<'c>,
    /// By digest.
    shared: BTreeMap<String, Mutex<Shared>>,
    /// The bytes that have to be read.
    bytes: u64,
}

/// A layer, with the number of images that still need it.
#[derive(Default)]
struct Shared {
    uses: usize,
    layer: Option<Arc<Layer>>,
}

impl<'c> Layers<'c> {
    /// Returns the layers of as many images as the limit allows: those first on which most instructions depend for each
    /// byte. The other images fail.
    pub(super) fn within(
        client: &'c Client<'c>,
        images: Vec<(Wanted, Described)>,
        fail: impl Fn(&ImageReference, RegistryError),
    ) -> (Self, Vec<(Wanted, Described)>) {
        let most = client.access.most_bytes;
        let mut sorted: Vec<(Wanted, Described)> = images;
        let size = |described: &Described| {
            described.layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add)
        };
        // More instructions for each byte: one quotient is above the other if the cross products are.
        sorted.sort_by(|(one, a), (other, b)| {
            let product = |weight: usize, size: u64| weight as u128 * u128::from(size.max(1));
            product(other.weight, size(a)).cmp(&product(one.weight, size(b)))
        });
        let mut layers = Self { client, shared: BTreeMap::new(), bytes: 0 };
        let mut kept = Vec::new();
        for (wanted, described) in sorted {
            let own: BTreeMap<&str, u64> =
                described.layers.iter().map(|layer| (layer.digest.as_str(), layer.size)).collect();
            let is_new =
                |digest: &str| !layers.shared.contains_key(digest) && !client.cache.has_layer(digest);
            let new = own.iter().filter(|(digest, _)| is_new(digest));
            let size = new.map(|(_, size)| *size).fold(0, u64::saturating_add);
            if layers.bytes.saturating_add(size) > most {
                fail(&wanted.reference, RegistryError::OverLimit { size, most });
                continue;
            }
            layers.bytes += size;
            for layer in &described.layers {
                let shared = layers.shared.entry(layer.digest.clone()).or_default();
                shared.get_mut().unwrap_or_else(PoisonError::into_inner).uses += 1;
            }
            kept.push((wanted, described));
        }
        (layers, kept)
    }

    /// Returns the bytes that have to be read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns a layer. It is read when it is first asked for.
    pub(super) fn read(&self, place: &Place, descriptor: &Descriptor) -> Result<Arc<Layer>, RegistryError> {
        let Some(shared) = self.shared.get(&descriptor.digest) else {
            return self.fetch(place, descriptor).map(Arc::new);
        };
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let layer = match shared.layer.take() {
            Some(layer) => layer,
            None => Arc::new(self.fetch(place, descriptor)?),
        };
        shared.uses = shared.uses.saturating_sub(1);
        if shared.uses > 0 {
            shared.layer = Some(Arc::clone(&layer));
        }
        Ok(layer)
    }

    fn fetch(&self, place: &Place, descriptor: &Descriptor) -> Result<Layer, RegistryError> {
        if let Some(layer) = self.client.cache.layer(&descriptor.digest) {
            return Ok(layer);
        }
        let mut blob = Blob::new(self.client, place, descriptor);
        let broken = |source| RegistryError::Layer { digest: descriptor.digest.clone(), source };
        let parsed = read_layer(&mut blob).map_err(broken);
        let layer = blob.end(parsed)?;
        self.client.cache.keep_layer(&descriptor.digest, &layer);
        Ok(layer)
    }
}
