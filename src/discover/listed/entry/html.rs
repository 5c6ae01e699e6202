//! The tags of HTML that lists consist of, as Markdown.

/// Tags that leave only their text. Others, as in `<https://…>`, are text themselves.
const TAGS: [&str; 17] = [
    "ul", "ol", "input", "label", "p", "br", "span", "strong", "em", "table", "thead", "tbody", "tr", "td",
    "th", "details", "summary",
];

/// Returns a line without the tags of lists. A tag of code becomes a code span, and one of struck-out text its sign.
pub(super) fn without_tags(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let tag = after.split_once('>').and_then(|(tag, behind)| Some((sign_of(tag)?, behind)));
        let (sign, behind) = tag.unwrap_or(("<", after));
        out.push_str(sign);
        rest = behind;
    }
    out + rest
}

/// Returns the Markdown that stands for a tag; `None` if it is not one of lists.
fn sign_of(tag: &str) -> Option<&'static str> {
    let is_end = tag.starts_with('/');
    let name =
        tag.trim_start_matches('/').split([' ', '\t']).next()?.trim_end_matches('/').to_ascii_lowercase();
    match name.as_str() {
        "li" => Some(if is_end { " " } else { "- " }),
        "code" => Some("`"),
        "del" | "s" => Some("~~"),
        name => TAGS.contains(&name).then_some(" "),
    }
}
