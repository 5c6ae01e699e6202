//! The progress of a build on standard error: BuildKit's `client.SolveStatus`, as JSON documents
//! (`--progress=rawjson`, buildx 0.13 and newer) or as text (`--progress=plain`).

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde::Deserialize;

use super::tail::Tail;
use super::{Vertex, now};
use crate::text::cut;

/// The prefix of the name of the exporting step (`exporter.ExporterInstance.Name`).
pub(super) const EXPORTING: &str = "exporting to ";

/// The name of the status of a merge, which the first step that reads the merged filesystem waits for
/// (`cache.immutableRef.unlazyDiffMerge`).
const MERGING: &str = "merging";

/// The format of the progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    RawJson,
    Plain,
}

impl Format {
    /// The value of `--progress`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RawJson => "rawjson",
            Self::Plain => "plain",
        }
    }
}

/// The progress of a build so far.
pub(super) struct Progress<'w> {
    /// The steps, in the order in which they were reported.
    pub(super) vertexes: Vec<Vertex>,
    by_digest: HashMap<String, usize>,
    logs: HashMap<usize, Tail>,
    /// The client's own output.
    pub(super) said: Tail,
    /// The time when all steps were done and the builder began to export.
    pub(super) exporting: Option<Instant>,
    /// The time that the merges of linked copies took.
    pub(super) merging: Duration,
    watch: &'w (dyn Fn(&Vertex) + Sync),
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    vertexes: Vec<Step>,
    #[serde(default)]
    statuses: Vec<StepStatus>,
    #[serde(default)]
    logs: Vec<Log>,
}

/// BuildKit's `client.VertexStatus`.
#[derive(Deserialize)]
struct StepStatus {
    #[serde(default)]
    name: String,
    started: Option<String>,
    completed: Option<String>,
}

impl StepStatus {
    /// Returns the duration, once the status is completed.
    fn duration(&self) -> Option<Duration> {
        let [started, completed] =
            [&self.started, &self.completed].map(|at| DateTime::parse_from_rfc3339(at.as_deref()?).ok());
        (completed? - started?).to_std().ok()
    }
}

#[derive(Deserialize)]
struct Step {
    digest: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    cached: bool,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Log {
    vertex: String,
    #[serde(default)]
    data: String,
}

impl<'w> Progress<'w> {
    /// Creates a progress without steps; each step that changes is reported to `watch`.
    pub(super) fn new(watch: &'w (dyn Fn(&Vertex) + Sync)) -> Self {
        let (vertexes, by_digest, logs, said, exporting, merging) = Default::default();
        Self { vertexes, by_digest, logs, said, exporting, merging, watch }
    }

    /// Reads the whole stream. A broken stream ends it.
    pub(super) fn read(mut self, format: Format, mut stream: impl BufRead) -> Self {
        let (mut line, mut document) = (Vec::new(), String::new());
        while read_line(&mut stream, &mut line).is_ok_and(|more| more) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            match format {
                Format::RawJson => self.raw_line(&mut document, text),
                Format::Plain => self.plain_line(text),
            }
        }
        self.unread(&mut document);
        self
    }

    /// The last lines that a step printed.
    pub(super) fn log(&self, vertex: &Vertex) -> impl Iterator<Item = &str> {
        let log = self.by_digest.get(&vertex.digest).and_then(|at| self.logs.get(at));
        log.into_iter().flat_map(Tail::lines)
    }

    /// Reads a line. A document begins with `{` at the start of a line. It is one line, or it ends with a line `}`.
    /// All other lines are the client's own output.
    fn raw_line(&mut self, document: &mut String, line: &str) {
        if !document.is_empty() && !line.starts_with([' ', '\t', '}']) {
            self.unread(document);
        }
        if document.is_empty() && !line.starts_with('{') {
            self.said.push(line);
            return;
        }
        let first = document.is_empty();
        document.push_str(line);
        document.push('\n');
        if first || line == "}" {
            match serde_json::from_str(document) {
                Ok(status) => {
                    self.status(status);
                    document.clear();
                }
                Err(error) if error.is_eof() => {}
                Err(_) => self.unread(document),
            }
        }
    }

    /// Adds the lines of an invalid document to the client's own output.
    fn unread(&mut self, document: &mut String) {
        document.lines().for_each(|line| self.said.push(line));
        document.clear();
    }

