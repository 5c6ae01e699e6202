//! What is known of common base images without reading any of them: the paths that all images of a family have
//! alike. It never claims to have seen an image: each fact is an assumption that names the image and its source.
//!
//! A profile is partial. A path that it does not list is unknown, except below a directory of which it says that
//! nothing else is in it.

use std::fmt;
use std::sync::Arc;

use super::{Assumption, Directory, Fact, Known, Leans, ancestors};

mod alpine;
mod debian;
mod distroless;
mod family;
mod java;
mod language;
mod redhat;
mod server;
mod tag;

/// What a profile says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// A directory of root with this mode; what it holds is not known beyond what is listed.
    Dir(u32),
    /// A directory of root with this mode, and nothing is in it but what is listed.
    Only(u32),
    /// A directory with this mode, where that is known, and owner, where that is known.
    Owned(Option<u32>, Option<(u32, u32)>),
    /// A regular file.
    File,
    /// A symbolic link with this target.
    Link(&'static str),
    /// Nothing.
    Absent,
    /// It differs from image to image of the family.
    Differs,
}

/// Where facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A file of a public repository, `owner/name`.
    File(&'static str, &'static str),
    /// A listing of a filesystem that this makes.
    Listing(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(repository, path) => write!(f, "{repository} {path}"),
            Source::Listing(of) => write!(f, "listing of {of}"),
        }
    }
}

/// Facts of one source.
#[derive(Debug)]
struct Facts {
    source: Source,
    paths: &'static [(&'static str, Is)],
}

/// The configuration that the images of a family share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// USER; empty for root.
    pub user: &'static str,
    /// WORKDIR.
    pub working_dir: &'static str,
    /// Variables that are known; others may be set.
    pub env: &'static [(&'static str, &'static str)],
    /// What tells it.
    source: Source,
}

/// What is known of the images of a family.
#[derive(Clone, Debug)]
pub struct Profile {
    name: &'static str,
    /// Later ones overrule earlier ones, as a Dockerfile overrules its base.
    facts: Vec<&'static Facts>,
    config: Config,
}

impl Profile {
    /// The family of an image, by the repository as Docker normalises it and the tag. None for images of no
    /// family that is known, and for Windows.
    pub fn find(repository: &str, tag: Option<&str>) -> Option<Self> {
        family::find(repository, tag)
    }

    fn new(name: &'static str, config: Config) -> Self {
        Self { name, facts: Vec::new(), config }
    }

    fn with(mut self, facts: impl IntoIterator<Item = &'static Facts>) -> Self {
        self.facts.extend(facts);
        self
    }

    fn listed(&self, path: &str) -> Option<(Is, Source)> {
        self.facts.iter().rev().find_map(|facts| {
            facts.paths.iter().find(|(at, _)| *at == path).map(|(_, is)| (*is, facts.source))
        })
    }

    /// What is at a path, by itself or since nothing can be there.
    fn get(&self, path: &str) -> Option<(Is, Source)> {
        if let Some(listed) = self.listed(path) {
            return Some(listed).filter(|(is, _)| *is != Is::Differs);
        }
        let (above, source) = ancestors(path).rev().find_map(|ancestor| self.listed(ancestor))?;
        match above {
            Is::Only(_) | Is::File | Is::Link(_) | Is::Absent => Some((Is::Absent, source)),
            Is::Dir(_) | Is::Owned(..) | Is::Differs => None,
        }
    }

    fn below(&self, prefix: &str) -> impl Iterator<Item = &'static str> {
        let paths = self.facts.iter().flat_map(|facts| facts.paths).map(|(path, _)| *path);
        paths.filter(move |path| path.starts_with(prefix) && self.get(path).is_some())
    }
}

/// An image of a family, where a Dockerfile names it.
#[derive(Clone, Debug)]
pub struct ProfiledImage {
    profile: Profile,
    image: String,
    line: usize,
    whole: Arc<Assumption>,
}

impl ProfiledImage {
    /// The image `image` of FROM or `--from` in `line`.
    pub fn new(profile: Profile, image: &str, line: usize) -> Self {
        Self::said(profile, image, line, "is")
    }

    /// The same of an image of no known family, of which `place` says that it is like the image `like` of one.
    pub fn like(profile: Profile, image: &str, line: usize, like: &str, place: &str) -> Self {
        Self::said(profile, image, line, &format!("is like {like}, as {place} says,"))
    }

    fn said(profile: Profile, image: &str, line: usize, is: &str) -> Self {
        let Config { user, working_dir, source, .. } = profile.config;
        let user = if user.is_empty() { "root" } else { user };
        let message = format!(
            "image {image} (line {line}) {is} a Linux image that starts in {working_dir} as {user} and sets the \
             variables of its family (profile {}: {source})",
            profile.name
        );
        let whole = Arc::new(Assumption::new(line, "/", message));
        Self { profile, image: image.into(), line, whole }
    }

    /// The configuration that it is assumed to have.
    pub fn config(&self) -> Config {
        self.profile.config
    }

    /// That it is of its family at all. Everything that is said of it leans on that.
    pub fn whole(&self) -> &Arc<Assumption> {
        &self.whole
    }

    /// Why not all of it is known.
    pub fn why_incomplete(&self) -> Arc<str> {
        format!(
            "image {} is known by its family alone (profile {}), which does not tell all that is in it; \
             --rootfs does",
            self.image, self.profile.name
        )
        .into()
    }

    /// What is at `path`.
    pub(super) fn get(&self, path: &str) -> Fact {
        let mut leans = Leans::default();
        leans.add(Arc::clone(&self.whole));
        let Some((is, source)) = self.profile.get(path) else {
            return Fact { known: Known::Unknown(self.why_incomplete()), leans };
        };
        let (known, said) = known(path, is);
        let message = format!(
            "image {} (line {}) has {said} (profile {}: {source})",
            self.image, self.line, self.profile.name
        );
        leans.add(Arc::new(Assumption::new(self.line, path, message)));
        Fact { known, leans }
    }

    /// The paths below `prefix` that the profile tells something of, be it that nothing is there.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = &'static str> {
        self.profile.below(prefix)
    }
}

/// A fact, and the words for it.
fn known(path: &str, is: Is) -> (Known, String) {
    match is {
        Is::Dir(mode) | Is::Only(mode) => (
            Known::Dir(Directory { mode: Some(mode), owner: Some((0, 0)), xattrs: Some(false) }),
            format!("{path} as a directory {mode:04o} of root"),
        ),
        Is::Owned(mode, owner) => {
            let mode_said = mode.map(|mode| format!(" {mode:04o}")).unwrap_or_default();
            let owner_said = owner.map(|(uid, gid)| format!(" of {uid}:{gid}")).unwrap_or_default();
            (
                Known::Dir(Directory { mode, owner, xattrs: Some(false) }),
                format!("{path} as a directory{mode_said}{owner_said}"),
            )
        }
        Is::File => (Known::File, format!("{path} as a file")),
        Is::Link(target) => (Known::Symlink(target.into()), format!("{path} as a symbolic link to {target}")),
        Is::Absent => (Known::Absent, format!("nothing at {path}")),
        Is::Differs => (Known::Unknown("it differs".into()), format!("something at {path}")),
    }
}

#[cfg(test)]
mod tests;
