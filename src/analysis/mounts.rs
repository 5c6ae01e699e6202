//! The mounts of a RUN: what a RUN writes to them never reaches the image. It never looks at the commands of the RUN.

use std::collections::HashSet;
use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::state::State;
use crate::budget::spend;
use crate::dockerfile::{Mount, Run};
use crate::rootfs::{Assumption, Below, Directory, Disturbance, Known, Leans, Reach, Rootfs, Saved};
use crate::text::path::{ancestors, base_name, clean, is_within, join};

/// The directories on which runc mounts something in every RUN (containerd's `oci.populateDefaultUnixSpec`). The
/// directories that it creates for these mounts stay in the image: BuildKit's `executor.MountStubsCleaner` removes only
/// the targets of `--mount` and two files.
const MOUNT_POINTS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The number of targets that are compared with a path for a unit of work.
const COMPARED: usize = 8;

/// The place of a `--mount`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// The absolute, clean path; `None` if it is not known.
    path: Option<String>,
    /// True if it is an empty directory.
    is_empty: bool,
}

impl Target {
    /// Returns true if what is at `path` is in the mount, as far as is known.
    pub(crate) fn may_hide(&self, path: &str) -> bool {
        self.path.as_deref().is_none_or(|target| is_within(target, path))
    }
}

/// Returns the places on which `--mount` mounts something during a RUN.
pub(crate) fn targets(state: &State<'_>, run: &Run, escape_token: char) -> Vec<Target> {
    let mut agents = 0;
    run.mounts.iter().filter_map(|mount| target(state, mount, escape_token, &mut agents)).collect()
}

/// Returns the place of a mount. `None` if it mounts nothing: a secret in a variable, or a mount that BuildKit refuses.
fn target(state: &State<'_>, mount: &Mount, escape_token: char, agents: &mut usize) -> Option<Target> {
    let expand = |word: &str| state.expand(word, escape_token).ok();
    let kind = mount.kind.as_deref().map_or(Some("bind".to_owned()), expand);
    let unknown = Some(Target { path: None, is_empty: false });
    let written = mount.target.as_deref().filter(|target| !target.is_empty());
    let path = match (kind.as_deref(), written) {
        (None, _) => return unknown,
        (_, Some(target)) => expand(target),
        // `dispatchSecret`.
        (Some("secret"), None) if mount.env.is_some() => return None,
        (Some("secret"), None) => {
            let id = mount.source.as_deref().filter(|id| !id.is_empty()).or(mount.id.as_deref())?;
            expand(id).map(|id| format!("/run/secrets/{}", base_name(&id)))
        }
        // `llb.AddSSHSocket`.
        (Some("ssh"), None) => {
            *agents += 1;
            Some(format!("/run/buildkit/ssh_agent.{}", *agents - 1))
        }
        (Some(_), None) => return None,
    };
    let workdir = state.workdir.as_deref().ok();
    let absolute =
        |path: String| if path.starts_with('/') { Some(clean(&path)) } else { Some(join(workdir?, &path)) };
    Some(Target { path: path.and_then(absolute), is_empty: kind.as_deref() == Some("tmpfs") })
}

