//! The text of the tracking issue. Each line that lists a file of the campaign gets a box and the state of the file, and each
//! item of a testing plan or of success criteria that data answer gets theirs; the campaign's own section has the rest. All
//! other text never changes, byte for byte.

mod content;
mod item;
mod listed;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};

use super::criteria::Criterion;
use super::limits;
use super::section;
use crate::campaign::progress::{
    AskedAgain, FileProgress, FileState, IssueTexts, OpenState, Progress, Step, state_words,
};
use crate::discover::path_in_line;
use crate::report::recorder::is_made_up;
use crate::text::cut;
use crate::text::markdown::{code, plain};

use content::Content;
use item::Item;
use listed::{Marked, States, marked};

/// The heading above the files that may be tried again.
const AGAIN: &str = "### Declined or reverted: tick to try again";

/// The end of the state of a listed file that may be tried again.
const ASK: &str = "tick to try again";

/// The text of a new issue before the campaign's section. It belongs to people from then on.
const INTRODUCTION: &str = "\
This issue follows the migration of the Dockerfiles of this repository to \
[`COPY --link`](https://docs.docker.com/reference/dockerfile/#copy---link).

**Why:** a linked COPY becomes a layer that does not depend on the layers below it. When a base image or an earlier step \
changes, builders and registries reuse it instead of copying and pushing it again.

**How it goes:** each Dockerfile gets a pull request of its own. Wave 0 is a proof of concept with one file; each wave starts \
when the one before is merged. Before a pull request is opened, its lines are proved not to change the image, or they are built \
before and after the change and compared. Lines that would change an image stay as they are, unless the maintainers accept the \
change. The text of each pull request says which of these holds, and what nothing has proved or compared.

**What reviewers do:** read the diff and the text of the pull request, then merge or close it. A closed pull request is not \
opened again, unless a person with write access ticks its line below.

**How to stop:** close a pull request to leave its file out. `[[files.skip]]` in `layerwright.toml` leaves a file out \
permanently. To stop everything, stop running `layerwright report`.
";

/// The campaign's section of a text that has no room for it.
const IN_COMMENT: &str =
    "The progress of the campaign is in a comment below: this text has no room for it.\n";

/// The campaign's section of a comment that is not needed any more.
const ELSEWHERE: &str = "The progress of the campaign is in the text of the issue.\n";

/// An upper bound of the least length of the section, in characters.
const LARGEST_LEAST: usize = 16_000;

/// The facts that the text shows.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The progress of the campaign.
    pub(crate) progress: &'a Progress,
    /// The success criteria.
    pub(crate) criteria: &'a [Criterion],
    /// The next step.
    pub(crate) step: &'a Step,
    /// The files that are in no wave, by path.
    pub(crate) idle: &'a BTreeMap<String, Idle>,
}

/// A file that is in no wave.
#[derive(Clone, Debug)]
pub(crate) struct Idle {
    /// True if it is left out: by people, or because it is generated.
    pub(crate) is_left_out: bool,
    /// The reason: nothing to link, left out, or gone.
    pub(crate) words: String,
}

/// Returns the texts with the present state; `now` are the existing ones, empty for a new issue. They fit the limit of
/// GitHub: where files are many, those that need no attention lose their states, then their lines. If what people wrote
/// leaves no room for the campaign's section, it goes into a comment, and if not even a pointer to that has room, the text
/// of the issue stays.
pub(crate) fn texts(now: IssueTexts<&str>, facts: Facts<'_>) -> IssueTexts<String> {
    let people = if now.body.is_empty() { INTRODUCTION } else { now.body };
    let paths = || facts.progress.files.iter().map(|file| file.path.as_str());
    let comment = now.comment.unwrap_or_default();
    let mut asked = asked_again(people, paths());
    asked.extend(asked_again(comment, paths()));
    let own = |text: &'_ str| section::find(text).map_or("", |place| cut::between(text, place)).to_owned();
    let fits = |text: &str| limits::length(text) <= limits::BODY - limits::FREE;
    let (in_body, in_comment) = (own(people), own(comment));
    for states in [States::All, States::OfProblems, States::None] {
        let marked = marked(people, facts, &asked, states);
        let body = marked.with_section(&marked.text, facts, &in_body, &asked);
        if fits(&body) {
            let comment = now.comment.map(|comment| section::put(comment, &section::marked(&[], ELSEWHERE)));
            return IssueTexts { body, comment };
        }
    }
    let marked = marked(people, facts, &asked, States::None);
    let body = section::put(&marked.text, &section::marked(&[], IN_COMMENT));
    let body = if limits::length(&body) <= limits::BODY { body } else { now.body.to_owned() };
    let written = marked.with_section(comment, facts, &in_comment, &asked);
    // What people wrote into the comment leaves no room, either.
    let comment = if fits(&written) { written } else { comment.to_owned() };
    IssueTexts { body, comment: Some(comment) }
}

/// Returns true if an issue with this text may need a comment, or has one.
pub(crate) fn may_have_comment(body: &str) -> bool {
    let without = section::put(body, &section::marked(&[], IN_COMMENT));
    without == body || limits::length(&without) > limits::BODY - limits::FREE - LARGEST_LEAST
}

