//! The state of a file by its evidence, and the policy for its pull request.

use std::collections::{BTreeMap, BTreeSet};

use super::state::CurrentInputs;
use super::{
    BuildEvidence, BuilderFacts, Cause, Depth, Difference, Evidence, EvidenceState, Figures, Outcome,
    Reached, SCHEMA, SiteEvidence, Smoke, Stale, contradiction,
};
use crate::analysis::rule::RuleId;
use crate::analysis::{Benefit, Verdict};
use crate::builds::Level;
use crate::campaign::plan::file::{Assumption, Base, Class, Context, File, Plan, Site, Syntax};
use crate::campaign::policy::{Basis, Refusal, may_go_out};
use crate::config::Trust;
use crate::dockerfile::TransferKind;
use crate::edit::header::Header;

const PATH: &str = "a/Dockerfile";
/// The ids of the texts before and after.
const OLD: &str = "01d";
const NEW: &str = "2e3";

fn site(line: usize, proved: bool) -> Site {
    Site {
        line,
        end_line: line,
        keyword: TransferKind::Copy,
        onbuild: false,
        stage: Some(0),
        flags: Vec::new(),
        sources: vec!["x".into()],
        heredocs: 0,
        destination: Some("/x".into()),
        verdict: Verdict::Link,
        proved: Some(proved),
        replacement: Some("COPY --link x /x".into()),
        assumptions: Vec::new().into(),
        reasons: Vec::new(),
        benefit: Benefit::Pays,
        selected: true,
        audit: None,
    }
}

fn file(sites: Vec<Site>) -> File {
    File {
        path: PATH.into(),
        blob: OLD.into(),
        class: Class::Plain,
        skip: None,
        contexts: vec![Context::new("a".into(), "compose.yaml:3".into(), Level::Stated)],
        bases: vec![Base { image: "base:1".into(), known: true, source: None, digest: None }],
        errors: Vec::new(),
        syntax: Syntax { current: None, required: None },
        header: Header::Keep,
        sites,
        wave: Some(1),
        decided: None,
        owners: Vec::new(),
        built_by: Vec::new(),
        rewritten: Some(NEW.into()),
    }
}

fn build(outcome: Outcome, reached: &[(usize, Reached)]) -> BuildEvidence {
    BuildEvidence {
        context: "a".into(),
        tree: Some("tree of a".into()),
        target: None,
        platform: "linux/amd64".into(),
        build_args: BTreeMap::new(),
        contexts: BTreeMap::new(),
        bases: BTreeMap::from([("base:1".into(), Some("sha256:1".into())), ("other".into(), None)]),
        builder: BuilderFacts {
            name: "default".into(),
            driver: "docker".into(),
            buildkit: None,
            buildx: "0.29.1".into(),
            rootless: None,
        },
        frontend: "builtin".into(),
        assumptions: Vec::new(),
        depth: Depth::Full,
        outcome,
        reason: None,
        sites: reached
            .iter()
            .map(|&(line, reached)| SiteEvidence { line, reached, compared: None })
            .collect(),
        differences: Vec::new(),
        noise: 0,
        smoke: Vec::new(),
        cache: None,
    }
}

fn evidence(builds: Vec<BuildEvidence>) -> Evidence {
    Evidence {
        schema: SCHEMA,
        path: PATH.into(),
        commit: None,
        before: OLD.into(),
        after: NEW.into(),
        outcome: builds.iter().map(|build| build.outcome).max().unwrap_or(Outcome::Same),
        reason: None,
        builds,
        figures: Figures::default(),
        signature: None,
    }
}

fn difference(cause: Cause) -> Difference {
    let mode = |mode: &str| Some(mode.to_owned());
    Difference {
        path: Some("/root".into()),
        aspect: "mode".into(),
        before: mode("0700"),
        after: mode("0755"),
        cause,
    }
}

fn rule(accepted: bool) -> Cause {
    let rule = RuleId::find("ancestor-mode").expect("there is such a rule");
    Cause::Rule { rule, line: 2, accepted }
}

fn tree(build: &BuildEvidence) -> Option<String> {
    (build.context != "-").then(|| format!("tree of {}", build.context))
}

/// The state of the file with the inputs of its verification.
const UNCHANGED: CurrentInputs<'_> =
    CurrentInputs { blob: Some(OLD), tree: &tree, base: &|_, _| Some("sha256:1".to_owned()), platforms: &[] };

fn state(evidence: &Evidence, file: &File) -> EvidenceState {
    EvidenceState::new(Some(evidence), file, &UNCHANGED)
}

