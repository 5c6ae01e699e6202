use proptest::prelude::*;

use super::*;
use crate::campaign::progress::WaveProgress;
use crate::report::criteria::Subject;

fn both(now: IssueTexts<&str>, progress: &Progress, criteria: &[Criterion]) -> IssueTexts<String> {
    let idle = BTreeMap::from([(
        "idle/Dockerfile".to_owned(),
        Idle { is_left_out: false, words: "1 line is unsafe (`/root` is 0700)".to_owned() },
    )]);
    let facts = Facts { progress, criteria, step: &progress.next_step(10), idle: &idle };
    texts(now, facts)
}

fn text(now: &str, progress: &Progress, criteria: &[Criterion]) -> String {
    both(IssueTexts { body: now, comment: None }, progress, criteria).body
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
        ("  `a/Dockerfile` ", "  - [x] `a/Dockerfile` <!-- layerwright -->– #7 merged<!-- /layerwright --> "),
        (
            "1. a/Dockerfile: now",
            "1. [x] a/Dockerfile: now <!-- layerwright -->– #7 merged<!-- /layerwright -->",
        ),
        (
            "* [ ] **d/Dockerfile**",
            "* [ ] **d/Dockerfile** <!-- layerwright -->– #7 declined by @\u{2060}me--\\>: tick to try again<!-- /layerwright -->",
        ),
        (
            "- [X] d/Dockerfile",
            "- [ ] d/Dockerfile <!-- layerwright -->– #7 declined by @\u{2060}me--\\>: tick to try again<!-- /layerwright -->",
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
        waves: (0..=files / 1_000).map(|number| WaveProgress { number, waits_for: waits(number) }).collect(),
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
            assert!(once.contains("### Progress") && once.contains("**Next:**") == (files > 1), "{files}");
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
                .take_while(|line| !line.starts_with("###") || *line == AGAIN);
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
}

/// The texts after a report that found these.
fn after(now: &IssueTexts<String>, progress: &Progress) -> IssueTexts<String> {
    both(IssueTexts { body: &now.body, comment: now.comment.as_deref() }, progress, &[])
}

#[test]
fn a_section_without_room_goes_into_a_comment_and_comes_back() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, declined()]);
    let listed = "- [ ] a/Dockerfile\n";
    let long = format!("{listed}{}\n", "x".repeat(limits::BODY - 1_000));
    let new = both(IssueTexts { body: &long, comment: None }, &progress, &[]);
    assert!(new.body.starts_with("- [x] a/Dockerfile"), "the lines of people keep their states");
    assert!(new.body.contains("is in a comment below") && limits::length(&new.body) <= limits::BODY);
    let comment = new.comment.clone().unwrap();
    assert!(comment.contains("### Progress\n\n1 of 4 files are merged, 1 declined."), "{comment}");
    assert!(!comment.contains("- [x] `a/Dockerfile`"), "people list it in the text: {comment}");
    assert!(may_have_comment(&long) && may_have_comment(&new.body) && !may_have_comment(listed));
    assert_eq!(after(&new, &progress), new, "a second report changes nothing");
    // What people write and tick there stays.
    let ticked = comment.replace("- [ ] `d/Dockerfile` #7", "- [x] `d/Dockerfile` #7");
    assert_ne!(ticked, comment);
    let ticked = IssueTexts { comment: Some(format!("Thanks!\n{ticked}")), ..new.clone() };
    assert_eq!(after(&ticked, &progress), ticked);
    // There is room again: the section comes back, with the tick.
    let shorter = IssueTexts { body: new.body.replace(&"x".repeat(limits::BODY - 1_000), "x"), ..ticked };
    let back = after(&shorter, &progress);
    assert!(back.body.contains("- [x] `d/Dockerfile` #7") && back.body.contains("### Progress"), "{back:?}");
    assert!(back.comment.as_deref().is_some_and(|comment| {
        comment.starts_with("Thanks!\n") && comment.contains("is in the text of the issue")
    }));
    assert_eq!(after(&back, &progress), back);
    // Not even a pointer has room.
    let full = "x".repeat(limits::BODY - 10);
    let new = both(IssueTexts { body: &full, comment: None }, &progress, &[]);
    assert!(new.body == full && new.comment.is_some_and(|comment| comment.contains("### Progress")));
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

/// The items of the issue that started this project, word for word.
const PLAN: &str = "## Testing Plan\n\n- Update one Dockerfile as a proof-of-concept\n\
    - Verify build times and cache behavior improvements\n- [ ] Test resulting images for correct runtime behavior\n\
    - Roll out to remaining Dockerfiles incrementally\n\
    1. Update CI/CD workflows if needed to ensure BuildKit is enabled\n\n\
    ## Success Criteria\n\n- [ ] All Dockerfiles include the syntax header\n- [x] Works on all platforms\n\
    - [ ] We like it\n\n## Other\n\n- [ ] cache\n";

