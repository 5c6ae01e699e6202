//! What decides a plan beside the repository.

use std::collections::{BTreeMap, BTreeSet};

use super::earlier::Earlier;
use crate::analysis::Benefit;
use crate::analysis::rule::Rule;
use crate::config::Config;
use crate::git::RepoPath;
use crate::images::ImageSource;

/// What is decided beside the repository.
pub struct Options<'a> {
    /// `layerwright.toml`.
    pub config: &'a Config,
    /// What base images hold.
    pub images: &'a (dyn ImageSource + Sync),
    /// Build arguments.
    pub build_args: &'a BTreeMap<String, String>,
    /// Benefits that are selected.
    pub selects: &'a [Benefit],
    /// True if local ADDs stay ADDs.
    pub keep_add: bool,
    /// True if generated files are edited too.
    pub edit_generated: bool,
    /// What the plan that there was before decided.
    pub earlier: Option<&'a Earlier>,
    /// The files that are planned, where that is not all of them.
    pub only: Option<&'a BTreeSet<RepoPath>>,
    /// The rules that judge: [`ALL`](crate::analysis::rule::ALL).
    pub rules: &'a [&'static Rule],
}
