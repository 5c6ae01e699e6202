//! `migrate --commit`: one branch and one commit a file, and nothing else in the repository changes.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{Base, Run, Scratch, command, git, linkable, run};

const HEADER: &str = "# syntax=docker/dockerfile:1\n\n";

/// Names somebody who commits.
fn identify(scratch: &Scratch) {
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
}

/// A repository with these Dockerfiles, each with a line to link, all in wave 1 but the first; and its plan.
fn planned(paths: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    identify(&scratch);
    scratch.write("layerwright.toml", format!("[waves]\nsizes = [{}]\n", paths.len()));
    for path in paths {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        scratch.write(path, linkable("x")).write(format!("{folder}/x").trim_start_matches('/'), "x");
    }
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch
}

/// What git prints, which must succeed.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = git(folder, arguments);
    assert!(status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The branches of a campaign, by name.
fn branches(folder: &Path) -> Vec<String> {
    let all = printed(folder, &["for-each-ref", "--format=%(refname:short)", "refs/heads/layerwright"]);
    all.lines().map(str::to_owned).collect()
}

/// The branches that a run printed, with what became of them and their files.
fn told(run: &Run) -> Vec<(String, String, String)> {
    let parts = |line: &str| {
        let mut parts = line.splitn(4, ' ').map(str::to_owned);
        let (name, _, became) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        (name, became, parts.next().unwrap())
    };
    run.stdout.lines().map(parts).collect()
}

/// git finds nothing wrong, and each branch has one commit on `base` that changes one file as planned.
#[track_caller]
fn check(folder: &Path, base: &str) {
    let wrong = git(folder, &["fsck", "--strict", "--no-dangling"]);
    assert!(wrong.status.success(), "{wrong:?}");
    for branch in branches(folder) {
        assert!(git(folder, &["check-ref-format", "--branch", &branch]).status.success(), "{branch}");
        assert_eq!(printed(folder, &["rev-list", "--count", &format!("{base}..{branch}")]).trim(), "1");
        let changed = printed(folder, &["diff", "--name-status", "-z", base, &branch]);
        let parts: Vec<&str> = changed.split_terminator('\0').collect();
        assert_eq!(parts.len(), 2, "{branch}: {changed:?}");
        assert_eq!(parts[0], "M", "{branch}");
        let text = printed(folder, &["show", &format!("{branch}:{}", parts[1])]);
        assert!(text.contains("COPY --link "), "{branch}: {text}");
    }
}

/// The only branch that a run made.
#[track_caller]
fn only(run: &Run) -> String {
    let all = told(run);
    assert_eq!(all.len(), 1, "{run:#?}");
    all[0].0.clone()
}

#[test]
fn a_branch_has_one_commit_that_changes_one_file() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile"]);
    scratch.write("a/x", "not committed").write("new", "untracked");
    let state = |scratch: &Scratch| {
        let index = scratch.read(".git/index");
        (scratch.changed(), index, scratch.read(".git/HEAD"), scratch.text("a/Dockerfile"))
    };
    let before = state(&scratch);
    let run = scratch.run(&["migrate", "--commit"]).done();
    assert_eq!(state(&scratch), before, "working tree, index and HEAD stay");
    let name = only(&run);
    assert!(name.starts_with("layerwright/copy-link/a-Dockerfile-"), "{name}");
    assert_eq!(told(&run)[0].1, "new");
    assert_eq!(told(&run)[0].2, "a/Dockerfile");
    assert_eq!(branches(scratch.root()), std::slice::from_ref(&name));
    check(scratch.root(), "main");
    let text = printed(scratch.root(), &["show", &format!("{name}:a/Dockerfile")]);
    assert_eq!(text, format!("{HEADER}FROM base:1\nCOPY --link x /srv/x\n"));
    let id = printed(scratch.root(), &["rev-parse", &name]);
    assert!(run.stdout.contains(&format!(" {} ", &id[..10])), "{run:?}");
    let who = printed(scratch.root(), &["log", "-1", "--format=%an <%ae> %cn <%ce>", &name]);
    assert_eq!(who, "Ann <ann@example.com> Ann <ann@example.com>\n");
    let message = printed(scratch.root(), &["log", "-1", "--format=%B", &name]);
    assert!(
        message.starts_with("Use COPY --link in a/Dockerfile\n\n- line 2: COPY --link x /srv/x\n  proved"),
        "{message}"
    );
    let trailers = printed(scratch.root(), &["log", "-1", "--format=%(trailers:only,unfold)", &name]);
    assert!(trailers.starts_with("Layerwright: ") && trailers.trim().lines().count() == 1, "{trailers}");
}

