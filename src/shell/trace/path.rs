//! Paths of which some parts are not known. A part that is not known is taken for one name without a slash where
//! something known stands before or after it.

use crate::text::pattern::{Part, Pattern};

/// `path` as it is meant in `folder`.
pub(super) fn join(folder: &Pattern, path: &Pattern) -> Pattern {
    if is_absolute(path) {
        return path.clone();
    }
    let mut whole = folder.clone();
    let mut rest = path.clone();
    loop {
        if rest.is_empty() || rest.known() == Some(".") {
            return whole;
        }
        if rest.known() == Some("..") {
            rest = Pattern::text("../");
        }
        if let Some(after) = strip(&rest, "./") {
            rest = after;
        } else if let Some((after, above)) = strip(&rest, "../").zip(above(&whole)) {
            (rest, whole) = (after, above);
        } else {
            break;
        }
    }
    whole.push_text("/");
    whole.push(&rest);
    whole
}

/// Returns true if a path starts at a root or at something unknown, such as a folder that a variable holds.
pub(super) fn is_absolute(path: &Pattern) -> bool {
    match path.parts().first() {
        Some(Part::Text(text)) => text.starts_with('/'),
        Some(Part::Hole(name)) => name == super::ROOT || name == super::START,
        None => false,
    }
}

/// The folder above one that is known well enough to say.
fn above(folder: &Pattern) -> Option<Pattern> {
    match folder.parts().last()? {
        Part::Text(text) if !text.contains('/') => None,
        Part::Hole(_) if folder.parts().len() == 1 => None,
        Part::Text(text) if matches!(text.rsplit('/').next(), Some("..")) => None,
        _ => Some(dirname(folder)),
    }
}

/// Returns the output of `dirname`; a hole of its own if it is unknown.
pub(super) fn dirname(path: &Pattern) -> Pattern {
    let path = without_slashes(path);
    match split_name(&path) {
        Some((folder, _)) if folder.is_empty() => Pattern::text("/"),
        Some((folder, _)) => without_slashes(&folder),
        None if path.known().is_some() => Pattern::text("."),
        None if is_absolute(&path) => join(&path, &Pattern::text("..")),
        None => Pattern::hole(&format!("$(dirname {path})")),
    }
}

/// Returns the output of `basename`; a hole of its own if it is unknown.
pub(super) fn basename(path: &Pattern) -> Pattern {
    let path = without_slashes(path);
    match split_name(&path) {
        Some((_, name)) => name,
        None if path.known().is_some() => path,
        None => Pattern::hole(&format!("$(basename {path})")),
    }
}

/// Returns the parts before and after the last slash.
pub(super) fn split_name(path: &Pattern) -> Option<(Pattern, Pattern)> {
    let parts = path.parts();
    let slash = |part: &Part| matches!(part, Part::Text(text) if text.contains('/'));
    let at = parts.iter().rposition(slash)?;
    let Part::Text(text) = &parts[at] else { return None };
    let (before, after) = text.rsplit_once('/')?;
    let mut folder: Pattern = collect(&parts[..at]);
    folder.push_text(before);
    let mut name = Pattern::text(after);
    name.push(&collect(&parts[at + 1..]));
    Some((folder, name))
}

/// `path` without what it starts with; `None` if it does not.
pub(super) fn strip(path: &Pattern, start: &str) -> Option<Pattern> {
    let (Part::Text(first), rest) = path.parts().split_first()? else { return None };
    let mut stripped = Pattern::text(first.strip_prefix(start)?);
    stripped.push(&collect(rest));
    Some(stripped)
}

/// `path` without what it ends with; `None` if it does not.
pub(super) fn strip_end(path: &Pattern, end: &str) -> Option<Pattern> {
    let (Part::Text(last), rest) = path.parts().split_last()? else { return None };
    let mut stripped = collect(rest);
    stripped.push_text(last.strip_suffix(end)?);
    Some(stripped)
}

pub(super) fn collect(parts: &[Part]) -> Pattern {
    let mut whole = Pattern::default();
    for part in parts {
        whole.push(&Pattern::from(part.clone()));
    }
    whole
}

fn without_slashes(path: &Pattern) -> Pattern {
    let mut path = path.clone();
    while path.known() != Some("/")
        && let Some(shorter) = strip_end(&path, "/")
    {
        path = shorter;
    }
    path
}
