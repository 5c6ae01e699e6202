//! Writes to standard output and standard error, and handles a closed pipe.

use std::io::{self, Write};

use serde::Serialize;

use super::error::{Error, ErrorKind};
use crate::text::escape::shown_lines;

/// Writes a whole result.
pub(crate) type Writes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Prints human-readable text to standard output, with colours on a terminal.
pub(crate) fn stdout(text: &str) -> Result<(), Error> {
    print(&mut anstream::stdout().lock(), &|out| out.write_all(text.as_bytes()))
}

/// Prints a machine-readable result to standard output, byte for byte.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Error> {
    raw_by(&|out| out.write_all(bytes))
}

/// Prints a result as JSON to standard output.
pub(crate) fn json(result: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(result);
    let json = json.map_err(|error| Error::new(ErrorKind::Environment, error.to_string()))?;
    raw((json + "\n").as_bytes())
}

/// As [`raw`], for a result that is not held in memory.
pub(crate) fn raw_by(writes: &Writes<'_>) -> Result<(), Error> {
    print(&mut io::stdout().lock(), writes)
}

/// Writes to standard output. A closed pipe is not an error.
fn print(stdout: &mut dyn Write, writes: &Writes<'_>) -> Result<(), Error> {
    match writes(stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Environment, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: &str) {
    // There is no place left to report that standard error is closed.
    let _ = writeln!(anstream::stderr().lock(), "{}", shown_lines(text));
}