#[test]
fn a_second_run_gives_the_same_and_json_says_it_too() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]);
    let all = ["migrate", "a/Dockerfile", "./b/Dockerfile", "c/Dockerfile", "--commit"];
    scratch.run(&all).done();
    let refs = printed(scratch.root(), &["for-each-ref"]);
    let again = scratch.run(&all).done();
    assert!(told(&again).iter().all(|(_, became, _)| became == "same"), "{again:?}");
    assert_eq!(printed(scratch.root(), &["for-each-ref"]), refs);
    // Work on the base that does not touch the file is no reason to move its branch.
    scratch.write("other", "").commit("Second");
    let later = scratch.run(&[&all[..], &["--format", "json"]].concat()).done().json();
    assert_eq!(later["base"], printed(scratch.root(), &["rev-parse", "main"]).trim());
    let rows = later["branches"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row["became"], "same", "{row}");
        let id = printed(scratch.root(), &["rev-parse", row["branch"].as_str().unwrap()]);
        assert_eq!(row["commit"], id.trim());
    }
    let own = |line: &&str| line.contains("refs/heads/layerwright");
    let after = printed(scratch.root(), &["for-each-ref"]);
    assert_eq!(after.lines().filter(own).collect::<Vec<_>>(), refs.lines().filter(own).collect::<Vec<_>>());
}

#[test]
fn our_own_branch_is_renewed_when_its_text_is_no_longer_the_planned_one() {
    let scratch = planned(&["Dockerfile"]);
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    let first = printed(scratch.root(), &["rev-parse", &name]);
    scratch.write("Dockerfile", format!("{}RUN more\n", linkable("x"))).commit("Second");
    scratch.run(&["migrate", "--commit"]).refused(&["Dockerfile has changed since the plan was made"]);
    assert_eq!(printed(scratch.root(), &["rev-parse", &name]), first);
    scratch.save(&Base::new());
    let run = scratch.run(&["migrate", "--commit"]).done();
    assert_eq!(told(&run)[0].1, "renewed");
    assert_ne!(printed(scratch.root(), &["rev-parse", &name]), first);
    check(scratch.root(), "main");
    // A base beside it: the branch starts where it is told.
    let base = printed(scratch.root(), &["rev-parse", "main"]);
    printed(scratch.root(), &["branch", "release", "main"]);
    scratch.write("more", "").commit("Third");
    let run = scratch.run(&["migrate", "--commit", "--base", "release"]).done();
    assert_eq!(told(&run)[0].1, "same");
    assert_eq!(printed(scratch.root(), &["rev-parse", &format!("{name}^")]), base);
}

/// Earlier versions gave branches a name with fewer digits.
#[test]
fn a_branch_of_an_earlier_version_is_kept() {
    let scratch = planned(&["a/Dockerfile"]);
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    let former = &name[..name.len() - 16];
    printed(scratch.root(), &["branch", "--move", &name, former]);
    let again = scratch.run(&["migrate", "--commit"]).done();
    assert_eq!(told(&again)[0].1, "same", "{again:?}");
    assert_eq!(branches(scratch.root()), [former]);
}

