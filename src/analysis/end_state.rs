//! What a build leaves for a Dockerfile that starts from its image.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::filesystems::Filesystems;
use crate::analysis::os::Os;
use crate::analysis::restored::OpenDifferences;
use crate::analysis::{Inputs, walk};
use crate::dockerfile::stages::Reference;
use crate::dockerfile::{Body, Dockerfile, Scope, Stages};
use crate::images::ImageReference;
use crate::rootfs::built::{BuiltImage, EndFilesystem};
use crate::rootfs::{Assumption, Base, Leans, Rootfs};

/// The image that a build leaves: its filesystem and its configuration, as far as they are known.
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
    pub(super) onbuild: Vec<String>,
}

impl End {
    /// What is known of its filesystem, built as it is now.
    pub fn rootfs(&self) -> &Rootfs {
        self.plain.rootfs()
    }
}

/// What FROM names and this repository builds.
#[derive(Clone, Debug)]
pub struct BuiltHere {
    /// What its build leaves.
    pub end: Arc<End>,
    /// Where the repository says that it is built so, `path:line`.
    pub place: Arc<str>,
}

/// An image that is said to be like another.
#[derive(Clone, Debug)]
pub struct Like {
    /// The other image.
    pub image: String,
    /// Where it is said, `path:line`.
    pub place: Arc<str>,
}

/// Something that knows what the repository says of images: which of them it builds itself, and which are like
/// others.
pub trait Neighbours {
    /// The image that `reference` means, where exactly one Dockerfile of the repository is built as it.
    fn lookup(&self, reference: &ImageReference) -> Option<BuiltHere>;

    /// The image that `reference` is said to be like.
    fn like(&self, reference: &ImageReference) -> Option<Like>;
}

/// Nothing is built next door.
pub struct NoNeighbours;

impl Neighbours for NoNeighbours {
    fn lookup(&self, _: &ImageReference) -> Option<BuiltHere> {
        None
    }

    fn like(&self, _: &ImageReference) -> Option<Like> {
        None
    }
}

/// What a build of `dockerfile`, which lies at `path`, leaves: at the end of the stage `target`, or of the last.
/// `None` if BuildKit refuses the file or it has no such stage, and where its ONBUILD lines would be read by other
/// rules in a child (`# escape`).
pub fn end(dockerfile: &Dockerfile, path: &str, target: Option<&str>, inputs: &Inputs<'_>) -> Option<End> {
    let has_triggers =
        dockerfile.instructions().iter().any(|instruction| matches!(instruction.body, Body::Onbuild(_)));
    if !dockerfile.errors().is_empty() || (has_triggers && dockerfile.directives().escape_token != b'\\') {
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
        onbuild: state.triggers.iter().map(text).collect(),
        dockerfile: name,
    })
}

/// The images that a Dockerfile starts from or copies from, as it names them, arguments expanded; its own stages
/// and what is not known left out.
pub fn images(dockerfile: &Dockerfile, build_args: &BTreeMap<String, Option<String>>) -> BTreeSet<String> {
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
    /// That the image which a line names was built so.
    pub(super) fn assumption(&self, image: &str, line: usize) -> Arc<Assumption> {
        let message = format!(
            "image {image} (line {line}) was built from {} as {} says",
            self.end.dockerfile, self.place
        );
        Arc::new(Assumption::new(line, "/", message))
    }

    /// Its filesystems, for a stage or a copy that starts from it.
    pub(super) fn filesystems(&self, whole: &Arc<Assumption>) -> Filesystems {
        let rootfs = |end: &Arc<EndFilesystem>| {
            let image = BuiltImage::new(Arc::clone(end), Arc::clone(whole));
            Rootfs::new(Base::Built(Arc::new(image)))
        };
        let linked = self.end.linked.as_ref().map(rootfs);
        Filesystems { plain: rootfs(&self.end.plain), linked, differences: OpenDifferences::default() }
    }

    /// What it runs on, by its own base.
    pub(super) fn os(&self, whole: &Arc<Assumption>) -> Os {
        match &self.end.os {
            Os::Windows(why) => Os::Windows(format!("{why}, in {}", self.end.dockerfile)),
            Os::Linux | Os::AssumedLinux(_) => {
                let mut leans = Leans::default();
                leans.add(Arc::clone(whole));
                Os::AssumedLinux(leans)
            }
        }
    }
}
