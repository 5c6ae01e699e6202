//! `layerwright cache`.

use super::{CacheArguments, Error, ErrorKind, registries, write};
use crate::images::registry::Cached;
use crate::ops;
use crate::text::escape::shown_lines;
use crate::text::figures::bytes;
use crate::text::words::count;

/// Shows what is kept of registries, or removes it.
pub(crate) fn run(arguments: &CacheArguments) -> Result<(), Error> {
    let folder = registries::cache_folder().ok_or_else(|| {
        Error::new(ErrorKind::Environment, "there is no folder for the cache")
            .hint("set XDG_CACHE_HOME or HOME")
    })?;
    let Cached { layers, documents, tags, bytes: size } =
        ops::cache(&folder).map_err(|error| Error::environment(&error))?;
    let kept = format!(
        "{}, {}, {}: {}",
        count(layers, "layer"),
        count(documents, "document"),
        count(tags, "tag"),
        bytes(size),
    );
    let place = shown_lines(&folder.display().to_string()).into_owned();
    if !arguments.clear {
        return write::stdout(&format!("{place}: {kept}\n"));
    }
    ops::clear_cache(&folder).map_err(|error| Error::environment(&error))?;
    write::stdout(&format!("{place}: removed {kept}\n"))
}
