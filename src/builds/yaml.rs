//! YAML with lines. It never expands aliases beyond a size limit.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::document::{KeyValue, Node, Value, printed};
use super::{Unreadable, checked_size};
use crate::budget::spend;

/// The deepest nesting of lists and maps.
const DEEPEST: usize = 100;
/// The largest size of a file after all aliases are expanded, in bytes: a few bytes of nested aliases could expand to
/// gigabytes.
const MOST: usize = 32 << 20;
/// The most lines of a file that are indented.
const MOST_REPAIRS: usize = 64;
/// Deeper than any other indentation.
const INDENT: &str = "                                                                                ";
/// The size of a value besides its text.
const COST: usize = 64;

/// Parses the documents of a text. Aliases are expanded and merge keys (`<<`) are merged; if a map has a key twice,
/// both are kept.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Unreadable> {
    checked_size(text)?;
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    for _ in 0..MOST_REPAIRS {
        match read(&text) {
            Err(error) => match indented(&text, &error) {
                Some(repaired) => text = Cow::Owned(repaired),
                None => return Err(error),
            },
            read => return read,
        }
    }
    read(&text)
}

fn read(text: &str) -> Result<Vec<Node>, Unreadable> {
    // A byte of YAML costs about a unit.
    spend(text.len());
    let mut parser = Parser::new_from_str(text);
    let mut tree = Tree::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| Unreadable {
            line: error.marker().line(),
            message: format!("not valid YAML: {}", error.info()),
        })?;
        tree.take(event, span)?;
    }
    Ok(tree.documents)
}

/// Returns the text with a line indented, if the error asks only for that. YAML 1.2 requires each line of a list in
/// brackets and of a quoted text to be indented deeper than its parent; compose and GitHub accept any indentation. Both
/// ignore the blanks.
fn indented(text: &str, error: &Unreadable) -> Option<String> {
    let closes = |line: &str| line.trim_start().starts_with([']', '}']);
    let at = if error.message.contains("indentation in quoted scalar") {
        let below = text.split_inclusive('\n').enumerate().skip(error.line);
        below.into_iter().find(|(_, line)| !line.starts_with(INDENT)).map(|(at, _)| at)?
    } else if error.message.contains("invalid indentation") {
        error.line.checked_sub(1)?
    } else {
        return None;
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = lines.get(at).filter(|line| !line.starts_with(INDENT))?;
    if at + 1 == error.line && !closes(line) {
        return None;
    }
    Some([&lines[..at].concat(), INDENT, &lines[at..].concat()].concat())
}

/// The values that are read so far.
#[derive(Default)]
struct Tree {
    documents: Vec<Node>,
    /// The lists and maps that are open, outermost first.
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    cost: usize,
}

/// An open list or map.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, with its line.
    key: Option<(Node, bool)>,
    cost_before: usize,
}

