//! Layerwright migrates the Dockerfiles of a repository to `COPY --link` and proves that no image changes.
//!
//! The modules in the order of the data; each uses those before it and never those after:
//!
//! - [`budget`]: the work that one file may cost, and the end of the work on a file that costs more.
//! - [`text`]: spans, edits, globs, escaping for people, Markdown and figures, and secrets, which are hidden in all that
//!   is shown and kept.
//! - [`network`]: connections to servers: TLS, proxies, and the addresses that they may lead to.
//! - [`git`]: repositories, through libgit2.
//! - [`config`]: the settings in `layerwright.toml`.
//! - [`shell`]: the commands of a script and what they do to files; [`shell::grammar`] lists what is certain of them. A
//!   RUN is followed by `shell::effects`, a build script by `shell::trace`.
//! - [`dockerfile`]: a Dockerfile, parsed exactly as BuildKit parses it, its stage graph (what a FROM and a `--from`
//!   name), and its text.
//! - [`discover`]: a commit, working tree or folder → [`discover::SourceFile`].
//! - [`builds`]: how Dockerfiles are built: compose files, bake files, workflows, scripts → [`builds::Build`]; build
//!   contexts and their `.dockerignore`.
//! - [`rootfs`]: the facts that are known of a filesystem, and their sources; layers with their whiteouts.
//! - [`images`]: base images: files, the local engine, registries.
//! - [`analysis`]: the state before each COPY and ADD, and its verdict; [`analysis::rule`] is the table of rules.
//! - [`edit`]: verdicts → a new text.
//! - [`builders`]: the builders that the repository uses, and what each does with `--link`; [`builders::ALL`] is the table.
//! - [`campaign`]: the plan with its waves ([`campaign::plan`]), the facts about base images that it depends on
//!   ([`campaign::base_facts`]), the evidence of verification and whether it is up to date ([`campaign::evidence`]), the
//!   policy for pull requests, the names of branches and files, and the progress with the wave that is open
//!   ([`campaign::progress`]).
//! - [`verify`]: the test that two builds are the same image. [`ops`] chooses the files and writes the evidence.
//! - [`rollout`]: the next steps of a campaign: plan, evidence, observed state → [`rollout::Action`]s.
//! - [`report`]: performs those actions on a [`rollout::Forge`]: pull requests, and the tracking issue with its checklist.
//! - [`github`]: GitHub's API.
//! - [`ops`]: the operation of each subcommand: options → a result.
//! - [`cli`]: the command line, which parses arguments and prints.

// Most items are for the crate alone, and the documentation of public ones leads to them:
// `cargo doc --document-private-items`.
#![allow(rustdoc::private_intra_doc_links)]
#![cfg_attr(test, allow(clippy::string_slice, reason = "a test cuts texts of its own"))]

#[cfg(not(unix))]
compile_error!("layerwright needs a unix system: it stops builds by signals to their process group");

pub mod analysis;
pub mod budget;
pub mod builders;
pub mod builds;
pub mod campaign;
pub mod cli;
pub mod config;
pub mod discover;
pub mod dockerfile;
pub mod edit;
pub mod git;
pub mod github;
pub mod images;
pub mod network;
pub mod ops;
pub mod report;
pub mod rollout;
pub mod rootfs;
pub mod shell;
pub mod text;
pub mod verify;
