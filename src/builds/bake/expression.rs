//! The values of a bake file's expressions, as far as the file defines them. It never guesses: a value that only a
//! run knows, and the result of a function that is not in [`function::call`], is unknown and carries the text of the
//! expression.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use hcl_edit::Span;
use hcl_edit::expr::{
    BinaryOp, Expression, ForExpr, FuncCall, Object, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::super::compose::Environment;
use super::super::document::{self, Node, printed};
use super::super::settled;
use super::file::Function;
use super::function::{self, LONGEST};
use super::value::Value;
use crate::budget::{self, STORED, spend};
use crate::text::pattern::Pattern;

/// The most expressions that are evaluated in one file: nested variables could expand to gigabytes in a few lines.
const MOST_STEPS: usize = 50_000;
/// The deepest nesting of expressions, and of variables in variables.
const DEEPEST: usize = 100;

/// The largest value: functions that repeat their arguments could make gigabytes in a few calls.
const LARGEST: usize = 64 << 10;

/// An expression as written.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// With the text of its file, which its spans refer to.
    Hcl(&'a Expression, &'a str),
    /// A JSON value, whose texts are templates.
    Json(&'a Node),
}

/// Names with a value for one row of a matrix or one item of a list.
pub(super) type Locals = Vec<(String, Rc<Value>)>;

/// The variables and functions of the files of a run.
pub(super) struct Scope<'a> {
    definitions: HashMap<&'a str, Definition<'a>>,
    functions: HashMap<&'a str, Function<'a>>,
    /// The attributes of targets without a matrix, by their label.
    targets: HashMap<&'a str, Vec<(&'a str, Written<'a>)>>,
    /// The variables of the run, which replace those of the files.
    environment: &'a Environment,
    steps: Cell<usize>,
    /// The first reason for which bake refuses the files.
    refusal: RefCell<Option<String>>,
}

