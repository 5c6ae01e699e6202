//! The parts of the first screen that name files and images.

use std::collections::BTreeSet;

use anstyle::Style;

use super::super::screen::{Align, Piece, Screen};
use super::super::{counts, style};
use crate::analysis::{Knowledge, Verdict};
use crate::builds::Level;
use crate::campaign::plan::file::{Class, File, Gone, ListReport, Plan, Wave};
use crate::config::BaseSource;
use crate::edit::header::Header;
use crate::ops::IncompleteBase;
use crate::text::figures::number;
use crate::text::words::{count, form, plural, short_id};
use crate::text::{command, cut};

/// The maximum number of entries of a list that are named.
pub(super) const NAMED: usize = 3;
/// The maximum number of waves that are shown.
const WAVES: usize = 5;

/// Shows the base images that were not read, and the remedy.
pub(crate) fn unread(screen: &mut Screen, plan: &Plan, sources: &[BaseSource], most: usize) {
    let images = counts::unread(plan);
    if images.is_empty() {
        return;
    }
    let were = form(images.len(), "was", "were");
    let lines = count(counts::unread_lines(plan), "instruction");
    let text = format!("{} {were} not read ({lines}):", count(images.len(), "base image"));
    let are_arguments = images.iter().all(|image| argument(&image.image).is_some());
    screen.suggest(Style::new(), "", &text, &remedy(are_arguments, sources));
    let rows: Vec<Vec<Piece>> = images
        .iter()
        .take(most)
        .map(|image| {
            vec![
                (style::STRONG, number(image.lines)),
                (
                    Style::new(),
                    format!("{} in {}", form(image.lines, "line", "lines"), count(image.files, "file")),
                ),
                (Style::new(), image.image.clone()),
                (
                    Style::new(),
                    match (image.source, argument(&image.image)) {
                        (Some(Knowledge::Built), _) => "built in this repository (assumed)".to_owned(),
                        (Some(Knowledge::Profile), _) => "known by its family (assumed)".to_owned(),
                        (None, Some(name)) => format!("pass --build-arg {name}=VALUE"),
                        (Some(Knowledge::Rootfs) | None, _) => String::new(),
                    },
                ),
            ]
        })
        .collect();
    screen.table(&[Align::Right, Align::Left, Align::Left, Align::Left], &rows);
    more(screen, images.len(), "image", most);
}

/// Shows the base images of which too few facts are remembered for a line, and the option that reads them again.
pub(crate) fn incomplete(screen: &mut Screen, plan: &Plan, incomplete: &[IncompleteBase]) {
    let has_unknown = |file: &&File| file.sites.iter().any(|site| site.verdict == Verdict::Unknown);
    let asking = plan.files.iter().filter(has_unknown);
    let asked: BTreeSet<&str> = asking.flat_map(|file| &file.bases).map(|base| base.image.as_str()).collect();
    let missing: Vec<&IncompleteBase> =
        incomplete.iter().filter(|base| asked.contains(base.image.as_str())).collect();
    if missing.is_empty() {
        return;
    }
    let options: BTreeSet<&[String; 2]> = missing.iter().map(|base| &base.option).collect();
    let options = options.into_iter().flatten().map(String::as_str);
    let command = command::layerwright(["plan", "--save"].into_iter().chain(options));
    let n = missing.len();
    let is = form(n, "is", "are");
    let text = format!("{} {is} remembered without the facts that a line needs:", count(n, "base image"));
    screen.suggest(Style::new(), "", &text, &[(style::HINT, command)]);
}

/// Returns the way to read images that were not read from these places.
fn remedy(are_arguments: bool, sources: &[BaseSource]) -> Vec<Piece> {
    let (say, command) =
        (|text: &str| (Style::new(), text.to_owned()), |text: &str| (style::HINT, text.to_owned()));
    let file = command("--rootfs IMAGE=PATH");
    match sources {
        _ if are_arguments => {
            vec![say("set their build arguments with "), command("--build-arg NAME=VALUE")]
        }
        [_, _, ..] => vec![say("pass "), file],
        [BaseSource::Registry] => {
            vec![say("pull them and pass "), command("--bases engine"), say(", or pass "), file]
        }
        [] => vec![command("layerwright plan --bases registry"), say(", or pass "), file],
        [_] => vec![say("pull them, or pass "), command("--bases registry"), say(", or pass "), file],
    }
}

/// Returns the build argument that an image is named by: `BASE` of `${BASE}:1`.
fn argument(image: &str) -> Option<&str> {
    let (_, rest) = image.split_once('$')?;
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let name = cut::where_ends(rest, |c| !c.is_ascii_alphanumeric() && c != '_').0;
    (!name.is_empty()).then_some(name)
}

fn more(screen: &mut Screen, all: usize, noun: &str, most: usize) {
    if all > most {
        let (more, them) = (all - most, form(all - most, "it", "them"));
        let text = format!("  and {} {} more: --verbose names {them}", number(more), plural(more, noun));
        screen.paint(style::FAINT, &text).end();
    }
}

