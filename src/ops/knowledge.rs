//! What is known and wanted beside the files.

use std::collections::BTreeMap;

use crate::analysis::Benefit;
use crate::analysis::rule;
use crate::campaign::plan::Options;
use crate::config::Config;
use crate::images::file::FileSource;

/// What is known beside the files, and which lines are selected.
#[derive(Debug)]
pub struct Knowledge {
    /// The base images.
    pub images: FileSource,
    /// The values of build arguments, to which the verdicts are bound.
    pub build_args: BTreeMap<String, String>,
    /// The benefits that are selected.
    pub selects: Vec<Benefit>,
    /// True if local ADDs stay ADDs.
    pub keep_add: bool,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self {
            images: FileSource::default(),
            build_args: BTreeMap::new(),
            selects: vec![Benefit::Pays, Benefit::Neutral],
            keep_add: false,
        }
    }
}

impl Knowledge {
    /// The options of a plan with all rules and without an earlier plan.
    pub(super) fn options<'a>(&'a self, config: &'a Config) -> Options<'a> {
        Options {
            config,
            images: &self.images,
            build_args: &self.build_args,
            selects: &self.selects,
            keep_add: self.keep_add,
            edit_generated: false,
            earlier: None,
            only: None,
            rules: rule::ALL,
        }
    }
}
