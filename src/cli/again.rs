//! The options that a suggested command repeats: without those that say where and with what this command works, it would do
//! something else.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::ops::Scope;
use crate::text::{command, cut};

/// The options of this run.
static OPTIONS: OnceLock<Options> = OnceLock::new();

/// The name of the program, as suggestions begin.
const PROGRAM: &str = "layerwright ";

/// The other program that suggestions name.
const GIT: &str = "git ";

/// The options that mean the same for each command that has them.
const SHARED: [&str; 8] =
    ["repository", "plan", "repo", "api", "app_id", "app_key", "folders", "evidence_key"];

/// The options that the same command needs again. All others are about one run: what it shows, writes and selects. The value of
/// a build argument may be a secret, and a suggestion is printed.
const OWN: [&str; 25] = [
    "path",
    "rootfs",
    "bases",
    "allow_hosts",
    "offline",
    "include",
    "only",
    "keep_add",
    "list",
    "issue",
    "all",
    "edit_generated",
    "rev",
    "context",
    "frontend",
    "builder",
    "platform",
    "secret",
    "ssh",
    "cache_from",
    "network",
    "allow",
    "allow_commands",
    "require_signed",
    "create_issue",
];

/// The options of a command line that suggestions repeat.
#[derive(Debug)]
struct Options {
    /// All commands, with their arguments.
    known: Command,
    /// The folder in which the command works, if it is not the current one.
    folder: Option<PathBuf>,
    /// The command.
    name: String,
    /// The arguments that are repeated, each with the words that stand for it.
    given: Vec<(String, Vec<String>)>,
}

/// Remembers the options of this run.
pub(super) fn remember(known: Command, matches: &ArgMatches) {
    // A run has one command line.
    let _ = OPTIONS.set(Options::new(known, matches));
}

/// Returns a text in which each command of this program repeats the options of this run.
pub(super) fn repeated(text: &str) -> Cow<'_, str> {
    OPTIONS.get().map_or(Cow::Borrowed(text), |options| options.repeated(text))
}

impl Options {
    fn new(known: Command, matches: &ArgMatches) -> Self {
        let mut folder = matches.get_one::<PathBuf>("folder").cloned();
        let (name, matches) = matches.subcommand().unwrap_or(("", matches));
        let mut given = Vec::new();
        for arg in known.find_subcommand(name).into_iter().flat_map(Command::get_arguments) {
            let id = arg.get_id().as_str();
            let is_given = matches.try_contains_id(id).unwrap_or_default()
                && matches.value_source(id) == Some(ValueSource::CommandLine);
            let may_be_secret = || matches.get_raw(id).is_some_and(|mut values| values.any(has_user));
            if !is_given || !(SHARED.contains(&id) || OWN.contains(&id)) || id == "api" && may_be_secret() {
                continue;
            }
            if id == "path" {
                let path = matches.get_one::<PathBuf>(id).map(PathBuf::as_path);
                let Scope { root, below } = Scope::of(Path::new("."), path);
                if root != Path::new(".") {
                    folder = Some(folder.unwrap_or_default().join(root));
                }
                if below.is_none() {
                    continue;
                }
            }
            given.push((id.to_owned(), words(arg, matches)));
        }
        // What `verify` wrote is what the others read.
        if let ("verify", Ok(Some(out))) = (name, matches.try_get_one::<PathBuf>("out")) {
            given.push((
                "folders".to_owned(),
                vec!["--evidence".to_owned(), out.to_string_lossy().into_owned()],
            ));
        }
        Self { known, folder, name: name.to_owned(), given }
    }

    fn repeated<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.folder.is_none() && self.given.is_empty() {
            return Cow::Borrowed(text);
        }
        if text.starts_with(GIT) {
            let repository = self.given.iter().find(|(id, _)| id == "repository");
            let below = repository.and_then(|(_, words)| words.last()).map_or("", String::as_str);
            let folder = self.folder.clone().unwrap_or_default().join(below);
            return match folder.to_str() {
                Some(folder) if !folder.is_empty() => {
                    Cow::Owned(text.replace(GIT, &format!("git -C {} ", command::quoted(folder))))
                }
                _ => Cow::Borrowed(text),
            };
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(PROGRAM) {
            let (name, tail) = cut::where_ends(after, |c| !c.is_ascii_lowercase());
            out = format!("{out}{before}{PROGRAM}");
            if let Some(known) = self.known.find_subcommand(name) {
                if let Some(folder) = &self.folder {
                    out = format!("{out}-C {} ", command::quoted(&folder.to_string_lossy()));
                }
                out.push_str(name);
                for word in self.missing(known, tail) {
                    out = format!("{out} {}", command::quoted(word));
                }
            } else {
                out.push_str(name);
            }
            rest = tail;
        }
        Cow::Owned(out + rest)
    }

