//! The facts that the analysis takes for certain where a Dockerfile ends, against what its commands did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use layerwright::analysis::Inputs;
use layerwright::analysis::end_state::{self, NoNeighbours};
use layerwright::analysis::named_context::NamedContexts;
use layerwright::builds::{BuildContext, ContextEntry, ContextPath};
use layerwright::dockerfile::Dockerfile;
use layerwright::images::{BaseImage, ImageConfig, ImageError, ImageOrigin, ImageReference, ImageSource};
use layerwright::rootfs::{
    Account, AccountEntry, Directory, Entry, Known, Metadata, Rootfs, Tree as KnownTree,
};

use super::protocol::Before;
use super::sample::{PATH, SCRIPT_NAME, Sample};
use super::tree::{Changes, MOUNTED, Object, Tree};

/// The roots as base images.
pub struct Images(Vec<Arc<BaseImage>>);

/// A build context with one script, or none.
struct Context<'s>(Option<&'s str>);

impl BuildContext for Context<'_> {
    fn find(&self, source: &str) -> Option<Vec<ContextPath>> {
        let name = || SCRIPT_NAME.to_owned();
        (self.0.is_some() && source == SCRIPT_NAME)
            .then(|| vec![ContextPath { path: name(), real: name(), entry: ContextEntry::File }])
    }

    fn below(&self, _: &str) -> Vec<(String, ContextEntry)> {
        Vec::new()
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        self.0.map(|text| text.as_bytes().to_vec()).ok_or_else(String::new)
    }
}

/// A certain fact that is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalseClaim {
    pub path: String,
    pub claimed: String,
    pub found: String,
}

impl fmt::Display for FalseClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: certain: {}; found: {}", self.path, self.claimed, self.found)
    }
}

impl Images {
    pub fn new(roots: &[Before]) -> Self {
        Self(roots.iter().map(|root| Arc::new(image(root))).collect())
    }

    /// The name of a root's image.
    pub fn name(root: usize) -> String {
        format!("root{root}:1")
    }

    /// The filesystem that the analysis knows at the end of a Dockerfile. None where BuildKit refuses the file.
    pub fn judge(&self, sample: &Sample) -> Option<Judged> {
        let dockerfile = Dockerfile::read(sample.dockerfile(&Self::name(sample.root)));
        let inputs = Inputs {
            way: "",
            images: self,
            context: &Context(sample.script.as_deref()),
            assumed_context: None,
            assumes_build: false,
            targets: &[],
            named_contexts: &NamedContexts::none(),
            build_args: &BTreeMap::new(),
            platforms: &[],
            rules: &[],
            neighbours: &NoNeighbours,
            accepted: &|_| false,
        };
        end_state::end(&dockerfile, "Dockerfile", None, &inputs).map(Judged)
    }
}

impl ImageSource for Images {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let number =
            reference.repository().rsplit("root").next().and_then(|number| number.parse::<usize>().ok());
        Ok(number.and_then(|number| self.0.get(number)).cloned())
    }
}

fn image(root: &Before) -> BaseImage {
    let mut tree = KnownTree::default();
    for (path, object) in &root.tree {
        tree.insert(path.trim_start_matches('/'), entry(object));
    }
    tree.set_passwd(Some(root.passwd.clone().into()));
    tree.set_group(Some(root.group.clone().into()));
    let config = ImageConfig { env: vec![("PATH".into(), PATH.into())], ..ImageConfig::default() };
    BaseImage {
        rootfs: Arc::new(tree.into()),
        config: Some(config),
        digest: None,
        indexes: Vec::new(),
        platform: None,
        source: ImageOrigin::RootfsTar("root.tar".into()),
    }
}

fn entry(object: &Object) -> Entry {
    let metadata = |mode, uid, gid| Metadata { mode, uid, gid, xattrs: Box::default() };
    match object {
        Object::Dir { mode, uid, gid, .. } => Entry::Dir(metadata(*mode, *uid, *gid)),
        Object::File { mode, uid, gid } => Entry::File(metadata(*mode, *uid, *gid)),
        Object::Symlink { target } => Entry::Symlink(target.clone()),
        Object::Other => Entry::Other,
    }
}

/// The state of the analysis at the end of a Dockerfile.
pub struct Judged(end_state::End);

impl Judged {
    fn rootfs(&self) -> &Rootfs {
        self.0.rootfs()
    }

