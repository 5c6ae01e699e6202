//! Exact changes to files. They say what a command that succeeded did, not what the files were before.

use super::path::PathPattern;
use crate::text::cut;

/// A mode as a command was given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Octal digits.
    Octal(u32),
    /// Symbolic, as written: `u+x,g-w`.
    Symbolic(String),
}

/// An operand of a command. Paths are absolute and clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// This path.
    Path(String),
    /// The content of this directory, written `dir/.`.
    Contents(String),
    /// The paths that match this pattern (`*`, `?`, `[…]` within components), perhaps none.
    Glob(String),
}

impl Operand {
    /// Returns the paths that it names, as it is written.
    pub(crate) fn pattern(&self) -> PathPattern {
        match self {
            Self::Path(path) => at(path),
            Self::Contents(path) => PathPattern::under(path.clone()),
            Self::Glob(glob) => PathPattern::of_glob("/", glob),
        }
    }

    /// Returns true if a wildcard stands for a parent directory, which may be a symlink.
    pub(crate) fn goes_through_wildcard(&self) -> bool {
        matches!(self, Self::Glob(glob)
            if glob.find(['*', '?', '[']).is_some_and(|wildcard| cut::from(glob, wildcard).contains('/')))
    }
}

/// Where copies, moves and links go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The path. Unless `directory` or `exact` says otherwise: where a directory is there, the new object goes
    /// inside it under the name of its source.
    pub(crate) path: String,
    /// It must be a directory: `-t`, a slash at its end, or several sources.
    pub(crate) directory: bool,
    /// It is the new object itself, even where a directory is there (`-T`).
    pub(crate) exact: bool,
}

/// Which program made an account; they differ in homes and modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// `useradd` and `groupadd`: a home is made as `-m`, `-M` or login.defs say.
    Shadow,
    /// Debian's `adduser` and `addgroup`.
    Debian,
    /// `BusyBox`'s `adduser` and `addgroup`: the home is 02755.
    Busybox,
    /// `adduser` with flags that several of them know.
    Unknown,
}

/// A new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: String,
    /// Its number, where the command gives it and fails if the name is taken.
    pub(crate) uid: Option<u32>,
    /// The primary group as written, a name or a number. Unless given it is the tool's default.
    pub(crate) group: Option<String>,
    /// The home directory where it is given.
    pub(crate) home: Option<String>,
    /// True if an absent home is created; `None` if the tool's configuration decides.
    pub(crate) create_home: Option<bool>,
    /// True if it is a system account.
    pub(crate) system: bool,
    /// Which tool made it.
    pub(crate) flavour: Flavour,
}

