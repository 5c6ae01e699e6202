use super::*;

fn parse_list_of(text: &str) -> List {
    parse_list(text, &|_| false)
}

fn paths(text: &str) -> Vec<String> {
    parse_list(text, &|_| false).paths.iter().map(|listed| listed.path.to_string()).collect()
}

#[test]
fn paths_are_read_out_of_markdown() {
    let rows = [
        ("a/Dockerfile", "a/Dockerfile"),
        ("- [ ] a/Dockerfile", "a/Dockerfile"),
        ("  * [x] `a/Dockerfile` (#12)", "a/Dockerfile"),
        ("3. **a/Dockerfile.dev**, done", "a/Dockerfile.dev"),
        ("> see [the file](./a/Dockerfile).", "a/Dockerfile"),
        ("| api | a/Dockerfile | yes |", "a/Dockerfile"),
        ("Please fix \"a/api.Dockerfile\"!", "a/api.Dockerfile"),
        ("in a/Dockerfile:12:3: warning", "a/Dockerfile"),
        ("<https://github.com/o/r/blob/main/a/b/Dockerfile#L3-L9>", "a/b/Dockerfile"),
        ("- Dockerfile", "Dockerfile"),
        ("`Dockerfile`", "Dockerfile"),
        ("see Dockerfile.alpine for it", "Dockerfile.alpine"),
        ("a/Dockerfiles/Dockerfile", "a/Dockerfiles/Dockerfile"),
        ("a/DockerfileGenerator/Dockerfile", "a/DockerfileGenerator/Dockerfile"),
        ("a/dockerfilex/Dockerfile", "a/dockerfilex/Dockerfile"),
    ];
    for (text, expected) in rows {
        assert_eq!(paths(text), [expected], "{text}");
    }
}

/// The forms of the table in docs/campaign.md.
#[test]
fn further_forms_are_read() {
    let rows: [(&str, &[&str]); 22] = [
        ("- [ ] `Dockerfile` - Add the header", &["Dockerfile"]),
        ("- Dockerfile: add the header", &["Dockerfile"]),
        ("- [ ] [Dockerfile](./Dockerfile) (done)", &["Dockerfile"]),
        ("- [ ] Add a health check to 3 Dockerfiles (each)", &[]),
        ("- Replace the Dockerfile", &[]),
        ("> - [ ] a/Dockerfile", &["a/Dockerfile"]),
        ("- [ ] group\n  - [ ] a/Dockerfile\n    1. b/Dockerfile", &["a/Dockerfile", "b/Dockerfile"]),
        ("- [ ] a/Dockerfile\r\n- [x] b/Dockerfile\r\n", &["a/Dockerfile", "b/Dockerfile"]),
        ("| a/Dockerfile | `b/Dockerfile` |", &["a/Dockerfile", "b/Dockerfile"]),
        ("[a b](https://github.com/o/r/blob/main/images/a%20b/Dockerfile)", &["images/a b/Dockerfile"]),
        ("https://github.com/o/r/raw/main/a/Dockerfile?x=1", &["a/Dockerfile"]),
        ("https://gitlab.com/o/r/-/blob/main/a/Dockerfile", &["a/Dockerfile"]),
        ("<https://codeberg.org/o/r/src/branch/main/a/Dockerfile>", &["a/Dockerfile"]),
        ("```dockerfile\nFROM a\n```", &[]),
        ("```\na/Dockerfile\n```\nb/Dockerfile", &["a/Dockerfile", "b/Dockerfile"]),
        ("```sh\ndocker build -f a/Dockerfile .\n```", &[]),
        ("~~~ Dockerfile\nx\n~~~", &[]),
        (
            "<li class=\"task-list-item\"><input type=\"checkbox\" disabled> a/Dockerfile</li>",
            &["a/Dockerfile"],
        ),
        ("<li><input type=\"checkbox\" checked/> <code>Dockerfile</code> the root</li>", &["Dockerfile"]),
        ("- [ ] Dockerfile <!-- layerwright -->\u{2013} in wave 0<!-- /layerwright -->", &["Dockerfile"]),
        ("- ~~a/Dockerfile~~", &[]),
        ("- [ ] one ~~ sign a/Dockerfile", &["a/Dockerfile"]),
    ];
    for (text, expected) in rows {
        assert_eq!(paths(text), expected, "{text}");
        assert_eq!(parse_list_of(text).refused, [], "{text}");
    }
}

