use super::*;
use crate::verify::variant_builds::tests::variants;

#[test]
fn lines_without_a_run_between_them_are_one_point() {
    let original = "FROM a AS unused\nCOPY x /x\nFROM b AS build\nCOPY x /x\nRUN make\nFROM c AS last\n\
                    COPY a /a\nCOPY b \\\n  /b\nENV A=1\nCOPY <<E /e\nin it\nE\nRUN one\nCOPY --from=build /y \
                    /y\nRUN two\n";
    let edited = "# syntax=docker/dockerfile:1\n".to_owned()
        + &original
            .replace("COPY x", "COPY --link x")
            .replace("COPY a", "COPY --link a")
            .replace("COPY <<E", "COPY --link <<E")
            .replace("COPY --from", "COPY --link --from");
    let points = points(&variants(original, &edited), "n");
    let places: Vec<(usize, bool)> = points.iter().map(|point| (point.line, point.is_image)).collect();
    assert_eq!(places, [(4, false), (7, true), (15, true)], "nothing uses the first stage");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let second = text(&points[1].plain);
    assert!(second.ends_with("COPY a /a\nCOPY b \\\n  /b\nENV A=1\nCOPY <<E /e\nin it\nE\n"), "{second}");
    assert!(second.starts_with("# syntax") && second.contains("COPY --link x"), "{second}");
    assert!(text(&points[1].linked).ends_with("COPY --link <<E /e\nin it\nE\n"));
    let layer = |at: usize| format!("\nCOPY <<\"LAYERWRIGHT\" /.layerwright-point\nn-{at}\nLAYERWRIGHT\n");
    assert_eq!(
        second.matches(&layer(6)).count(),
        3,
        "behind both stages and before the first line: {second}"
    );
    assert!(second.contains(&format!("FROM c AS last{}COPY a /a\n", layer(6))), "{second}");
    assert!(second.contains(&format!("RUN make{}FROM c", layer(6))), "{second}");
    let third = text(&points[2].plain);
    assert!(
        third.contains("COPY --link a /a") && third.ends_with("LAYERWRIGHT\nCOPY --from=build /y /y\n"),
        "{third}"
    );
}
