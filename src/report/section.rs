//! The campaign's section of a text, between two markers that are invisible in Markdown. The text around it belongs to
//! other people; it never changes, byte for byte.

use std::ops::Range;

use crate::text::cut;

/// The start of the first marker.
const BEGIN: &str = "<!-- layerwright:begin";
/// The last marker.
const END: &str = "<!-- layerwright:end -->";

/// Returns the lines of a text with their places, without line endings.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.split_inclusive('\n').scan(0, |at, whole| {
        let start = *at;
        *at += whole.len();
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Some((start..start + line.len(), line))
    })
}

/// Returns the place of the section, with both markers and without the line ending after it. The first end marker
/// closes the last start marker before it, so that a marker without its partner is only a comment. In a fenced code
/// block a marker is text.
pub(crate) fn find(text: &str) -> Option<Range<usize>> {
    let lines: Vec<(Range<usize>, &str)> = lines(text).collect();
    let mut begin = None;
    let mut at = 0;
    while let Some((range, line)) = lines.get(at) {
        at += 1;
        // A block that is never closed goes on to the end, where the section is put if there is none.
        let closing =
            fence(line).and_then(|open| lines.iter().skip(at).position(|(_, line)| closes(line, open)));
        if let Some(inside) = closing {
            at += inside + 1;
            continue;
        }
        let line = line.trim();
        if line.starts_with(BEGIN) && line.ends_with("-->") {
            begin = Some(range.start);
        } else if line == END
            && let Some(begin) = begin
        {
            return Some(begin..range.end);
        }
    }
    None
}

/// Returns a text without the section.
pub(crate) fn without(text: &str) -> String {
    let Some(place) = find(text) else { return text.to_owned() };
    [cut::before(text, place.start), cut::from(text, place.end)].concat()
}

/// Returns the character of the fence that a line opens, and the number of them (`CommonMark`, 4.5).
fn fence(line: &str) -> Option<(char, usize)> {
    let inner = line.trim_start_matches(' ');
    let mark = inner.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = inner.trim_start_matches(mark);
    let length = inner.len() - rest.len();
    let is_fence = line.len() - inner.len() < 4 && length >= 3 && (mark == '~' || !rest.contains('`'));
    is_fence.then_some((mark, length))
}

/// Returns true if a line closes a fence.
fn closes(line: &str, (mark, length): (char, usize)) -> bool {
    let is_bare = line.trim().chars().all(|c| c == mark);
    is_bare && fence(line.trim_end()).is_some_and(|(_, closing)| closing >= length)
}

/// Returns the section with this content (lines that end with a newline), marked with `facts`, which contain neither
/// spaces nor dashes that could end the comment.
pub(crate) fn marked(facts: &[(&str, &str)], content: &str) -> String {
    let facts: Vec<String> = facts.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{BEGIN}{} -->\n{content}{END}", facts.concat())
}

/// Returns the text with this section: in place of the existing one, or at the end. It uses the line endings of the
/// existing section, else those of the text.
pub(crate) fn put(text: &str, section: &str) -> String {
    let place = find(text);
    let around = place.clone().map_or(text, |place| cut::between(text, place));
    let crlf = around.contains("\r\n");
    let section = if crlf { section.replace('\n', "\r\n") } else { section.to_owned() };
    let newline = if crlf { "\r\n" } else { "\n" };
    match place {
        Some(place) => format!("{}{section}{}", cut::before(text, place.start), cut::from(text, place.end)),
        None if text.is_empty() => format!("{section}{newline}"),
        None => {
            let gap = if text.ends_with('\n') { newline.to_owned() } else { newline.repeat(2) };
            format!("{text}{gap}{section}{newline}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_around_stays() {
        let one = marked(&[("text", "abc")], "one\n");
        assert_eq!(one, "<!-- layerwright:begin text=abc -->\none\n<!-- layerwright:end -->");
        let text = put("Mine.\r\n", &one);
        assert_eq!(
            text,
            "Mine.\r\n\r\n<!-- layerwright:begin text=abc -->\r\none\r\n<!-- layerwright:end -->\r\n"
        );
        let text = format!("{text}More.");
        let two = put(&text, &marked(&[], "two\n"));
        assert_eq!(
            two,
            "Mine.\r\n\r\n<!-- layerwright:begin -->\r\ntwo\r\n<!-- layerwright:end -->\r\nMore."
        );
    }

    #[test]
    fn a_marker_without_its_partner_is_a_comment() {
        let section = marked(&[], "x\n");
        for text in ["<!-- layerwright:begin -->\nMine.\n", "<!-- layerwright:end -->\nMine.\n"] {
            let with = put(text, &section);
            assert!(with.starts_with(text) && with.ends_with(&format!("{section}\n")), "{with}");
            assert_eq!(put(&with, &section), with);
        }
    }

    #[test]
    fn a_marker_in_a_code_block_is_text() {
        let section = marked(&[], "x\n");
        for fence in ["```", "~~~~ text", "  ```md"] {
            let closing = fence.trim().split(' ').next().unwrap().trim_end_matches("md");
            let quoted = format!("{fence}\n{section}\n{closing}\n");
            assert_eq!(find(&quoted), None, "{quoted}");
            let with = put(&quoted, &section);
            assert!(with.starts_with(&quoted) && put(&with, &section) == with, "{with}");
        }
        assert!(find(&format!("    ```\n{section}\n")).is_some(), "an indented fence is none");
        assert!(find(&format!("``` a`b\n{section}\n")).is_some(), "a code span is none");
    }

    proptest! {
        #[test]
        fn a_second_time_changes_nothing(
            lines in proptest::collection::vec("(<!-- layerwright:(begin|end) -->|[a-c]{0,3})\r?", 0..8),
            last in any::<bool>(),
        ) {
            let text = lines.join("\n") + if last { "\n" } else { "" };
            let section = marked(&[("text", "0")], "x\n\ny\n");
            let once = put(&text, &section);
            prop_assert_eq!(put(&once, &section), once.clone());
            let place = find(&once).unwrap();
            let outside = format!("{}{}", &once[..place.start], &once[place.end..]);
            match find(&text) {
                Some(was) => prop_assert_eq!(outside, format!("{}{}", &text[..was.start], &text[was.end..])),
                None => prop_assert!(outside.starts_with(&text)),
            }
        }
    }
}
