//! The builds of one text, and the test if another image could be one of them. It builds nothing.

use std::sync::Arc;

use bstr::{BStr, ByteSlice};

use super::folder::{self, Children, ImageEntry, children};
use crate::verify::compare::{Aspect, Difference, compare_configs, compare_nodes, presence};
use crate::verify::image::{Image, ImagePath, Node, NodeKind};

/// The images of one text, one for each build.
#[derive(Debug)]
pub(crate) struct Samples {
    images: Vec<Image>,
}

impl Samples {
    /// Creates samples from the first build.
    pub(crate) fn new(original: Image) -> Self {
        Self { images: vec![original] }
    }

    /// Adds another build.
    pub(crate) fn push(&mut self, control: Image) {
        self.images.push(control);
    }

    /// Returns the number of builds without the first.
    pub(crate) fn controls(&self) -> usize {
        self.images.len() - 1
    }

    /// Returns the image of the first build.
    pub(crate) fn original(&self) -> &Image {
        &self.images[0]
    }

    /// Returns the differences of an image that the samples do not explain: the samples agree and the image differs.
    /// Sorted by path and aspect, those of the configuration last.
    pub(crate) fn judge(&self, image: &Image) -> Vec<Difference> {
        let mut found = Vec::new();
        let samples: Vec<&Image> = self.images.iter().collect();
        let root = ImagePath::from(Box::<BStr>::from(Box::<[u8]>::default()));
        nodes(&root, &samples, image, &mut found);
        walk(&root, &samples, image, &mut found);
        found.sort_by(|left, right| (&left.path, &left.aspect).cmp(&(&right.path, &right.aspect)));
        found.dedup();
        let mut configs = compare_configs(self.original(), image);
        configs.retain(|difference| !self.is_config_noise(&difference.aspect));
        found.extend(configs);
        found
    }

    /// Returns true if the samples say nothing about a difference, so that no finished image shows it: they disagree
    /// in the aspect, or in the names of the folder.
    pub(crate) fn leaves_open(&self, difference: &Difference) -> bool {
        let Some(path) = &difference.path else { return self.is_config_noise(&difference.aspect) };
        let samples: Vec<&Image> = self.images.iter().collect();
        for end in memchr::memchr_iter(b'/', path).chain((!path.is_empty()).then_some(path.len())) {
            let has = |image: &&&Image| image.entries.contains_key(path[..end].as_bstr());
            let holders = samples.iter().filter(has).count();
            if holders < samples.len() {
                let parent = path[..end].rfind_byte(b'/').unwrap_or(0);
                let lists: Vec<Children<'_>> =
                    samples.iter().map(|image| children(image, &path[..parent])).collect();
                return holders > 0
                    || lists.iter().any(|list| list.keys().any(|name| !is_stable(name, &lists)));
            }
        }
        is_noise(path, &samples, &difference.aspect)
    }

    fn is_config_noise(&self, aspect: &Aspect) -> bool {
        let differs = |other: &Image| {
            compare_configs(self.original(), other).iter().any(|difference| difference.aspect == *aspect)
        };
        self.images[1..].iter().any(differs)
    }
}

fn is_stable(name: &[u8], lists: &[Children<'_>]) -> bool {
    lists.iter().all(|list| list.contains_key(name))
}

/// Returns the entries of a list that some of `lists` lack.
fn unpaired<'a>(list: &Children<'a>, lists: &[Children<'_>]) -> Vec<ImageEntry<'a>> {
    list.iter().filter(|(name, _)| !is_stable(name, lists)).map(|(_, entry)| *entry).collect()
}

fn node<'a>(image: &'a Image, path: &[u8]) -> Option<&'a Arc<Node>> {
    image.entries.get(path.as_bstr())
}

fn is_dir(image: &Image, path: &[u8]) -> bool {
    node(image, path).is_some_and(|node| node.kind == NodeKind::Dir)
}

