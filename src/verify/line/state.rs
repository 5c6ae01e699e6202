//! The comparison of the filesystems right after a group. It builds nothing.

use sha2::{Digest as _, Sha256};

use super::text::{MERGED, PIN};
use crate::verify::compare::{Difference, compare};
use crate::verify::image::{Digest, Image, LayerDescriptor};

/// The result of a comparison.
#[derive(Debug)]
pub(crate) enum Compared {
    /// The filesystems before the group are not the same, so nothing is shown.
    OtherPrefix,
    /// The filesystems after the group, with the OCI chain ID of the layers before it.
    Same(Option<Digest>),
    /// They differ.
    Different(Option<Digest>, Vec<Difference>),
}

/// Compares the filesystems after a group. `below` is the number of layers of each image that precede the group, the pin
/// included.
pub(crate) fn compared(
    plain: &mut Image,
    edited: &mut Image,
    below: [usize; 2],
    is_pinned: bool,
) -> Compared {
    let [plain_below, edited_below] = [(&*plain, below[0]), (&*edited, below[1])]
        .map(|(image, count)| image.layers.iter().take(count).map(|layer| layer.diff_id).collect::<Vec<_>>());
    if plain_below != edited_below {
        return Compared::OtherPrefix;
    }
    let before = chain_id(&plain.layers[..below[0] - usize::from(is_pinned)]);
    for path in [PIN, MERGED] {
        for image in [&mut *plain, &mut *edited] {
            image.entries.remove(bstr::BStr::new(path.trim_start_matches('/')));
        }
    }
    match compare(plain, edited).differences {
        differences if differences.is_empty() => Compared::Same(before),
        differences => Compared::Different(before, differences),
    }
}

/// Returns the chain ID of layers (OCI `config.md`, "Layer `ChainID`"); `None` if there are none.
fn chain_id(layers: &[LayerDescriptor]) -> Option<Digest> {
    let ids = layers.iter().map(|layer| layer.diff_id);
    ids.reduce(|below, diff_id| Digest(Sha256::digest(format!("{below} {diff_id}")).into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::image::tests::{image, layer};

    fn state(prefix: &str, modes: (u32, u32)) -> Image {
        let below = layer().file("r", prefix);
        let pin = layer().file(".layerwright-pin", "n");
        let (usr, x) = modes;
        image(
            [below, pin, layer().dir("usr", usr).file("usr/x", "x").file("usr/y", &format!("{x:o}"))],
            &json!({}),
        )
    }

    #[test]
    fn only_the_same_filesystem_before_shows_something() {
        let compare = |plain: &str, edited: (&str, u32)| {
            let (mut plain, mut other) = (state(plain, (0o755, 1)), state(edited.0, (edited.1, 1)));
            compared(&mut plain, &mut other, [2, 2], true)
        };
        let Compared::Same(Some(before)) = compare("a", ("a", 0o755)) else { panic!("they are the same") };
        assert_eq!(before, state("a", (0o755, 1)).layers[0].diff_id, "the pin does not count");
        let Compared::Different(_, found) = compare("a", ("a", 0o700)) else { panic!("the modes differ") };
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["`/usr` mode 0755 → 0700"]);
        assert!(matches!(compare("a", ("b", 0o755)), Compared::OtherPrefix));
    }

    /// `printf 'sha256:A sha256:B' | sha256sum`, with the digests of empty files of another content.
    #[test]
    fn the_chain_of_layers_has_one_id() {
        let digest = |byte: u8| Digest([byte; 32]);
        let of = |bytes: &[u8]| -> Vec<LayerDescriptor> {
            let layer =
                |byte: &u8| LayerDescriptor { digest: digest(0), tar_size: 0, diff_id: digest(*byte) };
            bytes.iter().map(layer).collect()
        };
        assert_eq!(chain_id(&of(&[])), None);
        assert_eq!(chain_id(&of(&[1])), Some(digest(1)));
        let expected = Sha256::digest(format!("sha256:{} sha256:{}", "01".repeat(32), "02".repeat(32)));
        assert_eq!(chain_id(&of(&[1, 2])), Some(Digest(expected.into())));
    }
}