    /// Returns the words of the options that a command has and that its text does not name.
    fn missing<'o>(&'o self, known: &'o Command, text: &'o str) -> impl Iterator<Item = &'o str> {
        let has = |id: &str| known.get_arguments().any(|arg| arg.get_id() == id);
        let is_same = known.get_name() == self.name;
        let is_repeated = move |(id, words): &&(String, Vec<String>)| {
            let is_named =
                words.first().is_some_and(|first| text.split([' ', '`', '\n']).any(|word| word == first));
            has(id) && (is_same || SHARED.contains(&id.as_str())) && !is_named
        };
        self.given.iter().filter(is_repeated).flat_map(|(_, words)| words).map(String::as_str)
    }
}

/// Returns true if a URL names a user, perhaps with a password.
fn has_user(url: &OsStr) -> bool {
    url.as_encoded_bytes().contains(&b'@')
}

/// Returns the words of an argument as the user gave them.
fn words(arg: &Arg, matches: &ArgMatches) -> Vec<String> {
    let values = matches.get_raw(arg.get_id().as_str()).into_iter().flatten().map(OsStr::to_string_lossy);
    let Some(name) = arg.get_long().map(|long| format!("--{long}")) else {
        return values.map(|value| command::path(&value).into_owned()).collect();
    };
    if !arg.get_action().takes_values() {
        return vec![name];
    }
    values.flat_map(|value| [name.clone(), value.into_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Arguments;
    use super::*;

    /// What a suggestion becomes after a command line.
    fn after(line: &str, suggestion: &str) -> String {
        let known = Arguments::command();
        let matches = known.clone().try_get_matches_from(line.split(' ')).unwrap();
        Options::new(known, &matches).repeated(suggestion).into_owned()
    }

    #[test]
    fn a_suggestion_works_where_the_command_does() {
        assert_eq!(after("layerwright plan", "layerwright plan --save"), "layerwright plan --save");
        let verify = "layerwright verify --wave 0";
        assert_eq!(after("layerwright -C /x status", verify), "layerwright -C /x verify --wave 0");
        let status = "layerwright status --repository /a'b --api http://h --offline";
        assert_eq!(after(status, verify), r"layerwright verify --repository '/a'\''b' --wave 0");
        let report = r"layerwright report --api http://h --repository '/a'\''b'";
        assert_eq!(after(status, "layerwright report"), report);
        assert_eq!(after("layerwright -C /x status --repository y", "git pull"), "git -C /x/y pull");
        assert_eq!(after("layerwright status --api http://h", "git pull"), "git pull");
        assert_eq!(after("layerwright plan .", verify), verify);
        assert_eq!(
            after("layerwright status --api http://a:b@h", "layerwright report"),
            "layerwright report"
        );
        let other = std::env::temp_dir();
        let plan = format!("layerwright plan {}", other.display());
        let there = format!("layerwright -C {} verify --wave 0", other.display());
        assert_eq!(after(&plan, verify), there);
    }

    #[test]
    fn the_same_command_is_given_what_it_was_given() {
        let line = "layerwright plan --rootfs a=b --bases engine --offline --verbose src";
        let more = "layerwright plan src --rootfs a=b --bases engine --offline --save";
        assert_eq!(after(line, "layerwright plan --save"), more);
        let text =
            "make it (layerwright plan --bases registry); then `layerwright status`, not layerwright.toml";
        let said = "make it (layerwright plan src --rootfs a=b --offline --bases registry); then `layerwright status`, \
                    not layerwright.toml";
        assert_eq!(after(line, text), said);
        let line = "layerwright verify --build-arg A=b --network host --jobs 2 --frontend builtin --wave 0 --platform linux/arm64";
        let again = "layerwright verify --frontend builtin --platform linux/arm64 --network host --wave 1";
        assert_eq!(after(line, "layerwright verify --wave 1"), again);
        assert_eq!(after(line, "layerwright plan --save"), "layerwright plan --save");
    }

    #[test]
    fn each_named_option_exists() {
        let known = Arguments::command();
        let ids: Vec<&str> = known
            .get_subcommands()
            .flat_map(|one| one.get_arguments().map(|arg| arg.get_id().as_str()))
            .collect();
        for id in SHARED.into_iter().chain(OWN) {
            assert!(ids.contains(&id), "{id}");
        }
    }
}
