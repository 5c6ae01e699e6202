//! Reads files that arguments name; `-` is standard input.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::{Error, ErrorKind};
use crate::campaign::plan::file::Plan;
use crate::ops;

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error: io::Error| {
        Error::new(ErrorKind::Usage, format!("{} cannot be read: {error}", path.display()))
    };
    if path != Path::new("-") {
        return fs::read(path).map_err(unreadable);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Reads a file that has to be UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(read(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::new(ErrorKind::Usage, format!("{} is not UTF-8 at byte {at}", path.display()))
    })
}

/// Reads the plan of `--plan`.
pub(crate) fn plan(path: Option<&Path>) -> Result<Option<Plan>, Error> {
    let Some(path) = path else { return Ok(None) };
    Ok(Some(ops::read_plan(path, &read(path)?)?))
}
