//! The lines of the change with their reasons, what was not checked, and the lines that are not edited.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::compared::is_at_the_line;
use super::{LONGEST, Parts, is_compared, listed, sentence};
use crate::analysis::Verdict;
use crate::campaign::evidence::{Outcome, Reached};
use crate::campaign::plan::file::{Assumption, Site};
use crate::edit::header::Header;
use crate::text::command;
use crate::text::markdown::{code, instruction};
use crate::text::words::shortened;

/// The reason why `--link` can change an image at all.
const MODEL: &str = "A linked copy is made in an empty filesystem and merged into the image. It equals the plain copy unless a \
                     symlink, a mode or an owner of the layers below takes part.";

impl Parts<'_> {
    /// Returns the edited lines, each with the reason why it is safe.
    pub(super) fn lines(&self, most: usize) -> String {
        let of = |site: &Site| {
            let text = instruction(&shortened_head(site.replacement.as_deref().unwrap_or_default()));
            let mut text = format!("- line {}: {text}: {}\n", site.line, self.standing(site));
            for reason in &site.reasons {
                let (why, rule) = (sentence(&reason.message), code(reason.rule.as_str()));
                let _ = writeln!(text, "  - {why} (rule {rule})");
            }
            text
        };
        if self.file.edits_header_only() {
            return String::new();
        }
        let title = match self.file.header {
            Header::Insert { .. } => format!("**Lines,** as they are numbered before the change. {MODEL}\n"),
            _ => format!("**Lines.** {MODEL}\n"),
        };
        listed(&title, &self.file.selected().map(of).collect::<Vec<_>>(), "more lines", most)
    }

    /// Returns how well it is known that a line does not change the image.
    fn standing(&self, site: &Site) -> &'static str {
        match site.proved {
            _ if site.is_accepted() => "the image changes, as `layerwright.toml` accepts",
            Some(true) if site.verdict == Verdict::Edit => {
                "proved: as changed, no symlink, mode or owner below takes part"
            }
            Some(true) => "proved, no symlink, mode or owner below takes part",
            _ if self.is_compared(site.line) => "compared in the builds above",
            _ => "assumed, see \"Not checked\"",
        }
    }

    /// Returns true if builds with equal images executed a line.
    fn is_compared(&self, line: usize) -> bool {
        let builds = self.evidence.iter().filter(|evidence| evidence.outcome == Outcome::Same);
        let mut sites = builds.flat_map(|evidence| &evidence.builds).flat_map(|build| &build.sites);
        sites.any(|site| site.line == line && site.reached != Reached::NotExercised)
    }

    /// Returns the unchecked facts: assumptions, and lines that no build executed.
    pub(super) fn unchecked(&self, most: usize) -> String {
        let mut open = BTreeSet::new();
        let at_the_line = self.evidence.is_some_and(is_at_the_line);
        for site in self.file.selected() {
            let is_compared = self.is_compared(site.line);
            let is_open =
                |assumption: &&Assumption| !is_compared || (at_the_line && assumption.is_beyond_the_line());
            for assumption in site.assumptions.iter().filter(is_open) {
                open.insert(format!("- {}\n", sentence(&assumption.message)));
            }
            if !is_compared && self.evidence.is_some_and(|evidence| evidence.outcome == Outcome::Same) {
                open.insert(format!("- line {}: no build executed it\n", site.line));
            }
        }
        let compared = self.evidence.filter(|evidence| is_compared(evidence));
        for build in compared.iter().flat_map(|evidence| &evidence.builds) {
            let assumptions = build.open_assumptions(self.file);
            open.extend(assumptions.map(|assumption| format!("- {}\n", sentence(assumption))));
        }
        if compared.is_some() && !self.is_signed {
            open.insert("- who measured it: the evidence has no signature that was checked\n".to_owned());
        }
        listed("**Not checked:**", &open.into_iter().collect::<Vec<_>>(), "more", most)
    }

    /// Returns the lines that are not edited, with the reasons.
    pub(super) fn left(&self, most: usize) -> String {
        let left = self.file.sites.iter().filter(|site| !site.selected && site.verdict != Verdict::Linked);
        let of = |site: &Site| {
            let why = match site.reasons.first() {
                Some(reason) => {
                    let explain = command::layerwright(["explain", reason.rule.as_str()]);
                    format!("{} ({})", sentence(&reason.message), code(&explain))
                }
                None => match site.verdict {
                    Verdict::Link | Verdict::Edit => "safe, no gain".to_owned(),
                    Verdict::NoEffect => "no effect: the builder ignores the flag".to_owned(),
                    Verdict::OptedOut => "it has `--link=false`".to_owned(),
                    Verdict::Hold => "unsafe: the image would change".to_owned(),
                    Verdict::Unknown | Verdict::Linked => "unknown".to_owned(),
                },
            };
            let text = instruction(&shortened_head(&site.as_read()));
            format!("- line {}: {text}: {why}\n", site.line)
        };
        listed("**Not edited:**", &left.map(of).collect::<Vec<_>>(), "more lines", most)
    }
}

/// Returns an instruction whose first line is not too long.
fn shortened_head(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if rest.is_empty() { shortened(first, LONGEST) } else { format!("{}\n{rest}", shortened(first, LONGEST)) }
}