#[test]
fn a_wave_waits_until_the_earlier_one_is_in_the_base() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]);
    let wave_1 = ["migrate", "--wave", "1", "--commit"];
    scratch.run(&wave_1).refused(&["wave 0 is not finished", "merge", "--ahead-of-waves"]);
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    scratch.run(&wave_1).refused(&["wave 0 is not finished"]);
    // What is only in the working tree is not in the base.
    scratch.run(&["migrate", "--write"]).done();
    scratch.run(&wave_1).refused(&["wave 0 is not finished"]);
    printed(scratch.root(), &["checkout", "--quiet", "--", "a/Dockerfile"]);
    assert_eq!(told(&scratch.run(&[&wave_1[..], &["--ahead-of-waves"]].concat()).done()).len(), 2);
    printed(scratch.root(), &["merge", "--quiet", "--ff-only", &name]);
    let run = scratch.run(&["migrate", "--commit"]).done();
    let files: Vec<String> = told(&run).into_iter().map(|(.., file)| file).collect();
    assert_eq!(files, ["b/Dockerfile", "c/Dockerfile"]);
    let over = scratch.run(&["migrate", "a/Dockerfile", "--commit"]).done();
    assert!(over.stdout.is_empty() && over.stderr.contains("nothing to do"), "{over:?}");
}

#[test]
fn work_of_people_is_never_overwritten() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile"]);
    let root = scratch.root();
    let all = ["migrate", "a/Dockerfile", "b/Dockerfile", "--commit"];
    let names: Vec<String> = told(&scratch.run(&all).done()).into_iter().map(|(name, ..)| name).collect();
    let other = tempfile::tempdir().unwrap();
    let tree = other.path().join("tree");
    let at = |name: &str| printed(root, &["rev-parse", name]);
    let as_ann = ["-c", "user.name=Ann", "-c", "user.email=a@b.c"];
    let in_tree = |arguments: &[&str]| printed(&tree, &[&as_ann[..], arguments].concat());
    let more = || {
        fs::write(tree.join("more"), "mine").unwrap();
        in_tree(&["add", "more"]);
    };
    let changes: [(&str, &dyn Fn()); 4] = [
        ("a commit on top", &|| {
            more();
            in_tree(&["commit", "--quiet", "-m", "Mine"]);
        }),
        ("amended content", &|| {
            more();
            in_tree(&["commit", "--quiet", "--amend", "--no-edit"]);
        }),
        ("amended message", &|| {
            in_tree(&["commit", "--quiet", "--amend", "-m", "Mine"]);
        }),
        ("another parent", &|| {
            in_tree(&["reset", "--quiet", "--hard", "HEAD^"]);
            in_tree(&["commit", "--quiet", "--allow-empty", "-m", "Mine"]);
        }),
    ];
    for (what, change) in changes {
        printed(root, &["worktree", "add", "--quiet", tree.to_str().unwrap(), &names[0]]);
        change();
        printed(root, &["worktree", "remove", "--force", tree.to_str().unwrap()]);
        let (mine, others) = (at(&names[0]), at(&names[1]));
        // Only a stale branch would be moved: the amended message is right as it is.
        let text = format!("{}# {what}\n", linkable("x"));
        scratch.write("a/Dockerfile", &text).write("b/Dockerfile", &text).commit(what);
        scratch.save(&Base::new());
        let run = scratch.run(&all).refused(&[
            &names[0],
            "has commits by other people",
            &mine[..10],
            "git branch -m",
        ]);
        assert_eq!(told(&run)[0].2, "b/Dockerfile", "{what}: the other file goes on");
        assert_eq!(at(&names[0]), mine, "{what}");
        assert_ne!(at(&names[1]), others, "{what}");
        printed(root, &["branch", "--quiet", "-D", &names[0]]);
        scratch.run(&all).done();
    }
}

