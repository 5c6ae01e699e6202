//! Shows the progress of a verification: two live lines for each file on a terminal, and elsewhere one plain line for
//! each file and build.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use crate::campaign::evidence::{Evidence, Outcome};
use crate::cli::{human, write};
use crate::text::cut;
use crate::text::escape::shown;
use crate::text::figures::duration;
use crate::text::words::first_line;
use crate::verify::run::{Event, Phase};

/// The interval at which a live line is redrawn.
const TICK: Duration = Duration::from_millis(100);

/// The columns next to the name of a file: the spinner and the elapsed seconds.
const MARGIN: usize = 14;

/// The live lines of the files that are verified.
pub(crate) struct Lines {
    /// `None` if standard error is not a terminal.
    terminal: Option<MultiProgress>,
    /// The files that are being verified, by their numbers.
    files: Mutex<BTreeMap<usize, LiveLine>>,
}

/// The live line of one file.
#[derive(Clone)]
struct LiveLine {
    head: String,
    bar: ProgressBar,
}

impl Lines {
    /// Creates a display without files.
    pub(crate) fn new() -> Self {
        let is_shown = std::io::stderr().is_terminal() && !write::is_quiet();
        let terminal = is_shown.then(MultiProgress::new);
        Self { terminal, files: Mutex::default() }
    }

    /// Starts the display of a file. The duration of its earlier evidence is shown as the estimate.
    pub(crate) fn begin(&self, number: usize, files: usize, path: &str, earlier: Option<&Evidence>) {
        let head = format!("[{number}/{files}] {}", shown(path));
        let bar = self.terminal.as_ref().map_or_else(ProgressBar::hidden, |terminal| {
            let bar = terminal.add(ProgressBar::new_spinner());
            let took = earlier.map(|evidence| {
                format!(" of about {}", duration(Duration::from_millis(evidence.figures.total_ms)))
            });
            let took = took.unwrap_or_default();
            // A prefix longer than one line would leave remains when it is redrawn; `wide_msg` cuts the message itself.
            let room = human::style::width().saturating_sub(MARGIN + took.len());
            if let Ok(style) = ProgressStyle::with_template(&format!(
                "{{spinner}} {{prefix}}  {{elapsed}}{took}\n    {{wide_msg}}"
            )) {
                bar.set_style(style);
            }
            bar.set_prefix(end_of(&head, room));
            bar.enable_steady_tick(TICK);
            bar
        });
        self.files().insert(number, LiveLine { head, bar });
    }

    /// Shows an event of a file.
    pub(crate) fn show(&self, number: usize, event: &Event<'_>) {
        let Some(line) = self.files().get(&number).cloned() else { return };
        match event {
            Event::Phase(phase, what) => {
                let text = format!("{} ({})", doing(*phase), shown(&write::clean(what)));
                let text = text.strip_suffix(" ()").unwrap_or(&text);
                if self.terminal.is_none() {
                    write::remark(&format!("{}: {text}", line.head));
                }
                line.bar.set_message(text.to_owned());
            }
            Event::Step(vertex) => {
                if vertex.started && !vertex.completed {
                    let message = line.bar.message();
                    // The step says more than the context and target of the build, so it replaces them.
                    let doing = message.split("  ").next().and_then(|it| it.split(" (").next());
                    let doing = doing.unwrap_or_default();
                    line.bar.set_message(format!("{doing}  {}", shown(&write::clean(&vertex.name))));
                }
            }
            Event::Kept { context, dockerfiles: [before, after] } => {
                let (context, before, after) = (context.display(), before.display(), after.display());
                self.say(&format!("{}: kept {context}, {before} and {after}", line.head));
            }
        }
    }

    /// Ends the display of a file.
    pub(crate) fn end(&self, number: usize, evidence: &Evidence) {
        let Some(line) = self.files().remove(&number) else { return };
        line.bar.finish_and_clear();
        let outcome = human::outcome(evidence);
        let reason = match (&evidence.reason, evidence.outcome) {
            (Some(reason), outcome) if outcome != Outcome::Same => format!(": {}", first_line(reason)),
            _ => String::new(),
        };
        let took = duration(Duration::from_millis(evidence.figures.total_ms));
        self.say(&format!("{}: {outcome} after {took}{}", line.head, shown(&reason)));
    }

    fn say(&self, text: &str) {
        match &self.terminal {
            // A display error must not stop the verification.
            Some(terminal) => drop(terminal.println(text)),
            None => write::remark(text),
        }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<usize, LiveLine>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the end of a text that fits into `columns` columns.
fn end_of(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut ends = text.char_indices().map(|(at, _)| cut::from(text, at));
    let end = ends.find(|end| end.width() < columns).unwrap_or_default();
    format!("…{end}")
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Export => "exporting the repository",
        Phase::Prepare => "preparing",
        Phase::Original => "building the original",
        Phase::Edited => "building the edited file",
        Phase::Differences => "comparing",
        Phase::Smoke => "running smoke commands",
        Phase::Cache => "measuring what changes cost",
    }
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn the_name_of_a_file_is_seen_longest() {
        assert_eq!(end_of("[1/2] a/Dockerfile", 18), "[1/2] a/Dockerfile");
        assert_eq!(end_of("[1/2] a/Dockerfile", 12), "…/Dockerfile");
        assert_eq!(end_of("[1/2] ä/Dockerfile", 13), "…ä/Dockerfile");
        assert_eq!(end_of("構築/Dockerfile", 14), "…築/Dockerfile");
        assert_eq!(end_of("構築/Dockerfile", 13), "…/Dockerfile");
    }
}
