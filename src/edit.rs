//! Turns verdicts into a new text. It edits the text; it never prints a Dockerfile from its parsed form, and it never
//! writes a file.
//!
//! The new text is parsed again and must differ from the old one in exactly the planned flags and words.

pub(crate) mod fix;
pub mod header;
pub(crate) mod revert;

use std::collections::BTreeSet;

use crate::analysis::rule::Remedy;
use crate::analysis::{Site, transfer_of};
use crate::dockerfile::{Dockerfile, Instruction, Transfer, TransferKind, Word};
use crate::text::{EditSet, EditsMeet, Span};
use header::Header;

/// The reason why a file cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// BuildKit refuses the file in its present state.
    #[error("BuildKit refuses this file: line {line}: {message}; fix that first")]
    Refused {
        /// 1-based line.
        line: usize,
        /// BuildKit's message.
        message: String,
    },
    /// The bytes are not UTF-8, so a pull request could not show them.
    #[error("line {line} is not UTF-8; save the file as UTF-8 first")]
    NotUtf8 {
        /// 1-based line.
        line: usize,
    },
    /// Two edits overlap: a bug of Layerwright.
    #[error(transparent)]
    Meet(#[from] EditsMeet),
    /// The new text does not read as planned.
    #[error("after the edit, line {line} would not read as planned ({what}); the file is left unchanged")]
    Unfaithful {
        /// 1-based line in the old text.
        line: usize,
        /// The part that differs.
        what: String,
    },
}

/// A file with its new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The edits of the old text.
    pub(crate) edits: EditSet,
    /// The new text.
    pub text: Vec<u8>,
}

/// One line of a plan: the full text of the new instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlan {
    /// First line of the old instruction, 1-based.
    pub(crate) line: usize,
    /// The new instruction.
    pub(crate) replacement: String,
}

/// The change of one instruction.
#[derive(Clone, Copy, Debug)]
pub struct LineEdit<'a> {
    /// The instruction.
    pub site: &'a Site,
    /// True if an ADD becomes COPY.
    pub add_to_copy: bool,
}

/// Adds the edits that link one instruction.
///
/// # Errors
///
/// [`EditsMeet`] if the same words are edited twice.
pub(crate) fn line_edits(
    dockerfile: &Dockerfile,
    line: LineEdit<'_>,
    edits: &mut EditSet,
) -> Result<(), EditsMeet> {
    let instruction = &dockerfile.instructions()[line.site.instruction];
    let Some((holder, transfer)) = transfer_of(instruction) else { return Ok(()) };
    let word = &holder.word;
    if line.add_to_copy && line.site.is_copy {
        edits.replace(word.span, format!("{} --link", like(&word.text, "copy")))?;
    } else {
        edits.insert(word.span.end, " --link")?;
    }
    for remedy in line.site.remedies() {
        remedy_edit(dockerfile, transfer, remedy, edits)?;
    }
    Ok(())
}

/// Returns `new` in the letter case of `old`.
fn like(old: &str, new: &str) -> String {
    if old.bytes().any(|byte| byte.is_ascii_lowercase()) { new.to_lowercase() } else { new.to_uppercase() }
}

fn remedy_edit(
    dockerfile: &Dockerfile,
    transfer: &Transfer,
    remedy: &Remedy,
    edits: &mut EditSet,
) -> Result<(), EditsMeet> {
    match (remedy, &transfer.destination) {
        (Remedy::Owner(owner), _) => {
            let Some(flag) = transfer.flags.iter().find(|flag| flag.text.starts_with("--chown")) else {
                return Ok(());
            };
            edits.replace(flag.span, format!("--chown={owner}"))
        }
        (Remedy::AppendSlash, Some(word)) => {
            // A destination that a canonical path replaces gets its slash there.
            if edits.edits().iter().any(|edit| edit.span == word.span) {
                return Ok(());
            }
            let last = dockerfile.text()[word.span.range()].last();
            let quoted = transfer.json || matches!(last, Some(b'"' | b'\''));
            edits.insert(word.span.end - usize::from(quoted), "/")
        }
        (Remedy::Destination(path), Some(word)) => {
            if edits.edits().iter().any(|edit| edit.span == word.span) {
                return Ok(());
            }
            let quoted = if transfer.json { format!("\"{path}\"") } else { path.clone() };
            edits.replace(word.span, quoted)
        }
        (_, None) => Ok(()),
    }
}

