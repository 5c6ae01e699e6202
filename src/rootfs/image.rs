//! The filesystem of an image: one that was read as a whole, or the facts that are known of it. It records what it is
//! asked, if it is told to, and never decides what an unanswered question means.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::facts::{Facts, MOST_LISTED};
use super::tree::{Entry, Tree};
use super::{Account, AccountEntry, Directory, Known};

/// The filesystem of an image.
#[derive(Debug)]
pub struct ImageFilesystem {
    content: Content,
    /// The questions so far with their answers; `None` if they are not recorded.
    asked: Option<Mutex<Facts>>,
    /// True if a question had no answer.
    is_open: AtomicBool,
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
        Self { content: Content::Tree(Arc::new(tree)), asked: None, is_open: AtomicBool::new(false) }
    }
}

impl ImageFilesystem {
    /// Returns the filesystem of which these facts are known; `why` is the reason why others are not.
    pub(crate) fn from_facts(facts: Facts, why: impl Into<Arc<str>>) -> Self {
        Self {
            content: Content::Facts(Arc::new(facts), why.into()),
            asked: None,
            is_open: AtomicBool::new(false),
        }
    }

    /// Returns the same filesystem, which records from now on what it is asked.
    pub(crate) fn recording(&self) -> Self {
        Self { content: self.content.clone(), asked: Some(Mutex::default()), is_open: AtomicBool::new(false) }
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
