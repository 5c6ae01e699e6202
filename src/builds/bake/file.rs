//! The blocks of bake files, as written. It never evaluates an expression.

use std::collections::HashMap;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block as HclBlock, Body, Structure};

use super::expression::{Definition, Written};
use crate::builds::document::{KeyValue, Node};
use crate::builds::{Unreadable, checked_size, json};
use crate::git::RepoPath;
use crate::text::LineIndex;

/// A file as parsed.
pub(super) enum Parsed {
    Hcl(Body, String),
    Json(Node),
}

impl Parsed {
    /// Parses a bake file, HCL or JSON by its name.
    pub(crate) fn read(path: &RepoPath, text: &str) -> Result<Self, Unreadable> {
        checked_size(text)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if path.file_name().rsplit_once('.').is_some_and(|(_, ending)| ending == "json") {
            return json::value(text).map(Self::Json);
        }
        let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| Unreadable {
            line: error.location().line(),
            message: format!("not valid HCL: {}", error.message()),
        })?;
        Ok(Self::Hcl(body, text.to_owned()))
    }
}

/// A target as written, one for each block of its name.
pub(super) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) path: &'a RepoPath,
    pub(crate) line: usize,
    pub(crate) attributes: Vec<(&'a str, Written<'a>)>,
}

/// A function that a file defines.
pub(super) struct Function<'a> {
    pub(crate) params: Vec<&'a str>,
    pub(crate) variadic: Option<&'a str>,
    pub(crate) result: Written<'a>,
}

/// The blocks of all files of a run.
#[derive(Default)]
pub(super) struct Blocks<'a> {
    pub(crate) definitions: HashMap<&'a str, Definition<'a>>,
    pub(crate) functions: HashMap<&'a str, Function<'a>>,
    pub(crate) targets: Vec<Block<'a>>,
    /// The members of each group.
    pub(crate) groups: Vec<(&'a str, Written<'a>)>,
    /// The conditions that variables must meet.
    pub(crate) conditions: Vec<Written<'a>>,
    /// True if a function is written in a way that is not read.
    pub(crate) has_unread: bool,
}

impl<'a> Blocks<'a> {
    /// Adds the blocks of a file. What it defines replaces what earlier files define.
    pub(crate) fn add(&mut self, path: &'a RepoPath, parsed: &'a Parsed) {
        match parsed {
            Parsed::Hcl(body, text) => self.add_hcl(path, body, text),
            Parsed::Json(root) => self.add_json(path, root),
        }
    }

    fn add_hcl(&mut self, path: &'a RepoPath, body: &'a Body, text: &'a str) {
        let lines = LineIndex::new(text.as_bytes());
        for structure in body {
            let block = match structure {
                Structure::Attribute(attribute) => {
                    let default = Some(Written::Hcl(&attribute.value, text));
                    let definition = Definition { default, is_variable: false, of_type: None };
                    self.definitions.insert(attribute.key.as_str(), definition);
                    continue;
                }
                Structure::Block(block) => block,
            };
            let Some(label) = block.labels.first().map(hcl_edit::structure::BlockLabel::as_str) else {
                continue;
            };
            let attribute =
                |name| block.body.get_attribute(name).map(|found| Written::Hcl(&found.value, text));
            match block.ident.as_str() {
                "variable" => {
                    let of_type = block.body.get_attribute("type").map(|found| keyword(&found.value));
                    let of_type = of_type.map(Option::unwrap_or_default);
                    let definition = Definition { default: attribute("default"), is_variable: true, of_type };
                    self.definitions.insert(label, definition);
                    let rules = block.body.get_blocks("validation");
                    let conditions = rules.filter_map(|rule| rule.body.get_attribute("condition"));
                    self.conditions.extend(conditions.map(|found| Written::Hcl(&found.value, text)));
                }
                "function" => match function(block, text) {
                    Some(function) => {
                        self.functions.insert(label, function);
                    }
                    None => self.has_unread = true,
                },
                "group" => self.groups.extend(attribute("targets").map(|targets| (label, targets))),
                "target" => {
                    let attributes = block.body.attributes();
                    let line = block.span().map_or(1, |span| lines.position(span.start).line);
                    let attributes =
                        attributes.map(|found| (found.key.as_str(), Written::Hcl(&found.value, text)));
                    self.targets.push(Block { label, path, line, attributes: attributes.collect() });
                }
                _ => {}
            }
        }
    }

    fn add_json(&mut self, path: &'a RepoPath, root: &'a Node) {
        for entry in root.entries() {
            // A list of maps is several blocks of one type.
            let maps = std::iter::once(&entry.value).chain(entry.value.items());
            let blocks: Vec<&'a KeyValue> = maps.flat_map(Node::entries).collect();
            match entry.key.as_str() {
                "variable" => {
                    for block in blocks {
                        let of_type = block.value.get("type").map(|of_type| of_type.text().unwrap_or(""));
                        let default = block.value.get("default").map(Written::Json);
                        let definition = Definition { default, is_variable: true, of_type };
                        self.definitions.insert(&block.key, definition);
                    }
                }
                "group" => {
                    let targets = |block: &'a KeyValue| {
                        Some((block.key.as_str(), Written::Json(block.value.get("targets")?)))
                    };
                    self.groups.extend(blocks.into_iter().filter_map(targets));
                }
                "function" => self.has_unread |= !blocks.is_empty(),
                "target" => self.targets.extend(blocks.into_iter().map(|block| {
                    let attributes = block.value.entries().iter();
                    let attributes =
                        attributes.map(|found| (found.key.as_str(), Written::Json(&found.value)));
                    Block { label: &block.key, path, line: block.line, attributes: attributes.collect() }
                })),
                name => {
                    let default = Some(Written::Json(&entry.value));
                    let definition = Definition { default, is_variable: false, of_type: None };
                    self.definitions.insert(name, definition);
                }
            }
        }
    }
}

/// Returns a function that its file defines (`hclparser.parser.resolveFunction`).
fn function<'a>(block: &'a HclBlock, text: &'a str) -> Option<Function<'a>> {
    let value = |name| block.body.get_attribute(name).map(|found| &found.value);
    let params = match value("params") {
        Some(Expression::Array(params)) => params.iter().map(keyword).collect::<Option<Vec<_>>>()?,
        Some(_) => return None,
        None => Vec::new(),
    };
    let variadic = match value("variadic_params") {
        Some(name) => Some(keyword(name)?),
        None => None,
    };
    Some(Function { params, variadic, result: Written::Hcl(value("result")?, text) })
}

/// Returns the name that an expression is.
fn keyword(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Variable(name) => Some(name.as_str()),
        _ => None,
    }
}
