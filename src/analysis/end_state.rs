//! The end state of a build, for a Dockerfile that starts from its image.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::filesystems::Filesystems;
use crate::analysis::os::Os;
use crate::analysis::restored::OpenDifferences;
use crate::analysis::{Inputs, too_large, walk};
use crate::dockerfile::stages::Reference;
use crate::dockerfile::{Body, Dockerfile, Scope, Stages};
use crate::images::ImageReference;
use crate::rootfs::built::{BuiltImage, EndFilesystem};
use crate::rootfs::{Assumption, Base, Leans, Rootfs};

/// The image that a build creates: its filesystem and its configuration, as far as they are known.
#[derive(Debug)]
pub struct End {
    dockerfile: Arc<str>,
    plain: Arc<EndFilesystem>,
    linked: Option<Arc<EndFilesystem>>,
    pub(super) scope: Scope,
    pub(super) workdir: Result<String, String>,
    pub(super) user: Result<String, String>,
    pub(super) shell: Vec<String>,
    os: Os,
    assumed_user: Option<Arc<Assumption>>,
    pub(super) onbuild: Vec<String>,
}

impl End {
    /// Returns the facts of its filesystem, built from the present text.
    pub fn rootfs(&self) -> &Rootfs {
        self.plain.rootfs()
    }
}

/// The reason why an image comes from a build.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// Its name, which another image may have too.
    Name,
    /// The definition of the build that uses it: it needs the result of the other. `unsettled` is not settled about one
    /// of them.
    Need { unsettled: Option<Arc<str>> },
}

/// An image of FROM that this repository builds.
#[derive(Clone, Debug)]
pub struct BuiltHere {
    /// The end state of its build.
    pub(crate) end: Arc<End>,
    /// The place in the repository that states this build, `path:line`.
    pub(crate) place: Arc<str>,
    /// The reason why the image comes from this build.
    pub(crate) claim: Claim,
}

/// An image that is stated to be like another.
#[derive(Clone, Debug)]
pub struct Like {
    /// The other image.
    pub(crate) image: String,
    /// The place of the statement, `path:line`.
    pub(crate) place: Arc<str>,
}

/// A source of what the repository states about images: which of them it builds itself, and which are like others.
pub trait Neighbours {
    /// Returns the image that `reference` names. `None` unless exactly one Dockerfile of the repository is built under
    /// that name.
    fn lookup(&self, reference: &ImageReference) -> Option<BuiltHere>;

    /// Returns the image that `reference` is stated to be like.
    fn like(&self, reference: &ImageReference) -> Option<Like>;
}

/// A repository that builds no images.
pub struct NoNeighbours;

impl Neighbours for NoNeighbours {
    fn lookup(&self, _: &ImageReference) -> Option<BuiltHere> {
        None
    }

    fn like(&self, _: &ImageReference) -> Option<Like> {
        None
    }
}

/// Returns the end state of a build of `dockerfile`, which is at `path`: the end of the stage `target`, or of the last
/// stage. `None` if BuildKit refuses the file, if it has no such stage, or if a child would parse its ONBUILD lines
/// differently (`# escape`).
pub fn end(dockerfile: &Dockerfile, path: &str, target: Option<&str>, inputs: &Inputs<'_>) -> Option<End> {
    let has_triggers =
        dockerfile.instructions().iter().any(|instruction| matches!(instruction.body, Body::Onbuild(_)));
    if too_large(dockerfile).is_some()
        || !dockerfile.errors().is_empty()
        || (has_triggers && dockerfile.directives().escape_token != b'\\')
    {
        return None;
    }
    let stages = Stages::new(dockerfile, inputs.build_args);
    let mut state = walk::end(dockerfile, &stages, target, inputs)?;
    let Filesystems { plain, linked, .. } = state.filesystems().clone();
    let text = |at: &usize| match &dockerfile.instructions()[*at].body {
        Body::Onbuild(inner) => String::from_utf8_lossy(&dockerfile.text()[inner.span.range()]).into_owned(),
        _ => String::new(),
    };
    let name: Arc<str> = path.into();
    let filesystem = |rootfs: Rootfs| Arc::new(EndFilesystem::new(rootfs, Arc::clone(&name)));
    Some(End {
        plain: filesystem(plain),
        linked: linked.map(filesystem),
        scope: state.scope.of_image(),
        workdir: state.workdir,
        user: state.user,
        shell: state.shell,
        os: state.os,
        assumed_user: state.assumed_user,
        onbuild: state.triggers.iter().map(text).collect(),
        dockerfile: name,
    })
}

