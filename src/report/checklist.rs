//! The text of the tracking issue. Each line that lists a file of the campaign gets a box and the state of the file;
//! the campaign's own section has the rest. All other text never changes, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::criteria::Criterion;
use super::section;
use crate::campaign::policy::Refusal;
use crate::campaign::progress::{AskedAgain, FileProgress, FileState, OpenState, Progress};
use crate::discover::path_in_line;
use crate::text::cut;
use crate::text::markdown::{code, plain};
use crate::text::words::{count, short_id};

/// The markers around a file's state at the end of its line.
const STATE: (&str, &str) = ("<!-- layerwright -->", "<!-- /layerwright -->");

/// The heading above the files that may be tried again.
const AGAIN: &str = "### Declined or reverted: tick to try again";

/// Returns the text with the present state; `now` is the existing text, empty for a new issue.
pub(crate) fn text(now: &str, progress: &Progress, criteria: &[Criterion]) -> String {
    let files: BTreeMap<&str, &FileProgress> =
        progress.files.iter().map(|file| (file.path.as_str(), file)).collect();
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
                out.push_str(&entry.with(file));
            }
            None => out.push_str(line),
        }
    }
    out.push_str(cut::from(now, at));
    let asked = asked_again(now, files.keys().copied());
    let content = content(progress, criteria, &listed, &asked);
    section::put(&out, &section::marked(&[], &content))
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

    /// Returns the line with the state of its file.
    fn with(&self, file: &FileProgress) -> String {
        let sign =
            if self.sign.trim().is_empty() { format!("{}- ", self.sign) } else { self.sign.to_owned() };
        let done = if file.state == FileState::Done { "x" } else { " " };
        let (begin, end) = STATE;
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

/// Returns the state of a file, in a few words without raw text of the repository.
pub(crate) fn state(file: &FileProgress) -> String {
    let pull = file.pull.map(|number| format!("#{number} ")).unwrap_or_default();
    let by = |who: &Option<String>| who.as_ref().map(|who| format!(" by {}", plain(who))).unwrap_or_default();
    match &file.state {
        FileState::Done if file.pull.is_some() => format!("{pull}merged"),
        FileState::Done => "done".to_owned(),
        FileState::Merged => format!("{pull}merged; not fetched into the clone yet"),
        FileState::Open(OpenState::Current) => format!("{pull}open"),
        FileState::Open(OpenState::OtherCommits) => format!("{pull}open, with commits by other people"),
        FileState::Open(OpenState::Stale) => {
            format!("{pull}open; the file has changed since the plan: plan again")
        }
        FileState::Open(OpenState::Held { why }) => format!("{pull}open, do not merge: {}", held(why)),
        FileState::Declined { by: who } => format!("{pull}declined{}", by(who)),
        FileState::Reverted { by: None } => format!("{pull}reverted"),
        FileState::Reverted { by: Some(change) } => {
            format!("{pull}reverted in {} by {}", short_id(&change.commit), plain(&change.author))
        }
        FileState::Partly => format!("{pull}merged, now only partly linked"),
        FileState::Stale => "changed since the plan: plan again".to_owned(),
        FileState::Gone => "gone".to_owned(),
        FileState::Held { why } => held(why),
        FileState::OtherCommits => "its branch has commits by other people".to_owned(),
        FileState::Ready => format!("in wave {}", file.wave),
    }
}

/// Returns the reason why a file is blocked, in a few words.
fn held(why: &Refusal) -> String {
    match why {
        Refusal::Contradiction { .. } => "a verification contradicts a proof".to_owned(),
        Refusal::Different { evidence, .. }
        | Refusal::NoEvidence { evidence, .. }
        | Refusal::Context { evidence, .. } => plain(&evidence.to_string()),
    }
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

/// Returns the content of the campaign's own section.
fn content(
    progress: &Progress,
    criteria: &[Criterion],
    listed: &BTreeSet<&str>,
    asked: &BTreeSet<AskedAgain>,
) -> String {
    let done = |file: &&FileProgress| file.state == FileState::Done;
    let all = &progress.files;
    let mut text =
        format!("### Progress\n\n{} of {} files are done.", all.iter().filter(done).count(), all.len());
    if progress.contradicted.is_some() {
        text.push_str(" **The campaign has stopped: a verification contradicts a proof.**");
    } else if all.iter().any(|file| matches!(file.state, FileState::Reverted { .. })) {
        text.push_str(" **Later waves pause: a file was reverted.**");
    }
    text.push_str("\n\n| wave | files | done | open | |\n|---|---|---|---|---|\n");
    for wave in &progress.waves {
        let of: Vec<&FileProgress> = all.iter().filter(|file| file.wave == wave.number).collect();
        let open = of.iter().filter(|file| matches!(file.state, FileState::Open(_))).count();
        let waits = match wave.waits_for.len() {
            0 => String::new(),
            files => format!("waits for {}", count(files, "file")),
        };
        let done = of.iter().copied().filter(done).count();
        let _ = writeln!(text, "| {} | {} | {done} | {open} | {waits} |", wave.number, of.len());
    }
    text.push_str("\n### Success criteria\n\n");
    for criterion in criteria {
        let mark = if criterion.met { "x" } else { " " };
        let _ = writeln!(text, "- [{mark}] {}: {}", criterion.what, criterion.detail);
    }
    let unlisted: Vec<&FileProgress> =
        all.iter().filter(|file| !listed.contains(file.path.as_str())).collect();
    if !unlisted.is_empty() {
        text.push_str("\n### Dockerfiles\n\n");
        for file in unlisted {
            let mark = if file.state == FileState::Done { "x" } else { " " };
            let _ = writeln!(text, "- [{mark}] {} – {}", code(&file.path), state(file));
        }
    }
    let again: Vec<_> = all.iter().filter_map(|file| Some((file, again(file, asked)?))).collect();
    if !again.is_empty() {
        let _ = write!(text, "\n{AGAIN}\n\n");
        for (file, (pull, ticked)) in again {
            let mark = if ticked { "x" } else { " " };
            let _ = writeln!(text, "- [{mark}] {} #{pull}", code(&file.path));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::progress::WaveProgress;

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
