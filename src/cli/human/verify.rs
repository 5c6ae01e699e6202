//! The human-readable result of a verification.

use std::time::Duration;

use anstyle::Style;

use super::super::again;
use super::screen::{Align, Piece, Screen};
use super::style;
use crate::campaign::evidence::{BuildEvidence, Cause, Depth, Difference, Evidence, Outcome, Reached};
use crate::campaign::plan::file::Plan;
use crate::text::command;
use crate::text::figures::{duration, number};
use crate::text::words::count;

/// The maximum number of differences that are shown for one build.
const MOST: usize = 20;

/// Returns the outcome in a word or two. Differences that waivers accept have a separate word.
pub(crate) fn outcome(evidence: &Evidence) -> &'static str {
    word(evidence).1
}

/// The colours and names of the outcomes, the best first.
const WORDS: [(Style, &str); 6] = [
    (style::GOOD, "same"),
    (style::GOOD, "accepted"),
    (style::BAD, "different"),
    (style::OPEN, "blocked"),
    (style::OPEN, "timed out"),
    (style::OPEN, "could not test"),
];

fn word(evidence: &Evidence) -> (Style, &'static str) {
    WORDS[match evidence.open_outcome() {
        Outcome::Same => usize::from(evidence.outcome == Outcome::Different),
        Outcome::Different => 2,
        Outcome::Blocked => 3,
        Outcome::TimedOut => 4,
        Outcome::CouldNotTest => 5,
    }]
}

/// The columns of the table between the outcome and the file, with their meanings.
const COLUMNS: [(&str, &str); 8] = [
    ("before", "the time of the build before the change"),
    ("after", "the time of the build after it"),
    ("reused", "the layers that keep their digest when the base image changes, before and after"),
    ("linked", "the edited lines that the builder linked"),
    ("no effect", "the edited lines whose flag it ignored"),
    ("not built", "the edited lines that no build executed"),
    ("differ", "the places in which the images differ"),
    ("noise", "the places in which two builds of the original differ too, which are not counted"),
];

/// The meaning of the outcome where the depth is that of the line.
const AT_THE_LINE: &str = "The filesystems right after each edited instruction were compared; later steps were not built. \
                           --depth full builds and compares the whole images.";

/// Returns a table of the files, and below it the differences with their causes.
pub(crate) fn verified(plan: &Plan, evidence: &[Evidence]) -> String {
    let mut screen = Screen::new(style::width());
    if evidence.is_empty() {
        return screen.finish();
    }
    table(&mut screen, evidence);
    let at_the_line = evidence.iter().flat_map(|one| &one.builds).any(|build| build.depth == Depth::Line);
    if at_the_line {
        screen.paragraph(AT_THE_LINE).end();
    }
    for one in evidence {
        details(&mut screen, one);
    }
    for one in evidence {
        if plan.file(&one.path).is_some_and(|file| one.contradicts(file)) {
            contradiction(&mut screen, one);
        }
    }
    tally(&mut screen, evidence);
    screen.finish()
}

/// Adds the table with the columns that say something, and their meanings.
fn table(screen: &mut Screen, evidence: &[Evidence]) {
    let rows: Vec<Vec<Piece>> = evidence.iter().map(row).collect();
    let says = |column: &usize| {
        rows.iter().filter_map(|row| row.get(column + 1)).any(|(_, text)| !matches!(&**text, "-" | "0"))
    };
    let used: Vec<usize> = (0..COLUMNS.len()).filter(says).collect();
    let title = |text: &str| (style::STRONG, text.to_owned());
    let titles = used.iter().filter_map(|at| COLUMNS.get(*at)).map(|(name, _)| title(name));
    let head = std::iter::once(title("Outcome")).chain(titles).chain([title("File")]);
    let chosen = |row: Vec<Piece>| {
        let is_used = |at: usize| at == 0 || at > COLUMNS.len() || used.contains(&(at - 1));
        row.into_iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, cell)| cell).collect()
    };
    let all: Vec<Vec<Piece>> = std::iter::once(head.collect()).chain(rows.into_iter().map(chosen)).collect();
    let mut aligns = vec![Align::Right; used.len() + 2];
    (aligns[0], aligns[used.len() + 1]) = (Align::Left, Align::Left);
    screen.table(&aligns, &all).end();
    let meanings = used.iter().filter_map(|at| COLUMNS.get(*at));
    let meanings: Vec<String> = meanings.map(|(name, meaning)| format!("{name}: {meaning}.")).collect();
    if !meanings.is_empty() {
        screen.paragraph(&meanings.join(" ")).end();
    }
}

