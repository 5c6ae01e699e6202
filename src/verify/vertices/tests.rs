use std::collections::BTreeMap;

use super::*;

/// Returns the instructions of a Dockerfile by their line, with the result for these vertexes. A name ends with `!`
/// if it is not done.
fn shown(dockerfile: &str, names: &[&str]) -> Vec<(usize, Reached)> {
    let vertex = |name: &&str| Vertex {
        digest: (*name).to_owned(),
        name: name.trim_end_matches('!').to_owned(),
        started: true,
        completed: !name.ends_with('!'),
        ..Vertex::default()
    };
    let vertexes: Vec<Vertex> = names.iter().map(vertex).collect();
    let dockerfile = Dockerfile::read(dockerfile);
    assert!(dockerfile.errors().is_empty(), "{:?}", dockerfile.errors());
    let stages = Stages::new(&dockerfile, &BTreeMap::new());
    let found = reached(&vertexes, &dockerfile, &stages);
    found.into_iter().map(|(at, reached)| (dockerfile.instructions()[at].start_line, reached)).collect()
}

use Reached::{Linked, NoEffect, NotExercised};

#[test]
fn a_line_is_found_by_stage_and_number() {
    let text = "FROM tiny:1 AS build\nCOPY --link a /a\nRUN make\nFROM build\nCOPY --link a /a\nCOPY --link b /b\n\
        FROM tiny:1\nCOPY --link c /c\n";
    let names = [
        "[internal] load build context",
        "[build 1/3] FROM docker.io/library/tiny:1@sha256:a45a",
        "[build 2/3] COPY --link a /a",
        "[build 2/3] LINK COPY --link a /a",
        "[build 3/3] RUN make",
        "[stage-1 1/2] COPY --link a /a",
        "[stage-1 1/2] LINK COPY --link a /a!",
        "[stage-1 2/2] COPY --link b /b",
        "[stage-1 2/2] LINK COPY --link b /b",
    ];
    let expected = [(2, Linked), (5, NotExercised), (6, Linked), (8, NotExercised)];
    assert_eq!(shown(text, &names), expected);
}

#[test]
fn equal_lines_are_told_apart() {
    let text = "FROM tiny:1\nCOPY --link a /a\nRUN rm /a\nCOPY --link a /a\n";
    let names = [
        "[2/4] COPY --link a /a",
        "[2/4] LINK COPY --link a /a!",
        "[3/4] RUN rm /a",
        "[4/4] COPY --link a /a",
        "[4/4] LINK COPY --link a /a",
    ];
    assert_eq!(shown(text, &names), [(2, NotExercised), (4, Linked)]);
}

#[test]
fn what_can_not_be_linked_is_inert_where_it_was_executed() {
    let text = "FROM scratch AS a\nWORKDIR /\nCOPY --link a /a\nCOPY --link --chmod=600 b /b\nCOPY --link c /c\n\
        FROM scratch AS b\nWORKDIR /w\nCOPY --link a a\nFROM a\nCOPY --link --chmod=600 d /d\n";
    let names = [
        "[a 1/4] COPY --link a /a",
        "[a 2/4] COPY --link --chmod=600 b /b",
        "[a 3/4] COPY --link c /c",
        "[a 3/4] LINK COPY --link c /c",
        "[b 1/2] WORKDIR /w",
        "[b 2/2] COPY --link a a",
    ];
    // The line in b was executed without a link, and nothing explains why.
    let expected = [(3, NoEffect), (4, NoEffect), (5, Linked), (8, NotExercised), (10, NotExercised)];
    assert_eq!(shown(text, &names), expected);
}

#[test]
fn a_builder_that_does_not_link_shows_nothing() {
    let text = "FROM tiny:1\nCOPY --link a /a\nCOPY --link b /b\n";
    let names = ["[1/3] FROM tiny:1", "[2/3] COPY --link a /a", "[3/3] COPY --link b /b"];
    assert_eq!(shown(text, &names), [(2, NotExercised), (3, NotExercised)]);
}

