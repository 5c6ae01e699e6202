//! The values of a bake file's expressions, as far as the file defines them. It never guesses: a value that only a
//! run knows, and the result of a function that is not in [`Scope::call`], is unknown and carries the text of the
//! expression.

use std::cell::Cell;
use std::collections::HashMap;

use hcl_edit::Span;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, Traversal, TraversalOperator,
    UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::super::document::{self, Node, printed};
use crate::text::pattern::Pattern;

/// The most expressions that are evaluated in one file: nested variables could expand to gigabytes in a few lines.
const MOST_STEPS: usize = 50_000;
/// The deepest nesting of expressions, and of variables in variables.
const DEEPEST: usize = 100;
/// The longest text and the longest list that are evaluated.
const LONGEST: usize = 4096;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A text or a number.
    Text(Pattern),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// Known only in a run; with the text of the expression.
    Unknown(String),
}

impl Value {
    /// Returns the value as part of a text.
    pub(crate) fn pattern(&self) -> Pattern {
        match self {
            Self::Null => Pattern::default(),
            Self::Bool(truth) => Pattern::text(&truth.to_string()),
            Self::Text(text) => text.clone(),
            Self::Unknown(words) => Pattern::hole(words),
            Self::List(_) => Pattern::hole("a list"),
            Self::Map(_) => Pattern::hole("a map"),
        }
    }

    /// Returns the items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the keys of a map; empty for anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Returns true if two values are equal, if both are known.
    fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.known()? == other.known()?),
            (Self::Text(_) | Self::Null | Self::Bool(_), Self::Text(_) | Self::Null | Self::Bool(_)) => {
                Some(self == other)
            }
            _ => None,
        }
    }
}

/// An expression as written.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    Hcl(&'a Expression),
    /// A JSON value, whose texts are templates.
    Json(&'a Node),
}

/// Names with a value for one row of a matrix or one item of a list.
pub(super) type Locals = Vec<(String, Value)>;

/// The variables of a file.
pub(super) struct Scope<'a> {
    /// The text of an HCL file.
    source: &'a str,
    definitions: HashMap<&'a str, Written<'a>>,
    steps: Cell<usize>,
}

/// The place of an expression.
#[derive(Clone, Copy)]
struct Inside<'s> {
    /// The text that its spans refer to.
    source: &'s str,
    locals: &'s Locals,
    depth: usize,
}

impl Inside<'_> {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn unknown(self, expression: &impl Span) -> Value {
        let words = expression.span().and_then(|span| self.source.get(span)).unwrap_or("an expression");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        Value::Unknown(words.chars().take(LONGEST).collect())
    }
}

impl<'a> Scope<'a> {
    pub(crate) fn new(source: &'a str, definitions: HashMap<&'a str, Written<'a>>) -> Self {
        Self { source, definitions, steps: Cell::new(0) }
    }

    /// Returns the value of an expression with these `locals`.
    pub(crate) fn value(&self, written: Written, locals: &Locals) -> Value {
        self.written(written, locals, 0)
    }

    fn written(&self, written: Written, locals: &Locals, depth: usize) -> Value {
        match written {
            Written::Hcl(expression) => {
                self.expression(expression, Inside { source: self.source, locals, depth })
            }
            Written::Json(node) => self.json(node, locals, depth),
        }
    }

    fn step(&self, depth: usize) -> bool {
        self.steps.set(self.steps.get() + 1);
        depth <= DEEPEST && self.steps.get() <= MOST_STEPS
    }

    fn json(&self, node: &Node, locals: &Locals, depth: usize) -> Value {
        if !self.step(depth) {
            return Value::Unknown("an expression".into());
        }
        match &node.value {
            document::Value::Null => Value::Null,
            document::Value::Text(text) => match text.parse::<Template>() {
                Ok(template) => self.template(&template, Inside { source: text, locals, depth }),
                Err(_) => Value::Unknown(text.clone()),
            },
            document::Value::List(items) => {
                Value::List(items.iter().map(|item| self.json(item, locals, depth + 1)).collect())
            }
            document::Value::Map(entries) => {
                let value =
                    |entry: &document::Entry| (entry.key.clone(), self.json(&entry.value, locals, depth + 1));
                Value::Map(entries.iter().map(value).collect())
            }
        }
    }

