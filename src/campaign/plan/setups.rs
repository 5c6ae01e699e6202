//! The setups in which a Dockerfile is built: the context and the arguments. A line has to be correct in each of them.
//! It never starts a build.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use crate::analysis::end_state::BuiltHere;
use crate::analysis::named_context::{NamedContext, NamedContexts};
use crate::analysis::source;
use crate::builds::{
    Build, BuildContext, Builds, Context, ContextReason, ContextRoot, ContextSource, ContextView, Contexts,
    Level, Mention, NoContext,
};
use crate::campaign::plan::file;
use crate::dockerfile::{Body, Dockerfile};
use crate::git::RepoPath;

/// The most lines that are named for one guess.
const MOST_MENTIONS: usize = 3;
/// The start of the assumption that a context is the one that a Dockerfile is built from.
pub(crate) const CONTEXT_ASSUMED: &str = "the build context is";

/// A setup in which a Dockerfile is built.
pub(crate) struct BuildSetup<'a> {
    /// The distinguishing part of the setup: its context, and the place that names it if several have the same context.
    pub(crate) name: String,
    /// The context, if it is a folder of the repository that can be read.
    view: Option<ContextView<'a>>,
    /// The reason why the ignore file of the context cannot be used.
    pub(crate) trouble: Option<String>,
    /// The assumption that this is the context, if nothing states it.
    pub(crate) assumed: Option<String>,
    /// True if the build that has the context also sets named contexts or build arguments, and nothing states it.
    pub(crate) assumes_build: bool,
    /// The named contexts, by name.
    named: Vec<(String, Named<'a>)>,
    /// Build arguments that the Dockerfile declares; `None` for a value that only the build knows.
    pub(crate) args: BTreeMap<String, Option<String>>,
    /// The targets of the builds with this setup; empty if any stage may be one.
    pub(crate) targets: Vec<Option<String>>,
    /// The platforms of the builds with this setup.
    pub(crate) platforms: Vec<String>,
    /// The context in the form of the plan.
    pub(crate) shown: file::Context,
    /// The builds with this setup, by index.
    pub(crate) builds: Vec<usize>,
}

/// The meaning of a named context.
enum Named<'a> {
    Folder(ContextView<'a>),
    Image(String),
    Result(NeededBuild),
    Elsewhere(String),
}

/// A build whose result a named context is.
pub(crate) struct NeededBuild {
    /// The source, as written.
    pub(crate) written: String,
    /// The build.
    pub(crate) build: Arc<Build>,
    /// A thing that is not settled about it, or about the build that needs it.
    pub(crate) unsettled: Option<Arc<str>>,
}

