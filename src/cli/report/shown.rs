//! What a report did or would do, for people, for programs and as files.

use std::fmt::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::super::{Error, Kind};
use super::job;
use super::patch::patch;
use crate::campaign::names::Names;
use crate::campaign::status::FileProgress;
use crate::config::Config;
use crate::discover::Source;
use crate::ops::atomic;
use crate::report::recorder::Deed;
use crate::report::recorder::is_made_up;
use crate::report::texts::state_words;
use crate::rollout::{self, Base, FileState, Observed, Progress};
use crate::text::escape::shown_lines;
use crate::text::words::{count, short_id};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// What a report did or would do, and how far the campaign is then.
pub struct Shown<'a> {
    pub config: &'a Config,
    pub base: &'a Base,
    pub name: Option<String>,
    pub rehearses: bool,
    pub deeds: Vec<Deed>,
    pub progress: &'a Progress,
    pub observed: &'a Observed,
}

/// What `report --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Printed {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub campaign: String,
    /// The repository on the forge; null where none was asked.
    pub repository: Option<String>,
    /// The branch that pull requests are for.
    pub base: String,
    /// The commit that it is at.
    pub commit: String,
    /// Whether nothing was written: the actions are those that would be done.
    pub rehearsal: bool,
    /// The tracking issue; null where there is none.
    pub issue: Option<u64>,
    /// What was written, in its order.
    pub actions: Vec<Action>,
    /// The files of all waves.
    pub files: Vec<FileProgress>,
}

