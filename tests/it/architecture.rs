//! The rules of the source tree that a compiler does not check.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use layerwright::analysis::rule;

/// The modules in the order of the data. Each knows those before it; those of one row know each other.
const ORDER: [&[&str]; 21] = [
    &["budget"],
    &["text"],
    &["network"],
    &["git"],
    &["config"],
    &["shell"],
    &["dockerfile"],
    &["discover"],
    &["builds"],
    &["rootfs"],
    &["images"],
    &["analysis"],
    &["edit"],
    &["builders"],
    &["campaign"],
    &["verify"],
    &["rollout"],
    &["report"],
    &["github"],
    &["ops"],
    &["cli"],
];

/// The most lines of a file without its tests.
const MOST_LINES: usize = 420;

/// Every source file by its path below `src`, tests in files of their own left out.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut pending: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                found.insert(name, code);
            }
        }
    }
    assert!(found.len() > 80, "only {} source files were found", found.len());
    found
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&module))
}

/// The modules of the crate that a text names, with their lines. Comments may name any.
fn named(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for (start, _) in line.match_indices("crate::") {
            let rest = &line[start + "crate::".len()..];
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
            match rest.strip_prefix('{') {
                Some(list) => found.extend(
                    list.split(['{', '}', ','])
                        .map(|name| (at + 1, name.trim().split("::").next().unwrap().to_owned())),
                ),
                None => found.push((at + 1, rest.chars().take_while(|c| inside(*c)).collect())),
            }
        }
    }
    found
}

#[test]
fn a_module_knows_those_before_it_alone() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, code) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        if matches!(module, "lib" | "main") {
            continue;
        }
        let own = rank(module)
            .unwrap_or_else(|| panic!("give src/{file} a place in ORDER and in the doc of lib.rs"));
        for (line, name) in named(&code) {
            seen += 1;
            if rank(&name).is_some_and(|other| other > own) {
                wrong.push(format!("src/{file}:{line} names crate::{name}, which comes after {module}"));
            }
        }
    }
    assert!(seen > 100, "only {seen} names of modules were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rule owns all that is said of it: no other file asks which rule a finding is of. The name of one rule is that of an
/// operating system too.
#[test]
fn no_file_outside_a_rule_names_it() {
    let names = rule::ALL.iter().map(|rule| rule.name).filter(|name| *name != "windows");
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    let mut wrong = Vec::new();
    for (file, code) in sources().iter().filter(|(file, _)| !file.starts_with("analysis/rule/")) {
        for name in quoted.iter().filter(|name| code.contains(*name)) {
            wrong.push(format!("src/{file} names the rule {name}; give `Rule` a field for it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_library_that_reaches_the_world_has_one_user() {
    for (library, modules) in [
        ("git2", &["git"][..]),
        ("octocrab", &["github"]),
        ("hyper_rustls", &["network"]),
        ("tokio", &["github", "network"]),
    ] {
        let mut users: Vec<String> = Vec::new();
        for (file, code) in sources() {
            let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            if lines.any(|line| line.contains(&format!("{library}::"))) {
                users.push(file.split(['/', '.']).next().unwrap().to_owned());
            }
        }
        users.dedup();
        assert_eq!(users, modules, "{library} is used by {modules:?} alone");
    }
}

#[test]
fn verdicts_come_from_values_and_no_file() {
    let module = |file: &str| file.split(['/', '.']).next().unwrap().to_owned();
    let pure = ["text", "shell", "dockerfile", "analysis", "edit", "rollout"];
    let mut seen = 0;
    for (file, code) in sources().iter().filter(|(file, _)| pure.contains(&module(file).as_str())) {
        seen += 1;
        for world in ["std::fs", "std::process", "std::net", "std::env"] {
            let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(!lines.any(|line| line.contains(world)), "src/{file} names {world}");
        }
    }
    assert!(seen > 60, "only {seen} files were read");
}

#[test]
fn only_operations_use_the_builder() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        let users = named(&code).into_iter().filter(|(_, name)| name == "verify");
        if !matches!(module, "verify" | "ops" | "cli") {
            wrong.extend(users.map(|(line, _)| format!("src/{file}:{line} names crate::verify")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules of a folder, each with those beside it that its code names.
fn beside(folder: &str, sources: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let child = |file: &str| -> Option<(String, bool)> {
        let below = file.strip_prefix(folder)?.strip_prefix('/')?;
        let name = below.split(['/', '.']).next()?;
        Some((name.to_owned(), !below.contains('/')))
    };
    let all: BTreeSet<String> = sources.keys().filter_map(|file| child(file)).map(|(name, _)| name).collect();
    let from_crate = format!("crate::{}::", folder.replace('/', "::"));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, code) in sources {
        let Some((own, is_direct)) = child(file) else { continue };
        let prefixes = [Some(from_crate.as_str()), is_direct.then_some("super::")];
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let named = prefixes.into_iter().flatten().flat_map(|prefix| {
            code.match_indices(prefix).flat_map(|(at, _)| {
                let rest = &code[at + prefix.len()..];
                let list = rest.strip_prefix('{').and_then(|list| list.split(';').next());
                let words = list.unwrap_or(rest).split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let count = if list.is_some() { usize::MAX } else { 1 };
                words.take(count).map(str::to_owned).collect::<Vec<_>>()
            })
        });
        let named = named.filter(|name| *name != own && all.contains(name));
        found.entry(own.clone()).or_default().extend(named);
    }
    found
}

#[test]
fn the_modules_of_a_campaign_form_no_circle() {
    let sources = sources();
    for folder in ["campaign", "campaign/evidence", "campaign/plan", "campaign/progress"] {
        let mut left = beside(folder, &sources);
        assert!(left.values().any(|named| !named.is_empty()), "src/{folder}: no module names another");
        while let Some(free) = left.iter().find(|(_, named)| named.is_empty()).map(|(name, _)| name.clone()) {
            left.remove(&free);
            for named in left.values_mut() {
                named.retain(|name| *name != free);
            }
        }
        assert!(left.is_empty(), "src/{folder}: these modules name each other in a circle: {left:#?}");
    }
}

#[test]
fn the_doc_of_the_crate_lists_every_module() {
    let sources = sources();
    let lib = &sources["lib.rs"];
    for row in ORDER {
        for module in row {
            assert!(
                lib.contains(&format!("//! - [`{module}`]: ")),
                "the doc of lib.rs does not list {module}"
            );
            assert!(lib.contains(&format!("pub mod {module};")), "lib.rs does not hold {module}");
        }
    }
    assert_eq!(lib.matches("pub mod ").count(), ORDER.concat().len(), "ORDER does not hold every module");
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let lines = code.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!(
                "src/{file} has {lines} lines without its tests; move a part to a module of its own"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
