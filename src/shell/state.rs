//! The known state of the shell while it runs: directory, variables, options.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use brush_parser::ast::FunctionBody;

use super::field::Field;
use super::grammar::variable::{Role, STEERS, role};
use super::{Lookup, User};

/// The most directories in which a script may be at one point.
const DIRECTORIES: usize = 4;

/// The shell that runs the script.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Dialect {
    /// `bash`.
    Bash,
    /// `sh`, `dash` or `ash`: any of the three shells.
    Posix,
}

/// The place of a command in the flow of control.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not whatever the others are")]
pub(super) struct Flow {
    /// It is certainly reached.
    pub(crate) reached: bool,
    /// If it ran, it succeeded: otherwise the build would have stopped.
    pub(crate) must: bool,
    /// `set -e` has no effect here: a condition, or not the end of a chain.
    pub(crate) suspended: bool,
    /// If it runs, it runs in the order of the script, and its words mean what they say. A branch that may not be taken
    /// keeps this, everything else loses it.
    pub(crate) as_written: bool,
}

impl Flow {
    /// The flow of a RUN.
    pub(crate) const SURE: Self = Self { reached: true, must: true, suspended: false, as_written: true };
    /// A command that may not run, and may fail.
    pub(crate) const UNSURE: Self = Self { reached: false, must: false, suspended: true, as_written: false };

    /// A body that may not run.
    pub(crate) fn maybe(self) -> Self {
        Self { reached: false, ..self }
    }

    /// A command whose status is tested.
    pub(crate) fn tested(self) -> Self {
        Self { must: false, suspended: true, ..self }
    }
}

/// A shell, or a subshell of it.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not whatever the others are")]
pub(super) struct State {
    /// The directories in which it may be; `None`: anywhere. One alone is certain.
    pub(crate) directories: Option<Vec<String>>,
    /// True if the directory was read exactly (no `..`).
    pub(crate) directory_exact: bool,
    /// The values that the script gives.
    variables: HashMap<String, Lookup>,
    /// Functions of the script; each may be defined.
    pub(crate) functions: HashMap<String, Rc<FunctionBody>>,
    /// Variables that the script made read-only.
    pub(crate) readonly: Vec<String>,
    /// True if it came to its directory by an absolute path, from which it takes `..` off without looking at links.
    pub(crate) logical: bool,
    /// `set -e`.
    pub(crate) errexit: bool,
    /// `set -o pipefail`.
    pub(crate) pipefail: bool,
    /// True if file names may not be expanded: `set -f`.
    pub(crate) noglob: bool,
    /// True if the umask is 022.
    pub(crate) umask_known: bool,
    /// True if variables that the script did not set are those of the image.
    environment_known: bool,
    /// True if a name may mean another program than the system's: the script changed PATH.
    pub(crate) shadowed: bool,
    /// True if something ran that may have changed the shell itself: everything is uncertain from here on.
    pub(crate) opaque: bool,
    /// True if the shell may have ended already.
    pub(crate) left: bool,
    /// True if the function that runs may have ended already.
    pub(crate) returned: bool,
    /// True if the loop that runs may have ended already.
    pub(crate) broke: bool,
    /// True if the build stops when this shell exits with a failure.
    pub(crate) failure_stops: bool,
    /// True if the script is the standard input, which a command may read instead.
    pub(crate) on_stdin: bool,
    /// The number of steps before the script on disk that runs; `None` if it is in the Dockerfile.
    pub(crate) read_since: Option<usize>,
    /// The path of that script as the RUN names it.
    pub(crate) script: Option<Arc<str>>,
    /// The programs that run the commands, the outermost first.
    pub(crate) programs: Arc<[Arc<str>]>,
    /// The account that runs the commands.
    pub(crate) user: User,
    /// The line to report; `None`: that of each command.
    pub(crate) line: Option<usize>,
    /// The shell that runs.
    pub(crate) dialect: Dialect,
}

impl State {
    pub(crate) fn new(workdir: Option<&str>, user: User) -> Self {
        Self {
            directories: workdir.map(|directory| vec![super::path::join("/", directory).0]),
            directory_exact: true,
            variables: HashMap::new(),
            functions: HashMap::new(),
            readonly: Vec::new(),
            logical: false,
            errexit: false,
            pipefail: false,
            noglob: false,
            umask_known: true,
            environment_known: true,
            shadowed: false,
            opaque: false,
            left: false,
            returned: false,
            broke: false,
            failure_stops: true,
            on_stdin: false,
            read_since: None,
            script: None,
            programs: Arc::default(),
            user,
            line: None,
            dialect: Dialect::Posix,
        }
    }

