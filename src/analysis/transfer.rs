//! The effect of a COPY or ADD on the filesystem: of the unlinked copy `C(S)` and of the linked one `S ⊕ C(∅)`. It
//! never decides a verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::archive::ArchiveEntry;
use crate::analysis::destination::{self, Destination, Followed};
use crate::analysis::possible;
use crate::analysis::source::{CopySource, SourceKind};
use crate::rootfs::{Assumption, Below, Directory, Disturbance, Fact, Known, Leans, Listing, Reach, Rootfs};
use crate::text::path::{ancestors, join};

/// The start of the assumption about the directories that a checkout makes.
pub(crate) const CHECKOUT: &str = "the context's directories are";

/// The way in which a copy reaches the filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is copied into the existing filesystem: `C(S)`.
    Plain,
    /// It is merged over the existing filesystem: `S ⊕ C(∅)`.
    Linked,
}

/// The modes of the directories that an instruction brings or creates, except for the entries of an archive, which have
/// their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryModes {
    /// The mode of those that a source brings: fsutil's `copier.copyFileInfo` treats them as files.
    pub(crate) brought: BroughtMode,
    /// The mode of the destination and of parent directories that are created; `None` if it is not known. An octal
    /// `--chmod` sets it in fsutil's `copy.Copy` from Docker 28.5 on, and up to 26.1 it is 0755 anyway.
    pub(crate) created: Option<u32>,
}

/// The mode of the directories that a source brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BroughtMode {
    /// The mode in the source.
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
    /// The modes of directories.
    pub(crate) modes: DirectoryModes,
    /// True if `--exclude` or `--parents` makes it unknown which files are copied, and where.
    pub(crate) filtered: bool,
}

/// Applies a copy to the facts of a filesystem.
pub(crate) fn apply(rootfs: &mut Rootfs, copying: &Copying<'_>, mode: Mode) {
    let mut transition =
        Transition { rootfs, copying, mode, brought: BTreeSet::new(), way: Leans::default() };
    transition.run();
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
    /// The assumptions on which the place of the copy rests.
    way: Leans,
}

