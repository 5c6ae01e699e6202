//! Shows every instruction of a plan, file by file.

use anstyle::Style;

use super::assumed::Assumed;
use super::screen::{Align, Piece, Screen};
use super::style;
use crate::analysis::{Benefit, Verdict};
use crate::campaign::plan::file::{File, Plan, Site};
use crate::text::words::shortened;

/// The share of the width for the instruction, in tenths.
const INSTRUCTION: usize = 3;

/// Adds a table for each file that has instructions.
pub(crate) fn files(screen: &mut Screen, plan: &Plan) {
    for file in plan.files.iter().filter(|file| !file.sites.is_empty() || !file.errors.is_empty()) {
        screen.end().paint(style::STRONG, &file.path);
        if let Some(wave) = file.wave {
            screen.paint(style::FAINT, &format!("  wave {wave}"));
        }
        screen.end();
        for context in &file.contexts {
            screen.prose(style::FAINT, "  from", &format!("{}: {}", context.root, context.evidence));
        }
        if !file.owners.is_empty() {
            screen.prose(style::FAINT, "  owned by", &file.owners.join(" "));
        }
        if let Some(skip) = &file.skip {
            screen.prose(style::OPEN, "  not edited:", skip);
        }
        let most = screen.width() * INSTRUCTION / 10;
        let assumed = Assumed::of(&file.sites);
        let rows: Vec<Vec<Piece>> = file.sites.iter().map(|site| row(site, &assumed, most)).collect();
        screen.table(&[Align::Right, Align::Left, Align::Left, Align::Left, Align::Left], &rows);
        assumed.list(screen);
        errors(screen, file);
    }
    if plan.files.iter().any(|file| !file.sites.is_empty()) {
        screen.end().paragraph(LEGEND);
    }
}

/// The meaning of the marks and of the benefits.
const LEGEND: &str = "✓ proved. ~ assumed: it is so if the assumptions with these numbers hold. pays: the layer is reused when an \
                      earlier step changes. neutral: a later RUN is rebuilt anyway. costs: builds get slower. none: no gain.";

fn errors(screen: &mut Screen, file: &File) {
    for error in &file.errors {
        screen.say("  ").paint(style::BAD, &format!("{}:{}", error.line, error.column));
        screen.say(&format!(": {}", error.message)).end();
    }
}

fn row(site: &Site, assumed: &Assumed<'_>, most: usize) -> Vec<Piece> {
    let mark = match site.proved {
        Some(true) if is_judged(site) => "✓",
        Some(false) if is_judged(site) => "~",
        _ => " ",
    };
    vec![
        (Style::new(), site.line.to_string()),
        (verdict_style(site.verdict), format!("{mark} {}", site.verdict.words())),
        (style::FAINT, benefit(site.benefit).to_owned()),
        (Style::new(), shortened(&site.as_read(), most)),
        (Style::new(), why(site, assumed)),
    ]
}

/// Returns true if there is a claim about an instruction. There is none for a linked one whose audit is unknown.
pub(crate) fn is_judged(site: &Site) -> bool {
    site.audit.as_ref().is_none_or(|audit| !matches!(audit.verdict, Verdict::Unknown | Verdict::NoEffect))
}

/// Returns the first reason, or else the numbers of the verdict's assumptions.
fn why(site: &Site, assumed: &Assumed<'_>) -> String {
    let audited = site.audit.as_ref().and_then(|audit| audit.reasons.first());
    match site.reasons.first().or(audited) {
        Some(reason) => reason.message.clone(),
        None if site.assumptions.is_empty() => String::new(),
        None => format!("assumes {}", assumed.of_site(site)),
    }
}

fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Link | Verdict::Edit => style::GOOD,
        Verdict::Hold => style::BAD,
        Verdict::Unknown => style::OPEN,
        Verdict::NoEffect | Verdict::Linked | Verdict::OptedOut => Style::new(),
    }
}

fn benefit(benefit: Benefit) -> &'static str {
    match benefit {
        Benefit::Pays => "pays",
        Benefit::Neutral => "neutral",
        Benefit::Costs => "costs",
        Benefit::None => "none",
    }
}
