//! Command lines that run builds which other files define: compose, bake, make, and scripts. It never reads the files.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::compose::{self, Environment};
use super::{Place, Tool, bake, settled};
use crate::text::cut;

/// A call of what another file defines.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    /// The place where it is written.
    pub(crate) place: Place,
    pub(crate) call: Call,
    /// The things that are not settled about it.
    pub(crate) unsettled: Vec<String>,
    /// The variables that its file sets in a way that may reach it.
    pub(crate) assigned: BTreeSet<String>,
    /// The places that call the file that it is in, the nearest first.
    pub(crate) callers: Vec<Place>,
    /// The tool of a call of compose or bake.
    pub(crate) tool: Tool,
}

/// The tool that a call runs, with its options. Paths are relative to the folder of the call, which is relative to the repository's root.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Compose(compose::Run),
    Bake(bake::Run),
    Make(Make),
    Script(Script),
}

/// A run of make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Make {
    pub(crate) folder: String,
    /// `-f`.
    pub(crate) file: Option<String>,
    pub(crate) targets: Vec<String>,
    /// `-o`: the targets that are not made.
    pub(crate) old: Vec<String>,
    /// `NAME=value`.
    pub(crate) variables: Vec<(String, String)>,
    /// The variables that the call sets in its environment.
    pub(crate) environment: BTreeMap<String, String>,
}

/// A run of a script of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(crate) folder: String,
    /// The path from the repository's root.
    pub(crate) path: String,
    pub(crate) args: Vec<String>,
    /// The variables that the call sets in its environment.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Invocation {
    /// Gives the call the variables of its caller, and the names of those that the caller may set. Those that its own
    /// file sets come first.
    pub(crate) fn pass_on(&mut self, environment: &BTreeMap<String, String>, assigned: &BTreeSet<String>) {
        for (name, value) in environment {
            if !self.assigned.contains(name) {
                self.call.set_default(name, value);
            }
        }
        self.assigned.extend(assigned.iter().cloned());
    }
}

/// The words of a command line: an option with its value, or an operand.
struct Words<'w> {
    rest: std::slice::Iter<'w, String>,
    /// The options that take a value.
    valued: &'static [&'static str],
}

enum Word<'w> {
    Option(&'w str, String),
    Operand(&'w str),
}

impl Call {
    /// Sets a variable of the call, unless it sets it itself.
    pub(crate) fn set_default(&mut self, name: &str, value: &str) {
        match self {
            Self::Compose(run) => run.environment.set_default(name, value.to_owned()),
            Self::Bake(run) => run.environment.set_default(name, value.to_owned()),
            Self::Make(Make { environment, .. }) | Self::Script(Script { environment, .. }) => {
                environment.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
    }
}

impl<'w> Iterator for Words<'w> {
    type Item = Word<'w>;

    fn next(&mut self) -> Option<Word<'w>> {
        let word = self.rest.next()?;
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| name.starts_with("--")) {
            return Some(Word::Option(name, value.to_owned()));
        }
        if self.valued.contains(&word.as_str()) {
            return Some(Word::Option(word, self.rest.next().cloned().unwrap_or_default()));
        }
        // `-fFILE`
        if let Some((letter, value)) = word.split_at_checked(2).filter(|_| !word.starts_with("--"))
            && self.valued.contains(&letter)
        {
            return Some(Word::Option(letter, value.trim_start_matches('=').to_owned()));
        }
        Some(if word.len() > 1 && word.starts_with('-') {
            Word::Option(word, String::new())
        } else {
            Word::Operand(word)
        })
    }
}

/// Options of `docker` before its command that take a value.
const GLOBAL: [&str; 8] = ["--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--builder"];
/// Options of `docker compose` that take a value (docker/compose `cmd/compose/compose.go`).
const OF_COMPOSE: [&str; 12] = [
    "-f",
    "--file",
    "-p",
    "--project-name",
    "--profile",
    "--project-directory",
    "--env-file",
    "--parallel",
    "--progress",
    "--ansi",
    "--workdir",
    "--log-level",
];
/// The commands of compose that build.
const COMPOSE_BUILDS: [&str; 6] = ["build", "up", "run", "create", "watch", "publish"];
/// Options of `docker buildx bake` that take a value (docker/buildx `commands/bake.go`).
const OF_BAKE: [&str; 13] = [
    "-f",
    "--file",
    "--set",
    "--allow",
    "--builder",
    "--call",
    "--list",
    "--metadata-file",
    "--progress",
    "--provenance",
    "--sbom",
    "--var",
    "--policy",
];
/// Options of make that take a value.
const OF_MAKE: [&str; 14] = [
    "-C",
    "--directory",
    "-f",
    "--file",
    "--makefile",
    "-I",
    "--include-dir",
    "-o",
    "--old-file",
    "--assume-old",
    "-W",
    "-j",
    "-l",
    "-O",
];
/// Programs that run a script.
const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "ksh", "dash", "ash"];

