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
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some((after, above)) = rest.strip_prefix("../").zip(above(&whole)) {
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
        // Without a known slash, nothing says which names it has.
        _ => without_slashes(folder).rsplit_slash().map(|_| dirname(folder)),
    }
}

/// Returns the output of `dirname`; a hole of its own if it is unknown.
pub(super) fn dirname(path: &Pattern) -> Pattern {
    let path = without_slashes(path);
    match path.rsplit_slash() {
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
    match path.rsplit_slash() {
        Some((_, name)) => name,
        None if path.known().is_some() => path,
        None => Pattern::hole(&format!("$(basename {path})")),
    }
}

fn without_slashes(path: &Pattern) -> Pattern {
    let mut path = path.clone();
    while path.known() != Some("/")
        && let Some(shorter) = path.strip_suffix("/")
    {
        path = shorter;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_without_a_known_slash_has_the_folder_above_itself() {
        let mut path = Pattern::hole(super::super::START);
        path.push_hole("x");
        let mut expected = path.clone();
        expected.push_text("/../");
        assert_eq!(dirname(&path), expected);
    }
}
