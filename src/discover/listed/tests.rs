use super::*;

fn paths(text: &str) -> Vec<String> {
    parse_list(text).paths.iter().map(|listed| listed.path.to_string()).collect()
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
        assert_eq!(parse_list(text), List::default(), "{text}");
    }
}

#[test]
fn paths_that_a_copy_ran_together_are_cut() {
    let text = "a/b/Dockerfilec/d/Containerfilee/x.DockerfileImportant Caveats";
    assert_eq!(paths(text), ["a/b/Dockerfile", "c/d/Containerfile", "e/x.Dockerfile"]);
    let twice = parse_list("x\na/Dockerfile\nb/Dockerfile\na/Dockerfileb/DockerfileEnd");
    assert_eq!(twice.paths.iter().map(|listed| listed.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn entries_that_leave_the_repository_are_refused_in_place() {
    let list = parse_list(
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
