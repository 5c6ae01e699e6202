//! The filesystems at one point of a stage: of the present build, and of the build with accepted differences.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::mounts::{Mounts, Target};
use crate::analysis::owner;
use crate::analysis::possible;
use crate::analysis::restored::OpenDifferences;
use crate::analysis::run_step;
use crate::analysis::transfer::inherit_group;
use crate::rootfs::{
    Assumption, Base, Below, Directory, Disturbance, Fact, Known, Leans, Moment, Reach, Rootfs,
    SYSTEM_DIRECTORIES,
};
use crate::shell::{Change, Effect, Operand, PathPattern, Step, is_builtin};
use crate::text::path::{ancestors, is_within, join};

/// The filesystem of the present build, and the one of the build in which an accepted difference is linked.
#[derive(Clone, Debug)]
pub(crate) struct Filesystems {
    /// The filesystem of the present build.
    pub(crate) plain: Rootfs,
    /// The filesystem with accepted differences linked, if it is another.
    pub(crate) linked: Option<Rootfs>,
    /// Differences that may be restored.
    pub(crate) differences: OpenDifferences,
}

impl Filesystems {
    /// Returns filesystems of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self::new(Base::Unknown("it was not read".into()))
    }

    pub(crate) fn new(base: Base) -> Self {
        Self { plain: Rootfs::new(base), linked: None, differences: OpenDifferences::default() }
    }

    /// Starts a second filesystem, in which an accepted difference is linked. Other differences that may be restored
    /// are no longer followed.
    pub(crate) fn split(&mut self) {
        self.differences.give_up();
        self.linked.get_or_insert_with(|| self.plain.clone());
    }

    /// Returns each of them, the one of the present build first.
    pub(crate) fn each(&mut self) -> impl Iterator<Item = &mut Rootfs> {
        std::iter::once(&mut self.plain).chain(self.linked.as_mut()).chain(self.differences.each())
    }

    /// Applies a RUN at `line`. Its writes below its mounts never reach the image, so with mounts, nothing is restored
    /// before its end.
    pub(crate) fn ran(&mut self, process: &Process, steps: &[Step], targets: &[Target], line: usize) {
        self.each().for_each(|rootfs| process.make_directory(rootfs, line));
        let mounts: Vec<Mounts> = self.each().map(|rootfs| Mounts::begin(rootfs, targets, line)).collect();
        let mut unread = BTreeSet::new();
        // Another program than the system's may change a script on disk that is running.
        let mut is_doubtful = false;
        let mut entered = Entered::default();
        for step in steps {
            self.differences.before(step, &self.plain);
            let step = if is_doubtful { &step.doubted() } else { step };
            let is_gone = entered.is_gone(&self.plain, step);
            for rootfs in self.each() {
                let is_other = process.is_other_program(rootfs, step, &mut unread);
                is_doubtful |= is_other;
                let other = if is_other || is_gone { anything(step) } else { None };
                run_step::apply(rootfs, other.as_ref().unwrap_or(step));
            }
            if targets.is_empty() {
                self.differences.compare(&self.plain);
            }
        }
        for (rootfs, mounts) in self.each().zip(mounts) {
            mounts.end(rootfs, line);
            rootfs.reset_root();
            for directory in &unread {
                assume_system_programs(rootfs, directory, line);
            }
        }
        self.differences.compare(&self.plain);
    }
}

/// Returns true if the effect of a command is known.
fn is_known(step: &Step) -> bool {
    match step.effect {
        Effect::None | Effect::Certain(_) | Effect::Perhaps(_) => true,
        Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => false,
    }
}

/// Returns a command with an unknown effect in place of a known one.
fn anything(step: &Step) -> Option<Step> {
    let effect = match &step.effect {
        Effect::None => Effect::Anything,
        Effect::Certain(changes) | Effect::Perhaps(changes) => {
            Effect::Touches { paths: changes.iter().flat_map(Change::paths).collect(), unread: true }
        }
        Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => return None,
    };
    Some(Step { certain: false, effect, ..step.clone() })
}

