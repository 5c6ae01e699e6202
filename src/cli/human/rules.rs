//! Shows the rules and their documentation.

use anstyle::Style;

use super::screen::{Align, Screen};
use super::style;
use crate::analysis::rule::Rule;
use crate::builders::BuilderRule;
use crate::campaign::check::CheckRule;

/// Returns the tables of rules.
pub(crate) fn rules(rules: &[&Rule], builders: &[&BuilderRule], checks: &[CheckRule]) -> String {
    let mut screen = Screen::new(style::width());
    let rows: Vec<_> = rules
        .iter()
        .map(|rule| vec![(style::STRONG, rule.name.to_owned()), (Style::new(), rule.summary.to_owned())])
        .collect();
    screen.say("Reasons why a linked copy can differ from a plain one:").end().end();
    screen.table(&[Align::Left, Align::Left], &rows);
    let rows: Vec<_> = builders
        .iter()
        .map(|rule| {
            let effect = (style::FAINT, rule.effect.words().to_owned());
            vec![(style::STRONG, rule.name.to_owned()), effect, (Style::new(), rule.summary.to_owned())]
        })
        .collect();
    screen.end().say("Builders, and what they do with --link:").end().end();
    screen.table(&[Align::Left, Align::Left, Align::Left], &rows);
    let rows: Vec<_> = checks
        .iter()
        .map(|rule| vec![(style::STRONG, rule.name.to_owned()), (Style::new(), rule.summary.to_owned())])
        .collect();
    screen.end().say("Other findings of check:").end().end();
    screen.table(&[Align::Left, Align::Left], &rows);
    screen.end().say("More about a rule: ").paint(style::HINT, "layerwright explain RULE").end();
    screen.finish()
}

/// Returns the documentation of a rule about a builder.
pub(crate) fn builder(rule: &BuilderRule) -> String {
    let mut screen = Screen::new(style::width());
    screen.paint(style::STRONG, rule.name).end().end();
    documentation(&mut screen, &rule.documentation());
    screen.finish()
}

/// Returns the documentation of another rule of `check`.
pub(crate) fn check_rule(rule: &CheckRule) -> String {
    let mut screen = Screen::new(style::width());
    screen.paint(style::STRONG, &format!("{}: {}", rule.name, rule.summary)).end().end();
    documentation(&mut screen, rule.documentation);
    screen.finish()
}

/// Returns the documentation of a rule. Headings are highlighted and code is indented; other Markdown is unchanged.
pub(crate) fn rule(rule: &Rule) -> String {
    let mut screen = Screen::new(style::width());
    screen.paint(style::STRONG, &format!("{}: {}", rule.name, rule.summary)).end().end();
    documentation(&mut screen, rule.documentation);
    if let Some(instead) = rule.instead {
        screen.end().paint(style::STRONG, "Instead").end().end();
        screen.paragraph(instead);
    }
    screen.finish()
}

/// Writes Markdown.
fn documentation(screen: &mut Screen, text: &str) {
    let mut code = false;
    let mut prose = String::new();
    for line in text.lines() {
        let fence = line.starts_with("```");
        let is_item = line.starts_with("- ");
        if fence || code || is_item || line.is_empty() || line.starts_with('#') {
            flush(screen, &mut prose);
        }
        if fence {
            code = !code;
        } else if code {
            screen.say("    ").say(line).end();
        } else if line.is_empty() {
            screen.end();
        } else if line.starts_with('#') {
            screen.paint(style::STRONG, line.trim_start_matches('#').trim()).end();
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    flush(screen, &mut prose);
}

/// Writes a paragraph, wrapped at the width of the terminal.
fn flush(screen: &mut Screen, prose: &mut String) {
    if !prose.is_empty() {
        screen.paragraph(prose);
        prose.clear();
    }
}
