//! The builder's request for one build: every input except the text.

use std::collections::BTreeMap;

use super::BuildVerification;
use super::results::Results;
use crate::builds::{ContextSource, Level, MOST_IGNORED};
use crate::campaign::names::slug;
use crate::campaign::plan::CONTEXT_ASSUMED;
use crate::campaign::plan::file::{Context, NeededBuild};
use crate::config::{BuildSettings, FILE_NAME};
use crate::discover::{ReadError, SourceTree};
use crate::dockerfile::{Dockerfile, Stages};
use crate::git::RepoPath;
use crate::text::words::list;
use crate::verify::builder::{NamedContext, Output, Request};
use crate::verify::needs::{Need, id_of, needs};
use crate::verify::run::{Event, NotCompared, Outcome, Stop, Trouble};
use crate::verify::variant_builds::Variants;

/// The inputs of a build that differ between the builds of one verification.
pub(super) struct Inputs<'a> {
    /// The text of the Dockerfile.
    pub(super) dockerfile: Vec<u8>,
    /// The content of the Dockerfile's own ignore file.
    pub(super) ignore: Option<Vec<u8>>,
    /// The context, with the arguments and the named contexts.
    pub(super) context: &'a Context,
    /// The stage.
    pub(super) target: Option<&'a str>,
    /// The results of other builds that are named contexts.
    pub(super) results: &'a Results,
}

