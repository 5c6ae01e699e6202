//! Images that the repository builds itself: which Dockerfile starts from which other, and the filesystem that the
//! other leaves. It never builds an image.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::analysis::Inputs;
use crate::analysis::end_state::{self, BuiltHere, Claim, Like, Neighbours};
use crate::budget;
use crate::builds::Build;
use crate::campaign::plan::bases::{Bases, BuiltBy};
use crate::campaign::plan::options::Options;
use crate::campaign::plan::setups::{BuildSetup, NeededBuild};
use crate::dockerfile::Dockerfile;
use crate::images::ImageReference;

/// A Dockerfile with its builds in the repository.
pub(crate) struct Member<'a> {
    /// Its path.
    pub(crate) path: &'a str,
    /// The Dockerfile.
    pub(crate) dockerfile: &'a Dockerfile,
    /// The setups in which it is built.
    pub(crate) setups: &'a [BuildSetup<'a>],
    /// The builds; empty if nothing builds it.
    pub(crate) builds: &'a [Build],
}

/// The images that the repository builds, and the filesystems that their builds leave.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    claims: Claims,
    bases: Bases,
    ends: HashMap<Meant, Option<BuiltHere>>,
    /// By Dockerfile, each image that it names and another Dockerfile builds, as written.
    named: HashMap<String, HashMap<String, Meant>>,
    /// By Dockerfile and setup, the builds whose results are its named contexts, by name.
    needed: HashMap<(String, usize), HashMap<String, Result<Needed, String>>>,
    /// By Dockerfile, the Dockerfiles of the repository that it starts from or copies from.
    pub(crate) parents: BTreeMap<String, BTreeSet<String>>,
    /// Dockerfiles that start from each other; each cycle begins with its first file in order.
    pub(crate) cycles: BTreeSet<Vec<String>>,
}

/// A build: the index of its Dockerfile and its own index.
type Claimed = (usize, usize);

/// The meaning of an image's name: a Dockerfile by its index, a setup in which it is built, and its stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Meant {
    file: usize,
    setup: usize,
    target: Option<String>,
    /// The place that states this.
    place: String,
}

/// A build whose result a named context is, and something that is not settled about it.
#[derive(Clone, Debug)]
struct Needed {
    meant: Meant,
    unsettled: Option<Arc<str>>,
}

/// The builds that name their images: by repository of the image, each with the tag, if it is known.
#[derive(Debug, Default)]
struct Claims(HashMap<String, Vec<(Option<String>, Claimed)>>);

