//! The first screen of a plan: the counts, what is safe to link, the obstacles, and the first command.

mod builders;
mod sections;

use anstyle::Style;

use super::counts::{self, Count};
use super::screen::{Align, Piece, Screen};
use super::{evidence, style, verbose};
use crate::analysis::{Benefit, Knowledge, Verdict};
use crate::campaign::evidence::EvidenceStates;
use crate::campaign::plan::file::{File, Plan, Site};
use crate::campaign::progress::{Step, StepKind};
use crate::config::BaseSource;
use crate::ops::{IncompleteBase, Saved};
use crate::text::command;
use crate::text::figures::number;
use crate::text::words::{count, form, short_id};

/// The maximum number of reasons that a row names.
const TOP: usize = 3;

/// The way in which a plan is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'s> {
    /// The place that the plan was written to.
    pub(crate) saved: &'s Saved,
    /// The folder of the plan, if it has to be committed.
    pub(crate) uncommitted: Option<&'s str>,
    /// True to show every instruction.
    pub(crate) verbose: bool,
    /// The places that base images were read from, beside files and what is remembered.
    pub(crate) sources: &'s [BaseSource],
    /// The base images of which too few facts are remembered.
    pub(crate) incomplete: &'s [IncompleteBase],
    /// The next step of the campaign, if it is known.
    pub(crate) step: Option<&'s Step>,
}

/// Returns the first screen of a plan, with the states of the evidence.
pub(crate) fn first_screen(plan: &Plan, evidence: &EvidenceStates, shown: Shown<'_>) -> String {
    let mut screen = Screen::new(style::width());
    write(&mut screen, plan, evidence, shown);
    screen.finish()
}

/// Writes the first screen.
pub(super) fn write(screen: &mut Screen, plan: &Plan, evidence: &EvidenceStates, shown: Shown<'_>) {
    let Shown { saved, uncommitted, verbose, sources, incomplete, step } = shown;
    head(screen, plan, saved);
    builders::line(screen, plan);
    if let Some((head, text)) = judgement(plan) {
        screen.prose(style::STRONG, head, &text);
    }
    let rows = rows(plan);
    if !rows.is_empty() {
        screen.end().table(&[Align::Right, Align::Left, Align::Left], &rows);
    }
    let has_reasons =
        counts::sites(plan).any(|site| !site.reasons.is_empty() || !site.assumptions.is_empty());
    if verbose {
        verbose::files(screen, plan);
    } else if has_reasons {
        let command = (style::HINT, "layerwright plan --verbose".to_owned());
        screen.suggest(Style::new(), "", "Each line with its reason:", &[command]);
    }
    let is_neutral = |site: &Site| site.selected && site.benefit == Benefit::Neutral;
    if counts::sites(plan).any(is_neutral) {
        let command = (style::HINT, "layerwright plan --only pays".to_owned());
        screen.suggest(Style::new(), "", "Without the lines that bring no gain:", &[command]);
    }
    if verbose || !rows.is_empty() {
        screen.end();
    }
    // Lists are short, unless every line is shown anyway.
    let most = if verbose { usize::MAX } else { sections::NAMED };
    sections::unread(screen, plan, sources, most);
    sections::incomplete(screen, plan, incomplete);
    sections::apart(screen, plan, most);
    sections::builds(screen, plan, most);
    sections::reconciliation(screen, plan, most);
    sections::waves(screen, plan);
    sections::conditions(screen, plan, most);
    evidence::line(screen, evidence);
    if let Some(folder) = uncommitted {
        commit(screen, folder);
    }
    start(screen, plan, saved, step);
}

/// Says that the plan in a folder has to be committed.
pub(super) fn commit(screen: &mut Screen, folder: &str) {
    let command = format!("git add {} && git commit", command::quoted(&command::path(folder)));
    let text = "the plan, and push it before a report:";
    screen.suggest(style::STRONG, "Commit", text, &[(style::HINT, command)]);
}

fn head(screen: &mut Screen, plan: &Plan, saved: &Saved) {
    let sites = counts::sites(plan).count();
    let what = format!("{}, {} COPY/ADD", count(plan.files.len(), "Dockerfile"), number(sites));
    screen.paint(style::STRONG, &what);
    if let Some(commit) = &plan.commit {
        screen.say(&format!(" in commit {}", short_id(commit)));
    }
    match saved.path() {
        None => screen.say(".  Nothing was changed.").end(),
        Some(path) => screen.say(&format!(".  The plan is in {}.", path.display())).end(),
    };
}

