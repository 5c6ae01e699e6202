//! The assumptions of a fact. What facts have in common they share, and sentences are made when a person reads them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::Assumption;
use super::assumption::{Saying, Sentence};
use super::log::Spared;
use super::profile::Listed;
use crate::budget::{STORED, spend};

/// The number of assumptions that are moved for a unit of work.
const MOVED: usize = 4;

/// The most assumptions that are copied from one list to another. A longer list becomes part of the other one.
const MOST_COPIED: usize = 16;

/// The assumptions of a fact, without duplicates.
#[derive(Clone, Debug, Default)]
pub struct Leans(Option<Arc<Vec<Lean>>>);

/// The place of a list, by which parts that are the same are known.
type Address = Option<*const Vec<Lean>>;

/// One or more assumptions.
#[derive(Clone, Debug)]
enum Lean {
    /// This one.
    One(Arc<Assumption>),
    /// Commands leave a path as it is.
    Run(Spared),
    /// An image has what its profile lists.
    Listed(Listed),
    /// All of another fact.
    All(Leans),
    /// Those of a fact about the image that another Dockerfile builds.
    Elsewhere(Arc<str>, Leans),
}

impl Lean {
    /// Orders assumptions. Equal ones are the same.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Lean::One(one), Lean::One(other)) if Arc::ptr_eq(one, other) => Ordering::Equal,
            (Lean::One(one), Lean::One(other)) => one.cmp(other),
            (Lean::Run(one), Lean::Run(other)) => one.compare(other),
            (Lean::Listed(one), Lean::Listed(other)) => one.compare(other),
            (Lean::All(one), Lean::All(other)) => one.address().cmp(&other.address()),
            (Lean::Elsewhere(one, of), Lean::Elsewhere(other, others)) => {
                one.cmp(other).then_with(|| of.address().cmp(&others.address()))
            }
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Lean::One(_) => 0,
            Lean::Run(_) => 1,
            Lean::Listed(_) => 2,
            Lean::All(_) => 3,
            Lean::Elsewhere(..) => 4,
        }
    }

    /// Merges another one into this one, if both are one run. Returns true if it did.
    fn join(&mut self, other: &mut Self) -> bool {
        match (self, other) {
            (Lean::Run(one), Lean::Run(other)) => one.join(other),
            _ => false,
        }
    }
}

impl Leans {
    /// Adds an assumption.
    pub(crate) fn add(&mut self, assumption: Arc<Assumption>) {
        self.insert(Lean::One(assumption));
    }

    /// Adds the assumption that commands leave a path as it is.
    pub(super) fn add_run(&mut self, spared: Spared) {
        self.insert(Lean::Run(spared));
    }

    /// Adds the assumption that an image has what its profile lists.
    pub(super) fn add_listed(&mut self, listed: Listed) {
        self.insert(Lean::Listed(listed));
    }

    fn insert(&mut self, mut lean: Lean) {
        let shared = self.0.get_or_insert_default();
        let Err(at) = shared.binary_search_by(|other| other.compare(&lean)) else { return };
        let copied = if Arc::get_mut(shared).is_none() { shared.len() } else { 0 };
        spend(1 + (copied + shared.len() - at) / MOVED);
        let all = Arc::make_mut(shared);
        if at > 0 && all[at - 1].join(&mut lean) {
            return;
        }
        all.insert(at, lean);
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Leans) {
        match (&mut self.0, &other.0) {
            (_, None) => {}
            (mine @ None, Some(theirs)) => *mine = Some(Arc::clone(theirs)),
            (Some(mine), Some(theirs)) if Arc::ptr_eq(mine, theirs) => {}
            (Some(_), Some(theirs)) if theirs.len() > MOST_COPIED => self.insert(Lean::All(other.clone())),
            (Some(mine), Some(theirs)) if mine.len() > MOST_COPIED => {
                let theirs = Arc::clone(theirs);
                if Arc::get_mut(mine).is_none() {
                    *mine = Arc::new(vec![Lean::All(Self(Some(Arc::clone(mine))))]);
                }
                theirs.iter().for_each(|lean| self.insert(lean.clone()));
            }
            (Some(mine), Some(theirs)) => {
                spend((mine.len() + theirs.len()) / MOVED);
                if let Some(all) = union(mine, theirs) {
                    *mine = Arc::new(all);
                }
            }
        }
    }

