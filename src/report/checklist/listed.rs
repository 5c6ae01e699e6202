//! The lines of people that get a box and a state: those that list a file, and the items of a testing plan or of success
//! criteria.

use std::collections::{BTreeMap, BTreeSet};

use super::item::Item;
use super::subjects::{Heading, asks_for_builds, is_beyond_data, subject_of};
use super::{ASK, Facts, QUIET, again, rank, state};
use crate::campaign::progress::{AskedAgain, FileProgress, FileState};
use crate::discover::path_in_line;
use crate::report::criteria::Subject;
use crate::report::section;
use crate::text::cut;
use crate::text::markdown::{in_code, prose};

/// The lines of listed files that get their state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum States {
    All,
    OfProblems,
    None,
}

/// The text of people with boxes and states.
pub(super) struct Marked<'f> {
    pub(super) text: String,
    /// The files that it lists.
    pub(super) listed: BTreeSet<&'f str>,
    /// Those whose line can be ticked to try them again.
    pub(super) askable: BTreeSet<&'f str>,
    /// The criteria that it has as items.
    pub(super) subjects: BTreeSet<Subject>,
}

/// Returns the text with a box and a state in each line that has one.
pub(super) fn marked<'f>(
    now: &str,
    facts: Facts<'f>,
    asked: &BTreeSet<AskedAgain>,
    states: States,
) -> Marked<'f> {
    let files = facts.progress.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let own = section::find(now);
    let mut out = Marked {
        text: String::new(),
        listed: BTreeSet::new(),
        askable: BTreeSet::new(),
        subjects: BTreeSet::new(),
    };
    let lines = Lines { facts, files, asked, states };
    let (mut at, mut fence, mut heading) = (0, None, Heading::default());
    for (range, line) in section::lines(now) {
        out.text.push_str(cut::between(now, at..range.start));
        at = range.end;
        let is_own = own.as_ref().is_some_and(|own| own.contains(&range.start));
        let is_code = !is_own && in_code(&mut fence, line);
        if !is_own && !is_code {
            heading.read(line);
        }
        let new = if is_own || is_code { None } else { lines.mark(line, heading, &mut out) };
        out.text.push_str(new.as_deref().unwrap_or(line));
    }
    out.text.push_str(cut::from(now, at));
    out
}

/// The facts about the lines.
struct Lines<'f, 'a> {
    facts: Facts<'f>,
    files: BTreeMap<&'f str, &'f FileProgress>,
    asked: &'a BTreeSet<AskedAgain>,
    states: States,
}

impl<'f> Lines<'f, '_> {
    /// Returns a line with its box and state; `None` if it has none.
    fn mark(&self, line: &str, heading: Heading, out: &mut Marked<'f>) -> Option<String> {
        let item = Item::read(line);
        let idle = &self.facts.idle;
        let is_known = |path: &str| self.files.contains_key(path) || idle.contains_key(path);
        if let Some(path) = listed_path(&item, &is_known) {
            if let Some(file) = self.files.get(path.as_str()).copied() {
                return Some(self.of_file(&item, file, out));
            }
            if let Some((path, idle)) = idle.get_key_value(path.as_str()) {
                out.listed.insert(path);
                let state = (self.states == States::All).then(|| prose(&idle.words));
                return Some(item.with(false, state.as_deref()));
            }
        }
        if heading.has_criteria() && item.has_bullet { self.of_criterion(&item, out) } else { None }
    }

    fn of_file(&self, item: &Item<'_>, file: &'f FileProgress, out: &mut Marked<'f>) -> String {
        out.listed.insert(&file.path);
        let has_state = match self.states {
            States::All => true,
            States::OfProblems => rank(&file.state) < QUIET,
            States::None => false,
        };
        let Some((pull, ticked)) = again(file, self.asked).filter(|_| has_state) else {
            let state = has_state.then(|| state(file));
            return item.with(file.state == FileState::Done, state.as_deref());
        };
        out.askable.insert(&file.path);
        let words = state(file);
        let words = if words.starts_with('#') { words } else { format!("#{pull} asked again, {words}") };
        item.with(ticked, Some(&format!("{words}: {ASK}")))
    }

    /// Returns an item with what data say about it. Only people can tick what no data answer.
    fn of_criterion(&self, item: &Item<'_>, out: &mut Marked<'f>) -> Option<String> {
        let subject = subject_of(item.text)?;
        let has_state = self.states == States::All;
        let Some(criterion) = self.facts.criteria.iter().find(|criterion| criterion.subject == subject)
        else {
            let words = "no command is given in `[build] smoke`: a person ticks this";
            return Some(item.with(item.is_ticked, has_state.then_some(words)));
        };
        let mut words = prose(&criterion.detail);
        if is_beyond_data(item.text) || criterion.by_proof && asks_for_builds(item.text) {
            words += ": a person ticks this";
            return Some(item.with(item.is_ticked, has_state.then_some(words.as_str())));
        }
        out.subjects.insert(subject);
        // The data said the same before, so a person took the tick away.
        let is_taken_away = !item.is_ticked && item.says(&words);
        let met = criterion.met.map_or(item.is_ticked, |met| met && !is_taken_away);
        Some(item.with(met, has_state.then_some(words.as_str())))
    }
}

/// Returns the path that a line lists: it begins with the path or a link to it, or has nothing else.
fn listed_path(item: &Item<'_>, is_known: &dyn Fn(&str) -> bool) -> Option<String> {
    let path = path_in_line(item.text, is_known)?;
    let around = |c: char| matches!(c, '`' | '*' | '_' | '~' | '[' | ']' | '(' | ')' | '<' | '>');
    let bare = item.text.trim_start_matches(around).trim_start_matches("./");
    let starts = bare.starts_with(&path) || item.text.starts_with('[') || bare.starts_with("http");
    // Prose may also contain a path; then only a path that stands alone is an entry.
    let alone = item.text.trim_matches(around).trim_start_matches("./") == path;
    (alone || starts && item.has_bullet).then_some(path)
}
