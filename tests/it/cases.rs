//! The builds that the model was found with, as data: each case is a Dockerfile that was built with and without
//! `--link`, and what differed. The verdicts must agree. They are no part of this repository: see [`folder`].

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use layerwright::analysis::rule::{self, Rule};
use layerwright::analysis::{Benefit, Verdict};
use layerwright::builds::FolderContext;
use layerwright::campaign::plan::file::Site;
use layerwright::campaign::plan::{Options, Waivers, inspect};
use layerwright::config::Config;
use layerwright::dockerfile::TransferKind;
use layerwright::images::ImageSource;
use rayon::prelude::*;
use serde::Deserialize;

use crate::bases;
use crate::support::{left_out, say};

/// Cases that differ, and that pass with an assumption: what the commands of a RUN look at is not known.
const ASSUMED: [&str; 1] = ["314-run-sees-link-count"];

/// A case whose equivalent is another way to write the file: a suggestion, and no edit.
const SUGGESTION: &str = "295-edit-staged-tree-opt-chown";

/// A case whose line differs until a later one sets the same directory again.
const HEALED: &str = "313-later-link-resets-the-difference";

/// How many of a hundred equivalent cases have to be seen as such.
const LEAST_SEEN: usize = 95;

/// The symlinks in contexts, by case. A checkout may have files that say where they lead instead.
const SYMLINKS: [(&str, &str); 7] = [
    ("015-symlink-from-earlier-copy-only-2nd", "t/ln"),
    ("018-symlink-source-is-symlink-file", "l"),
    ("019-symlink-source-is-symlink-dir", "l"),
    ("020-symlink-source-tree-contains-symlinks", "t/abs"),
    ("020-symlink-source-tree-contains-symlinks", "t/dl"),
    ("020-symlink-source-tree-contains-symlinks", "t/l"),
    ("185-scratch-rootfs-symlink", "r/bin"),
];

/// What a build of a case showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Same,
    Differs,
    LinkFails,
    PlainFails,
    BothFail,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    pub kind: Kind,
    /// The lines that got `--link`, all at once.
    pub lines: Vec<usize>,
    /// What changed, path by path, where something did.
    pub difference: String,
    /// The linked text, where it is not the plain insertion.
    pub link_dockerfile: Option<String>,
    /// Features that older frontends lack.
    #[serde(default)]
    pub needs: Vec<String>,
}

/// What `LAYERWRIGHT_SHARED` names, or `shared` beside this repository.
pub fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("LAYERWRIGHT_SHARED").map_or_else(beside, PathBuf::from)
}

/// The folder of the cases.
pub fn folder() -> Option<PathBuf> {
    Some(shared().join("cases")).filter(|cases| cases.is_dir())
}

