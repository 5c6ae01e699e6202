//! The two texts of a file in the form in which they are built: each stage has a name, so that it can be built, and
//! executed without the cache, by that name. For the builder's own frontend, the header is removed. It never moves an
//! instruction to another line.

use crate::config::Frontend;
use crate::dockerfile::{Body, Dockerfile};
use crate::text::{EditSet, Span};

/// The prefix of the name for a stage without one; the stage's number follows.
const NAME: &str = "layerwright";

/// Both texts in the form in which they are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    /// The text before the edit.
    pub(crate) before: Vec<u8>,
    /// The text after the edit.
    pub(crate) after: Vec<u8>,
    /// The original text with the header of the edited one; the same as `before` if the header does not change.
    pub(crate) header_only: Vec<u8>,
    /// The frontend that reads the texts: the image that the header names, or `None` for the builder's own.
    pub(crate) frontend: Option<String>,
    /// The assumptions of the builder's own frontend.
    pub(crate) assumptions: Vec<String>,
}

/// The reason why a text cannot be built as required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TextError {
    /// The file would have another meaning without its header.
    #[error("the builder's own frontend cannot read it: its header is not a comment on a line of its own")]
    Header,
    /// An internal error.
    #[error("its stages cannot be named")]
    Names,
}

/// Converts the texts of a file.
///
/// # Errors
///
/// [`TextError`] if a converted text would have another meaning.
pub(crate) fn texts(before: &[u8], after: &[u8], frontend: Frontend) -> Result<Texts, TextError> {
    let read = Dockerfile::read(before);
    let edited = Dockerfile::read(after);
    let value = |dockerfile: &Dockerfile| dockerfile.directives().syntax.as_ref().map(|at| at.value.clone());
    let (old, new) = (value(&read), value(&edited));
    let prefix = prefix(&read);
    let named = |dockerfile: &Dockerfile| named(dockerfile, &prefix);
    match frontend {
        Frontend::Header => Ok(Texts {
            before: named(&read)?,
            after: named(&edited)?,
            header_only: match &new {
                Some(new) if old.as_ref() != Some(new) => named(&Dockerfile::read(with_header(&read, new)))?,
                _ => named(&read)?,
            },
            frontend: new,
            assumptions: Vec::new(),
        }),
        Frontend::Builtin => {
            let assume = |name: String| format!("compared with the builder's own frontend, not with {name}");
            let before = named(&Dockerfile::read(without_header(&read)?))?;
            Ok(Texts {
                header_only: before.clone(),
                before,
                after: named(&Dockerfile::read(without_header(&edited)?))?,
                frontend: None,
                assumptions: new.map(assume).into_iter().collect(),
            })
        }
    }
}

/// Returns a prefix that no name of a stage begins with.
fn prefix(dockerfile: &Dockerfile) -> String {
    let mut prefix = NAME.to_owned();
    while dockerfile.instructions().iter().any(|instruction| match &instruction.body {
        Body::From(from) => from.name.as_deref().is_some_and(|name| name.starts_with(&prefix)),
        _ => false,
    }) {
        prefix.push('x');
    }
    prefix
}

/// Returns the text with a name for each unnamed stage.
fn named(dockerfile: &Dockerfile, prefix: &str) -> Result<Vec<u8>, TextError> {
    let mut edits = EditSet::default();
    let mut stages = 0;
    for instruction in dockerfile.instructions() {
        let Body::From(from) = &instruction.body else { continue };
        if from.name.is_none() {
            let inserted = edits.insert(from.base.span.end, format!(" AS {prefix}-{stages}"));
            inserted.map_err(|_| TextError::Names)?;
        }
        stages += 1;
    }
    Ok(edits.apply(dockerfile.text()))
}

/// Returns the original text with the header of the edited one.
fn with_header(before: &Dockerfile, value: &str) -> Vec<u8> {
    let directives = before.directives();
    let mut edits = EditSet::default();
    let made = match &directives.syntax {
        Some(old) => edits.replace(old.value_span, value),
        None => edits.insert(directives.insertion_point, format!("# syntax={value}\n")),
    };
    // A single edit cannot overlap another.
    made.map_or_else(|_| before.text().to_vec(), |()| edits.apply(before.text()))
}