#[test]
fn a_workdir_may_have_no_number() {
    let text = "FROM tiny:1\nARG W=/\nWORKDIR $W\nCOPY --link $A /a\nWORKDIR /x\nCOPY --link b /b\n";
    let root = [
        "[2/5] COPY --link a /a",
        "[2/5] LINK COPY --link a /a",
        "[3/5] WORKDIR /x",
        "[4/5] COPY --link b /b",
    ];
    assert_eq!(shown(text, &root), [(4, Linked), (6, NotExercised)]);
    let other =
        ["[2/5] WORKDIR /w", "[3/5] COPY --link a /a", "[3/5] LINK COPY --link a /a", "[4/5] WORKDIR /x"];
    assert_eq!(shown(text, &other), [(4, Linked), (6, NotExercised)]);
}

#[test]
fn triggers_of_the_base_come_before() {
    let text = "FROM trigger:1\nCOPY --link a /a\nRUN make\n";
    let names = [
        "[2/5] ONBUILD COPY a /a",
        "[3/5] ONBUILD RUN make",
        "[4/5] COPY --link a /a",
        "[4/5] LINK COPY --link a /a",
        "[5/5] RUN make",
    ];
    assert_eq!(shown(text, &names), [(2, Linked)]);
    // It is unknown which of the two the last one is.
    let ambiguous = "FROM trigger:1\nCOPY --link $A /a\nCOPY --link $B /b\n";
    let names = ["[2/4] COPY --link a /a", "[2/4] LINK COPY --link a /a"];
    assert_eq!(shown(ambiguous, &names), [(2, NotExercised), (3, NotExercised)]);
}

#[test]
fn a_trigger_is_linked_in_the_child() {
    let text = "FROM tiny:1 AS base\nONBUILD COPY --link a /a\nFROM base\nRUN make\n";
    let names = ["[stage-1 1/2] ONBUILD COPY --link a /a", "[stage-1 1/2] ONBUILD LINK COPY --link a /a"];
    assert_eq!(shown(text, &names), [(2, Linked)]);
    assert_eq!(shown(text, &names[..1]), [(2, NotExercised)]);
    assert_eq!(shown(text, &["COPY --link a /a", "LINK COPY --link a /a"]), [(2, Linked)]);
    assert_eq!(shown(text, &["LINK COPY --link b /a"]), [(2, NotExercised)]);
    let twice = format!("{text}FROM tiny:1\nONBUILD COPY --link a /a\n");
    assert_eq!(shown(&twice, &["LINK COPY --link a /a"]), [(2, NotExercised), (6, NotExercised)]);
}

#[test]
fn a_stage_starts_from_the_stage_that_a_variable_names() {
    let text = "ARG B=base\nFROM scratch AS base\nFROM $B\nCOPY --link a /a\nFROM Base\nCOPY --link b /b\n";
    let names = ["[stage-1 1/1] COPY --link a /a", "[stage-2 2/2] COPY --link b /b"];
    // `Base` is not a stage: BuildKit looks for an image of that name.
    assert_eq!(shown(text, &names), [(4, NoEffect), (6, NotExercised)]);
}

#[test]
fn names_of_another_build_are_no_evidence() {
    let text = "FROM tiny:1\nCOPY --link a /a\n";
    let foreign = ["[1/8] FROM tiny:1", "[2/2] COPY --link a /a", "[2/2] LINK COPY --link a /a"];
    assert_eq!(shown(text, &foreign), [(2, Linked)]);
    assert_eq!(shown(text, &["[2/2] LINK COPY --link b /a"]), [(2, NotExercised)]);
    assert_eq!(shown(text, &["[2/2] LINK ADD --link a /a"]), [(2, NotExercised)]);
    assert_eq!(shown(text, &["[x 2/2] LINK COPY --link a /a"]), [(2, NotExercised)]);
    // Two stages of the same name.
    let twins = "FROM tiny:1 AS x\nCOPY --link a /a\nFROM tiny:1 AS x\nCOPY --link a /a\n";
    assert_eq!(shown(twins, &["[x 2/2] LINK COPY --link a /a"]), [(2, NotExercised), (4, NotExercised)]);
}

#[test]
fn a_name_may_have_platforms_and_blanks() {
    let text = "FROM --platform=$BUILDPLATFORM tiny:1 AS a\nRUN a\nRUN b\nCOPY --link a /a\n";
    let names = ["[linux/amd64->arm64 a  4/10] LINK COPY --link a /a", "[linux/amd64 a  2/10] RUN a"];
    assert_eq!(shown(text, &names), [(4, Linked)]);
}
