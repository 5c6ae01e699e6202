//! Layerwright migrates the Dockerfiles of a repository to `COPY --link` and proves that no image changes.
//!
//! The modules in the order of the data; each knows those before it and never those after:
//!
//! - [`text`]: spans, lines, edits.
//! - [`git`]: repositories, through libgit2.
//! - [`config`]: what people decide, in `layerwright.toml`.
//! - [`shell`]: the commands of a script and what they do to files.
//! - [`dockerfile`]: a Dockerfile, read exactly as BuildKit reads it, and its text.
//! - [`discover`]: a commit, working tree or folder → [`discover::SourceFile`].
//! - [`rootfs`]: what is known of a filesystem, and why.
//! - [`images`]: the root filesystems of base images.
//! - [`analysis`]: the state before each COPY and ADD, and its verdict; [`analysis::rule`] is the table of rules.
//! - [`migrate`]: verdicts → a new text.
//! - [`plan`]: the campaign: files, sites, waves; [`plan::file`] is the format of `plan.json`.
//! - [`verify`]: whether two builds are the same image; [`verify::evidence`] is the format of `evidence/*.json`.
//! - [`status`]: how far a campaign is.
//! - [`github`]: GitHub's API.
//! - [`cli`]: the command line.

pub mod analysis;
pub mod cli;
pub mod config;
pub mod discover;
pub mod dockerfile;
pub mod git;
pub mod github;
pub mod images;
pub mod migrate;
pub mod plan;
pub mod rootfs;
pub mod shell;
pub mod status;
pub mod text;
pub mod verify;
