//! Exact changes of commands, applied to the facts of a filesystem.

mod accounts;
mod link;
mod mode;

use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::owner::Owner;
use crate::analysis::possible;
use crate::analysis::transfer::inherit_group;
use crate::rootfs::{Below, Directory, Disturbance, Fact, Known, Leans, Reach, Rootfs};
use crate::shell::{Change, Destination, Mode, Operand, PathPattern, Step, User};
use crate::text::path::{ancestors, base_name, join};

/// The effect of a command on an operand that is a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    /// The command changes the target of the link.
    Followed,
    /// Tools differ: `-R` and `-h`.
    Doubtful,
}

impl Links {
    fn of(recursive: bool) -> Self {
        if recursive { Links::Doubtful } else { Links::Followed }
    }
}

/// Applies changes to the facts of a filesystem.
pub(crate) struct Effects<'a> {
    /// The facts of the filesystem.
    pub(crate) rootfs: &'a mut Rootfs,
    /// The command that changes it.
    pub(crate) step: &'a Step,
}

/// The bit of a mode that gives a group to what is made below.
const SETGID: u32 = 0o2000;

/// Returns true if a directory keeps its setgid bit when this account changes its mode. The kernel takes it away from an
/// account that is not in the group (`setattr_prepare` of `fs/attr.c`); other groups of the account are not known.
fn keeps_setgid(user: User, directory: Directory) -> bool {
    match user {
        User::Root => true,
        User::Other(Some((_, gid))) => directory.owner.is_some_and(|(_, group)| group == gid),
        User::Other(None) | User::Unknown => false,
    }
}

