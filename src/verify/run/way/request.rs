//! The builder's request for one build: every input except the text.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Way;
use crate::campaign::names::slug;
use crate::campaign::plan::file::Context;
use crate::git::RepoPath;
use crate::verify::builder::{Output, Request};
use crate::verify::needs::{Need, id_of, needs};
use crate::verify::run::{Elsewhere, Event, Outcome, Stop, Trouble, Verdict, folder};
use crate::verify::variant_builds::Variants;

impl Way<'_> {
    /// Returns both requests, or the reason why they are impossible.
    pub(super) fn variants(&self, target: Option<&str>) -> Result<Variants, Trouble> {
        let verdict = |reason| Trouble::Verdict(Verdict(Outcome::Blocked, reason));
        let root = &self.context.root;
        let in_repository = |root: &str, with: &BTreeMap<_, _>| -> Result<Option<PathBuf>, Trouble> {
            folder(root).map_or(Ok(None), |root| Ok(self.checkout.context(root.as_ref(), with)?))
        };
        let context = in_repository(root, &self.context.contexts)?
            .ok_or_else(|| verdict(format!("its build context {root} is not a folder of the repository")))?;
        let mut contexts = BTreeMap::new();
        for (name, at) in &self.context.contexts {
            let at = match folder(at) {
                Err(Elsewhere) => at.clone(),
                Ok(_) => in_repository(at, &BTreeMap::new())?.map(|at| at.display().to_string()).ok_or_else(
                    || verdict(format!("its build context {name}={at} is not a folder of the repository")),
                )?,
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
            build_args: build_args(self.context, job.build_args),
            contexts,
            secrets: given(|own| &own.secrets, job.secrets),
            ssh: given(|own| &own.ssh, job.ssh),
            passed: job.passed.to_vec(),
            anew: self.anew(),
            output: Output::Nothing,
            deadline: Some(self.run.deadline),
        };
        self.check_needs(target, &original).map_err(verdict)?;
        let edited = Request { dockerfile: self.texts.after.clone(), ..original.clone() };
        Ok(Variants { original, edited })
    }

    /// Returns the names of the stages with an edited line and of all stages that depend on them. They are executed
    /// without the cache in both variants: the cache does not notice a change of a directory's mode alone
    /// (buildkit#7176), so an earlier copy could be used in place of the present one.
    fn anew(&self) -> Vec<String> {
        let edited = self.sites.iter().filter_map(|site| site.stage).collect();
        let stages = self.stages.dependents(&edited);
        stages.into_iter().filter_map(|stage| self.stages.name(stage)).map(str::to_owned).collect()
    }

    pub(super) fn assumptions(&self) -> Vec<String> {
        let given = &self.run.job.build_args;
        let unknown = |(name, value): (&String, &Option<String>)| {
            let is_open = value.is_none() && !given.contains_key(name);
            is_open.then(|| {
                format!(
                    "the value of the build argument {name} makes no difference: only the real build knows it"
                )
            })
        };
        let mut assumptions = self.texts.assumptions.clone();
        assumptions.extend(self.context.build_args.iter().filter_map(unknown));
        if self.run.own.is_none_or(|own| own.prepare.is_empty()) {
            let root = folder(&self.context.root).ok().flatten();
            assumptions.extend(self.checkout.doubts(root.as_ref()));
        }
        assumptions
    }

    /// Checks that no secret or SSH agent is missing that only the user can provide.
    fn check_needs(&self, target: Option<&str>, request: &Request) -> Result<(), String> {
        let Some(target) = self.stages.of_target(target) else { return Ok(()) };
        let is_given = |values: &[String], id: &str| values.iter().any(|value| id_of(value) == id);
        for need in needs(&self.before, &self.stages.reached(target)) {
            match need {
                Need::Secret(id) if !is_given(&request.secrets, &id) => {
                    return Err(format!(
                        "needs secret {id}: give it with `secrets` of its [build], or --secret"
                    ));
                }
                Need::Agent(id) if !is_given(&request.ssh, &id) => {
                    return Err(format!("needs ssh {id}: give it with `ssh` of its [build], or --ssh"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes both Dockerfiles beside the build context, if temporary folders are kept.
    pub(super) fn keep(&self, variants: &Variants) -> Result<(), Trouble> {
        if !self.run.job.keep {
            return Ok(());
        }
        let path = RepoPath::new(&self.run.edit.file.path).map_err(Stop::Path)?;
        let slug = slug(&path)?;
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

/// Returns the build arguments with a value in the plan, and the others if the user gave a value.
pub(super) fn build_args(context: &Context, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let value = |(name, value): (&String, &Option<String>)| {
        let value = value.as_ref().or_else(|| given.get(name))?;
        Some((name.clone(), value.clone()))
    };
    context.build_args.iter().filter_map(value).collect()
}