#[test]
fn a_branch_that_somebody_works_on_or_that_stands_in_the_way_is_told() {
    let scratch = planned(&["Dockerfile"]);
    let root = scratch.root();
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    printed(root, &["worktree", "add", "--quiet", tree.to_str().unwrap(), &name]);
    assert_eq!(told(&scratch.run(&["migrate", "--commit"]).done())[0].1, "same");
    scratch.write("Dockerfile", format!("{}RUN more\n", linkable("x"))).commit("Second");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--commit"]).refused(&[&name, "checked out in a working tree", "git switch"]);
    printed(root, &["worktree", "remove", "--force", tree.to_str().unwrap()]);
    printed(root, &["branch", "--quiet", "-D", &name]);
    for (way, back) in [("layerwright", "way-1"), ("layerwright/copy-link", "way-2")] {
        printed(root, &["branch", way]);
        let told = format!("the branch {way} stands in the way of {name}");
        scratch.run(&["migrate", "--commit"]).refused(&[&told, &format!("git branch -m {way} NAME")]);
        printed(root, &["branch", "-m", way, back]);
    }
    let below = format!("{name}/mine");
    printed(root, &["branch", &below]);
    for _ in 0..2 {
        scratch.run(&["migrate", "--commit"]).refused(&[&format!("the branch {below} stands in the way")]);
        printed(root, &["pack-refs", "--all"]);
    }
    printed(root, &["branch", "--quiet", "-D", &below]);
    scratch.run(&["migrate", "--commit"]).done();
    check(root, "main");
}

#[test]
fn a_stale_file_is_refused_alone() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "d/Dockerfile"]);
    scratch.write("b/Dockerfile", "FROM other\n").remove("c/Dockerfile").commit("Second");
    let files = ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "d/Dockerfile"];
    let run = scratch.run(&[&["migrate", "--commit"], &files[..]].concat()).refused(&[
        "b/Dockerfile has changed since the plan was made",
        "c/Dockerfile has changed since the plan was made: it is gone",
        "2 files without a branch; 2 done",
    ]);
    let done: Vec<String> = told(&run).into_iter().map(|(.., file)| file).collect();
    assert_eq!(done, ["a/Dockerfile", "d/Dockerfile"]);
    check(scratch.root(), "main");
}

#[test]
fn links_and_submodules_in_the_place_of_a_file_are_refused() {
    let scratch = planned(&["a/Dockerfile", "b/c/Dockerfile"]);
    scratch.remove("a/Dockerfile").write("real", linkable("x")).link("a/Dockerfile", "../real");
    scratch.commit("Second");
    let run = ["migrate", "--commit", "a/Dockerfile"];
    scratch.run(&run).refused(&["a/Dockerfile is a symbolic link to ../real", "plan --save"]);
    // A link is never planned itself.
    scratch.save(&Base::new());
    scratch.run(&run).failed(&["the plan has no file a/Dockerfile"]);
    // Nor is what lies in a submodule.
    let inner = planned(&["Dockerfile"]);
    let url = inner.root().to_str().unwrap();
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "--quiet", url, "sub"];
    printed(scratch.root(), &add);
    printed(
        scratch.root(),
        &["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "Third"],
    );
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--commit", "sub/Dockerfile"]).failed(&["the plan has no file sub/Dockerfile"]);
    scratch.run(&["migrate", "--commit", "b/c/Dockerfile"]).done();
    check(scratch.root(), "main");
}

