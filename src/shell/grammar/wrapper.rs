//! Commands that run the command in their words.

/// The account that runs the inner command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsAs {
    /// The same.
    Same,
    /// The superuser.
    Root,
    /// An account that the first operand names.
    Named,
}

/// How the inner command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// As it is written.
    Exactly,
    /// Once and in this place, but with another owner, session or environment, or perhaps not.
    Here,
    /// With another root, with other words, or more than once.
    Elsewhere,
}

/// A command that runs another one.
#[derive(Clone, Copy, Debug)]
pub struct Wrapper {
    /// Its name.
    pub name: &'static str,
    /// Short options with which the inner command does exactly the same, in the notation of getopt.
    pub certain: &'static str,
    /// Other short options that take a value. With them, the inner command is uncertain.
    pub valued: &'static str,
    /// Long options that take the next word as their value.
    pub long: &'static [&'static str],
    /// The operands before the inner command.
    pub operands: usize,
    /// True if operands of the form `NAME=value` come first.
    pub assigns: bool,
    /// The account that runs the inner command.
    pub runs_as: RunsAs,
    /// How the inner command runs, where no option changes that.
    pub runs: Runs,
}

const fn exact(name: &'static str, certain: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper {
        name,
        certain,
        valued,
        long: &[],
        operands,
        assigns: false,
        runs_as: RunsAs::Same,
        runs: Runs::Exactly,
    }
}

const fn here(name: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper { runs: Runs::Here, ..exact(name, "", valued, operands) }
}

const fn elsewhere(name: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper { runs: Runs::Elsewhere, ..exact(name, "", valued, operands) }
}

/// All of them. An option that is not listed makes the inner command uncertain.
pub const WRAPPERS: &[Wrapper] = &[
    // The applet of that name, past functions of the shell.
    exact("busybox", "", "", 0),
    // Without options: `-i` and `-u` take variables away, `-C` moves, `-S` splits a text.
    Wrapper { assigns: true, long: &["unset", "chdir", "argv0"], ..exact("env", "", "uCSaP", 0) },
    Wrapper { long: &["class", "classdata"], ..exact("ionice", "c:n:", "p", 0) },
    Wrapper { long: &["adjustment"], ..exact("nice", "n:", "", 0) },
    exact("nohup", "", "", 0),
    exact("stdbuf", "i:o:e:", "", 0),
    // It ends with a failure where the time is over.
    Wrapper { long: &["kill-after", "signal"], ..exact("timeout", "k:s:", "t", 1) },
    // Without a policy of its own (axiom); umask 0022 is added to the present one, which is 022.
    Wrapper {
        assigns: true,
        runs_as: RunsAs::Root,
        long: &["user", "group", "chdir", "host", "prompt", "other-user"],
        ..exact("sudo", "EHnS", "ugCDhpRrTtU", 0)
    },
    Wrapper { runs_as: RunsAs::Named, ..exact("gosu", "", "", 1) },
    Wrapper { runs_as: RunsAs::Named, ..exact("su-exec", "", "", 1) },
    elsewhere("chroot", "", 1),
    here("chronic", "", 0),
    here("doas", "uC", 0),
    here("dumb-init", "cr", 0),
    here("eatmydata", "", 0),
    here("fakeroot", "lsibf", 0),
    here("faketime", "f", 1),
    here("flock", "wEc", 1),
    here("i386", "", 0),
    here("linux32", "", 0),
    here("linux64", "", 0),
    elsewhere("parallel", "jN", 0),
    here("setarch", "", 1),
    here("setpriv", "", 0),
    here("setsid", "", 0),
    here("strace", "oe", 0),
    here("time", "fo", 0),
    here("tini", "pe", 0),
    elsewhere("unshare", "", 0),
    elsewhere("watch", "n", 0),
    elsewhere("xargs", "adEeIiLlnPs", 0),
    here("xvfb-run", "nsfe", 0),
];

/// The builtins that run the words after them as a command.
pub const BUILTINS: &[Wrapper] =
    &[exact("builtin", "", "", 0), exact("command", "", "", 0), exact("exec", "", "a", 0)];

/// The shells that are followed.
const SHELLS: &[&str] = &["ash", "bash", "dash", "sh"];

/// Returns the name of a shell that is followed, from its name or its path in the system.
pub fn shell(program: &str) -> Option<&str> {
    let name = ["/bin/", "/usr/bin/"].iter().find_map(|directory| program.strip_prefix(directory));
    Some(name.unwrap_or(program)).filter(|name| SHELLS.contains(name))
}

/// Returns the command of that name that runs another one.
pub fn wrapper(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS.iter().find(|wrapper| wrapper.name == name)
}

/// Returns true if a program reads a script in another language than the shell's, so that it may do anything that the
/// script says.
pub fn is_interpreter(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "R",
        "Rscript",
        "awk",
        "bun",
        "csh",
        "deno",
        "fish",
        "gawk",
        "irb",
        "java",
        "jshell",
        "ksh",
        "lua",
        "luajit",
        "m4",
        "mawk",
        "mksh",
        "node",
        "nodejs",
        "osascript",
        "perl",
        "php",
        "powershell",
        "psql",
        "pwsh",
        "python",
        "pypy",
        "ruby",
        "sed",
        "sqlite3",
        "ssh",
        "tclsh",
        "tcsh",
        "ts-node",
        "tsx",
        "zsh",
    ];
    NAMES.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-'))
}