/// Returns true if a command takes away its own directory, or a link that its path goes through, and names something in it
/// too: `rm /l x` in /l.
fn takes_away(step: &Step, directory: &str) -> bool {
    let (Effect::Certain(changes) | Effect::Perhaps(changes)) = &step.effect else { return false };
    let taken = |change: &Change| match change {
        Change::Remove { path, .. } => vec![path.pattern()],
        Change::Rmdir { .. } => change.paths(),
        Change::Move { sources, .. } => sources.iter().map(Operand::pattern).collect(),
        // A link that is replaced is the only path of its command.
        Change::Link { .. }
        | Change::Mkdir { .. }
        | Change::Touch { .. }
        | Change::Write { .. }
        | Change::Rewrite { .. }
        | Change::Copy { .. }
        | Change::Install { .. }
        | Change::Chmod { .. }
        | Change::Chown { .. }
        | Change::Extract { .. }
        | Change::GitClone { .. }
        | Change::AddUser(_)
        | Change::AddGroup { .. } => Vec::new(),
    };
    let is_above =
        |pattern: &PathPattern| matches!(pattern, PathPattern::At(path) if is_within(path, directory));
    let is_inside = |pattern: &PathPattern| match pattern {
        PathPattern::At(path) => is_within(directory, path) && path != directory,
        PathPattern::Under { directory: above, .. } => is_within(directory, above),
    };
    changes.iter().flat_map(taken).any(|pattern| is_above(&pattern))
        && changes.iter().flat_map(Change::paths).any(|pattern| is_inside(&pattern))
}

/// The directories in which commands of a RUN run, as they were when the first one ran there. A process stays in its
/// directory when its path comes to mean another one, or none.
#[derive(Default)]
struct Entered(HashMap<Arc<str>, Option<(String, Moment)>>);

impl Entered {
    /// Returns true if the directory of a command is not the one that its path means now, or not for all of its words.
    fn is_gone(&mut self, rootfs: &Rootfs, step: &Step) -> bool {
        let Some(directory) = &step.directory else { return false };
        if takes_away(step, directory) {
            return true;
        }
        let real = || match destination::follow(rootfs, directory) {
            Followed::At(real, _) => Some(real),
            Followed::Unknown(_) => None,
        };
        if let Some(entered) = self.0.get(directory) {
            return is_known(step)
                && entered.as_ref().is_some_and(|(before, moment)| {
                    rootfs.is_gone_since(before, *moment) || real().is_none_or(|now| now != *before)
                });
        }
        self.0.insert(Arc::clone(directory), real().map(|real| (real, rootfs.now())));
        false
    }
}

/// The process that an executor starts for a RUN.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// The working directory; `None` if it is not known.
    pub(crate) workdir: Option<String>,
    /// USER; `None` if it is not known.
    pub(crate) user: Option<String>,
    /// The assumption that they rest on.
    pub(crate) assumed: Option<Arc<Assumption>>,
    /// PATH; `None` if it is not known.
    pub(crate) path: Option<String>,
}

/// The `PATH` of a stage that starts from nothing, and of a RUN for which nothing sets it
/// (`system.DefaultPathEnvUnix`).
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Returns true if a command of this name runs a program: one at a path, or one that is looked up in PATH.
fn is_program(name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    name.chars().all(is_name) && !is_builtin(name)
}

/// Adds the assumption that a directory of PATH hides no program of the system: the same one for each RUN. The root
/// stands for all directories, if PATH is not known.
fn assume_system_programs(rootfs: &mut Rootfs, directory: &str, line: usize) {
    let assumption = rootfs.assumed(directory).unwrap_or_else(|| {
        let before = "no command of the system is hidden by a program in ";
        Arc::new(match directory {
            "/" => {
                Assumption::new(line, "/", format!("{before}another directory of PATH, which is not known"))
            }
            _ => Assumption::naming(line, before, directory, ", which PATH has first"),
        })
    });
    rootfs.disturb(Disturbance::new("RUN", line, Reach::Assumed(assumption)));
}