/// Returns a warning if there is little or nothing to gain.
fn judgement(plan: &Plan) -> Option<(&'static str, String)> {
    let sites: Vec<&Site> = counts::sites(plan).collect();
    if plan.files.is_empty() {
        return Some(("Nothing to do:", "no Dockerfile was found.".into()));
    }
    let selected = sites.iter().filter(|site| site.selected).count();
    let edited = counts::edited(plan).count();
    let headed = counts::edited(plan).filter(|file| file.edits_header_only()).count();
    if selected == 0 && edited > 0 {
        let (files, get) = (count(edited, "file"), form(edited, "gets", "get"));
        let text = format!("{files} {get} the header and no other edit{}.{}", rest(plan), advice(plan));
        return Some(("Result:", text));
    }
    if sites.is_empty() {
        return Some(("Nothing to do:", "no Dockerfile has a COPY or an ADD.".into()));
    }
    let linked = counts::with(plan, Verdict::Linked);
    if linked == sites.len() {
        return Some(("Nothing to do:", "every COPY and ADD is already linked.".into()));
    }
    let open = sites.len() - linked - counts::with(plan, Verdict::OptedOut);
    let unknown = counts::with(plan, Verdict::Unknown);
    let rest = rest(plan);
    if selected == 0 {
        let eligible = sites.iter().filter(|site| counts::is_eligible(site)).count();
        let may = match eligible {
            0 => "no line may be linked".to_owned(),
            many if idle(plan) == many => {
                format!("{} may be linked, without any gain", count(many, "line"))
            }
            many => format!("{} may be linked, but none is selected (see below)", count(many, "line")),
        };
        let head = if unknown > 0 { "Nothing to do so far:" } else { "Nothing to do:" };
        return Some((head, format!("{may}{rest}.{}", advice(plan))));
    }
    let pays = counts::paying(plan).all;
    if pays > 0 && selected * 2 >= open {
        return None;
    }
    let may = format!(
        "{} of {} {} may be linked, in {}{}{}",
        number(selected),
        number(open),
        form(open, "line", "lines"),
        count(edited - headed, "file"),
        if pays == 0 { " (no build gets faster by that alone)" } else { "" },
        match headed {
            0 => String::new(),
            _ => format!("; {} {} the header alone", count(headed, "file"), form(headed, "gets", "get")),
        },
    );
    let head = if unknown > 0 { "So far:" } else { "Result:" };
    Some((head, format!("{may}{rest}.{}", advice(plan))))
}

/// Returns the lines that may not be linked, and those that are not known, as further parts of a sentence.
fn rest(plan: &Plan) -> String {
    let parts =
        [(counts::with(plan, Verdict::Hold), "unsafe"), (counts::with(plan, Verdict::Unknown), "unknown")];
    let named = parts.into_iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> =
        named.map(|(n, what)| format!("; {} {} {what}", number(n), form(n, "is", "are"))).collect();
    parts.concat()
}

/// Returns the one action that changes the most lines.
fn advice(plan: &Plan) -> String {
    let (images, lines) = (counts::unread(plan).len(), counts::unread_lines(plan));
    let reasons =
        counts::ranked(counts::first_reasons(plan, Verdict::Hold).map(|reason| reason.rule.as_str()));
    match reasons.first() {
        _ if images > 0 && lines >= reasons.first().map_or(0, |(_, held)| *held) => format!(
            " To know more, read {} ({})",
            form(images, "the base image below", "the base images below"),
            count(lines, "line")
        ),
        Some((rule, held)) => {
            format!(" The first rule to look at, with {}: layerwright explain {rule}", count(*held, "line"))
        }
        None => String::new(),
    }
}

/// Counts the lines that are safe to link and have no gain.
fn idle(plan: &Plan) -> usize {
    counts::sites(plan).filter(|site| counts::is_eligible(site) && site.benefit == Benefit::None).count()
}

/// Returns the counts by verdict.
fn rows(plan: &Plan) -> Vec<Vec<Piece>> {
    let mut rows = Vec::new();
    let taken = |benefit: Benefit| {
        Count::of(counts::sites(plan).filter(move |site| site.selected && site.benefit == benefit))
    };
    push(&mut rows, taken(Benefit::Pays), style::GOOD, "worth linking", proof);
    push(&mut rows, taken(Benefit::Neutral), style::GOOD, "safe, no gain", proof);
    push(&mut rows, taken(Benefit::Costs), style::GOOD, "safe, builds get slower", proof);
    push(&mut rows, taken(Benefit::None), style::GOOD, "safe, no gain (scratch)", proof);
    let left = Count::of(counts::sites(plan).filter(|site| counts::is_eligible(site) && !site.selected));
    push(&mut rows, left, Style::new(), "safe, left out", |_| left_out(plan));
    let judged =
        |verdict: Verdict| Count::of(counts::sites(plan).filter(move |site| site.verdict == verdict));
    push(&mut rows, judged(Verdict::Hold), style::BAD, "unsafe", |_| top(plan, Verdict::Hold));
    push(&mut rows, judged(Verdict::Unknown), style::OPEN, "not known", |_| top(plan, Verdict::Unknown));
    push(&mut rows, judged(Verdict::NoEffect), Style::new(), "without effect", |_| {
        "the builder would ignore --link".into()
    });
    push(
        &mut rows,
        judged(Verdict::Linked),
        Style::new(),
        "already linked",
        |_| match counts::harmful_links(plan) {
            0 => String::new(),
            harmful => {
                let are = form(harmful, "is", "are");
                format!("{} of them {are} unsafe: layerwright check", number(harmful))
            }
        },
    );
    push(&mut rows, judged(Verdict::OptedOut), Style::new(), "opted out", |_| "--link=false".into());
    rows
}

