use std::sync::Mutex;

use super::*;
use crate::verify::builder::tail::{LINE, LINES};

fn read(format: Format, text: &str) -> (Vec<Vertex>, Vec<String>, Vec<Vec<String>>) {
    let watch = |_: &Vertex| {};
    let progress = Progress::new(&watch).read(format, text.as_bytes());
    let logs = progress.vertexes.iter();
    let logs = logs.map(|vertex| progress.log(vertex).map(str::to_owned).collect()).collect();
    let said = progress.said.lines().map(str::to_owned).collect();
    (progress.vertexes, said, logs)
}

const RAW: &str = r#"{
  "vertexes": [
    {
      "digest": "sha256:a",
      "name": "[2/3] LINK COPY --link f /x/f",
      "started": "2026-11-22T04:14:33.682714654Z",
      "completed": "2026-11-22T04:14:33.700527312Z",
      "cached": true,
      "progressGroup": {
        "id": "kblxk"
      }
    }
  ],
  "statuses": [
    {
      "id": "merging",
      "vertex": "sha256:a",
      "name": "merging",
      "started": "2026-11-22T04:14:33.700527312Z",
      "completed": "2026-11-22T04:14:33.770527312Z"
    }
  ]
}
WARN: something of the client
{
  "vertexes": [
    {
      "digest": "sha256:b",
      "name": "[3/3] RUN echo out; exit 3",
      "started": "2026-11-22T04:14:33.700723915Z"
    }
  ]
}
{
  "logs": [
    {
      "vertex": "sha256:b",
      "stream": 2,
      "data": "ZXJyCm91dAo="
    }
  ],
  "new": [1]
}
{"vertexes":[{"digest":"sha256:b","name":"[3/3] RUN echo out; exit 3","error":"exit code: 3"}]}
{ no document
R:3
ERROR: failed to solve: exit code: 3
"#;

#[test]
fn documents_are_read_and_what_stands_between_them_is_said_by_the_client() {
    let (vertexes, said, logs) = read(Format::RawJson, RAW);
    let [link, run] = &vertexes[..] else { panic!("{vertexes:?}") };
    assert!(link.is_link() && link.cached && link.completed && link.error.is_none(), "{link:?}");
    assert!(run.started && !run.completed && !run.is_link(), "{run:?}");
    assert_eq!(run.error.as_deref(), Some("exit code: 3"));
    assert_eq!(logs, [vec![], vec!["err".to_owned(), "out".to_owned()]]);
    let client =
        ["WARN: something of the client", "{ no document", "R:3", "ERROR: failed to solve: exit code: 3"];
    assert_eq!(said, client);
}

#[test]
fn a_document_that_breaks_off_harms_nothing() {
    let cut = &RAW[..RAW.find("\"error\"").unwrap()];
    let (vertexes, said, _) = read(Format::RawJson, cut);
    assert_eq!(vertexes.len(), 2);
    assert!(vertexes[1].error.is_none());
    assert!(said.last().unwrap().starts_with("{\"vertexes\""), "{said:?}");
}

const PLAIN: &str = r#"#0 building with "default" instance using docker driver

#3 [build 1/4] FROM docker.io/library/tiny:1
#3 CACHED

#4 [build 2/4] COPY --link f /x/f
#4 merging 0.0s done
#4 DONE 0.1s

#5 [build 3/4] RUN make
#5 0.265 out
#5 ...

#6 [internal] load build context
#6 DONE 0.1s

#5 [build 3/4] RUN make
#5 1.271 err
#5 1.300 DONE
#5 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 3
------
 > [build 3/4] RUN make:
0.265 out
------
ERROR: failed to solve: exit code: 3
"#;

#[test]
fn plain_progress_is_read_too() {
    let (vertexes, said, logs) = read(Format::Plain, PLAIN);
    let names: Vec<&str> = vertexes.iter().map(|vertex| vertex.name.as_str()).collect();
    let expected = [
        "[build 1/4] FROM docker.io/library/tiny:1",
        "[build 2/4] COPY --link f /x/f",
        "[build 2/4] LINK COPY --link f /x/f",
        "[build 3/4] RUN make",
        "[internal] load build context",
    ];
    assert_eq!(names, expected);
    assert!(vertexes[0].cached && vertexes[0].completed);
    assert!(vertexes[1].completed && !vertexes[1].cached && !vertexes[1].is_link());
    assert!(vertexes[2].completed && vertexes[2].is_link());
    let error = "process \"/bin/sh -c make\" did not complete successfully: exit code: 3";
    assert_eq!(vertexes[3].error.as_deref(), Some(error));
    assert_eq!(logs[3], ["out", "err", "DONE"]);
    assert_eq!(said.last().map(String::as_str), Some("ERROR: failed to solve: exit code: 3"));
}

#[test]
fn the_time_of_merges_is_the_time_of_their_statuses() {
    let merging = |format, text: &str| Progress::new(&|_| {}).read(format, text.as_bytes()).merging;
    assert_eq!(merging(Format::RawJson, RAW), Duration::from_millis(70));
    let begun =
        r#"{"statuses":[{"name":"merging","started":"2026-11-22T04:14:33.7Z"},{"name":"exporting"}]}"#;
    assert_eq!(merging(Format::RawJson, begun), Duration::ZERO);
    let plain = PLAIN.replace("merging 0.0s done", "merging\n#4 merging 1.5s done");
    assert_eq!(merging(Format::Plain, &plain), Duration::from_millis(1500));
}

#[test]
fn who_watches_hears_of_each_change_once() {
    let heard = Mutex::new(Vec::new());
    let watch = |vertex: &Vertex| {
        heard.lock().unwrap().push((vertex.name.clone(), vertex.started, vertex.completed));
    };
    Progress::new(&watch)
        .read(Format::Plain, "#1 a\n#1 0.100 x\n#1 DONE 0.1s\n#1 a\n#1 DONE 0.1s\n".as_bytes());
    let expected = [(false, false), (true, false), (true, true)].map(|(s, c)| ("a".to_owned(), s, c));
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn little_is_kept_of_what_is_printed() {
    let long: Vec<String> = (0..100).map(|at| format!("#1 0.{at} {}\n", "ü".repeat(1000))).collect();
    let (_, _, logs) = read(Format::Plain, &format!("#1 a\n{}", long.concat()));
    assert_eq!(logs[0].len(), LINES);
    assert!(logs[0].iter().all(|line| line.chars().count() == LINE), "{:?}", logs[0][0]);
}
