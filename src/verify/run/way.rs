//! One way in which a file is built: a context with its target and arguments, on one platform.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Depth, Event, MOST_IGNORED, Outcome, Phase, Run, Stop, Trouble, Verdict, bases, folder, millis, onbuild,
};
use crate::dockerfile::Dockerfile;
use crate::git::RepoPath;
use crate::migrate::branch;
use crate::plan::file::{self, Context, Site};
use crate::verify::attribution::{Foretold, attribute};
use crate::verify::builder::{BuildError, Output, Request, Vertex};
use crate::verify::cache;
use crate::verify::context::Checkout;
use crate::verify::evidence::{Build, BuildFigures, Cause, Difference, Reached, SiteEvidence};
use crate::verify::image::Image;
use crate::verify::noise::settle;
use crate::verify::probe::{Probe, Probed};
use crate::verify::reached::reached;
use crate::verify::smoke;
use crate::verify::stages::{Need, Stages, id_of};
use crate::verify::texts::Texts;
use crate::verify::workbench::{Exported, Failure, Variants, Workbench};

/// One way in which a file is built.
pub struct Way<'a> {
    run: &'a Run<'a>,
    checkout: &'a Checkout,
    texts: &'a Texts,
    context: &'a Context,
    platform: Option<&'a str>,
    /// The texts as they are built.
    before: Dockerfile,
    after: Dockerfile,
    stages: Stages,
    sites: Vec<&'a Site>,
    tree: Option<String>,
    ignore: Option<Vec<u8>>,
}

impl<'a> Way<'a> {
    /// Looks up what the way is made of.
    pub fn new(
        run: &'a Run<'a>,
        checkout: &'a Checkout,
        texts: &'a Texts,
        context: &'a Context,
        platform: Option<&'a str>,
    ) -> Result<Self, Stop> {
        let before = Dockerfile::read(texts.before.as_slice());
        let tree = (run.job.tree)(context)?;
        let own_ignore = RepoPath::new(&format!("{}.dockerignore", run.edit.file.path)).ok();
        let own_ignore = own_ignore.filter(|path| run.job.source.listing().get(path).is_some());
        let ignore = own_ignore.map(|path| run.job.source.read(&path, MOST_IGNORED)).transpose()?;
        Ok(Self {
            stages: Stages::new(&before),
            before,
            after: Dockerfile::read(texts.after.as_slice()),
            sites: run.edit.file.selected().collect(),
            run,
            checkout,
            texts,
            context,
            platform,
            tree,
            ignore,
        })
    }

    /// Builds and compares, and then the stages of edited lines that the target does not need.
    pub fn verify(&self, bench: &mut Workbench<'_>) -> Result<(Vec<Build>, Vec<BuildFigures>), Stop> {
        let (mut build, figures) = self.build(bench, self.context.target.as_deref())?;
        let (mut further, mut all_figures) = (Vec::new(), vec![figures]);
        let mut open = self.open(&build);
        while build.outcome <= Outcome::Same
            && let Some(stage) = open.pop_last()
        {
            let Some(target) = self.stages.target(stage) else { continue };
            let (more, figures) = self.build(bench, Some(target))?;
            if more.outcome == Outcome::Blocked {
                // Nobody builds this stage, so it hinders nobody.
                let why = more.reason.unwrap_or_default();
                build
                    .assumptions
                    .push(format!("stage {target}, which the target does not need, was not built: {why}"));
                continue;
            }
            let done = |line: usize| {
                more.sites.iter().any(|site| site.line == line && site.reached != Reached::NotExercised)
            };
            open.retain(|stage| self.lines_of(*stage).any(|line| !done(line)));
            further.push(more);
            all_figures.push(figures);
        }
        further.insert(0, build);
        Ok((further, all_figures))
    }

    /// The stages that hold edited lines which a build did not execute. What ONBUILD says is executed in no build of
    /// this file.
    fn open(&self, build: &Build) -> BTreeSet<usize> {
        let is_open = |site: &&&Site| {
            !site.onbuild
                && build.sites.iter().any(|own| own.line == site.line && own.reached == Reached::NotExercised)
        };
        self.sites.iter().filter(is_open).filter_map(|site| site.stage).collect()
    }