    fn status(&mut self, status: Status) {
        for step in status.vertexes {
            let at = self.vertex(&step.digest, &step.name);
            self.change(at, |vertex| {
                vertex.cached |= step.cached;
                vertex.started |= step.started.is_some();
                vertex.completed |= step.completed.is_some();
                if !step.error.is_empty() {
                    vertex.error = Some(step.error);
                }
            });
        }
        let merges = status.statuses.iter().filter(|status| status.name == MERGING);
        // A status is reported as completed once.
        self.merging += merges.filter_map(StepStatus::duration).sum::<Duration>();
        for log in status.logs {
            let data = STANDARD.decode(log.data).unwrap_or_default();
            if let Some(at) = self.by_digest.get(&log.vertex) {
                let tail = self.logs.entry(*at).or_default();
                String::from_utf8_lossy(&data).lines().for_each(|line| tail.push(line));
            }
        }
    }

    /// `#6 [2/5] COPY a /b`, `#6 CACHED`, `#6 DONE 0.1s`, `#6 ERROR: …`, `#6 0.123 what it prints`. BuildKit's
    /// `progressui.textMux`.
    fn plain_line(&mut self, line: &str) {
        let Some((number, text)) = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) else {
            return self.said.push(line);
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.said.push(line);
        }
        let Some(&at) = self.by_digest.get(number) else {
            // Number 0 is the client itself.
            if number != "0" {
                let at = self.vertex(number, text);
                self.change(at, |vertex| vertex.started = true);
            }
            return;
        };
        let (word, said) = cut::where_ends(text.trim_start(), char::is_whitespace);
        match word {
            "CACHED" => self.change(at, |vertex| (vertex.cached, vertex.completed) = (true, true)),
            "DONE" => self.change(at, |vertex| vertex.completed = true),
            "ERROR:" => self.change(at, |vertex| {
                vertex.completed = true;
                vertex.error = Some(said.trim().to_owned());
            }),
            // Only a merge prints this; its vertex has the number of the copy.
            MERGING => {
                self.merging += merge_time(said);
                self.merged(number, at);
            }
            _ if is_seconds(word) => {
                self.logs.entry(at).or_default().push(said.trim_start());
            }
            _ => {}
        }
    }

    /// Adds the vertex with `] LINK `, which plain progress does not report.
    fn merged(&mut self, number: &str, copy: usize) {
        if let Some((place, command)) = self.vertexes[copy].name.split_once("] ") {
            let name = match command.strip_prefix("ONBUILD ") {
                Some(copy) => format!("{place}] ONBUILD LINK {copy}"),
                None => format!("{place}] LINK {command}"),
            };
            let at = self.vertex(&format!("{number} LINK"), &name);
            self.change(at, |vertex| (vertex.started, vertex.completed) = (true, true));
        }
    }

    /// Returns the place of a vertex, which is added if it is new.
    fn vertex(&mut self, digest: &str, name: &str) -> usize {
        if let Some(at) = self.by_digest.get(digest) {
            return *at;
        }
        if name.starts_with(EXPORTING) {
            self.exporting.get_or_insert_with(now);
        }
        let at = self.vertexes.len();
        self.by_digest.insert(digest.to_owned(), at);
        self.vertexes.push(Vertex { digest: digest.to_owned(), name: name.to_owned(), ..Vertex::default() });
        (self.watch)(&self.vertexes[at]);
        at
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Vertex)) {
        let before = self.vertexes[at].clone();
        change(&mut self.vertexes[at]);
        if self.vertexes[at] != before {
            (self.watch)(&self.vertexes[at]);
        }
    }
}

fn read_line(stream: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(stream.read_until(b'\n', line)? > 0)
}

/// `0.1s done`: the duration of a merge; zero while it goes on.
fn merge_time(said: &str) -> Duration {
    let seconds = said.trim().strip_suffix("s done").filter(|seconds| is_seconds(seconds));
    seconds.and_then(|seconds| seconds.parse().ok()).map_or(Duration::ZERO, Duration::from_secs_f64)
}

/// Returns true for a number as in `12.345`, which precedes the output of a step.
fn is_seconds(word: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part))
}

#[cfg(test)]
mod tests;