fn criterion(subject: Subject, met: Option<bool>) -> Criterion {
    Criterion { subject, what: "Our words", met, detail: format!("{subject:?} of `x`"), by_proof: false }
}

#[test]
fn items_of_people_are_ticked_from_data_and_not_doubled() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let criteria = [
        criterion(Subject::ProofOfConcept, Some(true)),
        criterion(Subject::Cache, Some(false)),
        criterion(Subject::Rollout, Some(false)),
        criterion(Subject::Builders, Some(true)),
        criterion(Subject::Headers, Some(true)),
        criterion(Subject::Platforms, None),
        criterion(Subject::Images, Some(true)),
    ];
    let once = text(PLAN, &progress, &criteria);
    let marked = |item: &str, state: &str| {
        format!("{item} <!-- layerwright -->\u{2013} {state}<!-- /layerwright -->\n")
    };
    for line in [
        marked("- [x] Update one Dockerfile as a proof-of-concept", "ProofOfConcept of `x`"),
        marked("- [ ] Verify build times and cache behavior improvements", "Cache of `x`"),
        marked(
            "- [ ] Test resulting images for correct runtime behavior",
            "no command is given in `[build] smoke`: a person ticks this",
        ),
        marked("- [ ] Roll out to remaining Dockerfiles incrementally", "Rollout of `x`"),
        marked("1. [x] Update CI/CD workflows if needed to ensure BuildKit is enabled", "Builders of `x`"),
        marked("- [x] All Dockerfiles include the syntax header", "Headers of `x`"),
        marked("- [x] Works on all platforms", "Platforms of `x`"),
        "- [ ] We like it\n".to_owned(),
        "## Other\n\n- [ ] cache\n".to_owned(),
        "### More success criteria\n\n- [x] Our words: Images of `x`\n".to_owned(),
    ] {
        assert!(once.contains(&line), "{line}: {once}");
    }
    assert_eq!(once.matches("Our words").count(), 1, "{once}");
    assert_eq!(text(&once, &progress, &criteria), once);
    let ticked = once.replace("- [ ] Test resulting", "- [x] Test resulting");
    assert_eq!(text(&ticked, &progress, &criteria), ticked, "only a person ticks that");
}

#[test]
fn a_person_ticks_what_no_data_answer() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let criteria = [criterion(Subject::Platforms, None)];
    let once = text("", &progress, &criteria);
    let ticked = once.replace("- [ ] Our words:", "- [x] Our words:");
    assert_ne!(once, ticked);
    assert_eq!(text(&ticked, &progress, &criteria), ticked);
}

#[test]
fn no_proof_ticks_what_asks_for_builds() {
    let progress = progress([FileState::Done, FileState::Done, FileState::Done, FileState::Done]);
    let shown = |by_proof: bool| {
        let images = Criterion { by_proof, ..criterion(Subject::Images, Some(true)) };
        text(
            "## Success criteria\n- [ ] All images still build\n- [ ] Images are identical\n",
            &progress,
            &[images],
        )
    };
    assert!(shown(false).contains("- [x] All images still build "), "{}", shown(false));
    assert!(shown(true).contains("- [ ] All images still build "), "{}", shown(true));
    assert!(
        shown(true).contains(": a person ticks this") && shown(true).contains("- [x] Images are identical ")
    );
}

#[test]
fn only_people_tick_what_asks_for_more_than_data_say() {
    let progress = progress([FileState::Done, FileState::Done, FileState::Done, FileState::Done]);
    let criteria = [criterion(Subject::Cache, Some(true)), criterion(Subject::Rollout, Some(true))];
    for item in [
        "CI build time drops by 10%",
        "Average build time under 5 minutes",
        "Measured build time on the GitLab runners",
        "All teams agree with the rollout",
    ] {
        let once = text(&format!("## Success criteria\n- [ ] {item}\n"), &progress, &criteria);
        assert!(once.contains(&format!("- [ ] {item} ")) && once.contains(": a person ticks this"), "{once}");
        let ticked = once.replace(&format!("- [ ] {item} "), &format!("- [x] {item} "));
        assert_eq!(text(&ticked, &progress, &criteria), ticked);
        assert_eq!(once.matches("Our words: ").count(), 2, "the campaign's own criteria stay: {once}");
    }
}

#[test]
fn a_tick_that_a_person_took_away_stays_away() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let with = |met| [criterion(Subject::Cache, Some(met))];
    let ticked = text("## Success criteria\n- [ ] Cache behavior\n", &progress, &with(true));
    assert!(ticked.contains("- [x] Cache behavior "), "{ticked}");
    let taken = ticked.replace("- [x] Cache behavior ", "- [ ] Cache behavior ");
    assert_eq!(text(&taken, &progress, &with(true)), taken);
}

