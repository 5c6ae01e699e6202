//! The operating system of a stage.

use std::sync::Arc;

use crate::rootfs::{Assumption, Leans};

/// The operating system that the base image says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux, for certain.
    Linux,
    /// Nothing says otherwise: an assumption.
    AssumedLinux(Leans),
    /// Windows, and what says so.
    Windows(String),
}

impl Os {
    /// The system of an image that says nothing of it.
    pub fn assumed(what: &str, line: usize) -> Self {
        let mut leans = Leans::default();
        let message = format!("{what} (line {line}) is a Linux image");
        leans.add(Arc::new(Assumption::new(line, "/", message)));
        Os::AssumedLinux(leans)
    }
}
