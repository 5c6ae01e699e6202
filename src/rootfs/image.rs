//! The filesystem of an image: one that was read as a whole, or the facts that are known of it. It records what it is
//! asked, if it is told to, and never decides what an unanswered question means.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::facts::{Facts, MOST_LISTED};
use super::tree::{Entry, Tree};
use super::{Account, AccountEntry, Directory, Known, is_of_system};
use crate::text::path::base_name;

/// The filesystem of an image.
#[derive(Debug)]
pub struct ImageFilesystem {
    content: Content,
    /// The questions so far with their answers; `None` if they are not recorded.
    asked: Option<Mutex<Facts>>,
    /// True if a question had no answer.
    is_open: AtomicBool,
    /// The names of the programs outside of the system's directories; found out when first asked.
    other_programs: OnceLock<HashSet<String>>,
}

#[derive(Clone, Debug)]
enum Content {
    /// All of it.
    Tree(Arc<Tree>),
    /// The facts about it, and the reason why another question has no answer.
    Facts(Arc<Facts>, Arc<str>),
}

impl From<Tree> for ImageFilesystem {
    fn from(tree: Tree) -> Self {
        Self::new(Content::Tree(Arc::new(tree)), None)
    }
}

impl ImageFilesystem {
    fn new(content: Content, asked: Option<Mutex<Facts>>) -> Self {
        Self { content, asked, is_open: AtomicBool::new(false), other_programs: OnceLock::new() }
    }

    /// Returns the filesystem of which these facts are known; `why` is the reason why others are not.
    pub(crate) fn from_facts(facts: Facts, why: impl Into<Arc<str>>) -> Self {
        Self::new(Content::Facts(Arc::new(facts), why.into()), None)
    }

    /// Returns the same filesystem, which records from now on what it is asked.
    pub(crate) fn recording(&self) -> Self {
        Self::new(self.content.clone(), Some(Mutex::default()))
    }

    /// Returns the recorded questions that have an answer, with their answers.
    pub(crate) fn recorded(&self) -> Facts {
        self.asked().map(|asked| asked.clone()).unwrap_or_default()
    }

    /// Returns the whole filesystem, if it was read.
    pub fn tree(&self) -> Option<&Tree> {
        match &self.content {
            Content::Tree(tree) => Some(tree),
            Content::Facts(..) => None,
        }
    }

    /// Returns true if a question so far had no answer.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// Returns the reason why a question has no answer.
    fn unanswered(&self, why: &Arc<str>) -> Arc<str> {
        self.is_open.store(true, Ordering::Relaxed);
        Arc::clone(why)
    }

