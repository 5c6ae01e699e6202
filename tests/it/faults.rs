//! What goes wrong around the command: each fault has a message that names the place and the remedy, and nothing
//! is half done.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    BINARY, Base, Run, Scratch, command, files_below, git, is_root, left_out, linkable, run, run_with_input,
};

/// The user and group that stand for nobody in particular.
const NOBODY: &str = "65534";

fn refused_of(plan: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = plan["refused"].as_array().unwrap();
    rows.iter().map(|row| (text(&row["path"]), text(&row["reason"]))).collect()
}

/// Makes the command run as somebody whom permissions bind. None where root cannot become another user.
fn as_nobody(scratch: &Scratch) -> Option<Command> {
    if !is_root() {
        return Some(command(scratch.root()));
    }
    let owned =
        Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(scratch.root()).status();
    let copy = scratch.root().join(".git/layerwright");
    fs::copy(BINARY, &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
    let works = Command::new("setpriv").args(["--reuid", NOBODY, "true"]).status();
    if !(owned.is_ok_and(|status| status.success()) && works.is_ok_and(|status| status.success())) {
        return None;
    }
    command.arg(copy).current_dir(scratch.root()).env("HOME", "/nonexistent");
    Some(command)
}

#[test]
fn a_revision_needs_a_repository_and_a_repository_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM a\n").unwrap();
    run(folder.path(), &["plan", "--rev", "HEAD"]).failed(&["is not in a git repository", "git init"]);
    let empty = Scratch::new();
    empty.write("Dockerfile", "FROM a\n");
    empty.run(&["plan"]).failed(&["has no commit yet", "make the first one"]);
    empty.run(&["plan", "--rev", "main"]).failed(&["has no commit yet"]);
    empty.run(&["migrate", "--write"]).failed(&["has no commit yet"]);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let scratch = Scratch::new();
    scratch.write("latin/Dockerfile", b"FROM base:1\n# caf\xe9\nCOPY x /srv/x\n");
    scratch.write("nul/Dockerfile", b"FROM base:1\nCOPY x /srv/x\nRUN \0\n");
    scratch.write("huge/Dockerfile", vec![b'#'; 50 << 20]).write("good/Dockerfile", linkable("x"));
    scratch.write("good/x", "").commit("First");
    let plan = scratch.save(&Base::new());
    let rows = refused_of(&plan);
    let reason = |path: &str| &rows.iter().find(|row| row.0 == path).unwrap().1;
    assert!(reason("latin/Dockerfile").contains("line 2") && reason("latin/Dockerfile").contains("UTF-8"));
    assert!(reason("nul/Dockerfile").contains("NUL") && reason("nul/Dockerfile").contains("line 3"));
    assert!(reason("huge/Dockerfile").contains("52428800 bytes"));
    assert_eq!(rows.len(), 3);
    let before = files_below(scratch.root());
    scratch.run(&["migrate", "--write"]).done();
    let changed: Vec<_> =
        files_below(scratch.root()).into_iter().filter(|(path, text)| before[path] != *text).collect();
    assert_eq!(changed.len(), 1, "only the good one");
    scratch.run(&["migrate", "latin/Dockerfile", "--write"]).failed(&["no file latin/Dockerfile"]);
    for odd in ["latin", "nul", "huge"] {
        let path = format!("{odd}/Dockerfile");
        let inspected = scratch.run(&["inspect", &path, "--format", "json"]);
        assert_eq!(
            inspected.code,
            Some(if odd == "huge" { 2 } else { 0 }),
            "a file without FROM: {inspected:?}"
        );
        assert_eq!(inspected.json()["files"][0]["path"], json!(path));
    }
}

#[test]
fn links_and_other_paths_out_of_the_tree_are_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("Dockerfile"), linkable("x")).unwrap();
    fs::write(outside.path().join("x"), "").unwrap();
    let scratch = Scratch::with(&[("good/Dockerfile", &linkable("x")), ("good/x", "")]);
    scratch.link("out.Dockerfile", outside.path().join("Dockerfile").to_str().unwrap());
    scratch.link("folder", outside.path().to_str().unwrap()).commit("Second");
    let plan = scratch.plan(&["--rootfs", &Base::new().argument()]);
    assert_eq!(plan["files"].as_array().unwrap().len(), 1);
    assert_eq!(plan["left_out"], json!({"a link out of the repository": 1}));
    let list = format!(
        "../{0}/Dockerfile\n{1}/Dockerfile\nfolder/Dockerfile\nout.Dockerfile\n",
        "up",
        outside.path().display()
    );
    let listed =
        run_with_input(scratch.root(), &["plan", "--format", "json", "--list", "-"], list.as_bytes());
    let listed = listed.done().json();
    assert_eq!(listed["files"], json!([]));
    let refused = &listed["list"]["refused"];
    assert!(refused[0]["reason"].as_str().unwrap().starts_with("line 1: "), "{refused}");
    assert_eq!(listed["list"]["unusable"][0]["path"], json!("out.Dockerfile"));
    assert_eq!(listed["list"]["gone"][0]["path"], json!("folder/Dockerfile"));
}