    fn lines_of(&self, stage: usize) -> impl Iterator<Item = usize> {
        self.sites.iter().filter(move |site| site.stage == Some(stage) && !site.onbuild).map(|site| site.line)
    }

    /// One target, built and compared.
    fn build(&self, bench: &mut Workbench<'_>, target: Option<&str>) -> Result<(Build, BuildFigures), Stop> {
        let job = self.run.job;
        let mut build = Build {
            context: self.context.root.clone(),
            tree: self.tree.clone(),
            target: target.map(str::to_owned),
            platform: self.platform.map_or_else(likely_platform, str::to_owned),
            build_args: self.build_args(),
            contexts: self.context.contexts.clone(),
            bases: BTreeMap::new(),
            builder: job.builder.facts()?,
            frontend: self.texts.frontend.clone().unwrap_or_else(|| "builtin".into()),
            assumptions: self.assumptions(),
            outcome: Outcome::Same,
            reason: None,
            sites: self
                .sites
                .iter()
                .map(|site| SiteEvidence { line: site.line, reached: Reached::NotExercised })
                .collect(),
            differences: Vec::new(),
            noise: 0,
            smoke: Vec::new(),
            cache: None,
        };
        let mut figures = BuildFigures::default();
        match self.judge(bench, target, &mut build, &mut figures) {
            Ok(()) => {}
            Err(Trouble::Verdict(Verdict(outcome, reason))) => {
                (build.outcome, build.reason) = (outcome, Some(reason))
            }
            Err(Trouble::Stop(stop)) => return Err(stop),
        }
        Ok((build, figures))
    }

    fn judge(
        &self,
        bench: &mut Workbench<'_>,
        target: Option<&str>,
        build: &mut Build,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        let variants = self.variants(target)?;
        self.keep(&variants)?;
        self.probe()?;
        self.tell(Phase::Original, target);
        let original = bench.image(&variants.original).map_err(of_original)?;
        build.platform = platform(&original.image).unwrap_or_else(|| build.platform.clone());
        figures.before_ms = millis(original.built.elapsed);
        build.bases = bases::bases(&self.run.edit.file.bases, &original.built.vertexes);
        self.tell(Phase::Edited, target);
        let mut edited = match bench.image(&variants.edited) {
            Err(Failure::Build(error @ BuildError::Failed { .. })) => {
                match self.again(bench, &variants, target, error)? {
                    Ok(edited) => edited,
                    Err(error) => return self.refuted(bench, &variants, &error, build),
                }
            }
            edited => edited.map_err(of_other)?,
        };
        figures.after_ms = Some(millis(edited.built.elapsed));
        build.sites = self.reached(&edited.built.vertexes);
        onbuild::leave_out(&original.image, &mut edited.image, &self.before, &self.after);
        self.differences(bench, &variants, original.image, &edited.image, build)?;
        self.smoke(bench, &variants, build)?;
        self.cache(bench, &variants, build, figures)
    }

    /// That the builder links: what another one builds shows nothing.
    fn probe(&self) -> Result<(), Trouble> {
        let job = self.run.job;
        let probed = job.probes.of(&Probe {
            platform: self.platform,
            frontend: self.texts.frontend.as_deref(),
            passed: job.passed,
            deadline: Some(self.run.deadline),
        });
        let why = match probed.map_err(|error| of_other(error.into()))? {
            Probed::Links => return Ok(()),
            Probed::Ignores { why, remedy } => format!("the builder does not link: {why}; {remedy}"),
            Probed::Rejects { said } => format!("the frontend does not know --link: {said}"),
        };
        Err(Trouble::Verdict(Verdict(Outcome::Void, why)))
    }

