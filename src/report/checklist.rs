//! The text of the tracking issue. Each line that lists a file of the campaign gets a box and the state of the file;
//! the campaign's own section has the rest. All other text never changes, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::criteria::Criterion;
use super::limits;
use super::recorder::is_made_up;
use super::section;
use crate::campaign::progress::{
    AskedAgain, FileProgress, FileState, OpenState, Progress, Step, StepKind, state_words,
};
use crate::discover::path_in_line;
use crate::text::cut;
use crate::text::figures::number;
use crate::text::markdown::{code, plain};
use crate::text::words::count;

/// The markers around a file's state at the end of its line.
const STATE: (&str, &str) = ("<!-- layerwright -->", "<!-- /layerwright -->");

/// The heading above the files that may be tried again.
const AGAIN: &str = "### Declined or reverted: tick to try again";

/// Returns the text with the present state; `now` is the existing text, empty for a new issue. It fits the limit of GitHub:
/// where files are many, those that need no attention lose their states, then their lines. If what people wrote leaves no
/// room at all, it is `now`.
pub(crate) fn text(now: &str, progress: &Progress, criteria: &[Criterion], step: &Step) -> String {
    let files: BTreeMap<&str, &FileProgress> =
        progress.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let asked = asked_again(now, files.keys().copied());
    let mut text = String::new();
    for states in [States::All, States::OfProblems, States::None] {
        let (out, listed) = with_boxes(now, &files, states);
        let around = limits::length(&section::put(&out, &section::marked(&[], "")));
        let room = (limits::BODY - limits::FREE).saturating_sub(around);
        let content = Content { progress, criteria, step, listed: &listed, asked: &asked };
        text = section::put(&out, &section::marked(&[], &content.text(room)));
        if limits::length(&text) <= limits::BODY - limits::FREE {
            return text;
        }
    }
    if limits::length(&text) > limits::BODY && !now.is_empty() { now.to_owned() } else { text }
}

/// The lines of listed files that get their state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum States {
    All,
    OfProblems,
    None,
}

/// Returns the text with a box in each line that lists a file, and these files.
fn with_boxes<'f>(
    now: &str,
    files: &BTreeMap<&'f str, &'f FileProgress>,
    states: States,
) -> (String, BTreeSet<&'f str>) {
    let own = section::find(now);
    let (mut out, mut listed, mut fence) = (String::new(), BTreeSet::new(), None);
    let mut at = 0;
    for (range, line) in section::lines(now) {
        out.push_str(cut::between(now, at..range.start));
        at = range.end;
        let is_own = own.as_ref().is_some_and(|own| own.contains(&range.start));
        let is_code = !is_own && in_code(&mut fence, line);
        match ListedFile::read(line)
            .filter(|_| !is_own && !is_code)
            .and_then(|entry| Some((*files.get(entry.path.as_str())?, entry)))
        {
            Some((file, entry)) => {
                listed.insert(file.path.as_str());
                let has_state = match states {
                    States::All => true,
                    States::OfProblems => rank(&file.state) < QUIET,
                    States::None => false,
                };
                out.push_str(&entry.with(file, has_state));
            }
            None => out.push_str(line),
        }
    }
    out.push_str(cut::from(now, at));
    (out, listed)
}

/// The first rank of files that need no attention.
const QUIET: u8 = 2;

/// Returns the rank of a state in a list that cannot hold all: problems, open files, then the rest.
fn rank(state: &FileState) -> u8 {
    match state {
        FileState::Open(OpenState::Current) | FileState::Merged => 1,
        FileState::Ready | FileState::Held { .. } => QUIET,
        FileState::Done => 3,
        FileState::Open(_)
        | FileState::Declined { .. }
        | FileState::Reverted { .. }
        | FileState::Partly
        | FileState::Stale
        | FileState::Gone
        | FileState::OtherCommits => 0,
    }
}

