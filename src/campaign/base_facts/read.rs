//! Reads a `bases.json`. A file with one invalid part is refused as a whole: nothing of it is believed.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::format::{BaseFacts, SCHEMA};
use crate::images::{ImageError, ImageReference, Platform};

/// A `bases.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseFactsError {
    /// The file was written in another format.
    #[error("it has schema {found}, and this program reads {SCHEMA}: use the version that wrote it")]
    Schema {
        /// The version of the file.
        found: u64,
    },
    /// The file is not JSON of this format.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// The error.
        message: String,
    },
    /// An image has no valid name.
    #[error(transparent)]
    Image(#[from] Box<ImageError>),
    /// An image is there twice.
    #[error("`{image}` is there twice")]
    Twice {
        /// The image.
        image: String,
    },
    /// The platform of an image is invalid.
    #[error("the platform `{platform}` of `{image}` is not valid: write it as in `linux/amd64`")]
    Platform {
        /// The image.
        image: String,
        /// The platform.
        platform: String,
    },
    /// Two facts exclude each other.
    #[error("`{image}` has something at {path}, and {above} is not a directory")]
    Contradiction {
        /// The image.
        image: String,
        /// The path at which something is.
        path: String,
        /// The path above it.
        above: String,
    },
}

impl BaseFacts {
    /// Reads a `bases.json`.
    ///
    /// # Errors
    ///
    /// [`BaseFactsError`] for another schema, unknown fields, broken JSON, and facts that exclude each other.
    pub fn read(bytes: &[u8]) -> Result<Self, BaseFactsError> {
        #[derive(Deserialize)]
        struct Versioned {
            schema: u64,
        }
        let broken = |error: serde_json::Error| BaseFactsError::Json {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        };
        let Versioned { schema } = serde_json::from_slice(bytes).map_err(broken)?;
        if schema != u64::from(SCHEMA) {
            return Err(BaseFactsError::Schema { found: schema });
        }
        let facts: Self = serde_json::from_slice(bytes).map_err(broken)?;
        facts.check()?;
        Ok(facts)
    }

    fn check(&self) -> Result<(), BaseFactsError> {
        let mut names = BTreeSet::new();
        for base in &self.bases {
            let image = || base.image.clone();
            let reference = ImageReference::parse(&base.image).map_err(Box::new)?;
            if !names.insert(reference.normal().to_owned()) {
                return Err(BaseFactsError::Twice { image: image() });
            }
            if let Some(platform) = base.platform.as_ref().filter(|text| Platform::parse(text).is_none()) {
                return Err(BaseFactsError::Platform { image: image(), platform: platform.clone() });
            }
            if let Some((path, above)) = base.facts().contradiction() {
                let (path, above) = (path.to_owned(), above.to_owned());
                return Err(BaseFactsError::Contradiction { image: image(), path, above });
            }
        }
        Ok(())
    }
}
