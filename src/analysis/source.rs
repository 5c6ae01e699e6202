//! The sources of a COPY or ADD: files, directories, archives, or unknown. It never reads a file itself.

use std::sync::Arc;

use crate::analysis::archive::{self, Archive, ArchiveError};
use crate::analysis::destination::{self, Followed};
use crate::builds::{BuildContext, ContextEntry, ContextPath};
use crate::rootfs::{Directory, Known, Leans, Listing, Rootfs};
use crate::text::glob::{Glob, has_wildcards};
use crate::text::path::{base_name, clean, join};

/// One source of a COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopySource {
    /// The name that it gets inside a directory; empty if it is not known.
    pub(crate) name: String,
    /// The source as written, for messages.
    pub(crate) written: String,
    /// The type of the source.
    pub(crate) kind: SourceKind,
    /// The assumptions that the type rests on.
    pub(crate) leans: Leans,
    /// Its place in a build context, if it comes from one.
    pub(crate) context: Option<ContextPath>,
}

/// The type of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// A file, a heredoc, or the file behind a URL that is not unpacked.
    File,
    /// A directory, with the paths below it.
    Dir(Listing),
    /// An archive that ADD extracts.
    Archive(Archive),
    /// A file that ADD may extract.
    MaybeArchive {
        /// The reason why this is not known.
        why: Arc<str>,
    },
    /// An archive that ADD extracts with an unknown effect, wherever it is extracted.
    OddArchive {
        /// The reason.
        why: Arc<str>,
    },
    /// A git repository that ADD clones; it contains plain directories, and unknown files.
    Git,
    /// Unknown, with the reason.
    Unknown(Arc<str>),
}

impl CopySource {
    fn new(written: &str, name: &str, kind: SourceKind) -> Self {
        Self {
            name: name.to_owned(),
            written: written.to_owned(),
            kind,
            leans: Leans::default(),
            context: None,
        }
    }

    /// Returns the number of files that it is known to bring.
    pub(crate) fn files(&self) -> usize {
        match &self.kind {
            SourceKind::Dir(listing) => {
                listing.entries.iter().filter(|(_, known)| !matches!(known, Known::Dir(_))).count()
            }
            SourceKind::Archive(archive) => archive.entries.len(),
            _ => 1,
        }
    }

    /// Returns the source of a heredoc.
    pub(crate) fn heredoc(name: &str) -> Self {
        Self::new(&format!("<<{name}"), name, SourceKind::File)
    }

    /// Returns a source whose words are not known.
    pub(crate) fn unknown(written: &str, why: impl Into<Arc<str>>) -> Self {
        Self::new(written, "", SourceKind::Unknown(why.into()))
    }

    /// Returns the source of a URL in ADD: a file with the name of the last component, or an archive with `--unpack`
    /// (`dockerfile2llb.dispatchCopy`).
    pub(crate) fn url(url: &str, unpack: bool) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let after_scheme = path.split_once("://").map_or(path, |(_, rest)| rest);
        let name = after_scheme.split_once('/').map_or("", |(_, path)| base_name(path.trim_end_matches('/')));
        let name = if name.is_empty() { "__unnamed__" } else { name };
        let kind = if unpack {
            SourceKind::MaybeArchive { why: format!("what {url} holds is not known").into() }
        } else {
            SourceKind::File
        };
        Self::new(url, name, kind)
    }

    /// Returns the source of a git repository in ADD.
    pub(crate) fn git(url: &str) -> Self {
        Self::new(url, "", SourceKind::Git)
    }
}

/// Returns true if ADD clones this source (`dfgitutil.ParseGitRef`).
pub(crate) fn is_git(source: &str) -> bool {
    let http = source.starts_with("http://") || source.starts_with("https://");
    let path = source.split(['?', '#']).next().unwrap_or(source);
    source.starts_with("git://")
        || source.starts_with("ssh://")
        || source.starts_with("git@")
        || (http && path.trim_end_matches('/').strip_suffix(".git").is_some())
}

/// Returns true if ADD downloads this source (`dockerfile2llb.isHTTPSource`).
pub(crate) fn is_url(source: &str) -> bool {
    (source.starts_with("http://") || source.starts_with("https://")) && !is_git(source)
}

/// Returns the sources that `written` stands for in a build context. `unpack` is true if ADD would extract archives.
pub(crate) fn from_context(context: &dyn BuildContext, written: &str, unpack: bool) -> Vec<CopySource> {
    let Some(found) = context.find(written) else {
        let why = format!("{written} {}", context.missing());
        return vec![CopySource::new(written, base_name(&clean(written)), SourceKind::Unknown(why.into()))];
    };
    let one = |at: ContextPath| {
        let name = base_name(&format!("/{}", at.path)).to_owned();
        let place = Some(at.clone());
        let kind = match at.entry {
            ContextEntry::Dir { .. } => SourceKind::Dir(context_listing(context, &at.real)),
            ContextEntry::File if unpack => unpacked(context, &at.real),
            ContextEntry::File | ContextEntry::Other => SourceKind::File,
            ContextEntry::Symlink(_) => SourceKind::Unknown(format!("{} is a dangling link", at.path).into()),
            ContextEntry::Unknown(why) => SourceKind::Unknown(format!("{} {why}", at.path).into()),
        };
        CopySource { context: place, ..CopySource::new(written, &name, kind) }
    };
    found.into_iter().map(one).collect()
}

