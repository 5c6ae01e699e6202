//! Shows instructions as excerpts of their file, with the reason under the words that it is about.

use std::collections::{BTreeMap, BTreeSet};

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::assumed::Assumed;
use super::screen::Screen;
use super::{counts, style, verbose};
use crate::analysis::rule::RuleId;
use crate::analysis::transfer_of;
use crate::analysis::{Benefit, Verdict};
use crate::campaign::plan::file::{FileReport, Inspection, Reason, Site};
use crate::dockerfile::{Dockerfile, Instruction, ReadError};
use crate::text::LineIndex;
use crate::text::Span;
use crate::text::cut;
use crate::text::escape::{ShownSource, shown};
use crate::text::figures::number;
use crate::text::words::{count, form, shortened};

/// The maximum length of an error message, which may quote a whole line of the file.
const MESSAGE: usize = 400;

/// Returns the files with their instructions and reasons. `texts` are the bytes of the files.
pub(crate) fn inspection(inspection: &Inspection, texts: &[&[u8]]) -> String {
    write(inspection, texts, style::width())
}

/// Returns the same for a given width.
pub(super) fn write(inspection: &Inspection, texts: &[&[u8]], width: usize) -> String {
    let renderer = Renderer::styled().term_width(width);
    let mut out = String::new();
    for (report, text) in inspection.files.iter().zip(texts) {
        file(&mut out, &renderer, report, text, width);
    }
    out
}

fn file(out: &mut String, renderer: &Renderer, report: &FileReport, text: &[u8], width: usize) {
    let dockerfile = Dockerfile::read(text);
    let name = if report.path == "-" { "<stdin>" } else { &report.path };
    let index = dockerfile.line_index();
    let place = Place { dockerfile: &dockerfile, index, name: shown(name).into_owned() };
    for error in dockerfile.errors() {
        out.push_str(&renderer.render(&[place.error(error)]));
        out.push_str("\n\n");
    }
    let assumed = Assumed::of(&report.sites);
    for site in &report.sites {
        let instructions = dockerfile.instructions();
        let at = instructions.binary_search_by_key(&site.line, |known| known.start_line);
        let Some(instruction) = at.ok().and_then(|at| instructions.get(at)) else { continue };
        out.push_str(&renderer.render(&place.site(site, &assumed, instruction)));
        out.push_str("\n\n");
    }
    let mut screen = Screen::new(width);
    assumed.list(&mut screen);
    screen.prose(style::STRONG, &format!("{name}:"), &summary(report)).end();
    out.push_str(&screen.finish());
}

/// Summarizes the instructions of a file in one sentence.
fn summary(report: &FileReport) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for site in &report.sites {
        *counts.entry(site.verdict).or_default() += 1;
    }
    let of = |verdict: Verdict| counts.get(&verdict).copied().unwrap_or(0);
    let proved = counts::Count::of(report.sites.iter().filter(|site| counts::is_eligible(site))).proved;
    let eligible = of(Verdict::Link) + of(Verdict::Edit);
    let mut parts = Vec::new();
    match (eligible, proved) {
        (0, _) => {}
        (all, proved) if all == proved => parts.push(format!("{} may be linked (proved)", number(all))),
        (all, proved) => parts.push(format!("{} may be linked ({} proved)", number(all), number(proved))),
    }
    for (verdict, words) in [
        (Verdict::Hold, "unsafe"),
        (Verdict::Unknown, "unknown"),
        (Verdict::NoEffect, "no effect"),
        (Verdict::Linked, "already linked"),
        (Verdict::OptedOut, "opted out"),
    ] {
        if of(verdict) > 0 {
            parts.push(format!("{} {words}", number(of(verdict))));
        }
    }
    let mut text = format!("{} COPY/ADD", number(report.sites.len()));
    if !parts.is_empty() {
        text = format!("{text}: {}", parts.join(", "));
    }
    if !report.errors.is_empty() {
        let errors = count(report.errors.len(), "error");
        text = format!("{text}. BuildKit refuses the file ({errors}), so it is not edited");
    }
    text + "."
}

/// A file from which excerpts are taken.
struct Place<'a> {
    dockerfile: &'a Dockerfile,
    index: LineIndex,
    name: String,
}

