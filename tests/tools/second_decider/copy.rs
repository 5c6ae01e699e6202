//! One COPY, as BuildKit does it: plain into what is there (`copy.Copy`), linked by a merge.
//!
//! No wildcards, `--parents`, `--exclude`, `--chmod` or archives.

use super::filesystem::{Fails, Filesystem, Metadata, Node, join, split};

/// One COPY with its words read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The sources, absolute in the filesystem that they come from.
    pub sources: Vec<String>,
    /// The destination as it is written.
    pub destination: String,
    /// `--chown`.
    pub owner: Owner,
    pub is_linked: bool,
}

/// `--chown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// None is given.
    Default,
    Ids(u32, u32),
    /// Names, with the ids that the accounts of the image have for them; 0:0 where it has none (`readUser`). Where there
    /// is no filesystem to look in, the copy fails (cases 097 and 109).
    Named(u32, u32),
}

/// The absolute destination, with a slash at its end where it must be a directory.
pub fn destination(written: &str, workdir: &str) -> String {
    let (base, rest) = if written.starts_with('/') { ("/", written) } else { (workdir, written) };
    let is_slashed = matches!(written, "" | ".") || written.ends_with('/') || written.ends_with("/.");
    let clean = join(base, rest);
    if is_slashed && clean != "/" { format!("{clean}/") } else { clean }
}

impl Line {
    /// The filesystem after the line, as it is written.
    pub fn apply(&self, from: &Filesystem, before: &Filesystem, workdir: &str) -> Result<Filesystem, Fails> {
        if self.is_linked {
            let upper = self.copied(from, Filesystem::default(), workdir)?;
            return Ok(before.merged(&upper));
        }
        self.copied(from, before.clone(), workdir)
    }

    fn copied(&self, from: &Filesystem, mut to: Filesystem, workdir: &str) -> Result<Filesystem, Fails> {
        let owner = match self.owner {
            Owner::Default => None,
            Owner::Named(..) if to.is_empty() => return Err(Fails("invalid user index: -1".into())),
            Owner::Ids(uid, gid) | Owner::Named(uid, gid) => Some((uid, gid)),
        };
        let destination = destination(&self.destination, workdir);
        for source in &self.sources {
            Copier { from, to: &mut to, owner }.copy(source, &destination)?;
        }
        Ok(to)
    }
}

struct Copier<'a> {
    from: &'a Filesystem,
    to: &'a mut Filesystem,
    owner: Option<(u32, u32)>,
}

impl Copier<'_> {
    /// `copy.Copy`: the directory that the destination is in, or that it is, is made first.
    fn copy(&mut self, source: &str, destination: &str) -> Result<(), Fails> {
        let ensured = if destination.ends_with('/') { destination } else { split(destination).0 };
        let ensured = self.to.root_path(ensured)?;
        self.to.make_directories(&ensured, self.owner)?;
        let mut target = self.to.root_path(destination)?;
        let real = self.from.root_path(source)?;
        let is_directory = self.from.is_directory(&real);
        if !is_directory && self.from.get(&real).is_none() {
            return Err(Fails(format!("{source} not found")));
        }
        // `prepareTargetDir`.
        if !is_directory && self.to.is_directory(&target) {
            target = join(&target, split(source).1);
        }
        let is_new = self.to.get(&target).is_none() && target != "/";
        let made = if is_directory && is_new { &target } else { split(&target).0 };
        let made = made.to_owned();
        self.to.make_directories(&made, self.owner)?;
        self.copy_node(&real, &target, false)
    }

    /// `copier.copy`. A directory source is there by now, so it keeps its metadata; those in it get theirs.
    fn copy_node(&mut self, source: &str, target: &str, overwrites: bool) -> Result<(), Fails> {
        match self.from.get(source) {
            None | Some(Node::Dir(_)) => self.copy_directory(source, target, overwrites),
            Some(node) => {
                if self.to.is_directory(target) {
                    return Err(Fails(format!("cannot replace to directory {target} with file")));
                }
                let node = self.owned(node.clone());
                self.to.put(target, node);
                Ok(())
            }
        }
    }

    fn copy_directory(&mut self, source: &str, target: &str, overwrites: bool) -> Result<(), Fails> {
        let is_new = self.to.get(target).is_none() && target != "/";
        if !is_new && !self.to.is_directory(target) {
            return Err(Fails(format!("cannot copy to non-directory: {target}")));
        }
        if let Some(Node::Dir(metadata)) = self.from.get(source) {
            let wanted = metadata.clone();
            if is_new {
                self.to.make_directory(target, wanted.mode);
            }
            if overwrites {
                self.give(target, &wanted);
            }
        }
        let names: Vec<String> = self.from.names(source).into_iter().map(str::to_owned).collect();
        for name in names {
            self.copy_node(&join(source, &name), &join(target, &name), true)?;
        }
        Ok(())
    }

    /// `copyFileInfo` and `copyXAttrs`: attributes of the old directory stay.
    fn give(&mut self, target: &str, wanted: &Metadata) {
        let (uid, gid) = self.owner.unwrap_or((wanted.uid, wanted.gid));
        if let Some(metadata) = self.to.metadata_mut(target) {
            (metadata.mode, metadata.uid, metadata.gid) = (wanted.mode, uid, gid);
            metadata.xattrs.extend(wanted.xattrs.iter().cloned());
        }
    }

    fn owned(&self, mut node: Node) -> Node {
        if let Some((uid, gid)) = self.owner {
            let metadata = node.metadata_mut();
            (metadata.uid, metadata.gid) = (uid, gid);
        }
        node
    }
}
