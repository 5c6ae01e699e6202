//! The functions of bake's standard library (buildx `bake/hclparser/stdlib.go`), as far as their results are certain. A
//! function that is not here, or whose arguments are not known, has an unknown result.

use hcl_edit::expr::BinaryOperator;

use super::value::Value;
use crate::budget::{STORED_BYTES, spend};
use crate::text::cut;
use crate::text::pattern::Pattern;

/// The longest text and the longest list that are made.
pub(super) const LONGEST: usize = 4096;

/// The names of the functions whose results are not looked at.
const OTHERS: [&str; 69] = [
    "absolute",
    "base64decode",
    "base64encode",
    "bcrypt",
    "byteslen",
    "bytesslice",
    "can",
    "ceil",
    "chunklist",
    "cidrhost",
    "cidrnetmask",
    "cidrsubnet",
    "cidrsubnets",
    "coalescelist",
    "convert",
    "csvdecode",
    "divide",
    "floor",
    "formatdate",
    "formatlist",
    "formattimestamp",
    "hasindex",
    "homedir",
    "indent",
    "index",
    "indexof",
    "int",
    "jsondecode",
    "jsonencode",
    "log",
    "max",
    "md5",
    "min",
    "modulo",
    "negate",
    "parseint",
    "pow",
    "range",
    "regex",
    "regex_replace",
    "regexall",
    "reverse",
    "rsadecrypt",
    "semvercmp",
    "sethaselement",
    "setintersection",
    "setproduct",
    "setsubtract",
    "setsymmetricdifference",
    "setunion",
    "sha1",
    "sha256",
    "sha512",
    "signum",
    "timeadd",
    "timestamp",
    "title",
    "try",
    "unixtimestampparse",
    "urlencode",
    "uuidv4",
    "uuidv5",
    "zipmap",
    "greaterthan",
    "greaterthanorequalto",
    "lessthan",
    "lessthanorequalto",
    "slice",
    "strlen",
];

/// The names of the functions of [`call`].
const OWN: [&str; 36] = [
    "add",
    "and",
    "basename",
    "chomp",
    "coalesce",
    "compact",
    "concat",
    "contains",
    "dirname",
    "distinct",
    "element",
    "equal",
    "flatten",
    "format",
    "join",
    "keys",
    "length",
    "lookup",
    "lower",
    "merge",
    "multiply",
    "not",
    "notequal",
    "or",
    "replace",
    "reverselist",
    "sanitize",
    "sort",
    "split",
    "substr",
    "subtract",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
];

/// Returns true if bake has a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    OWN.contains(&name) || OTHERS.contains(&name) || name == "values"
}

/// Returns the result of an operation; `None` if it is not known.
pub(super) fn operation(operator: BinaryOperator, one: &Value, other: &Value) -> Option<Value> {
    if let (Some(one), Some(other)) = (one.integer(), other.integer()) {
        let result = match operator {
            BinaryOperator::Plus => one.checked_add(other)?,
            BinaryOperator::Minus => one.checked_sub(other)?,
            BinaryOperator::Mul => one.checked_mul(other)?,
            BinaryOperator::Less => return Some(Value::Bool(one < other)),
            BinaryOperator::LessEq => return Some(Value::Bool(one <= other)),
            BinaryOperator::Greater => return Some(Value::Bool(one > other)),
            BinaryOperator::GreaterEq => return Some(Value::Bool(one >= other)),
            BinaryOperator::Eq => return Some(Value::Bool(one == other)),
            BinaryOperator::NotEq => return Some(Value::Bool(one != other)),
            _ => return None,
        };
        return Some(Value::of_integer(result));
    }
    let truth = match (operator, one, other) {
        (BinaryOperator::Eq, _, _) => one.equals(other)?,
        (BinaryOperator::NotEq, _, _) => !one.equals(other)?,
        (BinaryOperator::And, Value::Bool(one), Value::Bool(other)) => *one && *other,
        (BinaryOperator::Or, Value::Bool(one), Value::Bool(other)) => *one || *other,
        _ => return None,
    };
    Some(Value::Bool(truth))
}

