//! Projects of compose.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::random::Random;
use super::{Said, Tool, clean, is_remote, output};

pub const TOOL: Tool =
    Tool { name: "compose", program: "docker", version: &["compose", "version"], make, ask };

const CONTEXTS: [&str; 12] = [
    ".",
    "svc",
    "./svc",
    "lib/x",
    "${CTX}",
    "${CTX:-svc}",
    "${NOT:-lib/x}",
    "${CTX-.}",
    "./${NOT-svc}/",
    "svc/../lib/x",
    "${EMPTY:-svc}",
    "${CTX:+svc}",
];
const DOCKERFILES: [&str; 7] = [
    "Dockerfile",
    "Dockerfile.dev",
    "../docker/web.Dockerfile",
    "${DF:-Dockerfile}",
    "${DF}",
    "./Dockerfile",
    "${NOT:-Dockerfile.dev}",
];
const ARGS: [&str; 8] = ["A=1", "A=2", "B=${CTX}", "B", "C=", "D=${NOT:-d}", "E=$$x", "CTX"];

#[expect(clippy::too_many_lines, reason = "a project is written from top to bottom")]
fn make(random: &mut Random, write: &mut dyn FnMut(&str, String)) -> Vec<String> {
    if random.once_in(2) {
        let values = ["CTX=svc", "CTX=./lib/x", "CTX=\"svc\"", "export CTX='lib/x' # why", "CTX=${NOT:-svc}"];
        let mut text = format!("{}\nEMPTY=\n", random.one_of(&values));
        if random.once_in(2) {
            text +=
                random.one_of(&["DF=Dockerfile.dev\n", "DF: Dockerfile\n", "DF=${CTX}file\n", "# DF=x\n"]);
        }
        write(".env", text);
    }
    let services = ["web", "api", "job", "db"];
    let many = 1 + random.below(4);
    let includes = random.once_in(5);
    let mut text = String::new();
    if includes {
        let item = random.one_of(&[
            "  - common/inc.yml\n",
            "  - path: common/inc.yml\n    project_directory: .\n",
            "  - path: [common/inc.yml]\n",
        ]);
        write!(text, "include:\n{item}").unwrap();
        write("common/inc.yml", format!("services:\n  inc:\n{}", build(random, 4)));
        if random.once_in(3) {
            write("common/.env", "CTX=svc\n".into());
        }
    }
    let anchored = random.once_in(4);
    if anchored {
        write!(text, "x-build: &build\n  context: {}\n  args: [A=anchor]\n", random.one_of(&CONTEXTS[..6]))
            .unwrap();
    }
    text += "services:\n";
    let mut has_file = false;
    for name in &services[..many] {
        writeln!(text, "  {name}:").unwrap();
        match random.below(7) {
            0 if *name != "web" => {
                writeln!(text, "    extends: {}", random.one_of(&["web", "{service: web}"])).unwrap();
                if random.once_in(2) {
                    text += &build(random, 4);
                }
            }
            1 => {
                has_file = true;
                text += "    extends: {file: common/base.yml, service: base}\n";
                if random.once_in(2) {
                    text += &partial(random, 4);
                }
            }
            2 if anchored => text += "    build:\n      <<: *build\n      dockerfile: Dockerfile.dev\n",
            3 => text += "    image: debian\n",
            _ => text += &build(random, 4),
        }
        if random.once_in(6) {
            text += "    profiles: [dev]\n";
        }
    }
    if has_file {
        let chained = random.once_in(3);
        let mut base = format!("services:\n  base:\n{}", build(random, 4));
        if chained {
            base =
                "services:\n  base:\n    extends: {service: below}\n    build: {target: chained}\n  below:\n"
                    .to_owned()
                    + &build(random, 4);
        }
        write("common/base.yml", base);
    }
    if random.once_in(20) {
        text += "  web:\n    image: twice\n";
    }
    let name = random.one_of(&["compose.yaml", "docker-compose.yml", "compose.yml"]);
    write(name, text);
    if random.once_in(3) {
        let mut text = "services:\n".to_owned();
        for name in &services[..many] {
            if random.once_in(2) {
                let part = partial(random, 4);
                write!(text, "  {name}:\n{part}").unwrap();
            }
        }
        text += "  extra:\n    build: svc\n";
        write(
            random.one_of(&["compose.override.yml", "docker-compose.override.yml", "compose.override.yaml"]),
            text,
        );
    }
    Vec::new()
}

