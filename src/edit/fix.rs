//! The edit of an instruction that is linked already: what makes it equivalent, or the flag removed. It never decides
//! which one.

use super::remedy_edit;
use crate::analysis::rule::Remedy;
use crate::analysis::transfer_of;
use crate::dockerfile::{Dockerfile, Instruction};
use crate::text::{EditSet, Span};

/// Returns the lines of an instruction with these remedies. `None` if there is none, or if they are not all possible.
pub(crate) fn with_remedies<'r>(
    dockerfile: &Dockerfile,
    instruction: &Instruction,
    remedies: impl Iterator<Item = &'r Remedy>,
) -> Option<String> {
    let (_, transfer) = transfer_of(instruction)?;
    let mut edits = EditSet::default();
    for remedy in remedies {
        remedy_edit(dockerfile, transfer, remedy, &mut edits).ok()?;
    }
    edited(dockerfile, instruction, &edits)
}

/// Returns the lines of an instruction without `--link`.
pub(crate) fn without_link(dockerfile: &Dockerfile, instruction: &Instruction) -> Option<String> {
    let (_, transfer) = transfer_of(instruction)?;
    let flag = transfer.flags.iter().find(|flag| flag.text.starts_with("--link"))?;
    let text = dockerfile.text();
    let blanks = text[flag.span.end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let mut edits = EditSet::default();
    edits.replace(Span::new(flag.span.start, flag.span.end + blanks), "").ok()?;
    edited(dockerfile, instruction, &edits)
}

/// Returns the lines of an instruction with edits, without the last line break. `None` if nothing changes or a line is not
/// UTF-8.
fn edited(dockerfile: &Dockerfile, instruction: &Instruction, edits: &EditSet) -> Option<String> {
    let index = dockerfile.line_index();
    let first = index.line(instruction.start_line)?.start;
    let last = index.line(instruction.end_line)?.end;
    let mut own = EditSet::default();
    for edit in edits.edits() {
        let span = Span::new(edit.span.start.checked_sub(first)?, edit.span.end.checked_sub(first)?);
        own.replace(span, edit.replacement.clone()).ok()?;
    }
    let old = &dockerfile.text()[first..last];
    let new = own.apply(old);
    if new == old {
        return None;
    }
    let new = String::from_utf8(new).ok()?;
    Some(new.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> Option<String> {
        let dockerfile = Dockerfile::read(text.as_bytes().to_vec());
        without_link(&dockerfile, dockerfile.instructions().last().unwrap())
    }

    #[test]
    fn only_the_flag_is_removed() {
        assert_eq!(last("FROM a\nCOPY  --link --chmod=1 a /b\n").as_deref(), Some("COPY  --chmod=1 a /b"));
        assert_eq!(
            last("FROM a\r\ncopy --link=true\ta \\\r\n  /b\r\n").as_deref(),
            Some("copy a \\\r\n  /b")
        );
        assert_eq!(last("FROM a\nCOPY a /b").as_deref(), None);
    }
}