/// One exact change. Paths are absolute and clean; what is created belongs to the user of the step, and where no
/// mode is given has 0777 or 0666 less a umask of 022.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `mkdir`, `install -d`. With `parents`, missing ancestors are made 0755 and an existing directory stays;
    /// without, the directory is new.
    Mkdir {
        /// The directory.
        path: String,
        /// True if ancestors are made (`-p`).
        parents: bool,
        /// Its mode, applied to the last directory alone; None is 0755.
        mode: Option<Mode>,
        /// True if an existing directory may get the mode as well: `install -d`, where tools differ.
        resets: bool,
    },
    /// `rmdir`: an empty directory, with `parents` its ancestors in the path too.
    Rmdir {
        /// The directory.
        path: String,
        /// True if ancestors go too (`-p`).
        parents: bool,
    },
    /// `rm`.
    Remove {
        /// The removed paths.
        path: Operand,
        /// True if directories go too (`-r`).
        recursive: bool,
    },
    /// `ln`.
    Link {
        /// The target of a symlink as written; of a hard link, an absolute path.
        target: String,
        /// The link.
        link: Destination,
        /// True if it is a symlink.
        symbolic: bool,
        /// True if an existing file is replaced (`-f`).
        force: bool,
        /// True if a symlink to a directory at the destination is taken for the link itself (`-n`).
        no_dereference: bool,
    },
    /// `cp`.
    Copy {
        /// The sources.
        sources: Vec<Operand>,
        /// The destination.
        destination: Destination,
        /// True if directories are copied (`-r`, `-a`).
        recursive: bool,
        /// True if mode and owner are kept (`-p`, `-a`).
        preserve: bool,
    },
    /// `mv`.
    Move {
        /// The sources.
        sources: Vec<Operand>,
        /// The destination.
        destination: Destination,
    },
    /// `touch`: a file is there now; anything that was there keeps its type and mode.
    Touch {
        /// The file.
        path: String,
    },
    /// A redirection, `tee`, `curl -o` and the like: a file is there now, through a symlink where one was.
    Write {
        /// The file.
        path: String,
    },
    /// `sed -i`: a regular file with the mode of the old one, where a symlink was too.
    Rewrite {
        /// The file.
        path: Operand,
    },
    /// `chmod`.
    Chmod {
        /// The operands.
        paths: Vec<Operand>,
        /// The mode.
        mode: Mode,
        /// True if it is applied below too (`-R`).
        recursive: bool,
    },
    /// `chown` and `chgrp`.
    Chown {
        /// The operands.
        paths: Vec<Operand>,
        /// Owner as written, a name or a number; `None` if it stays.
        user: Option<String>,
        /// Group as written; `None` if it stays, empty for the login group of `user` (`user:`).
        group: Option<String>,
        /// True if it is applied below too (`-R`).
        recursive: bool,
        /// True if a symlink itself is changed (`-h`).
        no_dereference: bool,
    },
    /// `install` of files: new files, 0755 unless said otherwise.
    Install {
        /// The sources.
        sources: Vec<Operand>,
        /// The destination.
        destination: Destination,
        /// `-D`: ancestors are made 0755.
        parents: bool,
        /// `-m`.
        mode: Option<Mode>,
        /// `-o`.
        user: Option<String>,
        /// `-g`.
        group: Option<String>,
    },
    /// A new account: the files in `/etc` and perhaps a home.
    AddUser(Account),
    /// A new group.
    AddGroup {
        /// Its name.
        name: String,
        /// Its number, where the command gives it and fails if the name is taken.
        gid: Option<u32>,
    },
    /// An archive unpacked below a directory that exists (`tar -C`) or is made (`unzip -d`). What it holds is
    /// unknown, and so may be the mode and owner of the directory itself.
    Extract {
        /// The directory.
        into: String,
    },
    /// `git clone`: a directory, new or empty before, and what is below it.
    GitClone {
        /// The directory.
        into: String,
    },
}

/// The files that hold accounts.
const ACCOUNT_FILES: [&str; 8] = [
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/subgid",
    "/var/mail",
    "/var/spool/mail",
];

impl Change {
    /// Returns true for `mkdir`: a directory that exists stays as it is.
    pub(crate) fn makes_directory(&self) -> bool {
        matches!(self, Self::Mkdir { resets: false, .. })
    }

    /// Returns the paths that it changes, as they are written.
    pub(crate) fn paths(&self) -> Vec<PathPattern> {
        match self {
            Self::Mkdir { path, .. } | Self::Touch { path } | Self::Write { path } => vec![at(path)],
            Self::Rmdir { path, parents } => {
                vec![at(if *parents { top(path) } else { path })]
            }
            Self::Remove { path, .. } | Self::Rewrite { path } => vec![path.pattern()],
            Self::Link { link: destination, .. }
            | Self::Copy { destination, .. }
            | Self::Install { destination, .. } => vec![at(&destination.path)],
            Self::Move { sources, destination } => {
                sources.iter().map(Operand::pattern).chain([at(&destination.path)]).collect()
            }
            Self::Chmod { paths, .. } | Self::Chown { paths, .. } => {
                paths.iter().map(Operand::pattern).collect()
            }
            Self::AddUser(account) => {
                let home = account.home.clone().unwrap_or_else(|| format!("/home/{}", account.name));
                ACCOUNT_FILES.into_iter().map(at).chain([PathPattern::At(home)]).collect()
            }
            Self::AddGroup { .. } => ACCOUNT_FILES.into_iter().map(at).collect(),
            Self::Extract { into } | Self::GitClone { into } => vec![at(into)],
        }
    }
}

fn at(path: &str) -> PathPattern {
    PathPattern::At(path.into())
}

/// The first component of an absolute path.
fn top(path: &str) -> &str {
    path.get(1..).and_then(|rest| rest.find('/')).map_or(path, |end| cut::before(path, end + 1))
}
