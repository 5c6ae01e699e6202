//! The inverse of an edit, in a text that people may have changed since: only what still stands as it was written is
//! restored, everything else is kept byte for byte.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{LinePlan, RewriteError, says_the_same};
use crate::dockerfile::{Dockerfile, Instruction};
use crate::plan::syntax::{self, Frontend, Header};
use crate::text::{EditSet, Span};

/// A text with lines restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// The new text.
    pub text: Vec<u8>,
    /// The lines that were restored, by where they stood before they were linked, 1-based.
    pub restored: Vec<usize>,
    /// The lines that somebody changed since, which are left, in the same way.
    pub left: Vec<usize>,
}

/// Restores, in `now`, the instructions of `original` that `written` has in other words. `written` is `original` with
/// the edits of `lines` and `header`. A header that was written goes too, unless what is left needs it.
///
/// # Errors
///
/// [`RewriteError`] if BuildKit refuses `now` as it is, it is no UTF-8, or the result does not read as it should.
pub fn revert(
    original: &Dockerfile,
    written: &Dockerfile,
    now: &Dockerfile,
    lines: &[LinePlan],
    header: &Header,
) -> Result<Reverted, RewriteError> {
    let index = now.line_index();
    if let Some(error) = now.errors().first() {
        let line = index.position(error.span.start).line;
        return Err(RewriteError::Refused { line, message: error.message.clone() });
    }
    if let Err(error) = std::str::from_utf8(now.text()) {
        return Err(RewriteError::NotUtf8 { line: index.position(error.valid_up_to()).line });
    }
    let (ours, before) = (Kept::new(written, now), Kept::new(original, now));
    let (mut edits, mut originals, mut left) = (EditSet::default(), BTreeMap::new(), Vec::new());
    for line in lines {
        let place = original.instructions().iter().zip(written.instructions());
        let Some((old, new)) = place.into_iter().find(|(old, _)| old.start_line == line.line) else {
            return Err(RewriteError::Unfaithful { line: line.line, what: "there is no instruction".into() });
        };
        if let Some(at) = ours.instruction(new) {
            let span = now.instructions()[at].span;
            edits.replace(span, &original.text()[old.span.range()])?;
            originals.insert(at, old);
        } else if before.instruction(old).is_none() {
            left.push(line.line);
        }
    }
    let plain = Dockerfile::read(edits.apply(now.text()));
    let syntax = restore_header(original, written, &ours, &plain, header, &mut edits)?;
    let text = edits.apply(now.text());
    check(original, now, &Dockerfile::read(text.clone()), &originals, syntax.as_deref())?;
    Ok(Reverted { text, restored: originals.values().map(|old| old.start_line).collect(), left })
}

/// Which lines of an earlier text a later one still has.
struct Kept<'a> {
    earlier: &'a Dockerfile,
    later: &'a Dockerfile,
    /// For each line of the earlier text, where it is in the later one; both from 0.
    lines: Vec<Option<usize>>,
}

impl<'a> Kept<'a> {
    fn new(earlier: &'a Dockerfile, later: &'a Dockerfile) -> Self {
        let split =
            |text: &'a [u8]| -> Vec<&'a [u8]> { text.split_inclusive(|byte| *byte == b'\n').collect() };
        let (old, new) = (split(earlier.text()), split(later.text()));
        let mut lines = vec![None; old.len()];
        for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
            if let DiffOp::Equal { old_index, new_index, len } = op {
                for at in 0..len {
                    lines[old_index + at] = Some(new_index + at);
                }
            }
        }
        Self { earlier, later, lines }
    }

    /// Where a 1-based line is now, 1-based.
    fn line(&self, line: usize) -> Option<usize> {
        self.lines.get(line.checked_sub(1)?).copied().flatten().map(|at| at + 1)
    }

    /// The place, among the later instructions, of an earlier one whose lines and words are all there.
    fn instruction(&self, earlier: &Instruction) -> Option<usize> {
        let index = self.earlier.line_index();
        let (first, last) = (index.position(earlier.span.start).line, index.position(earlier.span.end).line);
        let start = self.line(first)?;
        let whole = (first..=last).all(|line| self.line(line) == Some(start + line - first));
        let instructions = self.later.instructions();
        let at = instructions.binary_search_by_key(&start, |instruction| instruction.start_line).ok()?;
        let text = |dockerfile: &'a Dockerfile, span: Span| &dockerfile.text()[span.range()];
        let same = text(self.later, instructions[at].span) == text(self.earlier, earlier.span);
        (whole && same).then_some(at)
    }
}