/// Returns the full text of the new instruction, heredoc bodies included. The text is parsed again, alone, and must
/// mean the same as the old one, with exactly the flags and words that the remedies of the instruction name.
///
/// # Errors
///
/// [`RewriteError`] if it does not.
pub fn replacement(dockerfile: &Dockerfile, line: LineEdit<'_>) -> Result<String, RewriteError> {
    let mut edits = EditSet::default();
    line_edits(dockerfile, line, &mut edits)?;
    let before = &dockerfile.instructions()[line.site.instruction];
    let start = before.span.start;
    let mut own = EditSet::default();
    for edit in edits.edits() {
        own.replace(Span::new(edit.span.start - start, edit.span.end - start), edit.replacement.clone())?;
    }
    let new = own.apply(&dockerfile.text()[before.span.range()]);
    // Only two instructions are parsed, however long the file is.
    let escape_token = char::from(dockerfile.directives().escape_token);
    let alone = [format!("# escape={escape_token}\nFROM scratch\n").as_bytes(), &new].concat();
    match Dockerfile::read(alone).instructions() {
        [_, after] if is_planned(before, after, line) => Ok(String::from_utf8_lossy(&new).into_owned()),
        _ => Err(RewriteError::Unfaithful { line: before.start_line, what: "flags or words".into() }),
    }
}

/// Rewrites a file: inserts the planned lines, writes the header, and parses the result again.
///
/// # Errors
///
/// [`RewriteError`]; nothing is changed then.
pub fn rewrite(
    dockerfile: &Dockerfile,
    lines: &[LinePlan],
    header: &Header,
) -> Result<Rewrite, RewriteError> {
    let index = dockerfile.line_index();
    if let Some(error) = dockerfile.errors().first() {
        let line = index.position(error.span.start).line;
        return Err(RewriteError::Refused { line, message: error.message.clone() });
    }
    if let Err(error) = std::str::from_utf8(dockerfile.text()) {
        return Err(RewriteError::NotUtf8 { line: index.position(error.valid_up_to()).line });
    }
    let mut edits = EditSet::default();
    for line in lines {
        let instructions = dockerfile.instructions();
        let Ok(at) = instructions.binary_search_by_key(&line.line, |instruction| instruction.start_line)
        else {
            return Err(RewriteError::Unfaithful { line: line.line, what: "there is no instruction".into() });
        };
        let instruction = &instructions[at];
        edits.replace(instruction.span, line.replacement.as_bytes())?;
    }
    header::edit(dockerfile, header, &mut edits)?;
    let text = edits.apply(dockerfile.text());
    check(dockerfile, &Dockerfile::read(text.clone()), lines, header)?;
    Ok(Rewrite { edits, text })
}

/// Checks that the new text means the same as the old one, except for the header and the planned lines. Those may
/// differ only in `--link`, in the owner, in the destination and in COPY instead of ADD.
fn check(
    old: &Dockerfile,
    new: &Dockerfile,
    lines: &[LinePlan],
    header: &Header,
) -> Result<(), RewriteError> {
    let unfaithful = |line, what: &str| Err(RewriteError::Unfaithful { line, what: what.to_owned() });
    if let Some(error) = new.errors().first() {
        return unfaithful(new.line_index().position(error.span.start).line, &error.message);
    }
    check_directives(old, new, header)?;
    if old.instructions().len() != new.instructions().len() {
        return unfaithful(1, "the number of instructions");
    }
    let planned: BTreeSet<usize> = lines.iter().map(|line| line.line).collect();
    for (before, after) in old.instructions().iter().zip(new.instructions()) {
        let planned = planned.contains(&before.start_line);
        let same = if planned {
            is_linked_version(old, before, new, after)
        } else {
            says_the_same(old, before, new, after)
        };
        if !same {
            return unfaithful(before.start_line, "flags or words");
        }
    }
    Ok(())
}

