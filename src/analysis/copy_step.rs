//! The decision about a COPY or ADD at its place, and its effect on the filesystem. It never looks ahead: an unsafe
//! instruction whose difference is restored is decided again at the end of its stage.

use std::sync::Arc;

use crate::analysis::Inputs;
use crate::analysis::decision::{self, Decision};
use crate::analysis::filesystems::Filesystems;
use crate::analysis::owner::Owner;
use crate::analysis::possible;
use crate::analysis::resolve::{Chmod, ResolvedTransfer};
use crate::analysis::restored::Difference;
use crate::analysis::source::CopySource;
use crate::analysis::state::State;
use crate::analysis::transfer::{self, Copying, Mode};
use crate::analysis::view::View;
use crate::rootfs::{Assumption, Rootfs};

/// The linking of an instruction, which determines its effect on the filesystem.
pub(crate) enum Linking {
    /// It is already linked.
    Done,
    /// It is already linked, unless its `--chmod` is not empty.
    Perhaps,
    /// The maintainers accepted the difference.
    Accepted,
    /// It is not linked. For an unsafe instruction whose difference may be restored: the index of its judgement, and
    /// the difference.
    Plain(Option<(usize, Difference)>),
}

impl Linking {
    /// Returns the linking of a decided instruction.
    pub(crate) fn of(
        line: &ResolvedTransfer<'_>,
        decision: &Decision,
        difference: Option<(usize, Difference)>,
    ) -> Self {
        match (line.transfer.options.link, line.chmod) {
            (Some(true), Chmod::Empty) => Self::Done,
            (Some(true), Chmod::Perhaps) => Self::Perhaps,
            _ if !decision.accepted.is_empty() => Self::Accepted,
            _ => Self::Plain(difference),
        }
    }
}

/// Returns the heavier of the decisions in each of the filesystems, and the difference that a link would make, if it
/// may be restored.
pub(crate) fn decide(
    state: &mut State<'_>,
    line: &ResolvedTransfer<'_>,
    inputs: &Inputs<'_>,
) -> (Decision, Option<Difference>) {
    let os = state.os.clone();
    let state_line = state.line;
    // If the destination is not known, nothing in the filesystem can change the verdict.
    let needs_filesystem = line.destination.is_ok() || matches!(line.owner, Owner::Named(_));
    let unknown = Filesystems::unknown();
    let filesystems = if needs_filesystem { &*state.filesystems() } else { &unknown };
    let assumed = inputs.assumed_context.and_then(|message| {
        let assumption =
            || Arc::new(Assumption::of_context(state_line, format!("{message} (line {state_line})")));
        (inputs.assumes_build || line.is_from_context()).then(assumption)
    });
    let decide_in = |line: &ResolvedTransfer<'_>, rootfs: &Rootfs| {
        let view = View::new(line.clone(), rootfs, &os, inputs.rules);
        let mut decision = decision::decide(&view, inputs.accepted);
        let mut difference = Difference::of(&view, &decision);
        if let Some(assumption) = assumed.iter().find(|_| inputs.assumes_build || view.hangs_on_sources()) {
            decision.lean_on(assumption);
            if let Some(difference) = &mut difference {
                difference.lean_on(assumption);
            }
        }
        (decision, difference)
    };
    let decide = |line: &ResolvedTransfer<'_>, rootfs: &Rootfs| {
        let decided = decide_in(line, rootfs);
        match &line.destination {
            Ok(to) => possible::decide_in_each(rootfs, &to.path, decided, |state| decide_in(line, state)),
            Err(_) => decided,
        }
    };
    let (plain, difference) = decide(line, &filesystems.plain);
    if filesystems.linked.is_none() && line.linked_sources.is_none() {
        return (plain, difference);
    }
    let (linked, _) = decide(&line.where_linked(), filesystems.linked.as_ref().unwrap_or(&filesystems.plain));
    (plain.or_heavier(linked), None)
}

/// Applies the effect of an instruction to the filesystems of a state.
pub(crate) fn leave(state: &mut State<'_>, line: &ResolvedTransfer<'_>, linking: &Linking) {
    let keyword = line.transfer.kind.keyword();
    let Ok(destination) = &line.destination else {
        return state.wrote_somewhere(keyword);
    };
    let number = state.line;
    let filesystems = state.filesystems();
    let chown = line.owner != Owner::Default;
    let modes = line.directory_modes();
    let filtered = line.is_filtered();
    let copy = |rootfs: &mut Rootfs, sources: &[CopySource], mode: Mode| {
        let owner = line.owner.resolve(rootfs).map(|(ids, _)| ids);
        let line = number;
        let copying = Copying { keyword, line, destination, sources, owner, chown, modes, filtered };
        transfer::apply(rootfs, &copying, mode);
    };
    let (plain, linked, difference) = match linking {
        Linking::Done => (Mode::Linked, Mode::Linked, None),
        Linking::Perhaps => (Mode::Plain, Mode::Plain, None),
        Linking::Accepted => (Mode::Plain, Mode::Linked, None),
        Linking::Plain(difference) => (Mode::Plain, Mode::Plain, difference.as_ref()),
    };
    match (linking, difference) {
        (Linking::Perhaps, _) => filesystems.differences.give_up(),
        (Linking::Accepted, _) => filesystems.split(),
        (_, Some((judged, difference))) => {
            filesystems.differences.open(*judged, difference, &mut filesystems.plain);
        }
        _ => {}
    }
    if line.linked_sources.is_some() {
        filesystems.split();
    }
    copy(&mut filesystems.plain, &line.sources, plain);
    if let Some(rootfs) = &mut filesystems.linked {
        copy(rootfs, line.linked_sources.as_ref().unwrap_or(&line.sources), linked);
    }
    for (rootfs, differs) in filesystems.differences.each_with(difference.map(|(_, difference)| difference)) {
        copy(rootfs, &line.sources, if differs { Mode::Linked } else { plain });
    }
    filesystems.differences.compare(&filesystems.plain);
}
