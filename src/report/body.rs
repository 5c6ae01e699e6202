//! The text of a file's pull request: the change, the comparison of the images, the gain, and how to check it, undo it
//! and stop the bot. It never contains unescaped text of the repository, and skips no workflow as the message of a commit.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::template::{Template, Variable};
use crate::analysis::{Benefit, Verdict};
use crate::campaign::evidence::{
    BuildEvidence, BuildFigures, CacheFigures, Cause, Evidence, Outcome, Pair, Reached,
};
use crate::campaign::plan::file::{File, Site};
use crate::campaign::progress::{FileState, OpenState};
use crate::edit::header::Header;
use crate::text::figures::{bytes, duration};
use crate::text::markdown::{code, instruction, prose, without_skips};
use crate::text::words::{count, form};

/// The maximum number of entries of a list that are visible without a click.
const MOST_SEEN: usize = 8;

/// The input of a text.
pub(crate) struct Parts<'a> {
    /// The file of the plan.
    pub(crate) file: &'a File,
    /// The state of the file.
    pub(crate) state: &'a FileState,
    /// The result of a verification.
    pub(crate) evidence: Option<&'a Evidence>,
    /// True if that has a valid signature.
    pub(crate) is_signed: bool,
    /// The path of its evidence in the repository.
    pub(crate) evidence_file: &'a str,
}

