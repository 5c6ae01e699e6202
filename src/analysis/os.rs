//! The operating system of a stage.

use std::sync::Arc;

use crate::rootfs::{Assumption, Leans};

/// The operating system, as the base image states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Os {
    /// Linux, proved.
    Linux,
    /// Linux, assumed because nothing states another system.
    AssumedLinux(Leans),
    /// Windows, with the reason.
    Windows(String),
}

impl Os {
    /// Returns the system of an image that does not state it.
    pub(crate) fn assumed(what: &str, line: usize) -> Self {
        let mut leans = Leans::default();
        let message = format!("{what} (line {line}) is a Linux image");
        leans.add(Arc::new(Assumption::new(line, "/", message)));
        Os::AssumedLinux(leans)
    }
}
