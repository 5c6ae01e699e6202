//! The commands that generate files of a build context: `prepare` in `layerwright.toml`. It never runs them in the
//! user's repository.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use super::{Event, NotCompared, Outcome, Phase, Run, Trouble};
use crate::campaign::evidence::KEY_VARIABLE;
use crate::verify::builder::BuildError;
use crate::verify::builder::process::{self, Stopped};
use crate::verify::builder::tail::Tail;
use crate::verify::context::{self, Checkout};

impl Run<'_> {
    /// Returns a checkout of its own in which the commands have run; `None` if there are none.
    pub(super) fn prepared(&self) -> Result<Option<Checkout>, Trouble> {
        let Some(own) = self.own.filter(|own| !own.prepare.is_empty()) else { return Ok(None) };
        (self.tell)(&Event::Phase(Phase::Export, ""));
        let whole = BTreeSet::from([None]);
        let mut checkout = context::export(self.job.source, &whole, &self.job.temporary)?;
        if self.job.keep {
            checkout.keep();
        }
        for command in &own.prepare {
            (self.tell)(&Event::Phase(Phase::Prepare, command));
            self.run(command, checkout.root())?;
        }
        Ok(Some(checkout))
    }

    fn run(&self, command: &str, folder: &Path) -> Result<(), Trouble> {
        let mut last = Tail::default();
        let read = |output: &mut dyn Read| last = Tail::of(output);
        let ran = process::run(shell(command, folder), self.job.interrupt, Some(self.deadline), drop, read);
        let verdict = |outcome, reason| Err(Trouble::NotCompared(NotCompared(outcome, reason)));
        let ended = match ran {
            Ok((ended, ())) => ended,
            Err(error) => return verdict(Outcome::Blocked, format!("`sh` cannot be run: {error}")),
        };
        match ended.stopped {
            Some(Stopped::Interrupted) => Err(BuildError::Interrupted.into()),
            Some(Stopped::TimedOut) => {
                let budget = humantime::format_duration(self.job.budget);
                verdict(Outcome::TimedOut, format!("`{command}` took longer than the budget of {budget}"))
            }
            None if ended.status.success() => Ok(()),
            None => {
                let said: Vec<&str> = last.lines().collect();
                let said = if said.is_empty() { String::new() } else { format!(":\n{}", said.join("\n")) };
                verdict(Outcome::Blocked, format!("`{command}` failed ({}){said}", ended.status))
            }
        }
    }
}

/// Returns a command of the user's configuration that runs in a folder outside the repository.
#[expect(clippy::disallowed_methods, reason = "`verify` alone executes something of a repository")]
fn shell(command: &str, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    // Standard output and standard error go to one stream, in their order.
    shell.args(["-c", "exec 2>&1; eval \"$1\"", "sh", command]).current_dir(folder);
    process::withhold(&mut shell, &process::FORGE);
    process::withhold(&mut shell, &process::RUNNER);
    process::withhold(&mut shell, &[KEY_VARIABLE]);
    shell
}
