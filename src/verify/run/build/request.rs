//! The builder's request for one build: every input except the text.

use std::collections::BTreeMap;

use super::BuildVerification;
use crate::builds::{ContextSource, Level};
use crate::campaign::names::slug;
use crate::campaign::plan::CONTEXT_ASSUMED;
use crate::campaign::plan::file::Context;
use crate::config::FILE_NAME;
use crate::git::RepoPath;
use crate::verify::builder::{NamedContext, Output, Request};
use crate::verify::needs::{Need, id_of, needs};
use crate::verify::run::{Event, NotCompared, Outcome, Stop, Trouble};
use crate::verify::variant_builds::Variants;

impl BuildVerification<'_> {
    /// Returns both requests, or the reason why they are impossible.
    pub(super) fn variants(&self, target: Option<&str>) -> Result<Variants, Trouble> {
        let verdict = |reason| Trouble::NotCompared(NotCompared(Outcome::Blocked, reason));
        let context = match self.source("the build context", &self.context.root)? {
            ContextSource::Folder(root) => self.checkout.context(root.as_ref(), &self.context.contexts)?,
            _ => None,
        };
        let context = context.ok_or_else(|| {
            self.refused("the build context", &self.context.root, "it is not a folder of the repository")
        })?;
        let contexts = self.named_contexts()?;
        let job = self.run.job;
        let original = Request {
            dockerfile: self.texts.before.clone(),
            ignore: self.ignore.clone(),
            context: context.path().to_owned(),
            target: target.map(str::to_owned),
            platform: self.platform.map(str::to_owned),
            build_args: build_args(self.context, job.build_args),
            contexts,
            secrets: job.secrets.to_vec(),
            ssh: job.ssh.to_vec(),
            passed: job.passed.to_vec(),
            uncached: self.uncached(),
            output: Output::Nothing,
            deadline: Some(self.run.deadline),
        };
        self.check_needs(target, &original).map_err(verdict)?;
        let edited = Request { dockerfile: self.texts.after.clone(), ..original.clone() };
        Ok(Variants { original, edited })
    }

    /// Returns the named contexts. Each is a folder of the checkout, an image or a URL, whatever the plan says.
    fn named_contexts(&self) -> Result<BTreeMap<String, NamedContext>, Trouble> {
        let mut contexts = BTreeMap::new();
        for (name, written) in &self.context.contexts {
            let what = format!("the named context {name}");
            // Buildx ends the name at the first `=`; the rest would be the source.
            if name.is_empty() || name.contains('=') {
                return Err(self.refused(&what, written, "its name has a `=`"));
            }
            let context = match self.source(&what, written)? {
                ContextSource::Image(image) => NamedContext::Image(image),
                ContextSource::Url(url) => NamedContext::Url(url),
                ContextSource::Folder(folder) => {
                    let folder = self.checkout.context(folder.as_ref(), &BTreeMap::new())?;
                    let missing = || self.refused(&what, written, "it is not a folder of the repository");
                    NamedContext::Folder(folder.ok_or_else(missing)?)
                }
                ContextSource::Target(_) => {
                    return Err(self.refused(&what, written, "results of other builds are not supported"));
                }
            };
            contexts.insert(name.clone(), context);
        }
        Ok(contexts)
    }

    fn source(&self, what: &str, written: &str) -> Result<ContextSource, Trouble> {
        ContextSource::parse(written).map_err(|why| self.refused(what, written, &why.to_string()))
    }

    /// Returns the verdict on a context that does not enter a build, with the place that states it.
    fn refused(&self, what: &str, written: &str, why: &str) -> Trouble {
        let reason = format!("{what} is `{written}` ({}): {why}", self.context.evidence);
        Trouble::NotCompared(NotCompared(Outcome::Blocked, reason))
    }

    /// Returns the names of the stages with an edited line and of all stages that depend on them. They are executed
    /// without the cache in both variants: the cache does not notice a change of a directory's mode alone
    /// (buildkit#7176), so an earlier copy could be used in place of the present one.
    fn uncached(&self) -> Vec<String> {
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
        if self.context.level != Level::Stated {
            assumptions.push(format!("{CONTEXT_ASSUMED} {}: {}", self.context.root, self.context.evidence));
        }
        assumptions.extend(self.context.build_args.iter().filter_map(unknown));
        if self.run.own.is_none_or(|own| own.prepare.is_empty())
            && let Ok(ContextSource::Folder(root)) = ContextSource::parse(&self.context.root)
        {
            assumptions.extend(self.checkout.doubts(root.as_ref()));
        }
        assumptions
    }

    /// Checks that no secret or SSH agent is missing that only the user can provide.
    fn check_needs(&self, target: Option<&str>, request: &Request) -> Result<(), String> {
        let Some(target) = self.stages.of_target(target) else { return Ok(()) };
        let own = self.run.own;
        for need in needs(&self.before, &self.stages.reached(target)) {
            let (option, id, given, named) = match &need {
                Need::Secret(id) => ("secret", id, &request.secrets, own.map(|own| &own.secrets)),
                Need::Agent(id) => ("ssh", id, &request.ssh, own.map(|own| &own.ssh)),
            };
            if given.iter().any(|value| id_of(value) == id) {
                continue;
            }
            // A repository names what it needs; only the user decides what of this machine it gets.
            let named = named.and_then(|named| named.iter().find(|value| id_of(value) == id));
            return Err(match named {
                Some(value) => format!(
                    "needs {option} {id}: if the build may read what {FILE_NAME} names, repeat it: --{option} '{value}'"
                ),
                None => format!("needs {option} {id}: give it with --{option}"),
            });
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