/// Returns the text without its header; instructions keep their line numbers. A comment or an empty line in the place
/// of the header would end the directives after it: so they move up, and the empty line follows them.
fn without_header(dockerfile: &Dockerfile) -> Result<Vec<u8>, TextError> {
    let directives = dockerfile.directives();
    let Some(syntax) = &directives.syntax else { return Ok(dockerfile.text().to_vec()) };
    let index = dockerfile.line_index();
    let line = |number: usize| index.line(number).ok_or(TextError::Header);
    let others = [&directives.escape, &directives.check].into_iter().flatten().map(|other| other.line);
    let last = others.max().unwrap_or_default().max(syntax.line);
    let (own, end) = (line(syntax.line)?, line(last)?.end);
    let text = dockerfile.text();
    // A byte order mark stays at the start.
    let start =
        own.start + text[own.range()].iter().position(|&byte| byte == b'#').ok_or(TextError::Header)?;
    let ending: &[u8] = if text[own.range()].ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
    let mut edits = EditSet::default();
    let made = if last == syntax.line {
        edits.replace(Span::new(start, own.end), ending)
    } else {
        edits.replace(Span::new(start, own.end), "").and_then(|()| edits.insert(end, ending))
    };
    made.map_err(|_| TextError::Header)?;
    let new = edits.apply(text);
    let read = Dockerfile::read(new.as_slice());
    let left = read.directives();
    let value =
        |directive: &Option<crate::dockerfile::Directive>| directive.as_ref().map(|it| it.value.clone());
    let lines = |dockerfile: &Dockerfile| -> Vec<(usize, usize)> {
        dockerfile.instructions().iter().map(|at| (at.start_line, at.end_line)).collect()
    };
    let same = left.syntax.is_none()
        && left.escape_token == directives.escape_token
        && value(&left.check) == value(&directives.check)
        && lines(&read) == lines(dockerfile);
    if same { Ok(new) } else { Err(TextError::Header) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(before: &str, after: &str, frontend: Frontend) -> Texts {
        texts(before.as_bytes(), after.as_bytes(), frontend).unwrap()
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn each_stage_gets_a_name_on_its_own_line() {
        let file = "FROM a # no comment\nFROM --platform=x b \\\n  # c\n  as Own\nfrom c\nCOPY x /x\n";
        let texts = made(file, file, Frontend::Header);
        // `#` after an instruction does not begin a comment: BuildKit refuses the first line, which stays.
        let good = "FROM a\r\nFROM --platform=x b \\\n  # c\n  as Own\nfrom c \nCOPY x /x\n";
        assert_eq!(
            text(&made(good, good, Frontend::Header).before),
            "FROM a AS layerwright-0\r\nFROM --platform=x b \\\n  # c\n  as Own\nfrom c AS layerwright-2 \nCOPY x /x\n"
        );
        assert_eq!(texts.before, texts.after);
        let taken = "FROM a AS layerwright-7\nFROM b\n";
        assert!(text(&made(taken, taken, Frontend::Header).before).ends_with("FROM b AS layerwrightx-1\n"));
    }

    #[test]
    fn the_header_is_a_variant_of_its_own_where_it_changes() {
        let before = "FROM a AS x\nCOPY f /f\n";
        let after = "# syntax=docker/dockerfile:1\nFROM a AS x\nCOPY --link f /f\n";
        let texts = made(before, after, Frontend::Header);
        assert_eq!(texts.frontend.as_deref(), Some("docker/dockerfile:1"));
        assert_eq!(text(&texts.header_only), "# syntax=docker/dockerfile:1\nFROM a AS x\nCOPY f /f\n");
        let raised = made("# syntax=docker/dockerfile:1.2\nFROM a AS x\n", after, Frontend::Header);
        assert_eq!(text(&raised.header_only), "# syntax=docker/dockerfile:1\nFROM a AS x\n");
        let kept = made(after, after, Frontend::Header);
        assert_eq!(kept.header_only, kept.before);
    }

    #[test]
    fn the_builder_s_own_frontend_reads_the_same_lines() {
        let builtin = |file: &str| text(&made(file, file, Frontend::Builtin).after).to_owned();
        assert_eq!(builtin("# syntax=a/b\nFROM a AS x\n"), "\nFROM a AS x\n");
        assert_eq!(builtin("\u{feff}# syntax=a/b\r\nFROM a AS x\r\n"), "\u{feff}\r\nFROM a AS x\r\n");
        assert_eq!(
            builtin("# syntax=a/b\n# escape=`\n# escape=\\\nFROM a AS x\nRUN a `\n  b\n"),
            "# escape=`\n\n# escape=\\\nFROM a AS x\nRUN a `\n  b\n"
        );
        assert_eq!(
            builtin("# escape=`\n# syntax=a/b\n# check=skip=all\nFROM a AS x\n"),
            "# escape=`\n# check=skip=all\n\nFROM a AS x\n"
        );
        let texts = made("FROM a AS x\n", "# syntax=a/b\nFROM a AS x\n", Frontend::Builtin);
        assert_eq!(texts.frontend, None);
        assert_eq!(texts.assumptions, ["compared with the builder's own frontend, not with a/b"]);
        assert_eq!(made("FROM a AS x\n", "FROM a AS x\n", Frontend::Builtin).assumptions, [""; 0]);
    }

    #[test]
    fn a_header_that_is_no_comment_can_not_be_left_out() {
        let file = b"// syntax=a/b\nFROM a\n";
        assert_eq!(texts(file, file, Frontend::Builtin), Err(TextError::Header));
    }
}
