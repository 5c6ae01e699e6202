//! The scripts of a build context that a RUN may run: those that a COPY brought, and those that a mount binds. It never
//! judges what they do.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::destination::{self, Destination, Followed};
use crate::analysis::filesystems::Filesystems;
use crate::analysis::mounts::Target;
use crate::analysis::source::{CopySource, SourceKind};
use crate::budget::{BYTES, spend};
use crate::builds::{BuildContext, ContextEntry, ContextPath};
use crate::dockerfile::{Mount, Run};
use crate::rootfs::{Known, Moment, Rootfs};
use crate::shell::{Files, ScriptFile};
use crate::text::path::{base_name, clean, is_within, join};

/// The most bytes of a script that is read.
const LENGTH: usize = 256 << 10;
/// The most words of a RUN that are looked up as names of scripts, and the most directories in which they are.
const WORDS: usize = 400;
const DIRECTORIES: usize = 16;
/// The most scripts of a RUN, those that scripts run included.
const SCRIPTS: usize = 32;

/// A file or directory of the context that a COPY brought to a stage.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    /// Its absolute, clean path.
    to: String,
    from: ContextPath,
    /// The moment after the COPY.
    since: Moment,
}

impl Copied {
    /// Returns what the sources of a COPY became; `before` is the filesystem in which it ran. Of a file whose name it
    /// depends on what was there, nothing is known.
    pub(crate) fn places(
        sources: &[CopySource],
        destination: &Destination,
        before: &Rootfs,
    ) -> Vec<(String, ContextPath)> {
        let inside = match destination::follow(before, &destination.path) {
            _ if destination.slashed => Some(true),
            Followed::At(_, fact) => match fact.known {
                Known::Dir(_) => Some(true),
                Known::Absent | Known::File => Some(false),
                Known::Symlink(_) | Known::Other | Known::Unknown(_) => None,
            },
            Followed::Unknown(_) => None,
        };
        let place = |source: &CopySource| {
            let from = source.context.clone()?;
            let to = match (&source.kind, inside) {
                (SourceKind::Dir(_), _) | (SourceKind::File, Some(false)) => destination.path.clone(),
                (SourceKind::File, Some(true)) => join(&destination.path, &source.name),
                _ => return None,
            };
            Some((to, from))
        };
        sources.iter().filter_map(place).collect()
    }

    pub(crate) fn new((to, from): (String, ContextPath), since: Moment) -> Self {
        Self { to, from, since }
    }
}

/// A script that a RUN may run, as it is in the context.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    path: String,
    text: Arc<str>,
    /// True if the context is certainly this one.
    is_settled: bool,
    /// The moment after the COPY that brought it; `None` if a mount binds it.
    since: Option<Moment>,
}

/// Finds the scripts that a RUN may run.
pub(crate) struct Search<'s> {
    pub(crate) context: &'s dyn BuildContext,
    pub(crate) is_settled: bool,
    /// The files and directories that the instructions before it brought, in order.
    pub(crate) copied: &'s [Copied],
    /// The parts of the context that it binds: the absolute path, and the source.
    pub(crate) bound: Vec<(String, ContextPath)>,
    pub(crate) workdir: Option<&'s str>,
}

