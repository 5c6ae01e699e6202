//! The inverse of an edit, in a text that people may have changed since. Only unchanged instructions are restored;
//! everything else never changes by a byte.

use std::collections::{BTreeMap, HashMap};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{LinePlan, RewriteError, says_the_same};
use crate::dockerfile::{Directive, Dockerfile, Instruction};
use crate::edit::header::{self, Frontend, Header};
use crate::text::{EditSet, Span};

/// A text with lines restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reverted {
    /// The new text.
    pub(crate) text: Vec<u8>,
    /// The restored lines, by their position before they were linked, 1-based.
    pub(crate) restored: Vec<usize>,
    /// The lines that were changed since and are not restored, by the same position.
    pub(crate) left: Vec<usize>,
}

/// Restores, in `now`, the instructions of `original` that differ in `written`. `written` is `original` with the
/// edits of `lines` and `header`. A header that was written is removed too, unless the remaining text needs it.
///
/// # Errors
///
/// [`RewriteError`] if BuildKit refuses `now`, `now` is not UTF-8, or the result does not read as planned.
pub(crate) fn revert(
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
    let mut pairs = Vec::new();
    for line in lines {
        let mut both = original.instructions().iter().zip(written.instructions());
        let Some(pair) = both.find(|(old, _)| old.start_line == line.line) else {
            return Err(RewriteError::Unfaithful { line: line.line, what: "there is no instruction".into() });
        };
        pairs.push(pair);
    }
    let ours = Kept::new(original, written, now, &pairs);
    let (mut edits, mut originals, mut left) = (EditSet::default(), BTreeMap::new(), Vec::new());
    for (old, new) in pairs {
        let at = ours.instruction(new);
        let there = at.map(|at| &now.text()[now.instructions()[at].span.range()]);
        let (plain, linked) = (&original.text()[old.span.range()], &written.text()[new.span.range()]);
        match at.filter(|_| there == Some(linked)) {
            Some(at) => {
                edits.replace(now.instructions()[at].span, plain)?;
                originals.insert(at, old);
            }
            None if there == Some(plain) => {}
            None => left.push(old.start_line),
        }
    }
    let plain = Dockerfile::read(edits.apply(now.text()));
    let syntax = restore_header(original, written, &ours, &plain, header, &mut edits)?;
    let text = edits.apply(now.text());
    check(original, now, &Dockerfile::read(text.clone()), &originals, syntax.as_deref())?;
    Ok(Reverted { text, restored: originals.values().map(|old| old.start_line).collect(), left })
}

/// The lines of the written text that the present text still has, in their written or their original form.
struct Kept<'a> {
    written: &'a Dockerfile,
    now: &'a Dockerfile,
    /// For each line of the written text, its present line; both from 0.
    lines: Vec<Option<usize>>,
}

impl<'a> Kept<'a> {
    fn new(
        original: &'a Dockerfile,
        written: &'a Dockerfile,
        now: &'a Dockerfile,
        pairs: &[(&Instruction, &Instruction)],
    ) -> Self {
        // A line compares equal in its restored form too, so that a second run finds each line where the first run
        // found it, and does not match another line with the same words.
        let mut same: HashMap<&[u8], &[u8]> = HashMap::new();
        for (old, new) in pairs {
            let both = lines_of(original, old).into_iter().zip(lines_of(written, new));
            for (old, new) in both.filter(|(old, new)| old != new) {
                let (old, new) = (first_of(&same, old), first_of(&same, new));
                if old != new {
                    same.insert(old, new);
                }
            }
        }
        let tokens = |text: &'a [u8]| -> Vec<&'a [u8]> {
            let lines = text.split_inclusive(|byte| *byte == b'\n');
            lines.map(|line| first_of(&same, line.strip_suffix(b"\n").unwrap_or(line))).collect()
        };
        let (old, new) = (tokens(written.text()), tokens(now.text()));
        let mut lines = vec![None; old.len()];
        for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
            if let DiffOp::Equal { old_index, new_index, len } = op {
                for at in 0..len {
                    lines[old_index + at] = Some(new_index + at);
                }
            }
        }
        Self { written, now, lines }
    }

    /// Returns the present number of a 1-based line, 1-based.
    fn line(&self, line: usize) -> Option<usize> {
        self.lines.get(line.checked_sub(1)?).copied().flatten().map(|at| at + 1)
    }

    /// Returns the index, among the present instructions, of a written one whose lines all still exist.
    fn instruction(&self, written: &Instruction) -> Option<usize> {
        let index = self.written.line_index();
        let (first, last) = (index.position(written.span.start).line, index.position(written.span.end).line);
        let start = self.line(first)?;
        let whole = (first..=last).all(|line| self.line(line) == Some(start + line - first));
        let at = self.now.instructions().binary_search_by_key(&start, |instruction| instruction.start_line);
        at.ok().filter(|_| whole)
    }
}

/// Returns the lines of an instruction, without their line feeds.
fn lines_of<'a>(dockerfile: &'a Dockerfile, instruction: &Instruction) -> Vec<&'a [u8]> {
    let index = dockerfile.line_index();
    let (first, last) =
        (index.position(instruction.span.start).line, index.position(instruction.span.end).line);
    let spans = (first..=last).filter_map(|line| index.line(line));
    let lines = spans.map(|span| &dockerfile.text()[span.range()]);
    lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line)).collect()
}

/// Returns the form that all lines equal to this one share.
fn first_of<'a>(same: &HashMap<&[u8], &'a [u8]>, mut line: &'a [u8]) -> &'a [u8] {
    while let Some(other) = same.get(line) {
        line = other;
    }
    line
}

