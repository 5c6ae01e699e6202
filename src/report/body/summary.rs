//! The first paragraph: what `--link` is and what changes.

use std::fmt::Write as _;

use super::{Parts, is_compared, sentence};
use crate::analysis::{Benefit, Verdict};
use crate::campaign::plan::file::Site;
use crate::campaign::progress::{FileState, OpenState};
use crate::dockerfile::TransferKind;
use crate::edit::header::Header;
use crate::text::markdown::{code, instruction};
use crate::text::words::{count, form, shortened};

/// Docker's description of the flag.
const DOCUMENTATION: &str = "https://docs.docker.com/reference/dockerfile/#copy---link";

/// Docker's description of the header.
const FRONTENDS: &str = "https://docs.docker.com/reference/dockerfile/#syntax";

/// The most lines with other changes that the first paragraph names.
const MOST_NAMED: usize = 5;

impl Parts<'_> {
    /// Returns the change, after a warning if the pull request should not be merged as it is.
    pub(super) fn summary(&self) -> String {
        let mut text = self.warning();
        text += &self.accepted();
        if self.is_unverified() {
            text.push_str(
                "**Not verified:** nothing was built. The image stays the same only if each statement under \"Not checked\" \
                 is true.\n\n",
            );
        }
        if let (true, Header::Insert { value }) = (self.file.edits_header_only(), &self.file.header) {
            let _ = write!(
                text,
                "Adds the first line {} to {}, and changes nothing else. The builder then fetches that [frontend]({FRONTENDS}) \
                 to read the file, so every builder reads it in the same way, whatever its own version.",
                code(&format!("# syntax={value}")),
                code(&self.file.path)
            );
            return text;
        }
        let lines = count(self.file.selected().count(), "line");
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "Adds [`--link`]({DOCUMENTATION}) to {lines} of {}. A linked COPY becomes a layer that does not depend on the \
             layers below it{}.",
            code(&self.file.path),
            if self.file.selected().any(|site| site.benefit == Benefit::Pays) {
                ", so a builder that has it in its cache reuses it when the base image or an earlier step changes, and it is \
                 not pushed again"
            } else {
                ""
            }
        );
        self.further(&mut text);
        text
    }

    /// Names the lines that change the image as the maintainers accept, and what each changes.
    fn accepted(&self) -> String {
        let changing: Vec<&Site> = self.file.selected().filter(|site| site.is_accepted()).collect();
        if changing.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "**{} the image,** as `layerwright.toml` accepts:\n",
            form(changing.len(), "1 line changes", "{} lines change")
                .replace("{}", &changing.len().to_string())
        );
        for site in changing.iter().take(MOST_NAMED) {
            for reason in &site.reasons {
                let _ = writeln!(text, "- line {}: {}", site.line, sentence(&reason.message));
            }
        }
        if changing.len() > MOST_NAMED {
            let _ = writeln!(text, "- and {} more, named below", changing.len() - MOST_NAMED);
        }
        text.push('\n');
        text
    }

    /// Returns true if the lines depend on assumptions, and no build was compared.
    fn is_unverified(&self) -> bool {
        let has_lines = !self.file.edits_header_only();
        has_lines && !self.file.is_proved() && !self.evidence.is_some_and(is_compared)
    }

    fn warning(&self) -> String {
        match self.state {
            FileState::Open(OpenState::OtherCommits) => {
                "**This branch has commits by other people and is not overwritten: the text below describes the change \
                 before these commits.**\n\n"
                    .to_owned()
            }
            FileState::Open(OpenState::Stale) => {
                "**The file has changed on the base branch since the plan. Do not merge this before the campaign is \
                 planned again.**\n\n"
                    .to_owned()
            }
            FileState::Open(OpenState::Held { why }) => {
                format!("**Do not merge this now:** {}\n\n", sentence(&why.to_string()))
            }
            _ => String::new(),
        }
    }

    /// Adds what else changes: the header, and lines with another keyword, destination or owner.
    fn further(&self, text: &mut String) {
        let mut items: Vec<String> = Vec::new();
        match &self.file.header {
            Header::Insert { value } => items.push(format!(
                "the first line is new: {}. This build then fetches that frontend, which knows `--link`",
                code(&format!("# syntax={value}"))
            )),
            Header::Raise { value } => items.push(format!(
                "the first line becomes {}. This build then fetches that frontend, which knows `--link`",
                code(&format!("# syntax={value}"))
            )),
            Header::Keep | Header::Foreign { .. } => {}
        }
        let changed: Vec<String> = self.file.selected().filter_map(change).collect();
        let others = changed.len().saturating_sub(MOST_NAMED);
        items.extend(changed.into_iter().take(MOST_NAMED));
        if others > 0 {
            items.push(format!(
                "{} more {} changed in the same way",
                others,
                if others == 1 { "line is" } else { "lines are" }
            ));
        }
        if !items.is_empty() {
            text.push_str("\n\nIt also changes:\n");
            for item in &items {
                text.extend(["- ", item, "\n"]);
            }
        }
    }
}

/// Returns the change of a line beside the flag; `None` if there is none.
fn change(site: &Site) -> Option<String> {
    let new = site.replacement.as_deref()?;
    let first = new.split_whitespace().find(|word| !word.eq_ignore_ascii_case("ONBUILD"))?;
    let is_copy = site.keyword == TransferKind::Add && first.eq_ignore_ascii_case("COPY");
    if site.verdict != Verdict::Edit && !is_copy {
        return None;
    }
    let why = match site.reasons.first().filter(|_| site.verdict == Verdict::Edit) {
        // The path that is written is where the link leads today.
        Some(reason) if reason.rule.as_str().starts_with("symlink") => format!(
            ": {}. If that link leads elsewhere one day, this line has to change with it",
            sentence(&reason.message)
        ),
        Some(reason) => format!(": {}", sentence(&reason.message)),
        None => ", because ADD does nothing else with these sources".to_owned(),
    };
    let old = instruction(&shortened(&site.as_read(), super::LONGEST));
    Some(format!("line {}: {old} becomes {}{why}", site.line, instruction(&shortened(new, super::LONGEST))))
}