impl Parts<'_> {
    /// Returns the text, by a template.
    pub(crate) fn text(&self, template: &Template) -> String {
        let filled = template.fill(|variable| without_skips(&self.value(variable)));
        let mut text = String::new();
        // An empty variable leaves no blank lines.
        let mut empty = true;
        for line in filled.lines().map(str::trim_end) {
            if !(line.is_empty() && empty) {
                text.push_str(line);
                text.push('\n');
            }
            empty = line.is_empty();
        }
        text.trim_end().to_owned() + "\n"
    }

    fn value(&self, variable: Variable) -> String {
        match variable {
            Variable::Path => code(&self.file.path),
            Variable::Count => count(self.file.selected().count(), "line"),
            Variable::Wave => self.file.wave.map_or_else(|| "none".to_owned(), |wave| wave.to_string()),
            Variable::Summary => self.summary(),
            Variable::Images => self.images(),
            Variable::Gain => self.gain(),
            Variable::Lines => self.lines(),
            Variable::Unchecked => self.unchecked(),
            Variable::Left => self.left(),
            Variable::Check => self.check(),
            Variable::Undo => self.undo(),
            Variable::Stop => STOP.to_owned(),
        }
    }

    fn summary(&self) -> String {
        let mut text = match self.state {
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
                format!("**Do not merge this now:** {}\n\n", prose(&why.to_string()))
            }
            _ => String::new(),
        };
        let lines = count(self.file.selected().count(), "line");
        let _ = write!(text, "Adds `--link` to {lines} of {}", code(&self.file.path));
        text.push_str(match &self.file.header {
            Header::Insert { .. } | Header::Raise { .. } => ", and adds the header that it needs",
            Header::Keep | Header::Foreign { .. } => "",
        });
        text.push('.');
        if let Header::Insert { value } | Header::Raise { value } = &self.file.header {
            let _ = write!(text, " This build then fetches {}.", code(value));
        }
        text
    }

    /// Returns the result for the images (identical, not built or different), with the builder and the date.
    fn images(&self) -> String {
        let Some(evidence) = self.evidence else {
            return format!("**Images:** not built. {}", self.proof());
        };
        let built = || {
            let of = |part: fn(&BuildEvidence) -> String| -> BTreeSet<String> {
                evidence.builds.iter().map(part).collect()
            };
            let list =
                |names: BTreeSet<String>| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
            let builders = of(|build| {
                let buildkit =
                    build.builder.buildkit.as_ref().map(|version| format!(" (BuildKit {version})"));
                format!("{}{}", build.builder.driver, buildkit.unwrap_or_default())
            });
            let targets = of(|build| build.target.clone().unwrap_or_else(|| "the last stage".to_owned()));
            format!(
                "builder {}, platform {}, target {}, {}",
                list(builders),
                list(of(|build| build.platform.clone())),
                list(targets),
                code(evidence.figures.began.split('T').next().unwrap_or_default())
            )
        };
        let reason = || prose(evidence.reason.as_deref().unwrap_or("no reason was given"));
        match evidence.outcome {
            Outcome::Same => format!("**Images:** identical, {}.{}", built(), noise(evidence)),
            Outcome::CouldNotTest => {
                format!("**Images:** could not test: {}. {}", reason(), self.proof())
            }
            Outcome::TimedOut => format!("**Images:** not built: timed out, {}. {}", reason(), self.proof()),
            Outcome::Blocked => {
                format!(
                    "**Images:** not built: the original file does not build, {}. {}",
                    reason(),
                    self.proof()
                )
            }
            Outcome::Different => {
                format!("**Images:** {}; {}.\n{}", different(evidence), built(), differences(evidence))
            }
        }
    }

    fn proof(&self) -> &'static str {
        if self.file.selected().all(|site| site.proved == Some(true)) {
            "Each line is proved not to change the image."
        } else {
            "The lines depend on the assumptions below, which are not checked."
        }
    }

    fn gain(&self) -> String {
        let mut out = Vec::new();
        for (at, build) in self.evidence.iter().flat_map(|evidence| evidence.builds.iter().enumerate()) {
            let times = self.evidence.and_then(|evidence| evidence.figures.builds.get(at));
            out.extend(build.cache.as_ref().map(|cache| measured(cache, times)));
        }
        if out.is_empty() {
            let pays = self.file.selected().filter(|site| site.benefit == Benefit::Pays).count();
            let layers = match pays {
                0 => "layers that do not depend on earlier steps".to_owned(),
                1 => "this layer is reused when the base image or an earlier step changes".to_owned(),
                _ => {
                    format!("these {pays} layers are reused when the base image or an earlier step changes")
                }
            };
            return format!("**What you gain:** {layers}. Not measured.");
        }
        out.dedup();
        format!("**What you gain:**\n{}", out.concat().trim_end())
    }

    fn lines(&self) -> String {
        let of = |site: &Site| {
            let mut text = format!(
                "- line {}: {} – {}\n",
                site.line,
                instruction(site.replacement.as_deref().unwrap_or_default()),
                match site.proved {
                    Some(true) => "proved",
                    _ => "assumed",
                }
            );
            for reason in &site.reasons {
                let _ = writeln!(text, "  - {}: {}", code(reason.rule.as_str()), prose(&reason.message));
            }
            text
        };
        listed("**Lines:**", &self.file.selected().map(of).collect::<Vec<_>>(), "more lines")
    }

    /// Returns the unchecked facts: assumptions, and lines that no build executed.
    fn unchecked(&self) -> String {
        let mut open = BTreeSet::new();
        let reached = |line: usize| {
            let builds = self.evidence.iter().filter(|evidence| evidence.outcome == Outcome::Same);
            let mut sites = builds.flat_map(|evidence| &evidence.builds).flat_map(|build| &build.sites);
            sites.any(|site| site.line == line && site.reached != Reached::NotExercised)
        };
        for site in self.file.selected().filter(|site| !reached(site.line)) {
            for assumption in &site.assumptions {
                open.insert(format!("- {}\n", prose(&assumption.message)));
            }
            if self.evidence.is_some_and(|evidence| evidence.outcome == Outcome::Same) {
                open.insert(format!("- line {}: no build executed it\n", site.line));
            }
        }
        for build in self.evidence.iter().flat_map(|evidence| &evidence.builds) {
            open.extend(build.assumptions.iter().map(|assumption| format!("- {}\n", prose(assumption))));
        }
        if self.evidence.is_some() && !self.is_signed {
            open.insert("- who made the evidence: it has no signature that was checked\n".to_owned());
        }
        listed("**Not checked:**", &open.into_iter().collect::<Vec<_>>(), "more")
    }

    /// Returns the lines that are not edited, with the reasons.
    fn left(&self) -> String {
        let left = self.file.sites.iter().filter(|site| !site.selected && site.verdict != Verdict::Linked);
        let of = |site: &Site| {
            let why = match site.reasons.first() {
                Some(reason) => prose(&reason.message),
                None => match site.verdict {
                    Verdict::Link | Verdict::Edit => "safe, no gain".to_owned(),
                    Verdict::NoEffect => "no effect: the builder ignores the flag".to_owned(),
                    Verdict::OptedOut => "it has `--link=false`".to_owned(),
                    Verdict::Hold => "unsafe: the image would change".to_owned(),
                    Verdict::Unknown | Verdict::Linked => "unknown".to_owned(),
                },
            };
            format!("- line {}: {why}\n", site.line)
        };
        listed("**Not edited:**", &left.map(of).collect::<Vec<_>>(), "more lines")
    }

    fn check(&self) -> String {
        let path = shell_quoted(&self.file.path);
        let mut text = format!("**Check it:** {}", code(&format!("layerwright verify {path}")));
        if self.evidence.is_some() {
            let signed = if self.is_signed { ", with a valid signature" } else { "" };
            let _ = write!(text, "; what was measured is in {}{signed}", code(self.evidence_file));
        }
        text + "."
    }

    fn undo(&self) -> String {
        let path = shell_quoted(&self.file.path);
        format!(
            "**Undo it:** revert the merge, or {}. The campaign then pauses, and \
             opens no new pull request for this file by itself.",
            code(&format!("layerwright revert {path}"))
        )
    }
}