/// Removes the header if it is still the one that was written and `plain`, the text with its lines restored, does not
/// need it more than the original did. Returns the value that the header then has.
fn restore_header(
    original: &Dockerfile,
    written: &Dockerfile,
    ours: &Kept<'_>,
    plain: &Dockerfile,
    header: &Header,
    edits: &mut EditSet,
) -> Result<Option<String>, RewriteError> {
    let now = ours.now;
    let Some(there) = &now.directives().syntax else { return Ok(None) };
    let unchanged = Ok(Some(there.value.clone()));
    let Some(wrote) = &written.directives().syntax else { return unchanged };
    if ours.line(wrote.line) != Some(there.line) {
        return unchanged;
    }
    let needed = header::floor(plain, false);
    let no_more = needed <= header::floor(original, false);
    match header {
        Header::Insert { .. } if no_more => {
            let index = now.line_index();
            let Some(line) = index.line(there.line) else { return unchanged };
            // A byte order mark stays.
            let start = line.start.max(now.directives().insertion_point);
            let newlines = |dockerfile: &Dockerfile| memchr::memchr_iter(b'\n', dockerfile.text()).count();
            let blank = newlines(written) > newlines(original) + 1
                && ours.line(wrote.line + 1) == Some(there.line + 1);
            let next = index.line(there.line + 1).filter(|_| blank);
            // The blank line stays if it prevents a comment from becoming a directive.
            for end in next.into_iter().chain([line]).map(|last| last.end) {
                let mut tried = edits.clone();
                tried.replace(Span::new(start, end), "")?;
                if has_directives(&Dockerfile::read(tried.apply(now.text())), now, None) {
                    *edits = tried;
                    return Ok(None);
                }
            }
            unchanged
        }
        Header::Raise { .. } => {
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

/// Returns true if a text has the directives of another, and this syntax.
fn has_directives(text: &Dockerfile, other: &Dockerfile, syntax: Option<&str>) -> bool {
    let value = |directive: &Option<Directive>| directive.as_ref().map(|found| found.value.clone());
    let (found, wanted) = (text.directives(), other.directives());
    found.escape_token == wanted.escape_token
        && value(&found.check) == value(&wanted.check)
        && value(&found.escape) == value(&wanted.escape)
        && value(&found.syntax).as_deref() == syntax
}

/// Checks that the result means the same as `now`, except for the header and the restored instructions. These must
/// mean the same as in the original.
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
    if !has_directives(result, now, syntax) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::rewrite;

    const ORIGINAL: &str = "FROM a\nCOPY x /x\nRUN a\nCOPY y \\\n  # why\n  /y\nCOPY x /x\nRUN b\nADD z /z\n";
    /// Lines that people may insert anywhere.
    const POOL: [&str; 12] = [
        "",
        "# a comment",
        "RUN c \\",
        "RUN <<E",
        "E",
        "COPY --link x /x",
        "COPY x /x",
        "COPY --link q /q",
        "FROM b",
        "# escape=`",
        "# syntax=docker/dockerfile:1",
        "ADD z /z",
    ];

    fn planned() -> Vec<LinePlan> {
        let planned = [
            (2, "COPY --link x /x"),
            (4, "COPY --link y \\\n  # why\n  /y"),
            (7, "COPY --link x /x"),
            (9, "COPY --link z /z"),
        ];
        planned.map(|(line, replacement)| LinePlan { line, replacement: replacement.into() }).into()
    }

    /// The lines of a text that are neither of a kind that a revert changes nor blank.
    fn others(text: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(text).replace("COPY --link ", "COPY ").replace("ADD z", "COPY z");
        let kept = |line: &&str| !line.is_empty() && *line != "# syntax=docker/dockerfile:1";
        text.lines().filter(kept).map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn whatever_people_did_only_what_was_written_goes(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..POOL.len() + 2), 0..6)
        ) {
            let original = Dockerfile::read(ORIGINAL);
            let header = Header::Insert { value: "docker/dockerfile:1".into() };
            let lines = planned();
            let written = Dockerfile::read(rewrite(&original, &lines, &header).unwrap().text);
            let text = String::from_utf8(written.text().to_vec()).unwrap();
            let mut all: Vec<&str> = text.lines().collect();
            for (at, what) in edits {
                let at = at.index(all.len());
                match POOL.get(what) {
                    Some(line) => all.insert(at, line),
                    None if what == POOL.len() && all.len() > 1 => drop(all.remove(at)),
                    None => all.swap(0, at),
                }
            }
            let now = Dockerfile::read(all.join("\n") + "\n");
            match revert(&original, &written, &now, &lines, &header) {
                Ok(done) => {
                    prop_assert_eq!(others(&done.text), others(now.text()));
                    let links = |text: &[u8]| String::from_utf8_lossy(text).matches("COPY --link").count();
                    prop_assert_eq!(links(now.text()) - links(&done.text), done.restored.len());
                    prop_assert!(done.restored.len() + done.left.len() <= lines.len());
                    let again = revert(&original, &written, &Dockerfile::read(done.text.clone()), &lines, &header);
                    prop_assert!(again.is_ok_and(|again| again.restored.len() <= done.left.len()));
                }
                Err(RewriteError::Refused { .. }) => prop_assert!(!now.errors().is_empty()),
                Err(other) => prop_assert!(false, "{other}: {}", String::from_utf8_lossy(now.text())),
            }
        }
    }
}
