//! What a COPY or ADD is decided at its place, and what it leaves there. It never looks ahead: a line that is held
//! and whose difference heals is decided anew where its stage ends.

use crate::analysis::decision::{self, Decision};
use crate::analysis::judgement::Judged;
use crate::analysis::owner::Owner;
use crate::analysis::resolve::is_copy;
use crate::analysis::restored::Difference;
use crate::analysis::site::{Chmod, Line, View};
use crate::analysis::source::Source;
use crate::analysis::stage::Walk;
use crate::analysis::state::{State, Worlds};
use crate::analysis::transfer::{self, Copying, Mode};
use crate::builds::BuildContext;
use crate::dockerfile::{Transfer, TransferKind};
use crate::rootfs::Rootfs;

/// How a line is linked or not, for what it leaves.
enum Linking {
    /// It is linked already.
    Done,
    /// It is linked already, unless its `--chmod` is not empty.
    Perhaps,
    /// Somebody accepted what it changes.
    Accepted,
    /// It is plain. Where it would be held for what may heal: that, and which judgement it is.
    Plain(Option<(usize, Difference)>),
}

impl Walk<'_> {
    pub(super) fn transfer(
        &mut self,
        state: &mut State,
        transfer: &Transfer,
        at: usize,
        context: &dyn BuildContext,
    ) {
        let line = self.line(state, transfer, context);
        let (decision, difference) = self.decide(state, &line);
        let linking = match (transfer.options.link, line.chmod) {
            (Some(true), Chmod::Empty) => Linking::Done,
            (Some(true), Chmod::Perhaps) => Linking::Perhaps,
            _ if !decision.accepted.is_empty() => Linking::Accepted,
            _ => Linking::Plain(difference.map(|difference| (self.judged.len(), difference))),
        };
        self.judged.push(Judged {
            stage: self.observers.stages().saturating_sub(1),
            line: state.line,
            instruction: at,
            on_nothing: state.untouched,
            is_copy: is_copy(transfer, &line.sources),
            files: line.sources.iter().map(Source::files).sum(),
            decision,
        });
        state.untouched = false;
        self.leave(state, &line, &linking);
    }

    /// The decision in every world, the heavier one counts; and what the line would leave otherwise, where that
    /// may heal.
    fn decide(&mut self, state: &mut State, line: &Line<'_>) -> (Decision, Option<Difference>) {
        let os = state.os.clone();
        let state_line = state.line;
        // Where the destination is not known, nothing of the filesystem can change the verdict.
        let needs_filesystem = line.destination.is_ok() || matches!(line.owner, Owner::Named(_));
        let unknown = Worlds::unknown();
        let worlds =
            if needs_filesystem { &*state.settled(self.dockerfile, &mut self.observers) } else { &unknown };
        let assumed = self.inputs.assumed_context.map(|message| line.lean_on_context(message, state_line));
        let decide = |line: Line<'_>, rootfs: &Rootfs| {
            let view = View::new(line, rootfs, &os, self.inputs.rules);
            let mut decision = decision::decide(&view, self.inputs.accepted);
            let mut difference = Difference::of(&view, &decision);
            if let Some(assumption) = assumed.iter().flatten().find(|_| view.hangs_on_sources()) {
                decision.lean_on(assumption);
                if let Some(difference) = &mut difference {
                    difference.lean_on(assumption);
                }
            }
            (decision, difference)
        };
        let (plain, difference) = decide(line.clone(), &worlds.plain);
        if worlds.linked.is_none() && line.linked_sources.is_none() {
            return (plain, difference);
        }
        let (linked, _) = decide(line.where_linked(), worlds.linked.as_ref().unwrap_or(&worlds.plain));
        (plain.or_heavier(linked), None)
    }

    fn leave(&mut self, state: &mut State, line: &Line<'_>, linking: &Linking) {
        let keyword = match line.transfer.kind {
            TransferKind::Copy => "COPY",
            TransferKind::Add => "ADD",
        };
        let Ok(destination) = &line.destination else {
            return state.wrote_somewhere(keyword);
        };
        let number = state.line;
        let worlds = state.settled(self.dockerfile, &mut self.observers);
        let chown = line.owner != Owner::Default;
        let modes = line.directory_modes();
        let filtered = line.transfer.options.parents || !line.transfer.options.exclude.is_empty();
        let copy = |rootfs: &mut Rootfs, sources: &[Source], mode: Mode| {
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
            (Linking::Perhaps, _) => worlds.healing.give_up(),
            (Linking::Accepted, _) => worlds.split(),
            (_, Some((judged, difference))) => worlds.healing.open(*judged, difference, &mut worlds.plain),
            _ => {}
        }
        if line.linked_sources.is_some() {
            worlds.split();
        }
        copy(&mut worlds.plain, &line.sources, plain);
        if let Some(rootfs) = &mut worlds.linked {
            copy(rootfs, line.linked_sources.as_ref().unwrap_or(&line.sources), linked);
        }
        for (rootfs, differs) in worlds.healing.each_with(difference.map(|(_, difference)| difference)) {
            copy(rootfs, &line.sources, if differs { Mode::Linked } else { plain });
        }
        worlds.healing.compare(&worlds.plain);
    }
}
