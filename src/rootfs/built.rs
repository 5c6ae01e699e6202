//! An image that another Dockerfile of the same repository builds: the filesystem at the end of that build.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use super::{Account, AccountEntry, Assumption, Fact, Known, Leans, Listing, Rootfs};

/// The filesystem at the end of a build of another Dockerfile. Its facts are stored, because every Dockerfile that
/// starts from it reads them.
#[derive(Debug)]
pub(crate) struct EndFilesystem {
    rootfs: Rootfs,
    /// The Dockerfile, named in assumptions that are shown elsewhere.
    dockerfile: Arc<str>,
    facts: Mutex<HashMap<String, Fact>>,
    listings: Mutex<HashMap<String, Listing>>,
}

impl EndFilesystem {
    /// Returns the result of `dockerfile`.
    pub(crate) fn new(rootfs: Rootfs, dockerfile: Arc<str>) -> Self {
        Self { rootfs, dockerfile, facts: Mutex::default(), listings: Mutex::default() }
    }

    /// Returns the known state, in terms of its own Dockerfile.
    pub(crate) fn rootfs(&self) -> &Rootfs {
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
        let fact = Fact { known, leans: leans.elsewhere(&self.dockerfile) };
        facts.insert(path.to_owned(), fact.clone());
        fact
    }

    /// Returns all that is known to be below `path`.
    fn below(&self, path: &str) -> Listing {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = listings.get(path) {
            return listing.clone();
        }
        let Listing { entries, leans, incomplete } = self.rootfs.below(path);
        let leans = leans.elsewhere(&self.dockerfile);
        let listing = Listing { entries, leans, incomplete: incomplete.map(|why| self.elsewhere(&why)) };
        listings.insert(path.to_owned(), listing.clone());
        listing
    }

    /// Returns a sentence about another Dockerfile's lines, for a reader of this one.
    fn elsewhere(&self, sentence: &str) -> Arc<str> {
        format!("{sentence}, in {}", self.dockerfile).into()
    }
}

/// An image that another Dockerfile of the same repository builds, as a FROM or a `--from` names it.
#[derive(Clone, Debug)]
pub(crate) struct BuiltImage {
    end: Arc<EndFilesystem>,
    /// The assumption that the named image was built like this; `None` if that is settled.
    whole: Option<Arc<Assumption>>,
}

impl BuiltImage {
    /// Returns an image named in a line of a Dockerfile, with the assumption `whole`.
    pub(crate) fn new(end: Arc<EndFilesystem>, whole: Option<Arc<Assumption>>) -> Self {
        Self { end, whole }
    }

    pub(super) fn get(&self, path: &str) -> Fact {
        let mut fact = self.end.get(path);
        self.assume(&mut fact.leans);
        fact
    }

    /// Returns all that is known to be below `path`.
    pub(super) fn below(&self, path: &str) -> Listing {
        let mut listing = self.end.below(path);
        self.assume(&mut listing.leans);
        listing
    }

    fn assume(&self, leans: &mut Leans) {
        self.whole.iter().for_each(|whole| leans.add(Arc::clone(whole)));
    }

    /// Returns true if any directory is known to have extended attributes, or the reason why that is not known.
    pub(super) fn has_xattrs(&self) -> Result<bool, Arc<str>> {
        self.end.rootfs.has_xattrs().map_err(|why| self.end.elsewhere(&why))
    }

    /// Returns true if a program of this name may be in another directory than the system's.
    pub(super) fn may_have_other_program(&self, name: &str) -> bool {
        self.end.rootfs.may_have_other_program(name)
    }

    /// Returns an account, with the assumptions.
    pub(super) fn account(&self, account: &Account) -> Option<(AccountEntry, Leans)> {
        let (entry, leans) = self.end.rootfs.account(account)?;
        let mut leans = leans.elsewhere(&self.end.dockerfile);
        self.assume(&mut leans);
        Some((entry, leans))
    }
}
