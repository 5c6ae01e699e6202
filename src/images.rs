//! Facts about base images, from any source. This module never decides what follows from them.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rootfs::ImageFilesystem;
use crate::rootfs::layers::LayerError;

pub mod asked;
mod config;
mod digest;
pub(crate) mod document;
pub mod engine;
pub mod file;
pub(crate) mod reference;
pub mod registry;

pub use reference::ImageReference;

/// The facts about a base image.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// The filesystem.
    pub rootfs: Arc<ImageFilesystem>,
    /// The configuration; `None` if only the filesystem is known.
    pub config: Option<ImageConfig>,
    /// `sha256:…` of the manifest, or of the configuration if there is no manifest.
    pub digest: Option<String>,
    /// `sha256:…` of the indexes that lead to the manifest, the outermost first.
    pub indexes: Vec<String>,
    /// The platform.
    pub platform: Option<Platform>,
    /// The source of the facts.
    pub source: ImageOrigin,
}

impl ImageConfig {
    /// Returns the name and value of an entry of ENV, `NAME=VALUE`.
    pub(crate) fn variable(pair: &str) -> (String, String) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    }
}

impl Platform {
    /// Parses a platform, as in `linux/arm64/v8`. `None` if it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        let is_whole = parts.next().is_none() && !os.is_empty() && !architecture.is_empty();
        is_whole.then_some(Self { os, architecture, variant })
    }
}

impl BaseImage {
    /// Returns where its facts come from, and the digest that they are true of. A root filesystem in a tar has the digest
    /// of the tar.
    ///
    /// # Errors
    ///
    /// [`ImageError::Read`] if the tar cannot be read again.
    pub(crate) fn provenance(&self) -> Result<Provenance, ImageError> {
        let digest = || self.digest.clone().unwrap_or_default();
        let (read_from, bound_to, digest) = match &self.source {
            ImageOrigin::Remembered(provenance) => return Ok(provenance.clone()),
            ImageOrigin::RootfsTar(path) => (ReadFrom::Rootfs, BoundTo::Tar, file::digest_of_file(path)?),
            ImageOrigin::OciLayout(_) => (ReadFrom::Rootfs, BoundTo::Manifest, digest()),
            ImageOrigin::DockerArchive(_) => (ReadFrom::Rootfs, BoundTo::ImageId, digest()),
            ImageOrigin::Engine => (ReadFrom::Engine, BoundTo::ImageId, digest()),
            ImageOrigin::Registry => (ReadFrom::Registry, BoundTo::Manifest, digest()),
        };
        Ok(Provenance { read_from, bound_to, digest })
    }

    /// Returns true if this is the image with a digest: that of its manifest, of its configuration or of an index.
    pub(crate) fn has_digest(&self, digest: &str) -> bool {
        self.digest.iter().chain(&self.indexes).any(|own| own == digest)
    }
}

/// The part of an image's configuration that its children inherit: OCI `config.md`, "Properties",
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
    /// SHELL; `None` for the default.
    pub shell: Option<Vec<String>>,
}

/// A platform, in the terms of Go: OCI `image-index.md`, "platform".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub(crate) os: String,
    /// `amd64`.
    pub(crate) architecture: String,
    /// `v8` of `arm64`.
    pub(crate) variant: Option<String>,
}

impl Platform {
    /// Returns the platform that an image is read for, out of those that it is used for: linux/amd64 if it is one of them or
    /// if there is none that is valid, or else the first one.
    pub(crate) fn of_uses<'a>(written: impl IntoIterator<Item = &'a str>) -> Self {
        let usual = Self { os: "linux".into(), architecture: "amd64".into(), variant: None };
        let mut stated: Vec<&str> = written.into_iter().filter(|text| Self::parse(text).is_some()).collect();
        stated.sort_unstable();
        match stated.first() {
            Some(first) if !stated.iter().any(|text| usual.is(text)) => Self::parse(first).unwrap_or(usual),
            _ => usual,
        }
    }

    /// Returns true if a written platform is this one (containerd's `platforms.Parse`). A part that is not written is that
    /// of the builder, and is not compared.
    pub(crate) fn is(&self, written: &str) -> bool {
        let written = written.to_ascii_lowercase();
        let mut parts = written.split('/');
        let (os, architecture) = match (parts.next().unwrap_or_default(), parts.next()) {
            (os, Some(architecture)) => (os, architecture),
            (one, None) if one == self.os => return true,
            (architecture, None) => (self.os.as_str(), architecture),
        };
        let architecture = match architecture {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "i386" => "386",
            other => other,
        };
        let usual = match architecture {
            "arm64" => "v8",
            "arm" => "v7",
            "amd64" => "v1",
            _ => "",
        };
        let variant = self.variant.as_deref().unwrap_or(usual);
        let is_variant = parts.next().unwrap_or(usual) == variant;
        os == self.os && architecture == self.architecture && is_variant && parts.next().is_none()
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// The source of the facts about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageOrigin {
    /// A tar of a root filesystem.
    RootfsTar(PathBuf),
    /// An OCI image layout, a folder or an archive.
    OciLayout(PathBuf),
    /// The output of `docker save`.
    DockerArchive(PathBuf),
    /// An image of a local engine.
    Engine,
    /// An image of a registry.
    Registry,
    /// Facts that were remembered.
    Remembered(Provenance),
}

/// The source of remembered facts, and the digest that they are true of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The place that the image was read from.
    pub read_from: ReadFrom,
    /// The kind of the digest.
    pub bound_to: BoundTo,
    /// `sha256:…`.
    pub digest: String,
}