/// The content below the mounts of a RUN, as it was before.
pub(crate) struct Mounts {
    /// The targets that existed.
    hidden: Vec<Saved>,
    /// Of each target that did not exist, the first of its parent directories that did not.
    stubs: Vec<(String, Saved)>,
    /// The real path of each target.
    targets: Vec<String>,
    /// The directories that are made for the targets.
    made: Vec<(String, Known)>,
    /// True if a target is not known.
    somewhere: bool,
    /// The directories of [`MOUNT_POINTS`]; `None` for one that did not exist.
    points: Vec<(&'static str, Option<Saved>)>,
}

impl Mounts {
    /// Records what the mounts of a RUN hide, and makes it unknown for the time of the RUN: a file or link that is mounted
    /// may lead anywhere.
    pub(crate) fn begin(rootfs: &mut Rootfs, targets: &[Target], line: usize) -> Self {
        let point = |path| (path, (rootfs.get(path).known != Known::Absent).then(|| rootfs.save(path)));
        let mut mounts = Self {
            hidden: Vec::new(),
            stubs: Vec::new(),
            targets: Vec::new(),
            made: Vec::new(),
            somewhere: false,
            points: MOUNT_POINTS.into_iter().map(point).collect(),
        };
        let mut empty = HashSet::new();
        let mut seen = HashSet::new();
        for target in targets.iter().filter(|target| seen.insert(*target)) {
            let followed = target.path.as_deref().map(|path| destination::follow(rootfs, path));
            let Some(Followed::At(real, _)) = followed else {
                mounts.somewhere = true;
                continue;
            };
            let on_the_way: Vec<&str> = ancestors(&real).skip(1).chain([real.as_str()]).collect();
            match on_the_way.iter().position(|path| rootfs.get(path).known == Known::Absent) {
                Some(first) => {
                    mounts.stubs.push((on_the_way[first].to_owned(), rootfs.save(on_the_way[first])));
                    let made = Known::Dir(Directory::made_by(Some((0, 0))));
                    let parents = on_the_way[first..on_the_way.len() - 1].iter();
                    mounts.made.extend(parents.map(|path| ((*path).to_owned(), made.clone())));
                }
                None => mounts.hidden.push(rootfs.save(&real)),
            }
            if target.is_empty {
                empty.insert(real.clone());
            }
            mounts.targets.push(real);
        }
        for (path, known) in &mounts.made {
            rootfs.set(path, known.clone(), &Leans::default(), Below::Nothing);
        }
        let why: Arc<str> = format!("RUN (line {line}) mounts something there").into();
        for target in &mounts.targets {
            if empty.contains(target) {
                let directory = Directory { mode: None, owner: None, xattrs: Some(false) };
                rootfs.set(target, Known::Dir(directory), &Leans::default(), Below::Nothing);
            } else {
                rootfs.replace(target, Known::Unknown(Arc::clone(&why)), &Leans::default());
            }
        }
        mounts
    }

    /// Puts back what the mounts have hidden. A target that did not exist is removed after the step, with the parent
    /// directories that were created for it, unless the RUN wrote to them; before BuildKit 0.11, an empty directory owned
    /// by root stays.
    pub(crate) fn end(self, rootfs: &mut Rootfs, line: usize) {
        for (path, saved) in &self.stubs {
            self.remove_stubs(rootfs, path, saved, line);
        }
        let mut restored = Vec::new();
        let why: Arc<str> = format!("RUN (line {line}) mounts something there").into();
        for saved in &self.hidden {
            rootfs.hide_writes(saved, saved.path());
            if rootfs.restore(saved, &why) {
                restored.push(saved);
            }
        }
        if self.somewhere {
            let reach = Reach::Names(Vec::new());
            rootfs.disturb(Disturbance::new("RUN --mount", line, reach));
        }
        for (path, saved) in &self.points {
            let why: Arc<str> = format!("RUN (line {line}) mounts the kernel's {path} there").into();
            if let Some(saved) = saved {
                if rootfs.restore(saved, &why) {
                    restored.push(saved);
                }
            } else {
                let known = Known::Dir(Directory::made_by(Some((0, 0))));
                rootfs.set(path, known, &Leans::default(), Below::Nothing);
            }
        }
        rootfs.hide(&restored);
    }

    /// Removes what was made for the targets below `path`, which did not exist: each target, and its parent directories
    /// as long as they are empty.
    fn remove_stubs(&self, rootfs: &mut Rootfs, path: &str, saved: &Saved, line: usize) {
        spend(1 + self.targets.len() / COMPARED);
        let inside: Vec<&String> = self.targets.iter().filter(|target| is_within(path, target)).collect();
        for target in &inside {
            rootfs.hide_writes(saved, target);
        }
        let message = format!("the builder removes the mount target {path} of RUN (line {line})");
        let mut because = Leans::default();
        because.add(Arc::new(Assumption::new(line, path, message)));
        if rootfs.is_unchanged(saved, &self.made, &self.targets) {
            return rootfs.remove_stub(saved, &because);
        }
        if rootfs.is_named_since(saved) {
            let why = format!("RUN (line {line}) mounts something there, and writes beside it").into();
            return rootfs.replace(path, Known::Unknown(why), &Leans::default());
        }
        for target in inside {
            let parents = ancestors(target).filter(|parent| is_within(path, parent)).rev();
            for stub in [target.as_str()].into_iter().chain(parents) {
                let is_stub = stub == target || self.made.iter().any(|(made, _)| made == stub);
                if !is_stub || stub != target && !rootfs.below(stub).entries.is_empty() {
                    break;
                }
                rootfs.replace(stub, Known::Absent, &because);
            }
        }
    }
}
