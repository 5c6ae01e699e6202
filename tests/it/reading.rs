//! Properties of reading and editing, over texts that look like Dockerfiles.

use layerwright::dockerfile::{Body, Dockerfile, Instruction, Transfer};
use layerwright::text::{EditSet, Span};
use proptest::prelude::*;

/// White space within a line; the last is none in ASCII.
fn space() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(" "), 1 => Just("\t"), 1 => Just("  "), 1 => Just("\u{a0}"), 1 => Just("\x0b")]
        .prop_map(str::to_owned)
}

/// A line ending, or a continuation with what may stand in one.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => space(),
        2 => Just(" \\\n  ".to_owned()),
        1 => Just("\\\r\n".to_owned()),
        1 => Just(" \\ \t\n# a comment\n\n \\\n".to_owned()),
        1 => Just(" `\n".to_owned()),
    ]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z./$*~]{1,8}",
        1 => Just("\"a b\"".to_owned()),
        1 => Just("'c\\".to_owned()),
        1 => Just("d\\ e\\\\".to_owned()),
        1 => Just("é漢\u{85}ß".to_owned()),
        1 => Just("${v:-x y}".to_owned()),
        1 => Just("a=b=".to_owned()),
        1 => Just("--".to_owned()),
        1 => Just("#".to_owned()),
        1 => Just("AS".to_owned()),
    ]
}

fn flag() -> impl Strategy<Value = String> {
    let names = [
        "--from=a",
        "--link",
        "--link=false",
        "--chown=1:ü",
        "--chmod=\"0 7\"",
        "--exclude=*",
        "--mount=type=cache",
        "--x",
        "--a\\\nb=c",
    ];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

/// A heredoc mark, and its body with the line that ends it.
fn heredoc() -> impl Strategy<Value = (String, String)> {
    let lines = prop::collection::vec("(\t?[a-z #\\\\<$]{0,6}\r?)", 0..3);
    let marks = [
        ("<<EOF", "EOF"),
        ("<<-EOF", "\tEOF"),
        ("3<<'X'", "X"),
        ("<<\"X\"", "X"),
        ("<< EOF", "EOF"),
        ("<<E$F", "E$F"),
    ];
    (prop::sample::select(marks.to_vec()), lines, prop::bool::weighted(0.9)).prop_map(
        |((mark, end), lines, ends)| {
            let mut body = lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>();
            if ends {
                body.push_str(end);
                body.push('\n');
            }
            (mark.to_owned(), body)
        },
    )
}

fn json() -> impl Strategy<Value = String> {
    let arrays = [
        "[]",
        "[\"a\", \"/b/\"]",
        "[ \"a b\",\\\n \"\\u00e9\" ]",
        "[\"a\", 1]",
        "[\"a\"",
        "[\"<<EOF\", \"/\"]",
        "[\"\\ud83d\",\"b\"]",
    ];
    prop::sample::select(arrays.to_vec()).prop_map(str::to_owned)
}

fn arguments() -> impl Strategy<Value = String> {
    let words = (prop::collection::vec((flag(), gap()), 0..3), prop::collection::vec((word(), gap()), 0..4));
    let words = words.prop_map(|(flags, words)| {
        flags.into_iter().chain(words).map(|(word, gap)| word + &gap).collect::<String>()
    });
    prop_oneof![5 => words, 1 => (flag(), json()).prop_map(|(flag, json)| format!("{flag} {json}")), 1 => json()]
}

fn instruction() -> impl Strategy<Value = String> {
    let keywords = [
        "COPY",
        "COPY",
        "COPY",
        "copy",
        "ADD",
        "Add",
        "RUN",
        "RUN",
        "FROM",
        "FROM",
        "ENV",
        "ARG",
        "WORKDIR",
        "USER",
        "ONBUILD COPY",
        "ONBUILD \\\n ADD",
        "ONBUILD ONBUILD COPY",
        "ONBUILD RUN",
        "onbuild",
        "LABEL",
        "SHELL",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK CMD",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "MAINTAINER",
        "COPPY",
        "",
    ];
    let keyword = prop::sample::select(keywords.to_vec());
    let heredocs = prop_oneof![4 => Just(vec![]), 1 => prop::collection::vec(heredoc(), 1..3)];
    let end = prop::sample::select(vec!["\n", "\n", "\r\n", " \n", "\n\n", "\n# c\n", " \\\n", "\r\r\n"]);
    (space(), keyword, gap(), arguments(), heredocs, word(), end).prop_map(
        |(indent, keyword, gap, arguments, heredocs, last, end)| {
            let marks = heredocs.iter().flat_map(|(mark, _)| [mark, " "]).collect::<String>();
            let bodies = heredocs.into_iter().map(|(_, body)| body).collect::<String>();
            let indent = if indent.len() > 1 { indent } else { String::new() };
            format!("{indent}{keyword}{gap}{arguments}{marks}{last}{end}{bodies}")
        },
    )
}

/// A text that looks like a Dockerfile, more or less.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let heads = [
        "",
        "",
        "",
        "\u{feff}",
        "#!/x\n",
        "# syntax=a\n",
        "# escape=`\n",
        "# escape=x\n",
        "\u{feff}# syntax=a\r\n# escape=`\r\n",
        "// syntax=a\n",
        "{}",
    ];
    let head = prop::sample::select(heads.to_vec());
    let instructions = prop::collection::vec(instruction(), 0..6);
    let ends_early = (prop::bool::weighted(0.2), 0..4_usize);
    let bytes = (prop::bool::weighted(0.1), any::<prop::sample::Index>(), any::<u8>());
    (head, prop::bool::weighted(0.8), instructions, ends_early, bytes).prop_map(
        |(head, from, instructions, (early, by), (broken, at, byte))| {
            let from = if from { "FROM a AS b\n" } else { "" };
            let mut text = format!("{head}{from}{}", instructions.concat()).into_bytes();
            if early {
                text.truncate(text.len().saturating_sub(by));
            }
            if broken && !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
            text
        },
    )
}

