//! `layerwright completions`.

use clap::CommandFactory;
use clap::builder::PossibleValuesParser;

use super::{Arguments, Error, write};
use crate::analysis::rule;

/// Prints a completion script.
pub(crate) fn run(shell: clap_complete::Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    // Shells complete the rules; the command itself suggests what is meant by an unknown one.
    let rules = PossibleValuesParser::new(rule::ALL.iter().map(|rule| rule.name));
    let complete = |explain: clap::Command| explain.mut_arg("rule", |rule| rule.value_parser(rules));
    let mut command = Arguments::command().mut_subcommand("explain", complete);
    clap_complete::generate(shell, &mut command, "layerwright", &mut script);
    write::raw(&script)
}
