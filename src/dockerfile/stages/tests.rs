use super::*;

fn stages(text: &str) -> Stages {
    with_args(text, &[])
}

fn with_args(text: &str, args: &[(&str, Option<&str>)]) -> Stages {
    let args = args.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
    Stages::new(&Dockerfile::read(text), &args)
}

fn set(stages: &[usize]) -> BTreeSet<usize> {
    stages.iter().copied().collect()
}

fn image(name: &str) -> Reference {
    Reference::Image(name.to_owned())
}

fn bases(stages: &Stages) -> Vec<Reference> {
    stages.all().iter().map(|stage| stage.base.clone()).collect()
}

fn is_unknown(reference: &Reference) -> bool {
    matches!(reference, Reference::Unknown(_))
}

#[test]
fn a_stage_does_not_see_its_own_name() {
    let stages = stages("FROM base AS base\nFROM base AS base\nFROM base\n");
    assert_eq!(bases(&stages), [image("base"), Reference::Stage(0), Reference::Stage(1)]);
    assert_eq!(stages.chain(2).collect::<Vec<_>>(), [2, 1, 0]);
}

#[test]
fn the_letter_case_counts_in_from_and_nowhere_else() {
    let stages = stages("FROM a AS Build\nFROM Build\nFROM build\nCOPY --from=BUILD x /\n");
    assert_eq!(bases(&stages), [image("a"), image("Build"), Reference::Stage(0)]);
    assert_eq!(stages.copied_from(2, "bUILD"), Reference::Stage(0));
    assert_eq!(stages.of_target(Some("BUILD")), Some(0));
    assert_eq!(stages.name(0), Some("build"));
}

#[test]
fn scratch_is_empty_unless_a_stage_has_its_name() {
    let empty = stages("FROM scratch AS a\nFROM Scratch\n");
    assert_eq!(bases(&empty), [Reference::Scratch, image("Scratch")]);
    assert_eq!(empty.copied_from(1, "scratch"), Reference::Scratch);
    let taken = stages("FROM x AS scratch\nFROM scratch\n");
    assert_eq!(bases(&taken), [image("x"), Reference::Stage(0)]);
}

#[test]
fn variables_are_those_before_the_first_stage() {
    let text = "ARG B=build\nARG C\nFROM x AS build\nARG B=other\nENV D=build\nFROM $B\nFROM ${D}x\nFROM $C\nFROM $D\n\
                FROM a-$TARGETARCH\nFROM --platform=$BUILDPLATFORM \"build\"\nFROM --platform=linux/$B build\n";
    let read = with_args(text, &[]);
    assert_eq!(bases(&read)[1..3], [Reference::Stage(0), image("x")]);
    for unknown in 3..6 {
        assert!(is_unknown(&read.all()[unknown].base), "{unknown}: {:?}", read.all()[unknown]);
    }
    assert_eq!((&read.all()[6].base, &read.all()[6].platform), (&Reference::Stage(0), &None));
    assert_eq!(read.all()[7].platform.as_deref(), Some("linux/build"));
    let given = with_args(text, &[("B", Some("y")), ("C", Some("build")), ("TARGETARCH", Some("arm64"))]);
    assert_eq!(bases(&given)[1], image("y"));
    assert_eq!(bases(&given)[3], Reference::Stage(0));
    assert_eq!(bases(&given)[5], image("a-arm64"));
    assert!(is_unknown(&bases(&with_args(text, &[("B", None)]))[1]), "only the build knows it");
}

#[test]
fn a_copy_takes_numbers_and_names_of_stages_before() {
    let stages = stages("FROM a AS x\nFROM b AS y\nFROM c AS z\nFROM d AS x\n");
    for (from, source) in [("0", 0), ("+1", 1), ("Y", 1), ("01", 1)] {
        assert_eq!(stages.copied_from(2, from), Reference::Stage(source), "{from}");
    }
    // The last stage of a name counts, and BuildKit refuses a stage that is not earlier.
    for from in ["2", "3", "4", "-1", "z", "x", "$x", "'y'"] {
        assert!(is_unknown(&stages.copied_from(2, from)), "{from}: {:?}", stages.copied_from(2, from));
    }
    assert_eq!(stages.copied_from(2, "alpine:3"), image("alpine:3"));
    assert_eq!(stages.copied_from(2, "99999999999999999999"), image("99999999999999999999"));
}

const GRAPH: &str = "FROM a AS base\nFROM base AS left\nFROM b AS right\nCOPY --from=LEFT x /x\n\
                     FROM c AS two\nRUN --mount=from=Right,target=/x true\nFROM d AS alone\n";

#[test]
fn a_build_executes_what_its_target_uses() {
    let graph = stages(GRAPH);
    assert_eq!(graph.reached(3), set(&[0, 1, 2, 3]));
    assert_eq!(graph.reached(1), set(&[0, 1]));
    assert_eq!(graph.reached(4), set(&[4]));
    assert_eq!(graph.dependents(&set(&[1])), set(&[1, 2, 3]));
    assert_eq!(graph.dependents(&set(&[4])), set(&[4]));
    let mounts = "FROM a AS one\nFROM b\nRUN --mount=from=0,target=/x --mount=from=,\\\"target=/y,from=one\\\" true\n\
                  FROM c\nRUN --mount=type=bind,from=x,target=/x,from=one true\n";
    assert_eq!(stages(mounts).reached(1), set(&[1]), "a number is an image in a mount");
    assert_eq!(stages(mounts).reached(2), set(&[0, 2]), "the last value counts");
    let trigger = stages("FROM a AS one\nFROM b AS two\nONBUILD COPY --from=one x /x\nFROM two\n");
    assert_eq!(trigger.reached(2), set(&[0, 1, 2]));
}

#[test]
fn a_variable_may_name_any_stage_before() {
    let stages = stages("ARG z\nFROM a AS x\nFROM b AS y\nFROM $z\nFROM c\n");
    assert_eq!(stages.reached(2), set(&[0, 1, 2]));
    assert_eq!(stages.dependents(&set(&[0])), set(&[0, 2]));
    assert_eq!(stages.dependents(&set(&[3])), set(&[3]));
}

#[test]
fn targets_are_names() {
    let stages = stages("FROM a AS x\nFROM b\nFROM c AS x\n");
    assert_eq!(stages.of_target(None), Some(2));
    assert_eq!(stages.of_target(Some("X")), Some(2));
    assert_eq!(stages.of_target(Some("1")), None);
    assert_eq!([0, 1, 2].map(|stage| stages.target(stage)), [None, None, Some("x")]);
}

#[test]
fn a_from_that_buildkit_refuses_starts_no_stage() {
    let stages = stages("FROM a AS x\nFROM --bad=1 b AS y\nCOPY --from=y f /\nFROM x\n");
    assert_eq!(bases(&stages), [image("a"), Reference::Stage(0)]);
}
