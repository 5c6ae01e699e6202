//! The paths that a command names, to be asked for one path at a time. Commands that name the same paths share them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::path::{PathPattern, Reach, is_below};
use crate::budget::spend;

/// Patterns of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathSet(Vec<Arc<[PathPattern]>>);

impl PathSet {
    /// Adds the patterns of another set, which both then share.
    pub(super) fn share(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Returns the patterns. Those of sets that were added may come again.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PathPattern> {
        self.0.iter().flat_map(|patterns| &**patterns)
    }

    /// Removes patterns.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&PathPattern) -> bool) {
        if !self.iter().all(&is_kept) {
            *self = self.iter().filter(|pattern| is_kept(pattern)).cloned().collect();
        }
    }

    /// Returns the strongest way in which any of the patterns and an absolute, clean path lie to each other.
    pub(super) fn reach(&self, path: &str) -> Reach {
        self.0.iter().map(|patterns| reach(patterns, path)).max().unwrap_or(Reach::Elsewhere)
    }
}

impl FromIterator<PathPattern> for PathSet {
    /// Patterns below the path of another one say nothing more, so they are left out.
    fn from_iter<T: IntoIterator<Item = PathPattern>>(patterns: T) -> Self {
        let mut patterns: Vec<PathPattern> = patterns.into_iter().collect();
        patterns.sort_unstable_by(|one, other| {
            (one.is_named().cmp(&other.is_named()))
                .then_with(|| order(one.place(), other.place()))
                .then_with(|| one.cmp(other))
        });
        patterns.dedup_by(|one, before| {
            one == before || (!one.is_named() && is_below(one.place(), before.place()))
        });
        Self(if patterns.is_empty() { Vec::new() } else { vec![patterns.into()] })
    }
}

impl Extend<PathPattern> for PathSet {
    fn extend<T: IntoIterator<Item = PathPattern>>(&mut self, patterns: T) {
        self.share(&patterns.into_iter().collect());
    }
}

/// Returns the strongest way in which the patterns of a set and a path lie to each other. Those of whole paths come first;
/// none of them is below another, so the one that holds the path is the last one before it.
fn reach(patterns: &[PathPattern], path: &str) -> Reach {
    spend(1);
    let named_at = patterns.partition_point(|one| !one.is_named());
    let (whole, named) = patterns.split_at(named_at);
    let after = whole.partition_point(|one| order(one.place(), path) != Ordering::Greater);
    let before = after.checked_sub(1).map(|at| whole[at].place());
    if before.is_some_and(|before| before == path || is_below(path, before)) {
        return Reach::Within;
    }
    let is_above = whole.get(after).is_some_and(|one| is_below(one.place(), path));
    let named = named.iter().map(|one| one.reach(path)).max().unwrap_or(Reach::Elsewhere);
    if is_above { named.max(Reach::Above) } else { named }
}

/// Orders paths by their components, so that what is below a directory follows it.
fn order(one: &str, other: &str) -> Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    one.bytes().map(rank).cmp(other.bytes().map(rank))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path() -> impl Strategy<Value = String> {
        prop_oneof![Just("/".to_owned()), "(/[ab](-|0|b)?){1,3}"]
    }

    fn pattern() -> impl Strategy<Value = PathPattern> {
        let named = (path(), prop_oneof![Just("*"), Just("a*"), Just("?0"), Just("b")]);
        prop_oneof![
            path().prop_map(PathPattern::At),
            named.prop_map(|(directory, name)| PathPattern::Under { directory, name: name.to_owned() }),
        ]
    }

    proptest! {
        #[test]
        fn a_set_reaches_as_far_as_its_patterns(
            patterns in prop::collection::vec(pattern(), 0..12),
            more in prop::collection::vec(pattern(), 0..4),
            path in path(),
        ) {
            let all = patterns.iter().chain(&more);
            let expected = all.map(|pattern| pattern.reach(&path)).max().unwrap_or(Reach::Elsewhere);
            let mut set: PathSet = patterns.iter().cloned().collect();
            set.extend(more.iter().cloned());
            prop_assert_eq!(set.reach(&path), expected);
        }
    }
}
