use serde_json::json;

use super::*;
use crate::verify::image::tests::{LayerTar, image, layer};

fn lines(before: &Image, after: &Image) -> Vec<String> {
    compare(before, after).differences.iter().map(Difference::to_string).collect()
}

fn trees(before: LayerTar, after: LayerTar) -> Vec<String> {
    let (before, after) = (image([before], &Value::Null), image([after], &Value::Null));
    assert!(compare(&before, &before).is_same() && compare(&after, &after).is_same());
    lines(&before, &after)
}

#[test]
fn every_aspect_of_a_path_is_told() {
    let before = layer()
        .dir("root", 0o700)
        .file("f", "one")
        .symlink("s", "a")
        .device("null", 3)
        .symlink("bin", "usr/bin")
        .pax(&[("SCHILY.xattr.user.mark", b"base"), ("SCHILY.xattr.security.capability", b"\x01\x00")])
        .dir("x", 0o755)
        .pax(&[("uid", b"0"), ("gid", b"7")])
        .dir("owned", 0o755)
        .file("gone", "");
    let after = layer()
        .dir("root", 0o755)
        .file("f", "three")
        .symlink("s", "b")
        .device("null", 5)
        .dir("bin", 0o755)
        .pax(&[("SCHILY.xattr.security.capability", b"\x01\x01")])
        .dir("x", 0o755)
        .dir("owned", 0o755)
        .symlink("new", "f");
    let sha = |content: &str| {
        use sha2::Digest as _;
        crate::verify::image::Digest(sha2::Sha256::digest(content).into())
    };
    assert_eq!(
        trees(before, after),
        [
            "`/bin` type symbolic link → directory".into(),
            "`/f` size 3 → 5".into(),
            format!("`/f` content {} → {}", sha("one"), sha("three")),
            "`/gone` is gone: file 0644 1000:1001".into(),
            "`/new` is new: symbolic link to `f`".into(),
            "`/null` mode 0003 → 0005".into(),
            "`/null` device 1:3 → 1:5".into(),
            "`/owned` owner 0 → 1000".into(),
            "`/owned` group 7 → 1001".into(),
            "`/root` mode 0700 → 0755".into(),
            "`/s` target a → b".into(),
            "`/x` attribute security.capability 0x0100 → 0x0101".into(),
            "`/x` attribute user.mark \"base\" → nothing".into(),
        ]
    );
}

#[test]
fn how_layers_and_links_are_arranged_does_not_count() {
    let linked = layer().dir("d", 0o755).file("d/a", "same").link("d/b", "d/a");
    let copies = layer().pax(&[("mtime", b"77")]).file("d/b", "same");
    let first = image([linked], &Value::Null);
    let second = image([layer().dir("d", 0o755), layer().file("d/a", "same"), copies], &Value::Null);
    let comparison = compare(&first, &second);
    assert!(comparison.is_same(), "{comparison:?}");
    assert_eq!(comparison.paths, 4, "the root is a path too");
}

#[test]
fn paths_of_either_side_are_told_in_order() {
    let before = layer().file("a", "").file("b/x", "").file("d", "");
    let after = layer().file("b.x", "").file("c", "").file("d", "").file("e", "");
    let found = trees(before, after);
    let paths: Vec<&str> = found.iter().map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(paths, ["/a", "/b", "/b.x", "/b/x", "/c", "/e"]);
}

#[test]
fn names_look_different_where_they_are() {
    for (name, expected) in [
        (&b"a b"[..], "a b"),
        (b"\xc3\xa9", "é"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
        (b"a\nb", "a\\nb"),
    ] {
        assert_eq!(shown(name), expected);
    }
}

#[test]
fn the_configuration_is_compared_key_by_key() {
    let one = image([layer()], &json!({"Env": ["A=1"], "Cmd": null, "User": "", "Labels": {"a": "1"}}));
    let mut two = image([layer()], &json!({"Env": ["A=1"], "Volumes": {}, "Labels": {"a": "1"}}));
    for key in BUILD_KEYS {
        two.config.insert(key.into(), json!("another"));
    }
    assert!(compare(&one, &two).is_same());
    for (key, value) in [
        ("Env", json!(["A=2"])),
        ("Cmd", json!(["sh"])),
        ("Entrypoint", json!(["sh"])),
        ("WorkingDir", json!("/w")),
        ("User", json!("app")),
        ("ExposedPorts", json!({"80/tcp": {}})),
        ("Volumes", json!({"/v": {}})),
        ("Labels", json!({"a": "2"})),
        ("StopSignal", json!("SIGINT")),
        ("Healthcheck", json!({"Test": ["NONE"]})),
        ("Shell", json!(["/bin/bash"])),
        ("OnBuild", json!(["RUN true"])),
    ] {
        let mut three = two.clone();
        three.config["config"][key] = value.clone();
        let found = compare(&one, &three).differences;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].aspect, Aspect::Config(key.into()));
        assert_eq!(found[0].after, Some(value.to_string()));
    }
    for key in ["architecture", "os", "variant", "author"] {
        let mut three = two.clone();
        three.config.insert(key.into(), json!("another"));
        let found = compare(&one, &three).differences;
        assert_eq!(
            found.iter().map(|found| &found.aspect).collect::<Vec<_>>(),
            [&Aspect::Document(key.into())]
        );
    }
    let mut user = two;
    user.config["config"]["User"] = json!("app");
    assert_eq!(lines(&one, &user), ["image config User nothing → \"app\""]);
}
