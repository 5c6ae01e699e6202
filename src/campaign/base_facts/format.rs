//! The format of `bases.json`.
//!
//! Fields are written in the order of their declaration and lists are sorted, so that the diffs of the file are readable.
//! Unknown fields are never accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{AccountAnswer, AccountQuestion, Digest, ImagePath, PathState};
use crate::images::asked::AskedImages;
use crate::images::{
    BaseImage, BoundTo, ImageConfig, ImageError, ImageReference, Platform, Provenance, ReadFrom,
};
use crate::rootfs::facts::Facts;

/// The version of the format that this program writes and reads.
pub(crate) const SCHEMA: u32 = 1;

/// `bases.json`: the facts about base images that verdicts of a plan depend on, each the answer to a question. A question
/// that is not in it has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseFacts {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) schema: u32,
    /// The images, in order of their full names.
    pub(super) bases: Vec<Base>,
}

/// The facts about one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Base {
    /// The image as Dockerfiles name it.
    pub(super) image: String,
    /// The place that it was read from.
    pub(super) read_from: ReadFrom,
    /// The kind of the digest.
    pub(super) bound_to: BoundTo,
    /// The digest that the facts are true of.
    pub(super) digest: Digest,
    /// The platform of the image; null if it is not known.
    pub(super) platform: Option<String>,
    /// The configuration of the image; null if it is not known.
    pub(super) config: Option<Configuration>,
    /// Questions about accounts, as in `user app`, with uid and gid, as in `1000:1001`; for a group the gid alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) accounts: BTreeMap<AccountQuestion, AccountAnswer>,
    /// True if any directory has extended attributes; missing if that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) has_xattrs: Option<bool>,
    /// Names of programs, each true if a program of that name is in another directory than /bin, /sbin, /usr/bin and
    /// /usr/sbin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) other_programs: BTreeMap<String, bool>,
    /// Directories below which nothing is but what `paths` has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) listed: BTreeSet<ImagePath>,
    /// The states of paths. Nothing is below a path that is not a directory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) paths: BTreeMap<ImagePath, PathState>,
}

/// The configuration of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    /// USER; empty for root.
    user: String,
    /// WORKDIR; empty for `/`.
    workdir: String,
    /// ENV, in order, each `NAME=VALUE`.
    env: Vec<String>,
    /// ONBUILD, each an instruction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    onbuild: Vec<String>,
    /// SHELL; missing for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shell: Option<Vec<String>>,
}

impl Configuration {
    fn new(config: &ImageConfig) -> Self {
        Self {
            user: config.user.clone(),
            workdir: config.working_dir.clone(),
            env: config.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            onbuild: config.onbuild.clone(),
            shell: config.shell.clone(),
        }
    }

    pub(super) fn image_config(&self) -> ImageConfig {
        ImageConfig {
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
            env: self.env.iter().map(|pair| ImageConfig::variable(pair)).collect(),
            onbuild: self.onbuild.clone(),
            shell: self.shell.clone(),
        }
    }
}

impl Base {
    fn new(reference: &ImageReference, image: &BaseImage, of: &Provenance, mut facts: Facts) -> Self {
        facts.simplify();
        Self {
            image: reference.to_string(),
            read_from: of.read_from,
            bound_to: of.bound_to,
            digest: Digest(of.digest.clone()),
            platform: image.platform.as_ref().map(Platform::to_string),
            config: image.config.as_ref().map(Configuration::new),
            accounts: facts
                .accounts
                .into_iter()
                .map(|(account, entry)| (AccountQuestion(account), AccountAnswer(entry)))
                .collect(),
            has_xattrs: facts.has_xattrs,
            other_programs: facts.other_programs,
            listed: facts.listed.into_iter().map(ImagePath).collect(),
            paths: facts
                .paths
                .into_iter()
                .filter_map(|(path, known)| Some((ImagePath(path), PathState::new(known)?)))
                .collect(),
        }
    }

    /// Returns the facts about the filesystem.
    pub(super) fn facts(&self) -> Facts {
        let accounts = self.accounts.iter().map(|(account, entry)| (account.0.clone(), entry.0));
        let paths = self.paths.iter().map(|(path, known)| (path.0.clone(), known.0.clone()));
        Facts {
            paths: paths.collect(),
            listed: self.listed.iter().map(|path| path.0.clone()).collect(),
            has_xattrs: self.has_xattrs,
            accounts: accounts.collect(),
            other_programs: self.other_programs.clone(),
            ..Facts::default()
        }
    }

    /// Returns the source of the facts.
    pub(super) fn provenance(&self) -> Provenance {
        Provenance { read_from: self.read_from, bound_to: self.bound_to, digest: self.digest.0.clone() }
    }

    /// Returns true if the facts are about this image of this platform.
    fn is_of(&self, provenance: &Provenance, image: &BaseImage) -> bool {
        let own = self.provenance();
        (own.bound_to, own.digest) == (provenance.bound_to, provenance.digest.clone())
            && self.platform == image.platform.as_ref().map(Platform::to_string)
    }
}

impl BaseFacts {
    /// Returns the questions that images were asked, with their answers. Facts that `earlier` has about the same image
    /// stay; those about other images stay if `keeps_others` is true.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if the digest of an image cannot be read.
    pub fn of_asked(
        asked: &AskedImages<'_>,
        earlier: Option<&Self>,
        keeps_others: bool,
    ) -> Result<Self, ImageError> {
        let mut bases: BTreeMap<String, Base> = BTreeMap::new();
        for base in earlier.iter().flat_map(|earlier| &earlier.bases) {
            if let Ok(reference) = ImageReference::parse(&base.image) {
                bases.insert(reference.normal().to_owned(), base.clone());
            }
        }
        let mut now = BTreeMap::new();
        for (reference, image) in asked.found() {
            let provenance = image.provenance()?;
            let before = bases.remove(reference.normal()).filter(|before| before.is_of(&provenance, &image));
            let recorded = image.rootfs.recorded();
            let mut facts = before.map(|before| before.facts()).unwrap_or_default();
            facts.merge(&recorded);
            let facts = if facts.contradiction().is_some() { recorded } else { facts };
            let base = Base::new(&reference, &image, &provenance, facts);
            now.insert(reference.normal().to_owned(), base);
        }
        if keeps_others {
            now.extend(bases);
        }
        Ok(Self { schema: SCHEMA, bases: now.into_values().collect() })
    }

    /// Returns true if it has no image.
    pub(crate) fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }

    /// Writes `bases.json`: indented by two spaces, one key per line, a newline at the end.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}
