//! What is known at one point of a stage. Nothing of the filesystem is worked out before somebody looks at it.

use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::end_state::BuiltHere;
use crate::analysis::observe::Observers;
use crate::analysis::owner::{self, Owner};
use crate::analysis::restored::{Healed, Healing};
use crate::analysis::run::{self, Invoked, Mounts, RunAt};
use crate::analysis::site::Os;
use crate::analysis::transfer::inherit_group;
use crate::dockerfile::{Dockerfile, Scope};
use crate::images::BaseImage;
use crate::rootfs::profile::ProfiledImage;
use crate::rootfs::{
    Assumption, Base, Below, Directory, Disturbance, Fact, Known, Leans, Reach, Rootfs, ancestors,
};
use crate::shell::Step;
use crate::text::path::join;

/// The shell that RUN uses where no SHELL says otherwise.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// `PATH` of a stage that starts from nothing (`system.DefaultPathEnvUnix`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One filesystem as it is built now, and one as it will be where an accepted difference has been linked.
#[derive(Clone, Debug)]
pub struct Worlds {
    /// As the build is now.
    pub plain: Rootfs,
    /// As it will be, where that differs.
    pub linked: Option<Rootfs>,
    /// Differences that may heal.
    pub healing: Healing,
}

impl Worlds {
    /// A filesystem of which nothing is known.
    pub fn unknown() -> Self {
        Self::new(Base::Unknown("nobody looked".into()))
    }

    fn new(base: Base) -> Self {
        Self { plain: Rootfs::new(base), linked: None, healing: Healing::default() }
    }

    /// From now on an accepted difference has been linked in one of them. What heals beside that is not followed.
    pub fn split(&mut self) {
        self.healing.give_up();
        self.linked.get_or_insert_with(|| self.plain.clone());
    }

    /// Each of them, the plain one first.
    fn each(&mut self) -> impl Iterator<Item = &mut Rootfs> {
        std::iter::once(&mut self.plain).chain(self.linked.as_mut()).chain(self.healing.each())
    }

    /// A RUN at `line`. What it writes below its mounts never reaches the image, so nothing heals before its end
    /// where it has any.
    fn ran(&mut self, process: &Process, steps: &[Step], targets: &[Option<String>], line: usize) {
        self.each().for_each(|rootfs| process.make_directory(rootfs, line));
        let mounts: Vec<Mounts> = self.each().map(|rootfs| Mounts::before(rootfs, targets)).collect();
        for step in steps {
            self.healing.before(step, &self.plain);
            self.each().for_each(|rootfs| run::apply(rootfs, step));
            if targets.is_empty() {
                self.healing.compare(&self.plain);
            }
        }
        for (rootfs, mounts) in self.each().zip(mounts) {
            mounts.after(rootfs, line);
        }
        self.healing.compare(&self.plain);
    }
}

/// What an executor starts for a RUN.
#[derive(Clone, Debug)]
pub struct Process {
    /// The working directory; None where it is not known.
    pub workdir: Option<String>,
    /// USER; None where it is not known.
    pub user: Option<String>,
    /// What that leans on.
    pub assumed: Option<Arc<Assumption>>,
}

impl Process {
    /// Makes the working directory where it is missing, as BuildKit's executors do before each RUN
    /// (`MkdirAllAndChown` of `meta.Cwd` in runcexecutor and containerdexecutor); it stays in the layer.
    fn make_directory(&self, rootfs: &mut Rootfs, line: usize) {
        let Some(workdir) = &self.workdir else { return };
        let mut owner = self.user.as_deref().and_then(|user| owner::of_process(user, rootfs));
        if let (Some((_, leans)), Some(assumed)) = (&mut owner, &self.assumed) {
            leans.add(Arc::clone(assumed));
        }
        make_directories(rootfs, workdir, owner.as_ref(), line);
    }
}

