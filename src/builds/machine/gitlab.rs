//! The job around a line of a GitLab CI file. It never reads the files that another one includes.

use super::{Machine, last_before, variables};
use crate::budget::replaced;
use crate::builds::document::{KeyValue, Node};

/// The most templates that a job extends in a chain.
const DEEPEST: usize = 8;

/// Returns what a file says of the machine that runs a line: its job, the templates that the job extends, and the defaults.
pub(super) fn machine(documents: &[Node], line: usize) -> Machine {
    let Some((document, job)) = documents.iter().find_map(|document| Some((document, job(document, line)?)))
    else {
        return Machine::default();
    };
    let mut scopes = vec![job];
    while let Some(template) = scopes.last().and_then(|scope| extended(document, scope)) {
        if scopes.len() > DEEPEST {
            break;
        }
        scopes.push(template);
    }
    scopes.extend(document.get("default"));
    scopes.push(document);
    let image = scopes.iter().find_map(|scope| scope.get("image")).and_then(image);
    let services = scopes.iter().find_map(|scope| scope.get("services")).map(Node::items).unwrap_or_default();
    let mut env = std::collections::BTreeMap::new();
    for scope in scopes {
        for (name, value) in variables(scope.get("variables")) {
            env.entry(name).or_insert(value);
        }
    }
    let expand = |name: String| expanded(&name, &env);
    let services = services.iter().filter_map(self::image).map(expand).collect();
    Machine { image: image.map(expand), services, env, ..Machine::default() }
}

/// Returns the job that a line lies in.
fn job(document: &Node, line: usize) -> Option<&Node> {
    let entries = document.entries().iter();
    last_before(entries.map(|entry: &KeyValue| (entry.line, &entry.value)), line)
        .filter(|node| !node.entries().is_empty())
}

/// Returns the template that a job extends; of several, the last, which counts.
fn extended<'d>(document: &'d Node, job: &Node) -> Option<&'d Node> {
    let extends = job.get("extends")?;
    let name = extends.text().or_else(|| extends.items().last().and_then(Node::text))?;
    document.get(name)
}

/// Returns the name of an image, which is a text or a map with a name.
fn image(node: &Node) -> Option<String> {
    node.text().or_else(|| node.get("name").and_then(Node::text)).map(str::to_owned)
}

/// Returns a text with its variables expanded, as far as the file sets them.
fn expanded(text: &str, env: &std::collections::BTreeMap<String, String>) -> String {
    env.iter().fold(text.to_owned(), |text, (name, value)| {
        let braced = replaced(&text, &format!("${{{name}}}"), value);
        replaced(&braced, &format!("${name}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{WORK, contained_within};
    use crate::builds::yaml;

    #[test]
    fn variables_that_multiply_each_other_end_the_work() {
        let next = |name: u8| format!("${}", char::from(name + 1)).repeat(10);
        let all: Vec<String> =
            (b'A'..=b'J').map(|name| format!("  {}: \"{}\"\n", char::from(name), next(name))).collect();
        let all = all.concat();
        let text = format!("variables:\n{all}  K: x\na:\n  image: $A\n  script: [docker build .]\n");
        let documents = yaml::documents(&text).unwrap();
        let (machine, spent) = contained_within(WORK, || machine(&documents, 14));
        assert!(machine.is_err() && spent <= WORK, "{spent}");
        let documents = yaml::documents("variables: {A: x}\na:\n  image: $A:${A}\n").unwrap();
        assert_eq!(super::machine(&documents, 3).image.as_deref(), Some("x:x"));
    }
}
