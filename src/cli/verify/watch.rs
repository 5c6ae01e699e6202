//! What a verification does just now: a line for each file on a terminal that changes as it goes on, and elsewhere one
//! plain line for each file and build.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::human::escape::shown;
use crate::cli::{human, write};
use crate::verify::evidence::{Evidence, Outcome};
use crate::verify::run::{Event, Phase};

/// How often a line shows that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// Shows what is done.
pub struct Watch {
    files: usize,
    /// None where nobody watches.
    lines: Option<MultiProgress>,
}

/// One file.
pub struct Line<'w> {
    watch: &'w Watch,
    head: String,
    bar: ProgressBar,
}

impl Watch {
    /// Of so many files.
    pub fn new(files: usize) -> Self {
        let lines = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { files, lines }
    }

    /// Begins with a file, counted from 1. How long it took before tells how long it may take.
    pub fn begin(&self, number: usize, path: &str, earlier: Option<&Evidence>) -> Line<'_> {
        let head = format!("[{number}/{}] {}", self.files, shown(path));
        let Some(lines) = &self.lines else { return Line { watch: self, head, bar: ProgressBar::hidden() } };
        let bar = lines.add(ProgressBar::new_spinner());
        let took = earlier.map(|evidence| format!(" of about {}", human::seconds(evidence.figures.total_ms)));
        let template =
            format!("{{spinner}} {{prefix}}  {{wide_msg}}  {{elapsed}}{}", took.unwrap_or_default());
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_prefix(head.clone());
        bar.enable_steady_tick(TICK);
        Line { watch: self, head, bar }
    }

    fn say(&self, text: &str) {
        match &self.lines {
            // A line that can not be shown is no reason to stop.
            Some(lines) => drop(lines.println(text)),
            None => write::remark(text),
        }
    }
}

impl Line<'_> {
    /// Shows something that happens.
    pub fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Phase(phase, what) => {
                let text = format!("{} ({})", doing(*phase), shown(what));
                let text = text.strip_suffix(" ()").unwrap_or(&text);
                if self.watch.lines.is_none() {
                    write::remark(&format!("{}: {text}", self.head));
                }
                self.bar.set_message(text.to_owned());
            }
            Event::Step(vertex) => {
                if vertex.started && !vertex.completed {
                    let message = self.bar.message();
                    let doing = message.split("  ").next().unwrap_or_default().to_owned();
                    self.bar.set_message(format!("{doing}  {}", human::shortened(&shown(&vertex.name), 60)));
                }
            }
            Event::Kept { context, dockerfiles: [before, after] } => {
                let (context, before, after) = (context.display(), before.display(), after.display());
                self.watch.say(&format!("{}: kept {context}, {before} and {after}", self.head));
            }
        }
    }

    /// It is done.
    pub fn end(&self, evidence: &Evidence) {
        self.bar.finish_and_clear();
        let outcome = human::outcome(evidence);
        let reason = match (&evidence.reason, evidence.outcome) {
            (Some(reason), outcome) if outcome != Outcome::Same => format!(": {}", first_line(reason)),
            _ => String::new(),
        };
        let took = human::seconds(evidence.figures.total_ms);
        self.watch.say(&format!("{}: {outcome} after {took}{}", self.head, shown(&reason)));
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
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