/// Returns true if `after` is `before` with `--link`, and all parts that a plan never changes are equal.
fn is_linked_version(old: &Dockerfile, before: &Instruction, new: &Dockerfile, after: &Instruction) -> bool {
    let same_place = before.stage == after.stage && is_onbuild(before) == is_onbuild(after);
    let (Some((_, before)), Some((_, after))) = (transfer_of(before), transfer_of(after)) else {
        return false;
    };
    let but_owner = |flags: &[Word]| -> Vec<String> {
        let others = flags.iter().filter(|flag| !flag.text.starts_with("--chown"));
        others.map(|flag| flag.text.to_string()).collect()
    };
    let (flags, new_flags) = (but_owner(&before.flags), but_owner(&after.flags));
    after.options.link == Some(true)
        && before.options.link.is_none()
        && new_flags.split_first().is_some_and(|(first, rest)| first == "--link" && rest == flags)
        && same_place
        && (after.kind == before.kind || after.kind == TransferKind::Copy)
        && is_owner(before, after)
        && is_destination(before, after)
        && texts(&after.sources) == texts(&before.sources)
        && heredocs(new, after) == heredocs(old, before)
        && after.json == before.json
}

/// Returns true if the owner is the same, or numbers in place of a name.
fn is_owner(before: &Transfer, after: &Transfer) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match (&before.options.chown, &after.options.chown) {
        (Some(before), Some(after)) => before == after || after.split(':').all(is_number),
        (before, after) => before.is_none() && after.is_none(),
    }
}

/// Returns true if the destination is the same, has a slash more, or is an absolute path without variables.
fn is_destination(before: &Transfer, after: &Transfer) -> bool {
    let (Some(before), Some(after)) = (&before.destination, &after.destination) else { return false };
    let bare = |word: &Word| word.text.trim_matches(['"', '\'']).to_owned();
    let (before, after) = (bare(before), bare(after));
    after == before || after == format!("{before}/") || (after.starts_with('/') && !after.contains('$'))
}

/// Returns the heredocs of an instruction, with their bodies.
fn heredocs<'a>(dockerfile: &'a Dockerfile, transfer: &'a Transfer) -> Vec<(&'a str, bool, bool, &'a [u8])> {
    let heredocs = transfer.heredocs.iter();
    heredocs
        .map(|heredoc| {
            let body = &dockerfile.text()[heredoc.body.range()];
            (heredoc.name.as_str(), heredoc.expand, heredoc.chomp, body)
        })
        .collect()
}

fn is_onbuild(instruction: &Instruction) -> bool {
    transfer_of(instruction).is_some_and(|(holder, _)| !std::ptr::eq(holder, instruction))
}

fn check_directives(old: &Dockerfile, new: &Dockerfile, header: &Header) -> Result<(), RewriteError> {
    let (before, after) = (old.directives(), new.directives());
    let value = |directive: &Option<crate::dockerfile::Directive>| {
        directive.as_ref().map(|found| found.value.clone())
    };
    let syntax = match header {
        Header::Insert { value } | Header::Raise { value } => Some(value.clone()),
        Header::Keep | Header::Foreign { .. } => value(&before.syntax),
    };
    let same = before.escape_token == after.escape_token
        && value(&before.check) == value(&after.check)
        && value(&before.escape) == value(&after.escape)
        && syntax == value(&after.syntax);
    if same {
        Ok(())
    } else {
        Err(RewriteError::Unfaithful { line: 1, what: "the parser directives".into() })
    }
}

/// Returns true if two instructions are equal except for their positions.
fn says_the_same(old: &Dockerfile, before: &Instruction, new: &Dockerfile, after: &Instruction) -> bool {
    let texts_match = old.text()[before.span.range()] == new.text()[after.span.range()];
    texts_match && before.stage == after.stage && transfers_match(before, after)
}