fn row(evidence: &Evidence) -> Vec<Piece> {
    let plain = |text: String| (Style::new(), text);
    let figures = &evidence.figures.builds;
    let built = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), |ms| duration(Duration::from_millis(ms)));
    let before = figures.iter().map(|build| build.before_ms).sum::<u64>();
    let after = figures.iter().map(|build| build.after_ms).sum::<Option<u64>>();
    let sites = |reached: Reached| {
        let lines = evidence.builds.iter().flat_map(|build| &build.sites);
        let best = |line: usize| {
            let own = evidence.builds.iter().flat_map(|build| &build.sites).filter(|site| site.line == line);
            own.map(|site| site.reached).min()
        };
        let all: std::collections::BTreeSet<usize> = lines.map(|site| site.line).collect();
        number(all.into_iter().filter(|line| best(*line) == Some(reached)).count())
    };
    let differences: usize = evidence.builds.iter().map(|build| build.differences.len()).sum();
    let noise: usize = evidence.builds.iter().map(|build| build.noise).sum();
    let (colour, outcome) = word(evidence);
    vec![
        (colour, outcome.to_owned()),
        plain(built((before > 0).then_some(before))),
        plain(built(after.filter(|after| *after > 0))),
        plain(kept(&evidence.builds)),
        plain(sites(Reached::Linked)),
        plain(sites(Reached::NoEffect)),
        plain(sites(Reached::NotExercised)),
        plain(number(differences)),
        plain(number(noise)),
        plain(evidence.path.clone()),
    ]
}

/// Returns how many layers above a changed base image are reused, before and after, over all builds.
fn kept(builds: &[BuildEvidence]) -> String {
    let pairs: Vec<_> =
        builds.iter().filter_map(|build| build.cache.as_ref()).map(|cache| &cache.moved_base).collect();
    if pairs.is_empty() {
        return "-".into();
    }
    let (before, after): (usize, usize) = pairs
        .iter()
        .fold((0, 0), |(before, after), pair| (before + pair.before.kept, after + pair.after.kept));
    let layers: usize = pairs.iter().map(|pair| pair.after.layers).sum();
    format!("{before} → {after} of {layers}")
}

/// Shows why an image is not the same, and its differences.
fn details(screen: &mut Screen, evidence: &Evidence) {
    if evidence.outcome == Outcome::Same {
        return;
    }
    screen.paint(style::STRONG, &evidence.path).say(": ");
    let (colour, outcome) = word(evidence);
    screen.paint(colour, outcome).end();
    if evidence.builds.is_empty() {
        reason(screen, evidence.reason.as_deref());
    }
    for build in evidence.builds.iter().filter(|build| build.outcome != Outcome::Same) {
        screen.paint(style::FAINT, &format!("  {}", way(build))).end();
        reason(screen, build.reason.as_deref());
        for difference in build.differences.iter().take(MOST) {
            self::difference(screen, difference);
        }
        if build.differences.len() > MOST {
            let more = count(build.differences.len() - MOST, "difference");
            screen.paint(style::FAINT, &format!("    and {more} more; --format json shows all")).end();
        }
        for smoke in build.smoke.iter().filter(|smoke| !smoke.agrees) {
            let codes = format!("exit code {} before, {} after", smoke.before, smoke.after);
            screen.prose(style::BAD, &format!("    `{}`", smoke.command), &codes);
        }
    }
    if evidence.outcome == Outcome::Different {
        screen.say("  Reproduce it:  ").paint(style::HINT, &again::repeated(&reproduction(evidence))).end();
    }
    screen.end();
}