/// Returns the images that a Dockerfile starts from or copies from, by the names that it uses, with arguments expanded.
/// Its own stages and unknown names are left out.
pub(crate) fn images(
    dockerfile: &Dockerfile,
    build_args: &BTreeMap<String, Option<String>>,
) -> BTreeSet<String> {
    let stages = Stages::new(dockerfile, build_args);
    let bases = stages.all().iter().map(|stage| stage.base.clone());
    let copied = dockerfile.instructions().iter().filter_map(|instruction| match &instruction.body {
        Body::Transfer(transfer) => {
            Some(stages.copied_from(instruction.stage?, transfer.options.from.as_deref()?))
        }
        _ => None,
    });
    let image = |reference| match reference {
        Reference::Image(image) => Some(image),
        Reference::Scratch | Reference::Stage(_) | Reference::Unknown(_) => None,
    };
    bases.chain(copied).filter_map(image).collect()
}

impl BuiltHere {
    /// Returns the assumption that the image of a line comes from this build. `None` if that is settled.
    pub(super) fn assumption(&self, name: &str, line: usize) -> Option<Arc<Assumption>> {
        let Self { end, place, claim } = self;
        let message = match claim {
            Claim::Name => {
                format!("image {name} (line {line}) was built from {} as {place} says", end.dockerfile)
            }
            Claim::Need { unsettled } => format!(
                "named context {name} (line {line}) is built from {} as {place} may say; not settled: {}",
                end.dockerfile,
                unsettled.as_ref()?
            ),
        };
        Some(Arc::new(Assumption::new(line, "/", message)))
    }

    /// Returns the assumption about its user, which `whole` includes.
    pub(super) fn assumed_user(&self, whole: Option<&Arc<Assumption>>) -> Option<Arc<Assumption>> {
        let own = || Some(Arc::new(self.end.assumed_user.as_ref()?.elsewhere(&self.end.dockerfile)));
        whole.cloned().or_else(own)
    }

    /// Returns its filesystems, for a stage that starts from it or a copy from it.
    pub(super) fn filesystems(&self, whole: Option<&Arc<Assumption>>) -> Filesystems {
        let rootfs = |end: &Arc<EndFilesystem>| {
            let image = BuiltImage::new(Arc::clone(end), whole.cloned());
            Rootfs::new(Base::Built(Arc::new(image)))
        };
        let linked = self.end.linked.as_ref().map(rootfs);
        Filesystems { plain: rootfs(&self.end.plain), linked, differences: OpenDifferences::default() }
    }

    /// Returns its operating system, which follows from its base image.
    pub(super) fn os(&self, whole: Option<&Arc<Assumption>>) -> Os {
        match (&self.end.os, whole) {
            (Os::Windows(why), _) => Os::Windows(format!("{why}, in {}", self.end.dockerfile)),
            (Os::Linux | Os::AssumedLinux(_), Some(whole)) => {
                let mut leans = Leans::default();
                leans.add(Arc::clone(whole));
                Os::AssumedLinux(leans)
            }
            (Os::Linux, None) => Os::Linux,
            (Os::AssumedLinux(leans), None) => Os::AssumedLinux(leans.elsewhere(&self.end.dockerfile)),
        }
    }
}
