//! Commands that a person can paste into a shell. It never runs one.

use std::borrow::Cow;

/// Returns a command line of `layerwright` with these words, quoted for a POSIX shell where needed.
pub(crate) fn layerwright<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().fold("layerwright".to_owned(), |line, word| format!("{line} {}", quoted(word)))
}

/// Returns a word as a POSIX shell reads it (Shell Command Language, 2.2.2).
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Returns a path as an argument that no program takes for an option.
pub(crate) fn path(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') { Cow::Owned(format!("./{path}")) } else { Cow::Borrowed(path) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(layerwright(["verify", "--wave", "1"]), "layerwright verify --wave 1");
        assert_eq!(layerwright(["verify", "a b/Dockerfile"]), "layerwright verify 'a b/Dockerfile'");
        assert_eq!((path("-x"), path("x")), ("./-x".into(), "x".into()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        #[expect(clippy::disallowed_methods, reason = "the shell is the oracle")]
        fn a_shell_reads_the_word(word in "[^\u{0}]{0,12}") {
            let script = format!("printf %s {}", quoted(&word));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