/// Takes the header back if it is still the one that was written and `plain`, the text with its lines restored, does
/// not need it more than the original did. Gives the value that the header has then.
fn restore_header(
    original: &Dockerfile,
    written: &Dockerfile,
    ours: &Kept<'_>,
    plain: &Dockerfile,
    header: &Header,
    edits: &mut EditSet,
) -> Result<Option<String>, RewriteError> {
    let now = ours.later;
    let Some(there) = &now.directives().syntax else { return Ok(None) };
    let unchanged = Ok(Some(there.value.clone()));
    let Some(wrote) = &written.directives().syntax else { return unchanged };
    if ours.line(wrote.line) != Some(there.line) {
        return unchanged;
    }
    let needed = syntax::floor(plain, false);
    let no_more = needed <= syntax::floor(original, false);
    match header {
        Header::Insert(_) if no_more => {
            let index = now.line_index();
            let Some(line) = index.line(there.line) else { return unchanged };
            // A byte order mark stays.
            let start = line.start.max(now.directives().insertion_point);
            let newlines = |dockerfile: &Dockerfile| memchr::memchr_iter(b'\n', dockerfile.text()).count();
            let blank = newlines(written) > newlines(original) + 1
                && ours.line(wrote.line + 1) == Some(there.line + 1);
            let next = index.line(there.line + 1).filter(|_| blank);
            edits.replace(Span::new(start, next.map_or(line.end, |next| next.end)), "")?;
            Ok(None)
        }
        Header::Raise(_) => {
            let Some(old) = &original.directives().syntax else { return unchanged };
            let enough = match (Frontend::read(&old.value), needed) {
                (Frontend::Docker(version), Some(needed)) => version >= needed,
                (_, needed) => needed.is_none(),
            };
            if !no_more && !enough {
                return unchanged;
            }
            edits.replace(there.value_span, &original.text()[old.value_span.range()])?;
            Ok(Some(old.value.clone()))
        }
        _ => unchanged,
    }
}

/// The result must say what `now` says, but for the restored instructions, which must say what the original said, and
/// for the header.
fn check(
    original: &Dockerfile,
    now: &Dockerfile,
    result: &Dockerfile,
    originals: &BTreeMap<usize, &Instruction>,
    syntax: Option<&str>,
) -> Result<(), RewriteError> {
    let unfaithful = |line, what: &str| Err(RewriteError::Unfaithful { line, what: what.to_owned() });
    if let Some(error) = result.errors().first() {
        return unfaithful(result.line_index().position(error.span.start).line, &error.message);
    }
    let value = |directive: &Option<crate::dockerfile::Directive>| {
        directive.as_ref().map(|found| found.value.clone())
    };
    let (before, after) = (now.directives(), result.directives());
    let same = before.escape_token == after.escape_token
        && value(&before.check) == value(&after.check)
        && value(&before.escape) == value(&after.escape)
        && value(&after.syntax).as_deref() == syntax;
    if !same {
        return unfaithful(1, "the parser directives");
    }
    if now.instructions().len() != result.instructions().len() {
        return unfaithful(1, "the number of instructions");
    }
    for (at, (before, after)) in now.instructions().iter().zip(result.instructions()).enumerate() {
        let same = match originals.get(&at) {
            Some(old) => {
                says_the_same(original, old, result, &Instruction { stage: old.stage, ..after.clone() })
            }
            None => says_the_same(now, before, result, after),
        };
        if !same || before.stage != after.stage {
            return unfaithful(before.start_line, "flags or words");
        }
    }
    Ok(())
}