impl Transition<'_> {
    /// Each source is an action of its own, which finds the destination again: an earlier one may have replaced a symbolic
    /// link on the path to it.
    fn run(&mut self) {
        if self.copying.sources.is_empty()
            && let Some(place) = self.place()
        {
            self.ensure_parents(&place, self.copying.modes.created);
        }
        for source in self.copying.sources {
            self.settle(source);
            let Some(place) = self.place() else { return somewhere(self.rootfs, self.copying) };
            self.ensure_parents(&place, self.created_for(source));
            self.copy(source, &place);
        }
    }

    /// Settles the directories that an unlinked copy makes unless they are there.
    fn settle(&mut self, source: &CopySource) {
        let Destination { path, slashed } = self.copying.destination;
        let is_directory = *slashed || matches!(source.kind, SourceKind::Dir(_));
        let made = if is_directory { Some(path.as_str()) } else { ancestors(path).next_back() };
        let (Mode::Plain, Some(made)) = (self.mode, made) else { return };
        let directory =
            Directory { mode: self.created_for(source), ..Directory::made_by(self.copying.owner) };
        possible::settle(self.rootfs, made, directory, &Leans::default());
    }

    /// Returns the real path of the destination; `None` if it is not known.
    fn place(&mut self) -> Option<String> {
        let path = &self.copying.destination.path;
        match self.mode {
            Mode::Linked => Some(path.clone()),
            Mode::Plain => match destination::follow(self.rootfs, path) {
                Followed::At(real, fact) => {
                    self.way.merge(&fact.leans);
                    Some(real)
                }
                Followed::Unknown(_) => None,
            },
        }
    }

    /// Returns the mode of the directories that are created for a source: `unpack` of BuildKit's `file` package makes
    /// those for an archive 0755, whatever `--chmod` is.
    fn created_for(&self, source: &CopySource) -> Option<u32> {
        match source.kind {
            SourceKind::Archive(_) => Some(0o755),
            _ => self.copying.modes.created,
        }
    }

    fn ensure_parents(&mut self, place: &str, mode: Option<u32>) {
        let parents: Vec<String> = ancestors(place).skip(1).map(str::to_owned).collect();
        for parent in parents {
            self.ensure_directory(&parent, mode);
        }
        if self.copying.destination.slashed && place != "/" {
            self.ensure_directory(place, mode);
        }
    }

    /// Applies the copy to a parent directory: an unlinked copy keeps an existing one, a linked copy resets it.
    fn ensure_directory(&mut self, path: &str, mode: Option<u32>) {
        let made = Directory { mode, ..Directory::made_by(self.copying.owner) };
        match self.mode {
            Mode::Linked if self.brought.contains(path) => {}
            Mode::Linked => {
                self.rootfs.merge_directory(path, made, &Leans::default());
                self.brought.insert(path.to_owned());
            }
            Mode::Plain if self.rootfs.get(path).known == Known::Absent => {
                let mut because = self.way.clone();
                let inherited = inherit_group(self.rootfs, path, made, &mut because);
                // With `--chown`, `copy.MkdirAll` sets the owner of what it creates.
                let owner = if self.copying.chown { made.owner } else { inherited.owner };
                let made = Directory { owner, ..inherited };
                self.rootfs.set(path, Known::Dir(made), &because, Below::Nothing);
            }
            Mode::Plain => {}
        }
    }

    fn copy(&mut self, source: &CopySource, place: &str) {
        let inside = join(place, &source.name);
        if self.copying.filtered {
            let why = "--exclude or --parents decides what is there".into();
            if matches!(source.kind, SourceKind::Dir(_)) {
                self.ensure_directory_at(place, self.created_for(source));
            }
            return self.put_unknown(place, &why);
        }
        match &source.kind {
            SourceKind::Dir(listing) => {
                self.ensure_directory_at(place, self.created_for(source));
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
                self.ensure_directory_at(place, self.created_for(source));
                for (path, entry) in &archive.entries {
                    self.extract(place, path, entry);
                }
            }
            SourceKind::File => {
                let at = if self.goes_inside(place) { inside } else { place.to_owned() };
                self.put(&at, Known::File, &source.leans);
            }
            SourceKind::Git => {
                self.ensure_directory_at(place, self.created_for(source));
                self.blur(place, &"what the git repository holds is not known".into());
            }
            SourceKind::MaybeArchive { why } | SourceKind::OddArchive { why } | SourceKind::Unknown(why) => {
                self.put_unknown(place, why);
            }
        }
    }

    /// Returns true if a file that is copied to `place` is copied into it.
    fn goes_inside(&self, place: &str) -> bool {
        let is_seen = self.mode == Mode::Plain || self.brought.contains(place) || place == "/";
        self.copying.destination.slashed || is_seen && matches!(self.rootfs.get(place).known, Known::Dir(_))
    }

    fn ensure_directory_at(&mut self, place: &str, mode: Option<u32>) {
        if place != "/" {
            self.ensure_directory(place, mode);
        }
    }

    /// Copies an unknown file or directory to `place` or into it.
    fn put_unknown(&mut self, place: &str, why: &Arc<str>) {
        let is_seen = self.mode == Mode::Plain || self.brought.contains(place);
        let is_directory = is_seen && matches!(self.rootfs.get(place).known, Known::Dir(_));
        if place == "/" || self.copying.destination.slashed || is_directory {
            self.blur(place, why);
        } else {
            let unknown = Known::Unknown(Arc::clone(why));
            self.rootfs.set(place, unknown, &self.way, Below::Unknown(Arc::clone(why)));
        }
    }

    /// Makes everything below a directory unknown.
    fn blur(&mut self, place: &str, why: &Arc<str>) {
        let known = self.rootfs.get(place).known;
        self.rootfs.set(place, known, &self.way, Below::Unknown(Arc::clone(why)));
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
            self.rootfs.set(&path, fact.known, &fact.leans, below);
        }
    }

    /// Returns an entry of a source after the copy to `path`, with the owner and mode that the flags set. git does not
    /// store the permission bits of directories: a checkout with the usual umask has 0755.
    fn as_copied(&self, path: &str, known: Known, leans: &mut Leans) -> Known {
        let Known::Dir(directory) = known else { return known };
        let owner = if self.copying.chown { self.copying.owner } else { directory.owner };
        let (mode, assumes_mode) = match (self.copying.modes.brought, directory.mode) {
            (BroughtMode::All(mode), _) | (BroughtMode::Own, Some(mode)) => (Some(mode), false),
            (BroughtMode::Unknown, _) => (None, false),
            (BroughtMode::Own, None) => (Some(0o755), true),
        };
        let assumed = match (assumes_mode, directory.xattrs.is_none()) {
            (true, true) => Some("0755 without extended attributes, as a checkout with umask 022 makes them"),
            (true, false) => Some("0755, as a checkout with umask 022 makes them"),
            (false, true) => Some("without extended attributes"),
            (false, false) => None,
        };
        if let Some(assumed) = assumed {
            let Copying { keyword, line, .. } = self.copying;
            let before = format!("{CHECKOUT} {assumed}: those that {keyword} (line {line}) copies to ");
            leans.add(Arc::new(Assumption::naming(*line, before, path, "")));
        }
        Known::Dir(Directory { mode, owner, xattrs: directory.xattrs.or(Some(false)) })
    }

    fn put(&mut self, path: &str, known: Known, leans: &Leans) {
        let there = self.rootfs.get(path).known;
        self.brought.insert(path.to_owned());
        let mut because = self.way.clone();
        because.merge(leans);
        let (known, below) = match (known, there, self.mode) {
            (Known::Dir(upper), _, Mode::Linked) => {
                return self.rootfs.merge_directory(path, upper, &because);
            }
            (Known::Dir(upper), Known::Unknown(why), Mode::Plain) => {
                (Known::Dir(Directory { xattrs: None, ..upper }), Below::Unknown(why))
            }
            (Known::Dir(upper), Known::Dir(lower), Mode::Plain) => {
                let xattrs = upper.xattrs.zip(lower.xattrs).map(|(upper, lower)| upper || lower);
                (Known::Dir(Directory { xattrs, ..upper }), Below::Inherited)
            }
            (Known::Dir(upper), _, Mode::Plain) => (Known::Dir(upper), Below::Nothing),
            (Known::Unknown(why), ..) => (Known::Unknown(Arc::clone(&why)), Below::Unknown(why)),
            // It replaces what was there, and a copy over a directory fails.
            (known, ..) => return self.rootfs.replace(path, known, &because),
        };
        self.rootfs.set(path, known, &because, below);
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
        let known = self.rootfs.get(path).known;
        let is_seen = self.mode == Mode::Plain || self.brought.contains(path);
        if is_seen && known != Known::Absent {
            return matches!(known, Known::Dir(_));
        }
        let plain = Directory::made_by(Some((0, 0)));
        let mut because = self.way.clone();
        if self.mode == Mode::Linked {
            self.rootfs.merge_directory(path, plain, &because);
        } else {
            let inherited = inherit_group(self.rootfs, path, plain, &mut because);
            let made =
                if inherited == plain { plain } else { Directory { mode: None, owner: None, ..inherited } };
            self.rootfs.set(path, Known::Dir(made), &because, Below::Nothing);
        }
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

/// Returns a new directory with what it inherits from its parent: the group and the setgid bit from one with setgid
/// (mkdir(2)), and a default ACL from one that has extended attributes. The assumptions about the parent are added to
/// `leans` if they matter.
pub(crate) fn inherit_group(rootfs: &Rootfs, path: &str, made: Directory, leans: &mut Leans) -> Directory {
    let parent = ancestors(path).next_back().unwrap_or("/");
    let above = rootfs.get(parent);
    let Known::Dir(directory) = above.known else { return made };
    // The root has no setgid bit but for the rest of a RUN that sets it.
    if parent == "/" && directory == Directory::made_by(Some((0, 0))) {
        return made;
    }
    leans.merge(&above.leans);
    if directory.xattrs != Some(false) {
        return Directory { mode: None, owner: None, xattrs: None };
    }
    match directory.mode {
        None => Directory { mode: None, owner: None, ..made },
        Some(mode) if mode & 0o2000 == 0 => made,
        Some(_) => Directory {
            mode: made.mode.map(|mode| mode | 0o2000),
            owner: made.owner.zip(directory.owner).map(|((uid, _), (_, gid))| (uid, gid)),
            ..made
        },
    }
}
