//! The arguments of `verify`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::campaign::evidence;
use crate::config;
use crate::ops::Shard;

/// The arguments of `verify`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct VerifyArguments {
    /// Verify these files instead of a wave
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Verify this wave [default: the first that is not done]
    #[arg(long, value_name = "N", conflicts_with = "files")]
    pub(crate) wave: Option<usize>,
    /// Use this plan [default: the saved plan]
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,
    /// How much to build and compare [default: full for wave 0, line for all others]
    #[arg(long, value_enum)]
    pub(crate) depth: Option<Depth>,
    /// Take the steps before the edited instructions from the builder's cache or --cache-from
    #[arg(long)]
    pub(crate) reuse: bool,
    /// Build nothing; show the steps that would be executed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Verify part I of N of the files
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// Number of files to verify at the same time
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) jobs: NonZeroUsize,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Also fail if a file does not build or times out
    #[arg(long)]
    pub(crate) strict: bool,
    /// Keep the build contexts, and print where they are
    #[arg(long)]
    pub(crate) keep: bool,
    /// The frontend that reads the files [default: `[verify] frontend` in your configuration, or else in layerwright.toml]
    #[arg(long, value_enum)]
    pub(crate) frontend: Option<Frontend>,
    /// Write the evidence to this folder [default: a folder in the git directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Sign the evidence with the key in this file [default: with `LAYERWRIGHT_EVIDENCE_KEY`, if it is set]
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence_key: Option<PathBuf>,
    /// Run the commands of layerwright.toml although the commit is not part of the default branch
    #[arg(long)]
    pub(crate) allow_commands: bool,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// The builder and its options.
#[derive(Debug, Args)]
#[command(next_help_heading = "Passed to docker buildx build")]
pub(crate) struct BuildArguments {
    /// The builder, as in `docker buildx ls` [default: `[verify] builder` in your configuration, or else the current one]
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// Build for this platform instead of those in layerwright.toml; may be repeated
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Vec<String>,
    /// Set a build argument that the plan does not set; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(crate) build_args: Vec<String>,
    /// Expose a secret to the build, for instance `id=npmrc,src=FILE`; may be repeated
    #[arg(long, value_name = "SECRET")]
    pub(crate) secret: Vec<String>,
    /// Expose an SSH agent to the build, for instance `default`; may be repeated
    #[arg(long, value_name = "AGENT")]
    pub(crate) ssh: Vec<String>,
    /// Import the build cache from here; may be repeated
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_from: Vec<String>,
    /// Export the build cache to here; may be repeated
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_to: Vec<String>,
    /// Network mode of RUN instructions [default: `[verify] network` in your configuration]
    #[arg(long, value_name = "MODE")]
    pub(crate) network: Option<String>,
    /// Allow an entitlement; may be repeated
    #[arg(long, value_name = "ENTITLEMENT")]
    pub(crate) allow: Vec<String>,
}

impl BuildArguments {
    /// Returns the options that are passed to the builder unchanged, with the user's own network mode if none is given.
    pub(crate) fn passed(&self, own_network: Option<String>) -> Vec<String> {
        let many = [("cache-from", &self.cache_from), ("cache-to", &self.cache_to), ("allow", &self.allow)];
        let many = many.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let network = self.network.clone().or(own_network);
        let one = network.iter().map(|mode| ("network", mode));
        many.chain(one).map(|(name, value)| format!("--{name}={value}")).collect()
    }
}

/// The extent of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Depth {
    /// Compare the filesystems right after each edited instruction; build no later step
    Line,
    /// Also compare the whole images, run the smoke commands, and measure the cost of changes
    Full,
}

impl From<Depth> for evidence::Depth {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Line => Self::Line,
            Depth::Full => Self::Full,
        }
    }
}

/// The frontend that reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Frontend {
    /// The frontend that the header names
    Header,
    /// The frontend built into the builder
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

/// The format of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[default]
    Human,
    /// JSON on standard output
    Json,
    /// Build nothing; print the shards as a matrix for GitHub Actions
    GithubMatrix,
}
