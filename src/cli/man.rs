//! `layerwright man`.

use std::path::Path;

use clap::CommandFactory;

use super::{Arguments, Error, write};

/// Writes the manual pages of all commands to a folder.
pub(crate) fn run(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::environment(&error))?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(|error| Error::environment(&error))?;
    write::remark(&format!("{}: written", folder.join("layerwright.1").display()));
    Ok(())
}
