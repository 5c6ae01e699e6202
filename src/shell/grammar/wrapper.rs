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

/// A command that runs another one.
#[derive(Clone, Copy, Debug)]
pub struct Wrapper {
    /// Its name.
    pub name: &'static str,
    /// Short options with which the inner command does exactly the same, in the notation of getopt.
    pub certain: &'static str,
    /// Other short options that take a value. With them, the inner command is uncertain.
    pub valued: &'static str,
    /// The operands before the inner command.
    pub operands: usize,
    /// True if operands of the form `NAME=value` come first.
    pub assigns: bool,
    /// The account that runs the inner command.
    pub runs_as: RunsAs,
    /// False if the inner command is always uncertain, for the reason in the table.
    pub exact: bool,
}

const fn exact(name: &'static str, certain: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper { name, certain, valued, operands, assigns: false, runs_as: RunsAs::Same, exact: true }
}

const fn inexact(name: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper { exact: false, ..exact(name, "", valued, operands) }
}

/// All of them. An option that is not listed makes the inner command uncertain.
pub const WRAPPERS: &[Wrapper] = &[
    // The applet of that name, past functions of the shell.
    exact("busybox", "", "", 0),
    // Without options: `-i` and `-u` take variables away, `-C` moves, `-S` splits a text.
    Wrapper { assigns: true, ..exact("env", "", "uCSaP", 0) },
    exact("ionice", "c:n:", "p", 0),
    exact("nice", "n:", "", 0),
    exact("nohup", "", "", 0),
    exact("stdbuf", "i:o:e:", "", 0),
    // It ends with a failure where the time is over.
    exact("timeout", "k:s:", "t", 1),
    // Without a policy of its own (axiom); umask 0022 is added to the present one, which is 022.
    Wrapper { assigns: true, runs_as: RunsAs::Root, ..exact("sudo", "EHnS", "ugCDhpRrTt", 0) },
    Wrapper { runs_as: RunsAs::Named, ..exact("gosu", "", "", 1) },
    Wrapper { runs_as: RunsAs::Named, ..exact("su-exec", "", "", 1) },
    // These change the root, the owner, the session or the environment of the command, or run it more than once.
    inexact("chroot", "", 1),
    inexact("chronic", "", 0),
    inexact("doas", "uC", 0),
    inexact("dumb-init", "cr", 0),
    inexact("eatmydata", "", 0),
    inexact("fakeroot", "lsibf", 0),
    inexact("faketime", "f", 1),
    inexact("flock", "wEc", 1),
    inexact("i386", "", 0),
    inexact("linux32", "", 0),
    inexact("linux64", "", 0),
    inexact("parallel", "jN", 0),
    inexact("setarch", "", 1),
    inexact("setpriv", "", 0),
    inexact("setsid", "", 0),
    inexact("strace", "oe", 0),
    inexact("time", "fo", 0),
    inexact("tini", "pe", 0),
    inexact("unshare", "", 0),
    inexact("watch", "n", 0),
    inexact("xargs", "adEeIiLlnPs", 0),
    inexact("xvfb-run", "nsfe", 0),
];

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