/// The way to stop the bot. It names no issue: the issue may be created later, and the text would then change.
const STOP: &str = "**Stop the bot:** close this pull request. It is opened again only if it is ticked in the tracking \
    issue. A branch with commits by other people is not overwritten. `[[files.skip]]` in `layerwright.toml` excludes \
    a file permanently.";

/// Returns a list under its title. Entries beyond the first few are behind a click. Empty if there are no entries.
fn listed(title: &str, entries: &[String], more: &str) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let rest = entries.len().saturating_sub(MOST_SEEN);
    let (seen, hidden) = entries.split_at(entries.len() - rest);
    let mut text = format!("{title}\n{}", seen.concat());
    if rest > 0 {
        let _ =
            write!(text, "\n<details><summary>{rest} {more}</summary>\n\n{}\n</details>", hidden.concat());
    }
    text
}

fn different(evidence: &Evidence) -> String {
    match evidence.builds.iter().map(|build| build.differences.len()).sum() {
        0 => "different".to_owned(),
        places => format!("different at {}", count(places, "place")),
    }
}

fn differences(evidence: &Evidence) -> String {
    let all = evidence.builds.iter().flat_map(|build| &build.differences);
    let of = |difference: &crate::campaign::evidence::Difference| {
        let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), code);
        let cause = match &difference.cause {
            Cause::Header => "caused by the header alone".to_owned(),
            Cause::Rule { rule, line, accepted } => {
                let accepted = if *accepted { ", accepted" } else { "" };
                format!("line {line}, {}{accepted}", code(rule.as_str()))
            }
            Cause::Unexpected => "unexpected".to_owned(),
        };
        let place = difference.path.as_deref().unwrap_or("the configuration");
        let (before, after) = (shown(&difference.before), shown(&difference.after));
        format!("- {} {}: {before} → {after} ({cause})\n", code(place), code(&difference.aspect))
    };
    let text = listed("", &all.map(of).collect::<Vec<_>>(), "more differences");
    text.trim().to_owned()
}

fn noise(evidence: &Evidence) -> String {
    match evidence.builds.iter().map(|build| build.noise).sum::<usize>() {
        0 => String::new(),
        noise => {
            let (places, are) = (count(noise, "place"), form(noise, "is", "are"));
            format!(
                " {places} {are} ignored as nondeterministic: two builds of the original file also differ there."
            )
        }
    }
}

fn measured(cache: &CacheFigures, times: Option<&BuildFigures>) -> String {
    let of = |what: &str, pair: &Pair, ms: Option<(u64, u64)>| {
        let (before, after) = (pair.before, pair.after);
        let mut text = format!(
            "- When {what}: {} to push again instead of {}, {} of {} layers reused instead of {}",
            bytes(after.pushed_bytes),
            bytes(before.pushed_bytes),
            after.kept,
            after.layers,
            before.kept
        );
        if let Some((before, after)) = ms {
            let [before, after] = [before, after].map(Duration::from_millis);
            let _ = write!(text, ", {} instead of {}", duration(after), duration(before));
        }
        text + "\n"
    };
    let mut text =
        of("the base image changes", &cache.moved_base, times.and_then(|times| times.moved_base_ms));
    if let Some(early) = &cache.early_step {
        text += &of("an early step changes", early, times.and_then(|times| times.early_step_ms));
    }
    text
}

/// Quotes a path as an argument of a shell.
fn shell_quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:".contains(c);
    if path.chars().all(plain) && !path.starts_with('-') {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
