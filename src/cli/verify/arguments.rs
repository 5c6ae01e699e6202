//! The arguments of `verify`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config;
use crate::ops::Shard;
use crate::verify::run;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Files of the repository instead of a wave
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// The wave; without it, the first that is not done
    #[arg(long, value_name = "N", conflicts_with = "files")]
    pub(crate) wave: Option<usize>,
    /// The plan; without it, the one in the repository
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,
    /// How much is measured; without it, full for wave 0 and quick for all others
    #[arg(long, value_enum)]
    pub(crate) depth: Option<Depth>,
    /// Verify one part of the files: the I-th of N
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// How many files are verified at the same time
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) jobs: NonZeroUsize,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Fail also for files that do not build, and for those that take too long
    #[arg(long)]
    pub(crate) strict: bool,
    /// Keep what was built from, and say where it is
    #[arg(long)]
    pub(crate) keep: bool,
    /// Which frontend reads the files; without it, what layerwright.toml says
    #[arg(long, value_enum)]
    pub(crate) frontend: Option<Frontend>,
    /// The folder of the evidence; without it, `evidence` in the campaign's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// Which builder builds, and with what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Passed to docker buildx build")]
pub(crate) struct BuildArguments {
    /// The builder, as in `docker buildx ls`; without it, the one in use
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// A platform, instead of those in layerwright.toml; may be repeated
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Vec<String>,
    /// The value of an ARG that the plan does not know; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(crate) build_args: Vec<String>,
    /// A secret, as in `id=npmrc,src=FILE`; may be repeated
    #[arg(long, value_name = "SECRET")]
    pub(crate) secret: Vec<String>,
    /// An SSH agent, as in `default`; may be repeated
    #[arg(long, value_name = "AGENT")]
    pub(crate) ssh: Vec<String>,
    /// Where the cache comes from; may be repeated
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_from: Vec<String>,
    /// Where the cache goes to; may be repeated
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_to: Vec<String>,
    /// The network of RUN
    #[arg(long, value_name = "MODE")]
    pub(crate) network: Option<String>,
    /// An entitlement; may be repeated
    #[arg(long, value_name = "ENTITLEMENT")]
    pub(crate) allow: Vec<String>,
}

impl BuildArguments {
    /// Those that the builder gets as they are.
    pub(crate) fn passed(&self) -> Vec<String> {
        let many = [("cache-from", &self.cache_from), ("cache-to", &self.cache_to), ("allow", &self.allow)];
        let many = many.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let one = self.network.iter().map(|mode| ("network", mode));
        many.chain(one).map(|(name, value)| format!("--{name}={value}")).collect()
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Depth {
    /// Whether the images are the same
    Quick,
    /// What changes cost, too
    Full,
}

impl From<Depth> for run::Depth {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Quick => Self::Quick,
            Depth::Full => Self::Full,
        }
    }
}

/// Which frontend reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Frontend {
    /// The one that the header names
    Header,
    /// The builder's own
    Builtin,
}

impl From<Frontend> for config::Frontend {
    fn from(frontend: Frontend) -> Self {
        match frontend {
            Frontend::Header => Self::Header,
            Frontend::Builtin => Self::Builtin,
        }
    }
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, on standard output
    Json,
    /// Nothing is built: the shards, as the matrix of a workflow of GitHub Actions
    GithubMatrix,
}