impl Effects<'_> {
    /// Applies one change.
    pub(crate) fn change(&mut self, change: &Change) {
        match change {
            Change::Mkdir { path, parents, mode, resets } => {
                self.mkdir(path, *parents, mode.as_ref(), *resets);
            }
            Change::Rmdir { path, parents: false } | Change::Remove { path: Operand::Path(path), .. } => {
                self.remove(path);
            }
            Change::Rmdir { path, parents: true } => self.blur(path),
            Change::Rewrite { path: Operand::Path(path) } => self.rewrite(path),
            Change::Remove { path, .. } | Change::Rewrite { path } => self.prune(path),
            Change::Link { target, link, symbolic, no_dereference, .. } => {
                self.link(target, link, *symbolic, *no_dereference);
            }
            Change::Copy { sources, destination, recursive, .. } => {
                self.bring(sources, destination, !recursive);
            }
            Change::Move { sources, destination } => {
                self.bring(sources, destination, false);
                for source in sources {
                    match source {
                        Operand::Path(path) => self.remove(path),
                        source => self.prune(source),
                    }
                }
            }
            Change::Install { sources, destination, parents, .. } => {
                // With a target directory, that directory is also created.
                let made = if destination.directory {
                    Some(destination.path.as_str())
                } else {
                    ancestors(&destination.path).next_back()
                };
                if let (true, Some(made)) = (*parents, made) {
                    self.mkdir(made, true, None, false);
                }
                self.bring(sources, destination, true);
            }
            Change::Touch { path } | Change::Write { path } => self.write(path),
            Change::Chmod { paths, mode, recursive } => self.chmod(paths, mode, *recursive),
            Change::Chown { paths, user, group, recursive, no_dereference } => {
                let links = if *no_dereference { Links::Doubtful } else { Links::of(*recursive) };
                self.chown(paths, user.as_deref(), group.as_deref(), *recursive, links);
            }
            Change::AddUser(account) => self.add_user(account),
            Change::AddGroup { name, gid } => {
                self.rootfs.grow_accounts();
                self.back_up_accounts();
                if let Some(gid) = gid {
                    self.rootfs.add_group(name, *gid);
                }
            }
            Change::Extract { into } => self.blur(into),
            Change::GitClone { into } => self.clone_into(into),
        }
    }

    /// Applies a change that may have happened in full, in part or not at all. Returns false if its effect cannot be
    /// recorded.
    pub(crate) fn perhaps(&mut self, change: &Change) -> bool {
        let Change::Mkdir { path, parents, mode, resets: false } = change else { return false };
        // With `-m`, it may have been stopped before it set the mode.
        let made = Directory { mode: mode.is_none().then_some(0o755), ..Directory::made_by(self.owner()) };
        let why = format!("`{}` (line {}) may have made it", self.step.shown(), self.step.line).into();
        possible::make(self.rootfs, path, made, *parents, &why)
    }

    fn owner(&self) -> Option<(u32, u32)> {
        match self.step.user {
            User::Root => Some((0, 0)),
            User::Other(ids) => ids,
            User::Unknown => None,
        }
    }

    /// Makes `path` unknown.
    fn blur(&mut self, path: &str) {
        let reach = Reach::Names(vec![path.to_owned()]);
        self.rootfs.disturb(Disturbance::new(self.step.shown(), self.step.line, reach));
    }

    fn why(&self) -> Arc<str> {
        format!("`{}` (line {}) wrote it", self.step.shown(), self.step.line).into()
    }

    /// Returns the real path of `path`, with its last component followed.
    fn real(&mut self, path: &str) -> Option<(String, Fact)> {
        match destination::follow(self.rootfs, path) {
            Followed::At(real, fact) => Some((real, fact)),
            Followed::Unknown(_) => {
                self.blur(path);
                None
            }
        }
    }

    /// Returns the real path of `path`, with its last component not followed.
    fn real_parent(&mut self, path: &str) -> Option<(String, Leans)> {
        let parent = ancestors(path).next_back()?;
        match destination::follow(self.rootfs, parent) {
            Followed::At(real, fact) => Some((join(&real, base_name(path)), fact.leans)),
            Followed::Unknown(_) => {
                self.blur(path);
                None
            }
        }
    }

    fn make(&mut self, path: &str, mode: Option<u32>, mut leans: Leans) {
        let made = Directory { mode, ..Directory::made_by(self.owner()) };
        let made = inherit_group(self.rootfs, path, made, &mut leans);
        self.rootfs.set(path, Known::Dir(made), &leans, Below::Nothing);
    }

    fn mkdir(&mut self, path: &str, parents: bool, mode: Option<&Mode>, resets: bool) {
        if parents && mode.is_none() {
            let made = Directory::made_by(self.owner());
            possible::settle(self.rootfs, path, made, &Leans::default());
        }
        let Some((real, fact)) = self.real(path) else { return };
        let way = fact.leans;
        let wanted = match mode {
            None => Some(0o755),
            Some(Mode::Octal(mode)) => Some(*mode),
            Some(Mode::Symbolic(_)) => None,
        };
        if parents {
            let above: Vec<String> = ancestors(&real).skip(1).map(str::to_owned).collect();
            for parent in above {
                if self.rootfs.get(&parent).known == Known::Absent {
                    self.make(&parent, Some(0o755), way.clone());
                }
            }
        }
        let fact = self.rootfs.get(&real);
        match fact.known {
            Known::Absent => {
                // Tools differ in how an explicit mode treats an inherited setgid bit.
                let made = Directory::made_by(Some((0, 0)));
                let plain = inherit_group(self.rootfs, &real, made, &mut Leans::default());
                let wanted = wanted.filter(|_| mode.is_none() || plain.mode == Some(0o755));
                self.make(&real, wanted, way);
            }
            Known::Dir(directory) if resets => {
                // The same mode is set as well: it may restore what a link has changed.
                let mode = directory.mode.filter(|now| Some(*now) == wanted);
                let known = Known::Dir(Directory { mode, ..directory });
                self.rootfs.set(&real, known, &way, Below::Inherited);
            }
            _ => {}
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some((real, leans)) = self.real_parent(path) {
            self.rootfs.replace(&real, Known::Absent, &leans);
        }
    }

    fn prune(&mut self, operand: &Operand) {
        let (directory, name) = match operand.pattern() {
            PathPattern::At(path) => return self.blur(&path),
            PathPattern::Under { directory, name } => (directory, name),
        };
        let led_to = if operand.goes_through_wildcard() { self.led_to(operand) } else { Vec::new() };
        let real = self.real(&directory).map(|(directory, _)| PathPattern::Under { directory, name });
        for pattern in real.into_iter().chain(led_to.into_iter().map(PathPattern::under)) {
            let reach = Reach::Prunes(pattern);
            self.rootfs.disturb(Disturbance::new(self.step.shown(), self.step.line, reach));
        }
    }

    /// Applies `cp`, `mv` or `install`: the result is a file, or unknown.
    fn bring(&mut self, sources: &[Operand], destination: &Destination, files_only: bool) {
        let named = self.real_parent(&destination.path);
        let link = named.filter(|(at, _)| matches!(self.rootfs.get(at).known, Known::Symlink(_)));
        let Some((real, fact)) = self.real(&destination.path) else { return };
        let known = if files_only { Known::File } else { Known::Unknown(self.why()) };
        let below = || if files_only { Below::Nothing } else { Below::Unknown("it was copied".into()) };
        let into_directory =
            destination.directory || (matches!(fact.known, Known::Dir(_)) && !destination.exact);
        if let (false, Some(link)) = (into_directory, link) {
            // Some commands write through a link, and some replace it.
            for (path, leans) in [link, (real, fact.leans)] {
                let why = self.why();
                self.rootfs.set(&path, Known::Unknown(Arc::clone(&why)), &leans, Below::Unknown(why));
            }
            return;
        }
        if !into_directory {
            return self.rootfs.set(&real, known, &fact.leans, below());
        }
        for source in sources {
            match source {
                Operand::Path(path) => {
                    let at = join(&real, base_name(path));
                    let onto_file = matches!(self.rootfs.get(&at).known, Known::Absent | Known::File);
                    if files_only && onto_file {
                        self.rootfs.set(&at, known.clone(), &fact.leans, below());
                    } else {
                        self.blur(&at);
                    }
                }
                Operand::Contents(_) | Operand::Glob(_) => {
                    let why = self.why();
                    let known = if matches!(source, Operand::Contents(_)) {
                        Known::Unknown(why.clone())
                    } else {
                        self.rootfs.get(&real).known
                    };
                    self.rootfs.set(&real, known, &fact.leans, Below::Unknown(why));
                }
            }
        }
    }

    fn write(&mut self, path: &str) {
        let Some((real, fact)) = self.real(path) else { return };
        if matches!(fact.known, Known::Absent | Known::File) {
            self.rootfs.set(&real, Known::File, &fact.leans, Below::Nothing);
        }
    }

    /// Applies `sed -i`: the result is a file, even if the path was a link.
    fn rewrite(&mut self, path: &str) {
        if let Some((real, leans)) = self.real_parent(path) {
            self.rootfs.replace(&real, Known::File, &leans);
        }
    }

    /// Changes the directories that operands name, and with `-R` those below them.
    fn on_directories(
        &mut self,
        paths: &[Operand],
        recursive: bool,
        links: Links,
        because: &Leans,
        change: impl Fn(Directory) -> Directory,
    ) {
        for operand in paths {
            let path = match operand {
                Operand::Path(path) => path,
                Operand::Contents(path) => {
                    self.blur(path);
                    continue;
                }
                Operand::Glob(_) => {
                    let led_to = self.led_to(operand);
                    self.prune(operand);
                    for real in led_to {
                        self.doubt(&real);
                    }
                    continue;
                }
            };
            let is_link = |known: &Known| matches!(known, Known::Symlink(_));
            let named = self.real_parent(path).map(|(at, _)| self.rootfs.get(&at).known);
            let Some((real, fact)) = self.real(path) else { continue };
            if links == Links::Doubtful && named.as_ref().is_some_and(is_link) {
                self.doubt(&real);
                continue;
            }
            let mut because = because.clone();
            because.merge(&fact.leans);
            if recursive {
                self.below(&real, &because, &change);
            }
            if let Known::Dir(directory) = fact.known {
                let known = Known::Dir(change(directory));
                self.rootfs.set(&real, known, &because, Below::Inherited);
            }
        }
    }

    /// Makes mode and owner of a directory and of everything below it unknown.
    fn doubt(&mut self, real: &str) {
        let doubtful = |directory| Directory { mode: None, owner: None, ..directory };
        self.below(real, &Leans::default(), &doubtful);
        let fact = self.rootfs.get(real);
        if let Known::Dir(directory) = fact.known {
            let known = Known::Dir(doubtful(directory));
            self.rootfs.set(real, known, &Leans::default(), Below::Inherited);
        }
    }

    /// Returns the targets of the symbolic links below the directory of a glob, which may name them. If some of these
    /// links may be unknown, the command may have written anywhere.
    fn led_to(&mut self, glob: &Operand) -> Vec<String> {
        let PathPattern::Under { directory, .. } = glob.pattern() else { return Vec::new() };
        let Some((directory, _)) = self.real(&directory) else { return Vec::new() };
        let listing = self.rootfs.below(&directory);
        let is_unknown = |(_, known): &(String, Known)| matches!(known, Known::Unknown(_));
        if listing.incomplete.is_some() || listing.entries.iter().any(is_unknown) {
            self.blur(&directory);
            return Vec::new();
        }
        let is_link = |(_, known): &&(String, Known)| matches!(known, Known::Symlink(_));
        let links = listing.entries.iter().filter(is_link).map(|(path, _)| join(&directory, path));
        links.filter_map(|link| self.real(&link)).map(|(real, _)| real).collect()
    }

    fn below(&mut self, real: &str, because: &Leans, change: &impl Fn(Directory) -> Directory) {
        self.rootfs.forget_possible_below(real);
        let listing = self.rootfs.below(real);
        for (path, known) in listing.entries {
            let at = join(real, &path);
            if let Known::Dir(directory) = known {
                self.rootfs.set(&at, Known::Dir(change(directory)), because, Below::Inherited);
            }
        }
    }

    fn chmod(&mut self, paths: &[Operand], mode: &Mode, recursive: bool) {
        let links = Links::of(recursive);
        let user = self.step.user;
        self.on_directories(paths, recursive, links, &Leans::default(), |directory| Directory {
            mode: directory
                .mode
                .and_then(|now| mode::changed(now, mode))
                .filter(|new| new & SETGID == 0 || keeps_setgid(user, directory)),
            ..directory
        });
    }

    fn chown(
        &mut self,
        paths: &[Operand],
        user: Option<&str>,
        group: Option<&str>,
        recursive: bool,
        links: Links,
    ) {
        let mut because = Leans::default();
        let mut ids = |name: &str| {
            let (ids, leans) = Owner::of(name).resolve(self.rootfs)?;
            because.merge(&leans);
            Some(ids)
        };
        let uid = user.map(|user| ids(user).map(|(uid, _)| uid));
        let gid = match group {
            None => None,
            // `1000:` is the login group of the user with that number, or an error.
            Some("") => {
                let named = user.filter(|user| !user.starts_with(|first: char| first.is_ascii_digit()));
                Some(named.and_then(&mut ids).map(|(_, gid)| gid))
            }
            Some(group) => Some(ids(&format!("0:{group}")).map(|(_, gid)| gid)),
        };
        self.on_directories(paths, recursive, links, &because, |directory| {
            let (old_uid, old_gid) = directory.owner.unzip();
            let owner = uid.unwrap_or(old_uid).zip(gid.unwrap_or(old_gid));
            Directory { owner, ..directory }
        });
    }

    fn clone_into(&mut self, into: &str) {
        let Some((real, fact)) = self.real(into) else { return };
        if fact.known == Known::Absent {
            self.mkdir(&real, true, None, false);
        }
        let known = self.rootfs.get(&real).known;
        let why = self.why();
        self.rootfs.set(&real, known, &fact.leans, Below::Unknown(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's rule, as the root of a container and accounts of it see it.
    #[test]
    fn an_account_outside_of_the_group_takes_setgid_away() {
        let directory = Directory::made_by(Some((7, 8)));
        let keeps = |user| keeps_setgid(user, directory);
        assert!(keeps(User::Root) && keeps(User::Other(Some((7, 8)))));
        assert!(!keeps(User::Other(Some((7, 9)))) && !keeps(User::Other(None)) && !keeps(User::Unknown));
    }
}
