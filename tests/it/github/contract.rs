//! GitHub's own description of the calls, against which our requests and the fakes' answers are held.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The description: see its README for where it is from.
fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/github/api.json");
        let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        nullable(&mut value);
        value
    })
}

/// `OpenAPI` 3.0 says `nullable`, which JSON Schema does not know.
fn nullable(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(nullable);
            if map.get("nullable") == Some(&json!(true)) {
                map.remove("nullable");
                let inner = std::mem::take(map);
                map.insert("anyOf".into(), json!([inner, {"type": "null"}]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(nullable),
        _ => {}
    }
}

/// What a reference leads to.
fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(to) => description().pointer(to.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// An operation and the template of its path.
struct Operation {
    template: &'static str,
    value: &'static Value,
}

/// The operation of a path without its query: of those whose template fits, the one with most literal parts. Parameters
/// that are marked so take slashes.
fn operation(method: &str, path: &str) -> Operation {
    let given: Vec<&str> = path.trim_matches('/').split('/').collect();
    let fit = |(template, value): (&'static String, &'static Value)| {
        let value = value.get(method.to_lowercase())?;
        let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
        let long = |name: &str| {
            let parameters = value["parameters"].as_array().unwrap().iter().map(resolved);
            let mut named =
                parameters.filter(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()) == name);
            named.any(|parameter| parameter["x-multi-segment"] == true)
        };
        let is_last_long = wanted.last().is_some_and(|name| long(name));
        let inner_long = wanted.iter().rev().skip(1).position(|name| long(name));
        let (before, behind) = match inner_long {
            Some(at) => (wanted.len() - 2 - at, at + 1),
            None if is_last_long => (wanted.len() - 1, 0),
            None => (wanted.len(), 0),
        };
        let is_long = inner_long.is_some() || is_last_long;
        let lengths = if is_long { given.len() > before + behind } else { given.len() == wanted.len() };
        let pairs = wanted[..before.min(wanted.len())].iter().zip(&given);
        let ends = wanted[wanted.len() - behind..].iter().rev().zip(given.iter().rev());
        let same =
            |(wanted, given): (&&str, &&str)| wanted == given || wanted.starts_with('{') && !given.is_empty();
        let literal = wanted.iter().filter(|part| !part.starts_with('{')).count();
        (lengths && pairs.clone().all(same) && ends.clone().all(same)).then_some((literal, template, value))
    };
    let paths = description()["paths"].as_object().unwrap().iter();
    let best = paths.filter_map(fit).max_by_key(|(literal, ..)| *literal);
    let (_, template, value) = best.unwrap_or_else(|| panic!("GitHub has no {method} {path}"));
    Operation { template, value }
}

/// What a request says is what GitHub takes: its route, its query and its body.
pub fn assert_request(method: &str, route: &str, body: &[u8]) {
    let (path, query) = route.split_once('?').unwrap_or((route, ""));
    let Operation { template, value } = operation(method, path);
    let parameters: Vec<&Value> = value["parameters"].as_array().unwrap().iter().map(resolved).collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, _) = pair.split_once('=').unwrap();
        let known = parameters.iter().any(|one| one["in"] == "query" && one["name"] == name);
        assert!(known, "{method} {template} takes no {name}");
    }
    let schema = resolved(&value["requestBody"])["content"]["application/json"]["schema"].clone();
    if schema.is_null() {
        assert!(body.is_empty(), "{method} {template} takes no body");
        return;
    }
    if body.is_empty() && value["requestBody"]["required"] != true {
        return;
    }
    let body: Value = serde_json::from_slice(body).unwrap();
    let wrong = complain(&format!("{method} {template}"), &schema, &body);
    assert!(wrong.is_empty(), "GitHub does not take this for {method} {template}: {wrong:#?}\n{body:#}");
    let properties = schema["properties"].as_object();
    for name in body.as_object().into_iter().flat_map(Map::keys) {
        assert!(
            properties.is_none_or(|known| known.contains_key(name)),
            "{method} {template} knows no {name}"
        );
    }
}

/// Why an answer to a route is none of GitHub's: its description lists answers by status. Those that it does not list
/// have the error that all calls share.
pub fn complaints(method: &str, route: &str, status: u16, body: &Value) -> Vec<String> {
    let (path, _) = route.split_once('?').unwrap_or((route, ""));
    let Operation { template, .. } = operation(method, path);
    complain(&format!("{method} {template} {status}"), &schema(method, path, status), body)
}

