//! The items of a testing plan or of success criteria that people wrote, and the criteria that answer them.

use crate::report::criteria::Subject;

/// The headings below which items are criteria.
const HEADINGS: [&str; 6] = [
    "testing plan",
    "test plan",
    "success criteria",
    "acceptance criteria",
    "criteria",
    "definition of done",
];

/// The words of an item, in lower case, and its subject: the first row with one of its words counts.
const WORDS: [(&[&str], Subject); 9] = [
    (&["proof of concept", "proof-of-concept", "pilot"], Subject::ProofOfConcept),
    (&["header", "# syntax", "syntax directive"], Subject::Headers),
    (&["cache", "build time", "build speed", "performance", "rebuild"], Subject::Cache),
    (&["roll out", "rollout", "roll-out", "remaining", "all dockerfiles", "all tasks"], Subject::Rollout),
    (&["platform"], Subject::Platforms),
    (&["runtime", "behavior", "behaviour", "smoke", "functional"], Subject::Smoke),
    (&["buildkit", "ci/cd", "workflow", "pipeline", "builder"], Subject::Builders),
    (
        &[
            "identical",
            "same image",
            "images stay",
            "images are",
            "no image",
            "file contents",
            "contents, ",
            "modes are the same",
            "still build",
            "images build",
            "before and after",
        ],
        Subject::Images,
    ),
    (&["--link"], Subject::Lines),
];

/// The words, in lower case, of an item that asks for what no data answer: a measure, a machine, people.
const BEYOND: [&str; 27] = [
    "%",
    "percent",
    "second",
    "minute",
    "hour",
    " mb",
    " gb",
    "faster",
    "macos",
    "mac os",
    "windows",
    "gitlab",
    "jenkins",
    "circleci",
    "azure",
    "runners",
    "production",
    "staging",
    "deploy",
    "approv",
    "agree",
    "sign off",
    "sign-off",
    "signed off",
    "team",
    "review",
    "announce",
];

/// Returns true if an item asks for something that no data answer: people tick it.
pub(super) fn is_beyond_data(text: &str) -> bool {
    let text = text.to_lowercase();
    BEYOND.iter().any(|words| text.contains(words))
}

/// Returns true if an item asks for builds, which no proof stands for.
pub(super) fn asks_for_builds(text: &str) -> bool {
    text.to_lowercase().contains("build")
}

/// The part of the text that a line is in.
#[derive(Clone, Copy, Default)]
pub(super) struct Heading {
    has_criteria: bool,
}

impl Heading {
    /// Reads a line, which may be a heading: of Markdown, or a line that is only the words of one.
    pub(super) fn read(&mut self, line: &str) {
        let words = line.trim().trim_matches(['#', '*', '_', ':', ' ']).to_lowercase();
        if HEADINGS.contains(&words.as_str()) {
            self.has_criteria = true;
        } else if line.starts_with('#') {
            self.has_criteria = false;
        }
    }

    /// Returns true if items here are criteria.
    pub(super) fn has_criteria(self) -> bool {
        self.has_criteria
    }
}

/// Returns the subject of an item; `None` if it is about something else.
pub(super) fn subject_of(text: &str) -> Option<Subject> {
    let text = text.to_lowercase();
    WORDS.iter().find(|(words, _)| words.iter().any(|word| text.contains(word))).map(|(_, subject)| *subject)
}
