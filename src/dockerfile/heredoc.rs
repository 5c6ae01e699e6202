//! Heredocs of a line (`heredocsFromLine` and `ParseHeredoc` in BuildKit's `parser.go`).

use super::expand::{ExpandError, Lex, Lookup};
use super::go;

/// A `<<NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The line that ends the body.
    pub(super) name: String,
    /// No part of the name is quoted.
    pub(super) expand: bool,
    /// `<<-`.
    pub(super) chomp: bool,
}

/// BuildKit lexes heredocs with `\` whatever the escape character is, and leaves variables alone.
fn lex() -> Lex {
    Lex { skip_unset_env: true, ..Lex::new('\\') }
}

fn nothing(_: &str) -> Lookup {
    Lookup::Unset
}

/// Returns the heredocs of a logical line, in order. A line that cannot be lexed has none.
pub(super) fn of_line(line: &[u8]) -> Result<Vec<Mark>, ExpandError> {
    let lex = Lex { raw_quotes: true, raw_escapes: true, ..lex() };
    let words = lex.words(&go::lossy(line), &nothing).unwrap_or_default();
    words.iter().filter_map(|word| of_word(word).transpose()).collect()
}

/// Parses a word as a heredoc.
pub(super) fn of_word(word: &str) -> Result<Option<Mark>, ExpandError> {
    let Some((chomp, rest)) = split(word) else { return Ok(None) };
    let Ok([name]) = one(lex().words(rest, &nothing)?) else { return Ok(None) };
    let Ok([raw]) = one(Lex { raw_quotes: true, ..lex() }.words(rest, &nothing)?) else {
        let message = format!("internal lexing of heredoc produced inconsistent results: {rest}");
        return Err(ExpandError::Invalid { message });
    };
    let quotes = |text: &str| text.bytes().filter(|b| matches!(b, b'\'' | b'"')).count();
    let expand = quotes(&name) == quotes(&raw);
    Ok(Some(Mark { name, expand, chomp }))
}

fn one(words: Vec<String>) -> Result<[String; 1], Vec<String>> {
    words.try_into()
}

/// Matches `^(\d*)<<(-?)\s*([^<]*)$`. Returns true if there is a dash, and the last group; `None` if that is empty.
fn split(word: &str) -> Option<(bool, &str)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    // Go's `\s` does not match a vertical tab.
    let rest = rest.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    (!rest.is_empty() && !rest.contains('<')).then_some((chomp, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, expand: bool, chomp: bool) -> Mark {
        Mark { name: name.to_owned(), expand, chomp }
    }

    #[test]
    fn words_are_heredocs() {
        let one = |word: &str| of_word(word).expect("it can be lexed");
        assert_eq!(one("<<EOF"), Some(mark("EOF", true, false)));
        assert_eq!(one("3<<-EOF"), Some(mark("EOF", true, true)));
        assert_eq!(one("<<'E F'"), Some(mark("E F", false, false)));
        assert_eq!(one("<<\"E\"OF"), Some(mark("EOF", false, false)));
        assert_eq!(one("<< \tEOF"), Some(mark("EOF", true, false)));
        assert_eq!(one("<<$X"), Some(mark("$X", true, false)));
        assert_eq!(one(r"<<\'EOF"), Some(mark("'EOF", true, false)));
        for none in ["EOF", "<<", "<<-", "<EOF", "a<<EOF", "<<<EOF", "<<A<B", "<<A B", "<<\x0b"] {
            assert_eq!(one(none), None, "{none}");
        }
        assert_eq!(
            of_word("<<'EOF").unwrap_err().to_string(),
            "failed to process \"'EOF\": unexpected end of statement while looking for matching single-quote"
        );
    }

    #[test]
    fn lines_hold_several() {
        let names = |line: &str| {
            of_line(line.as_bytes())
                .expect("it can be lexed")
                .into_iter()
                .map(|mark| mark.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("RUN cat <<A 3<<-B && cat <<'C'"), ["A", "B", "C"]);
        assert_eq!(names("COPY << EOF /d"), ["EOF"]);
        assert_eq!(names("RUN echo \"<<EOF\" '<<EOF' \\<<EOF"), Vec::<&str>::new());
        assert_eq!(names("RUN cat <<<EOF"), Vec::<&str>::new());
        assert_eq!(names("RUN echo a<<EOF"), Vec::<&str>::new());
    }

    #[test]
    fn a_line_that_cannot_be_lexed_has_none() {
        assert_eq!(of_line(b"RUN echo 'it <<EOF"), Ok(vec![]));
        assert_eq!(of_line(b"RUN echo ${a <<EOF"), Ok(vec![]));
    }

    #[test]
    fn a_nested_word_empties_the_word_before_it() {
        // `processStopOn` resets the buffer that it shares with the word around it.
        assert_eq!(of_line(b"RUN <<EOF${a:-b}"), Ok(vec![]));
        assert_eq!(of_line(b"RUN x${a:-b}<<EOF"), Ok(vec![]));
    }
}
