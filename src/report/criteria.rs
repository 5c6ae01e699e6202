//! The success criteria of a campaign, computed from data. It never uses the boxes that people tick.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::{BuilderUse, Effect};
use crate::campaign::evidence::{Evidence, EvidenceByPath, Outcome};
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::progress::{FileState, Progress};
use crate::edit::header::Header;
use crate::text::figures::number;
use crate::text::markdown::code;
use crate::text::words::{count, form};

/// A success criterion of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    /// The requirement.
    pub(crate) what: &'static str,
    /// True if it is met.
    pub(crate) met: bool,
    /// The figures behind it, in Markdown.
    pub(crate) detail: String,
}

/// Returns the criteria of a campaign. `platforms` are the target platforms of the files, by path.
pub(crate) fn criteria(
    plan: &Plan,
    evidence: &EvidenceByPath,
    progress: &Progress,
    platforms: &BTreeMap<String, Vec<String>>,
) -> Vec<Criterion> {
    let files: Vec<(&File, bool)> = progress
        .files
        .iter()
        .filter_map(|file| Some((plan.file(&file.path)?, file.state == FileState::Done)))
        .collect();
    let of = |file: &File| evidence.get(&file.path);
    let data = Data {
        builders: &plan.builders,
        files: &files,
        evidence: files.iter().filter_map(|(file, _)| Some((*file, of(file)?))).collect(),
    };
    vec![
        data.headers(),
        data.sites(),
        data.images(),
        data.cache(),
        data.builders(),
        data.rollout(),
        data.smoke(),
        data.platforms(platforms),
    ]
}

struct Data<'a> {
    builders: &'a [BuilderUse],
    files: &'a [(&'a File, bool)],
    evidence: Vec<(&'a File, &'a Evidence)>,
}

impl Data<'_> {
    fn headers(&self) -> Criterion {
        let needs = |file: &File| matches!(file.header, Header::Insert { .. } | Header::Raise { .. });
        let written = self.files.iter().filter(|(file, done)| *done || !needs(file)).count();
        self.of_files("Every file has the header that it needs", written)
    }

    fn sites(&self) -> Criterion {
        let lines = |done: bool| -> usize {
            let files = self.files.iter().filter(|(_, is_done)| *is_done || !done);
            files.map(|(file, _)| file.selected().count()).sum()
        };
        let (linked, all) = (lines(true), lines(false));
        let met = !self.files.is_empty() && self.files.iter().all(|(_, done)| *done);
        Criterion {
            what: "Every selected line is linked",
            met,
            detail: format!("{} of {}", number(linked), count(all, "line")),
        }
    }

    fn images(&self) -> Criterion {
        let same = self.evidence.iter().filter(|(_, found)| found.outcome == Outcome::Same).count();
        self.of_files("The images stay the same", same)
    }

    fn cache(&self) -> Criterion {
        let measured = |found: &&(&File, &Evidence)| found.1.builds.iter().any(|build| build.cache.is_some());
        let measured = self.evidence.iter().filter(measured).count();
        let detail = format!("measured in {} of {}", number(measured), count(self.files.len(), "file"));
        Criterion { what: "Build times and cache were compared", met: measured > 0, detail }
    }

    fn builders(&self) -> Criterion {
        let builds = || self.evidence.iter().flat_map(|(_, found)| &found.builds);
        let unable = self.evidence.iter().filter(|(_, found)| found.outcome == Outcome::CouldNotTest).count();
        let names: BTreeSet<String> = builds()
            .filter(|build| matches!(build.outcome, Outcome::Same | Outcome::Different))
            .map(|build| match &build.builder.buildkit {
                Some(version) => code(&format!("{} (BuildKit {version})", build.builder.driver)),
                None => code(&build.builder.driver),
            })
            .collect();
        let detail = match (names.is_empty(), unable) {
            (true, 0) => "no builder has built yet".to_owned(),
            (_, 1..) => format!("{} could not be tested", count(unable, "file")),
            (false, 0) => names.into_iter().collect::<Vec<_>>().join(", "),
        };
        let of = |effect: Effect| {
            self.builders.iter().filter(|used| used.effect == effect && used.waived.is_none()).count()
        };
        let (links, rejects) = (of(Effect::Links), of(Effect::Rejects));
        let stated = match self.builders.len() {
            0 => String::new(),
            all => format!(
                "; {} of {} of the repository {} the flag, {} {} it",
                number(links),
                count(all, "build"),
                form(links, "uses", "use"),
                number(rejects),
                form(rejects, "rejects", "reject")
            ),
        };
        let met = unable == 0 && rejects == 0 && builds().next().is_some();
        Criterion { what: "The builders can link", met, detail: format!("{detail}{stated}") }
    }

    fn rollout(&self) -> Criterion {
        self.of_files("The roll-out is complete", self.files.iter().filter(|(_, done)| *done).count())
    }

    fn smoke(&self) -> Criterion {
        let builds = self.evidence.iter().flat_map(|(_, found)| &found.builds);
        let all: Vec<bool> = builds.flat_map(|build| &build.smoke).map(|smoke| smoke.agrees).collect();
        let agree = all.iter().filter(|&&agrees| agrees).count();
        let detail = match all.len() {
            0 => "no command is given in `[build] smoke`".to_owned(),
            all => format!("{} of {} {}", number(agree), count(all, "command"), form(all, "agrees", "agree")),
        };
        Criterion { what: "Both images behave the same", met: !all.is_empty() && agree == all.len(), detail }
    }

    fn platforms(&self, wanted: &BTreeMap<String, Vec<String>>) -> Criterion {
        let built = |found: &Evidence| -> BTreeSet<String> {
            let same = found.builds.iter().filter(|build| build.outcome == Outcome::Same);
            same.map(|build| build.platform.clone()).collect()
        };
        let is_covered = |file: &File| {
            let found = self.evidence.iter().find(|(of, _)| of.path == file.path);
            let platforms = found.map(|(_, found)| built(found)).unwrap_or_default();
            let wanted = wanted.get(&file.path).map(Vec::as_slice).unwrap_or_default();
            !platforms.is_empty() && wanted.iter().all(|platform| platforms.contains(platform))
        };
        let covered = self.files.iter().filter(|(file, _)| is_covered(file)).count();
        let all: BTreeSet<String> = self.evidence.iter().flat_map(|(_, found)| built(found)).collect();
        let mut criterion = self.of_files("Every platform was built", covered);
        if !all.is_empty() {
            let names: Vec<String> = all.iter().map(|name| code(name)).collect();
            criterion.detail = format!("{} ({})", criterion.detail, names.join(", "));
        }
        criterion
    }

    fn of_files(&self, what: &'static str, met: usize) -> Criterion {
        let all = self.files.len();
        Criterion {
            what,
            met: met == all && all > 0,
            detail: format!("{} of {}", number(met), count(all, "file")),
        }
    }
}
