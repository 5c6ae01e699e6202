//! Variables, by who may give them a value besides the Dockerfile and the script.

/// The role of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Only the Dockerfile and the script give it a value. It is known.
    Plain,
    /// runc, a login or a startup file may set it where the environment does not. It is known only where the
    /// Dockerfile or the script sets it.
    Given,
    /// A shell sets it itself or refuses to change it. It is never known.
    Own,
    /// It changes the way in which a shell or a tool works. Where the Dockerfile or the script sets it, what follows is
    /// uncertain.
    Steers,
}

/// Variables that are set without the Dockerfile: `HOME` by runc (`finalizeNamespace` in `libcontainer/init_linux.go`),
/// the others by a login, by su or by a builder.
const GIVEN: &[&str] =
    &["DEBUGINFOD_URLS", "HOME", "HOSTNAME", "LANG", "LOGNAME", "MAIL", "SHELL", "TERM", "USER", "container"];

/// Variables that one of the shells gives a value of its own (bash: `initialize_shell_variables` in `variables.c`; dash:
/// `var.c`; ash: `shell/ash.c`).
const OWN: &[&str] = &[
    "_",
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "COLUMNS",
    "COPROC",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOSTTYPE",
    "LINENO",
    "LINES",
    "MACHTYPE",
    "MAPFILE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "RANDOM",
    "READLINE_LINE",
    "REPLY",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
];

/// Variables that change what shells and tools do, with the reader of each.
pub const STEERS: &[(&str, &str)] = &[
    ("BASHOPTS", "bash: options of `shopt`"),
    ("BASH_COMPAT", "bash: the rules of another version"),
    ("BASH_ENV", "bash: a script that runs first"),
    ("CDPATH", "`cd` in every shell"),
    ("EXECIGNORE", "bash: programs that are not found"),
    ("FIGNORE", "bash: expansion of file names"),
    ("GIT_DIR", "git: where a repository is"),
    ("GIT_WORK_TREE", "git: where its files are"),
    ("GLOBIGNORE", "bash: expansion of file names"),
    ("GLOBSORT", "bash: order of file names"),
    ("GZIP", "gzip: options"),
    ("IFS", "every shell: splitting of words"),
    ("LD_AUDIT", "the dynamic loader: code in every program"),
    ("LD_PRELOAD", "the dynamic loader: code in every program"),
    ("PATH", "every shell: which program a name means"),
    ("POSIXLY_CORRECT", "GNU tools and bash: other rules for options"),
    ("PS4", "`set -x`: a text that is expanded"),
    ("SHELLOPTS", "bash: options of `set`"),
    ("SIMPLE_BACKUP_SUFFIX", "GNU cp, ln, mv and install: backups"),
    ("TAPE", "tar: the archive"),
    ("TAR_OPTIONS", "tar: options"),
    ("UNZIP", "unzip: options"),
    ("UNZIPOPT", "unzip: options"),
    ("VERSION_CONTROL", "GNU cp, ln, mv and install: backups"),
    ("XZ_DEFAULTS", "xz: options"),
    ("XZ_OPT", "xz: options"),
    ("ZSTD_CLEVEL", "zstd: options"),
];

/// Prefixes of names that shells give a meaning, with the role of those that have no other.
const PREFIXES: &[(&str, Role)] = &[
    ("BASH_FUNC_", Role::Steers),
    ("BASH_", Role::Own),
    ("COMP", Role::Own),
    ("HIST", Role::Own),
    ("LC_", Role::Given),
    ("MAIL", Role::Given),
    ("PS", Role::Given),
];

/// Returns the role of a variable.
pub fn role(name: &str) -> Role {
    if STEERS.iter().any(|(steers, _)| *steers == name) {
        Role::Steers
    } else if OWN.contains(&name) {
        Role::Own
    } else if GIVEN.contains(&name) {
        Role::Given
    } else {
        let prefixed = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
        prefixed.map_or(Role::Plain, |(_, role)| *role)
    }
}
