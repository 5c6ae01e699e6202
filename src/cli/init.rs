//! `layerwright init`.

use std::path::Path;

use super::progress::Progress;
use super::{Error, write};
use crate::ops;

/// Writes a `layerwright.toml` to start from.
pub(crate) fn run() -> Result<(), Error> {
    let progress = Progress::new();
    let path = ops::init(Path::new("."), &|notice| progress.show(notice))?;
    write::remark(&format!("{}: written; every line of it is a comment", path.display()));
    write::stdout("Next: layerwright plan --save\n")
}
