//! The facts that are known in addition to the files, and the selection of instructions.

use std::collections::BTreeMap;

use crate::analysis::Benefit;
use crate::analysis::rule;
use crate::campaign::plan::Options;
use crate::config::{BaseSource, Config};
use crate::images::file::FileSource;
use crate::images::registry::Access;
use crate::images::{ImageSource, Platform};

/// The facts that are known in addition to the files, and the selection of instructions.
#[derive(Debug)]
pub struct Knowledge {
    /// The base images.
    pub images: FileSource,
    /// The places that other base images are read from, as the command names them. `None` for the user's own
    /// configuration, or else `[bases] from`.
    pub bases: Option<Vec<BaseSource>>,
    /// The same, as the user's own configuration names them.
    pub own_bases: Option<Vec<BaseSource>>,
    /// The platform for which images of registries are read. `None` for the one that their builds state.
    pub platform: Option<Platform>,
    /// The settings for registries.
    pub registries: Access,
    /// True if nothing is read over the network.
    pub offline: bool,
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
            own_bases: None,
            platform: None,
            registries: Access::default(),
            offline: false,
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
            edit_generated: config.files.edit_generated,
            earlier: None,
            only: None,
            linked_only: false,
            rules: rule::ALL,
        }
    }
}
