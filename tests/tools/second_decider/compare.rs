//! The verdicts of the analysis against what the model says of the same lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use layerwright::analysis::end_state::NoNeighbours;
use layerwright::analysis::named_context::NamedContexts;

use layerwright::analysis::{Inputs, Site, Verdict, analyze, rule};
use layerwright::builds::{BuildContext, ContextEntry, ContextPath};
use layerwright::dockerfile::Dockerfile;
use layerwright::edit::{LineEdit, replacement};
use layerwright::images::{BaseImage, ImageConfig, ImageError, ImageOrigin, ImageReference, ImageSource};
use layerwright::rootfs::{Entry, Metadata as KnownMetadata, Tree};

use super::build::{Build, Stopped};
use super::filesystem::{Filesystem, Metadata, Node, join};
use super::perhaps::{MOST_RUNS, Runs, WAYS};
use super::scenario::Scenario;

/// What the verdicts of a scenario were, and where they are wrong.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub links: usize,
    pub edits: usize,
    pub holds: usize,
    /// Verdicts without a proof.
    pub open: usize,
    /// Whether the Dockerfile does not build as it is.
    pub fails: bool,
    /// Proofs that are wrong, and would change an image.
    pub unsound: Vec<String>,
    /// Holds that are proved although the image is the same.
    pub false_holds: Vec<String>,
}

/// Compares all lines of a scenario.
pub fn compare(scenario: &Scenario) -> Compared {
    let dockerfile = Dockerfile::read(scenario.dockerfile.as_str());
    let images =
        Images(scenario.images.iter().map(|(name, files)| (name.clone(), Arc::new(image(files)))).collect());
    let context = Context(&scenario.context);
    let inputs = Inputs {
        way: "",
        images: &images,
        context: &context,
        assumed_context: None,
        assumes_build: false,
        targets: &[],
        named_contexts: &NamedContexts::none(),
        build_args: &BTreeMap::new(),
        platforms: &[],
        rules: rule::ALL,
        neighbours: &NoNeighbours,
        accepted: &|_| false,
    };
    let sites = analyze(&dockerfile, &[inputs]).sites;
    let mut comparison = Comparison { scenario, dockerfile: &dockerfile, compared: Compared::default() };
    comparison.all(&sites);
    comparison.compared
}

struct Comparison<'a> {
    scenario: &'a Scenario,
    dockerfile: &'a Dockerfile,
    compared: Compared,
}

impl Comparison<'_> {
    fn all(&mut self, sites: &[Site]) {
        let text = &self.scenario.dockerfile;
        let runs = u32::try_from(text.matches(" || true").count()).unwrap_or(u32::MAX).min(MOST_RUNS);
        let plain: Option<Vec<_>> = (0..WAYS.pow(runs)).map(|way| self.build(text, way)).collect();
        let Some(plain) = plain else { return };
        self.compared.fails = plain.iter().all(Result::is_err);
        let mut all = BTreeMap::new();
        for site in sites {
            let line = self.dockerfile.instructions()[site.instruction].start_line;
            match (site.verdict, site.proved()) {
                (Verdict::Link | Verdict::Edit, Some(true)) => {
                    let edit = LineEdit { site, add_to_copy: true };
                    let Ok(text) = replacement(self.dockerfile, edit) else { continue };
                    *(if site.verdict == Verdict::Link {
                        &mut self.compared.links
                    } else {
                        &mut self.compared.edits
                    }) += 1;
                    self.must_equal(&plain, &[(line, text.clone())].into());
                    all.insert(line, text);
                }
                (Verdict::Hold, Some(true)) => {
                    self.compared.holds += 1;
                    self.must_differ(&plain, line);
                }
                _ => self.compared.open += 1,
            }
        }
        if all.len() > 1 {
            self.must_equal(&plain, &all);
        }
    }

    /// Builds a text, with its RUN lines going in one of the possible ways.
    fn build(&self, text: &str, way: usize) -> Option<Result<Filesystem, Stopped>> {
        let Scenario { images, context, .. } = self.scenario;
        let runs = Runs::new(way);
        Build { images, context, run: &|script, stage| runs.run(script, stage) }.run(text)
    }

    /// A proof holds whichever way the RUN lines go, as long as the Dockerfile builds then. If it builds in none, those ways
    /// count in which the most of it does.
    fn must_equal(&mut self, plain: &[Result<Filesystem, Stopped>], edits: &BTreeMap<usize, String>) {
        let text = edited(&self.scenario.dockerfile, edits);
        let reached =
            |plain: &Result<_, Stopped>| plain.as_ref().err().map_or(usize::MAX, |stopped| stopped.line);
        let most = plain.iter().map(reached).max();
        for (way, plain) in plain.iter().enumerate().filter(|(_, plain)| Some(reached(plain)) == most) {
            let Some(linked) = self.build(&text, way) else { return };
            self.must_equal_in(plain, linked, edits);
        }
    }

    /// A build that stops at another line says nothing of this one.
    fn must_equal_in(
        &mut self,
        plain: &Result<Filesystem, Stopped>,
        linked: Result<Filesystem, Stopped>,
        edits: &BTreeMap<usize, String>,
    ) {
        let wrong = match (plain, linked) {
            (Ok(plain), Ok(linked)) => plain.difference(&linked),
            (Err(plain), Err(linked)) if plain.line == linked.line => None,
            (Err(plain), _) if edits.contains_key(&plain.line) => {
                Some(format!("only the linked one builds: {plain:?}"))
            }
            (Err(_), _) => None,
            (Ok(_), Err(linked)) => Some(format!("only the plain one builds: {linked:?}")),
        };
        if let Some(wrong) = wrong {
            self.compared.unsound.push(format!("proved equal: {edits:?}: {wrong}"));
        }
    }

    fn must_differ(&mut self, plain: &[Result<Filesystem, Stopped>], line: usize) {
        let Some(written) = self.scenario.dockerfile.lines().nth(line - 1) else { return };
        let edits = [(line, written.replacen("COPY ", "COPY --link ", 1))].into();
        let text = edited(&self.scenario.dockerfile, &edits);
        for (way, plain) in plain.iter().enumerate() {
            if let (Ok(plain), Some(Ok(linked))) = (plain, self.build(&text, way))
                && plain.difference(&linked).is_none()
            {
                self.compared.false_holds.push(format!("proved different: line {line}, way {way}"));
            }
        }
    }
}

