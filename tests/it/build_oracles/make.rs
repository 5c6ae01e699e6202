//! Projects of make: `make -n` prints the commands that it would run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use super::random::Random;
use super::{Said, Tool, clean, output};

pub const TOOL: Tool = Tool { name: "make", program: "make", version: &["--version"], make, ask };

/// The values of the variable of the context.
const FOLDERS: [&str; 9] = [
    "svc",
    ".",
    "./lib/x",
    "$(BASE)/x",
    "$(patsubst %.d,%,svc.d)",
    "$(if $(NOT),lib/x,svc)",
    "$(firstword svc lib/x)",
    "$(addprefix lib/,x)",
    "$(subst a,v,sac)",
];
const FILES: [&str; 6] = [
    "Dockerfile",
    "Dockerfile.dev",
    "docker/web.Dockerfile",
    "$(DIR)/Dockerfile",
    "$(DF)",
    "$(strip Dockerfile )",
];
const VALUES: [&str; 6] = ["1", "$(DIR)", "$(BASE)-$@", "$(words a b)", "$(call double,y)", "$(notdir a/b)"];

/// Writes a Makefile with a few rules, and one in `svc` that it may run.
fn make(random: &mut Random, write: &mut dyn FnMut(&str, String)) -> Vec<String> {
    let mut text = "BASE = lib\nDF = Dockerfile.dev\ndouble = $(1)$(1)\n".to_owned();
    let operator = random.one_of(&["=", ":=", "?="]);
    writeln!(text, "DIR {operator} {}", random.one_of(&FOLDERS)).unwrap();
    if random.once_in(3) {
        write("more.mk", format!("B = {}\n", random.one_of(&VALUES)));
        text += "-include more.mk missing.mk\n";
    }
    if random.once_in(3) {
        let condition = random.one_of(&["ifdef NOT", "ifndef NOT", "ifeq ($(BASE),lib)", "ifneq ($(DF),)"]);
        writeln!(text, "{condition}\nDIR = {}\nelse\nDIR = svc\nendif", random.one_of(&FOLDERS)).unwrap();
    }
    let is_one_shell = random.once_in(6);
    if is_one_shell {
        text += ".ONESHELL:\n";
    }
    let names: Vec<String> = (0..=random.below(4)).map(|at| format!("t{at}")).collect();
    for (at, name) in names.iter().enumerate() {
        if random.once_in(3) {
            let private = if random.once_in(5) { "private " } else { "" };
            writeln!(
                text,
                "{name}: {private}DIR {} {}",
                random.one_of(&["=", ":="]),
                random.one_of(&FOLDERS)
            )
            .unwrap();
        }
        let needed =
            if at > 0 && random.once_in(2) { format!(" t{}", random.below(at)) } else { String::new() };
        if random.once_in(5) {
            writeln!(text, "{name}: %:{needed}").unwrap();
        } else {
            writeln!(text, "{name}:{needed}").unwrap();
        }
        for _ in 0..=random.below(2) {
            writeln!(text, "\t{}", recipe(random, is_one_shell)).unwrap();
        }
    }
    write("Makefile", text);
    let inner = format!(
        "DIR ?= .\nimage:\n\tdocker build --build-arg A={} $(DIR)\n",
        random.one_of(&["1", "$(DIR)", "$(O)"])
    );
    write("svc/Makefile", inner);
    names
}

/// Returns a command. Make runs what calls make itself even if it only prints, and in one shell all of the recipe.
fn recipe(random: &mut Random, is_one_shell: bool) -> String {
    let arg = format!("--build-arg A={}", random.one_of(&VALUES));
    let file = random.one_of(&FILES);
    match random.below(6) {
        0 => format!("@(cd svc && docker build {arg} .)"),
        1 if !is_one_shell => "$(MAKE) -C svc image".to_owned(),
        2 if !is_one_shell => format!("$(MAKE) -C svc image O={}", random.one_of(&["a", "$(BASE)"])),
        3 => format!("docker build {arg} \\\n\t  -f {file} $(DIR)"),
        4 => format!("-docker build --build-arg B=$(B) -f {file} ."),
        _ => format!("docker build {arg} -f {file} $(DIR)"),
    }
}

/// Returns the builds that make prints, each goal in a run of its own.
fn ask(folder: &Path, names: &[String]) -> Option<BTreeSet<Said>> {
    let mut found = BTreeSet::new();
    let own = names.iter().map(|name| ("", name.as_str()));
    for (below, goal) in own.chain([("svc", "image")]) {
        let printed = output("make", &folder.join(below), &["-w", "-n", goal])?;
        read(folder, &String::from_utf8(printed).ok()?, &mut found);
    }
    Some(found)
}

/// Reads the commands that make prints, which are words without quotes.
fn read(root: &Path, printed: &str, found: &mut BTreeSet<Said>) {
    let root = root.canonicalize().unwrap();
    let mut folders: Vec<String> = Vec::new();
    for line in printed.replace("\\\n", " ").lines() {
        if let Some((_, path)) = line.split_once("Entering directory '") {
            let path = Path::new(path.trim_end_matches('\'')).canonicalize().unwrap();
            folders.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
        } else if line.contains("Leaving directory '") {
            folders.pop();
        }
        let own = folders.last().cloned().unwrap_or_default();
        let (line, folder) = match line.strip_prefix("(cd svc && ") {
            Some(line) => (line.trim_end_matches(')'), format!("{own}/svc")),
            None => (line, own),
        };
        let Some(words) = line.strip_prefix("docker build ") else { continue };
        let (mut file, mut context, mut args) = (None, String::new(), BTreeMap::new());
        let mut words = words.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-f" => file = words.next(),
                "--build-arg" => {
                    let (name, value) = words.next().unwrap().split_once('=').unwrap();
                    args.insert(name.to_owned(), value.to_owned());
                }
                word => context = clean(&format!("{folder}/{word}")),
            }
        }
        let file = file.map_or_else(|| format!("{context}/Dockerfile"), |file| format!("{folder}/{file}"));
        let (target, contexts) = (None, BTreeMap::new());
        found.insert(Said { dockerfile: clean(&file), context, target, args, contexts });
    }
}