    fn asked(&self) -> Option<MutexGuard<'_, Facts>> {
        self.asked.as_ref().map(|asked| asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the state of a path.
    pub(super) fn get(&self, path: &str) -> Known {
        let known = match &self.content {
            Content::Tree(tree) => in_tree(tree, path),
            Content::Facts(facts, why) => {
                facts.get(path).unwrap_or_else(|| Known::Unknown(self.unanswered(why)))
            }
        };
        if let (Some(mut asked), true) = (self.asked(), !matches!(known, Known::Unknown(_))) {
            asked.paths.insert(path.to_owned(), known.clone());
        }
        known
    }

    /// Returns the known paths below a path.
    pub(super) fn below(&self, path: &str) -> Vec<String> {
        match &self.content {
            Content::Tree(tree) => {
                let below = tree.below(path.trim_start_matches('/'));
                let paths: Vec<String> = below.into_iter().map(|(at, _)| format!("/{at}")).collect();
                match self.asked() {
                    Some(mut asked) if paths.len() > MOST_LISTED => {
                        asked.too_large.insert(path.to_owned());
                    }
                    Some(mut asked) => {
                        asked.listed.insert(path.to_owned());
                        asked.paths.extend(paths.iter().map(|at| (at.clone(), in_tree(tree, at))));
                    }
                    None => {}
                }
                paths
            }
            Content::Facts(facts, _) => {
                if let (Some(mut asked), true) = (self.asked(), facts.lists(path)) {
                    asked.listed.insert(path.to_owned());
                    let below = facts.below(path).map(|(at, known)| (at.clone(), known.clone()));
                    asked.paths.extend(below);
                }
                facts.below(path).map(|(at, _)| at.clone()).collect()
            }
        }
    }

    /// Returns the reason why more may be below a path than [`below`](Self::below) lists.
    pub(super) fn why_incomplete(&self, path: &str) -> Option<Arc<str>> {
        match &self.content {
            Content::Facts(facts, why) if !facts.lists(path) => Some(self.unanswered(why)),
            _ => None,
        }
    }

    /// Returns true if any directory has extended attributes, or the reason why that is not known.
    pub(super) fn has_xattrs(&self) -> Result<bool, Arc<str>> {
        let has_xattrs = match &self.content {
            Content::Tree(tree) => {
                let is_marked =
                    |entry: &Entry| matches!(entry, Entry::Dir(metadata) if !metadata.xattrs.is_empty());
                tree.entries().any(is_marked)
            }
            Content::Facts(facts, why) => facts.has_xattrs.ok_or_else(|| self.unanswered(why))?,
        };
        if let Some(mut asked) = self.asked() {
            asked.has_xattrs = Some(has_xattrs);
        }
        Ok(has_xattrs)
    }

    /// Returns true if a program of this name is in another directory than the system's; `None` if that is not known.
    pub(super) fn has_other_program(&self, name: &str) -> Option<bool> {
        let found = match &self.content {
            Content::Tree(tree) => self.other_programs.get_or_init(|| other_programs(tree)).contains(name),
            Content::Facts(facts, why) => {
                let Some(&found) = facts.other_programs.get(name) else {
                    self.unanswered(why);
                    return None;
                };
                found
            }
        };
        if let Some(mut asked) = self.asked() {
            asked.other_programs.insert(name.to_owned(), found);
        }
        Some(found)
    }

    /// Returns an account of the files that hold them; `None` if it is not known.
    pub(super) fn account(&self, account: &Account) -> Option<AccountEntry> {
        let found = match &self.content {
            Content::Tree(tree) => {
                let file = if matches!(account, Account::Group(_)) { tree.group() } else { tree.passwd() };
                AccountEntry::find(account, file?)
            }
            Content::Facts(facts, why) => {
                let Some(entry) = facts.accounts.get(account) else {
                    self.unanswered(why);
                    return None;
                };
                *entry
            }
        };
        if let Some(mut asked) = self.asked() {
            asked.accounts.insert(account.clone(), found);
        }
        Some(found)
    }
}

/// Returns the names of what a process may start by its name: files that can be executed, and links to anything.
fn other_programs(tree: &Tree) -> HashSet<String> {
    let is_program = |entry: &Entry| match entry {
        Entry::File(metadata) => metadata.mode & 0o111 != 0,
        Entry::Symlink(_) => true,
        Entry::Dir(_) | Entry::Other => false,
    };
    let listing = tree.listing().into_iter().filter(|(_, entry)| is_program(entry));
    let paths = listing.map(|(path, _)| format!("/{path}")).filter(|path| !is_of_system(path));
    paths.map(|path| base_name(&path).to_owned()).collect()
}

/// Returns the state of a path of a filesystem that was read.
fn in_tree(tree: &Tree, path: &str) -> Known {
    match tree.get(path.trim_start_matches('/')) {
        None => Known::Absent,
        Some(Entry::File(_)) => Known::File,
        Some(Entry::Other) => Known::Other,
        Some(Entry::Symlink(target)) => Known::Symlink(target.clone()),
        Some(Entry::Dir(metadata)) => Known::Dir(Directory {
            mode: Some(metadata.mode),
            owner: Some((metadata.uid, metadata.gid)),
            xattrs: Some(!metadata.xattrs.is_empty()),
        }),
    }
}
