//! Projects of bake.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::random::Random;
use super::{Said, Tool, clean, is_remote, output};

pub const TOOL: Tool = Tool { name: "buildx", program: "docker", version: &["buildx", "version"], make, ask };

const CONTEXTS: [&str; 10] = [
    "\".\"",
    "\"svc\"",
    "CTX",
    "\"./${CTX}\"",
    "\"lib/${X}\"",
    "CTX == \"svc\" ? \"svc\" : \"lib/x\"",
    "\"cwd://svc\"",
    "join(\"/\", [\"lib\", X])",
    "trimsuffix(\"svc.x\", \".x\")",
    "BAKE_CMD_CONTEXT",
];
const DOCKERFILES: [&str; 7] = [
    "\"Dockerfile\"",
    "\"Dockerfile.dev\"",
    "df(\"web\")",
    "\"\"",
    "null",
    "format(\"%s.dev\", \"Dockerfile\")",
    "replace(\"Dockerfile_dev\", \"_\", \".\")",
];
const VALUES: [&str; 16] = [
    "\"1\"",
    "1",
    "true",
    "CTX",
    "\"v${N + 1}\"",
    "upper(X)",
    "LIST[0]",
    "\"${N}\"",
    "EMPTY",
    "length(LIST)",
    "contains(LIST, \"a\") ? \"in\" : \"out\"",
    "MAP.k",
    "[for x in LIST : \"${x}!\"][1]",
    "split(\",\", \"p,q\")[1]",
    "N > 1 && !false",
    "element(LIST, N)",
];

fn make(random: &mut Random, write: &mut dyn FnMut(&str, String)) -> Vec<String> {
    let mut text = "variable \"CTX\" { default = \"svc\" }\nvariable \"N\" { default = 2 }\nvariable \"EMPTY\" {}\nX = \"x\"\n\
                    LIST = [\"a\", \"b\"]\nvariable \"MAP\" { default = { k = \"v\", j = CTX } }\n"
        .to_owned();
    text += "function \"df\" {\n  params = [n]\n  result = \"../docker/${n}.Dockerfile\"\n}\n";
    let many = 1 + random.below(4);
    let names: Vec<String> = (0..many).map(|at| format!("t{at}")).collect();
    // A target that only others inherit from is not a build, unless a group lists it.
    writeln!(text, "group \"default\" {{\n  targets = {names:?}\n}}").unwrap();
    for (at, name) in names.iter().enumerate() {
        writeln!(text, "target \"{name}\" {{").unwrap();
        let is_matrix = random.once_in(4);
        if is_matrix {
            writeln!(text, "  name = \"{name}-${{m}}-${{o.k}}\"").unwrap();
            writeln!(text, "  matrix = {{\n    m = LIST\n    o = [{{ k = \"1\", c = \"svc\" }}, {{ k = \"2\", c = \"lib/x\" }}]\n  }}").unwrap();
            writeln!(text, "  context = o.c\n  args = {{ M = m, O = \"${{m}}${{o.k}}\" }}").unwrap();
        }
        if at > 0 && random.once_in(3) {
            let other = random.below(at);
            // A matrix has other names than its label.
            if !text.contains(&format!("\"t{other}-$")) {
                writeln!(text, "  inherits = [\"t{other}\"]").unwrap();
            }
        }
        text += &attributes(random, is_matrix);
        text += "}\n";
    }
    if random.once_in(4) {
        text += "target \"t0\" {\n  args = { AGAIN = \"again\" }\n  target = \"again\"\n}\n";
        if text.contains("\"t0-$") {
            text = text
                .replace("target \"t0\" {\n  args = { AGAIN = \"again\" }\n  target = \"again\"\n}\n", "");
        }
    }
    if random.once_in(25) {
        text += random.one_of(&[
            "target \"bad\" {\n  context = MISSING\n}\n",
            "target \"bad\" {\n  inherits = [\"missing\"]\n}\n",
            "variable \"V\" {\n  default = \"x\"\n  validation {\n    condition = V == \"y\"\n    error_message = \"no\"\n  }\n}\n",
        ]);
    }
    write("docker-bake.hcl", text);
    if random.once_in(4) {
        let json = "{\"target\": {\"j\": {\"context\": \"${CTX}\", \"args\": {\"J\": \"${upper(CTX)}\"}}}, \"variable\": {\"Q\": {\"default\": \"q\"}}}";
        write("docker-bake.json", json.into());
    }
    if random.once_in(4) {
        let mut text = random
            .one_of(&[
                "CTX = \"lib/x\"\n",
                "variable \"CTX\" { default = \"lib/x\" }\n",
                "variable \"N\" { default = 0 }\n",
            ])
            .to_owned();
        if !std::iter::once(&names[0]).any(|_| random.once_in(3)) {
            text += "target \"o\" {\n  context = CTX\n}\n";
        }
        write("docker-bake.override.hcl", text);
    }
    names
}

fn attributes(random: &mut Random, is_matrix: bool) -> String {
    let mut text = String::new();
    if !is_matrix && random.below(4) > 0 {
        writeln!(text, "  context = {}", random.one_of(&CONTEXTS)).unwrap();
    }
    if random.once_in(2) {
        writeln!(text, "  dockerfile = {}", random.one_of(&DOCKERFILES)).unwrap();
    }
    if random.once_in(3) {
        text += "  target = \"t\"\n";
    }
    if !is_matrix && random.once_in(2) {
        writeln!(text, "  args = {{ A = {}, B = {} }}", random.one_of(&VALUES), random.one_of(&VALUES))
            .unwrap();
    }
    text
}

fn ask(folder: &Path, names: &[String]) -> Option<BTreeSet<Said>> {
    let mut all: Vec<String> = names.to_vec();
    for (file, name) in [("docker-bake.json", "j"), ("docker-bake.override.hcl", "o")] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        if text.contains(&format!("\"{name}\"")) {
            all.push(name.to_owned());
        }
    }
    printed(folder, &all)
}

/// Returns the builds of some targets that bake prints in a folder, with paths relative to it.
pub fn printed(folder: &Path, names: &[String]) -> Option<BTreeSet<Said>> {
    let names = names.iter().map(String::as_str);
    let args: Vec<&str> = ["buildx", "bake", "--print"].into_iter().chain(names).collect();
    let printed: Value = serde_json::from_slice(&output("docker", folder, &args)?).unwrap();
    let place = |path: &str| match path.strip_prefix("cwd://").unwrap_or(path) {
        path if is_remote(path) => path.to_owned(),
        path => clean(path),
    };
    let mut found = BTreeSet::new();
    for target in printed["target"].as_object().unwrap().values() {
        let text = |key: &str| target[key].as_str();
        let pairs = |key: &str| {
            let pairs = target[key].as_object().into_iter().flatten();
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        };
        let context = text("context").unwrap_or_default();
        let dockerfile = text("dockerfile").unwrap_or_default();
        let dockerfile = match dockerfile.strip_prefix("cwd://") {
            Some(path) => clean(path),
            None => clean(&format!("{}/{dockerfile}", place(context))),
        };
        found.insert(Said {
            dockerfile,
            context: place(context),
            target: text("target").filter(|target| !target.is_empty()).map(str::to_owned),
            args: pairs("args").collect(),
            contexts: pairs("contexts").map(|(name, source)| (name, place(&source))).collect(),
        });
    }
    Some(found)
}
