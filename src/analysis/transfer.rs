//! The effect of a COPY or ADD on the filesystem: of the unlinked copy `C(S)` and of the linked one `S ⊕ C(∅)`. It
//! never decides a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::archive::ArchiveEntry;
use crate::analysis::destination::{self, Destination, Followed};
use crate::analysis::source::{CopySource, SourceKind};
use crate::rootfs::{
    Assumption, Below, Directory, Disturbance, Fact, Known, Leans, Listing, Reach, Rootfs, ancestors,
};
use crate::text::path::join;

/// The way in which a copy reaches the filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is copied into the existing filesystem: `C(S)`.
    Plain,
    /// It is merged over the existing filesystem: `S ⊕ C(∅)`.
    Linked,
}

/// The modes of the directories that a source brings: fsutil's `copier.copyFileInfo` treats them as files. The
/// destination itself and parent directories that are created always have 0755, and the entries of an archive have
/// their own mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirectoryModes {
    /// The modes in the source.
    Own,
    /// The mode of `--chmod`, for all of them.
    All(u32),
    /// Unknown: `--chmod` sets another mode, or may set one.
    Unknown,
}

/// The parts of an instruction that its effect depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copying<'a> {
    /// COPY or ADD, for messages.
    pub(crate) keyword: &'a str,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The destination.
    pub(crate) destination: &'a Destination,
    /// The sources.
    pub(crate) sources: &'a [CopySource],
    /// Owner of the files and directories that are created; `None` if it is not known.
    pub(crate) owner: Option<(u32, u32)>,
    /// True if the owner comes from `--chown`: then directories from sources get it too.
    pub(crate) chown: bool,
    /// The modes that directories from sources get.
    pub(crate) modes: DirectoryModes,
    /// True if `--exclude` or `--parents` makes it unknown which files are copied, and where.
    pub(crate) filtered: bool,
}

/// Applies a copy to the facts of a filesystem.
pub(crate) fn apply(rootfs: &mut Rootfs, copying: &Copying<'_>, mode: Mode) {
    let place = match mode {
        Mode::Linked => copying.destination.path.clone(),
        Mode::Plain => match destination::follow(rootfs, &copying.destination.path) {
            Followed::At(real, _) => real,
            Followed::Unknown(_) => return somewhere(rootfs, copying),
        },
    };
    Transition { rootfs, copying, mode, brought: BTreeSet::new() }.run(&place);
}

/// Applies an unlinked copy whose destination cannot be followed: it may write to any path.
fn somewhere(rootfs: &mut Rootfs, copying: &Copying<'_>) {
    rootfs.disturb(Disturbance::new(
        copying.keyword,
        copying.line,
        Reach::Names(vec![copying.destination.path.clone()]),
    ));
}

struct Transition<'a> {
    rootfs: &'a mut Rootfs,
    copying: &'a Copying<'a>,
    mode: Mode,
    /// The paths that the instruction itself created, which a linked copy sees.
    brought: BTreeSet<String>,
}

