//! Flags of instructions (`instructions/bflag.go`).

use super::ReadError;
use super::instruction::Word;

/// The kind of value that a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlagKind {
    /// Nothing, or `=true` or `=false`; once.
    Bool,
    /// A value; once.
    Text,
    /// A value, any number of times.
    List,
}

/// The flags of an instruction, by name.
pub(super) type Known = [(&'static str, FlagKind)];

/// `COPY`.
pub(super) const COPY: &Known = &[
    ("chown", FlagKind::Text),
    ("from", FlagKind::Text),
    ("chmod", FlagKind::Text),
    ("link", FlagKind::Bool),
    ("exclude", FlagKind::List),
    ("parents", FlagKind::Bool),
];

/// `ADD`.
pub(super) const ADD: &Known = &[
    ("chown", FlagKind::Text),
    ("chmod", FlagKind::Text),
    ("link", FlagKind::Bool),
    ("keep-git-dir", FlagKind::Bool),
    ("checksum", FlagKind::Text),
    ("unpack", FlagKind::Bool),
    ("exclude", FlagKind::List),
];

/// `FROM`.
pub(super) const FROM: &Known = &[("platform", FlagKind::Text)];

/// `RUN`.
pub(super) const RUN: &Known = &[
    ("device", FlagKind::List),
    ("mount", FlagKind::List),
    ("network", FlagKind::Text),
    ("security", FlagKind::Text),
];

/// `HEALTHCHECK`.
pub(super) const HEALTHCHECK: &Known = &[
    ("interval", FlagKind::Text),
    ("timeout", FlagKind::Text),
    ("start-period", FlagKind::Text),
    ("start-interval", FlagKind::Text),
    ("retries", FlagKind::Text),
];

/// A flag with a value.
pub(super) struct Used<'f> {
    /// Its name, without the dashes.
    pub(super) name: &'static str,
    /// Its value; of a [`FlagKind::Bool`], `true` or `false`.
    pub(super) value: &'f str,
    /// The whole flag.
    pub(super) word: &'f Word,
}

impl Used<'_> {
    /// Returns the value of a [`FlagKind::Bool`].
    pub(super) fn is_true(&self) -> bool {
        self.value == "true"
    }
}

/// Parses flags (`BFlags.Parse`). Flags that BuildKit refuses are left out, and the reasons are added to `errors`.
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
    // `extractBuilderFlags` takes only words that start with two dashes.
    let (dashed, value) = word.text.split_once('=').map_or((&*word.text, None), |(a, b)| (a, Some(b)));
    let name = dashed.strip_prefix("--").unwrap_or(dashed);
    let Some(&(name, kind)) = known.iter().find(|(known, _)| *known == name) else {
        let options = known.iter().map(|(name, _)| *name);
        return Err(format!("unknown flag: {dashed}{}", suggestion(name, options)));
    };
    if kind != FlagKind::List && used.iter().any(|used| used.name == name) {
        return Err(format!("duplicate flag specified: {dashed}"));
    }
    let missing = || format!("missing a value on flag: {dashed}");
    let value = match (kind, value) {
        (FlagKind::Bool, None) => "true",
        (FlagKind::Bool, Some("")) => return Err(missing()),
        (FlagKind::Bool, Some(value)) if value.eq_ignore_ascii_case("true") => "true",
        (FlagKind::Bool, Some(value)) if value.eq_ignore_ascii_case("false") => "false",
        (FlagKind::Bool, Some(value)) => {
            return Err(format!("expecting boolean value for flag {dashed}, not: {value}"));
        }
        (_, value) => value.ok_or_else(missing)?,
    };
    Ok(Used { name, value, word })
}

/// ` (did you mean …?)` with the nearest option, if one is near (`util/suggest`). If several are equally near,
/// BuildKit takes any of them.
pub(super) fn suggestion(value: &str, options: impl Iterator<Item = &'static str>) -> String {
    let near = options.map(|option| (distance(value, option), option)).min();
    near.filter(|(distance, _)| (1..3).contains(distance))
        .map_or_else(String::new, |(_, option)| format!(" (did you mean {option}?)"))
}

/// Returns Levenshtein's distance, or 3 if it must be larger than 2.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    /// Returns the names and values of flags, and the messages of those that are refused.
    fn said(flags: &[&str], known: &Known) -> (Vec<(String, String)>, Vec<String>) {
        let words = flags.iter().map(|text| Word { text: (*text).into(), span: Span::at(0) });
        let words = words.collect::<Vec<_>>();
        let mut errors = Vec::new();
        let used = read(&words, known, &mut errors);
        let used = used.iter().map(|flag| (flag.name.to_owned(), flag.value.to_owned())).collect();
        (used, errors.into_iter().map(|error| error.message).collect())
    }

    fn refused(flags: &[&str], known: &Known) -> Vec<String> {
        said(flags, known).1
    }

    #[test]
    fn flags_have_values() {
        let (used, errors) =
            said(&["--from=a=b", "--link", "--exclude=x", "--exclude=", "--parents=FALSE", "--chown="], COPY);
        let used = used.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>();
        assert_eq!(
            used,
            [
                ("from", "a=b"),
                ("link", "true"),
                ("exclude", "x"),
                ("exclude", ""),
                ("parents", "false"),
                ("chown", "")
            ]
        );
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(said(&["--link=True"], ADD).0, [("link".to_owned(), "true".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_said_in_buildkit_s_words() {
        assert_eq!(refused(&["--links"], COPY), ["unknown flag: --links (did you mean link?)"]);
        assert_eq!(refused(&["--frobnicate=1"], COPY), ["unknown flag: --frobnicate"]);
        assert_eq!(refused(&["--=x"], FROM), ["unknown flag: --"]);
        assert_eq!(refused(&["--from=a"], &[]), ["unknown flag: --from"]);
        assert_eq!(refused(&["--from=a", "--from=b"], COPY), ["duplicate flag specified: --from"]);
        assert_eq!(refused(&["--link", "--link=false"], COPY), ["duplicate flag specified: --link"]);
        assert_eq!(refused(&["--from"], COPY), ["missing a value on flag: --from"]);
        assert_eq!(refused(&["--mount"], RUN), ["missing a value on flag: --mount"]);
        assert_eq!(refused(&["--link="], COPY), ["missing a value on flag: --link"]);
        assert_eq!(refused(&["--link=1"], COPY), ["expecting boolean value for flag --link, not: 1"]);
        assert_eq!(refused(&["--parents"], ADD), ["unknown flag: --parents"]);
    }

    #[test]
    fn a_wrong_flag_does_not_hide_the_others() {
        let (used, errors) = said(&["--x", "--link", "--y"], COPY);
        assert_eq!((used.len(), errors.len()), (1, 2));
    }

    #[test]
    fn near_names_are_suggested() {
        let near = |value: &str| suggestion(value, ["link", "from"].into_iter());
        assert_eq!(near("form"), " (did you mean from?)");
        assert_eq!(near("lnik"), " (did you mean link?)");
        assert_eq!(near("linkage"), "");
        assert_eq!(near("link"), "");
        assert_eq!(near("x"), "");
    }
}