/// Something that was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// A branch was made or brought up to date.
    Branch {
        /// Its name.
        name: String,
        /// The commit; made up where nothing was written.
        commit: String,
        /// The files that it changes.
        files: Vec<String>,
    },
    /// A pull request was opened.
    OpenPull {
        /// Its number; null where nothing was written.
        number: Option<u64>,
        /// The branch that it is from.
        branch: String,
        /// The branch that it is for.
        base: String,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
        /// Whether it is a draft.
        draft: bool,
    },
    /// The text of a pull request was written.
    UpdatePull {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
    /// Labels were added to an issue or a pull request.
    AddLabels {
        /// Its number; null for one that would be opened.
        number: Option<u64>,
        /// The labels.
        labels: Vec<String>,
    },
    /// Reviews were asked for.
    RequestReview {
        /// The pull request; null for one that would be opened.
        number: Option<u64>,
        /// Who.
        reviewers: Vec<String>,
    },
    /// People were assigned.
    Assign {
        /// The issue or pull request; null for one that would be opened.
        number: Option<u64>,
        /// Who.
        assignees: Vec<String>,
    },
    /// The tracking issue was opened.
    OpenIssue {
        /// Its number; null where nothing was written.
        number: Option<u64>,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
    },
    /// The text of the tracking issue was written.
    UpdateIssue {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
}

/// Each thing that was written, in a line.
pub fn deeds(deeds: &[Deed]) -> Vec<String> {
    let number = |number: u64| if is_made_up(number) { "it".to_owned() } else { format!("#{number}") };
    let line = |deed: &Deed| match deed {
        Deed::Branch { name, commit, .. } => format!("branch {name} at {}", short_id(commit)),
        Deed::Pull { number: made, title, branch, .. } if is_made_up(*made) => {
            format!("pull request from {branch}: {title}")
        }
        Deed::Pull { number, title, .. } => format!("#{number} opened: {title}"),
        Deed::PullText { number, .. } => format!("#{number}: new text"),
        Deed::Labels { number: to, labels } => format!("{}: labels {}", number(*to), labels.join(", ")),
        Deed::Reviews { number: to, reviewers } => {
            format!("{}: review by {}", number(*to), reviewers.join(", "))
        }
        Deed::Assignees { number: to, assignees } => {
            format!("{}: assigned to {}", number(*to), assignees.join(", "))
        }
        Deed::Issue { number: made, title, .. } if is_made_up(*made) => format!("tracking issue: {title}"),
        Deed::Issue { number, title, .. } => format!("tracking issue #{number} opened: {title}"),
        Deed::IssueText { number, .. } => format!("tracking issue #{number}: new text"),
    };
    deeds.iter().map(line).collect()
}

fn real(number: u64) -> Option<u64> {
    Some(number).filter(|number| !is_made_up(*number))
}

impl Shown<'_> {
    /// For people; with all texts in full where `texts`.
    pub fn human(&self, texts: bool) -> String {
        let mut out = String::new();
        let would = if self.rehearses { "Nothing was written. This is what would be:\n" } else { "" };
        out.push_str(would);
        for (deed, line) in self.deeds.iter().zip(deeds(&self.deeds)) {
            let _ = writeln!(out, "  {}", shown_lines(&line));
            let text = match deed {
                Deed::Pull { body, .. }
                | Deed::PullText { body, .. }
                | Deed::Issue { body, .. }
                | Deed::IssueText { body, .. } => Some(body),
                _ => None,
            };
            for line in text.iter().filter(|_| texts).flat_map(|text| text.lines()) {
                let _ = writeln!(out, "    | {}", shown_lines(line));
            }
        }
        if self.deeds.is_empty() {
            out.push_str("  nothing: all is as it should be\n");
        }
        let done = self.progress.files.iter().filter(|file| file.state == FileState::Done).count();
        let _ = writeln!(out, "{done} of {} done", count(self.progress.files.len(), "file"));
        for file in self.progress.files.iter().filter(|file| file.state != FileState::Done) {
            let named = rollout::FileProgress {
                pull: file.pull.filter(|number| !is_made_up(*number)),
                ..file.clone()
            };
            let _ = writeln!(out, "  {}: {}", shown_lines(&file.path), shown_lines(&state_words(&named)));
        }
        if let Some(path) = &self.progress.contradicted {
            let _ = writeln!(
                out,
                "The verification of {} contradicts a proof: the campaign has stopped.",
                shown_lines(path)
            );
        }
        out
    }

    /// For programs.
    pub fn json(&self) -> Result<String, Error> {
        let printed = Printed {
            schema: SCHEMA,
            campaign: Names::new(&self.config.campaign.dir).campaign().to_owned(),
            repository: self.name.clone(),
            base: self.base.branch.clone(),
            commit: self.base.commit.clone(),
            rehearsal: self.rehearses,
            issue: self.observed.issue.as_ref().and_then(|issue| real(issue.number)),
            actions: self.deeds.iter().cloned().map(action).collect(),
            files: job::files(self.progress),
        };
        let json = serde_json::to_string_pretty(&printed);
        json.map(|json| json + "\n").map_err(|error| Error::new(Kind::Environment, error.to_string()))
    }

    /// Writes each branch as a patch and each text as a file, for other forges.
    pub fn write_to(&self, folder: &Path, source: &Source<'_>) -> Result<(), Error> {
        for deed in &self.deeds {
            match deed {
                Deed::Branch { name, message, texts, .. } => {
                    atomic::write(&folder.join(format!("{}.patch", file_name(name))), &patch(texts, source))?;
                    atomic::write(&folder.join(format!("{}.txt", file_name(name))), message.as_bytes())?;
                }
                Deed::Pull { branch, title, body, .. } => {
                    let text = format!("# {title}\n\n{body}");
                    atomic::write(&folder.join(format!("{}.md", file_name(branch))), text.as_bytes())?;
                }
                Deed::Issue { title, body, .. } => {
                    atomic::write(&folder.join("issue.md"), format!("# {title}\n\n{body}").as_bytes())?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The last part of a branch's name, which tells its file from all others.
fn file_name(branch: &str) -> &str {
    branch.rsplit('/').next().unwrap_or(branch)
}

fn action(deed: Deed) -> Action {
    match deed {
        Deed::Branch { name, commit, texts, .. } => {
            Action::Branch { name, commit, files: texts.into_iter().map(|(path, _)| path).collect() }
        }
        Deed::Pull { number, branch, base, title, body, draft } => {
            Action::OpenPull { number: real(number), branch, base, title, body, draft }
        }
        Deed::PullText { number, body } => Action::UpdatePull { number, body },
        Deed::Labels { number, labels } => Action::AddLabels { number: real(number), labels },
        Deed::Reviews { number, reviewers } => Action::RequestReview { number: real(number), reviewers },
        Deed::Assignees { number, assignees } => Action::Assign { number: real(number), assignees },
        Deed::Issue { number, title, body } => Action::OpenIssue { number: real(number), title, body },
        Deed::IssueText { number, body } => Action::UpdateIssue { number, body },
    }
}