impl Search<'_> {
    /// Returns what the mounts of a RUN bind from the context.
    pub(crate) fn bound(
        run: &Run,
        context: &dyn BuildContext,
        workdir: Option<&str>,
        expand: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, ContextPath)> {
        let bind = |mount: &Mount| {
            let kind = mount.kind.as_deref().map_or(Some("bind".to_owned()), expand)?;
            let target = expand(mount.target.as_deref()?)?;
            let target = if target.starts_with('/') { clean(&target) } else { join(workdir?, &target) };
            let source = expand(mount.source.as_deref().unwrap_or("."))?;
            let [from]: [ContextPath; 1] = context.find(&source)?.try_into().ok()?;
            (kind == "bind" && mount.from.is_none()).then_some((target, from))
        };
        run.mounts.iter().filter_map(bind).collect()
    }

    /// Returns the scripts that a text names, and those that these name in turn.
    pub(crate) fn named_in(&self, text: &str) -> Vec<Candidate> {
        if self.copied.is_empty() && self.bound.is_empty() {
            return Vec::new();
        }
        let mut found: BTreeMap<String, Candidate> = BTreeMap::new();
        let mut pending = vec![Arc::<str>::from(text)];
        while let Some(text) = pending.pop() {
            for path in self.paths(&text) {
                if found.len() >= SCRIPTS || found.contains_key(&path) {
                    continue;
                }
                if let Some((text, since)) = self.read(&path) {
                    pending.push(Arc::clone(&text));
                    let is_settled = self.is_settled;
                    found.insert(path.clone(), Candidate { path, text, is_settled, since });
                }
            }
        }
        found.into_values().collect()
    }

    /// Returns the paths that the words of a text may be, in each directory in which a script may be.
    fn paths(&self, text: &str) -> Vec<String> {
        let is_path = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
        // Without a slash, a shell is handed a name; one without an ending is not looked for.
        let may_be_script =
            |word: &&str| word.contains('/') || [".sh", ".bash"].iter().any(|ending| word.ends_with(ending));
        let words = || {
            let words = text.split(|c| !is_path(c)).filter(|word| word.contains(char::is_alphanumeric));
            words.filter(may_be_script).take(WORDS)
        };
        let tops = self.copied.iter().map(|copied| &copied.to).chain(self.bound.iter().map(|(to, _)| to));
        let tops: Vec<&String> = tops.collect();
        let mut directories: Vec<String> = self.workdir.map(str::to_owned).into_iter().collect();
        let mut add = |directory: String| {
            if directories.len() < DIRECTORIES && !directories.contains(&directory) {
                directories.push(directory);
            }
        };
        for word in words().filter(|word| word.starts_with('/')) {
            add(clean(word));
        }
        for top in &tops {
            add(join(top, ".."));
            add((*top).clone());
        }
        let mut paths = Vec::new();
        for word in words() {
            let name = base_name(word);
            let may_be = |path: &String| tops.iter().any(|top| path == *top || is_within(top, path));
            if word.starts_with('/') {
                paths.push(clean(word));
            } else if !name.is_empty() {
                paths.extend(directories.iter().map(|directory| join(directory, word)));
            }
            paths.retain(may_be);
            if paths.len() > WORDS {
                break;
            }
        }
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// Returns the text of a script, and the moment after the COPY that brought it. A mount hides what was there, and the
    /// last COPY that has the file counts.
    fn read(&self, path: &str) -> Option<(Arc<str>, Option<Moment>)> {
        let bound = self.bound.iter().rev().map(|(to, from)| (to, from, None));
        let copied = self.copied.iter().rev().map(|copied| (&copied.to, &copied.from, Some(copied.since)));
        let mut covering = bound.chain(copied).filter(|(to, ..)| is_within(to, path));
        covering
            .find_map(|(to, from, since)| Some((self.text(from, path.strip_prefix(to.as_str())?)?, since)))
    }

    /// Returns the text of a file of the context at or below a path that was brought. A link below it was copied as a link.
    fn text(&self, from: &ContextPath, below: &str) -> Option<Arc<str>> {
        let below = below.trim_start_matches('/');
        let at = |folder: &str| match (folder.trim_matches('/'), below) {
            (folder, "") => folder.to_owned(),
            ("" | ".", below) => below.to_owned(),
            (folder, below) => format!("{folder}/{below}"),
        };
        spend(1);
        let [file]: [ContextPath; 1] = self.context.find(&at(&from.path))?.try_into().ok()?;
        let is_same = below.is_empty() || file.real.ends_with(&at(&from.real));
        if !is_same || !matches!(file.entry, ContextEntry::File) {
            return None;
        }
        let bytes = self.context.read(&file.real).ok().filter(|bytes| bytes.len() <= LENGTH)?;
        spend(bytes.len() / BYTES);
        String::from_utf8(bytes).ok().filter(|text| is_script(&file.real, text)).map(Into::into)
    }
}

/// Returns true if a file may be a script, not data.
fn is_script(name: &str, text: &str) -> bool {
    let is_named = [".sh", ".bash", ".env"].iter().any(|ending| name.ends_with(ending));
    (is_named || text.starts_with("#!")) && !text.contains('\0')
}

/// Returns the scripts as they are when a RUN starts. One that an earlier step may have changed, that the mounts of the RUN
/// may hide, or whose context is not settled is uncertain.
pub(crate) fn at_start(candidates: &[Candidate], filesystems: &Filesystems, targets: &[Target]) -> Files {
    let is_unchanged = |path: &str, since: Moment| {
        let rootfs = &filesystems.plain;
        let is_there = match destination::follow(rootfs, path) {
            Followed::At(real, fact) => real == path && fact.known == Known::File && fact.leans.is_empty(),
            Followed::Unknown(_) => false,
        };
        is_there && filesystems.linked.is_none() && !rootfs.is_set_since(path, since)
    };
    let file = |candidate: &Candidate| {
        let Candidate { path, text, is_settled, since } = candidate;
        let hiding = targets.iter().filter(|target| target.may_hide(path)).count();
        let certain = *is_settled
            && match since {
                Some(since) => hiding == 0 && is_unchanged(path, *since),
                None => hiding == 1,
            };
        (path.clone(), ScriptFile { text: Arc::clone(text), certain })
    };
    candidates.iter().map(file).collect()
}