    fn expression(&self, expression: &Expression, inside: Inside) -> Value {
        if !self.step(inside.depth) {
            return Value::Unknown("an expression".into());
        }
        let deeper = inside.deeper();
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(truth) => Value::Bool(*truth.value()),
            Expression::Number(number) => match printed(&number.value().to_string()) {
                document::Value::Text(text) => Value::Text(Pattern::text(&text)),
                _ => inside.unknown(expression),
            },
            Expression::String(text) => Value::Text(Pattern::text(text.value())),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.expression(item, deeper)).collect())
            }
            Expression::Object(object) => self.object(object, deeper),
            Expression::StringTemplate(text) => {
                let elements: Vec<&Element> = text.iter().collect();
                self.elements(&elements, deeper)
            }
            Expression::HeredocTemplate(text) => self.template(&text.template, deeper),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), deeper),
            Expression::Variable(name) => self.variable(name.as_str(), deeper),
            Expression::Conditional(either) => match self.expression(&either.cond_expr, deeper) {
                Value::Bool(true) => self.expression(&either.true_expr, deeper),
                Value::Bool(false) => self.expression(&either.false_expr, deeper),
                _ => inside.unknown(expression),
            },
            Expression::FuncCall(call) => {
                self.call(call, deeper).unwrap_or_else(|| inside.unknown(expression))
            }
            Expression::Traversal(path) => {
                self.traversal(path, deeper).unwrap_or_else(|| inside.unknown(expression))
            }
            Expression::UnaryOp(operation) => {
                match (operation.operator.value(), self.expression(&operation.expr, deeper)) {
                    (UnaryOperator::Not, Value::Bool(truth)) => Value::Bool(!truth),
                    _ => inside.unknown(expression),
                }
            }
            Expression::BinaryOp(operation) => {
                self.operation(operation, deeper).unwrap_or_else(|| inside.unknown(expression))
            }
            Expression::ForExpr(each) => {
                self.each(each, deeper).unwrap_or_else(|| inside.unknown(expression))
            }
        }
    }

    fn object(&self, object: &Object, inside: Inside) -> Value {
        let entry = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
            let key = match key {
                ObjectKey::Ident(name) => name.as_str().to_owned(),
                ObjectKey::Expression(key) => self.expression(key, inside).pattern().to_string(),
            };
            (key, self.expression(value.expr(), inside))
        };
        Value::Map(object.iter().map(entry).collect())
    }

    fn template(&self, template: &Template, inside: Inside) -> Value {
        let elements: Vec<&Element> = template.iter().collect();
        self.elements(&elements, inside)
    }

    fn elements(&self, elements: &[&Element], inside: Inside) -> Value {
        // `"${x}"` is x itself, a list or a text.
        if let [Element::Interpolation(only)] = elements {
            return self.expression(&only.expr, inside);
        }
        let mut text = Pattern::default();
        let mut length = 0;
        for element in elements {
            let part = match element {
                Element::Literal(literal) => Pattern::text(literal.value()),
                Element::Interpolation(interpolation) => {
                    self.expression(&interpolation.expr, inside).pattern()
                }
                Element::Directive(_) => inside.unknown(*element).pattern(),
            };
            length += part.to_string().len();
            if length > LONGEST {
                return Value::Unknown("a long text".into());
            }
            text.push(&part);
        }
        Value::Text(text)
    }

    fn variable(&self, name: &str, inside: Inside) -> Value {
        if let Some((_, value)) = inside.locals.iter().rev().find(|(local, _)| local == name) {
            return value.clone();
        }
        // The context that bake is called with; by default its own folder.
        if name == "BAKE_CMD_CONTEXT" {
            return Value::Text(Pattern::text("."));
        }
        match self.definitions.get(name) {
            Some(&written) => match self.written(written, &Locals::new(), inside.depth + 1) {
                Value::Null => Value::Unknown(name.to_owned()),
                value => value,
            },
            None => Value::Unknown(name.to_owned()),
        }
    }

    /// Returns the value of a build argument. `None` for a variable without a value, which may come from the
    /// environment: bake does not pass it on if it is not set there.
    pub(crate) fn argument(&self, value: &Value) -> Option<Pattern> {
        match value {
            Value::Unknown(name) if self.definitions.contains_key(name.as_str()) => None,
            value => Some(value.pattern()),
        }
    }

    fn call(&self, call: &FuncCall, inside: Inside) -> Option<Value> {
        if call.name.is_namespaced() || call.args.expand_final() {
            return None;
        }
        let args: Vec<Value> = call.args.iter().map(|arg| self.expression(arg, inside)).collect();
        match call.name.name.as_str() {
            "merge" => {
                let mut merged: Vec<(String, Value)> = Vec::new();
                for arg in args {
                    let Value::Map(entries) = arg else { return None };
                    merged.extend(entries);
                }
                (merged.len() <= LONGEST).then_some(Value::Map(merged))
            }
            "concat" => {
                let mut all = Vec::new();
                for arg in args {
                    let Value::List(items) = arg else { return None };
                    all.extend(items);
                }
                (all.len() <= LONGEST).then_some(Value::List(all))
            }
            "split" => {
                let (separator, text) = (args.first()?.pattern(), args.get(1)?.pattern());
                let parts = text.known()?.split(separator.known().filter(|text| !text.is_empty())?);
                Some(Value::List(parts.map(|part| Value::Text(Pattern::text(part))).collect()))
            }
            "equal" => Some(Value::Bool(args.first()?.equals(args.get(1)?)?)),
            "notequal" => Some(Value::Bool(!args.first()?.equals(args.get(1)?)?)),
            _ => None,
        }
    }

    fn traversal(&self, path: &Traversal, inside: Inside) -> Option<Value> {
        let mut value = self.expression(&path.expr, inside);
        for operator in &path.operators {
            let key = match operator.value() {
                TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
                TraversalOperator::LegacyIndex(at) => at.value().to_string(),
                TraversalOperator::Index(key) => self.expression(key, inside).pattern().known()?.to_owned(),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return None,
            };
            value = value.get(&key)?.clone();
        }
        Some(value)
    }

    fn operation(&self, operation: &BinaryOp, inside: Inside) -> Option<Value> {
        let one = self.expression(&operation.lhs_expr, inside);
        let other = self.expression(&operation.rhs_expr, inside);
        let truth = match (operation.operator.value(), &one, &other) {
            (BinaryOperator::Eq, _, _) => one.equals(&other)?,
            (BinaryOperator::NotEq, _, _) => !one.equals(&other)?,
            (BinaryOperator::And, Value::Bool(one), Value::Bool(other)) => *one && *other,
            (BinaryOperator::Or, Value::Bool(one), Value::Bool(other)) => *one || *other,
            _ => return None,
        };
        Some(Value::Bool(truth))
    }

    fn each(&self, each: &ForExpr, inside: Inside) -> Option<Value> {
        let pairs: Vec<(Value, Value)> = match self.expression(&each.intro.collection_expr, inside) {
            Value::List(items) => {
                let index = |at: usize| Value::Text(Pattern::text(&at.to_string()));
                items.into_iter().enumerate().map(|(at, item)| (index(at), item)).collect()
            }
            Value::Map(entries) => {
                entries.into_iter().map(|(key, value)| (Value::Text(Pattern::text(&key)), value)).collect()
            }
            // Each item has this form, however many there are.
            unknown @ Value::Unknown(_) if each.key_expr.is_none() => vec![(unknown.clone(), unknown)],
            _ => return None,
        };
        let mut list = Vec::new();
        let mut map = Vec::new();
        for (key, value) in pairs {
            let mut locals = inside.locals.clone();
            if let Some(name) = &each.intro.key_var {
                locals.push((name.as_str().to_owned(), key));
            }
            locals.push((each.intro.value_var.as_str().to_owned(), value));
            let inside = Inside { locals: &locals, ..inside };
            match each.cond.as_ref().map(|cond| self.expression(&cond.expr, inside)) {
                None | Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) => continue,
                Some(_) => return None,
            }
            let value = self.expression(&each.value_expr, inside);
            match &each.key_expr {
                Some(key) => map.push((self.expression(key, inside).pattern().known()?.to_owned(), value)),
                None => list.push(value),
            }
        }
        Some(if each.key_expr.is_some() { Value::Map(map) } else { Value::List(list) })
    }
}