/// Some whole lines of a file, escaped for display.
struct Lines {
    source: ShownSource,
    first: usize,
    start: usize,
}

impl Lines {
    /// Converts a span of the file to a span of the excerpt.
    fn span(&self, span: Span) -> Span {
        let from = |at: usize| at.saturating_sub(self.start);
        self.source.span(Span::new(from(span.start), from(span.end)))
    }
}

impl Place<'_> {
    fn lines(&self, first: usize, last: usize) -> Lines {
        let index = &self.index;
        let text = self.dockerfile.text();
        let start = index.line(first).map_or(0, |line| line.start);
        let end = index.line(last).map_or(text.len(), |line| line.end).max(start);
        Lines { source: ShownSource::new(&text[start..end]), first, start }
    }

    fn snippet<'s, T: Clone>(&self, lines: &Lines) -> Snippet<'s, T> {
        Snippet::source(lines.source.text.clone()).line_start(lines.first).path(self.name.clone())
    }

    fn error<'s>(&self, error: &ReadError) -> Group<'s> {
        let index = &self.index;
        let first = index.position(error.span.start).line;
        let last = index.position(error.span.end.saturating_sub(1).max(error.span.start)).line;
        let lines = self.lines(first, last);
        let message = shortened(&shown(&error.message), MESSAGE);
        let annotation = AnnotationKind::Primary.span(lines.span(error.span).range());
        Level::ERROR.primary_title(message).element(self.snippet(&lines).annotation(annotation))
    }

    fn site<'s>(&self, site: &Site, assumed: &Assumed<'_>, instruction: &Instruction) -> Vec<Group<'s>> {
        let lines = self.lines(site.line, site.end_line);
        let reasons = reasons(site);
        let (level, title) = title(site);
        let mut snippet = self.snippet(&lines);
        let keyword = transfer_of(instruction).map_or(instruction.word.span, |(holder, _)| holder.word.span);
        let first = reasons.first().map_or(keyword, |reason| words(instruction, reason.rule));
        snippet = snippet.annotation(AnnotationKind::Primary.span(lines.span(first).range()));
        // The line with the COPY keyword is shown even if the words are on another line.
        snippet = snippet.annotation(AnnotationKind::Visible.span(lines.span(keyword).range()));
        for reason in reasons.iter().skip(1) {
            let label = format!("{} [{}]", shown(&reason.message), reason.rule);
            let span = lines.span(words(instruction, reason.rule)).range();
            snippet = snippet.annotation(AnnotationKind::Context.span(span).label(label));
        }
        let mut group = level.primary_title(title).element(snippet);
        for (name, text) in notes(site, assumed) {
            group = group.element(Level::NOTE.with_name(name).message(text));
        }
        let mut groups = vec![group];
        if let Some(replacement) = &site.replacement {
            groups.push(self.change(&lines, instruction, replacement));
        }
        groups
    }

    /// Returns the new line, with the changes marked.
    fn change<'s>(&self, lines: &Lines, instruction: &Instruction, replacement: &str) -> Group<'s> {
        let old = String::from_utf8_lossy(&self.dockerfile.text()[instruction.span.range()]).into_owned();
        let mut snippet = self.snippet(lines);
        let diff = similar::TextDiff::from_words(old.as_str(), replacement);
        let offset = |at: usize, of: &dyn Fn(usize) -> usize| (0..at).map(of).sum::<usize>();
        let old_len = |at: usize| diff.old_slice(at).map_or(0, str::len);
        let new_len = |at: usize| diff.new_slice(at).map_or(0, str::len);
        for op in diff.ops().iter().filter(|op| op.tag() != similar::DiffTag::Equal) {
            let (from, to) = (op.old_range(), op.new_range());
            let start = instruction.span.start;
            let span = Span::new(start + offset(from.start, &old_len), start + offset(from.end, &old_len));
            let text = cut::between(replacement, offset(to.start, &new_len)..offset(to.end, &new_len));
            let text = ShownSource::new(text.as_bytes()).text;
            snippet = snippet.patch(Patch::new(lines.span(span).range(), text));
        }
        Level::HELP.secondary_title("write").element(snippet)
    }
}