/// Returns the named files that are ticked to be tried again.
pub(crate) fn asked_again<'a>(text: &str, files: impl Iterator<Item = &'a str>) -> BTreeSet<AskedAgain> {
    let Some(place) = section::find(text) else { return BTreeSet::new() };
    let by_code: BTreeMap<String, &str> = files.map(|path| (code(path), path)).collect();
    let lines = section::lines(cut::between(text, place)).map(|(_, line)| line);
    let ticked =
        lines.skip_while(|line| line.trim() != AGAIN).skip(1).take_while(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let line =
            line.trim_start().strip_prefix("- [x] ").or_else(|| line.trim_start().strip_prefix("- [X] "))?;
        let (shown, rest) = line.rsplit_once(" #")?;
        let (pull, _) = cut::digits(rest);
        let path = (*by_code.get(shown)?).to_owned();
        Some(AskedAgain { path, pull: pull.parse().ok()? })
    };
    ticked.filter_map(read).collect()
}

/// Returns true if a line belongs to a block of code, where Markdown has no lists.
fn in_code(fence: &mut Option<String>, line: &str) -> bool {
    let line = line.trim_start_matches(' ');
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'));
    let run: String = mark.map(|mark| line.chars().take_while(|&c| c == mark).collect()).unwrap_or_default();
    match fence {
        Some(open) => {
            let closes = run.starts_with(open.as_str()) && line.trim_end() == run;
            if closes {
                *fence = None;
            }
            true
        }
        None if run.len() >= 3 => {
            *fence = Some(run);
            true
        }
        None => false,
    }
}

/// A line that lists a file: a bare path, a bullet or a task box.
struct ListedFile<'a> {
    /// Whitespace and the bullet or number, with the space after it.
    sign: &'a str,
    /// The text that people wrote, without box and state.
    text: &'a str,
    /// Trailing whitespace.
    end: &'a str,
    path: String,
}

impl<'a> ListedFile<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let without_end = line.trim_end();
        let end = cut::from(line, without_end.len());
        let text = match (without_end.strip_suffix(STATE.1), without_end.rfind(STATE.0)) {
            (Some(_), Some(at)) => cut::before(without_end, at).trim_end(),
            _ => without_end,
        };
        let sign = sign(text);
        let (sign, mut text) = text.split_at(sign);
        let is_bare = sign.trim().is_empty();
        for with_box in ["[ ] ", "[x] ", "[X] "] {
            text = text.strip_prefix(with_box).filter(|_| !is_bare).map_or(text, str::trim_start);
        }
        let path = path_in_line(text)?;
        let around = |c: char| matches!(c, '`' | '*' | '_' | '~' | '[' | ']' | '(' | ')' | '<' | '>');
        let starts = text.trim_start_matches(around).trim_start_matches("./").starts_with(&path);
        // Prose may also contain a path; then only a path that stands alone is an entry.
        let alone = text.trim_matches(around).trim_start_matches("./") == path;
        (alone || starts && !is_bare).then_some(Self { sign, text, end, path })
    }

    /// Returns the line with the box of its file, and with its state.
    fn with(&self, file: &FileProgress, has_state: bool) -> String {
        let sign =
            if self.sign.trim().is_empty() { format!("{}- ", self.sign) } else { self.sign.to_owned() };
        let done = if file.state == FileState::Done { "x" } else { " " };
        let (begin, end) = STATE;
        if !has_state {
            return format!("{sign}[{done}] {}{}", self.text, self.end);
        }
        format!("{sign}[{done}] {} {begin}– {}{end}{}", self.text, state(file), self.end)
    }
}

/// Returns the length of a bullet or a number, with the whitespace around it.
fn sign(line: &str) -> usize {
    let rest = line.trim_start();
    let (digits, after) = cut::digits(rest);
    let signs: &[char] = if digits.is_empty() { &['-', '*', '+'] } else { &['.', ')'] };
    let behind =
        after.strip_prefix(signs).filter(|behind| behind.starts_with([' ', '\t']) && digits.len() < 10);
    let text = behind.map_or(rest, str::trim_start);
    line.len() - text.len()
}

/// Returns the state of a file, in a few words of Markdown. The placeholder of a rehearsal is left out.
fn state(file: &FileProgress) -> String {
    let real = FileProgress { pull: file.pull.filter(|number| !is_made_up(*number)), ..file.clone() };
    state_words(&real, &plain)
}