#[test]
fn the_mode_is_kept_and_nothing_is_converted() {
    let scratch = Scratch::new();
    identify(&scratch);
    let crlf = linkable("x").replace('\n', "\r\n");
    scratch.write("a/Dockerfile", linkable("x")).chmod("a/Dockerfile", 0o755).write("a/x", "");
    scratch.write("b/Dockerfile", &crlf).write("b/x", "");
    scratch.commit("First");
    scratch.save(&Base::new());
    let mut config = scratch.git.config().unwrap();
    config.set_str("core.autocrlf", "true").unwrap();
    fs::write(scratch.root().join(".git/info/attributes"), "* text eol=crlf filter=evil\n").unwrap();
    config.set_str("filter.evil.clean", "touch filtered; cat").unwrap();
    let run = scratch.run(&["migrate", "--commit", "a/Dockerfile", "b/Dockerfile"]).done();
    let names: Vec<String> = told(&run).into_iter().map(|(name, ..)| name).collect();
    let stored = |spec: &str| git(scratch.root(), &["cat-file", "blob", spec]).stdout;
    let expected = format!("{HEADER}FROM base:1\nCOPY --link x /srv/x\n");
    assert_eq!(stored(&format!("{}:a/Dockerfile", names[0])), expected.as_bytes());
    assert_eq!(stored(&format!("{}:b/Dockerfile", names[1])), expected.replace('\n', "\r\n").as_bytes());
    let entry = printed(scratch.root(), &["ls-tree", &names[0], "a/Dockerfile"]);
    assert!(entry.starts_with("100755 blob "), "{entry}");
    assert!(!scratch.root().join("filtered").exists());
}

#[test]
fn no_hook_runs() {
    let scratch = planned(&["Dockerfile"]);
    let hooks = scratch.root().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["pre-commit", "commit-msg", "post-commit", "reference-transaction", "prepare-commit-msg"] {
        let script = format!("#!/bin/sh\ntouch '{}/ran'\nexit 1\n", hooks.display());
        scratch.write(&format!(".git/hooks/{hook}"), script).chmod(&format!(".git/hooks/{hook}"), 0o755);
    }
    scratch.run(&["migrate", "--commit"]).done();
    assert!(!hooks.join("ran").exists());
}

#[test]
fn odd_and_long_names_give_branches_that_git_takes() {
    let long = format!("{}Dockerfile", "a folder with a name of many letters/".repeat(9));
    assert!(long.len() > 300);
    let names = [
        "a/Dockerfile",
        "A/Dockerfile",
        "a b/Dockerfile",
        "\u{fc}n\u{ef}/Dockerfile",
        "-dash/Dockerfile",
        "x.lock/Dockerfile",
        "y/Dockerfile.lock",
        "a..b/Dockerfile",
        "@{u}/Dockerfile",
        "@/Dockerfile",
        "back\\slash/Dockerfile",
        "~^:?*[/Dockerfile",
        ".hidden/Dockerfile",
        "$(x)'\"/Dockerfile",
        "a-b/Dockerfile",
        "a/b/Dockerfile",
        "dot./Dockerfile",
        &long,
    ];
    let scratch = Scratch::new();
    identify(&scratch);
    scratch.write("layerwright.toml", "[files]\ninclude = [\"**/Dockerfile.lock\"]\n");
    for name in names {
        scratch.write(name, linkable("x")).write(&format!("{}/x", name.rsplit_once('/').unwrap().0), "");
    }
    scratch.commit("First");
    scratch.save(&Base::new());
    let mut arguments = vec!["migrate", "--commit", "--"];
    arguments.extend(names);
    let run = scratch.run(&arguments).done();
    let mut branches: Vec<String> = told(&run).into_iter().map(|(name, ..)| name.to_lowercase()).collect();
    branches.sort();
    branches.dedup();
    assert_eq!(branches.len(), names.len(), "also where capitals are small letters: {branches:#?}");
    check(scratch.root(), "main");
}