impl BuildVerification<'_> {
    /// Returns both requests, or the reason why they are impossible.
    pub(super) fn variants(&self, target: Option<&str>, results: &Results) -> Result<Variants, Trouble> {
        let inputs = Inputs {
            dockerfile: self.texts.before.clone(),
            ignore: self.ignore.clone(),
            context: self.context,
            target,
            results,
        };
        let original = Request { uncached: self.uncached(), ..self.request(inputs)? };
        check_needs(&self.before, &self.stages, &original, self.run.own)
            .map_err(|reason| Trouble::NotCompared(NotCompared(Outcome::Blocked, reason)))?;
        let edited = Request { dockerfile: self.texts.after.clone(), ..original.clone() };
        Ok(Variants { original, edited })
    }

    /// Returns the request for a build, or the reason why it is impossible.
    pub(super) fn request(&self, inputs: Inputs<'_>) -> Result<Request, Trouble> {
        let Inputs { dockerfile, ignore, context, target, results } = inputs;
        let folder = match source(context, "the build context", &context.root)? {
            ContextSource::Folder(root) => self.checkout.context(root.as_ref(), &context.contexts)?,
            _ => None,
        };
        let folder = folder.ok_or_else(|| {
            refused(context, "the build context", &context.root, "it is not a folder of the repository")
        })?;
        let job = self.run.job;
        Ok(Request {
            dockerfile,
            ignore,
            context: folder.path().to_owned(),
            target: target.map(str::to_owned),
            platform: self.platform.map(str::to_owned),
            build_args: build_args(context, job.build_args),
            contexts: self.named_contexts(context, results)?,
            secrets: job.secrets.to_vec(),
            ssh: job.ssh.to_vec(),
            passed: job.passed.to_vec(),
            uncached: Vec::new(),
            output: Output::Nothing,
            deadline: Some(self.run.deadline),
        })
    }

    /// Returns the named contexts. Each is a folder of the checkout, an image, a URL or the image of another build,
    /// whatever the plan says.
    fn named_contexts(
        &self,
        context: &Context,
        results: &Results,
    ) -> Result<BTreeMap<String, NamedContext>, Trouble> {
        let mut contexts = BTreeMap::new();
        for (name, written) in &context.contexts {
            let what = format!("the named context {name}");
            // Buildx ends the name at the first `=`; the rest would be the source.
            if name.is_empty() || name.contains('=') {
                return Err(refused(context, &what, written, "its name has a `=`"));
            }
            let named = match source(context, &what, written)? {
                ContextSource::Image(image) => NamedContext::Image(image),
                ContextSource::Url(url) => NamedContext::Url(url),
                ContextSource::Folder(folder) => {
                    let folder = self.checkout.context(folder.as_ref(), &BTreeMap::new())?;
                    let missing = || refused(context, &what, written, "it is not a folder of the repository");
                    NamedContext::Folder(folder.ok_or_else(missing)?)
                }
                ContextSource::Target(_) => {
                    let unknown = || refused(context, &what, written, "the plan does not have that build");
                    NamedContext::Result(results.get(name).ok_or_else(unknown)?.image())
                }
            };
            contexts.insert(name.clone(), named);
        }
        Ok(contexts)
    }

    /// Returns the names of the stages with an edited line and of all stages that depend on them. They are executed
    /// without the cache in both variants: the cache does not notice a change of a directory's mode alone
    /// (buildkit#7176), so an earlier copy could be used in place of the present one.
    fn uncached(&self) -> Vec<String> {
        let edited = self.sites.iter().filter_map(|site| site.stage).collect();
        let stages = self.stages.dependents(&edited);
        stages.into_iter().filter_map(|stage| self.stages.name(stage)).map(str::to_owned).collect()
    }

    /// Returns the things that this build, and those whose results it needs, do not show.
    pub(super) fn assumptions(&self) -> Vec<String> {
        let mut assumptions = self.texts.assumptions.clone();
        if self.context.level != Level::Stated {
            let Context { root, evidence, .. } = self.context;
            assumptions.push(format!("{CONTEXT_ASSUMED} {root}: {evidence}"));
        }
        if self.run.job.reuse {
            let builder = self.run.job.builder.facts().map_or_else(|_| String::new(), |facts| facts.name);
            let caches = std::iter::once(format!("the cache of the builder {builder}"));
            let caches: Vec<String> = caches.chain(imported(self.run.job.passed).cloned()).collect();
            let caches = list(&caches);
            assumptions.push(format!(
                "the steps before the edited instructions, taken from {caches}, are up to date"
            ));
        }
        let prepares = self.run.own.is_some_and(|own| !own.prepare.is_empty());
        self.add_assumptions(self.context, prepares, &mut assumptions);
        assumptions
    }

    fn add_assumptions(&self, context: &Context, prepares: bool, assumptions: &mut Vec<String>) {
        let given = &self.run.job.build_args;
        let open =
            context.build_args.iter().filter(|(name, value)| value.is_none() && !given.contains_key(*name));
        assumptions.extend(open.map(|(name, _)| {
            format!(
                "the value of the build argument {name} makes no difference: only the real build knows it"
            )
        }));
        if !prepares && let Ok(ContextSource::Folder(root)) = ContextSource::parse(&context.root) {
            assumptions.extend(self.checkout.doubts(root.as_ref()));
        }
        for (name, NeededBuild { dockerfile, build }) in &context.results {
            if build.level != Level::Stated {
                let evidence = &build.evidence;
                assumptions.push(format!("the named context {name} is built from {dockerfile}: {evidence}"));
            }
            self.add_assumptions(build, prepares, assumptions);
        }
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

/// Returns the caches that the builder imports, as its options name them.
pub(in crate::verify::run) fn imported(passed: &[String]) -> impl Iterator<Item = &String> {
    passed.iter().filter(|option| option.starts_with("--cache-from"))
}

/// Parses the source of a context.
fn source(context: &Context, what: &str, written: &str) -> Result<ContextSource, Trouble> {
    ContextSource::parse(written).map_err(|why| refused(context, what, written, &why.to_string()))
}

/// Returns the verdict on a source that does not enter a build, with the place that states it.
fn refused(context: &Context, what: &str, written: &str, why: &str) -> Trouble {
    let reason = format!("{what} is `{written}` ({}): {why}", context.evidence);
    Trouble::NotCompared(NotCompared(Outcome::Blocked, reason))
}

/// Checks that no secret or SSH agent is missing that only the user can provide. `own` is the configuration of the file.
pub(super) fn check_needs(
    dockerfile: &Dockerfile,
    stages: &Stages,
    request: &Request,
    own: Option<&BuildSettings>,
) -> Result<(), String> {
    let Some(target) = stages.of_target(request.target.as_deref()) else { return Ok(()) };
    for need in needs(dockerfile, &stages.reached(target)) {
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

/// Returns the content of a Dockerfile's own ignore file, which replaces that of the context; one that says nothing keeps
/// all.
pub(super) fn own_ignore(
    source: &SourceTree<'_>,
    path: &str,
    context: &Context,
) -> Result<Option<Vec<u8>>, ReadError> {
    if context.from_git {
        return Ok(Some(b"#\n".to_vec()));
    }
    let path = RepoPath::new(&format!("{path}.dockerignore")).ok();
    let path = path.filter(|path| source.listing().get(path).is_some());
    path.map(|path| source.read(&path, MOST_IGNORED)).transpose()
}

/// Returns the build arguments with a value in the plan, and the others if the user gave a value.
pub(crate) fn build_args(context: &Context, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let value = |(name, value): (&String, &Option<String>)| {
        let value = value.as_ref().or_else(|| given.get(name))?;
        Some((name.clone(), value.clone()))
    };
    context.build_args.iter().filter_map(value).collect()
}