#[test]
fn each_listed_file_gets_a_state() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let state = "<!-- layerwright -->\u{2013} 1 line is unsafe (`/root` is 0700)<!-- /layerwright -->";
    for (line, with) in [
        ("- [ ] idle/Dockerfile", format!("- [ ] idle/Dockerfile {state}")),
        ("> * `idle/Dockerfile`: later", format!("> * [ ] `idle/Dockerfile`: later {state}")),
        (
            "- [it](https://github.com/o/r/blob/x/y/idle/Dockerfile)",
            format!("- [ ] [it](https://github.com/o/r/blob/x/y/idle/Dockerfile) {state}"),
        ),
        ("- ~~idle/Dockerfile~~", "- ~~idle/Dockerfile~~".to_owned()),
    ] {
        let text = text(line, &progress, &[]);
        assert!(text.starts_with(&format!("{with}\n\n<!--")), "{text}");
    }
}

#[test]
fn a_tick_beside_a_declined_file_of_the_section_asks_again() {
    let states = [FileState::Done, FileState::Ready, FileState::Ready, declined()];
    let once = text("", &progress(states), &[]);
    let line = "- [ ] `d/Dockerfile` \u{2013} #7 declined";
    assert!(once.contains(line) && once.contains("- [x] `a/Dockerfile` \u{2013} #"), "{once}");
    let ticked = once.replace(line, &line.replace("[ ]", "[x]"));
    let wanted = BTreeSet::from([AskedAgain { path: "d/Dockerfile".to_owned(), pull: 7 }]);
    assert_eq!(asked_again(&ticked, NAMES.into_iter()), wanted);
    assert!(asked_again(&once, NAMES.into_iter()).is_empty());
}

#[test]
fn files_that_are_left_out_are_named_with_the_reason() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let idle = |is_left_out, words: &str| Idle { is_left_out, words: words.to_owned() };
    let idle = BTreeMap::from([
        ("none/Dockerfile".to_owned(), idle(false, "nothing to do")),
        ("old/Dockerfile".to_owned(), idle(true, "left out: retired")),
    ]);
    let facts = Facts { progress: &progress, criteria: &[], step: &progress.next_step(10), idle: &idle };
    let text = texts(IssueTexts { body: "", comment: None }, facts).body;
    let named =
        "\n- `old/Dockerfile` \u{2013} left out: retired\n- `none/Dockerfile` \u{2013} nothing to do\n";
    assert!(text.contains(named), "{text}");
    let many: BTreeMap<String, Idle> =
        (0..7).map(|at| (format!("{at}/Dockerfile"), idle[&"none/Dockerfile".to_owned()].clone())).collect();
    let facts = Facts { idle: &many, ..facts };
    let text = texts(IssueTexts { body: "", comment: None }, facts).body;
    assert!(
        text.contains("\n2 other Dockerfiles have no line to link: `layerwright plan --verbose`"),
        "{text}"
    );
}

#[test]
fn a_tick_beside_a_declined_file_asks_again() {
    let asked = |text: &str| asked_again(text, NAMES.into_iter());
    let states = || [FileState::Done, FileState::Ready, FileState::Ready, declined()];
    let once = text("- [x] d/Dockerfile\n", &progress(states()), &[]);
    assert!(
        once.starts_with("- [ ] d/Dockerfile ") && !once.contains(AGAIN),
        "its own line can be ticked: {once}"
    );
    assert!(asked(&once).is_empty());
    let ticked = once.replace("- [ ] d/Dockerfile ", "- [x] d/Dockerfile ");
    let wanted = BTreeSet::from([AskedAgain { path: "d/Dockerfile".to_owned(), pull: 7 }]);
    assert_eq!(asked(&ticked), wanted);
    let mut waits = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    waits.files[3].pull = Some(7);
    let waiting = text(&ticked, &waits, &[]);
    assert_eq!(asked(&waiting), wanted, "it waits for its wave: {waiting}");
    waits.files[3].state = FileState::Open(OpenState::Current);
    waits.files[3].pull = Some(8);
    assert!(asked(&text(&waiting, &waits, &[])).is_empty());
}

#[test]
fn a_new_issue_says_what_it_is_and_how_to_stop() {
    let progress = progress([FileState::Done, FileState::Ready, FileState::Ready, FileState::Ready]);
    let new = text("", &progress, &[]);
    assert!(new.starts_with("This issue follows the migration of the Dockerfiles"), "{new}");
    for part in ["**Why:**", "**How it goes:**", "**What reviewers do:**", "**How to stop:**", "### Progress"]
    {
        assert!(new.contains(part), "{part}: {new}");
    }
    let own = new.replace(INTRODUCTION, "Ours.\n");
    assert_eq!(text(&own, &progress, &[]), own, "it belongs to people");
}
