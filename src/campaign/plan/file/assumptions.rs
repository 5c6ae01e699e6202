//! The assumptions of a verdict. Those of a new plan become sentences when they are first read: most are never shown.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Assumption;
use crate::budget::{STORED, spend};
use crate::rootfs::{Leans, Sentence};

/// The assumptions of a verdict, in order of line, path and text.
#[derive(Clone, Default)]
pub struct Assumptions {
    leans: Leans,
    read: OnceLock<Vec<Assumption>>,
}

impl Deref for Assumptions {
    type Target = [Assumption];

    fn deref(&self) -> &[Assumption] {
        self.read.get_or_init(|| self.leans.together().into_iter().map(Assumption::from).collect())
    }
}

/// Counts the sentences as work on the file, since they may be read where none is counted.
impl From<Leans> for Assumptions {
    fn from(leans: Leans) -> Self {
        spend(leans.most_sentences().saturating_mul(STORED + 1));
        Self { leans, read: OnceLock::new() }
    }
}

impl From<Vec<Assumption>> for Assumptions {
    fn from(all: Vec<Assumption>) -> Self {
        Self { leans: Leans::default(), read: OnceLock::from(all) }
    }
}

impl From<Sentence> for Assumption {
    fn from(said: Sentence) -> Self {
        Self {
            line: said.line,
            path: said.path.to_string(),
            message: said.message,
            dockerfile: said.dockerfile.as_deref().map(str::to_owned),
            of_context: said.of_context,
        }
    }
}

impl<'a> IntoIterator for &'a Assumptions {
    type Item = &'a Assumption;
    type IntoIter = std::slice::Iter<'a, Assumption>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Assumptions {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Assumptions {}

impl fmt::Debug for Assumptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl Serialize for Assumptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Assumptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Assumptions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<Assumption>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Assumption>::json_schema(generator)
    }
}