impl Transition<'_> {
    fn run(&mut self, place: &str) {
        let parents: Vec<String> = ancestors(place).skip(1).map(str::to_owned).collect();
        for parent in parents {
            self.ensure_directory(&parent);
        }
        if self.copying.destination.slashed && place != "/" {
            self.ensure_directory(place);
        }
        for source in self.copying.sources {
            self.copy(source, place);
        }
    }

    /// Applies the copy to a parent directory: an unlinked copy keeps an existing one, a linked copy resets it.
    fn ensure_directory(&mut self, path: &str) {
        let Fact { known, leans } = self.rootfs.get(path);
        let below = match known {
            Known::Absent | Known::File | Known::Symlink(_) | Known::Other => Below::Nothing,
            Known::Dir(_) => Below::Inherited,
            Known::Unknown(ref why) => Below::Unknown(Arc::clone(why)),
        };
        match (self.mode, &known) {
            (Mode::Linked, _) if self.brought.contains(path) => {}
            (Mode::Plain, Known::Absent) => {
                let made = inherit_group(self.rootfs, path, Directory::made_by(self.copying.owner));
                self.rootfs.set(path, Fact { known: Known::Dir(made), leans }, below);
            }
            (Mode::Plain, _) => {}
            (Mode::Linked, _) => {
                let made = Known::Dir(Directory::made_by(self.copying.owner));
                self.rootfs.set(path, Fact { known: made, leans: Leans::default() }, below);
                self.brought.insert(path.to_owned());
            }
        }
    }

    fn copy(&mut self, source: &CopySource, place: &str) {
        let inside = join(place, &source.name);
        if self.copying.filtered {
            let why = "--exclude or --parents decides what is there".into();
            if matches!(source.kind, SourceKind::Dir(_)) {
                self.ensure_directory_at(place);
            }
            return self.put_unknown(place, &why);
        }
        match &source.kind {
            SourceKind::Dir(listing) => {
                self.ensure_directory_at(place);
                for (path, known) in &listing.entries {
                    let at = join(place, path);
                    let mut leans = listing.leans.clone();
                    let known = self.as_copied(&at, known.clone(), &mut leans);
                    self.put(&at, known, &leans);
                }
                if let Some(why) = &listing.incomplete {
                    self.blur_beside(place, listing, why);
                }
            }
            SourceKind::Archive(archive) => {
                self.ensure_directory_at(place);
                for (path, entry) in &archive.entries {
                    self.extract(place, path, entry);
                }
            }
            SourceKind::File => {
                let at = if self.goes_inside(place) { inside } else { place.to_owned() };
                self.put(&at, Known::File, &source.leans);
            }
            SourceKind::Git => {
                self.ensure_directory_at(place);
                self.blur(place, &"what the git repository holds is not known".into());
            }
            SourceKind::MaybeArchive { why, .. } | SourceKind::Unknown(why) => self.put_unknown(place, why),
        }
    }

    /// Returns true if a file that is copied to `place` is copied into it.
    fn goes_inside(&self, place: &str) -> bool {
        self.copying.destination.slashed || matches!(self.rootfs.get(place).known, Known::Dir(_))
    }

    fn ensure_directory_at(&mut self, place: &str) {
        if place != "/" {
            self.ensure_directory(place);
        }
    }

    /// Copies an unknown file or directory to `place` or into it.
    fn put_unknown(&mut self, place: &str, why: &Arc<str>) {
        let fact = self.rootfs.get(place);
        if place == "/" || matches!(fact.known, Known::Dir(_)) {
            self.blur(place, why);
        } else {
            let unknown = Fact { known: Known::Unknown(Arc::clone(why)), leans: fact.leans };
            self.rootfs.set(place, unknown, Below::Unknown(Arc::clone(why)));
        }
    }

    /// Makes everything below a directory unknown.
    fn blur(&mut self, place: &str, why: &Arc<str>) {
        let fact = self.rootfs.get(place);
        self.rootfs.set(place, fact, Below::Unknown(Arc::clone(why)));
    }

    /// Makes everything below a directory unknown, except the paths that a source certainly created.
    fn blur_beside(&mut self, place: &str, listing: &Listing, why: &Arc<str>) {
        let paths = listing.entries.iter().map(|(path, _)| join(place, path));
        let put: Vec<(String, Fact)> = paths.map(|path| (path.clone(), self.rootfs.get(&path))).collect();
        self.blur(place, why);
        for (path, fact) in put {
            let below = match &fact.known {
                Known::Dir(_) => Below::Inherited,
                Known::Unknown(why) => Below::Unknown(Arc::clone(why)),
                _ => Below::Nothing,
            };
            self.rootfs.set(&path, fact, below);
        }
    }

    /// Returns an entry of a source after the copy to `path`, with the owner and mode that the flags set. git does not
    /// store the permission bits of directories: a checkout with the usual umask has 0755.
    fn as_copied(&self, path: &str, known: Known, leans: &mut Leans) -> Known {
        let Known::Dir(directory) = known else { return known };
        let owner = if self.copying.chown { self.copying.owner } else { directory.owner };
        let mode = match (self.copying.modes, directory.mode) {
            (DirectoryModes::All(mode), _) | (DirectoryModes::Own, Some(mode)) => Some(mode),
            (DirectoryModes::Unknown, _) => None,
            (DirectoryModes::Own, None) => {
                let before = format!(
                    "the context's directories are 0755, as a checkout with umask 022 makes them: those that {} \
                     (line {}) copies to ",
                    self.copying.keyword, self.copying.line
                );
                leans.add(Arc::new(Assumption::naming(self.copying.line, before, path, "")));
                Some(0o755)
            }
        };
        Known::Dir(Directory { mode, owner, ..directory })
    }

    fn put(&mut self, path: &str, known: Known, leans: &Leans) {
        let there = self.rootfs.get(path);
        let below = match (&known, &there.known) {
            (Known::Dir(_), Known::Dir(_)) => Below::Inherited,
            (Known::Dir(_), Known::Unknown(why)) | (Known::Unknown(why), _) => {
                Below::Unknown(Arc::clone(why))
            }
            _ => Below::Nothing,
        };
        let mut leans = leans.clone();
        if matches!(there.known, Known::Dir(_)) {
            leans.merge(&there.leans);
        }
        let known = match (known, there.known, self.mode) {
            (Known::Dir(upper), Known::Unknown(_), Mode::Plain) => {
                Known::Dir(Directory { xattrs: None, ..upper })
            }
            (Known::Dir(upper), Known::Dir(lower), Mode::Plain) => {
                let xattrs = upper.xattrs.zip(lower.xattrs).map(|(upper, lower)| upper || lower);
                Known::Dir(Directory { xattrs, ..upper })
            }
            (known, ..) => known,
        };
        self.rootfs.set(path, Fact { known, leans }, below);
        self.brought.insert(path.to_owned());
    }

    /// Extracts an entry of an archive (`archive.Unpack`): the root of the archive is left out, and only paths with an
    /// entry get its owner.
    fn extract(&mut self, place: &str, path: &str, entry: &ArchiveEntry) {
        if path.is_empty() {
            return;
        }
        let at = join(place, path);
        let parents: Vec<String> =
            ancestors(&at).filter(|parent| parent.len() > place.len()).map(str::to_owned).collect();
        for parent in parents {
            if !self.imply_directory(&parent) {
                return self.stray(place);
            }
        }
        let known = match entry {
            ArchiveEntry::Dir { mode, owner, xattrs } => {
                let owner = if self.copying.chown { self.copying.owner } else { Some(*owner) };
                Known::Dir(Directory { mode: Some(*mode), owner, xattrs: (!xattrs).then_some(false) })
            }
            ArchiveEntry::File => Known::File,
            ArchiveEntry::HardLink(target) => self.linked_to(&join(place, target)),
            ArchiveEntry::Symlink(target) => Known::Symlink(target.clone()),
            ArchiveEntry::Other => Known::Other,
        };
        self.put(&at, known, &Leans::default());
    }

    /// Creates a parent directory of an entry if it is missing. Returns true if the path is a directory.
    fn imply_directory(&mut self, path: &str) -> bool {
        let Fact { known, leans } = self.rootfs.get(path);
        let is_seen = self.mode == Mode::Plain || self.brought.contains(path);
        if is_seen && known != Known::Absent {
            return matches!(known, Known::Dir(_));
        }
        let made = inherit_group(self.rootfs, path, Directory::made_by(Some((0, 0))));
        let (made, below) = match (self.mode, known) {
            (Mode::Plain, _) if made == Directory::made_by(Some((0, 0))) => (made, Below::Nothing),
            (Mode::Plain, _) => (Directory { mode: None, owner: None, ..made }, Below::Nothing),
            (Mode::Linked, Known::Dir(_)) => (Directory::made_by(Some((0, 0))), Below::Inherited),
            (Mode::Linked, Known::Unknown(why)) => (Directory::made_by(Some((0, 0))), Below::Unknown(why)),
            (Mode::Linked, _) => (Directory::made_by(Some((0, 0))), Below::Nothing),
        };
        self.rootfs.set(path, Fact { known: Known::Dir(made), leans }, below);
        self.brought.insert(path.to_owned());
        true
    }

    /// Returns what is known of a hard link, from its target.
    fn linked_to(&self, target: &str) -> Known {
        match self.rootfs.get(target).known {
            known @ (Known::File | Known::Symlink(_) | Known::Other | Known::Unknown(_)) => known,
            Known::Absent | Known::Dir(_) => Known::Unknown("a hard link to it leads elsewhere".into()),
        }
    }

    /// Extracts an entry whose path leads through something that is not a directory: it may write to any path.
    fn stray(&mut self, place: &str) {
        self.rootfs.disturb(Disturbance::new(
            self.copying.keyword,
            self.copying.line,
            Reach::Names(vec![place.to_owned()]),
        ));
    }
}

/// Returns a new directory with the group and the setgid bit that it inherits from a parent with setgid (mkdir(2)).
pub(crate) fn inherit_group(rootfs: &Rootfs, path: &str, made: Directory) -> Directory {
    let parent = ancestors(path).next_back().unwrap_or("/");
    let Known::Dir(above) = rootfs.get(parent).known else { return made };
    match above.mode {
        None => Directory { mode: None, owner: None, ..made },
        Some(mode) if mode & 0o2000 == 0 => made,
        Some(_) => Directory {
            mode: made.mode.map(|mode| mode | 0o2000),
            owner: made.owner.zip(above.owner).map(|((uid, _), (_, gid))| (uid, gid)),
            ..made
        },
    }
}