#[test]
fn who_commits_is_read_as_git_reads_it() {
    let scratch = Scratch::with(&[("Dockerfile", &linkable("x")), ("x", "")]);
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--commit"]).failed(&[
        "git does not know who commits",
        "git config user.name",
        "git config user.email",
    ]);
    assert_eq!(branches(scratch.root()), [""; 0]);
    let mut command = command(scratch.root());
    command.env("GIT_AUTHOR_NAME", "Bo").env("GIT_AUTHOR_EMAIL", "bo@example.com");
    command.env("GIT_COMMITTER_NAME", "Cy").env("GIT_COMMITTER_EMAIL", "cy@example.com");
    command.env("GIT_AUTHOR_DATE", "1234567890 +0200").env("GIT_COMMITTER_DATE", "1234567899 -0300");
    let run = Run::of(command.args(["migrate", "--commit"]).output().unwrap()).done();
    let shown = printed(
        scratch.root(),
        &["log", "-1", "--format=%an %ae %ad %cn %ce %cd", "--date=raw", &only(&run)],
    );
    assert_eq!(shown, "Bo bo@example.com 1234567890 +0200 Cy cy@example.com 1234567899 -0300\n");
}

#[test]
fn the_message_can_be_written_by_a_template() {
    let scratch = planned(&["Dockerfile"]);
    let with =
        |message: &str| scratch.write("layerwright.toml", format!("[migrate]\nmessage = {message:?}\n"));
    with("build: link {count} of {path} {{wave {wave}}}\n\nSee #1.\n\nSigned-off-by: Ann <a@b.c>\n");
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    let message = printed(scratch.root(), &["log", "-1", "--format=%B", &name]);
    assert!(
        message.starts_with("build: link 1 line of Dockerfile {wave 0}\n\nSee #1.\n\nSigned-off"),
        "{message}"
    );
    let trailers = printed(scratch.root(), &["log", "-1", "--format=%(trailers:only,keyonly)", &name]);
    assert_eq!(trailers.trim(), "Signed-off-by\nLayerwright");
    with("x {file}");
    scratch.run(&["migrate", "--commit"]).failed(&[
        "layerwright.toml:2",
        "unknown variable `{file}`",
        "{path}",
    ]);
}

#[test]
fn worktrees_sparse_checkouts_and_a_detached_head_work() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile"]);
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    printed(scratch.root(), &["worktree", "add", "--quiet", "-b", "other", tree.to_str().unwrap()]);
    fs::write(tree.join("a/more"), "").unwrap();
    let commit = ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "Second"];
    printed(&tree, &["add", "a/more"]);
    printed(&tree, &commit);
    let plan = scratch.root().join("plans/copy-link/plan.json");
    let plan = plan.to_str().unwrap();
    let name = only(&run(&tree, &["migrate", "a/Dockerfile", "--commit", "--plan", plan]).done());
    assert_eq!(printed(&tree, &["rev-parse", &format!("{name}^")]), printed(&tree, &["rev-parse", "other"]));
    assert_eq!(printed(&tree, &["status", "--porcelain"]), "");
    printed(&tree, &["sparse-checkout", "set", "a"]);
    assert!(!tree.join("b").exists());
    let name = only(&run(&tree, &["migrate", "b/Dockerfile", "--commit", "--plan", plan]).done());
    check(&tree, "other");
    assert!(!tree.join("b").exists() && name.contains("/b-Dockerfile-"), "{name}");
    printed(&tree, &["checkout", "--quiet", "--detach"]);
    printed(&tree, &["branch", "--quiet", "-D", &name]);
    assert_eq!(only(&run(&tree, &["migrate", "b/Dockerfile", "--commit", "--plan", plan]).done()), name);
}