/// A text with some of its lines replaced.
fn edited(text: &str, edits: &BTreeMap<usize, String>) -> String {
    let line = |(number, line): (usize, &str)| {
        edits.get(&(number + 1)).map_or(line, String::as_str).to_owned() + "\n"
    };
    text.lines().enumerate().map(line).collect()
}

struct Images(BTreeMap<String, Arc<BaseImage>>);

impl ImageSource for Images {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let name = reference.repository().rsplit('/').next().unwrap_or_default();
        Ok(self.0.get(&format!("{name}:{}", reference.tag().unwrap_or("latest"))).cloned())
    }
}

fn image(files: &Filesystem) -> BaseImage {
    let mut tree = Tree::default();
    for (path, node) in files.entries() {
        tree.insert(&path[1..], entry(node));
        if let ("/etc/passwd", Node::File(_, content)) = (path, node) {
            tree.set_passwd(Some(content.clone().into_bytes()));
        }
    }
    BaseImage {
        rootfs: Arc::new(tree.into()),
        config: Some(ImageConfig::default()),
        digest: None,
        indexes: Vec::new(),
        platform: None,
        source: ImageOrigin::RootfsTar("image.tar".into()),
    }
}

fn entry(node: &Node) -> Entry {
    let known = |metadata: &Metadata| KnownMetadata {
        mode: metadata.mode,
        uid: metadata.uid,
        gid: metadata.gid,
        xattrs: metadata.xattrs.iter().cloned().collect(),
    };
    match node {
        Node::Dir(metadata) => Entry::Dir(known(metadata)),
        Node::File(metadata, _) => Entry::File(known(metadata)),
        Node::Symlink(_, target) => Entry::Symlink(target.clone()),
        Node::Other(_) => Entry::Other,
    }
}

struct Context<'a>(&'a Filesystem);

impl BuildContext for Context<'_> {
    fn find(&self, source: &str) -> Option<Vec<ContextPath>> {
        let path = join("/", source);
        let real = self.0.root_path(&path).ok()?;
        let entry = match self.0.get(&real) {
            Some(Node::File(..)) => ContextEntry::File,
            _ if self.0.is_directory(&real) => ContextEntry::Dir { mode: None, xattrs: None },
            _ => return None,
        };
        let relative = |path: String| path.trim_start_matches('/').to_owned();
        Some(vec![ContextPath { path: relative(path), real: relative(real), entry }])
    }

    fn below(&self, directory: &str) -> Vec<(String, ContextEntry)> {
        let prefix = if directory.is_empty() { "/".to_owned() } else { format!("/{directory}/") };
        let below =
            self.0.entries().filter_map(|(path, node)| Some((path.strip_prefix(&prefix)?.to_owned(), node)));
        let known = |node: &Node| match node {
            Node::Dir(metadata) => {
                ContextEntry::Dir { mode: Some(metadata.mode), xattrs: Some(!metadata.xattrs.is_empty()) }
            }
            Node::File(..) => ContextEntry::File,
            Node::Symlink(_, target) => ContextEntry::Symlink(target.clone()),
            Node::Other(_) => ContextEntry::Other,
        };
        below.map(|(path, node)| (path, known(node))).collect()
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        match self.0.get(&format!("/{file}")) {
            Some(Node::File(_, content)) => Ok(content.clone().into_bytes()),
            _ => Err(String::new()),
        }
    }
}