/// The COPY or ADD that an instruction is or holds, with its own word.
fn site(instruction: &Instruction) -> Option<(&Instruction, &Transfer)> {
    match &instruction.body {
        Body::Transfer(transfer) => Some((instruction, transfer)),
        Body::Onbuild(child) => site(child),
        _ => None,
    }
}

fn site_mut(instruction: &mut Instruction) -> Option<&mut Transfer> {
    match &mut instruction.body {
        Body::Transfer(transfer) => Some(transfer),
        Body::Onbuild(child) => site_mut(child),
        _ => None,
    }
}

/// Moves the spans of an instruction to where they stand after the edits.
fn shift(instruction: &mut Instruction, moved: &impl Fn(Span) -> Span) {
    for span in [&mut instruction.span, &mut instruction.word.span] {
        *span = moved(*span);
    }
    match &mut instruction.body {
        Body::From(from) => from.base.span = moved(from.base.span),
        Body::Workdir(word) | Body::User(word) => word.span = moved(word.span),
        Body::Onbuild(child) => shift(child, moved),
        Body::Run(run) => {
            run.flags.iter_mut().for_each(|word| word.span = moved(word.span));
            run.heredocs.iter_mut().for_each(|heredoc| heredoc.body = moved(heredoc.body));
        }
        Body::Transfer(transfer) => {
            let Transfer { flags, sources, destination, heredocs, .. } = &mut **transfer;
            flags.iter_mut().chain(sources).chain(destination).for_each(|word| word.span = moved(word.span));
            for heredoc in heredocs {
                heredoc.body = moved(heredoc.body);
            }
        }
        _ => {}
    }
}