/// Returns the reasons of an instruction, also of a linked one.
fn reasons(site: &Site) -> &[Reason] {
    match &site.audit {
        Some(audit) if site.reasons.is_empty() => &audit.reasons,
        _ => &site.reasons,
    }
}

/// Returns the span of the words that a rule is about.
fn words(instruction: &Instruction, rule: RuleId) -> Span {
    let Some((holder, transfer)) = transfer_of(instruction) else { return instruction.word.span };
    rule.rule().caret.span(transfer).unwrap_or(holder.word.span)
}

/// Returns the verdict as a headline.
fn title(site: &Site) -> (Level<'static>, String) {
    let because = |reasons: &[Reason]| {
        let said = |reason: &Reason| format!("{} [{}]", shown(&reason.message), reason.rule);
        reasons.first().map_or_else(|| "no rule gives a reason".to_owned(), said)
    };
    let level = match site.verdict {
        Verdict::Link | Verdict::Edit => Level::NOTE,
        Verdict::Hold => Level::ERROR,
        Verdict::Unknown => Level::WARNING,
        Verdict::NoEffect | Verdict::OptedOut => Level::INFO,
        Verdict::Linked => match site.audit.as_ref().map(|audit| audit.verdict) {
            Some(Verdict::Hold) => Level::ERROR,
            Some(Verdict::Unknown) => Level::WARNING,
            _ => Level::INFO,
        },
    };
    let text = match (site.verdict, &site.audit) {
        (Verdict::Link, _) => match site.assumptions.len() {
            0 => "safe (proved)".to_owned(),
            many => {
                let hold = form(many, "holds", "hold");
                format!("safe if {} {hold}", count(many, "assumption"))
            }
        },
        (Verdict::Linked, Some(audit)) => match audit.verdict {
            Verdict::Hold => format!("unsafe: {}", because(&audit.reasons)),
            Verdict::Unknown => format!("the effect is unknown: {}", because(&audit.reasons)),
            Verdict::NoEffect => format!("it has no effect: {}", because(&audit.reasons)),
            Verdict::Edit => format!("it needs another change: {}", because(&audit.reasons)),
            _ => "already linked, and safe".to_owned(),
        },
        (Verdict::Linked, None) => "already linked".to_owned(),
        (Verdict::OptedOut, _) => "opted out by --link=false".to_owned(),
        _ => because(&site.reasons),
    };
    (level.with_name(site.verdict.words()), text)
}

/// Returns the advice of the rules without duplicates; empty unless all of them have one.
fn advice(reasons: &[Reason]) -> BTreeSet<&'static str> {
    let advice: Option<_> = reasons.iter().map(|reason| reason.rule.rule().instead).collect();
    advice.unwrap_or_default()
}

/// Returns the notes below the excerpt: a name and its text.
fn notes(site: &Site, assumed: &Assumed<'_>) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if site.verdict == Verdict::Link {
        let accepted = site.reasons.iter().map(|reason| ("accepted", reason.rule.to_string()));
        notes.extend(accepted);
    }
    if !site.assumptions.is_empty() {
        notes.push(("assumed", format!("{}, see below", assumed.of_site(site))));
    }
    if site.proved == Some(true) && site.verdict != Verdict::Link && verbose::is_judged(site) {
        notes.push(("proved", "no assumption is needed".to_owned()));
    }
    if counts::is_eligible(site) || site.verdict == Verdict::Linked {
        notes.push(("benefit", benefit(site.benefit).to_owned()));
    }
    if site.verdict == Verdict::Hold {
        notes.extend(advice(&site.reasons).into_iter().map(|advice| ("instead", advice.to_owned())));
    }
    if let (Verdict::Hold | Verdict::Unknown | Verdict::Edit | Verdict::NoEffect, Some(reason)) =
        (site.verdict, site.reasons.first())
    {
        notes.push(("more", format!("layerwright explain {}", reason.rule)));
    }
    notes
}

fn benefit(benefit: Benefit) -> &'static str {
    match benefit {
        Benefit::Pays => "pays: the layer is reused when an earlier step changes",
        Benefit::Neutral => "neutral: a later RUN is rebuilt anyway, or no image ends in this stage",
        Benefit::Costs => "costs: builds get slower because many files are linked again",
        Benefit::None => "none: the first step on scratch has no gain",
    }
}
