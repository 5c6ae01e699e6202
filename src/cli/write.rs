//! Standard output and standard error, and what a closed pipe means.

use std::io::{self, Write};

use serde::Serialize;

use super::error::{Error, Kind};
use crate::text::escape::shown_lines;

/// Prints all that a result holds.
pub(crate) type Writes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Prints text for people to standard output, with colours where somebody sees them.
pub(crate) fn stdout(text: &str) -> Result<(), Error> {
    print(&mut anstream::stdout().lock(), &|out| out.write_all(text.as_bytes()))
}

/// Prints a result for programs to standard output: every byte as it is.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Error> {
    raw_by(&|out| out.write_all(bytes))
}

/// Prints a result as JSON to standard output.
pub(crate) fn json(result: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(result);
    let json = json.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
    raw((json + "\n").as_bytes())
}

/// As [`raw`], for a result that is not held in memory.
pub(crate) fn raw_by(writes: &Writes<'_>) -> Result<(), Error> {
    print(&mut io::stdout().lock(), writes)
}

/// A reader that has had enough is no error.
fn print(stdout: &mut dyn Write, writes: &Writes<'_>) -> Result<(), Error> {
    match writes(stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Environment, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: &str) {
    // Nobody is left to be told that standard error is gone.
    let _ = writeln!(anstream::stderr().lock(), "{}", shown_lines(text));
}
