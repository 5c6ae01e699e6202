//! The arguments for the facts that are known in addition to the files.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::{Error, ErrorKind, registries};
use crate::analysis::Benefit;
use crate::config::BaseSource;
use crate::images::Platform;
use crate::images::file::FileSource;
use crate::ops::Knowledge;

/// The base images that are read.
#[derive(Debug, Args)]
pub(super) struct BaseImageArguments {
    /// Read a base image from a root filesystem tar, an OCI layout or a `docker save` archive; may be repeated
    #[arg(long = "rootfs", value_name = "IMAGE=PATH")]
    rootfs: Vec<String>,
    /// Read other base images from these places; may be repeated [default: `[bases] from` in your configuration, or else in
    /// layerwright.toml]
    #[arg(long, value_name = "SOURCE", value_enum, value_delimiter = ',')]
    bases: Vec<Bases>,
    /// Read images of registries for this platform [default: the one that they are built for, or else linux/amd64]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    platform: Option<Platform>,
    /// Allow a FROM to name this host of a private network as a registry, as in registry.corp:5000; may be repeated
    #[arg(long = "allow-host", value_name = "HOST")]
    allow_hosts: Vec<String>,
    /// Do not read images of registries, whatever the configuration says
    #[arg(long)]
    offline: bool,
}

impl BaseImageArguments {
    /// Returns the knowledge about base images.
    pub(super) fn resolve(&self) -> Result<Knowledge, Error> {
        let images = FileSource::new(self.rootfs.iter().map(String::as_str));
        let is_none = self.bases.contains(&Bases::None);
        if is_none && self.bases.len() > 1 {
            let message = "--bases none excludes every other place";
            return Err(Error::new(ErrorKind::Usage, message));
        }
        if self.offline && self.bases.contains(&Bases::Registry) {
            return Err(Error::new(ErrorKind::Usage, "--offline excludes --bases registry"));
        }
        let sources = self.bases.iter().filter_map(|bases| match bases {
            Bases::Engine => Some(BaseSource::Engine),
            Bases::Registry => Some(BaseSource::Registry),
            Bases::None => None,
        });
        let bases = (!self.bases.is_empty()).then(|| sources.collect());
        let (own_bases, registries) = registries::settings(&self.allow_hosts)?;
        Ok(Knowledge {
            images: images.map_err(|error| Error::usage(&error))?,
            bases,
            own_bases,
            platform: self.platform.clone(),
            registries,
            offline: self.offline,
            ..Knowledge::default()
        })
    }
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).ok_or_else(|| "write it as in linux/amd64 or linux/arm/v7".to_owned())
}

/// The facts that are known in addition to the files.
#[derive(Debug, Args)]
pub(super) struct KnowledgeArguments {
    #[command(flatten)]
    base_images: BaseImageArguments,
    /// Set a build argument; the verdicts hold for this value only; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    build_args: Vec<String>,
    /// Also select lines with this benefit: costs (they make builds slower)
    #[arg(long, value_name = "BENEFIT", value_enum)]
    include: Vec<Include>,
    /// Select only lines with this benefit: pays (their layers are reused when an earlier step changes)
    #[arg(long, value_name = "BENEFIT", value_enum, conflicts_with = "include")]
    only: Option<Only>,
    /// Keep each local ADD, even if COPY does the same
    #[arg(long)]
    keep_add: bool,
}

/// The place that base images are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bases {
    /// The images that the local engine has; none is pulled
    Engine,
    /// The registries that the images name, over the network
    Registry,
    /// Nowhere
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Include {
    /// Lines that make builds slower
    Costs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Lines whose layers are reused when the base image or an earlier step changes
    Pays,
}

/// Parses the values of `--build-arg`.
pub(super) fn build_args(pairs: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let read = |pair: &String| match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::new(ErrorKind::Usage, format!("invalid --build-arg {pair}: expected NAME=VALUE"))),
    };
    pairs.iter().map(read).collect()
}

impl KnowledgeArguments {
    /// Reads the facts that the arguments name.
    pub(super) fn resolve(&self) -> Result<Knowledge, Error> {
        let selects = match self.only {
            Some(Only::Pays) => vec![Benefit::Pays],
            None if self.include.contains(&Include::Costs) => {
                vec![Benefit::Pays, Benefit::Neutral, Benefit::Costs]
            }
            None => Knowledge::default().selects,
        };
        Ok(Knowledge {
            build_args: build_args(&self.build_args)?,
            selects,
            keep_add: self.keep_add,
            ..self.base_images.resolve()?
        })
    }
}
