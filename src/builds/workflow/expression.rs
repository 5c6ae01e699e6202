//! The values of `${{ … }}` in a workflow, as far as the file defines them. It never guesses: the rest is a hole with
//! the text of the expression.

use super::super::document::Node;
use super::matrix::Row;
use crate::budget::{BYTES, spend, store};
use crate::text::cut;
use crate::text::pattern::{Part, Pattern};

/// The deepest nesting of values.
const DEEPEST: usize = 8;

/// The values of the names of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Names<'a> {
    /// The environment, the innermost last.
    pub(crate) env: Vec<(String, Pattern)>,
    /// The values of `matrix`.
    pub(crate) row: Row,
    /// The folder of a composite action.
    pub(crate) action: Option<&'a str>,
    /// The inputs, if the caller is known; one that it does not give is empty.
    pub(crate) inputs: Option<&'a [(String, Pattern)]>,
}

impl Names<'_> {
    /// Returns the names with another layer of `env`.
    pub(crate) fn with_env(&self, env: Option<&Node>) -> Self {
        spend(1 + (self.env_bytes() + self.row.bytes()) / BYTES);
        let mut names = self.clone();
        for entry in env.map(Node::entries).unwrap_or_default() {
            let value = self.node(&entry.value).unwrap_or_default();
            names.env.push((entry.key.clone(), value));
        }
        names
    }

    /// Returns the bytes of the environment.
    pub(super) fn env_bytes(&self) -> usize {
        self.env.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Returns a text with the values of its expressions; `None` if it is not a text.
    pub(crate) fn node(&self, node: &Node) -> Option<Pattern> {
        node.text().map(|text| self.text(text))
    }

    /// Returns a text with the values of its expressions.
    pub(crate) fn text(&self, text: &str) -> Pattern {
        self.evaluated(text, 0)
    }

    /// Returns the value of the text between the braces.
    pub(crate) fn expression(&self, words: &str) -> Pattern {
        self.value(words, 0).unwrap_or_else(|| Pattern::hole(words))
    }

    fn evaluated(&self, text: &str, depth: usize) -> Pattern {
        let mut pattern = Pattern::default();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => pattern.push_text(text),
                Piece::Expression(words) => match self.value(words, depth) {
                    Some(value) => {
                        store(value.len());
                        pattern.push(&value);
                    }
                    None => pattern.push_hole(words),
                },
            }
        }
        pattern
    }

    /// Returns the value of an expression, if it is known; a hole if a part of it is known.
    fn value(&self, words: &str, depth: usize) -> Option<Pattern> {
        let operands = operands(words);
        let (last, others) = operands.split_last()?;
        for operand in others {
            let value = self.operand(operand, depth)?;
            match value.known() {
                Some("" | "false" | "0") => {}
                Some(_) => return Some(value),
                // Text with a hole is not empty; a hole alone may be empty.
                None if value.parts().iter().any(|part| matches!(part, Part::Text(_))) => return Some(value),
                None => return None,
            }
        }
        self.operand(last, depth)
    }

    fn operand(&self, words: &str, depth: usize) -> Option<Pattern> {
        if let Some(literal) = words.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            let is_one = !literal.replace("''", "").contains('\'');
            return is_one.then(|| Pattern::text(&literal.replace("''", "'")));
        }
        let path = words.replace("['", ".").replace("']", "");
        let (context, rest) = path.split_once('.')?;
        if !rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return None;
        }
        match (context, rest) {
            ("matrix", key) => match self.row.get(key) {
                Some(node) if depth < DEEPEST => node.text().map(|text| self.evaluated(text, depth + 1)),
                Some(_) => None,
                None => self.row.is_whole.then(Pattern::default),
            },
            ("env", name) => {
                self.env.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.clone())
            }
            ("inputs", name) => self.inputs.map(|inputs| {
                let given = inputs.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
                given.map(|(_, value)| value.clone()).unwrap_or_default()
            }),
            ("github", "workspace") => Some(Pattern::text(".")),
            ("github", "action_path") => self.action.map(Pattern::text),
            _ => None,
        }
    }
}

/// A part of a text with expressions.
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// The text between the braces.
    Expression(&'a str),
}

/// Returns the parts of a text. An unclosed expression is an expression too.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        found.push(Piece::Text(before));
        let (expression, end) = cut::split(after, end(after));
        found.push(Piece::Expression(expression.trim()));
        rest = end.strip_prefix("}}").unwrap_or_default();
    }
    found.push(Piece::Text(rest));
    found
}

/// Returns the end of an expression: the `}}` outside of quotes.
fn end(text: &str) -> usize {
    let mut is_quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '}' if !is_quoted && cut::from(text, at).starts_with("}}") => return at,
            _ => {}
        }
    }
    // An unclosed quote would hide the rest; then the first `}}` counts.
    text.find("}}").unwrap_or(text.len())
}

/// Returns the parts between `||` outside of quotes and parentheses.
fn operands(words: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in words.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            '|' if !is_quoted && depth == 0 && at >= start && cut::from(words, at).starts_with("||") => {
                found.push(cut::between(words, start..at).trim());
                start = at + 2;
            }
            _ => {}
        }
    }
    found.push(cut::from(words, start).trim());
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::yaml;
    use super::super::matrix::rows;
    use super::*;

    fn names() -> Names<'static> {
        let matrix =
            yaml::documents("include:\n- {file: a.Dockerfile, image: {name: go}, v: '${{ env.V }}'}\n")
                .unwrap();
        let row = rows(Some(&matrix[0])).swap_remove(0);
        let env = vec![("V".to_owned(), Pattern::text("1.2")), ("S".to_owned(), Pattern::hole("secrets.S"))];
        Names { env, row, action: Some(".github/actions/x"), inputs: None }
    }

    #[test]
    fn what_the_file_tells_is_known() {
        let cases = [
            ("plain {{x}}", "plain {{x}}"),
            ("${{ matrix.file }}", "a.Dockerfile"),
            ("x/${{matrix.image.name}}:${{ matrix['v'] }}", "x/go:1.2"),
            ("${{ matrix.none }}", ""),
            ("${{ matrix.none || 'Dockerfile' }}", "Dockerfile"),
            ("${{ matrix.file || inputs.x }}", "a.Dockerfile"),
            ("${{ github.workspace }}/x", "./x"),
            ("${{ github.action_path }}/x", ".github/actions/x/x"),
            ("${{ env.V }}", "1.2"),
            ("${{ 'it''s }} ' }}", "it's }} "),
        ];
        for (text, value) in cases {
            assert_eq!(names().text(text).known(), Some(value), "{text}");
        }
    }

    #[test]
    fn the_rest_is_a_hole_by_its_words() {
        assert_eq!(names().text("${{ github.sha }}"), Pattern::hole("github.sha"));
        assert_eq!(names().text("${{ env.S }}"), Pattern::hole("secrets.S"));
        assert_eq!(names().text("${{ inputs.x || 'y' }}"), Pattern::hole("inputs.x || 'y'"));
        assert_eq!(names().text("${{ format('{0}}}', 'y') }}-"), {
            let mut pattern = Pattern::hole("format('{0}}}', 'y')");
            pattern.push_text("-");
            pattern
        });
        assert_eq!(Names::default().text("${{ matrix.none }}"), Pattern::hole("matrix.none"));
        assert_eq!(names().text("${{ matrix.image }}"), Pattern::hole("matrix.image"));
        assert_eq!(names().text("a${{ b").parts().len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}a.'|()\\[\\], \\né-]{0,40}") {
            let _ = names().text(&text);
        }
    }
}
