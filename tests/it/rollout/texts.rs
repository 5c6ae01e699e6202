//! Texts of pull requests and of the tracking issue, as simple as they can be.

use std::collections::BTreeSet;
use std::fmt::Write;

use layerwright::campaign::plan::file::File;
use layerwright::campaign::progress::{AskedAgain, FileProgress, FileState, IssueTexts, Progress, Texts};

const BEGIN: &str = "<!-- layerwright ";
const END: &str = "<!-- /layerwright -->";

/// What people write into the text of an issue that has no room for a section.
pub const CRAMPED: &str = "(no room)";

/// The section of such a text.
const IN_COMMENT: &str = "-->\nsee the comment\n";

/// `pretends` is a planted mistake: that people ask for what was declined or reverted.
pub struct Simple {
    pub pretends: Option<&'static str>,
}

/// What stands before, between and behind the markers.
pub fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(BEGIN)?;
    let end = text[begin..].find(END)? + begin;
    Some((&text[..begin], &text[begin..end], &text[end + END.len()..]))
}

fn with_section(now: &str, section: &str) -> String {
    match parts(now) {
        Some((before, _, behind)) => format!("{before}{BEGIN}{section}{END}{behind}"),
        None => format!("{now}{BEGIN}{section}{END}"),
    }
}

/// The lines to tick in the text of an issue: path, pull request and whether it is ticked.
pub fn ticks(text: &str) -> Vec<(String, u64, bool)> {
    let section = parts(text).map_or("", |(_, section, _)| section);
    let tick = |line: &str| {
        let (is_ticked, rest) = match line.strip_prefix("- [x] ") {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix("- [ ] ")?),
        };
        let (path, pull) = rest.split_once(" #")?;
        Some((path.to_owned(), pull.parse().ok()?, is_ticked))
    };
    section.lines().filter_map(tick).collect()
}

impl Texts for Simple {
    fn pull_title(&self, file: &File) -> String {
        file.path.clone()
    }

    fn pull_body(&self, file: &File, progress: &FileProgress, commit: &str, now: &str) -> String {
        let text = file.rewritten.as_deref().unwrap_or_default();
        with_section(now, &format!("{commit} {text} -->\n{:?}\n", progress.state))
    }

    fn issue_title(&self) -> String {
        "COPY --link".into()
    }

    fn issue(&self, progress: &Progress, now: IssueTexts<&str>) -> IssueTexts<String> {
        let IssueTexts { body, comment } = now;
        let mut ticked = ticks(body);
        ticked.extend(ticks(comment.unwrap_or_default()));
        let mut section = "-->\n".to_owned();
        for file in &progress.files {
            let pull = file.pull.unwrap_or_default();
            writeln!(section, "{} {:?} {pull}", file.path, file.state).unwrap();
        }
        for file in &progress.files {
            let (FileState::Declined { .. } | FileState::Reverted { .. } | FileState::Partly) = file.state
            else {
                continue;
            };
            let line = (file.path.clone(), file.pull.unwrap_or_default());
            let is_ticked =
                ticked.iter().any(|(path, pull, is)| (path, *pull, *is) == (&line.0, line.1, true));
            let mark = if is_ticked { 'x' } else { ' ' };
            writeln!(section, "- [{mark}] {} #{}", line.0, line.1).unwrap();
        }
        if body.contains(CRAMPED) {
            let comment = with_section(comment.unwrap_or_default(), &section);
            return IssueTexts { body: with_section(body, IN_COMMENT), comment: Some(comment) };
        }
        let comment = comment.map(|comment| with_section(comment, "-->\nsee the issue\n"));
        IssueTexts { body: with_section(body, &section), comment }
    }

    fn may_have_comment(&self, issue_body: &str) -> bool {
        issue_body.contains(CRAMPED) || issue_body.contains(IN_COMMENT)
    }

    fn has_section(&self, text: &str) -> bool {
        parts(text).is_some()
    }

    fn asked_again(&self, text: &str) -> BTreeSet<AskedAgain> {
        let lines = text.lines();
        let pretended = |(path, _, _): &(String, u64, bool)| {
            let state = |what: &str| lines.clone().any(|line| line.starts_with(&format!("{path} {what}")));
            self.pretends.is_some_and(state)
        };
        let asked = ticks(text).into_iter().filter(|line| line.2 || pretended(line));
        asked.map(|(path, pull, _)| AskedAgain { path, pull }).collect()
    }
}