/// Returns the result of a function; `None` if it is not known.
pub(super) fn call(name: &str, args: &[Value]) -> Option<Value> {
    let text = |at: usize| args.get(at).and_then(known);
    let made = |text: String| (text.len() <= LONGEST).then(|| Value::Text(Pattern::text(&text)));
    let truth = |truth: bool| Some(Value::Bool(truth));
    match (name, args) {
        ("equal", [one, other]) => truth(one.equals(other)?),
        ("notequal", [one, other]) => truth(!one.equals(other)?),
        ("not", [Value::Bool(one)]) => truth(!one),
        ("and", [Value::Bool(one), Value::Bool(other)]) => truth(*one && *other),
        ("or", [Value::Bool(one), Value::Bool(other)]) => truth(*one || *other),
        ("add" | "subtract" | "multiply", [one, other]) => {
            let (one, other) = (one.integer()?, other.integer()?);
            Some(Value::of_integer(match name {
                "add" => one.checked_add(other)?,
                "subtract" => one.checked_sub(other)?,
                _ => one.checked_mul(other)?,
            }))
        }
        ("lower", [_]) => made(text(0)?.to_lowercase()),
        ("upper", [_]) => made(text(0)?.to_uppercase()),
        ("trimspace", [_]) => made(text(0)?.trim().to_owned()),
        ("chomp", [_]) => made(text(0)?.trim_end_matches(['\r', '\n']).to_owned()),
        ("trimprefix", [_, _]) => {
            let (text, start) = (text(0)?, text(1)?);
            made(text.strip_prefix(start.as_str()).unwrap_or(&text).to_owned())
        }
        ("trimsuffix", [_, _]) => {
            let (text, end) = (text(0)?, text(1)?);
            made(text.strip_suffix(end.as_str()).unwrap_or(&text).to_owned())
        }
        ("trim", [_, _]) => {
            let cut = text(1)?;
            made(text(0)?.trim_matches(|c| cut.contains(c)).to_owned())
        }
        ("replace", [_, _, _]) => {
            let (text, from) = (text(0)?, text(1)?);
            let to = args.get(2).and_then(known)?;
            made(cut::replaced(&text, &from, &to, LONGEST).filter(|_| !from.is_empty())?)
        }
        ("sanitize", [_]) => {
            let keeps = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            made(text(0)?.chars().map(|c| if keeps(c) { c } else { '_' }).collect())
        }
        ("basename", [_]) => {
            let text = text(0)?;
            let text = text.trim_end_matches('/');
            (!text.is_empty()).then(|| made(text.rsplit('/').next()?.to_owned()))?
        }
        ("substr", [_, start, length]) => {
            let (text, start, length) = (text(0)?, start.integer()?, length.integer()?);
            let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
            let end = start.checked_add(length)?.min(text.len());
            text.is_ascii().then(|| made(text.get(start.min(end)..end)?.to_owned()))?
        }
        ("format", [_, rest @ ..]) => made(formatted(&text(0)?, rest)?),
        _ => of_lists(name, args),
    }
}

fn of_lists(name: &str, args: &[Value]) -> Option<Value> {
    let list = |items: Vec<Value>| (items.len() <= LONGEST).then_some(Value::List(items));
    match (name, args) {
        ("merge", maps) => {
            let mut merged: Vec<(String, Value)> = Vec::new();
            for map in maps {
                match map {
                    Value::Map(entries) => merged.extend(entries.clone()),
                    Value::Null => {}
                    _ => return None,
                }
            }
            (merged.len() <= LONGEST).then(|| Value::map(merged))
        }
        ("concat", lists) => {
            let mut all = Vec::new();
            for items in lists {
                all.extend(of_list(items)?.iter().cloned());
            }
            list(all)
        }
        ("flatten", [items]) => {
            let mut all = Vec::new();
            flattened(items, &mut all)?;
            list(all)
        }
        ("coalesce", values) => {
            let first = values.iter().find(|value| **value != Value::Null)?;
            (!matches!(first, Value::Unknown(_))).then(|| first.clone())
        }
        ("split", [separator, text]) => {
            let (separator, text) = (known(separator)?, known(text)?);
            let parts = (!separator.is_empty()).then(|| text.split(separator.as_str()))?;
            list(parts.map(|part| Value::Text(Pattern::text(part))).collect())
        }
        ("join", [separator, lists @ ..]) => {
            let mut words = Vec::new();
            for items in lists {
                words.extend(of_list(items)?.iter().map(known).collect::<Option<Vec<_>>>()?);
            }
            let separator = known(separator)?;
            let length = words.iter().map(String::len).sum::<usize>() + separator.len() * words.len();
            (length <= LONGEST + separator.len()).then(|| Value::Text(Pattern::text(&words.join(&separator))))
        }
        _ => of_list_and_map(name, args),
    }
}

