//! What is known of the shell while it runs: directory, variables, options.

use std::collections::HashMap;
use std::rc::Rc;

use brush_parser::ast::FunctionBody;

use super::{Lookup, User};

/// Variables that a shell gives a value of its own, whatever the environment holds.
const OF_THE_SHELL: [&str; 25] = [
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "COLUMNS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "IFS",
    "LINENO",
    "LINES",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "PIPESTATUS",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
];

/// Variables that runc, a shell or its startup files set where the environment does not hold them.
const OFTEN_SET: [&str; 17] = [
    "BASH_ENV",
    "CDPATH",
    "ENV",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "LANG",
    "LOGNAME",
    "MACHTYPE",
    "MAIL",
    "OSTYPE",
    "PATH",
    "SHELL",
    "TERM",
    "USER",
    "HISTFILE",
    "POSIXLY_CORRECT",
];

/// Returns true if something else than the image's environment may set a variable that it does not hold.
fn is_set_by_others(name: &str) -> bool {
    OFTEN_SET.contains(&name)
        || ["BASH_", "LC_", "PS", "HIST", "MAIL", "COMP"].iter().any(|start| name.starts_with(start))
}

/// How many directories a script may stand in before nobody keeps count.
const DIRECTORIES: usize = 4;

/// The shell that runs the script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `bash`: words have more syntax.
    Bash,
    /// `sh`, `dash`, `ash`, or nobody knows which.
    Posix,
}

/// Where a command stands in the flow of control.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    /// It is surely reached.
    pub(crate) reached: bool,
    /// If it ran, it succeeded: otherwise the build would have stopped.
    pub(crate) must: bool,
    /// `set -e` has no force here: a condition, or not the end of a chain.
    pub(crate) suspended: bool,
}

impl Flow {
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
    /// Directories in which it may stand; None: anywhere. One alone is certain.
    pub(crate) directories: Option<Vec<String>>,
    /// True if the directory was read exactly (no `..`).
    pub(crate) directory_exact: bool,
    variables: HashMap<String, Lookup>,
    /// Functions of the script, and whether each is surely defined.
    pub(crate) functions: HashMap<String, (Rc<FunctionBody>, bool)>,
    /// `set -e`.
    pub(crate) errexit: bool,
    /// `set -o pipefail`.
    pub(crate) pipefail: bool,
    /// True if modes of new files are known.
    pub(crate) umask_known: bool,
    /// True if variables that the script did not set are those of the image.
    pub(crate) environment_known: bool,
    /// True if something ran that may have changed the shell itself: nothing is certain any more.
    pub(crate) opaque: bool,
    /// True if the shell may have ended already.
    pub(crate) left: bool,
    /// True if the loop that runs may have ended already.
    pub(crate) broke: bool,
    /// True if the build stops when this shell exits with a failure.
    pub(crate) failure_stops: bool,
    /// Who runs the commands.
    pub(crate) user: User,
    /// The line to report; None: the line of each command counts.
    pub(crate) line: Option<usize>,
    /// Which shell it is.
    pub(crate) dialect: Dialect,
}

impl State {
    pub(crate) fn new(workdir: Option<&str>, user: User) -> Self {
        Self {
            directories: workdir.map(|directory| vec![super::path::join("/", directory).0]),
            directory_exact: true,
            variables: HashMap::new(),
            functions: HashMap::new(),
            errexit: false,
            pipefail: false,
            umask_known: true,
            environment_known: true,
            opaque: false,
            left: false,
            broke: false,
            failure_stops: true,
            user,
            line: None,
            dialect: Dialect::Posix,
        }
    }

    /// The one directory in which it surely stands.
    pub(crate) fn directory(&self) -> Option<&str> {
        match self.directories.as_deref() {
            Some([directory]) if self.directory_exact => Some(directory),
            _ => None,
        }
    }

    /// The value of a variable, `env` being asked for what the script did not set.
    pub(crate) fn variable(&self, name: &str, env: &dyn Fn(&str) -> Lookup) -> Lookup {
        if self.opaque {
            return Lookup::Unknown;
        }
        match (self.variables.get(name), name) {
            (Some(value), _) => value.clone(),
            (None, "PWD") => self.directory().map_or(Lookup::Unknown, |path| Lookup::Set(path.into())),
            (None, name) if name == "_" || OF_THE_SHELL.contains(&name) => Lookup::Unknown,
            (None, _) if !self.environment_known => Lookup::Unknown,
            (None, name) => match env(name) {
                Lookup::Unset if is_set_by_others(name) => Lookup::Unknown,
                value => value,
            },
        }
    }

    /// The value that the script gave a variable.
    pub(crate) fn script_value(&self, name: &str) -> Option<&Lookup> {
        self.variables.get(name)
    }

    /// Returns true if unquoted values are split at white space, as they are by default.
    pub(crate) fn splits_plainly(&self) -> bool {
        !self.variables.contains_key("IFS")
    }

    pub(crate) fn set(&mut self, name: &str, value: Lookup, sure: bool) {
        let value = if sure { value } else { Lookup::Unknown };
        self.variables.insert(name.to_owned(), value);
    }

    /// `cd` to one of `targets`, None being anywhere. Unless it surely succeeded, the shell may stand where it
    /// stood.
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

    /// A shell that this one starts as a program: what was not exported is not there.
    pub(crate) fn child(&self, failure_stops: bool) -> Self {
        let mut child = self.clone();
        child.variables.values_mut().for_each(|value| *value = Lookup::Unknown);
        child.functions.clear();
        Self { errexit: false, pipefail: false, left: false, broke: false, failure_stops, ..child }
    }
}