/// Returns the tool that builds what a call of compose or bake defines.
pub(super) fn tool(words: &[String], call: &Call) -> Tool {
    let name = words.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name));
    match (name, call) {
        (_, Call::Make(_) | Call::Script(_)) => Tool::Other,
        ("podman" | "podman-compose", _) => Tool::Podman,
        ("nerdctl", _) => Tool::Nerdctl,
        ("docker-compose", _) => Tool::DockerCompose,
        (_, Call::Compose(_)) => Tool::Compose,
        (_, Call::Bake(_)) => Tool::Buildx,
    }
}

/// Returns the call of a command line in a folder. `of_repository` says whether the repository has a file. The second
/// value names what is not settled.
pub(super) fn call(
    words: &[String],
    folder: &str,
    environment: &LazyCell<Environment, impl FnOnce() -> Environment>,
    of_repository: &dyn Fn(&str) -> bool,
) -> Option<(Call, Vec<String>)> {
    let (name, rest) = words.split_first()?;
    let tool = name.rsplit('/').next().unwrap_or(name);
    let found = match tool {
        "docker" | "podman" | "nerdctl" => of_docker(rest, folder, environment),
        "docker-compose" | "podman-compose" => compose(rest, folder, environment),
        "docker-buildx" => of_docker(words, folder, environment),
        "make" | "gmake" => Some(make(rest, folder, environment)),
        _ => None,
    };
    if let Some(found) = found {
        let open = |word: &&String| settled::is_open(word);
        let unsettled = words.iter().filter(open).map(|word| settled::pattern(word).to_string());
        return Some((found, unsettled.collect()));
    }
    let (script, args) = if SHELLS.contains(&tool) {
        let at = rest.iter().position(|word| !word.starts_with('-'))?;
        (&rest[at], &rest[at + 1..])
    } else {
        (name, rest)
    };
    let path = compose::below(folder, script);
    let is_script = script.contains('/') || SHELLS.contains(&tool);
    (is_script && of_repository(&path)).then(|| {
        let environment = environment.values().clone();
        let call = Script { folder: folder.to_owned(), path, args: args.to_vec(), environment };
        (Call::Script(call), Vec::new())
    })
}

fn of_docker(words: &[String], folder: &str, environment: &Environment) -> Option<Call> {
    let mut rest = words;
    loop {
        let (word, after) = rest.split_first()?;
        rest = match word.as_str() {
            "compose" => return compose(after, folder, environment),
            "bake" => return bake(after, folder, environment),
            "buildx" | "docker-buildx" => after,
            option if GLOBAL.contains(&option) => after.get(1..)?,
            option if option.starts_with('-') => after,
            _ => return None,
        };
    }
}