/// Shows the files outside the campaign: not edited, left out, refused.
pub(crate) fn apart(screen: &mut Screen, plan: &Plan, most: usize) {
    let skipped: Vec<&File> = plan.files.iter().filter(|file| file.skip.is_some()).collect();
    let of = |class: fn(&Class) -> bool| skipped.iter().filter(|file| class(&file.class)).count();
    let generated = of(|class| matches!(class, Class::Generated { .. }));
    let templates = of(|class| matches!(class, Class::Template));
    let others: Vec<&&File> = skipped.iter().filter(|file| file.class == Class::Plain).collect();
    let mut parts = Vec::new();
    if generated > 0 {
        parts
            .push(format!("{} generated (edit their template, or pass --edit-generated)", number(generated)));
    }
    if templates > 0 {
        parts.push(count(templates, "template"));
    }
    if !others.is_empty() {
        parts.push(count(others.len(), "other"));
    }
    if !parts.is_empty() {
        screen.prose(style::STRONG, "Not edited:", &format!("{}.", parts.join(", ")));
    }
    for file in others.iter().take(most) {
        let reason = file.skip.as_deref().unwrap_or_default();
        screen.prose(Style::new(), &format!("  {}:", file.path), reason);
    }
    more(screen, others.len(), "file", most);
    if !plan.left_out.is_empty() {
        let left: Vec<String> =
            plan.left_out.iter().map(|(why, many)| format!("{why} ({})", number(*many))).collect();
        screen.prose(style::STRONG, "Left out:", &format!("{}.", left.join(", ")));
    }
    if !plan.refused.is_empty() {
        screen.paint(style::BAD, "Refused:").say(&format!(" {}", count(plan.refused.len(), "file"))).end();
        for refused in plan.refused.iter().take(most) {
            screen.prose(Style::new(), &format!("  {}:", refused.path), &refused.reason);
        }
        more(screen, plan.refused.len(), "file", most);
    }
}

/// Shows what is known about the builds of the repository.
pub(crate) fn builds(screen: &mut Screen, plan: &Plan, most: usize) {
    let counts::Contexts { stated, possible, guessed } = counts::contexts(plan);
    let many = stated.iter().map(|(_, many)| many).sum();
    let kinds: Vec<String> =
        stated.iter().map(|(kind, many)| format!("{} {}", number(*many), kind)).collect();
    let parts = [
        (many, format!("{} stated ({})", number(many), kinds.join(", "))),
        (possible, format!("{} possible", number(possible))),
        (guessed, format!("{} guessed", number(guessed))),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(many, _)| *many > 0).map(|(_, part)| part).collect();
    if !parts.is_empty() {
        screen.prose(style::STRONG, "Contexts:", &format!("{}.", parts.join(", ")));
    }
    let all_guessed = guessed;
    let guessed: Vec<&File> = plan
        .files
        .iter()
        .filter(|file| file.is_edited())
        .filter(|file| !file.contexts.is_empty())
        .filter(|file| file.contexts.iter().all(|context| context.level == Level::Guessed))
        .collect();
    if !guessed.is_empty() {
        screen.prose(style::STRONG, "Guessed contexts:", &to_state(guessed.len(), all_guessed));
    }
    for file in guessed.iter().take(most) {
        let root = file.contexts.first().map_or(".", |context| context.root.as_str());
        screen.say(&format!("  [build.{:?}]", file.path)).end();
        screen.say(&format!("  context = {root:?}")).end();
    }
    more(screen, guessed.len(), "file", most);
    if let Some(first) = plan.unread.first() {
        let (many, says) = (plan.unread.len(), form(plan.unread.len(), "says", "say"));
        let files = form(many, "file", "files");
        let first_is = form(many, "", "first ");
        let text = format!(
            "{} {files} that {says} how something is built: {first_is}{}: {}",
            number(many),
            first.path,
            first.reason
        );
        screen.prose(style::OPEN, "Not understood:", &text);
    }
    if let Some(first) = plan.cycles.first() {
        let circle: Vec<&str> = first.iter().chain(first.first()).map(String::as_str).collect();
        let more = plan.cycles.len() - 1;
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let text = format!("{}{more}.", circle.join(" starts from "));
        screen.prose(style::OPEN, "In a circle:", &text);
    }
}

/// Returns what to do about the guessed contexts of edited files, of so many in all.
fn to_state(edited: usize, all: usize) -> String {
    let state = |which: &str| {
        format!(
            "what rests on a guess gets no pull request, unless you set `trust = \"assumed\"`. State {which} in layerwright.toml:"
        )
    };
    if edited == all {
        return state("each");
    }
    let of = form(edited, "is of a file", "are of files");
    let rest = state(form(edited, "it", "each"));
    format!("{} of {} {of} edited by the campaign; {rest}", number(edited), number(all))
}

