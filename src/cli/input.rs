//! Reads files that arguments name; `-` is standard input.

use std::fs;
use std::io;
use std::path::Path;

use super::{Error, ErrorKind};
use crate::budget::{self, MOST_INPUT};
use crate::campaign::plan::file::Plan;
use crate::ops;

/// Where the streams of a process are files: a shell passes `<(…)` as `/dev/fd/63`.
const STREAMS: [&str; 3] = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error: io::Error| {
        Error::new(ErrorKind::Usage, format!("{} cannot be read: {error}", path.display()))
    };
    let bytes = if path == Path::new("-") {
        budget::read_within(io::stdin().lock(), MOST_INPUT)
    } else if STREAMS.iter().any(|folder| path.starts_with(folder)) {
        fs::File::open(path).and_then(|stream| budget::read_within(stream, MOST_INPUT))
    } else {
        budget::read_file(path, MOST_INPUT)
    };
    bytes.map_err(unreadable)
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
