//! The key that signs evidence, from a file or the environment.

use std::path::Path;

use super::{Error, input};
use crate::campaign::evidence::{EvidenceKey, KEY_VARIABLE};
use crate::text::secret::Secrets;

/// Returns the key of a file, or else of the environment; `None` if there is neither. The key is hidden.
pub(crate) fn evidence_key(file: Option<&Path>, hidden: &mut Secrets) -> Result<Option<EvidenceKey>, Error> {
    let text = file.map_or_else(|| Ok(variable()), |file| input::read(file).map(Some))?;
    let Some(text) = text else { return Ok(None) };
    hidden.add(&text);
    EvidenceKey::new(&text).map(Some).map_err(|error| Error::usage(&error))
}

/// Returns the value of the variable; `None` if it is not set or empty.
#[expect(clippy::disallowed_methods, reason = "other users can see the arguments of a process")]
fn variable() -> Option<Vec<u8>> {
    let value = std::env::var_os(KEY_VARIABLE)?.into_encoded_bytes();
    (!value.trim_ascii().is_empty()).then_some(value)
}