fn unpacked(context: &dyn BuildContext, file: &str) -> SourceKind {
    let bytes = match context.read(file) {
        Ok(bytes) => bytes,
        Err(why) => return SourceKind::MaybeArchive { why: why.into() },
    };
    match archive::read(&bytes) {
        Ok(None) => SourceKind::File,
        Ok(Some(archive)) => SourceKind::Archive(archive),
        Err(error @ ArchiveError::Odd(_)) => {
            SourceKind::OddArchive { why: format!("{file}: {error}").into() }
        }
        Err(error) => SourceKind::MaybeArchive { why: format!("{file}: {error}").into() },
    }
}

/// Returns the paths below a directory of a context. All of them are owned by root. git stores neither the permission
/// bits nor the extended attributes of directories: they are 0755 without attributes in a checkout with the usual umask,
/// which the caller has to assume.
fn context_listing(context: &dyn BuildContext, directory: &str) -> Listing {
    let entries = context.below(directory).into_iter().map(|(path, entry)| {
        let known = match entry {
            ContextEntry::File => Known::File,
            ContextEntry::Symlink(target) => Known::Symlink(target),
            ContextEntry::Dir { mode, xattrs } => Known::Dir(Directory { mode, owner: Some((0, 0)), xattrs }),
            ContextEntry::Other => Known::Other,
            ContextEntry::Unknown(why) => Known::Unknown(format!("{path} {why}").into()),
        };
        (path, known)
    });
    Listing { entries: entries.collect(), leans: Leans::default(), incomplete: None }
}

/// Returns the sources that `written` stands for in another stage or image.
pub(crate) fn from_rootfs(rootfs: &Rootfs, written: &str) -> Vec<CopySource> {
    let path = join("/", written);
    let name = base_name(&path);
    if has_wildcards(written) {
        return wildcard(rootfs, written, &path);
    }
    vec![at_path(rootfs, written, name, &path)]
}

fn at_path(rootfs: &Rootfs, written: &str, name: &str, path: &str) -> CopySource {
    let (real, fact) = match destination::follow(rootfs, path) {
        Followed::At(real, fact) => (real, fact),
        Followed::Unknown(why) => return CopySource::new(written, name, SourceKind::Unknown(why)),
    };
    let kind = match fact.known {
        Known::File | Known::Other => SourceKind::File,
        Known::Dir(_) => SourceKind::Dir(rootfs.below(&real)),
        Known::Absent | Known::Symlink(_) => SourceKind::Unknown(format!("{path} is not there").into()),
        Known::Unknown(why) => SourceKind::Unknown(why),
    };
    CopySource { leans: fact.leans, ..CopySource::new(written, name, kind) }
}

/// Returns the sources of a wildcard in the last component of a path, in a stage whose directory is fully known.
fn wildcard(rootfs: &Rootfs, written: &str, path: &str) -> Vec<CopySource> {
    let (directory, pattern) = path.rsplit_once('/').unwrap_or(("", path));
    let directory = if directory.is_empty() { "/" } else { directory };
    let not_known = |why: Arc<str>| vec![CopySource::new(written, "", SourceKind::Unknown(why))];
    if has_wildcards(directory) {
        return not_known(format!("{written} has a wildcard in a directory").into());
    }
    let Followed::At(real, fact) = destination::follow(rootfs, directory) else {
        return not_known(format!("{directory} is not known").into());
    };
    let listing = rootfs.below(&real);
    if let Some(why) = listing.incomplete {
        return not_known(why);
    }
    let glob = match Glob::new(pattern) {
        Ok(glob) => glob,
        Err(error) => return not_known(error.to_string().into()),
    };
    let names = listing.entries.iter().map(|(path, _)| path.as_str());
    let matching = names.filter(|name| !name.contains('/') && glob.matches(name));
    let with_leans = |name: &str| {
        let mut source = at_path(rootfs, written, name, &join(&real, name));
        source.leans.merge(&fact.leans);
        source.leans.merge(&listing.leans);
        source
    };
    matching.map(with_leans).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::{Context, Contexts, FolderContext};
    use crate::discover::SourceTree;
    use crate::git::RepoPath;

    #[test]
    fn a_file_that_git_may_change_may_be_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        let files =
            [(".gitattributes", "*.tgz filter=x\n"), ("x.tgz", "x"), ("pointer", pointer), ("plain", "x")];
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let source = SourceTree::folder(folder.path());
        let contexts = Contexts::new(&source);
        let dockerfile = RepoPath::new("Dockerfile").unwrap();
        let view = contexts.named(&Context::assumed(&dockerfile)).unwrap();
        let doubts = |written: &str, unpack| {
            let kinds = from_context(&view, written, unpack).into_iter().map(|source| source.kind);
            kinds.map(|kind| matches!(kind, SourceKind::MaybeArchive { .. })).collect::<Vec<_>>()
        };
        assert_eq!(doubts("x.tgz", true), [true]);
        assert_eq!(doubts("p*", true), [false, true], "plain and pointer");
        assert_eq!(doubts("x.tgz", false), [false], "COPY");
        let on_disk = FolderContext::new(folder.path()).unwrap();
        assert!(on_disk.read("pointer").is_err() && on_disk.read("plain").is_ok());
    }

    #[test]
    fn urls_and_repositories_are_told_apart_as_buildkit_does() {
        assert!(is_url("https://example.com/a.tar.gz"));
        assert!(is_git("https://github.com/moby/buildkit.git#v0.10.1"));
        assert!(is_git("git@github.com:moby/buildkit.git"));
        assert!(!is_url("https://github.com/moby/buildkit.git"));
        assert!(!is_git("a.git") && !is_url("a.git"));
        assert_eq!(CopySource::url("https://example.com/d/a.tgz?x=/y", false).name, "a.tgz");
        assert_eq!(CopySource::url("https://example.com", false).name, "__unnamed__");
    }
}
