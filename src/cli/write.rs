//! Writes to standard output and standard error, hides secrets in all of it, and handles a closed pipe.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::io::{self, BufWriter, Write};
use std::mem;
use std::sync::OnceLock;

use anstream::adapter::strip_str;
use serde::Serialize;

use super::error::{Error, ErrorKind};
use crate::text::cut;
use crate::text::escape::{is_hidden, shown_lines};
use crate::text::secret::Secrets;
use crate::text::words::shortened;

/// The values that no output shows.
static HIDDEN: OnceLock<Secrets> = OnceLock::new();

/// True if remarks and progress are not printed.
static QUIET: OnceLock<()> = OnceLock::new();

/// Prints no remark and no progress from now on.
pub(crate) fn be_quiet() {
    let _ = QUIET.set(());
}

/// Returns true if no remark and no progress is printed.
pub(crate) fn is_quiet() -> bool {
    QUIET.get().is_some()
}

/// Hides these values in all output from now on.
pub(crate) fn hide(values: &Secrets) {
    // Each command hides its values once.
    let _ = HIDDEN.set(values.clone());
}

/// The longest line of a message, in characters: a repository chooses the names in it.
const LONGEST_LINE: usize = 2_000;

/// Returns a text in the form in which a workflow finds no command in it. Outside of a workflow, it is not changed.
fn inert(text: &str) -> Cow<'_, str> {
    if in_workflow() { Cow::Owned(without_commands(text)) } else { Cow::Borrowed(text) }
}

/// Returns a text of which no line is a command of a workflow (actions/runner, `ActionCommand.TryParseV2` and
/// `TryParse`), with its styles or without them. A line that is changed loses its styles.
fn without_commands(text: &str) -> String {
    // The runner reads lines by `StreamReader.ReadLine`, for which a carriage return ends a line, too.
    text.split_inclusive(['\n', '\r']).map(line_without_command).collect()
}

fn line_without_command(line: &str) -> Cow<'_, str> {
    let plain = strip_str(line).to_string();
    let (indent, text) = cut::where_ends(&plain, |c| !c.is_whitespace());
    match text.strip_prefix("::") {
        None if !plain.contains("##[") => Cow::Borrowed(line),
        None => Cow::Owned(plain.replace("##[", "#\u{2060}#[")),
        Some(rest) => Cow::Owned(format!("{indent}:\u{2060}:{}", rest.replace("##[", "#\u{2060}#["))),
    }
}

/// Returns true in a workflow of GitHub Actions.
#[expect(clippy::disallowed_methods, reason = "its runner reads commands from output")]
fn in_workflow() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Returns a message in the form in which it is printed: without hidden values, with long lines shortened.
pub(crate) fn message(text: &str) -> String {
    let clean = clean(text);
    let lines: Vec<String> = clean.split('\n').map(|line| shortened(line, LONGEST_LINE)).collect();
    inert(&lines.join("\n")).into_owned()
}

/// Returns the hidden values.
pub(crate) fn hidden() -> Secrets {
    HIDDEN.get().cloned().unwrap_or_default()
}

/// Returns a text without the hidden values.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    HIDDEN.get().map_or(Cow::Borrowed(text), |values| values.hide(text))
}

/// Writes a whole result.
pub(crate) type Writes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Prints human-readable text to standard output, with colours on a terminal.
pub(crate) fn stdout(text: &str) -> Result<(), Error> {
    print(&mut anstream::stdout().lock(), &|out| out.write_all(inert(&clean(text)).as_bytes()))
}

/// Prints a machine-readable result to standard output, byte for byte.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Error> {
    print(&mut io::stdout().lock(), &|out| out.write_all(bytes))
}

/// Prints a result as JSON to standard output.
pub(crate) fn json(result: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(result);
    let json = json.map_err(|error| Error::new(ErrorKind::Environment, error.to_string()))?;
    json_by(&|out| writeln!(out, "{}", clean(&json)))
}

/// Prints JSON to standard output that is not held in memory. No character in it acts on a terminal, and no command is in
/// it in a workflow.
pub(crate) fn json_by(writes: &Writes<'_>) -> Result<(), Error> {
    print(&mut io::stdout().lock(), &|out| {
        let mut inert =
            BufWriter::new(InertJson { out, in_workflow: in_workflow(), marks: 0, begun: Vec::new() });
        writes(&mut inert)?;
        inert.flush()
    })
}

/// Prints a diff to standard output, byte for byte. If a line of it would be a command of a workflow, commands are stopped
/// around it.
pub(crate) fn diff(text: &str) -> Result<(), Error> {
    if !in_workflow() || without_commands(text) == text {
        return raw(text.as_bytes());
    }
    // Two keys of the standard library's maps: no file of the repository knows them.
    let token = [(); 2].map(|()| format!("{:016x}", RandomState::new().hash_one(())));
    raw(stopped(text, &token.concat()).as_bytes())
}

/// Returns a text between the command that stops all commands and the one that lets them go on.
fn stopped(text: &str, token: &str) -> String {
    let ending = if text.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{token}\n{text}{ending}::{token}::\n")
}

/// Writes JSON without hidden characters and, in a workflow, without a `##[` that starts a command. Both stand in strings
/// only, so they are escaped.
struct InertJson<'a> {
    out: &'a mut dyn Write,
    in_workflow: bool,
    /// The number of `#` directly before.
    marks: usize,
    /// The first bytes of a character whose others are not written yet.
    begun: Vec<u8>,
}

