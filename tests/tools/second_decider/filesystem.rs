//! A filesystem in memory, and what BuildKit and the kernel do to one.

use std::collections::{BTreeMap, BTreeSet};

/// Mode, owner and the names of the extended attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub xattrs: BTreeSet<String>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Dir(Metadata),
    File(Metadata, String),
    Symlink(Metadata, String),
    Other(Metadata),
}

impl Node {
    pub fn metadata(&self) -> &Metadata {
        match self {
            Self::Dir(metadata)
            | Self::File(metadata, _)
            | Self::Symlink(metadata, _)
            | Self::Other(metadata) => metadata,
        }
    }

    pub fn metadata_mut(&mut self) -> &mut Metadata {
        match self {
            Self::Dir(metadata)
            | Self::File(metadata, _)
            | Self::Symlink(metadata, _)
            | Self::Other(metadata) => metadata,
        }
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Dir(_) => "directory".to_owned(),
            Self::File(..) => "file".to_owned(),
            Self::Symlink(_, target) => format!("link to {target}"),
            Self::Other(_) => "device".to_owned(),
        };
        let Metadata { mode, uid, gid, xattrs } = self.metadata();
        write!(f, "{kind} {mode:04o} {uid}:{gid}")?;
        xattrs.iter().try_for_each(|name| write!(f, " {name}"))
    }
}

/// Why a line fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fails(pub String);

const SETGID: u32 = 0o2000;

/// How many links are followed before a path is refused (continuity `fs.RootPath`).
const MOST_LINKS: usize = 255;

/// Every absolute, clean path with what is there. The root is there, and has nothing to compare: its metadata is in
/// no layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filesystem {
    nodes: BTreeMap<String, Node>,
}

/// The directory that a path is in, and its name. A trailing slash is an empty name.
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/')
        .map_or(("", path), |(parent, name)| (if parent.is_empty() { "/" } else { parent }, name))
}

/// A path below a directory, cleaned as Go's `path.Join` does.
pub fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Metadata {
    pub fn new(mode: u32, uid: u32, gid: u32) -> Self {
        Self { mode, uid, gid, xattrs: BTreeSet::new() }
    }
}

impl Filesystem {
    /// What is at a path; no link on it is followed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn is_directory(&self, path: &str) -> bool {
        path == "/" || matches!(self.get(path), Some(Node::Dir(_)))
    }

    /// Puts something at a path, over what was there.
    pub fn put(&mut self, path: &str, node: Node) {
        if path != "/" {
            self.nodes.insert(path.to_owned(), node);
        }
    }

    pub fn metadata_mut(&mut self, path: &str) -> Option<&mut Metadata> {
        self.nodes.get_mut(path).map(Node::metadata_mut)
    }

    /// Removes a path with all below it.
    pub fn remove(&mut self, path: &str) {
        self.nodes.remove(path);
        let below = format!("{path}/");
        self.nodes.retain(|at, _| !at.starts_with(&below));
    }

    /// Every path with what is there, in byte order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The names in a directory.
    pub fn names(&self, directory: &str) -> Vec<&str> {
        let prefix = if directory == "/" { "/".to_owned() } else { format!("{directory}/") };
        let below = self.nodes.range(prefix.clone()..).map(|(path, _)| path.as_str());
        let below = below.take_while(|path| path.starts_with(&prefix)).map(|path| &path[prefix.len()..]);
        below.filter(|name| !name.contains('/')).collect()
    }

    /// The real path of a path, its last component followed too: continuity `fs.RootPath`. What does not exist is no
    /// link.
    pub fn root_path(&self, path: &str) -> Result<String, Fails> {
        let mut path = path.to_owned();
        let mut walked = 0;
        loop {
            let before = walked;
            path = self.walk_links(&path, &mut walked)?;
            if walked == before {
                return Ok(join("/", &path));
            }
        }
    }

    fn walk_links(&self, path: &str, walked: &mut usize) -> Result<String, Fails> {
        let path = path.trim_end_matches('/');
        let Some((directory, name)) = path.rsplit_once('/') else {
            return if path.is_empty() {
                Ok("/".into())
            } else {
                self.walk_link(path, walked).map(|(path, _)| path)
            };
        };
        let directory =
            if directory.is_empty() { "/".to_owned() } else { self.walk_links(directory, walked)? };
        let (path, is_link) = self.walk_link(&join(&directory, name), walked)?;
        Ok(if is_link && !path.starts_with('/') { join(&directory, &path) } else { path })
    }

    fn walk_link(&self, path: &str, walked: &mut usize) -> Result<(String, bool), Fails> {
        if *walked > MOST_LINKS {
            return Err(Fails("too many links".into()));
        }
        let path = join("/", path);
        self.check_ancestors(&path)?;
        Ok(match self.get(&path) {
            Some(Node::Symlink(_, target)) => {
                *walked += 1;
                (target.clone(), true)
            }
            _ => (path, false),
        })
    }

    /// A path below something that is neither a directory nor a link cannot be looked at (`ENOTDIR`).
    fn check_ancestors(&self, path: &str) -> Result<(), Fails> {
        let ends = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
        match ends
            .map(|ancestor| (ancestor, self.get(ancestor)))
            .find(|(_, node)| !matches!(node, Some(Node::Dir(_))))
        {
            Some((ancestor, Some(Node::File(..) | Node::Other(_)))) => {
                Err(Fails(format!("{ancestor} is not a directory")))
            }
            _ => Ok(()),
        }
    }

    /// `copy.MkdirAll`: a real path whose missing directories are made 0755, for an owner where there is one.
    pub fn make_directories(&mut self, path: &str, owner: Option<(u32, u32)>) -> Result<(), Fails> {
        if self.is_directory(path) {
            return Ok(());
        }
        if self.get(path).is_some() {
            return Err(Fails(format!("{path} is not a directory")));
        }
        self.make_directories(split(path).0, owner)?;
        self.make_directory(path, 0o755);
        if let (Some((uid, gid)), Some(metadata)) = (owner, self.metadata_mut(path)) {
            (metadata.uid, metadata.gid) = (uid, gid);
        }
        Ok(())
    }

    /// `mkdir`, by root: group and setgid come from a parent that has setgid.
    pub fn make_directory(&mut self, path: &str, mode: u32) {
        let inherited = match self.get(split(path).0) {
            Some(Node::Dir(parent)) if parent.mode & SETGID != 0 => Some(parent.gid),
            _ => None,
        };
        let setgid = if inherited.is_some() { SETGID } else { 0 };
        self.put(path, Node::Dir(Metadata::new(mode | setgid, 0, inherited.unwrap_or(0))));
    }

    /// The merge of an upper filesystem over this one: a directory over a directory keeps what is in it, anything else
    /// takes the place of what was there.
    #[must_use]
    pub fn merged(&self, upper: &Self) -> Self {
        let mut merged = self.clone();
        for (path, node) in upper.entries() {
            let both = matches!(node, Node::Dir(_)) && merged.is_directory(path);
            if !both {
                merged.remove(path);
            }
            merged.put(path, node.clone());
        }
        merged
    }

    /// The first path at which two filesystems differ, with what is there in each.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let paths: BTreeSet<&str> = self.entries().chain(other.entries()).map(|(path, _)| path).collect();
        let differs = |path: &&str| self.get(path) != other.get(path);
        paths
            .into_iter()
            .find(differs)
            .map(|path| format!("{path}: {} -> {}", described(self.get(path)), described(other.get(path))))
    }
}

fn described(node: Option<&Node>) -> String {
    node.map_or("nothing".to_owned(), Node::to_string)
}
