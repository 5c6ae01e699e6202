//! `layerwright explain`.

use super::{Error, ErrorKind, ExplainArguments, human, write};
use crate::analysis::rule;

/// Prints a rule's documentation, or the table of rules.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Error> {
    let Some(name) = &arguments.rule else { return write::stdout(&human::rules(rule::ALL)) };
    match rule::find(name) {
        Some(rule) => write::stdout(&human::rule(rule)),
        None => Err(Error::new(ErrorKind::Usage, format!("there is no rule `{name}`"))
            .hint("`layerwright explain` lists the rules")),
    }
}