impl Claims {
    fn new(members: &[Member<'_>]) -> Self {
        let mut claims = Self::default();
        for (file, member) in members.iter().enumerate() {
            for (at, build) in member.builds.iter().enumerate() {
                for tag in &build.tags {
                    claims.add(&tag.to_string(), tag.known().is_some(), (file, at));
                }
            }
        }
        claims
    }

    /// A tag with an unresolved part counts for every tag of its repository, if that is known.
    fn add(&mut self, name: &str, known: bool, claimed: Claimed) {
        let (name, any_tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !known && tag.contains("${") => (repository, true),
            _ => (name, false),
        };
        if name.contains("${") {
            return;
        }
        let Ok(reference) = ImageReference::parse(name) else { return };
        let tag = if any_tag { None } else { reference.tag().map(str::to_owned) };
        self.0.entry(reference.repository().to_owned()).or_default().push((tag, claimed));
    }

    /// Returns the builds that an image's name means: those that state its tag, or else those whose tag is unresolved.
    fn meant(&self, reference: &ImageReference) -> Vec<Claimed> {
        let Some(tag) = reference.tag().filter(|_| reference.digest().is_none()) else { return Vec::new() };
        let claims = self.0.get(reference.repository()).map(Vec::as_slice).unwrap_or_default();
        let of = |wanted: Option<&str>| -> Vec<Claimed> {
            let meant = claims.iter().filter(|(tag, _)| tag.as_deref() == wanted);
            meant.map(|(_, claimed)| *claimed).collect()
        };
        let exact = of(Some(tag));
        if exact.is_empty() { of(None) } else { exact }
    }

    /// Returns the build that a name means, if all that claim it build the same with the same setup.
    fn one(&self, reference: &ImageReference, members: &[Member<'_>]) -> Option<Claimed> {
        let meant = self.meant(reference);
        let first = *meant.first()?;
        let built = |(file, at): Claimed| {
            let Build { context, target, args, contexts, .. } = &members[file].builds[at];
            (file, context, target, args, contexts)
        };
        meant.iter().all(|&claimed| built(claimed) == built(first)).then_some(first)
    }
}

impl Graph {
    /// Finds which members start from which, and the filesystems that they leave for those that start from them.
    pub(crate) fn new(members: &[Member<'_>], options: &Options<'_>) -> Self {
        let (claims, bases) = (Claims::new(members), Bases::new(options.config));
        let needs = |member: &Member<'_>| member.setups.iter().any(|setup| setup.needed().next().is_some());
        if claims.0.is_empty() && bases.is_empty() && !members.iter().any(needs) {
            return Self::default();
        }
        let by_path = members.iter().enumerate().map(|(at, member)| (member.path, at)).collect();
        let graph = Self { claims, bases, ..Self::default() };
        let mut work = Work {
            members,
            by_path,
            options,
            graph,
            open: Vec::new(),
            open_setups: Vec::new(),
            left: MOST_END_STATES * budget::WORK,
        };
        for file in 0..members.len() {
            work.look(file);
        }
        work.graph
    }

    /// Returns the images that one Dockerfile names.
    pub(crate) fn around<'g>(&'g self, path: &'g str) -> Around<'g> {
        Around { graph: self, path }
    }
}

/// A [`Graph`] as one Dockerfile sees it, without the Dockerfiles that start from it.
pub(crate) struct Around<'g> {
    graph: &'g Graph,
    path: &'g str,
}

impl Around<'_> {
    /// Returns the result of the build that a named context of a setup needs, or the reason why it is not known.
    pub(crate) fn result(&self, setup: usize, name: &str) -> Result<BuiltHere, String> {
        let needed = self.graph.needed.get(&(self.path.to_owned(), setup)).and_then(|all| all.get(name));
        let Needed { meant, unsettled } = needed.cloned().unwrap_or_else(|| Err(UNKNOWN_END.into()))?;
        let built = self.graph.ends.get(&meant).cloned().flatten().ok_or(UNKNOWN_END)?;
        Ok(BuiltHere { claim: Claim::Need { unsettled }, ..built })
    }
}

impl Neighbours for Around<'_> {
    fn lookup(&self, reference: &ImageReference) -> Option<BuiltHere> {
        let meant = self.graph.named.get(self.path)?.get(&reference.to_string())?;
        self.graph.ends.get(meant)?.clone()
    }

    fn like(&self, reference: &ImageReference) -> Option<Like> {
        self.graph.bases.like(reference)
    }
}

struct Work<'a> {
    members: &'a [Member<'a>],
    by_path: HashMap<&'a str, usize>,
    options: &'a Options<'a>,
    graph: Graph,
    /// The Dockerfiles that are being examined; each starts from the next.
    open: Vec<usize>,
    /// The setups of which the needed builds are being examined, each with its Dockerfile.
    open_setups: Vec<Claimed>,
    /// The units of work that are left for end states.
    left: u64,
}

/// The units of work that the end states of all Dockerfiles may cost: those of this number of files.
const MOST_END_STATES: u64 = 16;
/// The reason why a result is not known if its build is.
const UNKNOWN_END: &str = "the end of its build is not known";