/// The definition of a variable.
#[derive(Clone, Copy)]
pub(super) struct Definition<'a> {
    /// The default, if there is one.
    pub(crate) default: Option<Written<'a>>,
    /// True for a `variable` block, which the environment may replace.
    pub(crate) is_variable: bool,
    /// The name of its type; empty for one with parts.
    pub(crate) of_type: Option<&'a str>,
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
        // Words and the blanks between them, as far as they are kept.
        let mut shown = String::new();
        for word in words.split_whitespace() {
            if shown.len() > LONGEST {
                break;
            }
            shown.extend(if shown.is_empty() { ["", word] } else { [" ", word] });
        }
        spend(1 + words.len() / budget::BYTES);
        Value::Unknown(shown.chars().take(LONGEST).collect())
    }
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        definitions: HashMap<&'a str, Definition<'a>>,
        functions: HashMap<&'a str, Function<'a>>,
        targets: HashMap<&'a str, Vec<(&'a str, Written<'a>)>>,
        environment: &'a Environment,
    ) -> Self {
        let (steps, refusal) = (Cell::new(0), RefCell::default());
        Self { definitions, functions, targets, environment, steps, refusal }
    }

    /// Notes a reason for which bake refuses the files.
    pub(crate) fn refuse(&self, why: impl Into<String>) {
        self.refusal.borrow_mut().get_or_insert(why.into());
    }

    /// Returns the first reason for which bake refuses the files.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }

    /// Returns the value of an expression with these `locals`.
    pub(crate) fn value(&self, written: Written, locals: &Locals) -> Value {
        self.written(written, locals, 0)
    }

    fn written(&self, written: Written, locals: &Locals, depth: usize) -> Value {
        match written {
            Written::Hcl(expression, source) => self.expression(expression, Inside { source, locals, depth }),
            Written::Json(node) => self.json(node, locals, depth),
        }
    }

    /// Returns the value of a variable (`hclparser.parser.resolveValue`).
    fn defined(&self, name: &str, depth: usize) -> Option<Value> {
        let definition = self.definitions.get(name)?;
        let own = definition.default.map(|written| self.written(written, &Locals::new(), depth + 1));
        if !definition.is_variable {
            return own;
        }
        let own = own.map(|own| match (definition.of_type, &own) {
            (Some("string"), Value::Number(_) | Value::Bool(_)) => Value::Text(own.pattern()),
            (Some("number"), Value::Text(_)) | (Some("bool"), Value::Text(_) | Value::Number(_)) => {
                Value::Unknown(name.to_owned())
            }
            _ => own,
        });
        let as_json = self.environment.get(&format!("{name}_JSON")).is_some();
        let Some(set) = self.environment.get(name).filter(|_| !as_json) else {
            let is_typed = definition.of_type.is_some();
            let unset = if is_typed { Value::Null } else { Value::Text(Pattern::default()) };
            return if as_json { Some(Value::Unknown(name.to_owned())) } else { Some(own.unwrap_or(unset)) };
        };
        Some(match own {
            None | Some(Value::Text(_) | Value::Null)
                if definition.of_type.is_none_or(|name| name == "string") =>
            {
                Value::Text(settled::pattern(&set))
            }
            _ => Value::Unknown(name.to_owned()),
        })
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
                let value = |entry: &document::KeyValue| {
                    (entry.key.clone(), self.json(&entry.value, locals, depth + 1))
                };
                Value::map(entries.iter().map(value).collect())
            }
        }
    }

    fn expression(&self, expression: &Expression, inside: Inside) -> Value {
        let value = self.evaluated(expression, inside);
        let size = value.size();
        spend(STORED * size);
        if size > LARGEST { Value::Unknown("a large value".into()) } else { value }
    }

    fn evaluated(&self, expression: &Expression, inside: Inside) -> Value {
        if !self.step(inside.depth) {
            return Value::Unknown("an expression".into());
        }
        let deeper = inside.deeper();
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(truth) => Value::Bool(*truth.value()),
            Expression::Number(number) => match printed(&number.value().to_string()) {
                document::Value::Text(text) => Value::Number(text),
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
        Value::map(object.iter().map(entry).collect())
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
                    let value = self.expression(&interpolation.expr, inside);
                    if matches!(value, Value::Null | Value::List(_) | Value::Map(_)) {
                        self.refuse("a text contains what is not a text");
                        return inside.unknown(*element);
                    }
                    value.pattern()
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
            return Value::clone(value);
        }
        match name {
            // The context that bake is called with; by default the folder that it runs in.
            "BAKE_CMD_CONTEXT" => return Value::Text(Pattern::text("cwd://")),
            "BAKE_LOCAL_PLATFORM" | "target" | "group" => return Value::Unknown(name.to_owned()),
            _ => {}
        }
        self.defined(name, inside.depth + 1).unwrap_or_else(|| {
            self.refuse(format!("there is no variable {name}"));
            Value::Unknown(name.to_owned())
        })
    }

    /// Returns the value of a build argument. `None` for a variable without a value, which is not passed on.
    pub(crate) fn argument(value: &Value) -> Option<Pattern> {
        (*value != Value::Null).then(|| value.pattern())
    }

    fn call(&self, call: &FuncCall, inside: Inside) -> Option<Value> {
        if call.name.is_namespaced() {
            return None;
        }
        let name = call.name.name.as_str();
        let mut args: Vec<Value> = call.args.iter().map(|arg| self.expression(arg, inside)).collect();
        if call.args.expand_final() {
            match args.pop() {
                Some(Value::List(items)) => args.extend(items),
                _ => return None,
            }
        }
        let Some(own) = self.functions.get(name) else {
            if !function::is_known(name) {
                self.refuse(format!("there is no function {name}"));
            }
            return function::call(name, &args);
        };
        let rest = args.len().checked_sub(own.params.len());
        if rest.is_none_or(|rest| rest > 0 && own.variadic.is_none()) {
            self.refuse(format!("{name} has another number of arguments"));
            return None;
        }
        let rest = args.split_off(own.params.len());
        let values = args.into_iter().chain(own.variadic.map(|_| Value::List(rest)));
        let names = own.params.iter().copied().chain(own.variadic);
        let locals: Locals = names.map(str::to_owned).zip(values.map(Rc::new)).collect();
        Some(self.written(own.result, &locals, inside.depth + 1))
    }

    fn traversal(&self, path: &Traversal, inside: Inside) -> Option<Value> {
        if let Expression::Variable(name) = &path.expr
            && name.as_str() == "target"
        {
            // What another target sets itself: it does not matter what that inherits.
            let [target, key] = path.operators.as_slice() else { return None };
            let (TraversalOperator::GetAttr(target), TraversalOperator::GetAttr(key)) =
                (target.value(), key.value())
            else {
                return None;
            };
            let attributes = self.targets.get(target.as_str())?;
            let (_, written) = attributes.iter().find(|(name, _)| *name == key.as_str())?;
            return Some(self.written(*written, &Locals::new(), inside.depth + 1));
        }
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
        function::operation(*operation.operator.value(), &one, &other)
    }

    fn each(&self, each: &ForExpr, inside: Inside) -> Option<Value> {
        let pairs: Vec<(Value, Value)> = match self.expression(&each.intro.collection_expr, inside) {
            Value::List(items) => {
                let index = |at: usize| Value::Number(at.to_string());
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
            spend(STORED * inside.locals.len());
            let mut locals = inside.locals.clone();
            if let Some(name) = &each.intro.key_var {
                locals.push((name.as_str().to_owned(), Rc::new(key)));
            }
            locals.push((each.intro.value_var.as_str().to_owned(), Rc::new(value)));
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
        Some(if each.key_expr.is_some() { Value::map(map) } else { Value::List(list) })
    }
}