impl Process {
    /// Returns true if a command is another program than the system's, or if one of those that run it is. The directories
    /// that may have one are added to `unread`.
    fn is_other_program<'p>(&'p self, rootfs: &Rootfs, step: &Step, unread: &mut BTreeSet<&'p str>) -> bool {
        if !is_known(step) {
            return false;
        }
        let own = step.command.split_whitespace().next();
        let mut programs = step.programs.iter().map(|program| &**program).chain(own);
        programs.any(|name| is_program(name) && self.is_other(rootfs, name, unread))
    }

    /// Returns true if a program is not the one of the system: if an earlier directory of PATH has another one of its name,
    /// or if an instruction has put one over that of the base.
    fn is_other<'p>(&'p self, rootfs: &Rootfs, name: &str, unread: &mut BTreeSet<&'p str>) -> bool {
        let is_changed = |path: &str| match destination::follow(rootfs, path) {
            Followed::At(real, _) => rootfs.is_changed(&real),
            Followed::Unknown(_) => false,
        };
        let is_replaced = |at: &str, name: &str| match destination::follow(rootfs, at) {
            Followed::At(at, _) => {
                let program = join(&at, name);
                // Only a link leads to another path.
                let is_link = || matches!(rootfs.get(&program).known, Known::Symlink(_));
                rootfs.is_changed(&program) || is_link() && is_changed(&program)
            }
            Followed::Unknown(_) => false,
        };
        if let Some((at, name)) = name.rsplit_once('/') {
            return is_replaced(at, name);
        }
        let path = self.path.as_deref().unwrap_or(DEFAULT_PATH);
        let mut earlier = path.split(':').take_while(|at| !SYSTEM_DIRECTORIES.contains(at));
        let has_program = |at: &'p str| match destination::follow(rootfs, &join(at, name)) {
            Followed::At(_, Fact { known: Known::File | Known::Symlink(_), .. }) => true,
            Followed::At(_, Fact { known: Known::Absent | Known::Dir(_), leans })
                if rootfs.is_as_certain_as_all(&leans) =>
            {
                false
            }
            Followed::At(..) | Followed::Unknown(_) => {
                unread.insert(at);
                false
            }
        };
        let mut of_system = path.split(':').filter(|at| SYSTEM_DIRECTORIES.contains(at));
        let is_other = earlier.any(has_program) || of_system.any(|at| is_replaced(at, name));
        if self.path.is_none() && unread.is_empty() && rootfs.may_have_other_program(name) {
            unread.insert("/");
        }
        is_other
    }

    /// Creates the working directory if it is missing, as BuildKit's executors do before each RUN (`MkdirAllAndChown`
    /// of `meta.Cwd` in runcexecutor and containerdexecutor); it stays in the layer.
    fn make_directory(&self, rootfs: &mut Rootfs, line: usize) {
        let Some(workdir) = &self.workdir else { return };
        let mut owner = self.user.as_deref().and_then(|user| owner::of_process(user, rootfs));
        if let (Some((_, leans)), Some(assumed)) = (&mut owner, &self.assumed) {
            leans.add(Arc::clone(assumed));
        }
        make_directories(rootfs, workdir, owner.as_ref(), true, line);
    }
}

/// Creates missing directories for WORKDIR and RUN, with mode 0755 and owned by the user (`file.mkdir`,
/// `copy.MkdirAll`). `sets_owner` is false if the builder does not set the owner, as for WORKDIR without USER: then a
/// parent directory with setgid gives its group.
pub(crate) fn make_directories(
    rootfs: &mut Rootfs,
    path: &str,
    owner: Option<&((u32, u32), Leans)>,
    sets_owner: bool,
    line: usize,
) {
    if let Some((ids, leans)) = owner {
        possible::settle(rootfs, path, Directory::made_by(Some(*ids)), leans);
    }
    let Followed::At(real, way) = destination::follow(rootfs, path) else {
        let reach = Reach::Names(vec![path.to_owned()]);
        return rootfs.disturb(Disturbance::new("WORKDIR", line, reach));
    };
    let parts: Vec<String> = ancestors(&real).skip(1).chain([real.as_str()]).map(str::to_owned).collect();
    for part in parts {
        if rootfs.get(&part).known != Known::Absent {
            continue;
        }
        let mut leans = way.leans.clone();
        let ids = owner.map(|(ids, from)| {
            leans.merge(from);
            *ids
        });
        let inherited = inherit_group(rootfs, &part, Directory::made_by(ids), &mut leans);
        let made = Directory { owner: if sets_owner { ids } else { inherited.owner }, ..inherited };
        rootfs.set(&part, Known::Dir(made), &leans, Below::Nothing);
    }
}
