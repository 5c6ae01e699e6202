//! The filesystem of a root: every path with what is there. It never follows a symbolic link.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The directories that a builder mounts over in every RUN. What lies below them is in no image.
pub const MOUNTED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    Dir { mode: u32, uid: u32, gid: u32, has_xattrs: bool },
    File { mode: u32, uid: u32, gid: u32 },
    Symlink { target: String },
    Other,
}

impl Object {
    /// What it is, in words.
    pub fn described(&self) -> String {
        match self {
            Self::Dir { mode, uid, gid, has_xattrs: false } => {
                format!("a directory, {mode:04o}, {uid}:{gid}")
            }
            Self::Dir { mode, uid, gid, .. } => {
                format!("a directory, {mode:04o}, {uid}:{gid}, with attributes")
            }
            Self::File { .. } => "a file".into(),
            Self::Symlink { target } => format!("a link to {target}"),
            Self::Other => "a device, a FIFO or a socket".into(),
        }
    }
}

/// Every path with what is there. The root itself is `/`.
pub type Tree = BTreeMap<String, Object>;

/// The difference between a root before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What is new or different.
    pub changed: Tree,
    /// What is gone.
    pub removed: Vec<String>,
}

/// Reads the filesystem at `/`.
pub fn read() -> std::io::Result<Tree> {
    let mut tree = Tree::new();
    let root = Path::new("/");
    tree.insert("/".into(), object(root, &fs::symlink_metadata(root)?)?);
    walk("", &mut tree)?;
    Ok(tree)
}

fn walk(directory: &str, tree: &mut Tree) -> std::io::Result<()> {
    let place = if directory.is_empty() { "/" } else { directory };
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata()?;
        tree.insert(path.clone(), object(&entry.path(), &metadata)?);
        if metadata.is_dir() && !MOUNTED.contains(&path.as_str()) {
            walk(&path, tree)?;
        }
    }
    Ok(())
}

fn object(path: &Path, metadata: &Metadata) -> std::io::Result<Object> {
    let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    let kind = metadata.file_type();
    Ok(if kind.is_dir() {
        Object::Dir { mode, uid, gid, has_xattrs: !xattrs(path)?.is_empty() }
    } else if kind.is_file() {
        Object::File { mode, uid, gid }
    } else if kind.is_symlink() {
        Object::Symlink { target: fs::read_link(path)?.to_string_lossy().into_owned() }
    } else {
        Object::Other
    })
}

/// The names of the extended attributes, those of overlayfs left out.
fn xattrs(path: &Path) -> std::io::Result<Vec<String>> {
    let mut names = [0; 1024];
    let length = rustix::fs::llistxattr(path, &mut names)?;
    let names =
        names[..length].split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(names.filter(|name| !name.is_empty() && !name.starts_with("user.overlay.")).collect())
}

/// Reads what the upper directory of an overlay changes of `before`: whiteouts are character devices 0:0, and
/// opaque directories hide what was below them.
pub fn read_upper(upper: &Path, before: &Tree) -> std::io::Result<Changes> {
    let mut changes = Changes::default();
    let root = object(upper, &fs::symlink_metadata(upper)?)?;
    changes.put("/", root, before);
    changes.walk_upper(upper, "", before)?;
    Ok(changes)
}

impl Changes {
    /// The difference between two trees.
    pub fn between(before: &Tree, mut after: Tree) -> Self {
        let removed = before.keys().filter(|path| !after.contains_key(*path)).cloned().collect();
        after.retain(|path, object| before.get(path) != Some(object));
        Self { changed: after, removed }
    }

    fn walk_upper(&mut self, upper: &Path, directory: &str, before: &Tree) -> std::io::Result<()> {
        for entry in fs::read_dir(upper)? {
            let entry = entry?;
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            let metadata = entry.metadata()?;
            if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
                self.remove(&path, before);
                continue;
            }
            let hides = !metadata.is_dir() || is_opaque(&entry.path())?;
            if hides {
                self.remove(&path, before);
            }
            self.put(&path, object(&entry.path(), &metadata)?, before);
            if metadata.is_dir() && !MOUNTED.contains(&path.as_str()) {
                self.walk_upper(&entry.path(), &path, before)?;
            }
        }
        self.removed.sort_unstable();
        Ok(())
    }

    /// Takes a path away with all below it.
    fn remove(&mut self, path: &str, before: &Tree) {
        let below = format!("{path}/");
        let gone = before.range(path.to_owned()..).map(|(at, _)| at);
        let gone = gone.take_while(|at| at.starts_with(path));
        self.removed.extend(gone.filter(|at| *at == path || at.starts_with(&below)).cloned());
    }

    fn put(&mut self, path: &str, object: Object, before: &Tree) {
        self.removed.retain(|removed| removed != path);
        if before.get(path) != Some(&object) {
            self.changed.insert(path.to_owned(), object);
        }
    }

    /// What is at a path afterwards.
    pub fn after<'t>(&'t self, before: &'t Tree, path: &str) -> Option<&'t Object> {
        if self.removed.iter().any(|removed| removed == path) {
            return None;
        }
        self.changed.get(path).or_else(|| before.get(path))
    }
}

fn is_opaque(path: &Path) -> std::io::Result<bool> {
    let mut value = [0; 1];
    match rustix::fs::lgetxattr(path, "user.overlay.opaque", &mut value) {
        Ok(length) => Ok(length == 1 && value == *b"y"),
        Err(rustix::io::Errno::NODATA) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