/// Returns true if a file is listed among those that may be tried again. Its tick stays until it is answered.
fn again(file: &FileProgress, asked: &BTreeSet<AskedAgain>) -> Option<(u64, bool)> {
    let pull = file.pull?;
    let ticked = asked.contains(&AskedAgain { path: file.path.clone(), pull });
    let listed = match file.state {
        FileState::Declined { .. } | FileState::Reverted { .. } | FileState::Partly => true,
        FileState::Stale
        | FileState::Gone
        | FileState::Held { .. }
        | FileState::OtherCommits
        | FileState::Ready => ticked,
        FileState::Done | FileState::Merged | FileState::Open(_) => false,
    };
    listed.then_some((pull, ticked))
}

/// The most waves that the table names.
const MOST_WAVES: usize = 40;

/// The facts of the campaign's own section.
struct Content<'a> {
    progress: &'a Progress,
    criteria: &'a [Criterion],
    step: &'a Step,
    listed: &'a BTreeSet<&'a str>,
    asked: &'a BTreeSet<AskedAgain>,
}

impl Content<'_> {
    /// Returns the content: the progress, what people can tick, the criteria, and the files that are not listed elsewhere,
    /// as far as there is room.
    fn text(&self, room: usize) -> String {
        let mut text = self.head();
        let mut left = room.saturating_sub(limits::length(&text));
        for part in [self.again(left / 2), self.criteria()] {
            left = left.saturating_sub(limits::length(&part));
            text.push_str(&part);
        }
        text + &self.files(left)
    }

    fn head(&self) -> String {
        let Self { progress, step, .. } = self;
        let done = |file: &&FileProgress| file.state == FileState::Done;
        let all = &progress.files;
        let mut text =
            format!("### Progress\n\n{} of {} files are done.", all.iter().filter(done).count(), all.len());
        let waits: BTreeSet<&str> =
            progress.waves.iter().flat_map(|wave| &wave.waits_for).map(String::as_str).collect();
        let pauses = |file: &FileProgress| {
            matches!(file.state, FileState::Reverted { .. }) && waits.contains(file.path.as_str())
        };
        if progress.contradicted.is_some() {
            text.push_str(" **The campaign has stopped: a verification contradicts a proof.**");
        } else if all.iter().any(pauses) {
            text.push_str(" **Later waves pause: a file was reverted.**");
        }
        // Writing to a string cannot fail.
        let _ = match (&step.command, step.kind) {
            (Some(command), _) => write!(text, "\n\n**Next:** {}: {}", step.words, code(command)),
            (None, StepKind::Finished | StepKind::Empty) => write!(text, "\n\n**{}.**", step.words),
            (None, _) => write!(text, "\n\n**Next:** {}.", step.words),
        };
        text.push_str("\n\n| wave | files | done | open | |\n|---|---|---|---|---|\n");
        // The first waves that are not done: the later ones wait for them.
        let mut of: BTreeMap<usize, Vec<&FileProgress>> = BTreeMap::new();
        for file in all {
            of.entry(file.wave).or_default().push(file);
        }
        let is_done = |number: usize| of.get(&number).is_none_or(|files| files.iter().all(&done));
        let quiet = if progress.waves.len() > MOST_WAVES {
            progress.waves.iter().take_while(|wave| is_done(wave.number)).count()
        } else {
            0
        };
        if quiet > 0 {
            let _ = writeln!(text, "| {} earlier | | all | | |", number(quiet));
        }
        for wave in progress.waves.iter().skip(quiet).take(MOST_WAVES) {
            let files = of.get(&wave.number).map(Vec::as_slice).unwrap_or_default();
            let open = files.iter().filter(|file| matches!(file.state, FileState::Open(_))).count();
            let waits = match wave.waits_for.len() {
                0 => String::new(),
                files => format!("waits for {}", count(files, "file")),
            };
            let done = files.iter().filter(|file| done(file)).count();
            let _ = writeln!(text, "| {} | {} | {done} | {open} | {waits} |", wave.number, files.len());
        }
        let later = progress.waves.len().saturating_sub(quiet + MOST_WAVES);
        if later > 0 {
            let _ = writeln!(text, "| {} later | | | | |", number(later));
        }
        text
    }

    fn criteria(&self) -> String {
        let mut text = "\n### Success criteria\n\n".to_owned();
        for criterion in self.criteria {
            let mark = if criterion.met { "x" } else { " " };
            let _ = writeln!(text, "- [{mark}] {}: {}", criterion.what, criterion.detail);
        }
        text
    }

    /// Returns the lines that people tick; those that are ticked already come first if there is no room for all.
    fn again(&self, room: usize) -> String {
        let line = |file: &FileProgress| {
            let (pull, ticked) = again(file, self.asked)?;
            let mark = if ticked { "x" } else { " " };
            Some((!ticked, format!("- [{mark}] {} #{pull}\n", code(&file.path))))
        };
        let mut lines: Vec<(bool, String)> = self.progress.files.iter().filter_map(line).collect();
        if lines.is_empty() {
            return String::new();
        }
        if lines.iter().map(|(_, line)| limits::length(line)).sum::<usize>() > room {
            lines.sort_by_key(|(is_open, _)| *is_open);
        }
        let (text, left_out) = fitting(lines.iter().map(|(_, line)| line.as_str()), room);
        let more = if left_out > 0 {
            format!("\n{} more are not shown.\n", number(left_out))
        } else {
            String::new()
        };
        format!("\n{AGAIN}\n\n{text}{more}")
    }

    fn files(&self, room: usize) -> String {
        let line = |file: &FileProgress| {
            let mark = if file.state == FileState::Done { "x" } else { " " };
            format!("- [{mark}] {} – {}\n", code(&file.path), state(file))
        };
        let unlisted = self.progress.files.iter().filter(|file| !self.listed.contains(file.path.as_str()));
        let mut lines: Vec<(u8, String)> = unlisted.map(|file| (rank(&file.state), line(file))).collect();
        if lines.is_empty() {
            return String::new();
        }
        let heading = "\n### Dockerfiles\n\n";
        // The heading, and the line that counts the rest.
        let room = room.saturating_sub(200);
        if lines.iter().map(|(_, line)| limits::length(line)).sum::<usize>() <= room {
            return format!("{heading}{}", lines.into_iter().map(|(_, line)| line).collect::<String>());
        }
        lines.sort_by_key(|(rank, _)| *rank);
        let (text, left_out) = fitting(lines.iter().map(|(_, line)| line.as_str()), room);
        let done = lines.iter().skip(lines.len() - left_out).filter(|(rank, _)| *rank > QUIET).count();
        format!(
            "{heading}{text}\n{} more, {} of them done: `layerwright status` shows all.\n",
            count(left_out, "file"),
            number(done)
        )
    }
}