impl Tree {
    fn take(&mut self, event: Event, span: Span) -> Result<(), Unreadable> {
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let tag = local(tag.as_deref());
                let blank = text.bytes().take_while(|&b| b == b'\n').count();
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let first = if is_block { line.saturating_sub(blank).max(1) } else { line };
                let value = if plain { printed(&text) } else { Value::Text(text.into_owned()) };
                let cost = match &value {
                    Value::Text(text) => COST + text.len(),
                    _ => COST,
                };
                self.pay(cost, line)?;
                self.close(Node { line: first, value, tag }, anchor, cost, plain)?;
            }
            Event::Alias(anchor) => {
                // Only a list or map that contains itself has an alias without a value.
                let null = || (Node::new(line, Value::Null), COST);
                let (node, cost) = self.anchors.get(&anchor).cloned().unwrap_or_else(null);
                self.pay(cost, line)?;
                self.close(node, 0, cost, false)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(
                    Node { tag: local(tag.as_deref()), ..Node::new(line, Value::List(Vec::new())) },
                    anchor,
                )?;
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(
                    Node { tag: local(tag.as_deref()), ..Node::new(line, Value::Map(Vec::new())) },
                    anchor,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.open.pop() {
                    if let Value::Map(entries) = &mut open.node.value {
                        let cost = merge(entries);
                        self.pay(cost, line)?;
                    }
                    self.close(open.node, open.anchor, self.cost - open.cost_before, false)?;
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn pay(&mut self, cost: usize, line: usize) -> Result<(), Unreadable> {
        self.cost += cost;
        if self.cost > MOST {
            return Err(Unreadable { line, message: "its aliases expand to too much data".into() });
        }
        Ok(())
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Unreadable> {
        let line = node.line;
        if self.open.len() == DEEPEST {
            return Err(Unreadable {
                line,
                message: format!("lists and maps are nested more than {DEEPEST} deep"),
            });
        }
        let cost_before = self.cost;
        self.pay(COST, line)?;
        self.open.push(Open { node, anchor, key: None, cost_before });
        Ok(())
    }

    /// Adds a complete value to its list, map or document.
    fn close(&mut self, node: Node, anchor: usize, cost: usize, plain: bool) -> Result<(), Unreadable> {
        if anchor > 0 {
            self.pay(cost, node.line)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                None => open.key = Some((node, plain)),
                Some((key, plain)) => {
                    let text = match key.value {
                        Value::Text(text) if text != "<<" || plain => text,
                        // Such a key is never looked up.
                        Value::Text(_) => "\"<<\"".into(),
                        _ => String::new(),
                    };
                    entries.push(KeyValue { key: text, line: key.line, value: node });
                }
            },
            Value::Null | Value::Text(_) => {}
        }
        Ok(())
    }
}

/// Returns a tag of the file's own, such as `!reset`.
fn local(tag: Option<&Tag>) -> Option<String> {
    tag.filter(|tag| tag.handle == "!").map(|tag| format!("!{}", tag.suffix))
}

/// Resolves merge keys: adds the keys that the map does not have itself, each from the first map that has it. Their
/// line is that of the merge key. Returns the size of the added values.
fn merge(entries: &mut Vec<KeyValue>) -> usize {
    if entries.iter().all(|entry| entry.key != "<<") {
        return 0;
    }
    let (merges, mut kept): (Vec<KeyValue>, Vec<KeyValue>) =
        std::mem::take(entries).into_iter().partition(|entry| entry.key == "<<");
    let before = kept.len();
    let mut keys: HashSet<String> = kept.iter().map(|entry| entry.key.clone()).collect();
    for merge in merges {
        let maps = match &merge.value.value {
            Value::List(maps) => maps.as_slice(),
            _ => std::slice::from_ref(&merge.value),
        };
        for entry in maps.iter().flat_map(Node::entries) {
            if keys.insert(entry.key.clone()) {
                kept.push(KeyValue { line: merge.line, ..entry.clone() });
            }
        }
    }
    let cost = (kept.len() - before) * COST;
    *entries = kept;
    cost
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn first(text: &str) -> Node {
        documents(text).unwrap().swap_remove(0)
    }

    fn refused(text: &str) -> Unreadable {
        documents(text).unwrap_err()
    }

    #[test]
    fn values_know_their_lines() {
        let node = first("# x\na:\n  b: 1\n  c: |\n\n    one\n    two\nd: [x,\n  y]\n");
        assert_eq!(node.entry("a").unwrap().line, 2);
        assert_eq!(node.at(&["a", "b"]).unwrap().line, 3);
        let block = node.at(&["a", "c"]).unwrap();
        assert_eq!((block.line, block.text()), (5, Some("\none\ntwo\n")));
        let lines: Vec<usize> = node.get("d").unwrap().items().iter().map(|item| item.line).collect();
        assert_eq!(lines, [8, 9]);
    }

    #[test]
    fn merge_keys_bring_what_is_not_there() {
        let node = first("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 5\n");
        let z = node.get("z").unwrap();
        let texts: Vec<_> = ["a", "b", "c"].iter().map(|key| z.get(key).unwrap().text().unwrap()).collect();
        assert_eq!(texts, ["5", "2", "4"]);
        assert_eq!(z.entry("b").unwrap().line, 4);
        assert!(z.get("<<").is_none());
    }

    #[test]
    fn documents_are_read_one_by_one() {
        let both = documents("\u{feff}a: &x 1\n---\nb: 2\n").unwrap();
        assert_eq!(both[0].get("a").unwrap().text(), Some("1"));
        assert_eq!(both[1].entry("b").unwrap().line, 3);
        assert!(documents("").unwrap().is_empty());
    }

    #[test]
    fn brackets_and_quoted_texts_may_end_where_they_like() {
        let node = first(
            "a:\n  b: [\n    1,\n  ]\n  c: {\n    x: 1\n  }\n  d: \"one\\\n  two\\\n  three\"\n  e: 2\n",
        );
        assert_eq!(node.at(&["a", "b"]).unwrap().items().len(), 1);
        assert_eq!(node.at(&["a", "d"]).unwrap().text(), Some("onetwothree"));
        assert_eq!(node.get("a").unwrap().entry("e").unwrap().line, 11);
    }

    #[test]
    fn hostile_texts_are_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            writeln!(bomb, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(",")).unwrap();
        }
        assert!(refused(&bomb).message.contains("aliases"));
        let mut bomb = "a0: &a0 {k: v}\n".to_owned();
        for level in 1..60 {
            let below = level - 1;
            writeln!(bomb, "a{level}: &a{level} {{x{level}: *a{below}, <<: [*a{below}, *a{below}]}}")
                .unwrap();
        }
        assert!(refused(&bomb).message.contains("aliases"));
        assert!(refused(&"[".repeat(200)).message.contains("deep"));
        assert!(documents(&"[".repeat(50_000)).is_err());
        assert!(documents(&"- ".repeat(50_000)).is_err());
        assert!(refused(&"x".repeat(2 << 20)).message.contains("larger"));
        assert!(documents("a: 1\n\tb: 2\n").is_err());
        assert_eq!(refused("a: 1\nb: [\nc: }\n").line, 3);
        assert!(documents("a: &a [*a]\n").is_ok());
        assert_eq!(first("a: 1\na: 2\n").get("a").unwrap().text(), Some("2"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ab:\\-\\n \\t\\[\\]{},&*<|>'\"!#%?.]{0,60}|\\PC{0,60}") {
            let _ = documents(&text);
        }
    }
}
