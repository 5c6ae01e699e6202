//! `layerwright explain`.

use super::{Error, ErrorKind, ExplainArguments, human, write};
use crate::analysis::rule;
use crate::builders;
use crate::campaign::check;
use crate::text::words::meant;

/// Prints a rule's documentation, or the table of rules.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Error> {
    let Some(name) = &arguments.rule else {
        return write::stdout(&human::rules(rule::ALL, builders::ALL, check::ALL));
    };
    if let Some(rule) = rule::find(name) {
        return write::stdout(&human::rule(rule));
    }
    if let Some(rule) = builders::find(name) {
        return write::stdout(&human::builder(rule));
    }
    if let Some(rule) = check::find(name) {
        return write::stdout(&human::check_rule(rule));
    }
    let error = Error::new(ErrorKind::Usage, format!("there is no rule `{name}`"));
    let names = rule::ALL.iter().map(|rule| rule.name).chain(builders::ALL.iter().map(|rule| rule.name));
    let names = names.chain(check::ALL.iter().map(|rule| rule.name));
    let error = match meant(name, names) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error,
    };
    Err(error.hint("`layerwright explain` lists the rules"))
}
