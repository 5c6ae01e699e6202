//! The inputs of a judgement beside the Dockerfile, and what they say of images.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::end_state::{BuiltHere, Neighbours};
use crate::analysis::named_context::NamedContexts;
use crate::analysis::rule::{Finding, Rule};
use crate::builds::BuildContext;
use crate::images::{BaseImage, ImageReference, ImageSource};
use crate::rootfs::profile::{Profile, ProfiledImage};

/// The inputs of a judgement beside the Dockerfile.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Which of several ways to build the Dockerfile it is, as in `from context api`.
    pub way: &'a str,
    /// What base images hold.
    pub images: &'a dyn ImageSource,
    /// The build context.
    pub context: &'a dyn BuildContext,
    /// That it is this one, as an assumption where nothing says so.
    pub assumed_context: Option<&'a str>,
    /// What it is given beside that, by name.
    pub named_contexts: &'a NamedContexts<'a>,
    /// Build arguments; None as the value of one that is given and not known.
    pub build_args: &'a BTreeMap<String, Option<String>>,
    /// The rules that judge.
    pub rules: &'a [&'static Rule],
    /// Which images the repository builds itself.
    pub neighbours: &'a dyn Neighbours,
    /// Whether somebody accepted what a rule found.
    pub accepted: &'a dyn Fn(&Finding) -> bool,
}

impl Inputs<'_> {
    /// An image that was read.
    pub(super) fn image(&self, name: &str) -> Option<Arc<BaseImage>> {
        let reference = ImageReference::parse(name).ok()?;
        self.images.lookup(&reference).ok().flatten()
    }

    /// An image that the repository builds itself.
    pub(super) fn built_here(&self, name: &str) -> Option<BuiltHere> {
        self.neighbours.lookup(&ImageReference::parse(name).ok()?)
    }

    /// What is known of an image by its family: that of the image which somebody says it is like, or its own.
    pub(super) fn profiled(&self, name: &str, line: usize) -> Option<ProfiledImage> {
        let reference = ImageReference::parse(name).ok()?;
        let family = |reference: &ImageReference| Profile::find(reference.repository(), reference.tag());
        let like = self.neighbours.like(&reference).and_then(|like| {
            let profile = family(&ImageReference::parse(&like.image).ok()?)?;
            Some(ProfiledImage::like(profile, name, line, &like.image, &like.place))
        });
        like.or_else(|| Some(ProfiledImage::new(family(&reference)?, name, line)))
    }
}
