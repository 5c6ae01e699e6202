//! Opens a page in the browser of the user.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Error, ErrorKind};

/// The program of the desktop that opens a file.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens a page.
pub(crate) fn page(page: &Path) -> Result<(), Error> {
    // A path that begins with a dash would be an option.
    let page = std::path::absolute(page).map_err(|error| Error::environment(&error))?;
    match opener().arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(&page, &format!("it ended with {status}"))),
        Err(error) => Err(failed(&page, &error.to_string())),
    }
}

#[expect(clippy::disallowed_methods, reason = "the user asks for it, with a file that was just written")]
fn opener() -> Command {
    Command::new(OPENER)
}

fn failed(page: &Path, why: &str) -> Error {
    let text = format!("{} cannot be opened with `{OPENER}`: {why}", page.display());
    Error::new(ErrorKind::Environment, text).hint("open the file in a browser")
}
