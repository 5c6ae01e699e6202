//! The rules: what can make a linked copy differ from a plain one.
//!
//! One file a rule, with its id, summary, documentation and check; [`ALL`] is the table. To add one: its file,
//! its `mod` line, its row. A rule looks at one site and never at the others.

mod ancestor_mode;
mod ancestor_owner;
mod ancestor_xattrs;
mod archive_hard_link;
mod archive_implied_parents;
mod chmod_disables_link;
mod chown_ancestors;
mod delayed_directories;
mod directory_destination;
mod interior_modes;
mod moving_base;
mod named_chown;
mod observed_metadata;
mod symlink_ancestor;
mod symlink_destination;
mod type_conflict;
mod unknown_destination;
mod unknown_filesystem;
mod windows;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::site::View;
use crate::rootfs::Leans;

/// The name of a rule, as in `layerwright explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(&'static str);

impl RuleId {
    /// As text.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The rule of this name. None where there is none.
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().map(|rule| rule.id).find(|id| id.0 == name)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| serde::de::Error::custom(format!("there is no rule {name}")))
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// One line: what happens.
    pub summary: &'static str,
    /// What, why, an example and the evidence, in Markdown.
    pub documentation: &'static str,
    /// Looks at one site. None for a rule that no single site shows: its documentation tells where it is judged.
    pub check: Option<fn(&View<'_>, &mut Vec<Finding>)>,
}

/// How much a finding weighs, lightest first; the heaviest finding of a site makes its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The line is equivalent with another change to it.
    Edit,
    /// It can not be told.
    Unknown,
    /// The image would change, or the linked build would fail.
    Hold,
    /// The builder would ignore the flag, so nothing changes.
    NoEffect,
}

/// A change to a line beside the flag itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Append a slash to the destination.
    AppendSlash,
    /// Write the owner as numbers.
    Owner(String),
    /// Write another destination.
    Destination(String),
}

/// What a rule found at a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How much it weighs.
    pub weight: Weight,
    /// The path in the image that it is about; empty where it is about none.
    pub path: String,
    /// Both outcomes in one sentence.
    pub message: String,
    /// What it leans on.
    pub leans: Leans,
    /// The change that makes the line equivalent, of an [`Weight::Edit`].
    pub remedy: Option<Remedy>,
}

impl Finding {
    /// The image would change.
    fn hold(rule: RuleId, path: &str, leans: &Leans, message: String) -> Self {
        Self {
            rule,
            weight: Weight::Hold,
            path: path.to_owned(),
            message,
            leans: leans.clone(),
            remedy: None,
        }
    }

    /// It can not be told.
    fn unknown(rule: RuleId, path: &str, message: String) -> Self {
        Self {
            rule,
            weight: Weight::Unknown,
            path: path.to_owned(),
            message,
            leans: Leans::default(),
            remedy: None,
        }
    }
}

/// Every rule, in order of name.
pub static ALL: &[&Rule] = &[
    &ancestor_mode::RULE,
    &ancestor_owner::RULE,
    &ancestor_xattrs::RULE,
    &archive_hard_link::RULE,
    &archive_implied_parents::RULE,
    &chmod_disables_link::RULE,
    &chown_ancestors::RULE,
    &delayed_directories::RULE,
    &directory_destination::RULE,
    &interior_modes::RULE,
    &moving_base::RULE,
    &named_chown::RULE,
    &observed_metadata::RULE,
    &symlink_ancestor::RULE,
    &symlink_destination::RULE,
    &type_conflict::RULE,
    &unknown_destination::RULE,
    &unknown_filesystem::RULE,
    &windows::RULE,
];

/// The rule of a name. None where there is none.
pub fn find(name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id.as_str() == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What each rule's documentation has to hold.
    const SECTIONS: [&str; 4] = ["## What happens", "## Why", "## Example", "## Evidence"];

    #[test]
    fn the_table_is_sorted_and_whole() {
        let names: Vec<&str> = ALL.iter().map(|rule| rule.id.as_str()).collect();
        assert!(names.is_sorted(), "sort the rows of ALL by name: {names:?}");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/analysis/rule");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|file| file.trim_end_matches(".rs").replace('_', "-"))
            .collect();
        let rows: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(files, rows, "each file of src/analysis/rule needs a row in ALL, under its own name");
    }

    #[test]
    fn each_rule_says_what_why_and_how_it_is_known() {
        for rule in ALL {
            assert!(!rule.summary.ends_with('.') && rule.summary.len() < 100, "{}: one short line", rule.id);
            let mut rest = rule.documentation;
            for section in SECTIONS {
                let at =
                    rest.find(section).unwrap_or_else(|| panic!("{} needs a section {section}", rule.id));
                rest = &rest[at..];
            }
        }
    }
}
