//! Several ways through a script, and which of them become one.

use super::env::Env;
use super::word::WILDCARD;
use crate::text::pattern::{Part, Pattern};

/// How many ways through a script are told apart.
const WAYS: usize = 8;

/// The ways that are left, none twice. Where they are too many, each group becomes one.
pub(super) fn settled(groups: Vec<Vec<Env>>) -> Vec<Env> {
    let groups: Vec<Vec<Env>> = groups.into_iter().map(distinct).collect();
    if groups.iter().map(Vec::len).sum::<usize>() <= WAYS {
        return distinct(groups.concat());
    }
    let joined = |group: Vec<Env>| group.into_iter().reduce(|one, other| one.join(&other));
    let ways = distinct(groups.into_iter().filter_map(joined).collect());
    if ways.len() > WAYS { joined(ways).into_iter().collect() } else { ways }
}

/// Something was done or not. A single variable that one way sets and the other does not know, or to which one way
/// adds, does not make two ways.
pub(super) fn either(before: &[Env], after: Vec<Env>) -> Vec<Env> {
    if let ([one], [other]) = (before, after.as_slice())
        && one.stands_as(other)
        && let [name] = one.differences(other).as_slice()
    {
        let joined = one.join(other);
        if !joined.is_unknown(name) || one.is_unknown(name) {
            return vec![joined];
        }
    }
    settled(vec![before.iter().cloned().chain(after).collect()])
}

fn distinct(ways: Vec<Env>) -> Vec<Env> {
    let mut kept: Vec<Env> = Vec::new();
    for way in ways {
        if !kept.contains(&way) {
            kept.push(way);
        }
    }
    kept
}

/// One value of a loop: wildcards, and what is wholly unknown, are what the variable of the loop holds.
pub(super) fn each(value: &Pattern, name: &str) -> Pattern {
    if value.as_hole().is_some() {
        return Pattern::hole(name);
    }
    let mut renamed = Pattern::default();
    let mut wildcards = 0;
    for part in value.parts() {
        match part {
            Part::Hole(hole) if hole == WILDCARD => {
                wildcards += 1;
                renamed.push_hole(&if wildcards == 1 {
                    name.to_owned()
                } else {
                    format!("{name}*{wildcards}")
                });
            }
            part => renamed.push(&Pattern::from(part.clone())),
        }
    }
    renamed
}
