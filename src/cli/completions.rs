//! `layerwright completions`.

use clap::CommandFactory;

use super::{Arguments, Error, write};

/// Prints a completion script.
pub(crate) fn run(shell: clap_complete::Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "layerwright", &mut script);
    write::raw(&script)
}