impl<'a> BuildSetup<'a> {
    /// Returns the inputs beside the context. `result` returns the result of the build that a name needs, or the reason
    /// why it is not known.
    pub(crate) fn named_contexts(
        &self,
        result: &dyn Fn(&str) -> Result<BuiltHere, String>,
    ) -> NamedContexts<'_> {
        let mut contexts = NamedContexts::none();
        for (name, named) in &self.named {
            contexts.insert(
                name,
                match named {
                    Named::Folder(view) => NamedContext::Folder(view),
                    Named::Image(image) => NamedContext::Image(image.clone()),
                    Named::Result(needed) => result(name).map_or_else(
                        |why| NamedContext::Elsewhere(format!("{}: {why}", needed.written)),
                        NamedContext::Result,
                    ),
                    Named::Elsewhere(what) => NamedContext::Elsewhere(what.clone()),
                },
            );
        }
        contexts
    }

    /// Returns the images that replace a stage or another image.
    pub(crate) fn named_images(&self) -> impl Iterator<Item = String> {
        self.named.iter().filter_map(|(_, named)| match named {
            Named::Image(image) => Some(image.clone()),
            _ => None,
        })
    }

    /// Returns the builds whose results are named contexts, by name.
    pub(crate) fn needed(&self) -> impl Iterator<Item = (&str, &NeededBuild)> {
        self.named.iter().filter_map(|(name, named)| match named {
            Named::Result(needed) => Some((name.as_str(), needed)),
            _ => None,
        })
    }

    /// Returns the context's files.
    pub(crate) fn context(&self) -> &dyn BuildContext {
        self.view.as_ref().map_or(&NoContext as &dyn BuildContext, |view| view)
    }

    fn new(contexts: &Contexts<'a>, dockerfile: &RepoPath, context: &Context) -> Self {
        let (view, trouble) = match contexts.view(context, dockerfile) {
            Ok(view) => (Some(view), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let root = context.root.as_ref().map_or(".", |root| root.as_str()).to_owned();
        let level = match &context.evidence {
            ContextReason::Declared(_, level) => *level,
            ContextReason::OwnFolder | ContextReason::SourcesAbove => Level::Guessed,
        };
        let shown = file::Context::new(root, context.evidence.to_string(), level);
        Self {
            name: String::new(),
            view,
            trouble,
            assumed: None,
            assumes_build: false,
            named: Vec::new(),
            args: BTreeMap::new(),
            targets: Vec::new(),
            platforms: Vec::new(),
            shown,
            builds: Vec::new(),
        }
    }

    /// Assumes of a stated build that no other builds the file: `mention` may do it, in a way that is not read.
    fn doubt(&mut self, mention: &Mention) {
        if self.assumed.is_none() {
            let Self { shown, .. } = self;
            self.assumed = Some(format!(
                "{CONTEXT_ASSUMED} {} alone: {mention} may build it in another way",
                shown.root
            ));
            self.assumes_build = true;
        }
    }

    /// Returns the context that nothing states: the folder that holds most of the sources.
    fn guessed(
        contexts: &Contexts<'a>,
        path: &RepoPath,
        dockerfile: &Dockerfile,
        given: &BTreeMap<String, String>,
        mentions: &[&Mention],
    ) -> Self {
        let context = Context::guessed(contexts, path, &local_sources(dockerfile));
        let mut setup = Self::new(contexts, path, &context);
        for mention in mentions.iter().take(MOST_MENTIONS) {
            let _ = write!(setup.shown.evidence, "; {mention} may build it");
        }
        setup.assumed = Some(format!("{CONTEXT_ASSUMED} {}: {}", setup.shown.root, setup.shown.evidence));
        setup.args = given.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        let declared = declared(dockerfile);
        setup.shown.build_args.clone_from(&setup.args);
        setup.shown.build_args.retain(|name, _| declared.contains(name.as_str()));
        setup
    }

    fn found(
        contexts: &Contexts<'a>,
        build: &Build,
        args: BTreeMap<String, Option<String>>,
        given: &BTreeMap<String, String>,
    ) -> Self {
        let level = build.level();
        let evidence = ContextReason::Declared(build.place.clone(), level);
        let mut setup = match &build.context {
            ContextRoot::Folder(root) => {
                let context = Context { root: root.clone(), evidence, from_git: build.from_git };
                Self::new(contexts, &build.dockerfile, &context)
            }
            ContextRoot::Elsewhere(_) | ContextRoot::Result(..) => Self {
                name: String::new(),
                view: None,
                trouble: None,
                assumed: None,
                assumes_build: false,
                named: Vec::new(),
                args: BTreeMap::new(),
                targets: Vec::new(),
                platforms: Vec::new(),
                shown: file::Context::new(build.context.to_string(), evidence.to_string(), level),
                builds: Vec::new(),
            },
        };
        setup.named =
            build.contexts.iter().map(|(name, at)| (name.clone(), named(contexts, build, at))).collect();
        setup.shown.from_git = build.from_git;
        match level {
            Level::Stated => setup.shown.said_by = Some(build.place.kind),
            Level::Possible | Level::Guessed => {
                setup.shown.unsettled.clone_from(&build.unsettled);
                setup.assumes_build =
                    !build.contexts.is_empty() || args.keys().any(|name| !given.contains_key(name));
                let what = build.unsettled.first().map_or("", String::as_str);
                setup.assumed = Some(format!(
                    "{CONTEXT_ASSUMED} {} as {} may say; not settled: {what}",
                    setup.shown.root, build.place
                ));
            }
        }
        setup.shown.target = build.target.as_ref().map(ToString::to_string);
        (setup.shown.contexts, setup.shown.results) = shown_contexts(build);
        setup.shown.build_args.clone_from(&args);
        setup.args = args;
        setup
    }
}

/// Returns the named contexts of a build in the form of the plan, and the builds whose results they are.
fn shown_contexts(build: &Build) -> (BTreeMap<String, String>, BTreeMap<String, file::NeededBuild>) {
    let results = build.contexts.iter().filter_map(|(name, root)| {
        let ContextRoot::Result(_, needed) = root else { return None };
        let level = needed.level();
        let evidence = ContextReason::Declared(needed.place.clone(), level).to_string();
        let mut shown = file::Context::new(needed.context.to_string(), evidence, level);
        shown.said_by = (level == Level::Stated).then_some(needed.place.kind);
        shown.unsettled.clone_from(&needed.unsettled);
        shown.from_git = needed.from_git;
        shown.target = needed.target.as_ref().map(ToString::to_string);
        shown.build_args.clone_from(&needed.args);
        (shown.contexts, shown.results) = shown_contexts(needed);
        Some((name.clone(), file::NeededBuild { dockerfile: needed.dockerfile.to_string(), build: shown }))
    });
    let written = build.contexts.iter().map(|(name, root)| (name.clone(), root.to_string()));
    (written.collect(), results.collect())
}

/// Returns the meaning of a named context. Its `.dockerignore` applies to it as to a context (`dockerui.nameContext`).
fn named<'a>(contexts: &Contexts<'a>, build: &Build, at: &ContextRoot) -> Named<'a> {
    let root = match at {
        ContextRoot::Folder(root) => root,
        ContextRoot::Result(written, needed) => {
            let unsettled = needed.unsettled.first().or(build.unsettled.first());
            return Named::Result(NeededBuild {
                written: written.clone(),
                build: Arc::clone(needed),
                unsettled: unsettled.map(|what| what.as_str().into()),
            });
        }
        ContextRoot::Elsewhere(what) => {
            return match ContextSource::parse(what) {
                Ok(ContextSource::Image(image)) => Named::Image(image),
                Ok(_) => Named::Elsewhere(what.clone()),
                Err(why) => Named::Elsewhere(format!("{what}: {why}")),
            };
        }
    };
    let evidence = ContextReason::Declared(build.place.clone(), build.level());
    match contexts.named(&Context { root: root.clone(), evidence, from_git: build.from_git }) {
        Ok(view) => Named::Folder(view),
        Err(error) => Named::Elsewhere(error.to_string()),
    }
}