fn stale(reasons: &[Stale]) -> EvidenceState {
    EvidenceState::Stale(reasons.iter().copied().collect::<BTreeSet<_>>())
}

/// Two lines, of which one build reaches the first.
fn two() -> (File, Evidence) {
    let file = file(vec![site(2, true), site(3, false)]);
    (file, evidence(vec![build(Outcome::Same, &[(2, Reached::Linked), (3, Reached::NotExercised)])]))
}

#[test]
fn a_file_is_verified_when_each_selected_line_was_executed_somewhere() {
    let (mut file, mut found) = two();
    assert_eq!(EvidenceState::new(None, &file, &UNCHANGED), EvidenceState::Missing);
    assert_eq!(state(&found, &file), EvidenceState::NotExercised(vec![3]));
    let mut other = build(Outcome::Same, &[(3, Reached::NoEffect)]);
    other.target = Some("test".into());
    found.builds.push(other);
    assert_eq!(state(&found, &file), EvidenceState::Verified);
    let mut guessed = file.clone();
    guessed.contexts[0].level = Level::Guessed;
    assert_eq!(state(&found, &guessed), EvidenceState::Verified, "no line depends on the context");
    let message = "a sentence".to_owned();
    let (path, dockerfile, of_context) = ("/".to_owned(), None, true);
    guessed.sites[1].assumptions = vec![Assumption { line: 3, path, message, dockerfile, of_context }].into();
    assert_eq!(state(&found, &guessed), EvidenceState::VerifiedFrom(Level::Guessed));
    found.builds[1].outcome = Outcome::Blocked;
    found.builds[1].reason = Some("needs secret npmrc".into());
    assert_eq!(state(&found, &file), EvidenceState::Blocked("needs secret npmrc".into()));
    file.sites[1].selected = false;
    assert_eq!(
        state(&found, &file),
        EvidenceState::Verified,
        "a line that is not edited does not need evidence"
    );
}

#[test]
fn a_file_is_verified_only_if_each_planned_build_was_compared() {
    let mut file = file(vec![site(2, true)]);
    file.contexts.push(Context::new("b".into(), "compose.yaml:7".into(), Level::Stated));
    let mut other = build(Outcome::Same, &[(2, Reached::Linked)]);
    other.context = "b".into();
    other.tree = Some("tree of b".into());
    let found = evidence(vec![build(Outcome::Same, &[(2, Reached::Linked)]), other]);
    assert_eq!(state(&found, &file), EvidenceState::Verified);
    for (outcome, expected) in [
        (Outcome::CouldNotTest, EvidenceState::CouldNotTest("why".into())),
        (Outcome::TimedOut, EvidenceState::TimedOut("why".into())),
        (Outcome::Blocked, EvidenceState::Blocked("why".into())),
    ] {
        for at in 0..2 {
            let mut found = found.clone();
            (found.builds[at].outcome, found.builds[at].reason) = (outcome, Some("why".into()));
            (found.outcome, found.reason) = (outcome, Some("why".into()));
            assert_eq!(state(&found, &file), expected, "one of two builds is {outcome:?}");
        }
        let mut found = found.clone();
        (found.outcome, found.reason) = (outcome, Some("why".into()));
        assert_eq!(state(&found, &file), expected, "the verification ended early");
    }
}

#[test]
fn what_was_not_built_tells_why() {
    let file = file(vec![site(2, true)]);
    for (outcome, expected) in [
        (Outcome::CouldNotTest, EvidenceState::CouldNotTest("why".into())),
        (Outcome::TimedOut, EvidenceState::TimedOut("why".into())),
        (Outcome::Blocked, EvidenceState::Blocked("why".into())),
        (Outcome::Different, EvidenceState::Different { places: 0, reason: Some("why".into()) }),
    ] {
        let mut found = evidence(Vec::new());
        (found.outcome, found.reason) = (outcome, Some("why".into()));
        assert_eq!(state(&found, &file), expected, "nothing was built");
        let mut found = evidence(vec![build(outcome, &[(2, Reached::Linked)])]);
        found.builds[0].reason = Some("why".into());
        assert_eq!(state(&found, &file), expected, "a build that is {outcome:?} shows nothing");
    }
    let nothing = evidence(Vec::new());
    assert_eq!(state(&nothing, &file), EvidenceState::NotExercised(vec![2]));
}

