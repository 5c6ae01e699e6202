//! The filesystems at one point of a stage: as the build is now, and as it will be.

use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::owner;
use crate::analysis::restored::OpenDifferences;
use crate::analysis::run::{self, Mounts};
use crate::analysis::transfer::inherit_group;
use crate::rootfs::{
    Assumption, Base, Below, Directory, Disturbance, Fact, Known, Leans, Reach, Rootfs, ancestors,
};
use crate::shell::Step;

/// One filesystem as it is built now, and one as it will be where an accepted difference has been linked.
#[derive(Clone, Debug)]
pub struct Filesystems {
    /// As the build is now.
    pub plain: Rootfs,
    /// As it will be, where that differs.
    pub linked: Option<Rootfs>,
    /// Differences that may be restored.
    pub differences: OpenDifferences,
}

impl Filesystems {
    /// A filesystem of which nothing is known.
    pub fn unknown() -> Self {
        Self::new(Base::Unknown("nobody looked".into()))
    }

    pub fn new(base: Base) -> Self {
        Self { plain: Rootfs::new(base), linked: None, differences: OpenDifferences::default() }
    }

    /// From now on an accepted difference has been linked in one of them. What is restored beside that is not followed.
    pub fn split(&mut self) {
        self.differences.give_up();
        self.linked.get_or_insert_with(|| self.plain.clone());
    }

    /// Each of them, the plain one first.
    pub fn each(&mut self) -> impl Iterator<Item = &mut Rootfs> {
        std::iter::once(&mut self.plain).chain(self.linked.as_mut()).chain(self.differences.each())
    }

    /// A RUN at `line`. What it writes below its mounts never reaches the image, so nothing is restored before
    /// its end where it has any.
    pub fn ran(&mut self, process: &Process, steps: &[Step], targets: &[Option<String>], line: usize) {
        self.each().for_each(|rootfs| process.make_directory(rootfs, line));
        let mounts: Vec<Mounts> = self.each().map(|rootfs| Mounts::before(rootfs, targets)).collect();
        for step in steps {
            self.differences.before(step, &self.plain);
            self.each().for_each(|rootfs| run::apply(rootfs, step));
            if targets.is_empty() {
                self.differences.compare(&self.plain);
            }
        }
        for (rootfs, mounts) in self.each().zip(mounts) {
            mounts.after(rootfs, line);
        }
        self.differences.compare(&self.plain);
    }
}

/// What an executor starts for a RUN.
#[derive(Clone, Debug)]
pub struct Process {
    /// The working directory; `None` if it is not known.
    pub workdir: Option<String>,
    /// USER; `None` if it is not known.
    pub user: Option<String>,
    /// What that leans on.
    pub assumed: Option<Arc<Assumption>>,
}

impl Process {
    /// Makes the working directory where it is missing, as BuildKit's executors do before each RUN
    /// (`MkdirAllAndChown` of `meta.Cwd` in runcexecutor and containerdexecutor); it stays in the layer.
    fn make_directory(&self, rootfs: &mut Rootfs, line: usize) {
        let Some(workdir) = &self.workdir else { return };
        let mut owner = self.user.as_deref().and_then(|user| owner::of_process(user, rootfs));
        if let (Some((_, leans)), Some(assumed)) = (&mut owner, &self.assumed) {
            leans.add(Arc::clone(assumed));
        }
        make_directories(rootfs, workdir, owner.as_ref(), line);
    }
}

/// WORKDIR and RUN: what is missing on the way is made 0755, owned by the user (`file.mkdir`, `copy.MkdirAll`).
pub fn make_directories(rootfs: &mut Rootfs, path: &str, owner: Option<&((u32, u32), Leans)>, line: usize) {
    let Followed::At(real, _) = destination::follow(rootfs, path) else {
        let reach = Reach::Names(vec![path.to_owned()]);
        return rootfs.disturb(Disturbance::new("WORKDIR", line, reach));
    };
    let parts: Vec<String> = ancestors(&real).skip(1).chain([real.as_str()]).map(str::to_owned).collect();
    for part in parts {
        let fact = rootfs.get(&part);
        if fact.known != Known::Absent {
            continue;
        }
        let mut leans = fact.leans;
        let ids = owner.map(|(ids, from)| {
            leans.merge(from);
            *ids
        });
        let made = inherit_group(rootfs, &part, Directory::made_by(ids));
        rootfs.set(&part, Fact { known: Known::Dir(made), leans }, Below::Nothing);
    }
}
