//! Escapes the text of a repository for Markdown: it never starts a mention, a link or HTML, and never ends a comment.

use super::cut;
use super::escape::shown;
use super::words::instruction_head;

/// An invisible character that is inserted after `@`, `#`, `GH-`, `://` and `www.`: GitHub links mentions, issues and
/// addresses in the rendered text, where the backslashes are gone. It also divides what skips workflows.
pub(crate) const JOINER: char = '\u{2060}';

/// Returns a text as a code span, in which GitHub finds no markup. Hidden characters are escaped.
pub(crate) fn code(text: &str) -> String {
    let text = shown(text);
    if text.trim().is_empty() {
        return format!("<code>{}</code>", "&#32;".repeat(text.len()));
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if padded { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a sentence as plain text, with its code spans. Text from a repository cannot start any markup.
pub(crate) fn prose(text: &str) -> String {
    let spans: Vec<&str> = text.split('`').collect();
    // With an odd number of backticks it is unknown which parts are code.
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

/// Returns a text escaped, without code spans.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in shown(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '!' | '&' | '$') {
            out.push('\\');
        }
        push_inert(&mut out, c);
    }
    out
}

/// Returns a text for a commit message or a title, which are no Markdown, but in which GitHub finds mentions, issues that
/// it closes, and what skips workflows.
pub(crate) fn inert(text: &str) -> String {
    let mut out = String::new();
    for c in without_skips(&shown(text)).chars() {
        push_inert(&mut out, c);
    }
    out
}

/// Returns a text that skips no workflow if it becomes a part of a commit message, as the text of a pull request may:
/// `[skip ci]`, `[no ci]`, `skip-checks: true` (GitHub, "Skipping workflow runs"), `***NO_CI***` (Azure Pipelines), and
/// the like of other services, such as `[CF-Pages-Skip]`.
pub(crate) fn without_skips(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        let rest = || cut::from(&lower, at);
        let skips = match c {
            '[' => {
                let (inside, _) = cut::where_ends(cut::from(&lower, at + 1), |c| "[]\n".contains(c));
                inside.contains("skip") || inside.contains("no ci")
            }
            '*' => rest().starts_with("***no_ci"),
            's' | 'S' => rest().starts_with("skip-checks:"),
            _ => false,
        };
        if skips {
            out.push(JOINER);
        }
    }
    out
}

/// Adds a character, and the joiner if GitHub would make a link of what follows it: `@name`, `#1`, `GH-1`,
/// `https://…` or `www.…`.
fn push_inert(out: &mut String, c: char) {
    out.push(c);
    let ends_with = |text: &str| {
        let start = out.len().checked_sub(text.len());
        start.and_then(|start| out.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(text))
    };
    let starts_link = match c {
        '@' | '#' => true,
        '/' => ends_with("://"),
        '-' => ends_with("gh-"),
        '.' => ends_with("www."),
        _ => false,
    };
    if starts_link {
        out.push(JOINER);
    }
}

/// Returns the first line of an instruction as a code span, followed by ` …` if more lines follow.
pub(crate) fn instruction(text: &str) -> String {
    let (first, has_more) = instruction_head(text);
    format!("{}{}", code(first), if has_more { " …" } else { "" })
}

/// Returns true if a line belongs to a block of code, where Markdown has no lists. `fence` is the fence that is open.
pub(crate) fn in_code(fence: &mut Option<String>, line: &str) -> bool {
    let line = line.trim_start_matches(' ');
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'));
    let run: String = mark.map(|mark| line.chars().take_while(|&c| c == mark).collect()).unwrap_or_default();
    match fence {
        Some(open) => {
            let closes = run.starts_with(open.as_str()) && line.trim_end() == run;
            if closes {
                *fence = None;
            }
            true
        }
        None if run.len() >= 3 => {
            *fence = Some(run);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;

    #[test]
    fn code_is_shown_and_nothing_else() {
        assert_eq!(code("a/Dockerfile"), "`a/Dockerfile`");
        assert_eq!(code("@everyone --> <script>|*"), "`@everyone --> <script>|*`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("a\nb\u{202e}c\0"), "`a\\nb\\u{202e}c\\x00`");
        assert_eq!(code(" "), "<code>&#32;</code>");
        assert_eq!(instruction("COPY --link a \\\n b /"), "`COPY --link a` …");
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
        assert_eq!(prose("www.x.org GH-1 gh-1"), "www.\u{2060}x.org GH-\u{2060}1 gh-\u{2060}1");
    }

    #[test]
    fn a_commit_message_mentions_and_closes_nothing() {
        assert_eq!(
            inert("closes #7 by @scope, fixes GH-8, resolves https://github.com/o/r/issues/9 a_b"),
            "closes #\u{2060}7 by @\u{2060}scope, fixes GH-\u{2060}8, resolves https://\u{2060}github.com/o/r/issues/9 a_b"
        );
    }

    #[test]
    fn a_commit_message_skips_no_workflow() {
        for (text, shown) in [
            ("a [skip ci] [CI Skip]", "a [\u{2060}skip ci] [\u{2060}CI Skip]"),
            ("[no ci][skip actions]", "[\u{2060}no ci][\u{2060}skip actions]"),
            ("[actions skip]", "[\u{2060}actions skip]"),
            ("***NO_CI***", "*\u{2060}**NO_CI***"),
            ("\u{e4}\n\nSkip-Checks:true", "\u{e4}\n\nS\u{2060}kip-Checks:true"),
            ("skip-checks: true", "s\u{2060}kip-checks: true"),
            ("COPY [\"skip\", ", "COPY [\u{2060}\"skip\", "),
            ("[[\"a\"] skip", "[[\"a\"] skip"),
        ] {
            assert_eq!(without_skips(text), shown);
        }
        assert_eq!(inert("@a [skip ci]"), "@\u{2060}a [\u{2060}skip ci]");
        assert_eq!(inert(&code("fixes: #7/a")), "`fixes: #\u{2060}7/a`");
    }

    /// The text and the code that a reader of Markdown sees in an item of a list, without the joiner; anything else is named.
    fn rendered(markdown: &str) -> String {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_MATH;
        let mut out = String::new();
        for event in Parser::new_ext(&format!("- x: {markdown} y\n"), options) {
            match event {
                Event::Text(text) | Event::Code(text) => out.push_str(&text.replace(JOINER, "")),
                Event::Start(Tag::List(None) | Tag::Item)
                | Event::End(TagEnd::List(false) | TagEnd::Item) => {}
                other => out.extend(["<", &format!("{other:?}"), ">"]),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn a_reader_sees_the_text_and_nothing_that_it_starts(
            text in "([ -~]|\u{e4}|\u{1f600}|[\t\n\u{202e}\u{200b}])*",
        ) {
            // Markdown drops the spaces at the ends of a line.
            let text = text.trim();
            prop_assert_eq!(rendered(&plain(text)), format!("x: {} y", shown(text)));
            if !text.is_empty() {
                prop_assert_eq!(rendered(&code(text)), format!("x: {} y", shown(text)));
            }
        }
    }
}