/// Something that happened to the filesystem.
#[derive(Clone, Debug)]
struct Pending {
    line: usize,
    what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// An instruction wrote to a place that is not known.
    Elsewhere(&'static str),
    /// WORKDIR.
    Workdir {
        /// Absolute and clean.
        path: String,
        /// The user who owns what is made, as USER says; None where that is not known.
        user: Option<String>,
        /// What that leans on.
        assumed: Option<Arc<Assumption>>,
    },
    /// RUN.
    Run {
        /// What it ran.
        ran: Ran,
        /// In which process.
        process: Process,
        /// Where it mounts something; None for a target that is not known.
        targets: Vec<Option<String>>,
        /// The stage that it ran in.
        stage: usize,
    },
}

/// What a RUN ran.
#[derive(Clone, Debug)]
pub enum Ran {
    /// Commands that were read already.
    Known(Vec<Step>),
    /// An instruction of the Dockerfile, and what it is run with.
    At(RunAt, Box<Invoked>),
}

/// What is known at one point of a stage.
#[derive(Clone, Debug)]
pub struct State {
    worlds: Worlds,
    /// What happened since the worlds were looked at last.
    pending: Vec<Pending>,
    pub scope: Arc<Scope>,
    /// Absolute; the reason where it is not known.
    pub workdir: Result<String, String>,
    /// As USER says, expanded; the reason where it is not known.
    pub user: Result<String, String>,
    pub shell: Vec<String>,
    pub os: Os,
    /// What an assumption about the image's user is called, where its configuration is not known.
    pub assumed_user: Option<Arc<Assumption>>,
    /// Instructions in ONBUILD, by index of the ONBUILD.
    pub triggers: Vec<usize>,
    /// Whether anything changed the filesystem of a stage that started from nothing.
    pub untouched: bool,
    /// 1-based line of the instruction that is at work.
    pub line: usize,
}

/// WORKDIR and RUN: what is missing on the way is made 0755, owned by the user (`file.mkdir`, `copy.MkdirAll`).
fn make_directories(rootfs: &mut Rootfs, path: &str, owner: Option<&((u32, u32), Leans)>, line: usize) {
    let Followed::At(real, _) = destination::follow(rootfs, path) else {
        let reach = Reach::Names(vec![path.to_owned()]);
        return rootfs.disturb(Disturbance::new("WORKDIR", line, reach));
    };
    let parts: Vec<String> = ancestors(&real).skip(1).chain([real.as_str()]).map(str::to_owned).collect();
    for part in parts {
        let fact = rootfs.get(&part);
        if fact.known != Known::Absent {
            continue;
        }
        let mut leans = fact.leans;
        let ids = owner.map(|(ids, from)| {
            leans.merge(from);
            *ids
        });
        let made = inherit_group(rootfs, &part, Directory::made_by(ids));
        rootfs.set(&part, Fact { known: Known::Dir(made), leans }, Below::Nothing);
    }
}

impl State {
    fn new(base: Base, scope: Scope, os: Os, line: usize) -> Self {
        Self {
            worlds: Worlds::new(base),
            pending: Vec::new(),
            scope: Arc::new(scope),
            workdir: Ok("/".into()),
            user: Ok(String::new()),
            shell: DEFAULT_SHELL.map(str::to_owned).to_vec(),
            os,
            assumed_user: None,
            triggers: Vec::new(),
            untouched: false,
            line,
        }
    }

    /// `scratch`.
    pub fn scratch(line: usize) -> Self {
        let scope = Scope::with_environment([("PATH", DEFAULT_PATH)]);
        Self { untouched: true, ..Self::new(Base::Scratch, scope, Os::Linux, line) }
    }

    /// An image of which nothing is known.
    pub fn unknown(what: &str, why: &str, windows: Option<String>, line: usize) -> Self {
        let why: Arc<str> = format!("{what}: {why}").into();
        let os = windows.map_or_else(|| Os::assumed(what, line), Os::Windows);
        let workdir = Err(format!("WORKDIR of {why}"));
        let mut state = Self::new(Base::Unknown(Arc::clone(&why)), Scope::open(why), os, line);
        state.workdir = workdir;
        state.assume_root(what, line);
        state
    }

    /// An image that was read.
    pub fn of_image(name: &str, image: &BaseImage, windows: Option<String>, line: usize) -> Self {
        let base = Base::Tree { tree: Arc::clone(&image.rootfs), leans: Leans::default() };
        let os = match (&image.platform, windows) {
            (Some(platform), _) if platform.os == "windows" => {
                Os::Windows(format!("the configuration of {name}"))
            }
            (None, Some(windows)) => Os::Windows(windows),
            _ => Os::Linux,
        };
        let what = format!("image {name}");
        let Some(config) = &image.config else {
            let why: Arc<str> =
                format!("the configuration of {what} is not part of its root filesystem").into();
            let mut state = Self::new(base, Scope::open(Arc::clone(&why)), os, line);
            state.workdir = Err(why.to_string());
            state.assume_root(&what, line);
            return state;
        };
        let environment = config.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut state = Self::new(base, Scope::with_environment(environment), os, line);
        state.workdir = Ok(join("/", &config.working_dir));
        state.user = Ok(config.user.clone());
        if let Some(shell) = &config.shell {
            state.shell.clone_from(shell);
        }
        state
    }