fn transfers_match(before: &Instruction, after: &Instruction) -> bool {
    match (transfer_of(before), transfer_of(after)) {
        (None, None) => true,
        (Some((_, before)), Some((_, after))) => {
            texts(&before.flags) == texts(&after.flags)
                && texts(&before.sources) == texts(&after.sources)
                && before.destination.as_ref().map(|word| &word.text)
                    == after.destination.as_ref().map(|word| &word.text)
        }
        _ => false,
    }
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Returns true if an edited line differs from the old one in exactly what was planned.
fn is_planned(before: &Instruction, after: &Instruction, line: LineEdit<'_>) -> bool {
    let (Some((_, before)), Some((_, after))) = (transfer_of(before), transfer_of(after)) else {
        return false;
    };
    let copies = line.add_to_copy && line.site.is_copy;
    let kind = if copies { TransferKind::Copy } else { before.kind };
    let remedies: Vec<&Remedy> = line.site.remedies().collect();
    let owner = remedies.iter().find_map(|remedy| match remedy {
        Remedy::Owner(owner) => Some(format!("--chown={owner}")),
        _ => None,
    });
    let mut flags = vec!["--link".to_owned()];
    flags.extend(before.flags.iter().map(|flag| match &owner {
        Some(owner) if flag.text.starts_with("--chown") => owner.clone(),
        _ => flag.text.to_string(),
    }));
    after.kind == kind
        && after.options.link == Some(true)
        && texts(&after.flags) == flags
        && texts(&after.sources) == texts(&before.sources)
        && after.heredocs.len() == before.heredocs.len()
        && after.json == before.json
        && is_planned_destination(before, after, &remedies)
}

fn is_planned_destination(before: &Transfer, after: &Transfer, remedies: &[&Remedy]) -> bool {
    let (Some(before), Some(after)) = (&before.destination, &after.destination) else { return false };
    let canonical = remedies.iter().find_map(|remedy| match remedy {
        Remedy::Destination(path) => Some(path.as_str()),
        _ => None,
    });
    if let Some(path) = canonical {
        return after.text == path;
    }
    if !remedies.contains(&&Remedy::AppendSlash) {
        return after.text == before.text;
    }
    let bare = |text: &str| text.trim_end_matches(['"', '\'']).to_owned();
    bare(&after.text) == format!("{}/", bare(&before.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "FROM a\nCOPY --chown=app x /y\nONBUILD COPY x /y\nADD x /y\nCOPY <<E /y\none\nE\nCOPY x y\n";

    fn is_taken(line: usize, replacement: &str) -> bool {
        let plan = LinePlan { line, replacement: replacement.to_owned() };
        rewrite(&Dockerfile::read(FILE.as_bytes().to_vec()), &[plan], &Header::Keep).is_ok()
    }

    /// A plan is a file that anyone may have written.
    #[test]
    fn a_plan_changes_owner_and_destination_and_nothing_else() {
        for (line, replacement) in [
            (2, "COPY --link --chown=app x /y"),
            (2, "COPY --link --chown=5:6 x /y/"),
            (2, "COPY --link --chown=5 x /z"),
            (3, "ONBUILD COPY --link x /y"),
            (4, "ADD --link x /y"),
            (4, "COPY --link x /y"),
            (5, "COPY --link <<E /y\none\nE"),
            (8, "COPY --link x /w/y"),
        ] {
            assert!(is_taken(line, replacement), "{replacement}");
        }
        for (line, replacement) in [
            (2, "COPY --chown=app x /y"),
            (2, "COPY --link x /y"),
            (2, "COPY --link --chown=root x /y"),
            (2, "COPY --link --chown=5: x /y"),
            (2, "COPY --link --chown=app x /y$z"),
            (2, "COPY --link --chown=app --from=b x /y"),
            (2, "COPY --link --chown=app z /y"),
            (2, "ADD --link --chown=app x /y"),
            (2, "ONBUILD COPY --link --chown=app x /y"),
            (2, "RUN x"),
            (3, "COPY --link x /y"),
            (4, "COPY --link --chown=5:5 x /y"),
            (5, "COPY --link <<E /y\ntwo\nE"),
            (5, "COPY --link <<\"E\" /y\none\nE"),
            (5, "COPY --link <<F /y\none\nF"),
            (8, "COPY --link x z"),
            (8, "COPY --link x y\nRUN z"),
        ] {
            assert!(!is_taken(line, replacement), "{replacement}");
        }
    }
}
