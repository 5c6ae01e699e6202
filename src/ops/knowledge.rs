//! The facts that are known in addition to the files, and the selection of instructions.

use std::collections::BTreeMap;

use crate::analysis::Benefit;
use crate::analysis::rule;
use crate::campaign::plan::Options;
use crate::config::{BaseSource, Config};
use crate::images::ImageSource;
use crate::images::file::FileSource;

/// The facts that are known in addition to the files, and the selection of instructions.
#[derive(Debug)]
pub struct Knowledge {
    /// The base images.
    pub images: FileSource,
    /// The places that other base images are read from. `None` for `[bases] from`.
    pub bases: Option<Vec<BaseSource>>,
    /// The values of build arguments. The verdicts hold for these values only.
    pub build_args: BTreeMap<String, String>,
    /// The selected benefits.
    pub selects: Vec<Benefit>,
    /// True if local ADDs are not changed to COPY.
    pub keep_add: bool,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self {
            images: FileSource::default(),
            bases: None,
            build_args: BTreeMap::new(),
            selects: vec![Benefit::Pays, Benefit::Neutral],
            keep_add: false,
        }
    }
}

impl Knowledge {
    /// Returns the options of a plan with all rules and without an earlier plan.
    pub(super) fn options<'a>(
        &'a self,
        config: &'a Config,
        images: &'a (dyn ImageSource + Sync),
    ) -> Options<'a> {
        Options {
            config,
            images,
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