fn compose(words: &[String], folder: &str, environment: &Environment) -> Option<Call> {
    let mut run = compose::Run {
        folder: folder.to_owned(),
        environment: environment.clone(),
        ..compose::Run::default()
    };
    for word in (Words { rest: words.iter(), valued: &OF_COMPOSE }) {
        match word {
            Word::Option("-f" | "--file", value) => run.files.push(value),
            Word::Option("--project-directory" | "--workdir", value) => run.project_directory = Some(value),
            Word::Option("--env-file", value) => run.env_files.push(value),
            Word::Option(..) => {}
            Word::Operand(command) => return COMPOSE_BUILDS.contains(&command).then_some(Call::Compose(run)),
        }
    }
    None
}

fn bake(words: &[String], folder: &str, environment: &Environment) -> Option<Call> {
    let mut run = bake::Run { folder: folder.to_owned(), ..bake::Run::default() };
    let mut set: Vec<(String, String)> = Vec::new();
    for word in (Words { rest: words.iter(), valued: &OF_BAKE }) {
        match word {
            Word::Option("-f" | "--file", value) => run.files.push(value),
            Word::Option("--set", value) => run.overrides.push(value),
            Word::Option("--var", value) => {
                set.extend(value.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            Word::Option(..) => {}
            Word::Operand(target) => run.targets.push(target.to_owned()),
        }
    }
    // A definition that is not here.
    let is_remote = |text: &String| text.contains("://") || text.starts_with("git@");
    if run.targets.iter().chain(&run.files).any(is_remote) {
        return None;
    }
    run.environment = Environment::of(set.iter().map(|(name, value)| (name.as_str(), value)));
    run.environment.inherit(environment);
    Some(Call::Bake(run))
}

fn make(words: &[String], folder: &str, environment: &Environment) -> Call {
    let mut make = Make {
        folder: folder.to_owned(),
        file: None,
        targets: Vec::new(),
        old: Vec::new(),
        variables: Vec::new(),
        environment: environment.values().clone(),
    };
    for word in (Words { rest: words.iter(), valued: &OF_MAKE }) {
        match word {
            Word::Option("-C" | "--directory", value) => make.folder = compose::below(&make.folder, &value),
            Word::Option("-f" | "--file" | "--makefile", value) => make.file = Some(value),
            Word::Option("-o" | "--old-file" | "--assume-old", value) => make.old.push(value),
            Word::Option(..) => {}
            Word::Operand(word) => match word.split_once('=') {
                Some((name, value)) => {
                    make.variables
                        .push((name.trim_end_matches([':', '?', '+']).to_owned(), value.to_owned()));
                }
                None => make.targets.push(word.to_owned()),
            },
        }
    }
    Call::Make(make)
}

/// The variables that a text assigns, in a shell, a Makefile or a justfile.
#[derive(Clone, Debug, Default)]
pub(super) struct Assigned {
    /// Each with the line and the value, if that is a plain text which later commands get.
    names: BTreeMap<String, Vec<(usize, Option<String>)>>,
}

impl Assigned {
    pub(crate) fn of(text: &str) -> Self {
        let mut names: BTreeMap<String, Vec<(usize, Option<String>)>> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            for (equals, _) in line.match_indices('=') {
                let (left, right) = cut::split(line, equals);
                let before = left.trim_end_matches([':', '?', '+', ' ', '\t']);
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let (lead, name) = cut::split(before, before.trim_end_matches(is_name).len());
                if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                    continue;
                }
                let is_exported = lead.trim_end() == "export";
                let value = Some(cut::from(right, 1)).filter(|_| is_exported || lead.is_empty());
                let value = value.and_then(literal).filter(|(_, rest)| is_exported || !rest.is_empty());
                // A prefix holds for its own line, an export from its line on; `+=` and `?=` are not plain.
                let is_plain = !cut::from(left, before.len()).contains(['+', '?']);
                let value = value.map(|(value, _)| value).filter(|_| is_plain);
                names.entry(name.to_owned()).or_default().push((at + 1, value));
            }
        }
        Self { names }
    }

    /// Returns the variables that a command on this line has.
    pub(crate) fn values_at(&self, line: usize) -> Environment {
        let mut environment = Environment::default();
        for name in self.names.keys() {
            if let Some(value) = self.value_at(name, line) {
                environment.set_default(name, value.to_owned());
            }
        }
        environment
    }

    /// Returns the names of the variables that are not settled for a command on this line.
    pub(crate) fn open_at(&self, line: usize) -> BTreeSet<String> {
        self.names.keys().filter(|name| self.value_at(name, line).is_none()).cloned().collect()
    }

    fn value_at(&self, name: &str, line: usize) -> Option<&str> {
        match self.names.get(name)?.as_slice() {
            [(at, Some(value))] if *at <= line => Some(value),
            _ => None,
        }
    }

    /// Returns all names.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.names.keys().cloned().collect()
    }
}