/// A saved plan in which the path of the only file is another.
fn plan_with_path(scratch: &Scratch, path: &str) {
    let text = scratch.text("plans/copy-link/plan.json");
    scratch.write("plans/copy-link/plan.json", text.replace("\"good/Dockerfile\"", &json!(path).to_string()));
}

#[test]
fn a_plan_never_writes_outside_the_repository() {
    let parent = tempfile::tempdir().unwrap();
    let victim = parent.path().join("Dockerfile");
    let text = linkable("x");
    fs::write(&victim, &text).unwrap();
    let absolute = victim.to_str().unwrap();
    for path in
        ["../Dockerfile", absolute, "good/../../Dockerfile", ".git/Dockerfile", "/dev/zero", "a\u{1b}[2J"]
    {
        let scratch = Scratch::with(&[("good/Dockerfile", &text), ("good/x", "")]);
        scratch.save(&Base::new());
        plan_with_path(&scratch, path);
        let run = scratch.run(&["migrate", "--write"]).failed(&["in the plan:", "plan again with --save"]);
        assert!(!run.stderr.contains("\u{1b}[2J"), "control characters are not printed");
        assert_eq!(scratch.text("good/Dockerfile"), text);
    }
    let scratch = Scratch::with(&[("good/Dockerfile", &text), ("good/x", "")]);
    scratch.save(&Base::new());
    scratch.remove("good/Dockerfile").remove("good/x");
    fs::remove_dir(scratch.root().join("good")).unwrap();
    scratch.link("good", parent.path().to_str().unwrap());
    scratch.run(&["migrate", "--write"]).refused(&["good is a symbolic link"]);
    scratch.remove("good");
    fs::create_dir(scratch.root().join("good")).unwrap();
    scratch.link("good/Dockerfile", absolute);
    scratch.run(&["migrate", "--write"]).refused(&["good/Dockerfile is a symbolic link"]);
    assert_eq!(fs::read_to_string(&victim).unwrap(), text);
    assert_eq!(files_below(parent.path()).len(), 1, "no temporary file was left there either");
}

#[test]
fn a_plan_is_not_saved_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let scratch = Scratch::with(&[("Dockerfile", "FROM a\n")]);
    scratch.link("plans", outside.path().to_str().unwrap());
    scratch.run(&["plan", "--save"]).refused(&["plans is a symbolic link"]);
    assert_eq!(files_below(outside.path()).len(), 0);
    scratch.remove("plans").write("plans", "a file\n");
    scratch.run(&["plan", "--save"]).failed(&["plan.json cannot be written", "run the command again"]);
}

#[test]
fn a_plan_that_was_cut_off_is_told_with_its_place() {
    let scratch = Scratch::with(&[("good/Dockerfile", &linkable("x")), ("good/x", "")]);
    scratch.save(&Base::new());
    let whole = scratch.read("plans/copy-link/plan.json");
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        scratch.write("plans/copy-link/plan.json", &whole[..length]);
        scratch.run(&["migrate", "--write"]).failed(&[
            "plan.json:",
            "this is not a plan",
            "repair the file; or plan again without the decisions in it: layerwright plan --save --afresh",
        ]);
    }
    scratch.write("plans/copy-link/plan.json", b"\xff\xfe");
    scratch.run(&["migrate"]).failed(&["plan.json", "line 1", "plan again"]);
    assert_eq!(scratch.text("good/Dockerfile"), linkable("x"));
}

