//! The contexts of a repository. Many Dockerfiles are built from one context, so its ignore file is read once, and so is
//! what it leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::dockerignore::Ignored;
use super::{Context, ContextError, ContextView};
use crate::budget::{self, spend};
use crate::discover::{SourceTree, Target};
use crate::git::{EntryKind, RepoPath, TreeEntry};
use crate::text::cut;

/// The most of a `.dockerignore` file that is read.
pub(crate) const MOST_IGNORED: u64 = 1 << 20;

/// The contexts of a source.
pub struct Contexts<'a> {
    source: &'a SourceTree<'a>,
    filters: Mutex<HashMap<FilterKey, Option<Arc<Filter>>>>,
}

/// The root of a context, and the path of its ignore file.
type FilterKey = (Option<RepoPath>, RepoPath);

/// An ignore file, as it applies to a context.
pub(super) struct Filter {
    /// The path of the file.
    pub(super) path: RepoPath,
    pub(super) ignored: Ignored,
    /// For each entry below the root, in order, true if the builder gets it; found out when first asked. `None` if that
    /// costs too much.
    sent: OnceLock<Option<Vec<bool>>>,
}

impl<'a> Contexts<'a> {
    /// The contexts of `source`, none of them read yet.
    pub fn new(source: &'a SourceTree<'a>) -> Self {
        Self { source, filters: Mutex::default() }
    }

    /// Views `context` as `dockerfile` is built from it. No ignore file applies to a context from git (BuildKit,
    /// `frontend/dockerui`, `Client.DockerIgnorePatterns`, which reads that of a local context alone). `<name>.dockerignore` beside the Dockerfile replaces
    /// the context's own `.dockerignore` (BuildKit, `frontend/dockerui`).
    ///
    /// # Errors
    ///
    /// [`ContextError`] if there is an ignore file that cannot be read or that builders refuse.
    pub fn view(&self, context: &Context, dockerfile: &RepoPath) -> Result<ContextView<'a>, ContextError> {
        self.filtered(context, RepoPath::new(&format!("{dockerfile}.dockerignore")).ok())
    }

    /// Views a named context: its own `.dockerignore` counts, and no other (BuildKit, `dockerui.nameContext`).
    ///
    /// # Errors
    ///
    /// [`ContextError`], as of [`view`](Self::view).
    pub(crate) fn named(&self, context: &Context) -> Result<ContextView<'a>, ContextError> {
        self.filtered(context, None)
    }

    fn filtered(&self, context: &Context, first: Option<RepoPath>) -> Result<ContextView<'a>, ContextError> {
        let root = context.root.clone();
        if context.from_git {
            return Ok(ContextView::new(self.source, root, None));
        }
        let shared = RepoPath::below(root.as_ref(), ".dockerignore").ok();
        let listing = self.source.listing();
        let file = [first, shared].into_iter().flatten().find(|path| listing.get(path).is_some());
        let filter = file.map(|path| self.filter((root.clone(), path))).transpose()?.flatten();
        Ok(ContextView::new(self.source, root, filter))
    }

    fn filter(&self, key: FilterKey) -> Result<Option<Arc<Filter>>, ContextError> {
        let filters = || self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = filters().get(&key) {
            return Ok(filter.clone());
        }
        let filter = Filter::read(self.source, &key.1)?.map(Arc::new);
        // Another thread may have read it meanwhile; all use what came first.
        Ok(filters().entry(key).or_insert(filter).clone())
    }
}

impl Filter {
    /// Reads an ignore file, links to it followed. `None` if there is no file at their end.
    fn read(source: &SourceTree<'_>, path: &RepoPath) -> Result<Option<Self>, ContextError> {
        let Target::Inside(Some(file)) = source.follow(path) else { return Ok(None) };
        if !matches!(source.listing().get(&file).map(|entry| entry.kind), Some(EntryKind::File { .. })) {
            return Ok(None);
        }
        let bytes = source.read(&file, MOST_IGNORED)?;
        match Ignored::read(&String::from_utf8_lossy(&bytes)) {
            Ok(ignored) => Ok(Some(Self { path: path.clone(), ignored, sent: OnceLock::new() })),
            Err(error) => Err(ContextError::Ignored { path: path.clone(), error }),
        }
    }

    /// Returns true for each of `all`, the entries below `root`, that the builder gets. If that costs too much, the work
    /// on each file that asks ends; outside of such work the result is empty.
    pub(super) fn sent(&self, root: Option<&RepoPath>, all: &[TreeEntry]) -> &[bool] {
        // It has a budget of its own: the files that share it are judged in any order.
        let sent = self.sent.get_or_init(|| budget::contained(|| self.find_sent(root, all)).ok());
        if sent.is_none() {
            spend(usize::MAX);
        }
        sent.as_deref().unwrap_or_default()
    }

    /// Returns what the builder gets. Where nothing is taken back, what is below an ignored folder is ignored, so that each folder is asked once.
    fn find_sent(&self, root: Option<&RepoPath>, all: &[TreeEntry]) -> Vec<bool> {
        let ignored = &self.ignored;
        let mut folders: HashMap<&str, bool> = HashMap::new();
        let mut sent = Vec::with_capacity(all.len());
        for entry in all {
            let path = entry.path.relative_to(root).unwrap_or_default();
            if ignored.takes_back() {
                sent.push(!ignored.ignores(path));
                continue;
            }
            let mut above = false;
            for folder in cut::parents(path) {
                above = *folders.entry(folder).or_insert_with(|| above || ignored.names(folder));
            }
            sent.push(!above && !ignored.names(path));
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Ended;

    #[test]
    fn an_ignore_file_that_costs_too_much_ends_the_work_on_each_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        let sent = |patterns: usize| {
            let line = |at: usize| format!("**/*a*{at}*b*\n");
            let lines: String = (0..patterns).map(line).collect();
            std::fs::write(folder.path().join(".dockerignore"), lines).unwrap();
            std::fs::write(folder.path().join("a-7-b"), "").unwrap();
            let source = SourceTree::folder(folder.path());
            let contexts = Contexts::new(&source);
            let path = RepoPath::new("Dockerfile").unwrap();
            let view = contexts.view(&Context::assumed(&path), &path).unwrap();
            [(); 2].map(|()| budget::contained(|| view.tree(None).count()))
        };
        assert_eq!(sent(10), [Ok(1), Ok(1)]);
        assert_eq!(sent(20_000), [Err(Ended::TooMuch), Err(Ended::TooMuch)]);
    }

    #[test]
    fn dockerfiles_of_one_context_share_its_ignore_file() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [(".dockerignore", "*.o\n"), ("b.Dockerfile.dockerignore", "*.c\n"), ("x.o", "")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let source = SourceTree::folder(folder.path());
        let contexts = Contexts::new(&source);
        let path = |name: &str| RepoPath::new(name).unwrap();
        let filter = |name: &str| {
            let context = Context::assumed(&path(name));
            contexts.view(&context, &path(name)).unwrap().filter.unwrap()
        };
        assert!(Arc::ptr_eq(&filter("Dockerfile"), &filter("a.Dockerfile")));
        assert_eq!(filter("b.Dockerfile").path, path("b.Dockerfile.dockerignore"));
        let named = contexts.named(&Context::assumed(&path("b.Dockerfile"))).unwrap().filter.unwrap();
        assert!(Arc::ptr_eq(&named, &filter("Dockerfile")));
    }
}
