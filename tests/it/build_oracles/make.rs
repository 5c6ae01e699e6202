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

/// What rules need and calls make: targets of pattern rules. Make compares the last one without its folder.
const OF_PATTERNS: [&str; 5] = ["img-a", "img-b", "img-$(BASE)", "img-$(words a b)", "sub/img-c"];

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
    let (has_pattern, has_inner_pattern) = (random.once_in(6), random.once_in(6));
    let mut names: Vec<String> = (0..=random.below(4)).map(|at| format!("t{at}")).collect();
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
        let needed = match random.below(4) {
            0 | 1 if at > 0 => format!(" t{}", random.below(at)),
            2 if has_pattern => format!(" {}", random.one_of(&OF_PATTERNS)),
            _ => String::new(),
        };
        if random.once_in(5) {
            writeln!(text, "{name}: %:{needed}").unwrap();
        } else {
            writeln!(text, "{name}:{needed}").unwrap();
        }
        for _ in 0..=random.below(2) {
            writeln!(text, "\t{}", recipe(random, is_one_shell, (has_pattern, has_inner_pattern))).unwrap();
        }
    }
    if has_pattern {
        let needed = random.one_of(&["", " other-%", " base"]);
        writeln!(text, "img-%:{needed}\n\tdocker build --build-arg A=$* -f {} svc", random.one_of(&FILES))
            .unwrap();
        if random.once_in(3) {
            text += "%-a:\n\tdocker build common/svc\n";
        }
        text += "other-%:\n\tdocker build --build-arg A=$@ common\nbase:\n\tdocker build lib/x\n";
        names.push("base".to_owned());
    }
    write("Makefile", text);
    write("svc/Makefile", inner(random, has_inner_pattern));
    names
}

/// Returns a Makefile that others run, with and without a target.
fn inner(random: &mut Random, has_pattern: bool) -> String {
    let goal = random.one_of(&["", ".DEFAULT_GOAL := image\n", ".DEFAULT_GOAL = img-$(words a b)\n"]);
    let pattern = "img-%:\n\tdocker build --build-arg A=$* -f Dockerfile.dev $(DIR)\n";
    let first = random.one_of(&["", pattern, ".PHONY: image first\nfirst: img-f\n"]);
    let arg = random.one_of(&["1", "$(DIR)", "$(O)"]);
    let image = format!("image:\n\tdocker build --build-arg A={arg} $(DIR)\n");
    if !has_pattern {
        return format!("DIR ?= .\n{image}other:\n\tdocker build --build-arg A={arg} ../common\n");
    }
    let last = if first == pattern { "" } else { pattern };
    format!("DIR ?= .\n{goal}{first}{image}{last}")
}

/// Returns a command. Make runs what calls make itself even if it only prints, and in one shell all of the recipe.
/// `patterns` says if the Makefile and the one in `svc` have pattern rules.
fn recipe(random: &mut Random, is_one_shell: bool, patterns: (bool, bool)) -> String {
    let arg = format!("--build-arg A={}", random.one_of(&VALUES));
    let file = random.one_of(&FILES);
    let targets: &[&str] =
        if patterns.1 { &["image O=c", "img-b O=c", "image img-a"] } else { &["image", "other O=c"] };
    match random.below(9) {
        6 if !is_one_shell => format!("$(MAKE) -C svc{}", random.one_of(&["", " O=b", " DIR=."])),
        7 if !is_one_shell => format!("$(MAKE) -C svc {}", random.one_of(targets)),
        8 if !is_one_shell && patterns.0 => format!("$(MAKE) {}", random.one_of(&OF_PATTERNS)),
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
    let inner = std::fs::read_to_string(folder.join("svc/Makefile")).unwrap();
    let is_target = |name: &&str| inner.lines().any(|line| line.starts_with(&format!("{name}:")));
    let inner = ["image", "first", "other"].into_iter().filter(is_target).map(|name| ("svc", name));
    for (below, goal) in own.chain(inner) {
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
