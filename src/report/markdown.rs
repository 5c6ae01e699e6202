//! Text of a repository in Markdown: it mentions nobody, links nothing, starts no HTML and ends no comment.

use crate::campaign::plan::path_for_people;

/// Behind these a joiner is put that nobody sees: GitHub links mentions, issues and addresses in the text that people
/// see, where no backslash is left.
const JOINER: char = '\u{2060}';

/// A text as a code span, which GitHub reads nothing into. What is hidden is shown.
pub fn code(text: &str) -> String {
    let text = path_for_people(text);
    if text.trim().is_empty() {
        return format!("<code>{}</code>", "&#32;".repeat(text.len()));
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if padded { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence as plain text, with its code spans. What it holds of a repository starts nothing.
pub fn prose(text: &str) -> String {
    let spans: Vec<&str> = text.split('`').collect();
    // With a backtick that stands alone nobody knows what is code.
    if spans.len().is_multiple_of(2) {
        return plain(text);
    }
    let part = |(at, span): (usize, &&str)| match (at % 2, span.is_empty()) {
        (_, true) => String::new(),
        (1, _) => code(span),
        _ => plain(span),
    };
    spans.iter().enumerate().map(part).collect()
}

/// A text as it is, without code spans.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in path_for_people(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '!' | '&' | '$') {
            out.push('\\');
        }
        out.push(c);
        if matches!(c, '@' | '#') || c == '/' && out.ends_with("://") {
            out.push(JOINER);
        }
    }
    out
}

/// The first line of an instruction, and whether there is more.
pub fn first_line(instruction: &str) -> String {
    let mut lines = instruction.lines();
    let first = lines.next().unwrap_or_default().trim_end().trim_end_matches('\\').trim_end();
    format!("{}{}", code(first), if lines.next().is_some() { " …" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_shown_and_nothing_else() {
        assert_eq!(code("a/Dockerfile"), "`a/Dockerfile`");
        assert_eq!(code("@everyone --> <script>|*"), "`@everyone --> <script>|*`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("a\nb\u{202e}c\0"), "`a\\u{a}b\\u{202e}c\\u{0}`");
        assert_eq!(code(" "), "<code>&#32;</code>");
        assert_eq!(first_line("COPY --link a \\\n b /"), "`COPY --link a` …");
    }

    #[test]
    fn prose_starts_nothing() {
        assert_eq!(prose("`/root` is 0700 and would become 0755"), "`/root` is 0700 and would become 0755");
        assert_eq!(
            prose("@me <b> a|b #1 [x](y) -->"),
            "@\u{2060}me \\<b\\> a\\|b \\#\u{2060}1 \\[x\\](y) --\\>"
        );
        assert_eq!(prose("see https://x"), "see https://\u{2060}x");
        assert_eq!(prose("`a` b ` @c"), "\\`a\\` b \\` @\u{2060}c");
    }
}