fn push(
    rows: &mut Vec<Vec<Piece>>,
    found: Count,
    style: Style,
    label: &str,
    detail: impl Fn(Count) -> String,
) {
    if found.all > 0 {
        rows.push(vec![
            (style::STRONG, number(found.all)),
            (style, label.to_owned()),
            (style::FAINT, detail(found)),
        ]);
    }
}

fn proof(found: Count) -> String {
    match (found.proved, found.all - found.proved) {
        (0, _) => "need a build (assumed)".into(),
        (_, 0) => "proved".into(),
        (proved, assumed) => {
            format!("{} proved, {} need a build (assumed)", number(proved), number(assumed))
        }
    }
}

/// Returns the reasons why safe lines are not selected.
fn left_out(plan: &Plan) -> String {
    let (mut skipped, mut idle, mut other) = (0, 0, 0);
    for file in &plan.files {
        for site in file.sites.iter().filter(|site| counts::is_eligible(site) && !site.selected) {
            match (&file.skip, site.benefit) {
                (Some(_), _) => skipped += 1,
                (None, Benefit::None) => idle += 1,
                (None, _) => other += 1,
            }
        }
    }
    let parts = [
        (idle, "first on scratch: no gain"),
        (other, "with a benefit that is not selected"),
        (skipped, "in files that are not edited"),
    ];
    let used: Vec<(usize, &str)> = parts.into_iter().filter(|(many, _)| *many > 0).collect();
    match used.as_slice() {
        [(_, only)] => (*only).to_owned(),
        many => {
            many.iter().map(|(many, why)| format!("{} {why}", number(*many))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Returns the most frequent rules behind a verdict.
fn top(plan: &Plan, verdict: Verdict) -> String {
    let rules = counts::ranked(counts::first_reasons(plan, verdict).map(|reason| reason.rule.as_str()));
    let named: Vec<String> =
        rules.iter().take(TOP).map(|(rule, many)| format!("{rule} {}", number(*many))).collect();
    let more = if rules.len() > TOP { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// Shows the next command.
fn start(screen: &mut Screen, plan: &Plan, saved: &Saved, step: Option<&Step>) {
    let is_started =
        |step: &&Step| matches!(step.kind, StepKind::Finished | StepKind::Review | StepKind::Fetch);
    if let Some(found) = step.filter(is_started) {
        return super::status::step(screen, found);
    }
    let is_open = |path: &&String| plan.file(path).is_some_and(File::is_edited);
    // People may have decided against the first file of all.
    let of_step = step.and_then(|step| step.files.iter().find(is_open));
    let is_first = |path: &&String| of_step.map_or_else(|| is_open(path), |of_step| *path == of_step);
    let first = plan.waves.iter().find_map(|wave| Some((wave.files.iter().find(is_first)?, wave.number)));
    let Some((path, wave)) = first else { return };
    let count_of = plan.file(path).map_or(Count::default(), |file| Count::of(file.selected()));
    let proof = match (count_of.proved, count_of.all) {
        (_, 0) => "the header alone".to_owned(),
        (0, all) => format!("{}, {} proved", count(all, "line"), form(all, "not", "none")),
        (proved, all) if proved == all => format!("{} proved", count(all, "line")),
        (proved, all) => format!("{}, {} proved", count(all, "line"), number(proved)),
    };
    let plan_argument = match saved {
        Saved::Elsewhere(file) => {
            let file = file.display().to_string();
            format!(" --plan {}", command::quoted(&command::path(&file)))
        }
        Saved::No | Saved::InPlace(_) => String::new(),
    };
    // Without a saved plan, `migrate` makes its own plan, without the list and the images of this one.
    let special = plan.list.is_some()
        || plan.files.iter().any(|file| file.bases.iter().any(|base| base.source == Some(Knowledge::Rootfs)));
    if *saved == Saved::No && special {
        let text = format!("{path} ({proof}). Keep this plan for the next steps:");
        let command = command::layerwright(["plan", "--save"]);
        screen.suggest(style::STRONG, "Start:", &text, &[(style::HINT, command)]);
        return;
    }
    let command = format!("layerwright migrate --wave {wave} --diff{plan_argument}");
    let place = format!("{path} ({proof}). See it:");
    screen.suggest(style::STRONG, "Start:", &place, &[(style::HINT, command)]);
    if let (Saved::InPlace(_), Some(found)) = (saved, step) {
        super::status::step(screen, found);
    }
}