/// Whether it has the flag, be it with a value that BuildKit refuses.
fn names_link(transfer: &Transfer) -> bool {
    transfer.flags.iter().any(|flag| flag.text == "--link" || flag.text.starts_with("--link="))
}

/// Inserts ` --link` behind the word of every COPY and ADD that has no such flag.
fn link_all(dockerfile: &Dockerfile) -> (EditSet, Vec<usize>) {
    let mut edits = EditSet::default();
    let mut places = Vec::new();
    for (instruction, transfer) in dockerfile.instructions().iter().filter_map(site) {
        if !names_link(transfer) {
            edits.insert(instruction.word.span.end, " --link").expect("no two words end at one place");
            places.push(instruction.word.span.end);
        }
    }
    (edits, places)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_kept_byte_for_byte(text in text()) {
        let dockerfile = Dockerfile::read(text.clone());
        prop_assert_eq!(dockerfile.text(), text.as_slice());
        prop_assert_eq!(EditSet::default().apply(dockerfile.text()), text);
    }

    #[test]
    fn any_bytes_are_read(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let dockerfile = Dockerfile::read(text.clone());
        prop_assert_eq!(dockerfile.text(), text.as_slice());
    }

    #[test]
    fn spans_are_in_order_and_inside(text in text()) {
        let dockerfile = Dockerfile::read(text.clone());
        let mut end = 0;
        let mut line = 0;
        for instruction in dockerfile.instructions() {
            prop_assert!(end <= instruction.span.start && instruction.span.end <= text.len());
            prop_assert!(line < instruction.start_line && instruction.start_line <= instruction.end_line);
            (end, line) = (instruction.span.end, instruction.end_line);
            let Some((inner, transfer)) = site(instruction) else { continue };
            let mut at = inner.word.span.end;
            for word in transfer.flags.iter().chain(&transfer.sources).chain(&transfer.destination) {
                prop_assert!(!word.span.is_empty() && word.span.end <= instruction.span.end);
                prop_assert!(word.span.start >= inner.word.span.end);
            }
            for flag in &transfer.flags {
                prop_assert!(at < flag.span.start);
                at = flag.span.end;
            }
        }
        for pair in dockerfile.errors().windows(2) {
            prop_assert!(pair[0].span <= pair[1].span);
        }
        for error in dockerfile.errors() {
            prop_assert!(error.span.end <= text.len());
        }
    }

    #[test]
    fn a_link_flag_changes_nothing_else(text in text()) {
        let before = Dockerfile::read(text);
        let (edits, places) = link_all(&before);
        let after = Dockerfile::read(edits.apply(before.text()));
        let moved = |span: Span| {
            // An insertion at the end of a span is behind it, at its start before it.
            let start = places.iter().filter(|&&at| at <= span.start).count();
            let end = places.iter().filter(|&&at| if span.is_empty() { at <= span.end } else { at < span.end }).count();
            Span::new(span.start + 7 * start, span.end + 7 * end)
        };
        prop_assert_eq!(before.instructions().len(), after.instructions().len());
        for (old, new) in before.instructions().iter().zip(after.instructions()) {
            let mut expected = old.clone();
            shift(&mut expected, &moved);
            if site(old).is_some_and(|(_, transfer)| !names_link(transfer))
                && let (Some(expected), Some((_, new))) = (site_mut(&mut expected), site(new))
            {
                expected.flags.insert(0, new.flags[0].clone());
                expected.options.link = Some(true);
                prop_assert_eq!(&new.flags[0].text, "--link");
            }
            // An instruction that ends with its own word ends behind the new flag.
            expected.span.end = new.span.end;
            if let (Body::Onbuild(expected), Body::Onbuild(new)) = (&mut expected.body, &new.body) {
                expected.span.end = new.span.end;
            }
            prop_assert_eq!(&expected, new);
        }
        let messages = |dockerfile: &Dockerfile| {
            dockerfile.errors().iter().map(|error| error.message.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(messages(&before), messages(&after));
    }
}