/// A whole build.
fn build(random: &mut Random, indent: usize) -> String {
    let pad = " ".repeat(indent);
    if random.once_in(4) {
        return format!("{pad}build: {}\n", random.one_of(&CONTEXTS));
    }
    let mut text = format!("{pad}build:\n{pad}  context: {}\n", random.one_of(&CONTEXTS));
    if random.once_in(2) {
        writeln!(text, "{pad}  dockerfile: {}", random.one_of(&DOCKERFILES)).unwrap();
    }
    text + &rest(random, indent)
}

/// A part of a build, to be laid over another.
fn partial(random: &mut Random, indent: usize) -> String {
    let pad = " ".repeat(indent);
    if random.once_in(8) {
        return format!("{pad}build: {}\n", random.one_of(&CONTEXTS));
    }
    let mut text = format!("{pad}build:\n{pad}  target: over\n");
    if random.once_in(3) {
        writeln!(text, "{pad}  dockerfile: {}", random.one_of(&DOCKERFILES)).unwrap();
    }
    if random.once_in(6) {
        writeln!(text, "{pad}  context: {}", random.one_of(&["!reset null", "svc", "${CTX:-.}"])).unwrap();
    }
    let args = rest(random, indent);
    text + &args.replace("  target: t\n", "  network: host\n")
}

fn rest(random: &mut Random, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut text = String::new();
    if random.once_in(2) {
        let tag = random.one_of(&["", "", "", "", "!override "]);
        let (one, other) = (random.one_of(&ARGS), random.one_of(&ARGS));
        if random.once_in(2) || one.split('=').next() == other.split('=').next() {
            writeln!(text, "{pad}  args: {tag}[\"{one}\"]").unwrap();
        } else {
            let pair = |arg: &str| match arg.split_once('=') {
                Some((name, value)) => format!("{name}: \"{value}\""),
                None => format!("{arg}: null"),
            };
            writeln!(text, "{pad}  args: {tag}{{{}, {}}}", pair(one), pair(other)).unwrap();
        }
    }
    if random.once_in(4) {
        writeln!(text, "{pad}  target: t").unwrap();
    }
    if random.once_in(25) {
        let refused = random.one_of(&["contxt: x", "network: ${NOT:?must be set}", "target: ${"]);
        if !(refused.starts_with("target") && text.contains("target")) {
            writeln!(text, "{pad}  {refused}").unwrap();
        }
    }
    text
}

fn ask(folder: &Path, _: &[String]) -> Option<BTreeSet<Said>> {
    printed(folder, folder)
}

/// Returns the builds that compose prints in a folder, with paths relative to `root`.
pub fn printed(folder: &Path, root: &Path) -> Option<BTreeSet<Said>> {
    let printed = output("docker", folder, &["compose", "--profile", "*", "config", "--format", "json"])?;
    let config: Value = serde_json::from_slice(&printed).unwrap();
    let root = clean(root.to_str().unwrap());
    let inside = |path: &str| match clean(path).strip_prefix(&root) {
        _ if is_remote(path) => path.to_owned(),
        Some(path) => path.trim_start_matches('/').to_owned(),
        None => "(outside)".into(),
    };
    let mut found = BTreeSet::new();
    for service in config["services"].as_object().into_iter().flatten().map(|(_, service)| service) {
        let Some(build) = service["build"].as_object() else { continue };
        let text = |key: &str| build.get(key).and_then(Value::as_str).unwrap_or_default();
        let pairs = |key: &str| {
            let pairs = build.get(key).and_then(Value::as_object).into_iter().flatten();
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.replace("$$", "$"))))
        };
        let context = text("context");
        let dockerfile = match text("dockerfile") {
            path if path.starts_with('/') => path.to_owned(),
            path => format!("{context}/{path}"),
        };
        found.insert(Said {
            dockerfile: inside(&dockerfile),
            context: inside(context),
            target: Some(text("target").to_owned()).filter(|target| !target.is_empty()),
            args: pairs("args").collect(),
            contexts: pairs("additional_contexts").map(|(name, source)| (name, inside(&source))).collect(),
        });
    }
    Some(found)
}
