//! A part of the files to verify, for one job of a workflow.

use std::str::FromStr;

/// A part of the files to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, counted from 1.
    number: usize,
    /// The number of parts.
    count: usize,
}

impl Shard {
    /// Returns the items of this part. The sizes of the parts differ by at most one.
    pub(super) fn of<T>(self, all: Vec<T>) -> Vec<T> {
        let mine = |at: usize| at % self.count == self.number - 1;
        all.into_iter().enumerate().filter(|(at, _)| mine(*at)).map(|(_, one)| one).collect()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, count)| Some((number.parse::<usize>().ok()?, count.parse::<usize>().ok()?)));
        match numbers {
            Some((number, count)) if (1..=count).contains(&number) => Ok(Self { number, count }),
            _ => Err("expected I/N, for instance 1/4 for the first of four parts".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_whole() {
        let all: Vec<usize> = (0..60).collect();
        let mut together = Vec::new();
        for number in 1..=7 {
            let part = format!("{number}/7").parse::<Shard>().unwrap().of(all.clone());
            assert!((8..=9).contains(&part.len()));
            together.extend(part);
        }
        together.sort_unstable();
        assert_eq!(together, all);
        assert_eq!("1/1".parse::<Shard>().unwrap().of(all.clone()), all);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "1", "0/4", "5/4", "a/b", "1/0", "1/4/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
