//! What is known of base images, from wherever it can be had. It never decides what follows from it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::rootfs::Tree;
use crate::rootfs::layers::LayerError;

pub mod file;
pub mod reference;

pub use reference::ImageReference;

/// What is known of a base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// Its filesystem.
    pub rootfs: Arc<Tree>,
    /// Its configuration; None where only the filesystem is known.
    pub config: Option<ImageConfig>,
    /// `sha256:…` of its manifest, or of its configuration where it came without a manifest.
    pub digest: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// Where this knowledge comes from.
    pub source: ImageOrigin,
}

/// The part of an image's configuration that a Dockerfile built on it starts from: OCI `config.md`, "Properties",
/// and Docker's additions to it, `OnBuild` and `Shell`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// USER; empty for root.
    pub user: String,
    /// WORKDIR; empty for `/`.
    pub working_dir: String,
    /// ENV, in order.
    pub env: Vec<(String, String)>,
    /// ONBUILD, each an instruction.
    pub onbuild: Vec<String>,
    /// SHELL; None for the default.
    pub shell: Option<Vec<String>>,
}

/// A platform, in Go's words: OCI `image-index.md`, "platform".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`.
    pub architecture: String,
    /// `v8` of `arm64`.
    pub variant: Option<String>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// Where the knowledge of an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageOrigin {
    /// A tar of a root filesystem.
    RootfsTar(PathBuf),
    /// An OCI image layout, a folder or an archive.
    OciLayout(PathBuf),
    /// What `docker save` wrote.
    DockerArchive(PathBuf),
}

/// Something that knows base images.
pub trait ImageSource {
    /// The image that `reference` means; None where this source has nothing under that name.
    ///
    /// # Errors
    ///
    /// [`ImageError`], where the source has the image and cannot read it.
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError>;
}

/// Why an image is not known.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A `--rootfs` value that is no pair.
    #[error(
        "`--rootfs {value}`: {problem}; write `--rootfs IMAGE=PATH`, as in `--rootfs debian:12=debian.tar`"
    )]
    Pair {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A name that no image has.
    #[error("`{reference}` is no image reference: {problem}; write `[REGISTRY/]NAME[:TAG][@DIGEST]`")]
    Reference {
        /// The reference as written.
        reference: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The operating system could not read.
    #[error("{}: could not read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A tar, of a root filesystem or of a layer, that could not be read.
    #[error("{}{}: {source}", path.display(), within(member.as_deref()))]
    Layer {
        /// The file or folder.
        path: PathBuf,
        /// The layer in it; None for the file itself.
        member: Option<String>,
        /// What is wrong with it.
        source: LayerError,
    },
    /// A tar that stops between two members, and that nothing says the length of.
    #[error("{}{}: the tar has no end marker, so it may be cut off: copy or export it again", path.display(), within(member.as_deref()))]
    NoEnd {
        /// The file or folder.
        path: PathBuf,
        /// The layer in it; None for the file itself.
        member: Option<String>,
    },
    /// A folder or archive that holds no image.
    #[error("{}: {problem}: give a root filesystem tar, an OCI layout or a `docker save` file", path.display())]
    NoImage {
        /// The file or folder.
        path: PathBuf,
        /// What is missing.
        problem: &'static str,
    },
    /// Something that another part names is not there.
    #[error("{}: `{blob}` is missing: the image was not saved whole; pull it for its platform and save it again", path.display())]
    MissingBlob {
        /// The file or folder.
        path: PathBuf,
        /// The name or digest.
        blob: String,
    },
    /// A blob's bytes are not those that it is named for.
    #[error("{}: the content of `{blob}` is {actual}: it was damaged or changed; save the image again", path.display())]
    DigestMismatch {
        /// The file or folder.
        path: PathBuf,
        /// The digest that it should have.
        blob: String,
        /// The digest or the size that it has.
        actual: String,
    },
    /// A digest or a path in the archive that is not followed.
    #[error("{}: `{name}` {problem}; save the image again with Docker or skopeo", path.display())]
    Name {
        /// The file or folder.
        path: PathBuf,
        /// The digest or path.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A JSON document that is none, or not the one it should be.
    #[error("{}, {member}: {source}; save the image again with Docker or skopeo", path.display())]
    Json {
        /// The file or folder.
        path: PathBuf,
        /// The document in it.
        member: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Several images fit.
    #[error("{}: it holds several images and none is the one for `{reference}` on linux/amd64: {}; save only one, or give its own name", path.display(), candidates.join(", "))]
    Ambiguous {
        /// The file or folder.
        path: PathBuf,
        /// The image that was looked for.
        reference: String,
        /// Names or platforms of what is there.
        candidates: Vec<String>,
    },
}

fn within(member: Option<&str>) -> String {
    member.map(|member| format!(", {member}")).unwrap_or_default()
}