    /// The certain facts that are not so. `before` is the root, `changes` what its commands did to it.
    pub fn false_claims(&self, before: &Tree, changes: &Changes) -> Vec<FalseClaim> {
        let whole = self.rootfs().below("/");
        let is_complete = whole.incomplete.is_none() && whole.leans.is_empty();
        let listed: BTreeSet<String> =
            whole.entries.into_iter().map(|(path, _)| format!("/{path}")).collect();
        let changed = changes.changed.keys().chain(&changes.removed);
        let paths = listed.iter().chain(changed).collect::<BTreeSet<_>>();
        let mut claims = Vec::new();
        // Mode and owner of the root itself never go into an image.
        for path in paths.into_iter().filter(|path| *path != "/" && !is_mounted(path)) {
            let fact = self.rootfs().get(path);
            let found = changes.after(before, path);
            let claimed = if fact.leans.is_empty() && !agrees(&fact.known, found) {
                described(&fact.known)
            } else if is_complete && found.is_some() && !listed.contains(path) {
                "missing in a complete listing".to_owned()
            } else if !self.may_be(path, |at| changes.after(before, at)) {
                "absent, or a directory as mkdir makes it".to_owned()
            } else {
                continue;
            };
            claims.push(FalseClaim {
                path: path.clone(),
                claimed,
                found: found.map_or("absent".into(), Object::described),
            });
        }
        claims
    }

    /// Whether the filesystem is one of those that the facts about directories which may have been made stand for, as
    /// far as a path and its parent directories show.
    fn may_be<'t>(&self, path: &str, found: impl Fn(&str) -> Option<&'t Object>) -> bool {
        let Some(states) = self.rootfs().states(path) else { return true };
        let ends = path.match_indices('/').skip(1).map(|(end, _)| end).chain([path.len()]);
        let way: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let agrees_at = |state: &Rootfs, at: &str| {
            let fact = state.get(at);
            !fact.leans.is_empty() || agrees(&fact.known, found(at))
        };
        states.iter().any(|state| way.iter().all(|at| agrees_at(state, at)))
    }

    /// Whether any fact is certain.
    pub fn is_certain_of_anything(&self, before: &Tree) -> bool {
        let is_certain = |path: &str| {
            let fact = self.rootfs().get(path);
            fact.leans.is_empty() && !matches!(fact.known, Known::Unknown(_))
        };
        before.keys().filter(|path| !is_mounted(path)).any(|path| is_certain(path))
            || is_certain("/no such path")
    }

    /// The paths of which something else is certain than that they are as in the root.
    pub fn certain_changes(&self, before: &Tree) -> usize {
        let listed = self.rootfs().below("/").entries;
        let here = listed.iter().filter(|(path, _)| {
            let path = format!("/{path}");
            let fact = self.rootfs().get(&path);
            fact.leans.is_empty()
                && !matches!(fact.known, Known::Unknown(_))
                && !agrees(&fact.known, before.get(&path))
        });
        let gone = before.keys().filter(|path| {
            let fact = self.rootfs().get(path);
            fact.leans.is_empty() && fact.known == Known::Absent
        });
        here.count() + gone.count()
    }

    /// The false claims about the content of the files that hold accounts.
    pub fn false_accounts(&self, before: &Before, accounts: &BTreeMap<String, String>) -> Vec<FalseClaim> {
        let mut claims = Vec::new();
        for (path, unchanged) in [("/etc/passwd", &before.passwd), ("/etc/group", &before.group)] {
            let of: fn(String) -> Account = if path == "/etc/group" { Account::Group } else { Account::User };
            let found = accounts.get(path).unwrap_or(unchanged);
            let names = unchanged.lines().chain(found.lines()).filter_map(|line| line.split(':').next());
            for account in names.map(|name| of(name.to_owned())) {
                let Some((claimed, leans)) = self.rootfs().account(&account) else { continue };
                let is = AccountEntry::find(&account, found.as_bytes());
                if leans.is_empty() && claimed != is {
                    let told = |entry| format!("{account:?} is {entry:?}");
                    claims.push(FalseClaim {
                        path: path.to_owned(),
                        claimed: told(claimed),
                        found: told(is),
                    });
                }
            }
        }
        claims
    }
}

fn is_mounted(path: &str) -> bool {
    MOUNTED.iter().any(|mounted| {
        path.strip_prefix(mounted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn agrees(known: &Known, found: Option<&Object>) -> bool {
    match (known, found) {
        (Known::Unknown(_), _)
        | (Known::Absent, None)
        | (Known::File, Some(Object::File { .. }))
        | (Known::Other, Some(Object::Other)) => true,
        (Known::Dir(directory), Some(Object::Dir { mode, uid, gid, has_xattrs })) => {
            let Directory { mode: known_mode, owner, xattrs } = directory;
            known_mode.is_none_or(|known| known == *mode)
                && owner.is_none_or(|known| known == (*uid, *gid))
                && xattrs.is_none_or(|known| known == *has_xattrs)
        }
        (Known::Symlink(known), Some(Object::Symlink { target })) => known == target,
        _ => false,
    }
}

fn described(known: &Known) -> String {
    match known {
        Known::Dir(Directory { mode, owner, .. }) => {
            let mode = mode.map_or("any mode".into(), |mode| format!("{mode:04o}"));
            let owner = owner.map_or("any owner".into(), |(uid, gid)| format!("{uid}:{gid}"));
            format!("a directory, {mode}, {owner}")
        }
        Known::File => "a file".into(),
        Known::Symlink(target) => format!("a link to {target}"),
        Known::Absent => "absent".into(),
        known => format!("{known:?}"),
    }
}
