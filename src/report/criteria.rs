//! The success criteria of a campaign, computed from data. It never uses the boxes that people tick.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::{BuilderUse, Effect};
use crate::campaign::evidence::{BuildEvidence, Evidence, EvidenceByPath, Outcome};
use crate::campaign::plan::file::{Class, File, Plan};
use crate::campaign::progress::{FileState, Progress};
use crate::edit::header::Header;
use crate::text::figures::number;
use crate::text::words::{count, form};

/// The subject of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The proof of concept.
    ProofOfConcept,
    /// The header.
    Headers,
    /// The lines.
    Lines,
    /// The equality of images.
    Images,
    /// Build times and cache.
    Cache,
    /// The builders.
    Builders,
    /// The roll-out.
    Rollout,
    /// The behaviour of images.
    Smoke,
    /// The platforms.
    Platforms,
}

/// A success criterion of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    /// Its subject.
    pub(crate) subject: Subject,
    /// The requirement.
    pub(crate) what: &'static str,
    /// True if it is met; `None` if people decide that.
    pub(crate) met: Option<bool>,
    /// The figures behind it, in a sentence.
    pub(crate) detail: String,
    /// True if proofs without builds are a part of what meets it.
    pub(crate) by_proof: bool,
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
        everywhere: plan.syntax_everywhere,
        all: &plan.files,
        builders: &plan.builders,
        files: &files,
        evidence: files.iter().filter_map(|(file, _)| Some((*file, of(file)?))).collect(),
    };
    let certain = [
        Data::proof_of_concept(progress),
        data.headers(),
        data.lines(),
        data.images(),
        data.cache(),
        data.builders(),
        data.rollout(),
    ];
    certain.into_iter().chain(data.smoke()).chain([data.platforms(platforms)]).collect()
}

/// Returns the number of instructions that were linked before the plan was made.
fn linked(file: &File) -> usize {
    file.sites.iter().filter(|site| site.audit.is_some()).count()
}

struct Data<'a> {
    /// True if every Dockerfile gets a header.
    everywhere: bool,
    /// All files of the plan.
    all: &'a [File],
    builders: &'a [BuilderUse],
    files: &'a [(&'a File, bool)],
    evidence: Vec<(&'a File, &'a Evidence)>,
}