#[test]
fn what_took_the_place_of_a_file_is_not_read_and_not_written() {
    let (scratch, base) =
        (Scratch::with(&[("good/Dockerfile", &linkable("x")), ("good/x", "")]), Base::new());
    scratch.save(&base);
    scratch.remove("good/Dockerfile");
    scratch.run(&["migrate", "--write"]).refused(&["good/Dockerfile cannot be read"]);
    fs::create_dir(scratch.root().join("good/Dockerfile")).unwrap();
    scratch.run(&["migrate", "--write"]).refused(&["good/Dockerfile cannot be read", "not a regular file"]);
    fs::remove_dir(scratch.root().join("good/Dockerfile")).unwrap();
    if Command::new("mkfifo")
        .arg(scratch.root().join("good/Dockerfile"))
        .status()
        .is_ok_and(|made| made.success())
    {
        scratch
            .run(&["migrate", "--write"])
            .refused(&["good/Dockerfile cannot be read", "not a regular file"]);
        run(&scratch.root().join("good"), &["migrate"]).done();
    } else {
        left_out("a pipe in the place of a Dockerfile", "there is no mkfifo");
    }
}

#[test]
fn a_file_that_may_not_be_read_does_not_stop_the_others() {
    let scratch = Scratch::new();
    fs::remove_dir_all(scratch.root().join(".git")).unwrap();
    fs::create_dir(scratch.root().join(".git")).unwrap();
    scratch.write("a/Dockerfile", "FROM a\n").write("b/Dockerfile", "FROM b\n").chmod("a/Dockerfile", 0);
    let Some(mut command) = as_nobody(&scratch) else {
        return left_out("a file without permission", "root cannot become another user here");
    };
    let plan = Run::of(command.args(["plan", "--format", "json"]).output().unwrap()).done().json();
    assert_eq!(plan["files"].as_array().unwrap().len(), 1);
    let rows = refused_of(&plan);
    assert_eq!(rows[0].0, "a/Dockerfile");
    assert!(rows[0].1.contains("check its permissions"), "{rows:?}");
}

/// A repository with two waves in one: three files in three folders, all in wave 1 but the first.
fn wave_of_three() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("layerwright.toml", "[waves]\npoc = \"z/Dockerfile\"\n");
    for name in ["a", "b", "c", "z"] {
        scratch.write(&format!("{name}/Dockerfile"), linkable(name)).write(&format!("{name}/{name}"), name);
    }
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--wave", "0", "--write"]).done();
    scratch.commit("Wave 0");
    scratch
}

#[test]
fn a_write_that_fails_leaves_old_or_new_files_and_a_second_run_does_the_rest() {
    let whole = wave_of_three();
    whole.run(&["migrate", "--write"]).done();
    for at in ["a", "b", "c"] {
        let scratch = wave_of_three();
        scratch.chmod(at, 0o555);
        let Some(mut command) = as_nobody(&scratch) else {
            return left_out("a folder that cannot be written", "root cannot become another user here");
        };
        let failed = Run::of(command.args(["migrate", "--write"]).output().unwrap());
        failed.failed(&[&format!("{at}/Dockerfile cannot be written"), "run the command again"]);
        for name in ["a", "b", "c"] {
            let path = format!("{name}/Dockerfile");
            let expected = if name < at { whole.text(&path) } else { linkable(name) };
            assert_eq!(scratch.text(&path), expected, "{path} when {at} fails");
        }
        scratch.chmod(at, 0o755);
        Run::of(command.output().unwrap()).done();
        for name in ["a", "b", "c"] {
            let path = format!("{name}/Dockerfile");
            assert_eq!(scratch.text(&path), whole.text(&path));
            assert_eq!(
                fs::read_dir(scratch.root().join(name)).unwrap().count(),
                2,
                "no temporary file stays"
            );
        }
    }
}

/// Runs the command in a world where no file may grow beyond 512 or 1,024 bytes.
fn with_small_files(folder: &Path, arguments: &str) -> Run {
    let script = format!("ulimit -f 1; trap '' XFSZ; exec '{BINARY}' {arguments}");
    Run::of(Command::new("sh").current_dir(folder).env_clear().args(["-c", &script]).output().unwrap())
}

#[test]
fn a_disk_without_space_spoils_nothing() {
    let long = format!("{}{}", linkable("x"), "# a long comment that is kept\n".repeat(100));
    let scratch = Scratch::with(&[("good/Dockerfile", &long), ("good/x", "")]);
    scratch.save(&Base::new());
    let plan = scratch.read("plans/copy-link/plan.json");
    with_small_files(scratch.root(), "migrate --write")
        .failed(&["good/Dockerfile cannot be written", "free disk space"]);
    assert_eq!(scratch.text("good/Dockerfile"), long);
    assert_eq!(fs::read_dir(scratch.root().join("good")).unwrap().count(), 2);
    with_small_files(scratch.root(), "plan --save")
        .failed(&["plan.json cannot be written", "free disk space"]);
    assert_eq!(scratch.read("plans/copy-link/plan.json"), plan);
    assert_eq!(fs::read_dir(scratch.root().join("plans/copy-link")).unwrap().count(), 2);
    scratch.run(&["migrate", "--write"]).done();
    assert!(scratch.text("good/Dockerfile").contains("--link"));
}