fn schema(method: &str, path: &str, status: u16) -> Value {
    let Operation { value, .. } = operation(method, path);
    let listed = resolved(&value["responses"][status.to_string()]);
    match &listed["content"]["application/json"]["schema"] {
        Value::Null => json!({"$ref": "#/components/schemas/basic-error"}),
        schema => schema.clone(),
    }
}

/// What is wrong with a value. Validators are made once.
fn complain(name: &str, schema: &Value, value: &Value) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, &'static Validator>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let validator = *known.entry(name.to_owned()).or_insert_with(|| {
        let mut root = json!({"components": description()["components"]});
        root.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        let made = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&root).unwrap();
        Box::leak(Box::new(made))
    });
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The smallest answer that GitHub's description allows, with these fields in it.
pub fn answer(method: &str, route: &str, status: u16, fields: Value) -> Value {
    let (path, _) = route.split_once('?').unwrap_or((route, ""));
    filled(&schema(method, path, status), fields)
}

/// A value of a schema, with these fields in it.
fn filled(schema: &Value, fields: Value) -> Value {
    let schema = match schema["$ref"].as_str() {
        Some(to) => description().pointer(to.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    if let Some(first) = ["anyOf", "oneOf"].iter().find_map(|one| schema[one].get(0)) {
        let is_nullable = schema["anyOf"].get(1) == Some(&json!({"type": "null"}));
        return if is_nullable && fields.is_null() { Value::Null } else { filled(first, fields) };
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in all {
            whole.extend(filled(part, fields.clone()).as_object().unwrap().clone());
        }
        return Value::Object(whole);
    }
    match (schema["type"].as_str(), &fields) {
        (Some("array"), Value::Array(list)) => {
            list.iter().map(|one| filled(&schema["items"], one.clone())).collect()
        }
        (Some("array"), Value::Null) => json!([]),
        (Some("object") | None, Value::Null | Value::Object(_)) => {
            let mut map = Map::new();
            let given = fields.as_object().cloned().unwrap_or_default();
            let required: Vec<&str> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|name| name.as_str().unwrap())
                .collect();
            let names = required.into_iter().map(str::to_owned).chain(given.keys().cloned());
            for name in names {
                let value = given.get(&name).cloned().unwrap_or(Value::Null);
                map.entry(name.clone())
                    .or_insert_with(|| filled(&schema["properties"][name.as_str()], value));
            }
            Value::Object(map)
        }
        (_, Value::Null) => match (schema["enum"].get(0), schema["type"].as_str(), schema["format"].as_str())
        {
            (Some(first), ..) => first.clone(),
            (None, Some("string"), Some("uri")) => json!("https://github.com/x"),
            (None, Some("string"), Some("date-time")) => json!("2026-11-22T00:00:00Z"),
            (None, Some("string"), _) => json!("x"),
            (None, Some("integer" | "number"), _) => json!(1),
            (None, Some("boolean"), _) => json!(false),
            _ => Value::Null,
        },
        _ => fields,
    }
}

#[test]
fn the_contract_tells_answers_from_others() {
    let complaints = |body| complaints("GET", "/repos/o/r/issues/1", 200, &body);
    for right in [json!("text"), Value::Null] {
        assert_eq!(complaints(super::issue(1, right)), Vec::<String>::new());
    }
    for wrong in [json!({}), json!({"number": 1, "body": "text"}), super::issue(1, json!(7))] {
        assert!(!complaints(wrong.clone()).is_empty(), "{wrong}");
    }
    let pull = answer("GET", "/repos/o/r/pulls/1", 200, json!({"number": 7}));
    assert_eq!(super::contract::complaints("GET", "/repos/o/r/pulls/1", 200, &pull), Vec::<String>::new());
    assert_eq!(pull["number"], 7);
}

#[test]
fn the_contract_finds_the_operation_of_a_path_with_slashes() {
    for (path, template) in [
        ("/repos/o/r/git/matching-refs/heads/a/b", "/repos/{owner}/{repo}/git/matching-refs/{ref}"),
        ("/repos/o/r/commits/a/b/check-runs", "/repos/{owner}/{repo}/commits/{ref}/check-runs"),
        ("/repos/o/r/contents/a/b.json", "/repos/{owner}/{repo}/contents/{path}"),
        ("/repos/o/r/compare/a...b/c", "/repos/{owner}/{repo}/compare/{basehead}"),
    ] {
        assert_eq!(operation("GET", path).template, template);
    }
}
