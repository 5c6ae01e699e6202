//! An image that another Dockerfile of the same repository builds: the filesystem at the end of that build.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Assumption, Fact, Known, Leans, Listing, Rootfs};

/// The filesystem at the end of a build of another Dockerfile. Its facts are asked for again and again, by every
/// Dockerfile that starts from it.
#[derive(Debug)]
pub struct EndFilesystem {
    rootfs: Rootfs,
    /// The Dockerfile, for those who read of it elsewhere.
    dockerfile: Arc<str>,
    facts: Mutex<HashMap<String, Fact>>,
    listings: Mutex<HashMap<String, Listing>>,
}

impl EndFilesystem {
    /// What `dockerfile` leaves.
    pub fn new(rootfs: Rootfs, dockerfile: Arc<str>) -> Self {
        Self { rootfs, dockerfile, facts: Mutex::default(), listings: Mutex::default() }
    }

    /// What is known of it, in the words of its own Dockerfile.
    pub fn rootfs(&self) -> &Rootfs {
        &self.rootfs
    }

    fn get(&self, path: &str) -> Fact {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fact) = facts.get(path) {
            return fact.clone();
        }
        let Fact { known, leans } = self.rootfs.get(path);
        let known = match known {
            Known::Unknown(why) => Known::Unknown(self.elsewhere(&why)),
            known => known,
        };
        let fact = Fact { known, leans: self.leans_elsewhere(&leans) };
        facts.insert(path.to_owned(), fact.clone());
        fact
    }

    /// All that is known to lie below `path`.
    fn below(&self, path: &str) -> Listing {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = listings.get(path) {
            return listing.clone();
        }
        let Listing { entries, leans, incomplete } = self.rootfs.below(path);
        let leans = self.leans_elsewhere(&leans);
        let listing = Listing { entries, leans, incomplete: incomplete.map(|why| self.elsewhere(&why)) };
        listings.insert(path.to_owned(), listing.clone());
        listing
    }

    /// A sentence about another Dockerfile's lines, for a reader of this one.
    fn elsewhere(&self, sentence: &str) -> Arc<str> {
        format!("{sentence}, in {}", self.dockerfile).into()
    }

    fn leans_elsewhere(&self, leans: &Leans) -> Leans {
        let mut said = Leans::default();
        for assumption in leans.iter() {
            let mut assumption = assumption.clone();
            assumption.dockerfile.get_or_insert_with(|| Arc::clone(&self.dockerfile));
            said.add(Arc::new(assumption));
        }
        said
    }
}

/// An image that another Dockerfile of the same repository builds, as a FROM or a `--from` names it.
#[derive(Clone, Debug)]
pub struct BuiltImage {
    end: Arc<EndFilesystem>,
    /// That the image which the name means was built so.
    whole: Arc<Assumption>,
}

impl BuiltImage {
    /// An image named in a line of a Dockerfile, of which `whole` is assumed.
    pub fn new(end: Arc<EndFilesystem>, whole: Arc<Assumption>) -> Self {
        Self { end, whole }
    }

    pub(super) fn get(&self, path: &str) -> Fact {
        let mut fact = self.end.get(path);
        fact.leans.add(Arc::clone(&self.whole));
        fact
    }

    /// All that is known to lie below `path`.
    pub(super) fn below(&self, path: &str) -> Listing {
        let mut listing = self.end.below(path);
        listing.leans.add(Arc::clone(&self.whole));
        listing
    }

    pub(super) fn has_xattrs(&self) -> bool {
        self.end.rootfs.has_xattrs()
    }

    /// A file of accounts, with what it leans on.
    pub(super) fn account_file(&self, path: &str) -> Option<(&[u8], Leans)> {
        let (bytes, leans) = match path {
            "/etc/passwd" => self.end.rootfs.passwd()?,
            _ => self.end.rootfs.group()?,
        };
        let mut leans = self.end.leans_elsewhere(&leans);
        leans.add(Arc::clone(&self.whole));
        Some((bytes, leans))
    }
}