impl Data<'_> {
    fn proof_of_concept(progress: &Progress) -> Criterion {
        let first: Vec<_> = progress.files.iter().filter(|file| file.wave == 0).collect();
        let done = first.iter().filter(|file| file.state == FileState::Done).count();
        Criterion {
            subject: Subject::ProofOfConcept,
            what: "The proof of concept is merged",
            met: Some(!first.is_empty() && done == first.len()),
            detail: format!("{} of {}", number(done), count(first.len(), "file")),
            by_proof: false,
        }
    }

    fn headers(&self) -> Criterion {
        let needs = |file: &File| matches!(file.header, Header::Insert { .. } | Header::Raise { .. });
        if self.everywhere {
            let of_campaign =
                self.all.iter().filter(|file| file.class == Class::Plain && file.skip.is_none());
            let is_done = |path: &str| self.files.iter().any(|(file, done)| *done && file.path == path);
            let (written, open): (Vec<&File>, Vec<&File>) =
                of_campaign.partition(|file| file.syntax.current.is_some() || is_done(&file.path));
            return Criterion {
                subject: Subject::Headers,
                what: "The header is in every Dockerfile that people write",
                met: Some(open.is_empty() && !written.is_empty()),
                detail: format!("{} of {}", number(written.len()), count(written.len() + open.len(), "file")),
                by_proof: false,
            };
        }
        let has = |file: &File| !needs(file) && file.syntax.current.is_some();
        let written = self.files.iter().filter(|(file, done)| *done || has(file)).count();
        self.of_files(
            Subject::Headers,
            "The header is in every file that uses `--link` and needs it",
            written,
        )
    }

    fn lines(&self) -> Criterion {
        let lines = |done: bool| -> usize {
            let files = self.files.iter().filter(|(_, is_done)| *is_done || !done);
            files.map(|(file, _)| file.selected().count()).sum()
        };
        // Those that an earlier plan linked.
        let earlier: usize = self.files.iter().map(|(file, _)| linked(file)).sum();
        let (linked, all) = (lines(true) + earlier, lines(false) + earlier);
        let met = !self.files.is_empty() && self.files.iter().all(|(_, done)| *done);
        Criterion {
            subject: Subject::Lines,
            what: "Every line that the plan selects is linked",
            met: Some(met),
            detail: format!("{} of {}", number(linked), count(all, "line")),
            by_proof: false,
        }
    }

    /// A file whose builds differ or could not be compared does not count, even if its lines are proved.
    fn images(&self) -> Criterion {
        let of = |outcome: fn(&Evidence) -> Outcome| {
            self.evidence.iter().filter(|(_, found)| outcome(found) == Outcome::Same).count()
        };
        let (same, compared) = (of(|found| found.outcome), of(Evidence::open_outcome));
        let built: BTreeSet<&str> = self.evidence.iter().map(|(file, _)| file.path.as_str()).collect();
        let is_proved = |file: &File| !built.contains(file.path.as_str()) && file.is_proved_the_same();
        let proved = self.files.iter().filter(|(file, _)| is_proved(file)).count();
        let what = "Every image is the same before and after the change";
        let mut criterion = self.of_files(Subject::Images, what, compared + proved);
        criterion.by_proof = proved > 0;
        if proved > 0 {
            let by = format!(": {} compared in builds, {} proved", number(compared), number(proved));
            criterion.detail += &by;
        }
        let accepted = compared - same;
        if accepted > 0 {
            let differ = form(accepted, "differs", "differ");
            criterion.detail = format!(
                "{}, {} of which {differ} as `layerwright.toml` accepts",
                criterion.detail,
                number(accepted)
            );
        }
        criterion
    }

    fn cache(&self) -> Criterion {
        let measured = |found: &&(&File, &Evidence)| found.1.builds.iter().any(|build| build.cache.is_some());
        let measured = self.evidence.iter().filter(measured).count();
        let mut detail = format!("measured in {} of {}", number(measured), count(self.files.len(), "file"));
        let builds = self.evidence.iter().flat_map(|(_, found)| &found.builds);
        let moved = builds.filter_map(|build| build.cache.as_ref()).map(|cache| &cache.moved_base);
        let (before, after, layers) = moved.fold((0, 0, 0), |(before, after, layers), pair| {
            (before + pair.before.kept, after + pair.after.kept, layers + pair.after.layers)
        });
        if measured > 0 {
            let layers = count(layers, "layer");
            detail = format!(
                "{detail}: when the base image changes, {} of {layers} are reused, {} before",
                number(after),
                number(before)
            );
        }
        // Without a gain, people decide if the comparison is enough.
        let met = if measured > 0 && after <= before { None } else { Some(measured > 0) };
        let what = "Build times and cache were compared";
        Criterion { subject: Subject::Cache, what, met, detail, by_proof: false }
    }

    fn builders(&self) -> Criterion {
        let builds = || self.evidence.iter().flat_map(|(_, found)| &found.builds);
        let unable = self.evidence.iter().filter(|(_, found)| found.outcome == Outcome::CouldNotTest).count();
        let names: BTreeSet<String> = builds()
            .filter(|build| matches!(build.outcome, Outcome::Same | Outcome::Different))
            .map(|build| match &build.builder.buildkit {
                Some(version) => format!("{} (BuildKit {version})", build.builder.driver),
                None => build.builder.driver.clone(),
            })
            .collect();
        let has_built = !names.is_empty();
        let detail = match (names.is_empty(), unable) {
            (true, 0) => "no builder has built yet".to_owned(),
            (_, 1..) => format!("{} could not be tested", count(unable, "file")),
            (false, 0) => names.into_iter().collect::<Vec<_>>().join(", "),
        };
        let of = |effect: Effect| {
            self.builders.iter().filter(|used| used.effect == effect && used.waived.is_none()).count()
        };
        let (links, rejects, ignores) = (of(Effect::Links), of(Effect::Rejects), of(Effect::Ignores));
        let stated = match self.builders.len() {
            0 => String::new(),
            all => format!(
                "; {} of {} of the repository {} the flag, {} {} it, {} {} it",
                number(links),
                count(all, "build"),
                form(links, "uses", "use"),
                number(ignores),
                form(ignores, "ignores", "ignore"),
                number(rejects),
                form(rejects, "rejects", "reject")
            ),
        };
        let met = unable == 0 && rejects == 0 && ignores == 0 && has_built;
        Criterion {
            subject: Subject::Builders,
            what: "The builders can link",
            met: Some(met),
            detail: format!("{detail}{stated}"),
            by_proof: false,
        }
    }

    fn rollout(&self) -> Criterion {
        self.of_files(
            Subject::Rollout,
            "The roll-out is complete",
            self.files.iter().filter(|(_, done)| *done).count(),
        )
    }

    /// Returns the criterion about commands that run in both images; `None` if there are none.
    fn smoke(&self) -> Option<Criterion> {
        let builds = self.evidence.iter().flat_map(|(_, found)| &found.builds);
        let all: Vec<bool> = builds.flat_map(|build| &build.smoke).map(|smoke| smoke.agrees).collect();
        let agree = all.iter().filter(|&&agrees| agrees).count();
        (!all.is_empty()).then(|| Criterion {
            subject: Subject::Smoke,
            what: "Both images behave the same",
            met: Some(agree == all.len()),
            detail: format!(
                "{} of {} {}",
                number(agree),
                count(all.len(), "command"),
                form(all.len(), "agrees", "agree")
            ),
            by_proof: false,
        })
    }

    fn platforms(&self, wanted: &BTreeMap<String, Vec<String>>) -> Criterion {
        let built = |found: &Evidence| -> BTreeSet<String> {
            let same = |build: &&BuildEvidence| build.outcome == Outcome::Same || build.is_accepted();
            found.builds.iter().filter(same).map(|build| build.platform.clone()).collect()
        };
        let is_covered = |file: &File| {
            let found = self.evidence.iter().find(|(of, _)| of.path == file.path);
            let platforms = found.map(|(_, found)| built(found)).unwrap_or_default();
            let wanted = wanted.get(&file.path).map(Vec::as_slice).unwrap_or_default();
            !platforms.is_empty() && wanted.iter().all(|platform| platforms.contains(platform))
        };
        let covered = self.files.iter().filter(|(file, _)| is_covered(file)).count();
        let all: BTreeSet<String> = self.evidence.iter().flat_map(|(_, found)| built(found)).collect();
        let missing: BTreeSet<&String> =
            self.files.iter().filter_map(|(file, _)| wanted.get(&file.path)).flatten().collect();
        let missing: Vec<&str> =
            missing.into_iter().filter(|name| !all.contains(*name)).map(String::as_str).collect();
        let names: Vec<&str> = all.iter().map(String::as_str).collect();
        let built = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let missing = match missing.as_slice() {
            [] => String::new(),
            missing => format!("; not built: {}", missing.join(", ")),
        };
        let detail = format!(
            "{} of {} built{built}{missing}. Hosts (macOS, Windows) were not tested; tick it when they were",
            number(covered),
            count(self.files.len(), "file")
        );
        let what = "Every platform works";
        Criterion { subject: Subject::Platforms, what, met: None, detail, by_proof: false }
    }

    fn of_files(&self, subject: Subject, what: &'static str, met: usize) -> Criterion {
        let all = self.files.len();
        Criterion {
            subject,
            what,
            met: Some(met == all && all > 0),
            detail: format!("{} of {}", number(met), count(all, "file")),
            by_proof: false,
        }
    }
}
