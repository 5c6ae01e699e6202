//! The rules: the ways in which a linked copy can differ from a plain one.
//!
//! Each rule has a file with everything about it; [`ALL`] is the table. To add a rule, add a file, its `mod` line and
//! its row. A rule looks at one instruction and never at the others; what it is shown of it is the `analysis::view`.

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

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::analysis::view::View;
use crate::dockerfile::Transfer;
use crate::rootfs::Leans;
use crate::text::Span;

/// The name of a rule, as in `layerwright explain`. A text is accepted only if the table has such a rule.
#[derive(Clone, Copy)]
pub struct RuleId(&'static Rule);

/// The rule about what a RUN observes of a link. Only a build shows it.
pub(crate) const OBSERVED: RuleId = RuleId(&observed_metadata::RULE);

impl RuleId {
    /// Returns the rule with this name.
    pub fn find(name: &str) -> Option<Self> {
        find(name).map(Rule::id)
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        self.0.name
    }

    /// Returns the rule.
    pub(crate) fn rule(self) -> &'static Rule {
        self.0
    }
}

impl PartialEq for RuleId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RuleId {}

impl PartialOrd for RuleId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RuleId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RuleId({})", self.as_str())
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| de::Error::custom(format!("unknown rule `{name}`")))
    }
}

/// A rule, with everything about it. Each field is required, and no other file depends on which rule it is, so a new
/// rule is complete.
#[derive(Debug)]
pub struct Rule {
    /// The name, as in plans, waivers and `layerwright explain`.
    pub name: &'static str,
    /// The outcome, in one line.
    pub(crate) summary: &'static str,
    /// The outcome, the reason, an example and its source, in Markdown.
    pub documentation: &'static str,
    /// The words of the instruction that a finding is about.
    pub(crate) caret: Caret,
    /// The difference of a build with `--link` at the path of a finding.
    pub(crate) predicts: Prediction,
    /// True if all findings are about mode and owner of directories in [`View::written`], which a later step may
    /// restore.
    pub(crate) restorable: bool,
    /// A way to use `--link` if no edit of the instruction is enough.
    pub(crate) instead: Option<&'static str>,
    /// The search for findings; `None` for a rule whose documentation says where it is judged.
    pub check: Option<Check>,
}

/// The search of a rule for findings at one instruction.
pub(crate) type Check = fn(&View<'_>, &mut Vec<Finding<Candidate>>);

impl Rule {
    /// Returns its id.
    pub fn id(&'static self) -> RuleId {
        RuleId(self)
    }
}

/// A part of a COPY or ADD: the place of the caret in an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caret {
    /// The word COPY or ADD.
    Instruction,
    /// The first of these flags that the instruction has.
    Flag(&'static [&'static str]),
    /// All sources.
    Sources,
    /// The destination.
    Destination,
}

impl Caret {
    /// Returns the span of the part; `None` if the instruction does not have it.
    pub(crate) fn span(self, transfer: &Transfer) -> Option<Span> {
        match self {
            Self::Instruction => None,
            Self::Flag(names) => {
                let named = |name: &&str| transfer.flags.iter().find(|flag| flag.text.starts_with(*name));
                names.iter().find_map(named).map(|flag| flag.span)
            }
            Self::Sources => {
                let (first, last) = (transfer.sources.first()?, transfer.sources.last()?);
                Some(Span::new(first.span.start, last.span.end))
            }
            Self::Destination => transfer.destination.as_ref().map(|word| word.span),
        }
    }
}

/// The difference between a build with `--link` and one without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// The builder ignores the flag, and nothing differs.
    NoEffect,
    /// The build fails.
    BuildFails,
    /// These attributes of the path differ.
    Path(&'static [Attribute]),
    /// These attributes of the path and of everything below it differ.
    Below(&'static [Attribute]),
    /// The path is replaced: everything about it differs, everything below it, and everything below the target of the
    /// symlink that it was.
    Replaced,
    /// No difference is named: the rule is about something unknown, or about something that no comparison of images
    /// shows.
    Unnamed,
}

/// An attribute of a path that a link can change without replacing the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// The permission bits.
    Mode,
    /// Uid and gid.
    Owner,
    /// The extended attributes.
    Xattrs,
}

/// The advice if a parent directory has metadata that no flag keeps: directories inside a source carry their own.
const STAGED_TREE: &str = "in a stage of its own, build the tree with these directories as the image has them, \
                           then COPY --link --from=STAGE /tree/ /";

/// The weight of a finding, lightest first. The heaviest finding of an instruction makes its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    /// The instruction is equivalent with another change to it.
    Edit,
    /// The effect of a link is not known.
    Unknown,
    /// The image would change, or the linked build would fail.
    Hold,
    /// The builder would ignore the flag, so nothing changes.
    NoEffect,
}

/// A change to an instruction in addition to the flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Append a slash to the destination.
    AppendSlash,
    /// Write the owner as numbers.
    Owner(String),
    /// Write another destination.
    Destination(String),
}