    /// Notes the program of a command that runs others.
    pub(crate) fn enter_program(&mut self, program: &Field) {
        self.programs = self.programs.iter().cloned().chain([program.known().into()]).collect();
    }

    /// Returns true if what is reached here certainly happens as it is written.
    pub(crate) fn is_certain(&self) -> bool {
        !self.opaque && !self.left && !self.returned && !self.broke
    }

    /// Returns the one directory in which it certainly is.
    pub(crate) fn directory(&self) -> Option<&str> {
        match self.directories.as_deref() {
            Some([directory]) if self.directory_exact => Some(directory),
            _ => None,
        }
    }

    /// Returns the value of a variable. `env` has those that the script did not set.
    pub(crate) fn variable(&self, name: &str, env: &dyn Fn(&str) -> Lookup) -> Lookup {
        let role = role(name);
        if self.opaque || role == Role::Own {
            return Lookup::Unknown;
        }
        match self.variables.get(name) {
            Some(value) => value.clone(),
            None if !self.environment_known => Lookup::Unknown,
            None => match (env(name), role) {
                (Lookup::Unset, Role::Given | Role::Steers | Role::Own) => Lookup::Unknown,
                (value, _) => value,
            },
        }
    }

    /// Returns true if neither the environment nor the script steers the shell or its tools.
    pub(crate) fn is_steered(env: &dyn Fn(&str) -> Lookup) -> bool {
        let steers = |name: &str| !matches!(name, "PATH") && matches!(env(name), Lookup::Set(_));
        STEERS.iter().any(|(name, _)| steers(name))
    }

    /// Returns true if unquoted values are split at white space, as they are by default.
    pub(crate) fn splits_plainly(&self) -> bool {
        !self.variables.contains_key("IFS")
    }

    /// Gives a variable a value, which is unknown unless the assignment is `sure`.
    pub(crate) fn set(&mut self, name: &str, value: Lookup, sure: bool) {
        self.opaque |= self.readonly.iter().any(|readonly| readonly == name);
        match role(name) {
            Role::Plain | Role::Given => {}
            Role::Own => return,
            Role::Steers if matches!(name, "PATH" | "CDPATH") => self.shadowed |= name == "PATH",
            Role::Steers => self.opaque |= name != "IFS",
        }
        let value = if sure { value } else { Lookup::Unknown };
        self.variables.insert(name.to_owned(), value);
    }

    /// Returns the value that the script gave a variable.
    pub(crate) fn given(&self, name: &str) -> Option<&Lookup> {
        self.variables.get(name)
    }

    /// Changes to one of `targets`, `None` being anywhere. Unless it certainly succeeded, the shell may be where it was.
    pub(crate) fn change_directory(&mut self, targets: Option<Vec<String>>, exact: bool, sure: bool) {
        let mut directories = match (targets, self.directories.take()) {
            (Some(targets), _) if sure => targets,
            (Some(mut targets), Some(before)) => {
                targets.extend(before);
                targets
            }
            _ => return,
        };
        directories.sort_unstable();
        directories.dedup();
        self.directory_exact = exact && (sure || self.directory_exact);
        self.directories = (directories.len() <= DIRECTORIES).then_some(directories);
    }

    /// Makes every variable unknown.
    pub(crate) fn forget_variables(&mut self) {
        self.environment_known = false;
        self.variables.values_mut().for_each(|value| *value = Lookup::Unknown);
    }

    /// Returns the state of a shell that this one starts as a program: a variable that was not exported is not there.
    pub(crate) fn child(&self, failure_stops: bool) -> Self {
        let mut child = self.clone();
        child.variables.values_mut().for_each(|value| *value = Lookup::Unknown);
        child.functions.clear();
        child.readonly.clear();
        Self {
            logical: false,
            errexit: false,
            pipefail: false,
            noglob: false,
            left: false,
            returned: false,
            broke: false,
            on_stdin: false,
            failure_stops,
            ..child
        }
    }
}