#[test]
fn bare_shallow_and_partial_clones_work_as_far_as_they_have_the_files() {
    let scratch = planned(&["a/Dockerfile", "b/Dockerfile"]);
    scratch.write("more", "").commit("Second");
    printed(scratch.root(), &["config", "uploadpack.allowFilter", "true"]);
    let plan = scratch.root().join("plans/copy-link/plan.json");
    let url = format!("file://{}", scratch.root().display());
    let folder = tempfile::tempdir().unwrap();
    let clone = |how: &[&str], name: &str| {
        printed(folder.path(), &[&["clone", "--quiet"], how, &[&url, name]].concat());
        let at = folder.path().join(name);
        printed(&at, &["config", "user.name", "A"]);
        printed(&at, &["config", "user.email", "a@b.c"]);
        at
    };
    let arguments = ["migrate", "a/Dockerfile", "--commit", "--plan", plan.to_str().unwrap()];
    let bare = clone(&["--bare"], "bare");
    only(&run(&bare, &arguments).done());
    check(&bare, "main");
    // The plan's commit is not there; a plan that is made there will do.
    let shallow = clone(&["--depth", "1"], "shallow");
    run(&shallow, &arguments).refused(&["which is not in this repository"]);
    run(&shallow, &["plan", "--save", "--rootfs", &Base::new().argument()]).done();
    only(&run(&shallow, &["migrate", "a/Dockerfile", "--commit"]).done());
    check(&shallow, "main");
    let partial = clone(&["--filter=blob:none", "--no-checkout"], "partial");
    run(&partial, &arguments).failed(&["partial clone", "git fetch --refetch"]);
    printed(&partial, &["checkout", "--quiet"]);
    only(&run(&partial, &arguments).done());
}

#[test]
fn an_unborn_head_takes_a_base_and_what_is_no_sha_1_repository_is_told() {
    let scratch = planned(&["Dockerfile"]);
    printed(scratch.root(), &["symbolic-ref", "HEAD", "refs/heads/none"]);
    scratch.run(&["migrate", "--commit"]).failed(&["none", "no commit"]);
    let name = only(&scratch.run(&["migrate", "--commit", "--base", "main"]).done());
    check(scratch.root(), "main");
    printed(scratch.root(), &["branch", "--quiet", "-D", &name]);
    printed(scratch.root(), &["symbolic-ref", "HEAD", &format!("refs/heads/{name}")]);
    scratch.run(&["migrate", "--commit", "--base", "main"]).refused(&["checked out"]);
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["migrate", "--commit"]).failed(&["not in a git repository", "--write"]);
    printed(folder.path(), &["init", "--quiet", "--object-format=sha256"]);
    run(folder.path(), &["migrate", "--commit"]).failed(&["SHA-256", "use a SHA-1 clone"]);
}

#[test]
fn the_lock_of_a_killed_run_is_cleared_and_that_of_another_process_is_told() {
    let scratch = planned(&["Dockerfile"]);
    let name = only(&scratch.run(&["migrate", "--commit"]).done());
    let commit = printed(scratch.root(), &["rev-parse", &name]);
    printed(scratch.root(), &["branch", "--quiet", "-D", &name]);
    let lock = format!(".git/refs/heads/{name}.lock");
    let note = format!("refs/heads/{name}\n{commit}");
    for held in ["", &commit[..7], &commit] {
        scratch.write(&lock, held).write(".git/layerwright-writing", &note);
        scratch.run(&["migrate", "--commit"]).done();
        assert!(!scratch.root().join(&lock).exists());
        assert_eq!(branches(scratch.root()), std::slice::from_ref(&name));
        printed(scratch.root(), &["branch", "--quiet", "-D", &name]);
    }
    let other = "refs/heads/other\n".to_owned() + &commit;
    for (held, note) in [("1234567", note.as_str()), ("", ""), ("", "rubbish"), ("", &other)] {
        scratch.write(&lock, held).write(".git/layerwright-writing", note);
        scratch.run(&["migrate", "--commit"]).refused(&["is locked by", &lock, "remove that file"]);
        assert_eq!(scratch.text(&lock), held, "what may be another's stays");
    }
    scratch.remove(&lock);
    let journal = fs::File::open(scratch.root().join(".git/layerwright-writing")).unwrap();
    journal.lock().unwrap();
    scratch.run(&["migrate", "--commit"]).refused(&["another run makes branches", "wait for it"]);
    drop(journal);
    scratch.run(&["migrate", "--commit"]).done();
}
