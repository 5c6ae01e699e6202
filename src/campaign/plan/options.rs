//! The inputs of a plan beside the repository. It never reads a file.

use std::collections::{BTreeMap, BTreeSet};

use super::earlier::Earlier;
use crate::analysis::Benefit;
use crate::analysis::rule::Rule;
use crate::config::Config;
use crate::git::RepoPath;
use crate::images::ImageSource;

/// The inputs of a plan beside the repository.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// `layerwright.toml`.
    pub config: &'a Config,
    /// The facts about base images.
    pub images: &'a (dyn ImageSource + Sync),
    /// Build arguments.
    pub build_args: &'a BTreeMap<String, String>,
    /// Benefits that are selected.
    pub selects: &'a [Benefit],
    /// True if local ADDs stay ADDs.
    pub keep_add: bool,
    /// True if generated files are edited too.
    pub edit_generated: bool,
    /// The decisions of the earlier plan.
    pub earlier: Option<&'a Earlier>,
    /// The files that are planned; `None` for all of them.
    pub only: Option<&'a BTreeSet<RepoPath>>,
    /// True if files in which nothing is linked are left out, unless BuildKit refuses them or they have an ignore comment: a
    /// check finds nothing in the others.
    pub linked_only: bool,
    /// The rules of the analysis: [`ALL`](crate::analysis::rule::ALL).
    pub rules: &'a [&'static Rule],
}
