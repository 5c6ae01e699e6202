//! A part of a plan: the files at or below a path.

use super::file::{File, Plan, Wave};
use crate::git::RepoPath;

impl Plan {
    /// Returns the plan of the files at or below a path.
    #[must_use]
    pub(crate) fn below(mut self, path: &RepoPath) -> Self {
        self.files.retain(|file| is_below(&file.path, path));
        self.refused.retain(|file| is_below(&file.path, path));
        for wave in &mut self.waves {
            wave.files.retain(|file| is_below(file, path));
        }
        self.waves.retain(|wave| !wave.files.is_empty());
        self
    }

    /// Returns the saved plan in which only the files at or below a path are as in this one.
    #[must_use]
    pub(crate) fn replacing_below(self, path: &RepoPath, saved: Self) -> Self {
        let others = saved.files.into_iter().filter(|file| !is_below(&file.path, path));
        let mut files: Vec<File> =
            self.files.into_iter().filter(|file| is_below(&file.path, path)).chain(others).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut waves: Vec<Wave> = Vec::new();
        let mut all: Vec<Wave> = saved.waves.iter().chain(&self.waves).cloned().collect();
        all.sort_by_key(|wave| wave.number);
        all.dedup_by_key(|wave| wave.number);
        for Wave { number, reason, .. } in all {
            let of = files.iter().filter(|file| file.wave == Some(number)).map(|file| file.path.clone());
            let wave = Wave { number, reason, files: of.collect() };
            waves.extend((!wave.files.is_empty()).then_some(wave));
        }
        let refused = self.refused.into_iter().filter(|file| is_below(&file.path, path));
        let others = saved.refused.into_iter().filter(|file| !is_below(&file.path, path));
        let mut refused: Vec<_> = refused.chain(others).collect();
        refused.sort_by(|one, other| one.path.cmp(&other.path));
        let Self { commit, waivers, left_out, unread, builders, cycles, .. } = self;
        Self { commit, waivers, left_out, refused, unread, builders, cycles, waves, files, ..saved }
    }
}

fn is_below(file: &str, path: &RepoPath) -> bool {
    file.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
