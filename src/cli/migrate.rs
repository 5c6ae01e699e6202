//! `layerwright migrate`.

use super::progress::Progress;
use super::{Error, MigrateArguments, change, human, input, write};
use crate::campaign::progress::StepKind;
use crate::config::FILE_NAME;
use crate::ops::{self, AcceptOptions, Accepted, MigrateOptions, Mode};

/// Shows, writes or commits the change of a wave or of some files; or accepts differences.
pub(crate) fn run(arguments: &MigrateArguments) -> Result<(), Error> {
    if !arguments.accept.is_empty() {
        return accept(arguments);
    }
    let options = MigrateOptions {
        repository: arguments.repository.clone(),
        selection: super::selection(arguments.wave, &arguments.files),
        mode: arguments.outcome.mode(),
        base: arguments.outcome.base.clone(),
        ahead_of_waves: arguments.ahead_of_waves,
        plan: input::plan(arguments.plan.as_deref())?,
        knowledge: arguments.knowledge.resolve()?,
    };
    let progress = Progress::with_branches(arguments.outcome.format);
    let changed = ops::migrate(&options, &|notice| progress.show(notice))?;
    progress.end()?;
    match &changed.step {
        // The other steps are about what is committed.
        Some(step) if options.mode != Mode::Write || step.kind == StepKind::Verify => {
            write::aside(&human::next_step(step));
        }
        _ if options.mode == Mode::Write && !changed.changes.is_empty() => {
            write::aside(&human::to_commit());
        }
        _ => {}
    }
    change::print(options.mode, &changed, arguments.outcome.format)
}

/// Writes waivers to `layerwright.toml`.
fn accept(arguments: &MigrateArguments) -> Result<(), Error> {
    let accepted = |text: &String| {
        let (rule, path) = text.split_once(':').unwrap_or((text, ""));
        Accepted { rule: rule.to_owned(), path: path.to_owned() }
    };
    ops::accept(&AcceptOptions {
        repository: arguments.repository.clone(),
        accepted: arguments.accept.iter().map(accepted).collect(),
        files: arguments.files.clone(),
        reason: arguments.reason.clone().unwrap_or_default(),
    })?;
    write::remark(&format!("added to {FILE_NAME}; plan again to see the effect: layerwright plan"));
    Ok(())
}