/// Shows the comparison of the list with the files of the repository.
pub(crate) fn reconciliation(screen: &mut Screen, plan: &Plan, most: usize) {
    let Some(list) = &plan.list else { return };
    let ListReport { issue: _, found, unusable, gone, struck, unlisted, refused } = list;
    let all = found.len() + unusable.len() + gone.len() + struck.len() + refused.len();
    let mut text =
        format!("{} of {} listed {} found", number(found.len()), number(all), form(all, "file", "files"));
    for (many, what) in [
        (gone.len(), "gone"),
        (struck.len(), "struck out"),
        (unusable.len(), "not usable"),
        (refused.len(), "not understood"),
    ] {
        if many > 0 {
            text = format!("{text}, {} {what}", number(many));
        }
    }
    screen.paint(style::STRONG, "List:").say(&format!(" {text}.")).end();
    for gone in gone.iter().take(most) {
        screen.prose(Style::new(), &format!("  {}", gone.path), &fate(gone));
    }
    more(screen, gone.len(), "gone file", most);
    for bad in unusable.iter().chain(refused).take(most) {
        screen.prose(Style::new(), &format!("  {}:", bad.path), &bad.reason);
    }
    if let Some(first) = unlisted.first() {
        let taken = plan.file(first).is_some();
        let end = if taken { "and planned too" } else { "and left out; pass --all to plan them" };
        let are = form(unlisted.len(), "is", "are");
        let text = format!("{} {are} not listed {end}.", count(unlisted.len(), "Dockerfile"));
        screen.prose(Style::new(), " ", &text);
    }
}

/// Returns what happened to a file that no longer exists.
fn fate(gone: &Gone) -> String {
    let removed = gone.removed_in.as_deref().unwrap_or_default();
    let short = short_id(removed);
    match (&gone.guess, &gone.why) {
        (Some(guess), why) => {
            let why = why.as_deref().map_or(String::new(), |why| {
                let why = if removed.is_empty() { why.to_owned() } else { why.replace(removed, short) };
                format!(" ({why})")
            });
            format!("is gone; perhaps now {guess}{why}")
        }
        (None, _) if !removed.is_empty() => format!("was removed in {short}"),
        (None, _) => "is gone".into(),
    }
}

/// Shows the waves.
pub(crate) fn waves(screen: &mut Screen, plan: &Plan) {
    if plan.waves.is_empty() {
        return;
    }
    let title = |text: &str| (style::STRONG, text.to_owned());
    let mut rows = vec![vec![title("Wave"), title("files"), title("lines"), title("proved")]];
    let shown = if plan.waves.len() > WAVES { WAVES - 1 } else { WAVES };
    rows.extend(plan.waves.iter().take(shown).map(|wave| wave_row(plan, &wave.number.to_string(), &[wave])));
    let rest: Vec<&Wave> = plan.waves.iter().skip(shown).collect();
    if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
        rows.push(wave_row(plan, &format!("{}–{}", first.number, last.number), &rest));
    }
    screen.end().table(&[Align::Right; 4], &rows).end();
}

fn wave_row(plan: &Plan, name: &str, waves: &[&Wave]) -> Vec<Piece> {
    let files = waves.iter().map(|wave| wave.files.len()).sum();
    let paths = waves.iter().flat_map(|wave| &wave.files);
    let sites = counts::Count::of(paths.filter_map(|path| plan.file(path)).flat_map(File::selected));
    let cell = |many: usize| (Style::new(), number(many));
    vec![(Style::new(), name.to_owned()), cell(files), cell(sites.all), cell(sites.proved)]
}

/// Shows the conditions of the plan: headers, waivers, build arguments.
pub(crate) fn conditions(screen: &mut Screen, plan: &Plan, most: usize) {
    for (value, files) in counts::fetched(plan) {
        let builds = form(files, "this build fetches", "these builds fetch");
        let text = format!("with the edit, {builds} {value} ({}).", count(files, "file"));
        screen.prose(style::STRONG, "Header:", &text);
    }
    let foreign = plan.files.iter().filter(|file| matches!(file.header, Header::Foreign { .. })).count();
    if foreign > 0 {
        let have = form(foreign, "names another frontend and keeps", "name another frontend and keep");
        screen.prose(style::STRONG, "Header:", &format!("{} {have} it.", count(foreign, "file")));
    }
    if !plan.build_args.is_empty() {
        // Values may be secrets; names are enough here.
        let names: Vec<&str> = plan.build_args.keys().map(String::as_str).collect();
        screen.prose(style::STRONG, "Bound to:", &format!("--build-arg {}.", names.join(", ")));
    }
    if !plan.waivers.is_empty() {
        screen.paint(style::STRONG, "Accepted:").say(" ");
        screen.say(&count(plan.waivers.len(), "waiver")).say(" in layerwright.toml").end();
    }
    for waiver in plan.waivers.iter().take(most) {
        let path = if waiver.path.is_empty() { "" } else { ":" };
        let what = format!("  {}{path}{} in {}:", waiver.rule, waiver.path, waiver.file);
        screen.prose(Style::new(), &what, &waiver.reason);
    }
    more(screen, plan.waivers.len(), "waiver", most);
}
