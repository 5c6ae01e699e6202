//! The inputs of a judgement in addition to the Dockerfile, and the facts that they give about images.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::end_state::{BuiltHere, Neighbours};
use crate::analysis::named_context::NamedContexts;
use crate::analysis::rule::{Finding, Rule};
use crate::builds::BuildContext;
use crate::images::{BaseImage, ImageReference, ImageSource};
use crate::rootfs::profile::{Profile, ProfiledImage};
use crate::rootfs::{Assumption, Leans};

/// The inputs of a judgement in addition to the Dockerfile.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The build, if the Dockerfile is built in several ways, as in `from context api`.
    pub way: &'a str,
    /// The base images.
    pub images: &'a dyn ImageSource,
    /// The build context.
    pub context: &'a dyn BuildContext,
    /// The assumption that this is the build context, if nothing states it.
    pub assumed_context: Option<&'a str>,
    /// True if the build that has this context also sets named contexts or build arguments, and nothing states it: every
    /// verdict depends on the assumption then.
    pub assumes_build: bool,
    /// The named contexts.
    pub named_contexts: &'a NamedContexts<'a>,
    /// Build arguments; the value `None` is an argument that is set to an unknown value.
    pub build_args: &'a BTreeMap<String, Option<String>>,
    /// The targets of the builds; empty if any stage may be one.
    pub targets: &'a [Option<String>],
    /// The platforms for which it is built; empty if nothing states them.
    pub platforms: &'a [String],
    /// The rules that judge the instructions.
    pub rules: &'a [&'static Rule],
    /// The images that the repository builds itself.
    pub neighbours: &'a dyn Neighbours,
    /// Returns true for a finding that the maintainers accepted.
    pub accepted: &'a dyn Fn(&Finding) -> bool,
}

/// The platform for which an image is used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// The one of the build.
    Build,
    /// The one of the builder, which nothing states.
    Builder,
    /// This one, or a variable that stands for it.
    One(&'a str),
}

impl Inputs<'_> {
    /// Returns an image that was read.
    pub(super) fn image(&self, name: &str) -> Option<Arc<BaseImage>> {
        let reference = ImageReference::parse(name).ok()?;
        self.images.lookup(&reference).ok().flatten()
    }

    /// Returns the assumptions that an image that was read is the same for the platforms that it is used for: for the
    /// `asked` one, or else for those of the build. Each names one that it was not read for.
    pub(super) fn of_platforms(&self, name: &str, image: &BaseImage, asked: Asked<'_>, line: usize) -> Leans {
        let mut leans = Leans::default();
        let Some(read) = &image.platform else { return leans };
        let asked: Vec<&str> = match asked {
            Asked::Build => self.platforms.iter().map(String::as_str).collect(),
            Asked::Builder => Vec::new(),
            Asked::One(platform) => vec![platform],
        };
        for platform in asked.into_iter().filter(|platform| !read.is(platform)) {
            let message =
                format!("image {name} (line {line}) for {platform} is like that for {read}, which was read");
            leans.add(Arc::new(Assumption::new(line, "/", message)));
        }
        leans
    }

    /// Returns an image that the repository builds itself.
    pub(super) fn built_here(&self, name: &str) -> Option<BuiltHere> {
        self.neighbours.lookup(&ImageReference::parse(name).ok()?)
    }

    /// Returns the facts of an image's family: of the image that it is stated to be like, or of its own name.
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
