//! The rows of a job's matrix, as far as the file lists them. It never makes more of them than GitHub does.

use super::super::document::{Node, Value};
use crate::budget::store;

/// The most jobs that GitHub makes from one matrix.
const MOST_ROWS: usize = 256;

/// The values of `matrix` for one job.
#[derive(Clone, Debug, Default)]
pub(in crate::builds) struct Row {
    values: Vec<(String, Node)>,
    /// True if the row has no other keys. A key that is missing in a whole row is empty; otherwise it is unknown.
    pub(crate) is_whole: bool,
}

impl Row {
    /// Returns the bytes of the values.
    pub(super) fn bytes(&self) -> usize {
        self.values.iter().map(|(key, value)| key.len() + value.bytes()).sum()
    }

    /// Returns the value of a key; `a.b` is a nested key.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        let mut keys = path.split('.');
        let first = keys.next()?;
        let (_, value) = self.values.iter().find(|(key, _)| key == first)?;
        keys.try_fold(value, |node, key| node.get(key))
    }

    fn fits(&self, key: &str, value: &Node) -> bool {
        self.values.iter().all(|(other, own)| other != key || same(own, value))
    }
}

/// Returns true if two values are equal, regardless of their lines.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        (one, other) => one == other,
    }
}

/// Returns the rows of `strategy.matrix`: the product of its lists without `exclude`, then `include`. A key is left out
/// of the rows if only a run knows its list, or if it makes too many rows.
pub(in crate::builds) fn rows(matrix: Option<&Node>) -> Vec<Row> {
    let Some(matrix) = matrix.filter(|matrix| !matrix.entries().is_empty()) else {
        return vec![Row::default()];
    };
    let lists = || matrix.entries().iter().filter(|entry| entry.key != "include" && entry.key != "exclude");
    let mut product = vec![Row { values: Vec::new(), is_whole: true }];
    for entry in lists() {
        let items = entry.value.items();
        if items.is_empty() || product.len() * items.len() > MOST_ROWS {
            leave_open(&mut product);
            continue;
        }
        let sizes: usize = items.iter().map(Node::bytes).sum();
        let rows: usize = product.iter().map(Row::bytes).sum();
        store(product.len() * sizes + items.len() * rows);
        let with = |row: &Row, item: &Node| {
            let mut row = row.clone();
            row.values.push((entry.key.clone(), item.clone()));
            row
        };
        product = product.iter().flat_map(|row| items.iter().map(move |item| with(row, item))).collect();
    }
    let list = |key| matrix.get(key).map(Node::items).unwrap_or_default();
    product.retain(|row| {
        let excluded = |entry: &Node| {
            let has = |key: &str, value| row.get(key).is_some_and(|own| same(own, value));
            !entry.entries().is_empty() && entry.entries().iter().all(|entry| has(&entry.key, &entry.value))
        };
        !list("exclude").iter().any(excluded)
    });
    if lists().next().is_none() {
        product.clear();
    }
    if matrix.get("include").is_some_and(|include| include.items().is_empty()) {
        leave_open(&mut product);
        product.push(Row::default());
    }
    include(&product, list("include"))
}

fn leave_open(rows: &mut [Row]) {
    for row in rows {
        row.is_whole = false;
    }
}

/// Adds the items of `include`: each to the rows of the product that it does not contradict, or as a row of its own.
fn include(product: &[Row], entries: &[Node]) -> Vec<Row> {
    let mut rows = product.to_vec();
    for entry in entries {
        store(entry.bytes() * rows.len().max(1));
        let entries = entry.entries();
        let mut is_added = false;
        for (row, original) in rows.iter_mut().zip(product) {
            if !entries.iter().all(|entry| original.fits(&entry.key, &entry.value)) {
                continue;
            }
            is_added = true;
            for entry in entries {
                row.values.retain(|(key, _)| *key != entry.key);
                row.values.push((entry.key.clone(), entry.value.clone()));
            }
        }
        if !is_added && rows.len() < MOST_ROWS {
            let values = entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
            rows.push(Row { values, is_whole: true });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml;
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let node = yaml::documents(text).unwrap().swap_remove(0);
        let mut shown: Vec<String> = Vec::new();
        for row in rows(Some(&node)) {
            let mut values: Vec<_> =
                row.values.iter().map(|(key, value)| format!("{key}={}", value.text().unwrap())).collect();
            values.sort();
            shown.push(format!("{}{}", values.join(" "), if row.is_whole { "" } else { " …" }));
        }
        shown
    }

    #[test]
    fn rows_are_a_product_without_what_is_excluded() {
        let text = "os: [a, b]\nv: [1, 2]\nexclude:\n- {os: a, v: 2}\n";
        assert_eq!(shown(text), ["os=a v=1", "os=b v=1", "os=b v=2"]);
    }

    #[test]
    fn included_values_join_what_they_do_not_contradict() {
        // The example in GitHub's documentation.
        let text = "\
fruit: [apple, pear]
animal: [cat, dog]
include:
  - color: green
  - color: pink
    animal: cat
  - fruit: apple
    shape: circle
  - fruit: banana
  - fruit: banana
    animal: cat
";
        let rows = [
            "animal=cat color=pink fruit=apple shape=circle",
            "animal=dog color=green fruit=apple shape=circle",
            "animal=cat color=pink fruit=pear",
            "animal=dog color=green fruit=pear",
            "fruit=banana",
            "animal=cat fruit=banana",
        ];
        assert_eq!(shown(text), rows);
        assert_eq!(shown("include:\n- {a: 1}\n- {a: 2, b: 3}\n"), ["a=1", "a=2 b=3"]);
    }

    #[test]
    fn lists_that_only_a_run_would_tell_leave_rows_open() {
        assert_eq!(shown("a: [1]\nb: ${{ fromJSON(needs.x.outputs.y) }}\n"), ["a=1 …"]);
        assert_eq!(shown("include: ${{ fromJSON(inputs.x) }}\n"), [" …"]);
        let many = (0..300).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(shown(&format!("a: [1, 2]\nb: [{many}]\n")), ["a=1 …", "a=2 …"]);
        assert!(!rows(None)[0].is_whole);
    }
}