impl Marked<'_> {
    /// Returns a text with the campaign's section, as long as it may be.
    fn with_section(&self, text: &str, facts: Facts<'_>, own: &str, asked: &BTreeSet<AskedAgain>) -> String {
        let Self { listed, askable, subjects, .. } = self;
        let around = limits::length(&section::put(text, &section::marked(&[], "")));
        let room = (limits::BODY - limits::FREE).saturating_sub(around);
        let content = Content { facts, own, listed, askable, subjects, asked };
        section::put(text, &section::marked(&[], &content.text(room)))
    }
}

/// Returns the named files that are ticked to be tried again: in the campaign's section, or in a line that lists the file.
pub(crate) fn asked_again<'a>(text: &str, files: impl Iterator<Item = &'a str>) -> BTreeSet<AskedAgain> {
    let by_code: BTreeMap<String, &str> = files.map(|path| (code(path), path)).collect();
    let paths: BTreeSet<&str> = by_code.values().copied().collect();
    let own = section::find(text);
    let mut asked: BTreeSet<AskedAgain> = section::lines(text)
        .filter(|(range, _)| own.as_ref().is_none_or(|own| !own.contains(&range.start)))
        .filter_map(|(_, line)| asked_in_line(line, &paths))
        .collect();
    let Some(place) = own else { return asked };
    let lines = section::lines(cut::between(text, place.clone())).map(|(_, line)| line);
    let ticked =
        lines.skip_while(|line| line.trim() != AGAIN).skip(1).take_while(|line| !line.starts_with('#'));
    let asked_for = |shown: &str, rest: &str| {
        let (pull, _) = cut::digits(rest);
        let path = (*by_code.get(shown)?).to_owned();
        Some(AskedAgain { path, pull: pull.parse().ok()? })
    };
    asked.extend(ticked.filter_map(|line| {
        let (shown, rest) = ticked_text(line)?.rsplit_once(" #")?;
        asked_for(shown, rest)
    }));
    // The line with its state in the list of all files.
    let lines = section::lines(cut::between(text, place)).map(|(_, line)| line);
    asked.extend(lines.filter_map(|line| {
        let (shown, rest) = ticked_text(line)?.split_once(" \u{2013} #")?;
        let (_, state) = cut::digits(rest);
        let is_against = ["declined", "reverted"].iter().any(|word| state.trim_start().starts_with(word));
        asked_for(shown, rest).filter(|_| is_against)
    }));
    asked
}

/// Returns the text of a line whose box is ticked.
fn ticked_text(line: &str) -> Option<&str> {
    ["- [x] ", "- [X] "].iter().find_map(|box_| line.trim().strip_prefix(box_))
}

/// Returns the file that a ticked line asks for. Its state says that a tick asks, and for which pull request.
fn asked_in_line(line: &str, paths: &BTreeSet<&str>) -> Option<AskedAgain> {
    let item = Item::read(line);
    let state = item.state.filter(|state| item.is_ticked && state.ends_with(ASK))?;
    let (pull, _) = cut::digits(state.split_once('#')?.1);
    let path = path_in_line(item.text, &|path| paths.contains(path))?;
    (paths.contains(path.as_str())).then_some(AskedAgain { path, pull: pull.parse().ok()? })
}

/// The first rank of files that need no attention.
const QUIET: u8 = 2;

/// Returns the rank of a state in a list that cannot hold all: problems, open files, then the rest.
fn rank(state: &FileState) -> u8 {
    match state {
        FileState::Open(OpenState::Current) | FileState::Merged => 1,
        FileState::Ready | FileState::Held { .. } => QUIET,
        FileState::Done => 3,
        FileState::Open(_)
        | FileState::Declined { .. }
        | FileState::Reverted { .. }
        | FileState::Partly
        | FileState::Stale
        | FileState::Gone
        | FileState::OtherCommits => 0,
    }
}

/// Returns the state of a file, in a few words of Markdown. The placeholder of a rehearsal is left out.
fn state(file: &FileProgress) -> String {
    let real = FileProgress { pull: file.pull.filter(|number| !is_made_up(*number)), ..file.clone() };
    state_words(&real, &plain)
}

/// Returns the pull request of a file that may be tried again, and true if that was asked for. The tick stays until it is
/// answered.
fn again(file: &FileProgress, asked: &BTreeSet<AskedAgain>) -> Option<(u64, bool)> {
    let pull = file.pull?;
    let ticked = asked.contains(&AskedAgain { path: file.path.clone(), pull });
    let listed = match file.state {
        FileState::Declined { .. } | FileState::Reverted { .. } | FileState::Partly => true,
        FileState::Stale
        | FileState::Gone
        | FileState::Held { .. }
        | FileState::OtherCommits
        | FileState::Ready => ticked,
        FileState::Done | FileState::Merged | FileState::Open(_) => false,
    };
    listed.then_some((pull, ticked))
}

#[cfg(test)]
mod tests;
