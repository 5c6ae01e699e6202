//! Flags of instructions (`instructions/bflag.go`).

use super::ReadError;
use super::instruction::Word;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, or `=true` or `=false`; once.
    Bool,
    /// A value; once.
    Text,
    /// A value, any number of times.
    List,
}

/// The flags of an instruction, by name.
pub(super) type Known = [(&'static str, Kind)];

/// `COPY`.
pub(super) const COPY: &Known = &[
    ("chown", Kind::Text),
    ("from", Kind::Text),
    ("chmod", Kind::Text),
    ("link", Kind::Bool),
    ("exclude", Kind::List),
    ("parents", Kind::Bool),
];

/// `ADD`.
pub(super) const ADD: &Known = &[
    ("chown", Kind::Text),
    ("chmod", Kind::Text),
    ("link", Kind::Bool),
    ("keep-git-dir", Kind::Bool),
    ("checksum", Kind::Text),
    ("unpack", Kind::Bool),
    ("exclude", Kind::List),
];

/// `FROM`.
pub(super) const FROM: &Known = &[("platform", Kind::Text)];

/// `RUN`.
pub(super) const RUN: &Known =
    &[("device", Kind::List), ("mount", Kind::List), ("network", Kind::Text), ("security", Kind::Text)];

/// `HEALTHCHECK`.
pub(super) const HEALTHCHECK: &Known = &[
    ("interval", Kind::Text),
    ("timeout", Kind::Text),
    ("start-period", Kind::Text),
    ("start-interval", Kind::Text),
    ("retries", Kind::Text),
];

/// A flag that says something.
pub(super) struct Used<'f> {
    /// Its name, without the dashes.
    pub(super) name: &'static str,
    /// Its value; of a [`Kind::Bool`], `true` or `false`.
    pub(super) value: &'f str,
    /// The whole of it.
    pub(super) word: &'f Word,
}

impl Used<'_> {
    /// Of a [`Kind::Bool`].
    pub(super) fn is_true(&self) -> bool {
        self.value == "true"
    }
}

/// What flags say (`BFlags.Parse`). What BuildKit refuses is left out, and why goes to `errors`.
pub(super) fn read<'f>(flags: &'f [Word], known: &Known, errors: &mut Vec<ReadError>) -> Vec<Used<'f>> {
    let mut used = Vec::with_capacity(flags.len());
    for word in flags {
        match one(word, known, &used) {
            Ok(flag) => used.push(flag),
            Err(message) => errors.push(ReadError { message, span: word.span }),
        }
    }
    used
}

fn one<'f>(word: &'f Word, known: &Known, used: &[Used<'_>]) -> Result<Used<'f>, String> {
    // `extractBuilderFlags` takes only what starts with two dashes.
    let (dashed, value) = word.text.split_once('=').map_or((&*word.text, None), |(a, b)| (a, Some(b)));
    let name = dashed.strip_prefix("--").unwrap_or(dashed);
    let Some(&(name, kind)) = known.iter().find(|(known, _)| *known == name) else {
        let options = known.iter().map(|(name, _)| *name);
        return Err(format!("unknown flag: {dashed}{}", suggestion(name, options)));
    };
    if kind != Kind::List && used.iter().any(|used| used.name == name) {
        return Err(format!("duplicate flag specified: {dashed}"));
    }
    let missing = || format!("missing a value on flag: {dashed}");
    let value = match (kind, value) {
        (Kind::Bool, None) => "true",
        (Kind::Bool, Some("")) => return Err(missing()),
        (Kind::Bool, Some(value)) if value.eq_ignore_ascii_case("true") => "true",
        (Kind::Bool, Some(value)) if value.eq_ignore_ascii_case("false") => "false",
        (Kind::Bool, Some(value)) => {
            return Err(format!("expecting boolean value for flag {dashed}, not: {value}"));
        }
        (_, value) => value.ok_or_else(missing)?,
    };
    Ok(Used { name, value, word })
}

/// ` (did you mean …?)` with the nearest option, if one is near (`util/suggest`). Of equally near ones BuildKit
/// takes any.
pub(super) fn suggestion(value: &str, options: impl Iterator<Item = &'static str>) -> String {
    let near = options.map(|option| (distance(value, option), option)).min();
    near.filter(|(distance, _)| (1..3).contains(distance))
        .map_or_else(String::new, |(_, option)| format!(" (did you mean {option}?)"))
}

/// Levenshtein's distance, or 3 for what is longer in any case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