/// Shows a reason, which may be several lines of a builder's output.
fn reason(screen: &mut Screen, reason: Option<&str>) {
    for line in reason.into_iter().flat_map(str::lines) {
        screen.say("    ").say(line).end();
    }
}

fn difference(screen: &mut Screen, difference: &Difference) {
    let what = difference.path.as_deref().unwrap_or("the image's configuration");
    let what = if difference.aspect == "build" { "the file" } else { what };
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
    let (before, after) = (side(&difference.before), side(&difference.after));
    let (colour, cause) = match &difference.cause {
        Cause::Header => (style::OPEN, "caused by the header alone".to_owned()),
        Cause::Rule { rule, line, accepted: true } => {
            (style::FAINT, format!("{rule}, line {line}, accepted"))
        }
        Cause::Rule { rule, line, accepted: false } => (style::BAD, format!("{rule}, line {line}")),
        Cause::Unexpected => (style::BAD, "unexpected".to_owned()),
    };
    screen.prose(
        colour,
        &format!("    {what}"),
        &format!("{} {before} → {after} ({cause})", difference.aspect),
    );
}

/// Returns a build in words.
fn way(build: &BuildEvidence) -> String {
    let target = build.target.as_ref().map_or(String::new(), |target| format!(", target {target}"));
    format!("context {}{target}, {}, frontend {}", build.context, build.platform, build.frontend)
}

/// Returns the command that reproduces the result.
fn reproduction(evidence: &Evidence) -> String {
    let keep = command::layerwright(["verify", &command::path(&evidence.path), "--keep"]);
    let Some(build) = evidence.builds.iter().find(|build| build.outcome == Outcome::Different) else {
        return keep;
    };
    let is_builtin = build.frontend == "builtin" && !build.assumptions.is_empty();
    let frontend = if is_builtin { " --frontend builtin" } else { "" };
    format!("{keep} --platform {}{frontend}", build.platform)
}

/// Shows a contradiction. A wrong proof is the worst bug that this program can have.
fn contradiction(screen: &mut Screen, evidence: &Evidence) {
    screen.paint(style::ERROR, "CONTRADICTION").say(": all lines of ").paint(style::STRONG, &evidence.path);
    screen.say(" were proved, and its image differs.").end();
    screen.paragraph(
        "The campaign stops: no pull request is opened on a proof alone. This is a bug in layerwright; report it \
         with the file, its build context and the output of:",
    );
    screen.say("  ").paint(style::HINT, &again::repeated(&reproduction(evidence))).end().end();
}