    /// Which of the edited lines a build of the edited file executed.
    fn reached(&self, vertexes: &[Vertex]) -> Vec<SiteEvidence> {
        let shown = reached(vertexes, &self.after);
        let instructions = self.before.instructions();
        let of = |site: &&Site| {
            let at = instructions.iter().position(|instruction| instruction.start_line == site.line);
            let found = shown.iter().find(|(place, _)| Some(*place) == at);
            SiteEvidence {
                line: site.line,
                reached: found.map_or(Reached::NotExercised, |(_, reached)| *reached),
            }
        };
        self.sites.iter().map(of).collect()
    }

    /// Leaves noise out of the differences, and puts the others down to what makes them.
    fn differences(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        original: Image,
        edited: &Image,
        build: &mut Build,
    ) -> Result<(), Trouble> {
        self.tell(Phase::Differences, variants.original.target.as_deref());
        let settled = settle(bench, variants, original, edited).map_err(of_other)?;
        build.noise = settled.noise;
        build.assumptions.extend(settled.assumptions);
        let foretold = self.foretold();
        let header_only =
            (self.texts.header_only != self.texts.before).then_some(self.texts.header_only.as_slice());
        let differences =
            attribute(bench, variants, header_only, &settled.differences, &settled.samples, &foretold);
        build.differences = differences.map_err(of_other)?;
        if !build.differences.is_empty() {
            build.outcome = Outcome::Different;
        }
        Ok(())
    }

    /// Runs the smoke commands in what the configuration builds; further stages are none of their concern.
    fn smoke(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        build: &mut Build,
    ) -> Result<(), Trouble> {
        let commands = self.run.own.map(|own| own.smoke.as_slice()).unwrap_or_default();
        if commands.is_empty() || variants.original.target != self.context.target {
            return Ok(());
        }
        self.tell(Phase::Smoke, build.target.as_deref());
        build.smoke = smoke::run(bench, variants, commands).map_err(of_other)?;
        if build.smoke.iter().any(|smoke| !smoke.agrees) {
            build.outcome = Outcome::Different;
        }
        Ok(())
    }