#[test]
fn each_change_makes_it_stale() {
    let (file, _) = two();
    let full = evidence(vec![build(Outcome::Same, &[(2, Reached::Linked), (3, Reached::Linked)])]);
    assert_eq!(state(&full, &file), EvidenceState::Verified);
    let now =
        |blob, tree| CurrentInputs { blob, tree, base: &|_, _| Some("sha256:1".to_owned()), platforms: &[] };
    let with = |now: &CurrentInputs<'_>| EvidenceState::new(Some(&full), &file, now);
    assert_eq!(with(&now(Some("other"), &tree)), stale(&[Stale::Before]));
    assert_eq!(with(&now(None, &tree)), stale(&[Stale::Before]));
    assert_eq!(with(&now(Some(OLD), &|_| Some("other".into()))), stale(&[Stale::Context]));
    assert_eq!(with(&now(Some(OLD), &|_| None)), stale(&[Stale::Context]));
    let moved =
        CurrentInputs { base: &|_, image| (image == "base:1").then(|| "sha256:2".into()), ..UNCHANGED };
    assert_eq!(with(&moved), stale(&[Stale::Base]));
    let untold =
        CurrentInputs { base: &|_, image| (image == "other").then(|| "sha256:2".into()), ..UNCHANGED };
    assert_eq!(with(&untold), EvidenceState::Verified, "an unknown digest does not count as changed");
    let mut edited = file.clone();
    edited.rewritten = Some("another edit".into());
    assert_eq!(state(&full, &edited), stale(&[Stale::After]));
    let mut elsewhere = file.clone();
    elsewhere.blob = "planned for another text".into();
    assert_eq!(state(&full, &elsewhere), stale(&[Stale::Before]));
}

#[test]
fn other_planned_builds_make_it_stale() {
    let (mut file, _) = two();
    file.contexts[0].build_args =
        BTreeMap::from([("A".into(), Some("1".into())), ("TOKEN".into(), None), ("UNSET".into(), None)]);
    let mut full = evidence(vec![build(Outcome::Same, &[(2, Reached::Linked), (3, Reached::Linked)])]);
    full.builds[0].build_args =
        BTreeMap::from([("A".into(), "1".into()), ("TOKEN".into(), "whatever".into())]);
    assert_eq!(state(&full, &file), EvidenceState::Verified);
    let builds = stale(&[Stale::Builds]);
    let changed = |change: &dyn Fn(&mut Evidence, &mut File)| {
        let (mut found, mut planned) = (full.clone(), file.clone());
        change(&mut found, &mut planned);
        state(&found, &planned)
    };
    let other = |root: &str| Context::new(root.into(), String::new(), Level::Stated);
    assert_eq!(changed(&|found, _| drop(found.builds[0].build_args.insert("A".into(), "2".into()))), builds);
    assert_eq!(changed(&|found, _| drop(found.builds[0].build_args.remove("A"))), builds);
    assert_eq!(changed(&|found, _| drop(found.builds[0].build_args.insert("B".into(), "1".into()))), builds);
    assert_eq!(changed(&|found, _| drop(found.builds[0].contexts.insert("c".into(), "b".into()))), builds);
    assert_eq!(changed(&|_, file| file.contexts[0].target = Some("test".into())), builds);
    assert_eq!(changed(&|_, file| file.contexts.push(other("b"))), builds);
    assert_eq!(changed(&|_, file| file.contexts = vec![other("b")]), builds);
    let arm = ["linux/amd64".to_owned(), "linux/arm64".to_owned()];
    let both = CurrentInputs { platforms: &arm, ..UNCHANGED };
    assert_eq!(EvidenceState::new(Some(&full), &file, &both), builds);
    let one = CurrentInputs { platforms: &arm[..1], ..UNCHANGED };
    assert_eq!(EvidenceState::new(Some(&full), &file, &one), EvidenceState::Verified);
}

#[test]
fn a_merged_file_was_verified_as_it_went_out() {
    let (mut file, _) = two();
    let full = evidence(vec![build(Outcome::Same, &[(2, Reached::Linked), (3, Reached::Linked)])]);
    let later = CurrentInputs {
        blob: Some(NEW),
        tree: &|_| None,
        base: &|_, _| Some("sha256:9".into()),
        platforms: &[],
    };
    assert_eq!(EvidenceState::new(Some(&full), &file, &later), EvidenceState::Verified);
    // Planned again after the merge: nothing is left to edit.
    (file.blob, file.rewritten) = (NEW.into(), None);
    file.sites.iter_mut().for_each(|site| (site.selected, site.verdict) = (false, Verdict::Linked));
    assert_eq!(EvidenceState::new(Some(&full), &file, &later), EvidenceState::Verified);
    let mut partial = full.clone();
    partial.builds[0].sites[1].reached = Reached::NotExercised;
    assert_eq!(EvidenceState::new(Some(&partial), &file, &later), EvidenceState::NotExercised(vec![3]));
    file.blob = "edited by hand".into();
    let by_hand = CurrentInputs { blob: Some("edited by hand"), ..later };
    assert_eq!(EvidenceState::new(Some(&full), &file, &by_hand), stale(&[Stale::After]));
}

