//! The roots that scripts run in: which shell and which tools, and a few directories, files and links that scripts
//! work on.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archives;
use super::content::{DIRECTORIES, FILES, LINKS, SYSTEM_TOOLS, TOOLS, USER_TOOLS};

/// A program that reads scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Ash,
    Dash,
    Bash,
}

/// Where `mkdir` and the others come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    Busybox,
    Gnu,
}

impl Tools {
    /// The commands that do not work with these tools.
    pub fn missing(self) -> &'static [&'static str] {
        match self {
            Self::Busybox => &["install", "useradd", "groupadd", "usermod", "perl", "stdbuf"],
            Self::Gnu => &["adduser", "addgroup", "cpio"],
        }
    }
}

/// One root.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    pub name: &'static str,
    /// What `/bin/sh` is.
    pub sh: Shell,
    pub tools: Tools,
    /// Whether `/bin/bash` is there.
    pub has_bash: bool,
    /// Whether `/bin`, `/sbin` and `/lib` are links into `/usr`.
    pub is_merged: bool,
    /// Whether the applets of BusyBox are hard links rather than symbolic ones.
    pub hard_links: bool,
}

const fn root(name: &'static str, sh: Shell, tools: Tools, has_bash: bool, is_merged: bool) -> Root {
    Root { name, sh, tools, has_bash, is_merged, hard_links: false }
}

/// Every combination that images have, and two that they could have.
pub const ROOTS: [Root; 7] = [
    root("alpine", Shell::Ash, Tools::Busybox, false, false),
    root("debian", Shell::Dash, Tools::Gnu, true, true),
    root("fedora", Shell::Bash, Tools::Gnu, true, true),
    Root { hard_links: true, ..root("busybox", Shell::Ash, Tools::Busybox, false, false) },
    root("alpine-coreutils", Shell::Ash, Tools::Gnu, true, false),
    root("debian-busybox", Shell::Dash, Tools::Busybox, true, true),
    root("bash-busybox", Shell::Bash, Tools::Busybox, true, false),
];

/// Why a root cannot be built.
pub fn missing() -> Option<String> {
    let needed = ["busybox", "dash", "bash", "unshare", "nsenter", "ldd", "mkdir", "tar", "find"];
    if let Some(tool) = needed.into_iter().find(|tool| find(tool).is_none()) {
        return Some(format!("{tool} is not installed"));
    }
    let version = Command::new("mkdir").arg("--version").output().ok()?;
    let is_gnu = String::from_utf8_lossy(&version.stdout).contains("GNU coreutils");
    (!is_gnu).then(|| "mkdir is not GNU's".to_owned())
}

/// The file that a name means, outside of the roots.
fn find(name: &str) -> Option<PathBuf> {
    let directories = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    directories.into_iter().map(|directory| Path::new(directory).join(name)).find(|path| path.exists())
}

/// Builds a root at `at`. Programs are copied to `store` once and linked from there.
pub fn build(root: &Root, store: &Path, at: &Path) -> io::Result<()> {
    fs::create_dir_all(store)?;
    fs::create_dir(at)?;
    let builder = Builder { root, store, at };
    builder.system_directories()?;
    builder.content()?;
    builder.programs()
}

struct Builder<'a> {
    root: &'a Root,
    store: &'a Path,
    at: &'a Path,
}

impl Builder<'_> {
    fn system_directories(&self) -> io::Result<()> {
        for name in ["usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"] {
            fs::create_dir(self.at.join(name))?;
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            if self.root.is_merged {
                symlink(format!("usr/{name}"), self.at.join(name))?;
            } else {
                fs::create_dir(self.at.join(name))?;
            }
        }
        Ok(())
    }

    fn content(&self) -> io::Result<()> {
        for &(name, mode, uid, gid) in DIRECTORIES {
            let path = self.at.join(name);
            fs::create_dir(&path)?;
            chown(&path, Some(uid), Some(gid))?;
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
        }
        for &(name, mode, content) in FILES {
            let path = self.at.join(name);
            fs::write(&path, content)?;
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
        }
        let tar = archives::tar();
        let archives = [
            ("a.tgz", archives::gzipped(&tar)),
            ("a.tar", tar),
            ("a.cpio", archives::cpio()),
            ("z.zip", archives::zip()),
        ];
        for (name, content) in archives {
            fs::write(self.at.join(name), content)?;
        }
        for (name, target) in LINKS {
            symlink(target, self.at.join(name))?;
        }
        Ok(())
    }

    fn programs(&self) -> io::Result<()> {
        self.install("bin", "busybox", "busybox")?;
        match self.root.sh {
            Shell::Ash => self.applet("bin", "sh")?,
            Shell::Dash => self.shell("dash")?,
            Shell::Bash => self.shell("bash")?,
        }
        if self.root.has_bash && self.root.sh != Shell::Bash {
            self.install("bin", "bash", "bash")?;
        }
        let applets = applets()?;
        for (directory, names) in [("bin", TOOLS), ("sbin", SYSTEM_TOOLS), ("usr/bin", USER_TOOLS)] {
            for name in names.split_whitespace() {
                let has_applet = applets.contains(name);
                match (self.root.tools, find(name)) {
                    (Tools::Busybox, _) if has_applet => self.applet(directory, name)?,
                    (Tools::Gnu, Some(_)) => self.install(directory, name, name)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A shell that is `sh` as well.
    fn shell(&self, name: &str) -> io::Result<()> {
        self.install("bin", name, name)?;
        symlink(name, self.at.join("bin/sh"))
    }

    fn applet(&self, directory: &str, name: &str) -> io::Result<()> {
        let path = self.at.join(directory).join(name);
        if self.root.hard_links {
            return fs::hard_link(self.at.join("bin/busybox"), path);
        }
        let target = if self.root.is_merged { "/usr/bin/busybox" } else { "/bin/busybox" };
        symlink(target, path)
    }

    /// Copies a program with the libraries that it needs.
    fn install(&self, directory: &str, name: &str, program: &str) -> io::Result<()> {
        let Some(source) = find(program) else { return Err(io::ErrorKind::NotFound.into()) };
        for library in libraries(&source)? {
            self.copy(&library, &self.at.join(library.strip_prefix("/").unwrap_or(&library)))?;
        }
        self.copy(&source, &self.at.join(directory).join(name))
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.exists() {
            return Ok(());
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let stored = self.store.join(from.to_string_lossy().replace('/', "%"));
        if !stored.exists() {
            fs::write(&stored, fs::read(from)?)?;
            fs::set_permissions(&stored, Permissions::from_mode(0o755))?;
        }
        fs::hard_link(stored, to)
    }
}

/// The names that BusyBox answers to.
fn applets() -> io::Result<BTreeSet<String>> {
    let listed = Command::new("busybox").arg("--list").output()?;
    Ok(String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect())
}

/// The shared libraries of a program; none where it is static or a script.
fn libraries(program: &Path) -> io::Result<Vec<PathBuf>> {
    let listed = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let paths = text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(if listed.status.success() { paths.collect() } else { Vec::new() })
}
