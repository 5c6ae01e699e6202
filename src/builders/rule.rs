//! A rule about a builder: what it does with `--link`, and how that is known. It never looks at a repository.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The effect of a builder on `--link`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The builder links.
    Links,
    /// The builder links by an implementation of its own, which no verification compares.
    LinksNotCompared,
    /// The builder ignores the flag: the image is the same as without it.
    Ignores,
    /// The build fails.
    Rejects,
    /// No file says which builder it is.
    Unknown,
}

impl Effect {
    /// Returns the effect as a verb: "the builder …".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::LinksNotCompared => "links, not compared",
            Self::Ignores => "ignores --link",
            Self::Rejects => "rejects --link",
            Self::Unknown => "unknown",
        }
    }
}

/// A rule about a builder.
#[derive(Debug)]
pub struct BuilderRule {
    /// The name, as in plans, waivers and `layerwright explain`.
    pub name: &'static str,
    /// The effect on the flag.
    pub effect: Effect,
    /// The builder, in a few words.
    pub summary: &'static str,
    /// The effect and its reason, in Markdown.
    pub(crate) explanation: &'static str,
    /// The change after which builds link. `None` if nothing has to be changed.
    pub(crate) remedy: Option<&'static str>,
    /// The sources of the facts.
    pub(crate) sources: &'static [&'static str],
    /// The day on which the sources were read.
    pub(crate) read: &'static str,
}

/// The name of a rule of the table of builders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BuilderRuleId(pub(super) &'static BuilderRule);

impl BuilderRuleId {
    /// Returns the rule.
    pub(crate) fn rule(self) -> &'static BuilderRule {
        self.0
    }
}

impl PartialEq for BuilderRuleId {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for BuilderRuleId {}

impl fmt::Display for BuilderRuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for BuilderRuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for BuilderRuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let rule = super::find(&name).map(BuilderRuleId);
        rule.ok_or_else(|| de::Error::custom(format!("unknown rule `{name}`")))
    }
}