/// Returns true if samples that all have a path disagree in an aspect of it. If the content differs, any size is
/// accepted.
fn is_noise(path: &ImagePath, holders: &[&Image], aspect: &Aspect) -> bool {
    let Some(first) = holders.first().and_then(|image| node(image, path)) else { return false };
    let others = holders[1..].iter().filter_map(|image| node(image, path));
    let mut disagreements = others.flat_map(|other| compare_nodes(path, first, other));
    disagreements
        .any(|found| found.aspect == *aspect || (found.aspect == Aspect::Content && *aspect == Aspect::Size))
}

/// Compares a path that `image` and all of `holders` have.
fn nodes(path: &ImagePath, holders: &[&Image], image: &Image, found: &mut Vec<Difference>) {
    let (Some(first), Some(own)) = (node(holders[0], path), node(image, path)) else { return };
    for difference in compare_nodes(path, first, own) {
        // There are few types: a difference between two samples does not excuse a third type.
        let explained = if difference.aspect == Aspect::Type {
            let same = |sample: &&Image| {
                node(sample, path).is_some_and(|node| {
                    std::mem::discriminant(&node.kind) == std::mem::discriminant(&own.kind)
                })
            };
            holders.iter().any(same)
        } else {
            is_noise(path, holders, &difference.aspect)
        };
        if !explained {
            found.push(difference);
        }
    }
}

/// Compares the entries below a folder, a directory in all `samples` and in `image`.
fn walk(path: &[u8], samples: &[&Image], image: &Image, found: &mut Vec<Difference>) {
    let lists: Vec<Children<'_>> = samples.iter().map(|sample| children(sample, path)).collect();
    let own = children(image, path);
    for (name, entry) in &own {
        let has = samples.iter().zip(&lists).filter(|(_, list)| list.contains_key(name));
        let holders: Vec<&Image> = has.map(|(sample, _)| *sample).collect();
        if holders.is_empty() {
            continue;
        }
        nodes(entry.path, &holders, image, found);
        let folders: Vec<&Image> =
            holders.iter().copied().filter(|sample| is_dir(sample, entry.path)).collect();
        match (entry.node.kind == NodeKind::Dir, folders.len()) {
            (true, 0) => below(None, Some(image), entry.path, found),
            (true, _) => walk(entry.path, &folders, image, found),
            // If one sample has no directory either, no entry is required below.
            (false, many) if many == holders.len() => below(Some(holders[0]), None, entry.path, found),
            (false, _) => {}
        }
    }
    for (name, entry) in &lists[0] {
        if !own.contains_key(name) && is_stable(name, &lists) {
            found.push(presence(entry.path, Some(entry.node), None));
            below(Some(samples[0]), None, entry.path, found);
        }
    }
    let unstable: Vec<Vec<ImageEntry<'_>>> = lists.iter().map(|list| unpaired(list, &lists)).collect();
    let (gone, new) = folder::unexplained(&unstable, &unpaired(&own, &lists));
    for entry in gone.into_iter().filter(|entry| node(image, entry.path).is_none()) {
        found.push(presence(entry.path, Some(entry.node), None));
        below(Some(entry.image), None, entry.path, found);
    }
    for entry in
        new.into_iter().filter(|entry| samples.iter().all(|sample| node(sample, entry.path).is_none()))
    {
        found.push(presence(entry.path, None, Some(entry.node)));
        below(None, Some(image), entry.path, found);
    }
}

/// Reports everything below a directory that only one side has.
fn below(before: Option<&Image>, after: Option<&Image>, path: &[u8], found: &mut Vec<Difference>) {
    for (path, node) in before.into_iter().flat_map(|image| folder::below(image, path)) {
        found.push(presence(path, Some(node), None));
    }
    for (path, node) in after.into_iter().flat_map(|image| folder::below(image, path)) {
        found.push(presence(path, None, Some(node)));
    }
}

#[cfg(test)]
mod tests;
