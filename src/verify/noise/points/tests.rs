use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::verify::builder::{Output, Request};

fn request(text: &str) -> Request {
    Request {
        dockerfile: text.into(),
        ignore: None,
        context: PathBuf::new(),
        target: None,
        platform: None,
        build_args: BTreeMap::new(),
        contexts: BTreeMap::new(),
        secrets: Vec::new(),
        ssh: Vec::new(),
        passed: Vec::new(),
        anew: Vec::new(),
        output: Output::Stream,
        deadline: None,
    }
}

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
    let variants = Variants { original: request(original), edited: request(&edited) };
    let points = points(&variants);
    let places: Vec<(usize, bool)> = points.iter().map(|point| (point.line, point.is_image)).collect();
    assert_eq!(places, [(4, false), (7, true), (15, true)], "nothing uses the first stage");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let second = text(&points[1].plain);
    assert!(second.ends_with("COPY a /a\nCOPY b \\\n  /b\nENV A=1\nCOPY <<E /e\nin it\nE\n"), "{second}");
    assert!(second.starts_with("# syntax") && second.contains("COPY --link x"), "{second}");
    assert!(text(&points[1].linked).ends_with("COPY --link <<E /e\nin it\nE\n"));
    let third = text(&points[2].plain);
    assert!(
        third.contains("COPY --link a /a") && third.ends_with("RUN one\nCOPY --from=build /y /y\n"),
        "{third}"
    );
}