#[test]
fn an_accepted_difference_does_not_hinder() {
    let file = file(vec![site(2, true)]);
    let mut found = evidence(vec![build(Outcome::Different, &[(2, Reached::Linked)])]);
    found.builds[0].differences = vec![difference(rule(true))];
    assert_eq!(state(&found, &file), EvidenceState::Verified);
    found.builds[0].sites[0].reached = Reached::NotExercised;
    assert_eq!(state(&found, &file), EvidenceState::NotExercised(vec![2]));
    found.builds[0].sites[0].reached = Reached::Linked;
    found.builds[0].smoke = vec![Smoke { command: "id".into(), agrees: false, before: 0, after: 1 }];
    assert_eq!(state(&found, &file), EvidenceState::Different { places: 0, reason: None });
    found.builds[0].smoke.clear();
    for cause in [rule(false), Cause::Header] {
        found.builds[0].differences = vec![difference(rule(true)), difference(cause)];
        assert_eq!(state(&found, &file), EvidenceState::Different { places: 1, reason: None });
    }
    let mut same = build(Outcome::Same, &[(2, Reached::Linked)]);
    same.platform = "linux/arm64".into();
    found.builds.push(same);
    assert_eq!(state(&found, &file), EvidenceState::Different { places: 1, reason: None }, "one is enough");
}

#[test]
fn a_contradiction_needs_proofs_and_the_same_edit() {
    let mut file = file(vec![site(2, true)]);
    let mut found = evidence(vec![build(Outcome::Different, &[(2, Reached::Linked)])]);
    found.builds[0].differences = vec![difference(rule(true)), difference(Cause::Unexpected)];
    assert_eq!(state(&found, &file), EvidenceState::Contradicts);
    let moved = CurrentInputs { tree: &|_| None, ..UNCHANGED };
    assert_eq!(
        EvidenceState::new(Some(&found), &file, &moved),
        EvidenceState::Contradicts,
        "the model was wrong there"
    );
    found.after = "another edit".into();
    assert_eq!(state(&found, &file), stale(&[Stale::After]));
    found.after = NEW.into();
    file.sites[0].proved = Some(false);
    assert_eq!(state(&found, &file), EvidenceState::Different { places: 1, reason: None });
}

#[test]
fn the_first_contradiction_of_a_campaign_is_found() {
    let plan = |file: File| Plan {
        schema: 1,
        commit: None,
        build_args: BTreeMap::new(),
        syntax: String::new(),
        syntax_everywhere: false,
        selects: Vec::new(),
        waivers: Vec::new(),
        list: None,
        left_out: BTreeMap::new(),
        refused: Vec::new(),
        unread: Vec::new(),
        builders: Vec::new(),
        cycles: Vec::new(),
        waves: Vec::new(),
        files: vec![file],
    };
    let mut found = evidence(vec![build(Outcome::Different, &[(2, Reached::Linked)])]);
    found.builds[0].differences = vec![difference(Cause::Unexpected)];
    let all = BTreeMap::from([(PATH.to_owned(), found)]);
    assert_eq!(contradiction(&plan(file(vec![site(2, true)])), &all).map(|it| it.path.as_str()), Some(PATH));
    assert_eq!(contradiction(&plan(file(vec![site(2, false)])), &all), None);
}

#[test]
fn the_first_waves_need_evidence() {
    let proved = file(vec![site(2, true)]);
    let assumed = file(vec![site(2, true), site(3, false)]);
    let go = |file: &File, wave, state: &EvidenceState, trust| may_go_out(file, wave, state, trust, None);
    let (verified, trusting) = (Trust::Verified, Trust::Assumed);
    let lacking = [
        EvidenceState::Missing,
        stale(&[Stale::Base]),
        EvidenceState::NotExercised(vec![2]),
        EvidenceState::CouldNotTest(String::new()),
        EvidenceState::TimedOut(String::new()),
        EvidenceState::Blocked(String::new()),
    ];
    for state in &lacking {
        let refused = Err(Refusal::NoEvidence { path: PATH.into(), evidence: state.clone() });
        for (wave, of_proved) in [(0, None), (1, None), (2, Some(Basis::Proved)), (7, Some(Basis::Proved))] {
            assert_eq!(go(&proved, wave, state, verified), of_proved.map_or(refused.clone(), Ok));
            assert_eq!(go(&proved, wave, state, trusting), Ok(of_proved.unwrap_or(Basis::Unverified)));
            assert_eq!(go(&assumed, wave, state, verified), refused);
            assert_eq!(go(&assumed, wave, state, trusting), Ok(Basis::Unverified));
        }
    }
    let guessed = EvidenceState::VerifiedFrom(Level::Guessed);
    let refused = Refusal::Context { path: PATH.into(), evidence: guessed.clone() };
    assert!(refused.to_string().contains("verified from a guessed context"), "{refused}");
    assert_eq!(go(&assumed, 7, &guessed, verified), Err(refused));
    assert_eq!(go(&assumed, 0, &guessed, trusting), Ok(Basis::Verified));
    for file in [&proved, &assumed] {
        assert_eq!(go(file, 0, &EvidenceState::Verified, verified), Ok(Basis::Verified));
        let different = EvidenceState::Different { places: 2, reason: None };
        let refused = Err(Refusal::Different { path: PATH.into(), evidence: different.clone() });
        assert_eq!(go(file, 5, &different, trusting), refused, "trust never permits a changed image");
    }
}

