//! JSON with lines, and with the comments and trailing commas that editors accept.

use jsonc_parser::ast::Value as Ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::document::{KeyValue, Node, Value, printed};
use super::{Unreadable, checked_size};
use crate::text::LineIndex;

/// Parses a text; an empty one is null.
pub(super) fn value(text: &str) -> Result<Node, Unreadable> {
    checked_size(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        ..ParseOptions::default()
    };
    let read = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| Unreadable {
        line: error.line_display(),
        message: format!("not valid JSON: {}", error.kind()),
    })?;
    let lines = LineIndex::new(text.as_bytes());
    Ok(read.value.map_or(Node::new(1, Value::Null), |value| node(&value, &lines)))
}

fn node(ast: &Ast, lines: &LineIndex) -> Node {
    let value = match ast {
        Ast::StringLit(text) => Value::Text(text.value.clone().into_owned()),
        Ast::NumberLit(number) => printed(number.value),
        Ast::BooleanLit(truth) => Value::Text(truth.value.to_string()),
        Ast::NullKeyword(_) => Value::Null,
        Ast::Array(array) => Value::List(array.elements.iter().map(|item| node(item, lines)).collect()),
        Ast::Object(object) => {
            let entry = |property: &jsonc_parser::ast::ObjectProp| KeyValue {
                key: property.name.as_str().to_owned(),
                line: lines.position(property.range.start).line,
                value: node(&property.value, lines),
            };
            Value::Map(object.properties.iter().map(entry).collect())
        }
    };
    Node::new(lines.position(ast.range().start).line, value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_read_over() {
        let node = value(
            "\u{feff}{\n  // why\n  \"a\": [1.50, /* x */ true, null,],\n  \"b\": {\"c\": \"\\u0041\"},\n}\n",
        );
        let node = node.unwrap();
        assert_eq!(node.entry("a").unwrap().line, 3);
        let items = node.get("a").unwrap().items();
        assert_eq!(
            (items[0].text(), items[1].text(), &items[2].value),
            (Some("1.5"), Some("true"), &Value::Null)
        );
        assert_eq!(node.at(&["b", "c"]).unwrap().text(), Some("A"));
        assert_eq!(value("").unwrap().value, Value::Null);
    }

    #[test]
    fn what_is_no_json_has_a_line() {
        assert_eq!(value("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err().line, 2);
        assert!(value(&"[".repeat(50_000)).unwrap_err().message.contains("nesting"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{},:\"0-9a\\\\u/* \\n.-]{0,60}|\\PC{0,60}") {
            let _ = value(&text);
        }
    }
}
