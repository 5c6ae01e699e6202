//! The options with which another verification may compare what one could not.

/// An option of `layerwright verify` that a reason names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// The builder's own frontend reads the file.
    BuiltinFrontend,
    /// RUN has the network of the engine's machine.
    HostNetwork,
}

impl Remedy {
    const ALL: [Self; 2] = [Self::BuiltinFrontend, Self::HostNetwork];

    /// Returns the option with its value.
    pub(crate) fn option(self) -> [&'static str; 2] {
        match self {
            Self::BuiltinFrontend => ["--frontend", "builtin"],
            Self::HostNetwork => ["--network", "host"],
        }
    }

    /// Returns the remedy that a reason for an outcome names.
    pub(super) fn of_reason(reason: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remedy| reason.contains(&remedy.option().join(" ")))
    }
}