/// Returns a value that is a plain text, and the words after it.
fn literal(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let (value, rest) = match cut::first(text) {
        Some((quote @ ('"' | '\''), inside)) => inside.split_once(quote)?,
        _ => text.split_once([' ', '\t', ';']).unwrap_or((text, "")),
    };
    let is_plain = !value.contains(['$', '`', '\\', '{', '(']);
    is_plain.then(|| (value.to_owned(), rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Call> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        call(&words, "a", &LazyCell::new(Environment::default), &|path| path == "a/x.sh")
            .map(|(call, _)| call)
    }

    #[test]
    fn options_of_compose_and_bake_are_read() {
        let Some(Call::Compose(run)) = read(
            "docker --context x compose -f b.yml --file=c.yml --project-directory .. --profile p build web",
        ) else {
            panic!()
        };
        assert_eq!((run.folder.as_str(), run.files), ("a", vec!["b.yml".to_owned(), "c.yml".into()]));
        assert_eq!(run.project_directory.as_deref(), Some(".."));
        let Some(Call::Bake(run)) = read("docker buildx bake -fx.hcl --set *.context=y --load gw") else {
            panic!()
        };
        assert_eq!((run.files, run.targets), (vec!["x.hcl".to_owned()], vec!["gw".to_owned()]));
        assert_eq!(run.overrides, ["*.context=y"]);
        for line in
            ["docker compose down", "docker buildx bake https://example.org/x.git", "docker ps", "compose"]
        {
            assert!(read(line).is_none(), "{line}");
        }
    }

    #[test]
    fn make_and_scripts_are_read() {
        let Some(Call::Make(make)) = read("make -C b -j4 image DIR=svc") else { panic!() };
        assert_eq!((make.folder.as_str(), make.targets), ("a/b", vec!["image".to_owned()]));
        assert_eq!(make.variables, [("DIR".to_owned(), "svc".to_owned())]);
        for line in ["./x.sh y", "bash -e x.sh y"] {
            let Some(Call::Script(script)) = read(line) else { panic!("{line}") };
            assert_eq!((script.path.as_str(), script.args), ("a/x.sh", vec!["y".to_owned()]), "{line}");
        }
        assert!(read("./y.sh").is_none());
    }

    #[test]
    fn what_is_exported_as_a_plain_text_is_settled() {
        let text = "A=1\nexport B=2\nexport C := \"x\"\nD=4 docker compose up\nexport E=$X\nF ?= 3\nif [ $G = 4 ]; then\n";
        let assigned = Assigned::of(text);
        let (environment, open) = (assigned.values_at(4), assigned.open_at(4));
        let value = |name| environment.get(name);
        assert_eq!(
            (value("B"), value("C"), value("D")),
            (Some("2".into()), Some("x".into()), Some("4".into()))
        );
        assert!(
            ["A", "E", "F"].into_iter().all(|name| open.contains(name) && value(name).is_none()),
            "{open:?}"
        );
        assert!(Assigned::of(text).open_at(1).contains("B"));
    }
}