    /// Adds all of many others.
    pub(crate) fn merge_all<'a>(&mut self, others: impl IntoIterator<Item = &'a Leans>) {
        let mut seen = HashSet::new();
        let mut all: Vec<Lean> = self.leans().to_vec();
        for other in others.into_iter().filter(|other| seen.insert(other.address())) {
            all.extend_from_slice(other.leans());
        }
        spend(1 + all.len() / MOVED);
        all.sort_unstable_by(Lean::compare);
        all.dedup_by(|one, before| one.compare(before) == Ordering::Equal || before.join(one));
        self.0 = (!all.is_empty()).then(|| Arc::new(all));
    }

    /// Returns the same assumptions for a reader of another Dockerfile than `dockerfile`, which they are about.
    pub(crate) fn elsewhere(&self, dockerfile: &Arc<str>) -> Self {
        if self.0.is_none() {
            return Self::default();
        }
        Self(Some(Arc::new(vec![Lean::Elsewhere(Arc::clone(dockerfile), self.clone())])))
    }

    fn address(&self) -> Address {
        self.0.as_ref().map(Arc::as_ptr)
    }

    fn leans(&self) -> &[Lean] {
        self.0.as_ref().map_or(&[], |all| all)
    }

    /// Returns true if nothing is assumed.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns each list of which the assumptions consist once, with the Dockerfile that it is about; `None` is that
    /// of the verdict.
    fn lists(&self) -> Lists<'_> {
        Lists { left: self.0.iter().map(|list| (None, &**list)).collect(), seen: HashSet::new() }
    }

    /// Returns true if nothing but `assumption` is assumed.
    pub(super) fn is_at_most(&self, assumption: &Assumption) -> bool {
        self.lists().flat_map(|(_, list)| list).all(|lean| match lean {
            Lean::One(one) => **one == *assumption,
            Lean::All(_) => true,
            Lean::Run(_) | Lean::Listed(_) | Lean::Elsewhere(..) => false,
        })
    }

    /// Returns the lines that the assumptions are about, of whichever Dockerfile.
    pub(crate) fn lines(&self) -> BTreeSet<usize> {
        let mut lines = BTreeSet::new();
        for lean in self.lists().flat_map(|(_, list)| list) {
            match lean {
                Lean::One(assumption) => drop(lines.insert(assumption.line)),
                Lean::Run(spared) => lines.extend(spared.lines()),
                Lean::Listed(listed) => drop(lines.insert(listed.line())),
                Lean::All(_) | Lean::Elsewhere(..) => {}
            }
        }
        lines
    }

    /// Returns how many sentences [`together`](Self::together) makes, or a few more.
    pub(crate) fn most_sentences(&self) -> usize {
        let sentences = self.lists().flat_map(|(_, list)| list).map(|lean| match lean {
            Lean::One(_) | Lean::Listed(_) => 1,
            Lean::Run(spared) => spared.len(),
            Lean::All(_) | Lean::Elsewhere(..) => 0,
        });
        sentences.sum()
    }

    /// Returns the assumptions in order of line, path and text.
    pub(crate) fn sorted(&self) -> Vec<Assumption> {
        let mut all: Vec<Assumption> = Vec::new();
        for (dockerfile, list) in self.lists() {
            let start = all.len();
            for lean in list {
                match lean {
                    Lean::One(assumption) => all.push((**assumption).clone()),
                    Lean::Run(spared) => all.extend(spared.assumptions()),
                    Lean::Listed(listed) => all.push(listed.assumption()),
                    Lean::All(_) | Lean::Elsewhere(..) => {}
                }
            }
            for assumption in &mut all[start..] {
                assumption.dockerfile = assumption.dockerfile.take().or_else(|| dockerfile.cloned());
            }
        }
        spend(STORED * all.len());
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the assumptions with all paths of the same statement in one sentence, in order of the first path.
    pub(crate) fn together(&self) -> Vec<Sentence> {
        let all = self.sorted();
        let mut paths: HashMap<Saying<'_>, Vec<&str>> = HashMap::new();
        for assumption in &all {
            if let Some(saying) = assumption.saying() {
                paths.entry(saying).or_default().push(&assumption.path);
            }
        }
        let merged = all.iter().filter_map(|assumption| match assumption.saying() {
            Some(saying) => paths.remove(&saying).map(|paths| assumption.sentence(&paths)),
            None => Some(assumption.sentence(&[])),
        });
        merged.collect()
    }
}

/// A walk over the lists of which assumptions consist. It keeps its own stack, since lists nest as deep as a stage is
/// long.
struct Lists<'a> {
    left: Vec<(Option<&'a Arc<str>>, &'a Vec<Lean>)>,
    seen: HashSet<(Option<&'a str>, *const Vec<Lean>)>,
}

impl<'a> Iterator for Lists<'a> {
    type Item = (Option<&'a Arc<str>>, &'a Vec<Lean>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (dockerfile, list) = self.left.pop()?;
            if !self.seen.insert((dockerfile.map(|path| &**path), list)) {
                continue;
            }
            for lean in list {
                match lean {
                    Lean::All(of) => self.left.extend(of.0.iter().map(|list| (dockerfile, &**list))),
                    Lean::Elsewhere(path, of) => {
                        self.left.extend(of.0.iter().map(|list| (Some(path), &**list)));
                    }
                    Lean::One(_) | Lean::Run(_) | Lean::Listed(_) => {}
                }
            }
            return Some((dockerfile, list));
        }
    }
}