/// Returns the setups in which a Dockerfile is built, each once: those that its repository states, or else the
/// likeliest, with the lines that may build it. The values of `given` apply to all of them.
pub(crate) fn setups<'a>(
    contexts: &Contexts<'a>,
    path: &RepoPath,
    dockerfile: &Dockerfile,
    builds: &Builds,
    given: &BTreeMap<String, String>,
) -> Vec<BuildSetup<'a>> {
    let declared = declared(dockerfile);
    let mut seen = BTreeMap::new();
    let mut setups: Vec<BuildSetup<'_>> = Vec::new();
    // Of equal setups the one that is known best.
    let mut known: Vec<(usize, &Build)> = builds.of(path).iter().enumerate().collect();
    known.sort_by_key(|(_, build)| std::cmp::Reverse(build.level()));
    for (at, build) in known {
        let args = args(build, &declared, given);
        let target = build.target.as_ref().map(ToString::to_string);
        let key = (&build.context, build.from_git, args.clone(), &build.contexts);
        let same: &mut Vec<(Level, usize)> = seen.entry(key).or_default();
        // A target that is known less well must not look as certain as the others.
        let covers = |setup: &BuildSetup<'_>| setup.shown.targets().any(|other| other == target.as_deref());
        let found = same.iter().find(|(level, at)| *level == build.level() || covers(&setups[*at]));
        let setup = found.map_or(setups.len(), |(_, at)| *at);
        if setup == setups.len() {
            same.push((build.level(), setup));
            setups.push(BuildSetup::found(contexts, build, args, given));
        }
        let setup = &mut setups[setup];
        setup.builds.push(at);
        if !setup.shown.targets().any(|other| other == target.as_deref()) {
            setup.shown.further_targets.push(target);
        }
        for platform in &build.platforms {
            if !setup.platforms.contains(platform) {
                setup.platforms.push(platform.clone());
            }
        }
    }
    if setups.is_empty() {
        setups.push(BuildSetup::guessed(contexts, path, dockerfile, given, &builds.may_build(path)));
    }
    for setup in setups.iter_mut().filter(|setup| !setup.builds.is_empty()) {
        // The options of a build that is not stated may name another target.
        let mut built = setup.builds.iter().map(|&at| &builds.of(path)[at]);
        let is_known = built.all(|build| {
            build.level() == Level::Stated
                && build.target.as_ref().is_none_or(|target| target.known().is_some())
        });
        let targets = setup.shown.targets().map(|target| target.map(str::to_owned));
        setup.targets = targets.filter(|_| is_known).collect();
    }
    if let Some(mention) = builds.may_build(path).first() {
        for setup in &mut setups {
            setup.doubt(mention);
        }
    }
    let roots: Vec<String> = setups.iter().map(|setup| setup.shown.root.clone()).collect();
    for setup in &mut setups {
        let file::Context { root, evidence, .. } = &setup.shown;
        let alone = roots.iter().filter(|other| *other == root).count() == 1;
        setup.name =
            if alone { format!("from context {root}") } else { format!("from context {root} ({evidence})") };
    }
    setups
}

/// Returns the arguments of a build that its Dockerfile declares.
fn args(
    build: &Build,
    declared: &BTreeSet<&str>,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let mut args = build.args.clone();
    args.extend(given.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
    args.retain(|name, _| declared.contains(name.as_str()));
    args
}

/// Returns the names of a Dockerfile's ARGs.
fn declared(dockerfile: &Dockerfile) -> BTreeSet<&str> {
    let arguments = dockerfile.instructions().iter().filter_map(|instruction| match &instruction.body {
        Body::Arg(arguments) => Some(arguments),
        _ => None,
    });
    arguments.flatten().map(|argument| argument.name.as_str()).collect()
}

/// Returns the sources of a Dockerfile that name one path of the build context.
fn local_sources(dockerfile: &Dockerfile) -> Vec<&str> {
    let transfers = dockerfile.instructions().iter().filter_map(|instruction| match &instruction.body {
        Body::Transfer(transfer) if transfer.options.from.is_none() => Some(transfer),
        _ => None,
    });
    let words = transfers.flat_map(|transfer| &transfer.sources).map(|word| word.text.as_str());
    let names_one = |word: &&str| {
        let remote = source::is_url(word) || source::is_git(word);
        !remote && !word.contains(['$', '*', '?', '[', '\\', '"']) && !matches!(*word, "." | "./" | "/")
    };
    words.filter(names_one).collect()
}
