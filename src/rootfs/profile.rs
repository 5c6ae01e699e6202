//! Profiles of common base images, used without reading any image: the paths that all images of a family have in
//! common. It never claims to have seen an image: each fact is an assumption that names the image and its source.
//!
//! A profile is partial. A path that it does not list is unknown, except below a directory that it lists
//! completely.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::{Assumption, Directory, Fact, Known, Leans};
use crate::text::path::is_within;

mod alpine;
mod debian;
mod distroless;
mod family;
mod java;
mod language;
mod redhat;
mod server;
mod tag;

/// The state of a path in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// A directory owned by root with this mode; it may contain more than is listed.
    Dir(u32),
    /// A directory owned by root with this mode; it contains only what is listed.
    Only(u32),
    /// A directory with this mode and this owner; each is `None` if it is not known.
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

/// The source of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A file of a public repository, `owner/name`.
    File(&'static str, &'static str),
    /// A listing of a filesystem that is made with this.
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
pub(crate) struct Config {
    /// USER; empty for root.
    pub(crate) user: &'static str,
    /// WORKDIR.
    pub(crate) working_dir: &'static str,
    /// The known variables; others may be set.
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// The source of the configuration.
    source: Source,
}

/// The facts about the images of a family.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    name: &'static str,
    /// Later ones override earlier ones, as a Dockerfile overrides its base image.
    facts: Vec<&'static Facts>,
    config: Config,
}

impl Profile {
    /// Returns the profile of an image, by the repository as Docker normalizes it and the tag. `None` if its family is
    /// not known, and for Windows.
    pub(crate) fn find(repository: &str, tag: Option<&str>) -> Option<Self> {
        family::find(repository, tag)
    }

    fn new(name: &'static str, config: Config) -> Self {
        Self { name, facts: Vec::new(), config }
    }

    fn with(mut self, facts: impl IntoIterator<Item = &'static Facts>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// Returns the state of a path, listed or absent because nothing can be there.
    fn get(&self, path: &str) -> Option<(Is, Source)> {
        let mut found: Option<(&str, Is, Source)> = None;
        for facts in &self.facts {
            for (at, is) in facts.paths {
                // The nearest path counts, and of the facts about one path the last.
                if found.is_none_or(|(nearest, ..)| at.len() >= nearest.len()) && is_within(at, path) {
                    found = Some((at, *is, facts.source));
                }
            }
        }
        let (nearest, is, source) = found?;
        match is {
            Is::Differs => None,
            _ if nearest == path => Some((is, source)),
            Is::Only(_) | Is::File | Is::Link(_) | Is::Absent => Some((Is::Absent, source)),
            Is::Dir(_) | Is::Owned(..) => None,
        }
    }

    fn below(&self, prefix: &str) -> impl Iterator<Item = &'static str> {
        let paths = self.facts.iter().flat_map(|facts| facts.paths).map(|(path, _)| *path);
        paths.filter(move |path| path.starts_with(prefix) && self.get(path).is_some())
    }
}

/// An image of a family, named by a Dockerfile.
#[derive(Clone, Debug)]
pub(crate) struct ProfiledImage {
    profile: Profile,
    image: String,
    line: usize,
    whole: Arc<Assumption>,
}

impl ProfiledImage {
    /// Returns the image `image` of FROM or `--from` in `line`.
    pub(crate) fn new(profile: Profile, image: &str, line: usize) -> Self {
        Self::said(profile, image, line, "is")
    }

    /// Returns an image of an unknown family that `place` declares to be like `like`, an image of a known one.
    pub(crate) fn like(profile: Profile, image: &str, line: usize, like: &str, place: &str) -> Self {
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

    /// Returns the configuration that is assumed for the image.
    pub(crate) fn config(&self) -> Config {
        self.profile.config
    }

    /// Returns the assumption that the image is of its family. Every fact about it depends on that.
    pub(crate) fn whole(&self) -> &Arc<Assumption> {
        &self.whole
    }

    /// Returns the reason why not everything in the image is known.
    pub(crate) fn why_incomplete(&self) -> Arc<str> {
        format!(
            "image {} is known only by its family (profile {}), which does not list everything in it; \
             give its root filesystem with --rootfs",
            self.image, self.profile.name
        )
        .into()
    }

    /// Returns the fact about `path`.
    pub(super) fn get(self: &Arc<Self>, path: &str) -> Fact {
        let mut leans = Leans::default();
        leans.add(Arc::clone(&self.whole));
        let Some((is, source)) = self.profile.get(path) else {
            return Fact { known: Known::Unknown(self.why_incomplete()), leans };
        };
        leans.add_listed(Listed { image: Arc::clone(self), path: path.into(), is, source });
        Fact { known: known(is), leans }
    }

    /// Returns the paths below `prefix` that the profile has a fact about, including absent ones.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = &'static str> {
        self.profile.below(prefix)
    }
}

/// The assumption that an image has what its profile lists.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    image: Arc<ProfiledImage>,
    path: Arc<str>,
    is: Is,
    source: Source,
}

impl Listed {
    /// Returns the line of the Dockerfile that names the image.
    pub(super) fn line(&self) -> usize {
        self.image.line
    }

    /// Returns the assumption.
    pub(super) fn assumption(&self) -> Assumption {
        let ProfiledImage { image, line, profile, .. } = &*self.image;
        let said = said(&self.path, self.is);
        let message =
            format!("image {image} (line {line}) has {said} (profile {}: {})", profile.name, self.source);
        Assumption::new(*line, Arc::clone(&self.path), message)
    }

    /// Orders assumptions by their path. Equal ones are about the same image.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let path = self.path.cmp(&other.path);
        path.then_with(|| Arc::as_ptr(&self.image).cmp(&Arc::as_ptr(&other.image)))
    }
}

/// Returns a fact.
fn known(is: Is) -> Known {
    let directory = |mode, owner| Known::Dir(Directory { mode, owner, xattrs: Some(false) });
    match is {
        Is::Dir(mode) | Is::Only(mode) => directory(Some(mode), Some((0, 0))),
        Is::Owned(mode, owner) => directory(mode, owner),
        Is::File => Known::File,
        Is::Link(target) => Known::Symlink(target.into()),
        Is::Absent => Known::Absent,
        Is::Differs => Known::Unknown("it differs".into()),
    }
}

/// Returns what an assumption says of a fact.
fn said(path: &str, is: Is) -> String {
    match is {
        Is::Dir(mode) | Is::Only(mode) => format!("{path} as a directory {mode:04o} of root"),
        Is::Owned(mode, owner) => {
            let mode_said = mode.map(|mode| format!(" {mode:04o}")).unwrap_or_default();
            let owner_said = owner.map(|(uid, gid)| format!(" of {uid}:{gid}")).unwrap_or_default();
            format!("{path} as a directory{mode_said}{owner_said}")
        }
        Is::File => format!("{path} as a file"),
        Is::Link(target) => format!("{path} as a symbolic link to {target}"),
        Is::Absent => format!("nothing at {path}"),
        Is::Differs => format!("something at {path}"),
    }
}
#[cfg(test)]
mod tests;
