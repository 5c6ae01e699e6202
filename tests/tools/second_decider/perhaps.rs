//! RUN lines of which it is not known how far they get: `mkdir -p /n/x || true`.

use std::cell::Cell;

use super::build::Stage;
use super::filesystem::{Fails, Metadata, Node, join, split};

/// How many ways a RUN may go: it makes no directory, one, or all. A number in this base has a digit for each RUN.
pub const WAYS: usize = 3;

/// The most RUN lines of a Dockerfile.
pub const MOST_RUNS: u32 = 2;

/// The directories on which something is mounted in every RUN, which stay.
const MOUNT_POINTS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// One way in which all RUN lines of a build go.
pub struct Runs {
    rest: Cell<usize>,
}

impl Runs {
    /// The way with a number below `WAYS.pow(MOST_RUNS)`.
    pub fn new(way: usize) -> Self {
        Self { rest: Cell::new(way) }
    }

    /// How many directories the next RUN makes.
    fn next(&self) -> usize {
        let rest = self.rest.get();
        self.rest.set(rest / WAYS);
        if rest % WAYS + 1 == WAYS { usize::MAX } else { rest % WAYS }
    }

    /// Runs `mkdir`. Nothing where the script is another.
    pub fn run(&self, script: &str, stage: &mut Stage) -> Option<Result<(), Fails>> {
        let (uid, gid) = match stage.user.as_str() {
            "" | "0" => (0, 0),
            "1000:1001" | "app" => (1000, 1001),
            "5" => (5, 0),
            _ => return None,
        };
        let (made, is_certain) = script.strip_suffix(" || true").map_or((script, true), |made| (made, false));
        let made = made.strip_prefix("mkdir ")?;
        let (path, parents) = made.strip_prefix("-p ").map_or((made, false), |path| (path, true));
        let workdir = join("/", &stage.workdir);
        let entered = stage.files.root_path(&workdir);
        if let Err(why) = entered.and_then(|real| stage.files.make_directories(&real, Some((uid, gid)))) {
            return Some(Err(why));
        }
        for point in MOUNT_POINTS {
            if stage.files.get(point).is_none() {
                stage.files.put(point, Node::Dir(Metadata::new(0o755, 0, 0)));
            }
        }
        let most = if is_certain { usize::MAX } else { self.next() };
        let done = stage.mkdir(path, parents, (uid, gid), most);
        Some(if is_certain { done } else { Ok(()) })
    }
}

impl Stage {
    /// `mkdir`, stopped after it has made `most` directories.
    fn mkdir(&mut self, path: &str, parents: bool, owner: (u32, u32), most: usize) -> Result<(), Fails> {
        let ends: Vec<usize> =
            path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]).collect();
        let mut made = 0;
        for end in ends {
            let part = &path[..end];
            let real = self.files.root_path(part)?;
            let is_last = end == path.len();
            if self.files.is_directory(&real) && (parents || !is_last) {
                continue;
            }
            let (parent, name) = split(part);
            let at = join(&self.files.root_path(parent)?, name);
            if self.files.get(&at).is_some() || at == "/" || !parents && !is_last || made == most {
                return Err(Fails(format!("cannot make {part}")));
            }
            self.files.make_directory(&at, 0o755);
            if let Some(metadata) = self.files.metadata_mut(&at) {
                metadata.uid = owner.0;
                if metadata.mode & 0o2000 == 0 {
                    metadata.gid = owner.1;
                }
            }
            made += 1;
        }
        Ok(())
    }
}