/// Lists nest as deep as a stage is long, so they are dropped one after another.
impl Drop for Leans {
    fn drop(&mut self) {
        let mut next = self.0.take();
        let mut left: Vec<Arc<Vec<Lean>>> = Vec::new();
        while let Some(list) = next {
            for lean in Arc::into_inner(list).into_iter().flatten() {
                if let Lean::All(mut of) | Lean::Elsewhere(_, mut of) = lean {
                    left.extend(of.0.take());
                }
            }
            next = left.pop();
        }
    }
}

/// Equal assumptions may be stored in different ways.
impl PartialEq for Leans {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address() || self.sorted() == other.sorted()
    }
}

impl Eq for Leans {}

/// Merges two sorted lists, without duplicates. `None` if the result is the first list.
fn union(mine: &[Lean], theirs: &[Lean]) -> Option<Vec<Lean>> {
    let mut all: Vec<Lean> = Vec::with_capacity(mine.len() + theirs.len());
    let mut is_new = false;
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    loop {
        let order = match (mine.peek(), theirs.peek()) {
            (Some(one), Some(other)) => one.compare(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        if order == Ordering::Equal {
            theirs.next();
        }
        is_new |= order == Ordering::Greater;
        let taken = if order == Ordering::Greater { theirs.next() } else { mine.next() };
        let Some(mut taken) = taken.cloned() else { break };
        if !all.last_mut().is_some_and(|last| last.join(&mut taken)) {
            all.push(taken);
        }
    }
    is_new.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_many_paths_is_one_sentence() {
        let mut leans = Leans::default();
        for path in ["/usr/local", "/opt", "/usr"] {
            leans.add(Arc::new(Assumption::naming(3, "`make` (line 3) leaves ", path, " alone")));
        }
        leans.add(Arc::new(Assumption::naming(4, "`make` (line 4) leaves ", "/opt", " alone")));
        leans.add(Arc::new(Assumption::naming(3, "`make` (line 3) leaves ", "/srv", " absent")));
        leans.add(Arc::new(Assumption::new(3, "/q", "it is a Linux image")));
        let said: Vec<(String, String)> =
            leans.together().into_iter().map(|one| (one.path.to_string(), one.message)).collect();
        let expected = [
            ("/opt", "`make` (line 3) leaves /opt, /usr and /usr/local alone"),
            ("/q", "it is a Linux image"),
            ("/srv", "`make` (line 3) leaves /srv absent"),
            ("/opt", "`make` (line 4) leaves /opt alone"),
        ];
        assert_eq!(said, expected.map(|(path, message)| (path.to_owned(), message.to_owned())));
    }

    #[test]
    fn long_lists_are_shared_and_say_the_same() {
        let one = |line| Arc::new(Assumption::new(line, "/", format!("sentence {line}")));
        let of = |lines: std::ops::Range<usize>| {
            let mut leans = Leans::default();
            lines.for_each(|line| leans.add(one(line)));
            leans
        };
        let (long, other) = (of(0..3 * MOST_COPIED), of(2 * MOST_COPIED..4 * MOST_COPIED));
        let mut merged = long.clone();
        merged.merge(&other);
        merged.merge(&of(5..6));
        merged.merge(&long);
        assert_eq!(merged, of(0..4 * MOST_COPIED));
        assert_eq!(merged.lines().len(), 4 * MOST_COPIED);
        let mut all = Leans::default();
        all.merge_all([&long, &other, &long]);
        assert_eq!(all, merged);
        let elsewhere = all.elsewhere(&"b/Dockerfile".into());
        let mut both = all.clone();
        both.merge(&elsewhere);
        assert_eq!(both.sorted().len(), 8 * MOST_COPIED);
    }
    /// Lists that are in one another are read and dropped without recursion.
    #[test]
    fn lists_may_be_nested_deeply() {
        const DEPTH: usize = 200_000;
        let mut leans = Leans::default();
        leans.add(Arc::new(Assumption::new(1, "/", "sentence 1")));
        for _ in 0..DEPTH {
            leans = Leans(Some(Arc::new(vec![Lean::All(leans)])));
        }
        assert_eq!((leans.sorted().len(), leans.most_sentences()), (1, 1));
        assert_eq!(leans.lines(), BTreeSet::from([1]));
        assert!(leans.is_at_most(&Assumption::new(1, "/", "sentence 1")));
        drop(leans);
    }
}