/// The place that an image was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFrom {
    /// A file or folder that the user named: `--rootfs`.
    Rootfs,
    /// The local engine: `--bases engine`.
    Engine,
    /// The registry that the image names: `--bases registry`.
    Registry,
}

impl ReadFrom {
    /// Returns the option that reads an image from this place again, and its value.
    pub(crate) fn option(self, image: &str) -> [String; 2] {
        match self {
            Self::Rootfs => ["--rootfs".to_owned(), format!("{image}=PATH")],
            Self::Engine => ["--bases".to_owned(), "engine".to_owned()],
            Self::Registry => ["--bases".to_owned(), "registry".to_owned()],
        }
    }
}

/// The kind of the digest that facts about an image are true of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BoundTo {
    /// The digest of the image's manifest for its platform.
    Manifest,
    /// The id of the image in an engine or in the output of `docker save`.
    ImageId,
    /// The digest of a tar with a root filesystem: it does not show which image that comes from.
    Tar,
}

/// A source of base images.
pub trait ImageSource {
    /// Returns the image that `reference` means; `None` if this source does not have it.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if the source has the image and cannot read it.
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError>;

    /// Takes note of a use of the image that `reference` means. By default, it is forgotten.
    fn note_use(&self, _reference: &ImageReference, _used: ImageUse<'_>) {}
}

/// A use of an image.
#[derive(Clone, Copy, Debug)]
pub struct ImageUse<'a> {
    /// The platforms that it is used for, as they are written; empty if nothing states them.
    pub(crate) platforms: &'a [&'a str],
    /// True if another Dockerfile of the repository builds it, and that result is used.
    pub(crate) is_built_here: bool,
}

/// An error while reading an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// An invalid value of `--rootfs`.
    #[error(
        "`--rootfs {value}`: {problem}; write `--rootfs IMAGE=PATH`, as in `--rootfs debian:12=debian.tar`"
    )]
    Pair {
        /// The value as given.
        value: String,
        /// The problem.
        problem: String,
    },
    /// A value of `--rootfs` names an image that no Dockerfile uses.
    #[error("`--rootfs {image}=…`: no Dockerfile starts from this image or copies from it")]
    Unused {
        /// The image as given.
        image: String,
        /// The image that it may mean.
        meant: Option<String>,
        /// The images that Dockerfiles use, as they are written.
        used: Vec<String>,
    },
    /// An invalid image reference.
    #[error("invalid image reference `{reference}`: {problem}; write `[REGISTRY/]NAME[:TAG][@DIGEST]`")]
    Reference {
        /// The reference, as written.
        reference: String,
        /// The problem.
        problem: &'static str,
    },
    /// The engine does not give an image.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
    /// The registry does not give an image.
    #[error(transparent)]
    Registry(#[from] Box<registry::RegistryError>),
    /// A read error.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// An invalid tar, of a root filesystem or of a layer.
    #[error("{}{}: {source}", path.display(), within(member.as_deref()))]
    Layer {
        /// The file or folder.
        path: PathBuf,
        /// The layer in it; `None` for the file itself.
        member: Option<String>,
        /// The problem.
        source: LayerError,
    },
    /// A tar of unknown length that ends between two members.
    #[error("{}{}: the tar has no end marker, so it may be cut off: copy or export it again", path.display(), within(member.as_deref()))]
    NoEnd {
        /// The file or folder.
        path: PathBuf,
        /// The layer in it; `None` for the file itself.
        member: Option<String>,
    },
    /// A folder or archive without an image.
    #[error("{}: {problem}: give a root filesystem tar, an OCI layout or a `docker save` file", path.display())]
    NoImage {
        /// The file or folder.
        path: PathBuf,
        /// The missing part.
        problem: &'static str,
    },
    /// A blob that another document names is missing.
    #[error("{}: `{blob}` is missing: the image was not saved whole; pull it for its platform and save it again", path.display())]
    MissingBlob {
        /// The file or folder.
        path: PathBuf,
        /// The name or digest.
        blob: String,
    },
    /// The content of a blob does not match its digest.
    #[error("{}: the content of `{blob}` is {actual}: it was damaged or changed; save the image again", path.display())]
    DigestMismatch {
        /// The file or folder.
        path: PathBuf,
        /// The expected digest.
        blob: String,
        /// The actual digest or size.
        actual: String,
    },
    /// A digest or path in the archive that is refused.
    #[error("{}: `{name}` {problem}; save the image again with Docker or skopeo", path.display())]
    Name {
        /// The file or folder.
        path: PathBuf,
        /// The digest or path.
        name: String,
        /// The problem.
        problem: &'static str,
    },
    /// An invalid JSON document.
    #[error("{}, {member}: {source}; save the image again with Docker or skopeo", path.display())]
    Json {
        /// The file or folder.
        path: PathBuf,
        /// The document in it.
        member: String,
        /// The error of the parser.
        source: serde_json::Error,
    },
    /// Several images match.
    #[error("{}: it has several images, and none is the one for `{reference}` on linux/amd64: {}; save only one, or give its own name", path.display(), candidates.join(", "))]
    Ambiguous {
        /// The file or folder.
        path: PathBuf,
        /// The requested image.
        reference: String,
        /// The names or platforms of the images in it.
        candidates: Vec<String>,
    },
}

fn within(member: Option<&str>) -> String {
    member.map(|member| format!(", {member}")).unwrap_or_default()
}
