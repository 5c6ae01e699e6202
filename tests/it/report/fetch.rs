//! Fetching commits through the API, since the emulator has no git protocol.

use git2::{ObjectType, Oid, Repository};
use serde_json::Value;

/// Brings a commit and all that it contains to a repository. `get` reads a route below the emulator's repository.
pub fn commit(get: &dyn Fn(&str) -> Value, git: &Repository, id: &str) {
    let odb = git.odb().unwrap();
    if odb.exists(Oid::from_str(id).unwrap()) {
        return;
    }
    let found = get(&format!("/git/commits/{id}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let root = text(&found["tree"]["sha"]);
    tree(get, git, &root);
    let mut raw = format!("tree {root}\n");
    for parent in found["parents"].as_array().unwrap() {
        commit(get, git, parent["sha"].as_str().unwrap());
        raw = format!("{raw}parent {}\n", text(&parent["sha"]));
    }
    for who in ["author", "committer"] {
        let date = humantime::parse_rfc3339(found[who]["date"].as_str().unwrap()).unwrap();
        let seconds = date.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        raw = format!(
            "{raw}{who} {} <{}> {seconds} +0000\n",
            text(&found[who]["name"]),
            text(&found[who]["email"])
        );
    }
    let message = text(&found["message"]);
    let end = if message.ends_with('\n') { "" } else { "\n" };
    let made = odb.write(ObjectType::Commit, format!("{raw}\n{message}{end}").as_bytes()).unwrap();
    assert_eq!(made.to_string(), id, "{raw}");
}

fn tree(get: &dyn Fn(&str) -> Value, git: &Repository, id: &str) {
    if git.odb().unwrap().exists(Oid::from_str(id).unwrap()) {
        return;
    }
    let found = get(&format!("/git/trees/{id}"));
    let mut builder = git.treebuilder(None).unwrap();
    for entry in found["tree"].as_array().unwrap() {
        let (sha, mode) = (entry["sha"].as_str().unwrap(), entry["mode"].as_str().unwrap());
        let oid = Oid::from_str(sha).unwrap();
        if entry["type"] == "tree" {
            tree(get, git, sha);
        } else if !git.odb().unwrap().exists(oid) {
            use base64::prelude::{BASE64_STANDARD, Engine};
            let blob = get(&format!("/git/blobs/{sha}"));
            let bytes = BASE64_STANDARD.decode(blob["content"].as_str().unwrap().replace('\n', "")).unwrap();
            assert_eq!(git.blob(&bytes).unwrap(), oid);
        }
        let mode = i32::from_str_radix(mode, 8).unwrap();
        builder.insert(entry["path"].as_str().unwrap(), oid, mode).unwrap();
    }
    assert_eq!(builder.write().unwrap().to_string(), id);
}
