//! What people do while `report` works, between what it reads and what it writes.

use serde_json::json;

use super::{ISSUE, World, emulator};

/// The same campaign each time: an adopted issue and the proof of concept, open.
fn world(name: &str) -> Option<(World, u64)> {
    let world = World::new(&emulator()?, name);
    let issue = world.post("/issues", &json!({"title": "Link", "body": ISSUE}))["number"].as_u64().unwrap();
    world.step(&["--issue", &format!("admin/{}#{issue}", world.name)]);
    assert_eq!(world.open().keys().collect::<Vec<_>>(), ["a"]);
    Some((world, issue))
}

/// What the next run writes into an issue or pull request.
fn writes_of(writes: &[String], route: &str) -> usize {
    writes.iter().filter(|write| **write == format!("PATCH {route}")).count()
}

#[test]
fn an_issue_that_is_edited_between_reading_and_writing_keeps_the_edit() {
    let Some((world, issue)) = world("edited-issue") else { return };
    world.merge(world.open()["a"]);
    let at = format!("/issues/{issue}");
    let said = "A person said this meanwhile.";
    let edited = world.issue(issue).replacen("Summary", &format!("Summary\r\n{said}"), 1);
    // Behind the first reading, from which the run thinks what to write.
    world.hub.meanwhile(("GET", &at), "PATCH", &world.route(&at), json!({"body": edited}));
    let (_, writes) = world.step(&[]);
    assert!(world.hub.is_done());
    assert_eq!(writes_of(&writes, &at), 1, "it writes what it thought of anew: {writes:?}");
    let text = world.issue(issue);
    assert!(text.contains(said), "{text}");
    assert!(text.contains("- [x] a/Dockerfile"), "{text}");
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, [""; 0], "nothing has changed");
}

#[test]
fn a_pull_request_that_is_edited_between_reading_and_writing_keeps_the_edit() {
    let Some((world, _)) = world("edited-pull") else { return };
    let number = world.open()["a"];
    let at = format!("/pulls/{number}");
    let body = || world.get(&at)["body"].as_str().unwrap().to_owned();
    let written = body();
    // The run has something to write: a person took out a line of the part that the campaign writes.
    let line = written.lines().find(|line| line.starts_with("**Undo it:**")).unwrap();
    world.patch(&at, &json!({"body": written.replace(line, "")}));
    let said = "A reviewer said this meanwhile.";
    let edited = format!("{said}\n\n{}", written.replace(line, ""));
    world.hub.meanwhile(("GET", &at), "PATCH", &world.route(&at), json!({"body": edited}));
    world.step(&[]);
    assert!(world.hub.is_done());
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, [""; 0], "nothing has changed since");
    assert_eq!(body(), format!("{said}\n\n{written}"));
}

#[test]
fn a_label_that_is_removed_under_way_opens_nothing_twice() {
    let Some((world, _)) = world("removed-label") else { return };
    let number = world.open()["a"];
    let labels = format!("/issues/{number}/labels");
    let label = world.get(&labels)[0]["name"].as_str().unwrap().replace('/', "%2F");
    let one = world.route(&format!("{labels}/{label}"));
    // Behind the list of the campaign's pull requests, which it is read from.
    world.hub.meanwhile(("GET", "/issues"), "DELETE", &one, json!(null));
    world.step(&[]);
    assert!(world.hub.is_done());
    for _ in 0..2 {
        world.step(&[]);
        assert_eq!(world.open().into_iter().collect::<Vec<_>>(), [("a".to_owned(), number)]);
    }
    let all = world.get("/pulls?state=all&per_page=100");
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
}

#[test]
fn a_branch_that_is_deleted_under_way_opens_nothing_twice() {
    let Some((world, _)) = world("deleted-branch") else { return };
    let number = world.open()["a"];
    let branch = world.get(&format!("/pulls/{number}"))["head"]["ref"].as_str().unwrap().to_owned();
    let at = world.route(&format!("/git/refs/heads/{branch}"));
    world.hub.meanwhile(("GET", "/issues"), "DELETE", &at, json!(null));
    world.step(&[]);
    assert!(world.hub.is_done());
    for _ in 0..2 {
        world.step(&[]);
    }
    let all = world.get("/pulls?state=all&per_page=100");
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
}