fn tally(screen: &mut Screen, evidence: &[Evidence]) {
    let of = |what: &str| evidence.iter().filter(|one| outcome(one) == what).count();
    screen.say(&format!("{}:", count(evidence.len(), "file")));
    let mut first = true;
    for (colour, what) in WORDS.into_iter().filter(|(_, what)| of(what) > 0) {
        screen.say(if first { " " } else { ", " });
        screen.paint(colour, &format!("{} {what}", number(of(what))));
        first = false;
    }
    screen.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rule::RuleId;
    use crate::campaign::evidence::{BuilderFacts, Figures, SiteEvidence};

    fn build(outcome: Outcome, differences: Vec<Difference>) -> BuildEvidence {
        let facts = BuilderFacts {
            name: "default".into(),
            driver: "docker".into(),
            buildkit: None,
            buildx: "0.29.1".into(),
            rootless: None,
        };
        BuildEvidence {
            context: ".".into(),
            tree: None,
            target: Some("app".into()),
            platform: "linux/amd64".into(),
            build_args: std::collections::BTreeMap::new(),
            contexts: std::collections::BTreeMap::new(),
            bases: std::collections::BTreeMap::new(),
            builder: facts,
            frontend: "docker/dockerfile:1".into(),
            assumptions: Vec::new(),
            depth: Depth::Full,
            outcome,
            reason: None,
            sites: vec![
                SiteEvidence { line: 2, reached: Reached::Linked, compared: None },
                SiteEvidence::not_exercised(9),
            ],
            differences,
            noise: 0,
            smoke: Vec::new(),
            cache: None,
        }
    }

    fn evidence(build: BuildEvidence) -> Evidence {
        Evidence {
            schema: 1,
            path: "a/Dockerfile".into(),
            commit: None,
            before: "1".into(),
            after: "2".into(),
            outcome: build.outcome,
            reason: None,
            builds: vec![build],
            figures: Figures::default(),
            signature: None,
        }
    }

    #[test]
    fn a_difference_stands_below_the_table_with_its_cause_and_how_to_see_it() {
        let difference = Difference {
            path: Some("/root\u{1b}[2J".into()),
            aspect: "mode".into(),
            before: Some("0700".into()),
            after: Some("0755".into()),
            cause: Cause::Unexpected,
        };
        let mut screen = Screen::new(100);
        details(&mut screen, &evidence(build(Outcome::Different, vec![difference])));
        let text = anstream::adapter::strip_str(&screen.finish()).to_string();
        assert_eq!(
            text,
            "a/Dockerfile: different\n  context ., target app, linux/amd64, frontend docker/dockerfile:1\n    \
             /root\\x1b[2J mode 0700 → 0755 (unexpected)\n  Reproduce it:  layerwright verify a/Dockerfile --keep \
             --platform linux/amd64\n\n"
        );
    }

    #[test]
    fn a_line_counts_by_the_build_that_shows_most_of_it() {
        let mut one = evidence(build(Outcome::Same, Vec::new()));
        let mut other = build(Outcome::Same, Vec::new());
        other.sites[1].reached = Reached::NoEffect;
        one.builds.push(other);
        let cells: Vec<String> = row(&one).into_iter().map(|(_, cell)| cell).collect();
        assert_eq!(cells, ["same", "-", "-", "-", "1", "1", "0", "0", "0", "a/Dockerfile"]);
    }

    #[test]
    fn what_somebody_accepted_is_called_so() {
        let difference = |accepted| Difference {
            path: Some("/root".into()),
            aspect: "mode".into(),
            before: Some("0700".into()),
            after: Some("0755".into()),
            cause: Cause::Rule {
                rule: RuleId::find("ancestor-mode").expect("there is such a rule"),
                line: 2,
                accepted,
            },
        };
        let found = |all: &[bool]| {
            evidence(build(Outcome::Different, all.iter().map(|it| difference(*it)).collect()))
        };
        assert_eq!(
            [&[true, true][..], &[true, false]].map(|all| outcome(&found(all))),
            ["accepted", "different"]
        );
        let mut smoke = found(&[true]);
        smoke.builds[0].smoke = vec![crate::campaign::evidence::Smoke {
            command: "a".into(),
            before: 0,
            after: 1,
            agrees: false,
        }];
        assert_eq!(outcome(&smoke), "different", "a waiver cannot accept a failed command");
        let mut other = found(&[true]);
        other.builds.push(build(Outcome::Blocked, Vec::new()));
        assert_eq!(outcome(&other), "blocked", "nothing is known of that build");
        let mut screen = Screen::new(100);
        tally(&mut screen, &[found(&[true]), found(&[false]), found(&[true])]);
        let text = anstream::adapter::strip_str(&screen.finish()).to_string();
        assert_eq!(text, "3 files: 2 accepted, 1 different\n");
    }
}