impl Remedy {
    /// Returns the part of an instruction that it changes, as written and as it has to be.
    pub(crate) fn change<'t>(&self, transfer: &'t Transfer) -> (&'static str, &'t str, String) {
        let destination = transfer.destination.as_ref().map(|word| &*word.text).unwrap_or_default();
        match self {
            Self::AppendSlash => ("destination", destination, format!("{destination}/")),
            Self::Destination(path) => ("destination", destination, path.clone()),
            Self::Owner(owner) => {
                ("owner", transfer.options.chown.as_deref().unwrap_or_default(), owner.clone())
            }
        }
    }
}

/// An edit that a rule proposes. The decision checks it with all rules, once for each instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// An edit that the rule itself knows to make the instruction equivalent.
    Certain(Remedy),
    /// A slash at the end of the destination.
    AppendSlash,
    /// The real path of the destination, with every symlink followed.
    RealPath,
}

/// A finding of a rule at an instruction. The rule reports it with a candidate; the decision turns that into a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<E = Remedy> {
    /// The rule.
    pub(crate) rule: RuleId,
    /// Its weight.
    pub(crate) weight: Weight,
    /// The path in the image that it is about; empty if it is about none.
    pub(crate) path: String,
    /// Both outcomes in one sentence.
    pub(crate) message: String,
    /// The assumptions that it rests on.
    pub(crate) leans: Leans,
    /// The edit that makes the instruction equivalent.
    pub(crate) remedy: Option<E>,
}

impl<E> Finding<E> {
    /// Creates a finding that the image would change.
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

    /// Creates a finding that the effect of a link is unknown.
    pub(super) fn unknown(rule: RuleId, path: &str, message: String) -> Self {
        let leans = Leans::default();
        Self { rule, weight: Weight::Unknown, path: path.to_owned(), message, leans, remedy: None }
    }
}

impl Finding {
    /// Creates the finding for an instruction of a file that is not judged, with the reason.
    pub(super) fn of_unjudged(why: &str) -> Self {
        Self::unknown(unknown_filesystem::RULE.id(), "", format!("the file is not judged: {why}"))
    }

    /// Returns the finding about an instruction that is linked already. That its build fails is a fact, whatever edit would
    /// mend it.
    pub(super) fn of_linked(self) -> Self {
        if self.rule.rule().predicts == Prediction::BuildFails && self.weight == Weight::Edit {
            return Self { weight: Weight::Hold, leans: Leans::default(), remedy: None, ..self };
        }
        self
    }
}

impl Finding<Candidate> {
    /// Creates a finding that the builder ignores the flag.
    fn no_effect(rule: RuleId, message: String) -> Self {
        Self { weight: Weight::NoEffect, ..Self::hold(rule, "", &Leans::default(), message) }
    }

    /// Returns the same finding with an edit that may settle it.
    fn or(self, candidate: Candidate) -> Self {
        Self { remedy: Some(candidate), ..self }
    }

    /// Returns the finding if no edit settles it.
    pub(super) fn without_edit(self) -> Finding {
        let Self { rule, weight, path, message, leans, .. } = self;
        Finding { rule, weight, path, message, leans, remedy: None }
    }

    /// Returns the finding that an edit settles, with the assumptions that the edit rests on.
    pub(super) fn with_edit(self, remedy: Remedy, leans: Leans) -> Finding {
        let Self { rule, path, message, .. } = self;
        Finding { rule, weight: Weight::Edit, path, message, leans, remedy: Some(remedy) }
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

/// Returns the rule with this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.name == name).copied()
}

/// Returns a rule that the table does not have, for tests: only its fields decide how its findings are used.
#[cfg(test)]
pub(crate) const fn new_rule(caret: Caret, predicts: Prediction) -> Rule {
    Rule {
        name: "new-rule",
        summary: "A rule of a test",
        documentation: "",
        caret,
        predicts,
        restorable: false,
        instead: None,
        check: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The sections of each documentation, in order.
    const SECTIONS: [&str; 4] = ["## What happens", "## Why", "## Example", "## Source"];

    #[test]
    fn the_table_is_sorted_and_whole() {
        let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
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
    fn what_a_later_step_may_restore_is_mode_and_owner_of_the_path_alone() {
        for rule in ALL.iter().filter(|rule| rule.restorable) {
            let Prediction::Path(attributes) = rule.predicts else { panic!("{} predicts more", rule.name) };
            assert!(!attributes.contains(&Attribute::Xattrs), "{} is about attributes", rule.name);
        }
    }

    #[test]
    fn each_rule_says_what_why_and_how_it_is_known() {
        for rule in ALL {
            assert!(
                !rule.summary.ends_with('.') && rule.summary.len() < 100,
                "{}: one short line",
                rule.name
            );
            let mut rest = rule.documentation;
            for section in SECTIONS {
                let at =
                    rest.find(section).unwrap_or_else(|| panic!("{} needs a section {section}", rule.name));
                rest = &rest[at..];
            }
        }
    }
}