impl InertJson<'_> {
    fn push(&mut self, c: char, escaped: &mut String) {
        let is_command = c == '[' && self.marks > 1 && self.in_workflow;
        // Line breaks stand between the values; in a string, the writer of JSON escapes them.
        if is_command || (c > '~' && is_hidden(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
        self.marks = if c == '#' { self.marks + 1 } else { 0 };
    }
}

impl Write for InertJson<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() && !self.in_workflow && bytes.iter().all(|byte| *byte <= b'~') {
            self.out.write_all(bytes)?;
            return Ok(bytes.len());
        }
        self.begun.extend(bytes);
        let text = mem::take(&mut self.begun);
        let mut escaped = String::with_capacity(text.len());
        let mut chunks = text.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.push(c, &mut escaped));
            if chunks.peek().is_none() {
                self.begun = chunk.invalid().to_vec();
            }
        }
        self.out.write_all(escaped.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes to standard output. A closed pipe is not an error.
fn print(stdout: &mut dyn Write, writes: &Writes<'_>) -> Result<(), Error> {
    match writes(stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Environment, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: &str) {
    if is_quiet() {
        return;
    }
    // There is no place left to report that standard error is closed.
    let _ = writeln!(anstream::stderr().lock(), "{}", shown_lines(&message(text)));
}

/// As [`remark`], for a text of whole lines with styles, which is escaped already.
pub(crate) fn aside(text: &str) {
    if !is_quiet() {
        // There is no place left to report that standard error is closed.
        let _ = write!(anstream::stderr().lock(), "{}", message(text));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inert(out: &mut Vec<u8>, in_workflow: bool) -> InertJson<'_> {
        InertJson { out, in_workflow, marks: 0, begun: Vec::new() }
    }

    proptest! {
        #[test]
        fn hostile_text_in_json_is_the_same_value(text in "([ -~]|[#\\[:\n\r\u{1b}\u{7f}\u{9b}\u{202e}]|##\\[|::error::)*") {
            let value = serde_json::json!({ "a": text });
            let mut out = Vec::new();
            serde_json::to_writer_pretty(&mut inert(&mut out, true), &value).unwrap();
            let json = String::from_utf8(out).unwrap();
            prop_assert!(!json.chars().any(|c| c != '\n' && is_hidden(c)), "{json:?}");
            let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
            prop_assert!(!json.split(['\n', '\r']).any(is_command), "{json}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        }

        #[test]
        fn no_line_for_people_is_a_command_of_a_workflow(text in "([ -~]|[#\\[:\n\r]|##\\[|\n::error::)*") {
            let shown = without_commands(&text);
            let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
            prop_assert!(!shown.split(['\n', '\r']).any(is_command), "{shown:?}");
            prop_assert_eq!(shown.replace('\u{2060}', ""), text);
        }
    }

    #[test]
    fn a_line_is_no_command_of_a_workflow_with_or_without_its_styles() {
        let bold = anstyle::Style::new().bold();
        for (line, shown) in [
            ("::error::x\n", ":\u{2060}:error::x\n".to_owned()),
            (" \t::error::x", " \t:\u{2060}:error::x".to_owned()),
            ("a\r::error::x", "a\r:\u{2060}:error::x".to_owned()),
            ("a ##[error]x", "a #\u{2060}#[error]x".to_owned()),
            ("::a ##[b]", ":\u{2060}:a #\u{2060}#[b]".to_owned()),
            (&format!("{bold}::error::x/Dockerfile{bold:#}"), ":\u{2060}:error::x/Dockerfile".to_owned()),
            (&format!("  {bold}:{bold:#}:error::x"), "  :\u{2060}:error::x".to_owned()),
            (&format!("a #{bold}#{bold:#}[error]x"), "a #\u{2060}#[error]x".to_owned()),
            (&format!("{bold}a::b #[c]{bold:#}"), format!("{bold}a::b #[c]{bold:#}")),
        ] {
            assert_eq!(without_commands(line), shown, "{line:?}");
        }
    }

    #[test]
    fn commands_are_stopped_around_a_text() {
        assert_eq!(stopped(" ::error::x\n", "t"), "::stop-commands::t\n ::error::x\n::t::\n");
        assert_eq!(stopped("a", "t"), "::stop-commands::t\na\n::t::\n");
    }

    #[test]
    fn json_has_no_command_and_no_hidden_character_and_is_the_same_value() {
        let value = serde_json::json!({"##[a]": ["#[b]", "###[c]", "\\##[d]"], "e##": ["ä\u{9b}1m\u{7f}", "\u{e0041}\u{202e}"]});
        for (in_workflow, size) in [(true, 3), (false, 3), (false, 1), (false, 1000)] {
            let mut out = Vec::new();
            let mut inert = inert(&mut out, in_workflow);
            // The parts of one text come in any sizes.
            for part in value.to_string().as_bytes().chunks(size) {
                inert.write_all(part).unwrap();
            }
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.contains("##["), !in_workflow, "{text}");
            assert!(text.contains("\"#[b]\"") && text.contains("ä\\u009b1m\\u007f"), "{text}");
            assert_eq!(text.chars().find(|c| is_hidden(*c)), None);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
    }
}
