//! GitHub's own description of the call, against which the fake's answers and our requests are held.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// The description: see its README for where it is from.
fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/github/issues-get.json");
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
            if map.remove("nullable") == Some(json!(true)) {
                let inner = std::mem::take(map);
                map.insert("anyOf".into(), json!([inner, {"type": "null"}]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(nullable),
        _ => {}
    }
}

/// The operation of a route.
fn operation(method: &str, route: &str) -> &'static Value {
    let fits = |template: &str| {
        let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), route.split('/').collect());
        wanted.len() == given.len()
            && wanted
                .iter()
                .zip(&given)
                .all(|(wanted, given)| wanted == given || wanted.starts_with('{') && !given.is_empty())
    };
    let mut paths = description()["paths"].as_object().unwrap().iter();
    let (_, path) =
        paths.find(|(template, _)| fits(template)).unwrap_or_else(|| panic!("GitHub has no {route}"));
    path.get(method.to_lowercase()).unwrap_or_else(|| panic!("GitHub has no {method} {route}"))
}

/// What a request asks for is there, and an integer where it has to be one.
pub fn assert_request(method: &str, route: &str) {
    operation(method, route);
    let number = route.rsplit('/').next().unwrap();
    assert!(number.parse::<u64>().is_ok(), "{route} ends with no number");
}

/// Why an answer to a route is none of GitHub's: its description lists answers by status. Those that it does not list
/// have the error that all calls share.
pub fn complaints(method: &str, route: &str, status: u16, body: &Value) -> Vec<String> {
    let listed =
        &operation(method, route)["responses"][status.to_string()]["content"]["application/json"]["schema"];
    let schema =
        if listed.is_null() { json!({"$ref": "#/components/schemas/basic-error"}) } else { listed.clone() };
    let mut root = json!({"components": description()["components"]});
    root.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&root).unwrap();
    validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
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
}
