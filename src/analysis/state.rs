//! The state at one point of a stage. The effects on the filesystems are computed only when the filesystems are needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::end_state::BuiltHere;
use crate::analysis::filesystems::{DEFAULT_PATH, Filesystems, Process, make_directories};
use crate::analysis::mounts::{self, Target};
use crate::analysis::observe::Observers;
use crate::analysis::os::Os;
use crate::analysis::owner::Owner;
use crate::analysis::restored::Restored;
use crate::analysis::run_step::{self, Invoked, RunAt};
use crate::analysis::script_files::{self, Copied};
use crate::dockerfile::{Assignment, Dockerfile, Run, Scope};
use crate::images::BaseImage;
use crate::rootfs::profile::ProfiledImage;
use crate::rootfs::{Assumption, Base, Disturbance, Leans, Moment, Reach};
use crate::shell::Step;
use crate::text::path::{clean, join};

/// The shell of RUN without a SHELL instruction.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// An event that changed the filesystem.
#[derive(Clone, Debug)]
struct Pending<'d> {
    line: usize,
    what: What<'d>,
}

/// The type of an event.
#[derive(Clone, Debug)]
enum What<'d> {
    /// An instruction wrote to an unknown path.
    Elsewhere(&'static str),
    /// WORKDIR.
    Workdir {
        /// The absolute, clean path.
        path: String,
        /// The owner of the directories that are created, from USER; `None` if it is not known.
        user: Option<String>,
        /// The assumption that the owner rests on.
        assumed: Option<Arc<Assumption>>,
    },
    /// RUN.
    Run {
        /// The commands.
        ran: Ran<'d>,
        /// The process that ran them.
        process: Process,
        /// The targets of its mounts.
        targets: Vec<Target>,
    },
}

/// The commands of a RUN.
#[derive(Clone, Debug)]
pub(crate) enum Ran<'d> {
    /// Commands that are already parsed.
    Known(Vec<Step>),
    /// An instruction of the Dockerfile, with the environment in which it runs.
    At(&'d Dockerfile, RunAt, Box<Invoked>),
}

/// The facts at one point of a stage.
#[derive(Clone, Debug)]
pub(crate) struct State<'d> {
    filesystems: Filesystems,
    /// The events since the filesystems were last computed.
    pending: Vec<Pending<'d>>,
    /// Commands of the stage that may see whether a file was linked.
    pub(crate) observers: Observers,
    pub(crate) scope: Arc<Scope>,
    /// The absolute path, or the reason why it is not known.
    pub(crate) workdir: Result<String, String>,
    /// The value of USER, expanded, or the reason why it is not known.
    pub(crate) user: Result<String, String>,
    pub(crate) shell: Vec<String>,
    pub(crate) os: Os,
    /// The assumption about the user of the image, if its configuration is not known.
    pub(crate) assumed_user: Option<Arc<Assumption>>,
    /// Unsafe instructions of the stage, each by the index of its judgement, with the moment after it.
    pub(crate) unsafe_since: Vec<(usize, Moment)>,
    /// Instructions in ONBUILD, by the index of the ONBUILD.
    pub(crate) triggers: Vec<usize>,
    /// The files of the context that were copied, in order.
    pub(crate) copied: Vec<Copied>,
    /// True if the stage started from nothing and nothing has changed its filesystem since.
    pub(crate) untouched: bool,
    /// The line of the current instruction, counted from 1.
    pub(crate) line: usize,
}

impl<'d> State<'d> {
    fn new(base: Base, scope: Scope, os: Os, line: usize) -> Self {
        Self {
            filesystems: Filesystems::new(base),
            pending: Vec::new(),
            observers: Observers::default(),
            scope: Arc::new(scope),
            workdir: Ok("/".into()),
            user: Ok(String::new()),
            shell: DEFAULT_SHELL.map(str::to_owned).to_vec(),
            os,
            assumed_user: None,
            unsafe_since: Vec::new(),
            triggers: Vec::new(),
            copied: Vec::new(),
            untouched: false,
            line,
        }
    }

    /// Returns the state of `scratch`.
    pub(crate) fn scratch(line: usize) -> Self {
        let scope = Scope::with_environment([("PATH", DEFAULT_PATH)]);
        Self { untouched: true, ..Self::new(Base::Scratch, scope, Os::Linux, line) }
    }