#[test]
fn struck_out_items_are_declined() {
    let struck = |text: &str| -> Vec<String> {
        parse_list_of(text).struck.iter().map(|listed| listed.path.to_string()).collect()
    };
    for text in [
        "- [ ] ~~a/Dockerfile~~",
        "- ~~[ ] a/Dockerfile - no~~",
        "* ~~`a/Dockerfile`~~ not ours",
        "- <del>a/Dockerfile</del>",
        "- <s><code>a/Dockerfile</code></s>",
    ] {
        assert_eq!((struck(text), paths(text)), (vec!["a/Dockerfile".to_owned()], Vec::new()), "{text}");
    }
    let both = "- ~~a/Dockerfile~~\n- a/Dockerfile";
    assert_eq!((struck(both), paths(both)), (Vec::new(), vec!["a/Dockerfile".to_owned()]), "listed again");
}

#[test]
fn a_branch_with_slashes_and_a_path_with_spaces_have_several_readings() {
    let readings = |text: &str| -> Vec<String> {
        let list = parse_list_of(text);
        let listed = list.paths.first().unwrap();
        std::iter::once(&listed.path).chain(&listed.others).map(ToString::to_string).collect()
    };
    assert_eq!(
        readings("[web](https://github.com/o/r/blob/release/1.x/web/Dockerfile#L3)"),
        ["1.x/web/Dockerfile", "web/Dockerfile", "Dockerfile"]
    );
    assert_eq!(readings("- [ ] `images/a b/Dockerfile`"), ["b/Dockerfile", "images/a b/Dockerfile"]);
    let line = "- [ ] [web](https://github.com/o/r/blob/release/1.x/web/Dockerfile)";
    assert_eq!(path_in_line(line, &|path| path == "web/Dockerfile"), Some("web/Dockerfile".to_owned()));
    assert_eq!(path_in_line(line, &|_| false), Some("1.x/web/Dockerfile".to_owned()));
    let twice = "- [web/Dockerfile](https://github.com/o/r/blob/main/web/Dockerfile)";
    assert_eq!(path_in_line(twice, &|_| false), Some("web/Dockerfile".to_owned()));
}

#[test]
fn a_name_of_the_configuration_is_a_dockerfile() {
    let list = parse_list("- [ ] `images/a.docker`\n- [ ] `images/a.txt`", &|path| path.ends_with(".docker"));
    assert_eq!(list.paths.iter().map(|listed| listed.path.as_str()).collect::<Vec<_>>(), ["images/a.docker"]);
}

#[test]
fn nothing_that_looks_like_a_dockerfile_is_dropped_in_silence() {
    let refused = |text: &str| -> Vec<String> {
        parse_list_of(text).refused.iter().map(|entry| entry.text.clone()).collect()
    };
    for text in ["a\\b\\Dockerfile", "me@host:a/Dockerfile", "https://example.org/o/r/a/Dockerfile"] {
        assert_eq!(refused(&format!("- [ ] {text}")), [text], "{text}");
    }
    assert!(refused("- see https://docs.docker.com/reference/dockerfile/").is_empty());
}

#[test]
fn prose_and_images_are_no_paths() {
    for text in [
        "Update one Dockerfile as a proof-of-concept",
        "All Dockerfiles/Containerfiles and every Dockerfile/Containerfile",
        "# syntax=docker/dockerfile:1.4",
        "the docker/dockerfile:1 image, docker/dockerfile-upstream:master",
        "https://docs.docker.com/reference/dockerfile/",
        "a Dockerfile-based build",
        "a/Dockerfile.dockerignore and a/dockerfile_x/readme",
    ] {
        assert_eq!(parse_list(text, &|_| false), List::default(), "{text}");
    }
}

#[test]
fn paths_that_a_copy_ran_together_are_cut() {
    let text = "a/b/Dockerfilec/d/Containerfilee/x.DockerfileImportant Caveats";
    assert_eq!(paths(text), ["a/b/Dockerfile", "c/d/Containerfile", "e/x.Dockerfile"]);
    let twice = parse_list_of("x\na/Dockerfile\nb/Dockerfile\na/Dockerfileb/DockerfileEnd");
    assert_eq!(twice.paths.iter().map(|listed| listed.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn entries_that_leave_the_repository_are_refused_in_place() {
    let list = parse_list_of(
        "ok/Dockerfile\n- ../up/Dockerfile\n- /etc/Dockerfile\n- a/*/Dockerfile\na/.git/Dockerfile",
    );
    assert_eq!(list.paths.len(), 1);
    let refused: Vec<_> = list.refused.iter().map(|entry| (entry.line, entry.why)).collect();
    let expected = [
        (2, EntryError::Path(PathError::Dots)),
        (3, EntryError::Path(PathError::Absolute)),
        (4, EntryError::Pattern),
        (5, EntryError::Path(PathError::GitFolder)),
    ];
    assert_eq!(refused, expected);
    assert_eq!(
        list.refused[0].to_string(),
        "line 2 of the list: invalid path `../up/Dockerfile`: it has a `.` or `..` component; \
         write it from the repository's root"
    );
}
