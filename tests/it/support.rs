//! A small dialect: repositories made for a test, and the command run on them in a world without surprises.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use layerwright::git::{CommitId, Repository};
use serde_json::Value;

/// The command under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_layerwright");

/// A git repository in a temporary folder. Author and time are fixed, so ids are the same in every run.
pub struct Scratch {
    folder: tempfile::TempDir,
    pub git: git2::Repository,
}

impl Scratch {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let git = git2::Repository::init_opts(folder.path(), &options).unwrap();
        Self { folder, git }
    }

    /// One commit with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let scratch = Self::new();
        for (path, text) in files {
            scratch.write(path, text);
        }
        scratch.commit("First");
        scratch
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the evidence of this clone.
    pub fn local_evidence(&self) -> PathBuf {
        self.root().join(".git/layerwright/copy-link/evidence")
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.root().join(path)).unwrap()
    }

    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }

    pub fn link(&self, path: &str, target: &str) -> &Self {
        symlink(target, self.root().join(path)).unwrap();
        self
    }

    pub fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.root().join(path)).unwrap();
        self
    }

    pub fn chmod(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    pub fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.root().join(path)).unwrap().permissions().mode() & 0o7777
    }

    pub fn commit(&self, message: &str) -> CommitId {
        let mut index = self.git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let time = git2::Time::new(1_700_000_000, 0);
        let who = git2::Signature::new("A", "a@example.com", &time).unwrap();
        let tree = self.git.find_tree(index.write_tree().unwrap()).unwrap();
        let parent = self.git.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let id = self.git.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
        CommitId::new(&id.to_string()).unwrap()
    }

    pub fn open(&self) -> Repository {
        Repository::open(self.root()).unwrap()
    }

    /// What `git status` would name: changed and untracked paths.
    pub fn changed(&self) -> Vec<String> {
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true);
        let statuses = self.git.statuses(Some(&mut options)).unwrap();
        statuses.iter().map(|status| status.path().unwrap().to_owned()).collect()
    }

    /// Runs the command in the root.
    pub fn run(&self, arguments: &[&str]) -> Run {
        run(self.root(), arguments)
    }

    /// `plan --format json` with these arguments too.
    pub fn plan(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["plan", "--format", "json"];
        all.extend(arguments);
        self.run(&all).done().json()
    }

    /// Saves a plan that knows the base image of these tests, and gives it back.
    pub fn save(&self, base: &Base) -> Value {
        self.plan(&["--save", "--rootfs", &base.argument()])
    }
}

/// What a run of the command gave.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It did what was asked.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It could not do what was asked; its message holds all of `words`.
    #[track_caller]
    pub fn failed(self, words: &[&str]) -> Self {
        self.ended(2, words)
    }

    /// It refused for safety; its message holds all of `words`.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        self.ended(3, words)
    }

    #[track_caller]
    fn ended(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// A text as one line, whatever the width of the screen that it was wrapped for.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command, in `folder` and with nothing of the environment that runs the tests.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Run {
    Run::of(command(folder).args(arguments).output().unwrap())
}

/// Runs the command with a text as its standard input.
pub fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = command(folder);
    child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

/// Runs git for what libgit2 cannot do, without anybody's configuration.
pub fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().args(arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap()
}

/// Whether the user of these tests may read and write everything.
pub fn is_root() -> bool {
    let made = tempfile::NamedTempFile::new().unwrap();
    fs::set_permissions(made.path(), fs::Permissions::from_mode(0o000)).unwrap();
    fs::File::open(made.path()).is_ok()
}

/// Whether a variable of the environment is 1.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// Says on one line what a test leaves out here, and why.
pub fn left_out(what: &str, why: &str) {
    say(&format!("left out: {what}: {why}"));
}

/// Says something that has to be seen also when the test passes, which the macros for it do not bring about.
pub fn say(what: &str) {
    std::io::stderr().write_all(format!("{what}\n").as_bytes()).unwrap();
}

/// A base image `base:1` as a root filesystem tar, outside of any repository.
pub struct Base {
    folder: tempfile::TempDir,
}

impl Base {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut tar = Tar::new();
        tar.dir("etc", 0o755).file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\n");
        tar.file("etc/group", 0o644, b"root:x:0:\n");
        tar.dir("root", 0o700).dir("tmp", 0o1777).dir("usr", 0o755).dir("usr/bin", 0o755);
        tar.dir("usr/local", 0o755).dir("usr/local/bin", 0o755).symlink("bin", "usr/bin");
        fs::write(folder.path().join("base.tar"), tar.bytes()).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("base.tar")
    }

    /// The value of `--rootfs`.
    pub fn argument(&self) -> String {
        format!("base:1={}", self.path().display())
    }
}

/// A tar that is written entry by entry, with fixed times.
pub struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    pub fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub fn dir(&mut self, path: &str, mode: u32) -> &mut Self {
        self.owned_dir(path, mode, 0, 0)
    }

    pub fn owned_dir(&mut self, path: &str, mode: u32, uid: u64, gid: u64) -> &mut Self {
        self.add(path, tar::EntryType::Directory, mode, (uid, gid), None, b"")
    }

    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> &mut Self {
        self.add(path, tar::EntryType::Regular, mode, (0, 0), None, content)
    }

    pub fn symlink(&mut self, path: &str, target: &str) -> &mut Self {
        self.add(path, tar::EntryType::Symlink, 0o777, (0, 0), Some(target), b"")
    }

    pub fn hard_link(&mut self, path: &str, target: &str) -> &mut Self {
        self.add(path, tar::EntryType::Link, 0o644, (0, 0), Some(target), b"")
    }

    /// Gives the next entry an extended attribute.
    pub fn xattr(&mut self, name: &str, value: &[u8]) -> &mut Self {
        let key = format!("SCHILY.xattr.{name}");
        self.0.append_pax_extensions([(key.as_str(), value)]).unwrap();
        self
    }

    fn add(
        &mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        (uid, gid): (u64, u64),
        target: Option<&str>,
        content: &[u8],
    ) -> &mut Self {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(gid);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        if let Some(target) = target {
            header.set_link_name(target).unwrap();
        }
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    pub fn bytes(&mut self) -> Vec<u8> {
        let mut whole = std::mem::replace(&mut self.0, tar::Builder::new(Vec::new()));
        whole.finish().unwrap();
        whole.into_inner().unwrap()
    }
}

/// A Dockerfile on `base:1` with one line that may be linked, and that pays.
pub fn linkable(name: &str) -> String {
    format!("FROM base:1\nCOPY {name} /srv/{name}\n")
}

/// All regular files below a folder but those of git, with their bytes.
pub fn files_below(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(at) = pending.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != OsStr::new(".git") {
                pending.push(entry.path());
            } else if kind.is_file() {
                found.insert(entry.path(), fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}