    /// Returns the state of an image of which nothing is known.
    pub(crate) fn unknown(what: &str, why: &str, windows: Option<String>, line: usize) -> Self {
        let why: Arc<str> = format!("{what}: {why}").into();
        let os = windows.map_or_else(|| Os::assumed(what, line), Os::Windows);
        let workdir = Err(format!("WORKDIR of {why}"));
        let mut state = Self::new(Base::Unknown(Arc::clone(&why)), Scope::open(why), os, line);
        state.workdir = workdir;
        state.assume_root(what, line);
        state
    }

    /// Returns the state of an image that was read. Everything about it rests on `leans`.
    pub(crate) fn of_image(
        name: &str,
        image: &BaseImage,
        windows: Option<String>,
        leans: Leans,
        line: usize,
    ) -> Self {
        let base = Base::Image { filesystem: Arc::clone(&image.rootfs), leans: leans.clone() };
        let os = match (&image.platform, windows) {
            (Some(platform), _) if platform.os == "windows" => {
                Os::Windows(format!("the configuration of {name}"))
            }
            (None, Some(windows)) => Os::Windows(windows),
            _ if leans.is_empty() => Os::Linux,
            _ => Os::AssumedLinux(leans),
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

    /// Returns the state of an image that was not read, but whose family is known. Its configuration and its filesystem
    /// rest on the same assumption, so every verdict that rests on one of them names the other.
    pub(crate) fn of_profile(image: ProfiledImage, line: usize) -> Self {
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

    /// Returns the state of an image that another Dockerfile of the repository builds.
    pub(crate) fn of_neighbour(name: &str, built: &BuiltHere, line: usize) -> Self {
        let whole = built.assumption(name, line);
        Self {
            filesystems: built.filesystems(whole.as_ref()),
            pending: Vec::new(),
            observers: Observers::default(),
            scope: Arc::new(built.end.scope.clone()),
            workdir: built.end.workdir.clone(),
            user: built.end.user.clone(),
            shell: built.end.shell.clone(),
            os: built.os(whole.as_ref()),
            assumed_user: built.assumed_user(whole.as_ref()),
            unsafe_since: Vec::new(),
            triggers: Vec::new(),
            copied: Vec::new(),
            untouched: false,
            line,
        }
    }

    /// Adds the assumption that an image runs as root, if its configuration was not read.
    fn assume_root(&mut self, what: &str, line: usize) {
        let message = format!("{what} (line {line}) sets no USER, so WORKDIR makes directories of root");
        self.assumed_user = Some(Arc::new(Assumption::new(line, "/", message)));
    }

    /// Expands a word. The error is the reason why its value is not known.
    pub(crate) fn expand(&self, word: &str, escape_token: char) -> Result<String, String> {
        self.scope.expand(word, escape_token)
    }

    /// Returns the state of a stage that starts from the end of this one.
    pub(crate) fn child(&mut self) -> Self {
        self.filesystems();
        Self { observers: Observers::default(), unsafe_since: Vec::new(), ..self.clone() }
    }

    /// Applies `ARG`.
    pub(crate) fn declare(
        &mut self,
        arguments: &[Assignment],
        given: &BTreeMap<String, Option<String>>,
        global: &Scope,
        escape_token: char,
    ) {
        Arc::make_mut(&mut self.scope).declare(arguments, given, global, escape_token);
    }

    /// Applies `ENV`: all values are expanded before any is set (`expandKvpsInPlace`).
    pub(crate) fn assign(&mut self, assignments: &[Assignment], escape_token: char) {
        let expand = |word: &String| self.scope.expand(word, escape_token);
        let values: Vec<_> = assignments
            .iter()
            .filter_map(|assignment| Some((expand(&assignment.name), expand(assignment.value.as_ref()?))))
            .collect();
        for (name, value) in values {
            match name {
                Ok(name) => Arc::make_mut(&mut self.scope).export(&name, value),
                // Any variable may be the one that is set.
                Err(why) => self.scope = Arc::new(Scope::open(why.into())),
            }
        }
    }

    /// Applies `USER`.
    pub(crate) fn change_user(&mut self, word: &str, escape_token: char) {
        self.user = self.expand(word, escape_token);
        self.assumed_user = None;
    }

    /// Applies `WORKDIR`: creates missing directories, owned by the current user (`dockerfile2llb.dispatchWorkdir`).
    pub(crate) fn change_workdir(&mut self, word: &str, escape_token: char) {
        let path = match self.expand(word, escape_token) {
            Ok(path) if path.starts_with('/') => Ok(clean(&path)),
            Ok(path) => self.workdir.as_ref().map(|workdir| join(workdir, &path)).map_err(Clone::clone),
            Err(why) => Err(why),
        };
        self.workdir.clone_from(&path);
        let Ok(path) = path else {
            return self.wrote_somewhere("WORKDIR");
        };
        if path != "/" {
            self.untouched = false;
        }
        let user = self.user.as_ref().ok().cloned();
        self.happened(What::Workdir { path, user, assumed: self.assumed_user.clone() });
    }

    /// Applies `RUN`.
    pub(crate) fn ran(&mut self, run: &Run, ran: Ran<'d>, escape_token: char) {
        self.untouched = false;
        let process = Process {
            workdir: self.workdir.as_ref().ok().cloned(),
            user: self.user.as_ref().ok().cloned(),
            assumed: self.assumed_user.clone(),
            path: self.path(run),
        };
        let targets = mounts::targets(self, run, escape_token);
        self.happened(What::Run { ran, process, targets });
    }

    /// Returns PATH as a RUN gets it: BuildKit sets it where neither the image nor the Dockerfile does
    /// (`addDefaultEnvvar` in solver/llbsolver/ops/exec.go). `None` if it is not known.
    fn path(&self, run: &Run) -> Option<String> {
        let is_secret = run.mounts.iter().any(|mount| mount.env.as_deref() == Some("PATH"));
        let given = self.expand("$PATH", '\\').ok().filter(|_| !is_secret)?;
        Some(if given.is_empty() { DEFAULT_PATH.to_owned() } else { given })
    }

    /// Records an event; its effect on the filesystems is computed when they are needed.
    fn happened(&mut self, what: What<'d>) {
        self.pending.push(Pending { line: self.line, what });
    }

    /// Records that an instruction wrote to an unknown path.
    pub(crate) fn wrote_somewhere(&mut self, keyword: &'static str) {
        self.happened(What::Elsewhere(keyword));
    }

    /// Forgets the differences so far: their instructions cannot be edited in this file.
    pub(crate) fn forget_differences(&mut self) {
        self.filesystems.differences.end();
    }

    /// Ends the stage and returns the differences that are restored.
    pub(crate) fn restored(&mut self) -> Vec<Restored> {
        if self.filesystems.differences.is_open() {
            self.filesystems();
        }
        self.filesystems.differences.end()
    }

    /// Returns the filesystems, after the effects of all events.
    pub(crate) fn filesystems(&mut self) -> &mut Filesystems {
        for Pending { line, what } in std::mem::take(&mut self.pending) {
            match what {
                What::Elsewhere(keyword) => {
                    for rootfs in self.filesystems.each() {
                        let reach = Reach::Names(Vec::new());
                        rootfs.disturb(Disturbance::new(keyword, line, reach));
                    }
                }
                What::Workdir { path, user, assumed } => {
                    for rootfs in self.filesystems.each() {
                        let mut owner = user.as_ref().and_then(|user| Owner::of(user).resolve(rootfs));
                        if let (Some((_, leans)), Some(assumed)) = (&mut owner, &assumed) {
                            leans.add(Arc::clone(assumed));
                        }
                        let sets_owner = user.as_deref() != Some("");
                        make_directories(rootfs, &path, owner.as_ref(), sets_owner, line);
                    }
                }
                What::Run { ran, process, targets } => {
                    let steps = match ran {
                        Ran::Known(steps) => steps,
                        Ran::At(dockerfile, place, mut invoked) => {
                            invoked.look_up_user(process.user.as_deref(), &self.filesystems.plain);
                            let files = script_files::at_start(&invoked.scripts, &self.filesystems, &targets);
                            run_step::steps(dockerfile, place, &invoked, &files)
                        }
                    };
                    self.observers.note(&steps);
                    self.filesystems.ran(&process, &steps, &targets, line);
                }
            }
        }
        &mut self.filesystems
    }
}