/// Copies a context with the modes of a checkout; git keeps no others.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, place) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &place);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), place).unwrap();
        } else {
            fs::write(&place, fs::read(entry.path()).unwrap()).unwrap();
            fs::set_permissions(place, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

/// A case with the verdicts of its lines.
pub struct Judged {
    name: String,
    expected: Expected,
    text: String,
    sites: Vec<Site>,
}

impl Judged {
    /// Its lines that got `--link`; None where no site stands on a line.
    fn lines(&self) -> Vec<Option<&Site>> {
        let site = |line: &usize| self.sites.iter().find(|site| site.line == *line);
        self.expected.lines.iter().map(site).collect()
    }

    /// Whether a site is linked by the flag alone, as the build of the case was.
    fn is_plain(&self, site: &Site) -> bool {
        let line = self.text.lines().nth(site.line - 1).unwrap();
        let replaced = site.replacement.as_deref().and_then(|text| text.lines().next());
        let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        match site.verdict {
            Verdict::Link => true,
            Verdict::Edit => {
                let without = |text: &str| words(&text.replacen(" --link", "", 1));
                replaced.is_some_and(|replaced| without(replaced) == words(line))
            }
            _ => false,
        }
    }

    /// The text with the lines replaced as they are judged.
    fn linked_text(&self) -> String {
        let mut lines: Vec<Option<String>> = self.text.lines().map(|line| Some(line.to_owned())).collect();
        for site in self.lines().into_iter().flatten() {
            if let Some(replacement) = &site.replacement {
                lines[site.line - 1..site.end_line].fill(None);
                lines[site.line - 1] = Some(replacement.clone());
            }
        }
        lines.into_iter().flatten().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// What contradicts the build. The names of cases that pass with an assumption go to `assumed`.
    pub fn contradiction(&self, assumed: &mut Vec<String>) -> Option<String> {
        let lines = self.lines();
        let proved_link = |site: &&Site| site.verdict == Verdict::Link && site.proved == Some(true);
        let any_proved = lines.iter().flatten().any(proved_link);
        match (self.expected.kind, &self.expected.link_dockerfile) {
            (Kind::PlainFails | Kind::BothFail, _) => {
                any_proved.then(|| "a build that fails is proved".into())
            }
            (Kind::Same, Some(_)) if self.name == SUGGESTION => {
                any_proved.then(|| "a suggestion is proved as it stands".into())
            }
            (kind, Some(linked)) => {
                // ADD that becomes COPY is no other change to flags or words.
                let is_edit =
                    |site: &&Site| site.verdict == Verdict::Edit || site.keyword == TransferKind::Add;
                let edited = lines.iter().flatten().all(is_edit);
                let matches = self.linked_text() == *linked;
                match kind {
                    Kind::Same if !(matches && edited) => Some(format!("the edit is not {linked:?}")),
                    Kind::Same => None,
                    _ => matches.then(|| format!("the edit is {linked:?}, which differs")),
                }
            }
            (Kind::Same, None) => None,
            (Kind::Differs | Kind::LinkFails, None) => {
                let passes = lines.iter().all(|site| site.is_some_and(|site| self.is_plain(site)));
                if passes && lines.iter().flatten().all(|site| site.proved == Some(true)) {
                    return Some("it is proved, yet the images differ".into());
                }
                if passes {
                    assumed.push(self.name.clone());
                }
                None
            }
        }
    }

    /// Whether an equivalent case is seen as such.
    fn is_seen(&self) -> bool {
        let harmless =
            |site: &Site| matches!(site.verdict, Verdict::Link | Verdict::NoEffect | Verdict::Linked);
        self.lines().iter().all(|site| site.is_some_and(harmless))
    }
}

/// A case with its context in place.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub expected: Expected,
    pub text: String,
    pub context: PathBuf,
}

impl Case {
    /// Reads one case; None where its context cannot be made here.
    pub fn read(case: &Path, work: &Path) -> Option<Self> {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = serde_json::from_slice(&fs::read(case.join("expect.json")).unwrap()).unwrap();
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        let context = work.join(&name);
        fs::create_dir_all(&context).unwrap();
        if case.join("context").is_dir() {
            copy(&case.join("context"), &context);
        }
        for (_, link) in SYMLINKS.iter().filter(|(case, _)| *case == name) {
            let link = context.join(link);
            if !link.is_symlink() {
                let target = fs::read_to_string(&link).unwrap();
                fs::remove_file(&link).unwrap();
                std::os::unix::fs::symlink(target, link).unwrap();
            }
        }
        if case.join("setup.sh").is_file() {
            let made = Command::new("bash").arg(case.join("setup.sh")).current_dir(&context).output();
            if !made.is_ok_and(|made| made.status.success()) {
                left_out(&name, "its setup.sh fails here");
                return None;
            }
        }
        Some(Self { name, expected, text, context })
    }

    /// Judges it by some of the rules.
    pub fn judge(&self, images: &(dyn ImageSource + Sync), rules: &[&'static Rule]) -> Judged {
        let sites = judge(&self.text, &self.context, images, rules);
        Judged { name: self.name.clone(), expected: self.expected.clone(), text: self.text.clone(), sites }
    }
}

/// Nothing is decided but what is given.
pub fn options<'a>(
    images: &'a (dyn ImageSource + Sync),
    build_args: &'a BTreeMap<String, String>,
    config: &'a Config,
    rules: &'a [&'static Rule],
) -> Options<'a> {
    Options {
        config,
        images,
        build_args,
        selects: &[Benefit::Pays, Benefit::Neutral, Benefit::Costs],
        keep_add: false,
        edit_generated: false,
        earlier: None,
        only: None,
        linked_only: false,
        rules,
    }
}

/// Judges a text by some of the rules.
pub fn judge(
    text: &str,
    context: &Path,
    images: &(dyn ImageSource + Sync),
    rules: &[&'static Rule],
) -> Vec<Site> {
    let (build_args, config) = (BTreeMap::new(), Config::default());
    let options = options(images, &build_args, &config, rules);
    let context = FolderContext::new(context).unwrap();
    let files = [("Dockerfile".to_owned(), text.as_bytes(), Some(context))];
    inspect(&files, &options, &Waivers::none()).files.remove(0).sites
}

/// The folders of all cases, sorted.
pub fn all(cases: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|case| case.join("expect.json").is_file());
    folders.sort();
    folders
}

#[test]
fn the_verdicts_agree_with_the_builds() {
    let Some(cases) = folder() else {
        return left_out(
            "the cases",
            "LAYERWRIGHT_SHARED names no folder with `cases`, nor is there ../shared",
        );
    };
    let work = tempfile::tempdir().unwrap();
    let images = bases::images(work.path());
    let folders = all(&cases);
    let judged: Vec<Judged> = folders
        .par_iter()
        .filter_map(|case| Some(Case::read(case, work.path())?.judge(&images, rule::ALL)))
        .collect();
    let mut assumed = Vec::new();
    let contradictions: Vec<String> = judged
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, case.contradiction(&mut assumed)?)))
        .collect();
    let counted = |case: &&Judged| {
        let expected = &case.expected;
        expected.kind == Kind::Same && expected.needs.is_empty() && expected.link_dockerfile.is_none()
    };
    let (seen, missed): (Vec<&Judged>, Vec<&Judged>) =
        judged.iter().filter(counted).partition(|case| case.is_seen());
    let missed: Vec<&str> = missed.iter().map(|case| case.name.as_str()).collect();
    assert!(seen.iter().any(|case| case.name == HEALED), "{HEALED} is not seen");
    let all = seen.len() + missed.len();
    say(&format!(
        "{} of {} cases ran; {} of {all} equivalent ones are seen",
        judged.len(),
        folders.len(),
        seen.len()
    ));
    assert!(judged.len() >= 200, "only {} cases ran", judged.len());
    assert!(contradictions.is_empty(), "{}", contradictions.join("\n"));
    assert_eq!(assumed, ASSUMED, "cases that differ and pass with an assumption");
    assert!(seen.len() * 100 >= all * LEAST_SEEN, "{} of {all} are seen, not {missed:?}", seen.len());
}