/// Returns the first lines that fit, and the number of the others.
fn fitting<'l>(lines: impl Iterator<Item = &'l str>, room: usize) -> (String, usize) {
    let (mut text, mut left, mut left_out) = (String::new(), room, 0);
    for line in lines {
        let long = limits::length(line);
        if left_out == 0 && long <= left {
            text.push_str(line);
            left -= long;
        } else {
            left_out += 1;
        }
    }
    (text, left_out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::progress::WaveProgress;

    fn text(now: &str, progress: &Progress, criteria: &[Criterion]) -> String {
        super::text(now, progress, criteria, &progress.next_step(10))
    }

    const NAMES: [&str; 4] =
        ["a/Dockerfile", "b c/Dockerfile", "@everyone/`-->|<script>/Dockerfile", "d/Dockerfile"];

    fn progress(states: [FileState; 4]) -> Progress {
        let file = |(at, state): (usize, FileState)| FileProgress {
            path: NAMES[at].to_owned(),
            wave: 0,
            branch: String::new(),
            other_branch: String::new(),
            pull: (state != FileState::Ready).then_some(7),
            state,
        };
        Progress {
            waves: vec![WaveProgress { number: 0, waits_for: Vec::new() }],
            files: states.into_iter().enumerate().map(file).collect(),
            contradicted: None,
            past: BTreeSet::new(),
        }
    }

    fn declined() -> FileState {
        FileState::Declined { by: Some("@me-->".to_owned()) }
    }

    #[test]
    fn a_line_gets_a_box_and_its_state_and_keeps_the_rest() {
        let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, declined()]);
        for (line, with) in [
            ("a/Dockerfile", "- [x] a/Dockerfile <!-- layerwright -->– #7 merged<!-- /layerwright -->"),
            (
                "  `a/Dockerfile` ",
                "  - [x] `a/Dockerfile` <!-- layerwright -->– #7 merged<!-- /layerwright --> ",
            ),
            (
                "1. a/Dockerfile: now",
                "1. [x] a/Dockerfile: now <!-- layerwright -->– #7 merged<!-- /layerwright -->",
            ),
            (
                "* [ ] **d/Dockerfile**",
                "* [ ] **d/Dockerfile** <!-- layerwright -->– #7 declined by @\u{2060}me--\\><!-- /layerwright -->",
            ),
            (
                "- [X] d/Dockerfile",
                "- [ ] d/Dockerfile <!-- layerwright -->– #7 declined by @\u{2060}me--\\><!-- /layerwright -->",
            ),
        ] {
            let now = format!("{line}\nx\n");
            let text = text(&now, &progress, &[]);
            assert!(text.starts_with(&format!("{with}\nx\n")), "{text}");
        }
        for line in [
            "see a/Dockerfile",
            "a/Dockerfile and d/Dockerfile",
            "    - x",
            "z/Dockerfile",
            "```\na/Dockerfile\n```",
        ] {
            assert!(text(line, &progress, &[]).starts_with(&format!("{line}\n\n<!--")), "{line}");
        }
    }

    #[test]
    fn a_tick_stays_until_it_is_answered_and_counts_for_one_pull_request() {
        let asked = |text: &str| asked_again(text, NAMES.into_iter());
        let once = text("", &progress([FileState::Ready, FileState::Ready, declined(), declined()]), &[]);
        assert!(asked(&once).is_empty());
        let ticked = once.replace("- [ ] ``@", "- [x] ``@");
        assert_ne!(once, ticked);
        let wanted = BTreeSet::from([AskedAgain { path: NAMES[2].to_owned(), pull: 7 }]);
        assert_eq!(asked(&ticked), wanted);
        let mut waits = progress([FileState::Ready, FileState::Ready, FileState::Ready, declined()]);
        waits.files[2].pull = Some(7);
        assert_eq!(asked(&text(&ticked, &waits, &[])), wanted, "for instance, it waits for its wave");
        waits.files[2].state = FileState::Open(OpenState::Current);
        waits.files[2].pull = Some(8);
        assert!(asked(&text(&ticked, &waits, &[])).is_empty());
    }

    /// A campaign of many files with long and hostile names; every hundredth file is declined and every tenth is done.
    fn large(files: usize) -> Progress {
        let hostile = "@everyone/`--><script>|\u{1f600}/\\*_#1/".repeat(4);
        let state = |at: usize| match at % 100 {
            0 => declined(),
            1 => FileState::Open(OpenState::Current),
            at if at % 10 == 3 => FileState::Done,
            _ => FileState::Ready,
        };
        let file = |at: usize| FileProgress {
            path: if at.is_multiple_of(7) {
                format!("{hostile}{at}/Dockerfile")
            } else {
                format!("services/team-{at}/Dockerfile")
            },
            wave: at / 1_000,
            branch: String::new(),
            other_branch: String::new(),
            pull: (state(at) != FileState::Ready).then_some(at as u64 + 1),
            state: state(at),
        };
        let waits = |number: usize| {
            if number == 0 { Vec::new() } else { vec!["services/team-1/Dockerfile".to_owned()] }
        };
        Progress {
            waves: (0..=files / 1_000)
                .map(|number| WaveProgress { number, waits_for: waits(number) })
                .collect(),
            files: (0..files).map(file).collect(),
            contradicted: None,
            past: BTreeSet::new(),
        }
    }

    #[test]
    fn no_text_is_longer_than_github_takes_and_what_is_left_out_is_counted() {
        for files in [0, 1, 900, 1_500, 20_000] {
            let progress = large(files);
            let items = progress.files.iter().take(700).map(|file| format!("- {}\n", file.path));
            let bullets = items.collect::<Vec<_>>().concat();
            for people in [String::new(), "What people wrote.\n".repeat(1_500), bullets] {
                let once = text(&people, &progress, &[]);
                assert!(
                    limits::length(&once) <= limits::BODY - limits::FREE,
                    "{files}: {}",
                    limits::length(&once)
                );
                assert_eq!(text(&once, &progress, &[]), once, "{files}");
                assert!(
                    once.contains("### Progress") && once.contains("**Next:**") == (files > 1),
                    "{files}"
                );
                // Problems and open files are named before any other.
                if files > 0 {
                    assert!(once.contains("#1\n"), "the first declined file can be ticked");
                }
                let named = once.lines().filter(|line| line.starts_with("- [")).count();
                let counted = once.lines().filter_map(|line| line.split_once(" more, ")?.0.split(' ').next());
                let counted: usize = counted.map(|n| n.replace(',', "").parse::<usize>().unwrap()).sum();
                let again = once
                    .lines()
                    .skip_while(|line| *line != AGAIN)
                    .take_while(|line| !line.starts_with("### S"));
                let again = again.filter(|line| line.starts_with("- [")).count();
                assert_eq!(named - again + counted, files, "every file is named or counted");
            }
        }
    }

    #[test]
    fn a_tick_is_not_lost_among_many_files_and_a_full_text_stays() {
        let progress = large(20_000);
        let once = text("", &progress, &[]);
        let ticked = once.replace(
            "- [ ] `services/team-100/Dockerfile` #101\n",
            "- [x] `services/team-100/Dockerfile` #101\n",
        );
        assert_ne!(ticked, once);
        let paths = || progress.files.iter().map(|file| file.path.as_str());
        let asked = AskedAgain { path: "services/team-100/Dockerfile".to_owned(), pull: 101 };
        let again = text(&ticked, &progress, &[]);
        assert_eq!(asked_again(&again, paths()), BTreeSet::from([asked]));
        let full = "x".repeat(limits::BODY - 10);
        assert_eq!(text(&full, &progress, &[]), full, "no room for any section");
    }

    fn any_state() -> impl Strategy<Value = FileState> {
        prop_oneof![
            Just(FileState::Done),
            Just(FileState::Ready),
            Just(FileState::Open(OpenState::Current)),
            Just(declined())
        ]
    }

    proptest! {
        #[test]
        fn a_second_time_changes_nothing_and_what_people_wrote_stays(
            lines in proptest::collection::vec((
                prop_oneof!["", "- ", "\\* \\[ \\] ", "1\\. ", "  - \\[x\\] ", "> "],
                prop_oneof!["a/Dockerfile", "`d/Dockerfile`", "b c/Dockerfile", "```", "text", "<!-- layerwright -->"],
                prop_oneof!["", " and more", " "],
                prop_oneof!["\n", "\r\n"],
            ), 0..8),
            states in [any_state(), any_state(), any_state(), any_state()],
            later in [any_state(), any_state(), any_state(), any_state()],
        ) {
            let now: Vec<String> = lines.into_iter().map(|(sign, name, more, end)| sign + &name + &more + &end).collect();
            let now = now.concat();
            let first = progress(states);
            let once = text(&now, &first, &[]);
            prop_assert_eq!(text(&once, &first, &[]), once.clone());
            let twice = text(&text(&once, &progress(later), &[]), &first, &[]);
            prop_assert_eq!(twice, once.clone(), "the states in between leave no trace");
            // Without boxes and states, each line is unchanged.
            let plain = |text: &str| -> Vec<String> {
                let plain = |line: &str| {
                    let line = line.split(" <!-- layerwright -->–").next().unwrap();
                    line.replace("- [x] ", "").replace("- [ ] ", "").replace("[x] ", "").replace("[ ] ", "").replace("- ", "").trim().to_owned()
                };
                section::lines(text).map(|(_, line)| plain(line)).collect()
            };
            let (before, after) = (plain(&now), plain(&once));
            prop_assert_eq!(&after[..before.len()], &before[..]);
        }
    }
}