/// A filesystem of its own for the folder `b`, in a mount namespace that ends with the script. It is filled to the
/// last page, so the file is there and nothing beside it can be written.
const FULL_DISK: &str = "set -e
mount -t tmpfs -o size=64k,mode=755 layerwright b || exit 77
cp full/Dockerfile b/Dockerfile
head -c 1m /dev/zero >b/filler 2>/dev/null || true
exit_code=0
\"$0\" migrate --write || exit_code=$?
cmp full/Dockerfile b/Dockerfile
ls -A b
rm b/filler
exit $exit_code";

#[test]
fn a_full_disk_in_the_middle_of_a_wave_spoils_nothing() {
    let scratch = wave_of_three();
    scratch.write("full/Dockerfile", linkable("b"));
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, BINARY]);
        Run::of(command.current_dir(scratch.root()).output().unwrap())
    };
    let Ok(unshare) = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output()
    else {
        return left_out("a full disk", "there is no unshare");
    };
    if !unshare.status.success() {
        return left_out("a full disk", "mounts are not allowed here");
    }
    let run = in_namespace(FULL_DISK);
    if run.code == Some(77) {
        return left_out("a full disk", "a tmpfs cannot be mounted here");
    }
    assert_eq!(
        run.stdout.lines().collect::<Vec<_>>(),
        ["Dockerfile", "filler"],
        "no temporary file: {run:?}"
    );
    run.failed(&[
        "b/Dockerfile cannot be written",
        "No space left",
        "free disk space",
        "run the command again",
    ]);
    assert!(scratch.text("a/Dockerfile").contains("--link"), "what came before is written");
    assert_eq!(scratch.text("c/Dockerfile"), linkable("c"), "what came after is not");
    scratch.run(&["migrate", "--write"]).done();
    assert!(
        scratch.text("b/Dockerfile").contains("--link") && scratch.text("c/Dockerfile").contains("--link")
    );
}

#[test]
fn a_full_standard_output_is_told_and_a_closed_one_is_no_error() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM a\n")]);
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = command(scratch.root());
        let told = Run::of(command.args(["plan", "--format", "json"]).stdout(full).output().unwrap());
        told.failed(&["standard output cannot be written"]);
    } else {
        left_out("a full standard output", "there is no /dev/full");
    }
    let script = format!("'{BINARY}' plan --format json | true");
    let closed = Command::new("sh").current_dir(scratch.root()).args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&closed.stderr), "");
}

#[test]
fn a_partial_clone_is_told_apart_from_a_broken_repository() {
    let scratch = Scratch::with(&[("a/Dockerfile", "FROM a\n"), ("b/Dockerfile", "FROM b\n")]);
    let config = git(scratch.root(), &["config", "uploadpack.allowFilter", "true"]);
    assert!(config.status.success());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", scratch.root().display());
    let arguments = ["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, "partial"];
    let cloned = git(folder.path(), &arguments);
    assert!(cloned.status.success(), "{}", String::from_utf8_lossy(&cloned.stderr));
    let partial = run(&folder.path().join("partial"), &["plan", "--format", "json"]).done().json();
    let rows = refused_of(&partial);
    assert_eq!(rows.len(), 2);
    assert!(rows[0].1.contains("partial clone") && rows[0].1.contains("git fetch --refetch"), "{rows:?}");
    let blob = git2::Oid::hash_object(git2::ObjectType::Blob, b"FROM a\n").unwrap().to_string();
    let object = scratch.root().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&object).unwrap();
    let broken = refused_of(&scratch.plan(&[]));
    assert_eq!(broken.len(), 1, "the other file is planned");
    assert!(broken[0].1.contains(&blob) && broken[0].1.contains("git fsck"), "{broken:?}");
    assert!(!broken[0].1.contains("partial"), "{broken:?}");
    fs::write(&object, "rubbish").unwrap();
    let damaged = refused_of(&scratch.plan(&[]));
    assert!(damaged[0].1.contains("cannot read the object"), "{damaged:?}");
}

#[test]
fn a_repository_of_somebody_else_is_not_trusted_blindly() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM a\n")]);
    fs::write(scratch.root().join(".git/HEAD"), "rubbish\n").unwrap();
    let told = scratch.run(&["plan"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("git"), "{told:?}");
}