impl Work<'_> {
    /// Makes sure that the images that this Dockerfile starts from are known, as far as possible.
    fn look(&mut self, file: usize) {
        let path = self.members[file].path;
        if self.graph.parents.contains_key(path) {
            return;
        }
        self.graph.parents.insert(path.to_owned(), BTreeSet::new());
        self.open.push(file);
        for name in self.images(file) {
            let Ok(reference) = ImageReference::parse(&name) else { continue };
            let read = matches!(self.options.images.lookup(&reference), Ok(Some(_)));
            let Some(meant) = self.meant(file, &reference).filter(|_| !read) else { continue };
            let parent = meant.file;
            if let Some(at) = self.open.iter().position(|&open| open == parent) {
                self.note_cycle(at);
                continue;
            }
            self.look(parent);
            self.note_parent(file, &meant);
            self.graph.named.entry(path.to_owned()).or_default().insert(name, meant);
        }
        for setup in 0..self.members[file].setups.len() {
            self.look_at_needed(file, setup);
        }
        self.open.pop();
    }

    /// Makes sure that the builds which a setup needs are known, as far as possible.
    fn look_at_needed(&mut self, file: usize, setup: usize) {
        let Member { path, setups, .. } = self.members[file];
        let key = (path.to_owned(), setup);
        if self.graph.needed.contains_key(&key) {
            return;
        }
        self.open_setups.push((file, setup));
        let mut all = HashMap::new();
        for (name, needed) in setups[setup].needed() {
            all.insert(name.to_owned(), self.needed(file, needed));
        }
        self.open_setups.pop();
        self.graph.needed.insert(key, all);
    }

    /// Finds the end of a build that this Dockerfile needs.
    fn needed(&mut self, file: usize, needed: &NeededBuild) -> Result<Needed, String> {
        let meant = self.meant_by_build(&needed.build)?;
        if meant.file == file {
            // A stage of the same Dockerfile, or its end with other arguments.
            if self.open_setups.contains(&(file, meant.setup)) {
                return Err("it needs its own result".into());
            }
            self.look_at_needed(file, meant.setup);
        } else {
            if let Some(at) = self.open.iter().position(|&open| open == meant.file) {
                self.note_cycle(at);
                return Err(format!("{} needs this Dockerfile", self.members[meant.file].path));
            }
            self.look(meant.file);
        }
        self.note_parent(file, &meant);
        Ok(Needed { meant, unsettled: needed.unsettled.clone() })
    }

    /// Returns the Dockerfile, the setup and the stage of a build. The error is the reason why one of them is not known.
    fn meant_by_build(&self, build: &Build) -> Result<Meant, String> {
        let path = build.dockerfile.as_str();
        let &file = self.by_path.get(path).ok_or_else(|| format!("{path} is not among the Dockerfiles"))?;
        let Member { setups, builds, .. } = &self.members[file];
        let is_same = |other: &Build| {
            let Build { context, from_git, args, contexts, .. } = other;
            (context, from_git, args, contexts)
                == (&build.context, &build.from_git, &build.args, &build.contexts)
        };
        let at = builds.iter().position(is_same);
        let at = at.ok_or_else(|| format!("no build of {path} is like it"))?;
        let setup = setups.iter().position(|setup| setup.builds.contains(&at)).ok_or(UNKNOWN_END)?;
        let target = match &build.target {
            None => None,
            Some(target) => {
                let known = target.known().ok_or_else(|| format!("its target is {target}"))?;
                Some(known.to_owned())
            }
        };
        Ok(Meant { file, setup, target, place: build.place.to_string() })
    }

    /// Notes that a Dockerfile uses the end of a build, and finds that end.
    fn note_parent(&mut self, file: usize, meant: &Meant) {
        if meant.file != file {
            let (path, parent) = (self.members[file].path, self.members[meant.file].path);
            self.graph.parents.entry(path.to_owned()).or_default().insert(parent.to_owned());
        }
        if !self.graph.ends.contains_key(meant) {
            let built = self.end_within_budget(meant);
            self.graph.ends.insert(meant.clone(), built);
        }
    }

    /// Returns the meaning of the name of an image that this Dockerfile starts from: as `layerwright.toml` states it,
    /// or else as the builds do.
    fn meant(&self, file: usize, reference: &ImageReference) -> Option<Meant> {
        let claimed = self.graph.claims.one(reference, self.members);
        let built_by = self.graph.bases.built_by(reference);
        let configured = built_by.and_then(|base| Some((*self.by_path.get(base.dockerfile)?, base)));
        // A glob that also matches the Dockerfile's own base image does not apply to it.
        if let Some((parent, base)) = configured.filter(|(parent, _)| *parent != file) {
            return Some(self.configured(parent, &base, claimed));
        }
        let (parent, at) = claimed?;
        let Member { setups, builds, .. } = &self.members[parent];
        let build = &builds[at];
        let target = match &build.target {
            None => None,
            Some(target) => Some(target.known()?.to_owned()),
        };
        let setup = setups.iter().position(|setup| setup.builds.contains(&at))?;
        Some(Meant { file: parent, setup, target, place: build.place.to_string() })
    }

    /// Returns a Dockerfile that `layerwright.toml` names: built in the setup that gives the image its name, or else in
    /// the first.
    fn configured(&self, parent: usize, base: &BuiltBy<'_>, claimed: Option<Claimed>) -> Meant {
        let Member { setups, builds, .. } = &self.members[parent];
        let named = claimed.filter(|(file, _)| *file == parent);
        let setup = named.and_then(|(_, at)| setups.iter().position(|setup| setup.builds.contains(&at)));
        let setup = setup.unwrap_or_default();
        let build = setups[setup].builds.first().filter(|_| setups.len() > 1);
        let place = match build {
            Some(&at) => format!("{} (built as in {})", base.place, builds[at].place),
            None => base.place.to_owned(),
        };
        Meant { file: parent, setup, target: base.target.map(str::to_owned), place }
    }

    /// Returns the images that a Dockerfile names, in all setups in which it is built.
    fn images(&self, file: usize) -> BTreeSet<String> {
        let member = &self.members[file];
        let mut images = BTreeSet::new();
        for setup in member.setups {
            images.extend(end_state::images(member.dockerfile, &setup.args));
            images.extend(setup.named_images());
        }
        images
    }

    fn note_cycle(&mut self, from: usize) {
        let mut paths: Vec<String> =
            self.open[from..].iter().map(|&file| self.members[file].path.to_owned()).collect();
        let least = paths.iter().enumerate().min_by_key(|(_, path)| path.as_str()).map_or(0, |(at, _)| at);
        paths.rotate_left(least);
        self.graph.cycles.insert(paths);
    }

    /// Returns the end state of a build. `None` if it is unknown, or if it costs more than is left for all of them.
    fn end_within_budget(&mut self, meant: &Meant) -> Option<BuiltHere> {
        let left = self.left.min(budget::WORK);
        let (end, spent) = budget::contained_within(left, || self.end(meant));
        self.left -= spent;
        end.ok().flatten()
    }

    fn end(&self, meant: &Meant) -> Option<BuiltHere> {
        let member = &self.members[meant.file];
        let setup = &member.setups[meant.setup];
        let around = self.graph.around(member.path);
        let inputs = Inputs {
            way: &setup.name,
            images: self.options.images,
            context: setup.context(),
            assumed_context: setup.assumed.as_deref(),
            assumes_build: setup.assumes_build,
            named_contexts: &setup.named_contexts(&|name| around.result(meant.setup, name)),
            build_args: &setup.args,
            targets: &setup.targets,
            platforms: &setup.platforms,
            rules: self.options.rules,
            neighbours: &around,
            accepted: &|_| false,
        };
        let end = end_state::end(member.dockerfile, member.path, meant.target.as_deref(), &inputs)?;
        Some(BuiltHere { end: Arc::new(end), place: meant.place.as_str().into(), claim: Claim::Name })
    }
}