#[test]
fn a_verdict_that_is_not_safe_needs_evidence_whatever_is_trusted() {
    for verdict in [Verdict::Hold, Verdict::Unknown] {
        let file = file(vec![Site { verdict, ..site(2, true) }]);
        let go = |state: &EvidenceState| may_go_out(&file, 7, state, Trust::Assumed, None);
        let missing = EvidenceState::Missing;
        assert_eq!(go(&missing), Err(Refusal::NoEvidence { path: PATH.into(), evidence: missing.clone() }));
        assert_eq!(go(&EvidenceState::Verified), Ok(Basis::Verified));
    }
}

#[test]
fn a_contradiction_stops_everything() {
    let file = file(vec![site(2, true)]);
    let refused = |path: &str| Err::<Basis, _>(Refusal::Contradiction { path: path.into() });
    for trust in [Trust::Verified, Trust::Assumed] {
        let go = |state, other| may_go_out(&file, 5, &state, trust, other);
        assert_eq!(go(EvidenceState::Verified, Some("b/Dockerfile")), refused("b/Dockerfile"));
        assert_eq!(go(EvidenceState::Missing, Some("b/Dockerfile")), refused("b/Dockerfile"));
        assert_eq!(go(EvidenceState::Contradicts, None), refused(PATH));
    }
    let said = Refusal::Contradiction { path: "b/Dockerfile".into() }.to_string();
    assert!(said.ends_with("layerwright verify b/Dockerfile"), "{said}");
}

#[test]
fn evidence_that_compared_the_images_outlasts_what_shows_less() {
    let (file, _) = two();
    let same = evidence(vec![build(Outcome::Same, &[(2, Reached::Linked), (3, Reached::Linked)])]);
    let different = evidence(vec![build(Outcome::Different, &[(2, Reached::Linked)])]);
    let less = |outcome| Evidence { outcome, ..evidence(Vec::new()) };
    let stays = |one: &Evidence, later: &Evidence| one.outlasts(&state(one, &file), later);
    for one in [&same, &different] {
        for outcome in [Outcome::Blocked, Outcome::TimedOut, Outcome::CouldNotTest] {
            assert!(stays(one, &less(outcome)), "{outcome:?}");
            let of_other_texts = Evidence { after: "another edit".into(), ..less(outcome) };
            assert!(!stays(one, &of_other_texts), "{outcome:?}");
            assert!(!stays(&less(outcome), one), "{outcome:?} is replaced by any other");
        }
    }
    assert!(!stays(&same, &different) && !stays(&different, &same));
    let mut other_platform = same.clone();
    other_platform.builds[0].platform = "linux/arm64".into();
    assert!(stays(&same, &other_platform), "the planned platform is not compared again");
    let at_the_line = |one: &Evidence| {
        let mut one = one.clone();
        one.builds[0].depth = Depth::Line;
        one
    };
    assert!(stays(&same, &at_the_line(&same)) && !stays(&at_the_line(&same), &same));
    assert!(!stays(&same, &at_the_line(&different)), "a difference at the line counts");
    // What is stale gives way to a block, which says what to do.
    let is_stale = stale(&[Stale::Context]);
    assert!(!same.outlasts(&is_stale, &less(Outcome::Blocked)));
    assert!(same.outlasts(&is_stale, &less(Outcome::TimedOut)));
    assert!(!same.outlasts(&is_stale, &other_platform));
    let contradiction = EvidenceState::Contradicts;
    assert!(different.outlasts(&contradiction, &less(Outcome::Blocked)), "it speaks against the file");
}