fn of_list_and_map(name: &str, args: &[Value]) -> Option<Value> {
    let list = |items: Vec<Value>| (items.len() <= LONGEST).then_some(Value::List(items));
    match (name, args) {
        ("contains", [items, value]) => {
            let mut contains = false;
            for item in of_list(items)? {
                contains |= item.equals(value)?;
            }
            Some(Value::Bool(contains))
        }
        ("compact", [items]) => {
            let all = of_list(items)?.iter().map(known).collect::<Option<Vec<_>>>()?;
            let kept = all.into_iter().filter(|item| !item.is_empty());
            list(kept.map(|item| Value::Text(Pattern::text(&item))).collect())
        }
        ("distinct", [items]) => {
            let mut kept: Vec<Value> = Vec::new();
            for item in of_list(items)? {
                known(item)?;
                spend(1 + kept.len() / STORED_BYTES);
                if !kept.contains(item) {
                    kept.push(item.clone());
                }
            }
            list(kept)
        }
        ("sort", [items]) => {
            let mut all = of_list(items)?.iter().map(known).collect::<Option<Vec<_>>>()?;
            all.sort();
            list(all.iter().map(|item| Value::Text(Pattern::text(item))).collect())
        }
        ("reverselist", [items]) => list(of_list(items)?.iter().rev().cloned().collect()),
        ("element", [items, at]) => {
            let items = of_list(items)?;
            let at = usize::try_from(at.integer()?).ok()?;
            items.get(at.checked_rem(items.len())?).cloned()
        }
        ("length", [Value::Map(entries)]) => Some(Value::of_integer(i64::try_from(entries.len()).ok()?)),
        ("length", [items]) => Some(Value::of_integer(i64::try_from(of_list(items)?.len()).ok()?)),
        ("keys", [Value::Map(entries)]) => {
            list(entries.iter().map(|(key, _)| Value::Text(Pattern::text(key))).collect())
        }
        ("values", [Value::Map(entries)]) => list(entries.iter().map(|(_, value)| value.clone()).collect()),
        ("lookup", [Value::Map(entries), key, default]) => {
            let key = known(key)?;
            let found = entries.iter().find(|(name, _)| *name == key).map(|(_, value)| value);
            Some(found.unwrap_or(default).clone())
        }
        _ => None,
    }
}

/// Returns the text of a text or number, if all of it is known.
fn known(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => text.known().map(str::to_owned),
        Value::Number(number) => Some(number.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn of_list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

fn flattened(value: &Value, into: &mut Vec<Value>) -> Option<()> {
    for item in of_list(value)? {
        match item {
            Value::List(_) => flattened(item, into)?,
            Value::Unknown(_) => return None,
            item => into.push(item.clone()),
        }
        if into.len() > LONGEST {
            return None;
        }
    }
    Some(())
}

/// Returns a text with its `%s`, `%v`, `%d` and `%%` replaced.
fn formatted(format: &str, args: &[Value]) -> Option<String> {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (verb, after) = cut::first(after)?;
        match verb {
            '%' => out.push('%'),
            's' | 'v' => out.push_str(&known(args.next()?)?),
            'd' => out.push_str(&args.next()?.integer()?.to_string()),
            _ => return None,
        }
        rest = after;
    }
    out.push_str(rest);
    args.next().is_none().then_some(out)
}