    /// Measures what changes cost, where that is asked for. Whatever hinders it, the comparison stands.
    fn cache(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        build: &mut Build,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        if self.run.edit.depth < Depth::Full || variants.original.target != self.context.target {
            return Ok(());
        }
        self.tell(Phase::Cache, build.target.as_deref());
        match cache::measure(bench, variants).map_err(of_other) {
            Ok(Some(measured)) => {
                let pair = |(before, after)| (millis(before), millis(after));
                figures.moved_base_ms = Some(pair(measured.moved_base));
                figures.early_step_ms = measured.early_step.map(pair);
                build.cache = Some(measured.figures);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Trouble::Verdict(Verdict(_, why))) => {
                build.assumptions.push(format!("what changes cost was not measured: {why}"));
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }

    fn foretold(&self) -> Foretold<'_> {
        Foretold { path: &self.run.edit.file.path, sites: &self.sites, waivers: self.run.job.waivers }
    }

    /// Whether the edited file does not build although the original does: a network may fail at any time, so both are
    /// built once more.
    fn again(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        target: Option<&str>,
        error: BuildError,
    ) -> Result<Result<Exported, BuildError>, Trouble> {
        self.tell(Phase::Original, target);
        bench.image(&variants.original).map_err(|error| match of_original(error) {
            Trouble::Verdict(Verdict(outcome, reason)) => {
                Trouble::Verdict(Verdict(outcome, format!("the original builds at times only: {reason}")))
            }
            stop => stop,
        })?;
        self.tell(Phase::Edited, target);
        match bench.image(&variants.edited) {
            Ok(edited) => Ok(Ok(edited)),
            Err(Failure::Build(BuildError::Failed { .. })) => Ok(Err(error)),
            Err(other) => Err(of_other(other)),
        }
    }

    /// The edited file does not build where the original does.
    fn refuted(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        error: &BuildError,
        build: &mut Build,
    ) -> Result<(), Trouble> {
        let header_only = Request { dockerfile: self.texts.header_only.clone(), ..variants.original.clone() };
        let by_header = header_only != variants.original
            && match bench.image(&header_only) {
                Ok(_) => false,
                Err(Failure::Build(BuildError::Failed { .. })) => true,
                Err(other) => return Err(of_other(other)),
            };
        build.outcome = Outcome::Different;
        build.reason = Some(format!("the edited file does not build: {error}"));
        let foretold = self.sites.iter().filter(|site| site.verdict == file::Verdict::Link);
        let mut rules =
            foretold.flat_map(|site| site.reasons.iter().map(|reason| (site.line, reason.rule.clone())));
        let cause = match rules.next() {
            _ if by_header => Cause::Header,
            // A line with a reason against it is linked because somebody accepts another image, but not none at all.
            Some((line, rule)) => Cause::Rule { rule, line, accepted: false },
            None => Cause::Unforetold,
        };
        build.differences = vec![Difference {
            path: None,
            aspect: "build".into(),
            before: Some("builds".into()),
            after: Some("fails".into()),
            cause,
        }];
        Ok(())
    }

    fn tell(&self, phase: Phase, target: Option<&str>) {
        let mut way = format!("context {}", self.context.root);
        for (what, value) in [("target", target), ("platform", self.platform)] {
            way.extend(value.map(|value| format!(", {what} {value}")));
        }
        (self.run.tell)(&Event::Phase(phase, &way));
    }

    /// Both requests, or why there can be none.
    fn variants(&self, target: Option<&str>) -> Result<Variants, Trouble> {
        let verdict = |reason| Trouble::Verdict(Verdict(Outcome::Blocked, reason));
        let root = &self.context.root;
        let context = folder(root).and_then(|root| self.checkout.folder(root.as_ref()));
        let context =
            context.ok_or_else(|| verdict(format!("its context {root} is no folder of the repository")))?;
        let mut contexts = BTreeMap::new();
        for (name, at) in &self.context.contexts {
            let at = match folder(at) {
                None => at.clone(),
                Some(folder) => {
                    self.checkout.folder(folder.as_ref()).map(|at| at.display().to_string()).ok_or_else(
                        || verdict(format!("its context {name}={at} is no folder of the repository")),
                    )?
                }
            };
            contexts.insert(name.clone(), at);
        }
        let job = self.run.job;
        let given = |own: fn(&crate::config::Build) -> &Vec<String>, more: &[String]| {
            self.run
                .own
                .map(|own_build| own(own_build).clone())
                .unwrap_or_default()
                .into_iter()
                .chain(more.iter().cloned())
                .collect::<Vec<_>>()
        };
        let original = Request {
            dockerfile: self.texts.before.clone(),
            ignore: self.ignore.clone(),
            context,
            target: target.map(str::to_owned),
            platform: self.platform.map(str::to_owned),
            build_args: self.build_args(),
            contexts,
            secrets: given(|own| &own.secrets, job.secrets),
            ssh: given(|own| &own.ssh, job.ssh),
            passed: job.passed.to_vec(),
            anew: self.anew(),
            output: Output::Stream,
            deadline: Some(self.run.deadline),
        };
        self.check_needs(target, &original).map_err(verdict)?;
        let edited = Request { dockerfile: self.texts.after.clone(), ..original.clone() };
        Ok(Variants { original, edited })
    }

    /// The stages that hold an edited line and all that may hold something of them, by name. They are executed anew
    /// whatever the cache has, in both variants: the cache does not notice a change of a directory's mode alone
    /// (buildkit#7176), so what was copied once could stand in for what is copied now.
    fn anew(&self) -> Vec<String> {
        let edited = self.sites.iter().filter_map(|site| site.stage).collect();
        let stages = self.stages.dependents(&edited);
        stages.into_iter().filter_map(|stage| self.stages.name(stage)).map(str::to_owned).collect()
    }

    /// The arguments that the plan knows, and of the others those that are given.
    fn build_args(&self) -> BTreeMap<String, String> {
        let value = |(name, value): (&String, &Option<String>)| {
            let value = value.as_ref().or_else(|| self.run.job.build_args.get(name))?;
            Some((name.clone(), value.clone()))
        };
        self.context.build_args.iter().filter_map(value).collect()
    }

    fn assumptions(&self) -> Vec<String> {
        let given = &self.run.job.build_args;
        let unknown = |(name, value): (&String, &Option<String>)| {
            let is_open = value.is_none() && !given.contains_key(name);
            is_open.then(|| {
                format!(
                    "the argument {name}, which only the real build knows, changes nothing: it was not given"
                )
            })
        };
        let mut assumptions = self.texts.assumptions.clone();
        assumptions.extend(self.context.build_args.iter().filter_map(unknown));
        if self.run.own.is_none_or(|own| own.prepare.is_empty()) {
            let root = folder(&self.context.root).unwrap_or_default();
            assumptions.extend(self.checkout.doubts(root.as_ref()));
        }
        assumptions
    }

    /// That nothing is missing which only people can give.
    fn check_needs(&self, target: Option<&str>, request: &Request) -> Result<(), String> {
        let Some(target) = self.stages.of_target(target) else { return Ok(()) };
        let is_given = |values: &[String], id: &str| values.iter().any(|value| id_of(value) == id);
        for need in self.stages.needs(&self.stages.reached(target)) {
            match need {
                Need::Secret(id) if !is_given(&request.secrets, id) => {
                    return Err(format!(
                        "needs secret {id}: give it with `secrets` of its [build], or --secret"
                    ));
                }
                Need::Agent(id) if !is_given(&request.ssh, id) => {
                    return Err(format!("needs ssh {id}: give it with `ssh` of its [build], or --ssh"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes both Dockerfiles beside the context, where that is kept.
    fn keep(&self, variants: &Variants) -> Result<(), Trouble> {
        if !self.run.job.keep {
            return Ok(());
        }
        let path = RepoPath::new(&self.run.edit.file.path).map_err(Stop::Path)?;
        let slug = branch::slug(&path)?;
        let write = |name: &str, text: &[u8]| {
            let at = self.checkout.beside().join(format!("{slug}.{name}.Dockerfile"));
            std::fs::write(&at, text).map(|()| at.clone()).map_err(|source| Stop::Keep { at, source })
        };
        let dockerfiles =
            [write("before", &variants.original.dockerfile)?, write("after", &variants.edited.dockerfile)?];
        (self.run.tell)(&Event::Kept { context: variants.original.context.clone(), dockerfiles });
        Ok(())
    }
}

/// The platform of an image, as its configuration says.
fn platform(image: &Image) -> Option<String> {
    let part = |key: &str| image.config.get(key)?.as_str().filter(|part| !part.is_empty());
    let variant = part("variant").map_or(String::new(), |variant| format!("/{variant}"));
    Some(format!("{}/{}{variant}", part("os")?, part("architecture")?))
}

/// The platform of a builder that has built nothing yet: most likely that of this machine.
fn likely_platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{architecture}")
}

/// What the original does not do is no failure of the migration.
fn of_original(failure: Failure) -> Trouble {
    match failure {
        Failure::Build(error @ BuildError::Failed { .. }) => {
            Trouble::Verdict(Verdict(Outcome::Blocked, format!("the original does not build: {error}")))
        }
        other => of_other(other),
    }
}

/// What hinders a comparison.
fn of_other(failure: Failure) -> Trouble {
    let outcome = match &failure {
        Failure::Build(BuildError::TimedOut { .. }) => Outcome::Deferred,
        Failure::Build(BuildError::Failed { .. }) => Outcome::Blocked,
        Failure::Build(BuildError::Frontend { .. } | BuildError::Export(_)) => Outcome::Void,
        Failure::Export(_) | Failure::Control { .. } => Outcome::Void,
        Failure::Shell { .. } => Outcome::Blocked,
        Failure::Build(_) => {
            let Failure::Build(error) = failure else { unreachable!() };
            return error.into();
        }
    };
    Trouble::Verdict(Verdict(outcome, failure.to_string()))
}