    /// An image that nobody has read and whose family is known. That it starts as its family does is one
    /// assumption with what it is, so every verdict that leans on the one names the other.
    pub fn of_profile(image: ProfiledImage, line: usize) -> Self {
        let config = image.config();
        let whole = Arc::clone(image.whole());
        let mut leans = Leans::default();
        leans.add(Arc::clone(&whole));
        let mut scope = Scope::open(image.why_incomplete());
        for (name, value) in config.env {
            scope.export(name, Ok(String::from(*value)));
        }
        let base = Base::Profile(Arc::new(image));
        let mut state = Self::new(base, scope, Os::AssumedLinux(leans), line);
        state.workdir = Ok(config.working_dir.into());
        state.user = Ok(config.user.into());
        state.assumed_user = Some(whole);
        state
    }

    /// An image that another Dockerfile of the repository builds.
    pub fn of_neighbour(name: &str, built: &BuiltHere, line: usize) -> Self {
        let whole = built.assumption(name, line);
        Self {
            worlds: built.worlds(&whole),
            pending: Vec::new(),
            scope: Arc::new(built.end.scope.clone()),
            workdir: built.end.workdir.clone(),
            user: built.end.user.clone(),
            shell: built.end.shell.clone(),
            os: built.os(&whole),
            assumed_user: Some(whole),
            triggers: Vec::new(),
            untouched: false,
            line,
        }
    }

    /// An image whose configuration nobody has read: that it runs as root is an assumption.
    fn assume_root(&mut self, what: &str, line: usize) {
        let message = format!("{what} (line {line}) sets no USER, so WORKDIR makes directories of root");
        self.assumed_user = Some(Arc::new(Assumption::new(line, "/", message)));
    }

    /// Expands a word; the reason where its value is not known.
    pub fn expand(&self, word: &str, escape_token: char) -> Result<String, String> {
        self.scope.expand(word, escape_token)
    }

    /// Notes what happened; what it did to the filesystem is found out when somebody looks.
    pub fn happened(&mut self, what: What) {
        self.pending.push(Pending { line: self.line, what });
    }

    /// An instruction wrote to a place that is not known.
    pub fn wrote_somewhere(&mut self, keyword: &'static str) {
        self.happened(What::Elsewhere(keyword));
    }

    /// Forgets the differences so far: their lines are not for this file to edit.
    pub fn forget_differences(&mut self) {
        self.worlds.healing.end();
    }

    /// The stage ends: what of its differences has healed.
    pub fn healed(&mut self, dockerfile: &Dockerfile, observers: &mut Observers) -> Vec<Healed> {
        if self.worlds.healing.is_open() {
            self.settled(dockerfile, observers);
        }
        self.worlds.healing.end()
    }

    /// The filesystems, with all done that happened.
    pub fn settled(&mut self, dockerfile: &Dockerfile, observers: &mut Observers) -> &mut Worlds {
        for Pending { line, what } in std::mem::take(&mut self.pending) {
            match what {
                What::Elsewhere(keyword) => {
                    for rootfs in self.worlds.each() {
                        let reach = Reach::Names(Vec::new());
                        rootfs.disturb(Disturbance::new(keyword, line, reach));
                    }
                }
                What::Workdir { path, user, assumed } => {
                    for rootfs in self.worlds.each() {
                        let mut owner = user.as_ref().and_then(|user| Owner::of(user).resolve(rootfs));
                        if let (Some((_, leans)), Some(assumed)) = (&mut owner, &assumed) {
                            leans.add(Arc::clone(assumed));
                        }
                        make_directories(rootfs, &path, owner.as_ref(), line);
                    }
                }
                What::Run { ran, process, targets, stage } => {
                    let steps = match ran {
                        Ran::Known(steps) => steps,
                        Ran::At(place, invoked) => run::steps(dockerfile, place, &invoked),
                    };
                    observers.ran(stage, &steps);
                    self.worlds.ran(&process, &steps, &targets, line);
                }
            }
        }
        &mut self.worlds
    }
}
