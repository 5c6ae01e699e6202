//! Entries whose names have no counterpart in another build, compared by the entries of each kind that a folder
//! holds.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};
use sha2::{Digest as _, Sha256};

use crate::verify::image::{Image, ImagePath, Node, NodeKind};

/// A path of an image.
#[derive(Clone, Copy)]
pub(super) struct ImageEntry<'a> {
    pub(crate) image: &'a Image,
    pub(crate) path: &'a ImagePath,
    pub(crate) node: &'a Arc<Node>,
}

/// The entries of a folder, by name.
pub(super) type Children<'a> = BTreeMap<&'a [u8], ImageEntry<'a>>;

/// Returns all entries below a path.
pub(super) fn below<'a>(
    image: &'a Image,
    path: &[u8],
) -> impl Iterator<Item = (&'a ImagePath, &'a Arc<Node>)> {
    // `0` is the character after the slash.
    let (from, to) = if path.is_empty() {
        (Vec::new(), Bound::Unbounded)
    } else {
        ([path, b"/"].concat(), Bound::Excluded([path, b"0"].concat()))
    };
    let bounds = (Bound::Excluded(from.as_bstr()), to.as_ref().map(|to| to.as_bstr()));
    image.entries.range::<BStr, _>(bounds)
}

/// Returns the direct entries of a folder.
pub(super) fn children<'a>(image: &'a Image, path: &[u8]) -> Children<'a> {
    let start = if path.is_empty() { 0 } else { path.len() + 1 };
    let direct = below(image, path).filter(|(path, _)| !path[start..].contains(&b'/'));
    direct.map(|(path, node)| (path[start..].as_bytes(), ImageEntry { image, path, node })).collect()
}

/// The closeness of the comparison of two entries whose names differ. Type, mode, owner and attributes always count.
#[derive(Clone, Copy)]
struct Closeness {
    /// True if the names below a directory count.
    names: bool,
    /// True if contents of files and targets of symlinks count.
    contents: bool,
}

/// The levels, the loosest first.
const CLOSENESS: [Closeness; 4] = [
    Closeness { names: false, contents: false },
    Closeness { names: true, contents: false },
    Closeness { names: false, contents: true },
    Closeness { names: true, contents: true },
];

type KindDigest = [u8; 32];

/// Entries by kind.
type Bag<'a> = BTreeMap<KindDigest, Vec<ImageEntry<'a>>>;

/// Returns the unpaired entries of a folder in `own` that the samples do not explain: the missing and the new ones.
///
/// In every level of closeness in which all samples have the same number of entries of each kind, `own` must have it
/// too. If they agree in no level, the number itself is nondeterministic: then `own` may have a kind that some sample
/// has, and must have each kind that all samples have. A name that no sample has is nondeterministic only if two
/// samples have names of their own.
pub(super) fn unexplained<'a>(
    samples: &[Vec<ImageEntry<'a>>],
    own: &[ImageEntry<'a>],
) -> (Vec<ImageEntry<'a>>, Vec<ImageEntry<'a>>) {
    let has_own_names = |at: &usize| {
        let others = || samples.iter().enumerate().filter(|(other, _)| other != at).map(|(_, list)| list);
        let is_alone = |entry: &ImageEntry<'_>| !others().flatten().any(|other| other.path == entry.path);
        samples[*at].iter().any(is_alone)
    };
    if (0..samples.len()).filter(has_own_names).count() < 2 {
        // The samples only add or miss names of each other: `own` may have those.
        let is_known =
            |entry: &&ImageEntry<'_>| samples.iter().flatten().any(|other| other.path == entry.path);
        return (Vec::new(), own.iter().filter(|entry| !is_known(entry)).copied().collect());
    }
    let mut agree = false;
    for level in CLOSENESS {
        let bags: Vec<Bag<'_>> = samples.iter().map(|list| bag(list, level)).collect();
        let count = |bag: &Bag<'_>| -> Vec<(KindDigest, usize)> {
            bag.iter().map(|(kind, held)| (*kind, held.len())).collect()
        };
        if bags[1..].iter().any(|other| count(other) != count(&bags[0])) {
            continue;
        }
        agree = true;
        let own = bag(own, level);
        if count(&own) != count(&bags[0]) {
            return (excess(&bags[0], &own), excess(&own, &bags[0]));
        }
    }
    if agree {
        return (Vec::new(), Vec::new());
    }
    let bags: Vec<Bag<'_>> = samples.iter().map(|list| bag(list, CLOSENESS[0])).collect();
    let own = bag(own, CLOSENESS[0]);
    let everywhere = |kind: &KindDigest| bags.iter().all(|bag| bag.contains_key(kind));
    let somewhere = |kind: &KindDigest| bags.iter().any(|bag| bag.contains_key(kind));
    let gone = bags[0].iter().filter(|(kind, _)| everywhere(kind) && !own.contains_key(*kind));
    let new = own.iter().filter(|(kind, _)| !somewhere(kind));
    (gone.flat_map(|(_, held)| held).copied().collect(), new.flat_map(|(_, held)| held).copied().collect())
}

/// Returns the entries that `left` has in excess of `right`.
fn excess<'a>(left: &Bag<'a>, right: &Bag<'a>) -> Vec<ImageEntry<'a>> {
    let more = left.iter().flat_map(|(kind, held)| held.iter().skip(right.get(kind).map_or(0, Vec::len)));
    more.copied().collect()
}

fn bag<'a>(entries: &[ImageEntry<'a>], level: Closeness) -> Bag<'a> {
    let mut found = Bag::new();
    for entry in entries {
        found.entry(kind(entry, level)).or_default().push(*entry);
    }
    found
}

/// Returns a digest of everything that counts of an entry, without its own name.
fn kind(entry: &ImageEntry<'_>, level: Closeness) -> KindDigest {
    let Node { kind: what, mode, uid, gid, xattrs } = entry.node.as_ref();
    let mut hash = Sha256::new();
    // Debug forms of values are injective, and a separator that none of them contains keeps them apart.
    hash.update(format!("{mode}\0{uid}\0{gid}\0{xattrs:?}\0"));
    match what {
        NodeKind::File { .. } | NodeKind::Symlink { .. } if level.contents => {
            hash.update(format!("{what:?}"));
        }
        NodeKind::File { .. } => hash.update("file"),
        NodeKind::Symlink { .. } => hash.update("symlink"),
        NodeKind::Dir => {
            let mut held: Vec<(&[u8], KindDigest)> = children(entry.image, entry.path)
                .iter()
                .map(|(name, child)| (if level.names { *name } else { b"" }, kind(child, level)))
                .collect();
            held.sort_unstable();
            hash.update(format!("directory {held:?}"));
        }
        what => hash.update(format!("{what:?}")),
    }
    hash.finalize().into()
}
