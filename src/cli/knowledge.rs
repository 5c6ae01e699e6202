//! The arguments for the facts that are known in addition to the files.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::{Error, ErrorKind};
use crate::analysis::Benefit;
use crate::config::BaseSource;
use crate::images::file::FileSource;
use crate::ops::Knowledge;

/// The base images that are read.
#[derive(Debug, Args)]
pub(super) struct BaseImageArguments {
    /// Read a base image from a root filesystem tar, an OCI layout or a `docker save` archive; may be repeated
    #[arg(long = "rootfs", value_name = "IMAGE=PATH")]
    rootfs: Vec<String>,
    /// Read other base images from the local engine, or from nowhere [default: `[bases] from` in layerwright.toml]
    #[arg(long, value_name = "SOURCE", value_enum)]
    bases: Option<Bases>,
}

impl BaseImageArguments {
    /// Returns the images of the given files.
    pub(super) fn images(&self) -> Result<FileSource, Error> {
        FileSource::new(self.rootfs.iter().map(String::as_str)).map_err(|error| Error::usage(&error))
    }

    /// Returns the places that other images are read from; `None` if the configuration decides.
    pub(super) fn sources(&self) -> Option<Vec<BaseSource>> {
        self.bases.map(|bases| match bases {
            Bases::Engine => vec![BaseSource::Engine],
            Bases::None => Vec::new(),
        })
    }
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
            images: self.base_images.images()?,
            bases: self.base_images.sources(),
            build_args: build_args(&self.build_args)?,
            selects,
            keep_add: self.keep_add,
        })
    }
}
