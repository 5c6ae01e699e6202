//! `verify` as it is run: on a real engine, and with clients that do what no engine does on demand.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::engine;
use crate::support::{Run, Scratch, Tar, command, left_out};

/// The root filesystem of `tiny:1`, as a tar.
pub fn tiny() -> &'static Path {
    static TINY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = TINY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let dockerfile = folder.path().join("Dockerfile");
        fs::write(&dockerfile, "FROM tiny:1\n").unwrap();
        let tar = engine::export(&dockerfile, folder.path(), &[]).unwrap();
        fs::write(folder.path().join("tiny.tar"), tar).unwrap();
        folder
    });
    Box::leak(folder.path().join("tiny.tar").into_boxed_path())
}

/// A repository, its plan, and a folder for what is temporary.
pub struct World {
    pub scratch: Scratch,
    temporary: tempfile::TempDir,
}

impl World {
    /// With these files and a plan that knows `tiny:1`.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let world = Self::of(Scratch::with(files));
        world.scratch.plan(&["--save", "--rootfs", &format!("tiny:1={}", tiny().display())]);
        world
    }

    /// Without a plan.
    pub fn of(scratch: Scratch) -> Self {
        Self { scratch, temporary: tempfile::tempdir().unwrap() }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.scratch.root());
        for name in ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"] {
            command.env(name, std::env::var_os(name).unwrap_or_default());
        }
        command.env("TMPDIR", self.temporary.path()).args(["verify", "--network=host"]).args(arguments);
        command
    }

    fn verify(&self, arguments: &[&str]) -> Run {
        let run = engine::one_of_few(|| Run::of(self.command(arguments).output().unwrap()));
        self.assert_clean();
        run
    }

    /// With the builder's own frontend: the engine of tests pulls none.
    pub fn builtin(&self, arguments: &[&str]) -> Run {
        self.verify(&[&["--frontend=builtin"], arguments].concat())
    }

    #[track_caller]
    fn assert_clean(&self) {
        let left: Vec<PathBuf> =
            fs::read_dir(self.temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [""; 0].map(PathBuf::from), "temporary files are left");
    }

    /// The evidence in its folder, by path.
    pub fn evidence(&self) -> BTreeMap<String, Value> {
        evidence_in(&self.scratch.local_evidence())
    }
}

fn evidence_in(folder: &Path) -> BTreeMap<String, Value> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let read = |path: PathBuf| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let all = entries.map(|entry| read(entry.unwrap().path()));
    all.map(|evidence| (evidence["path"].as_str().unwrap().to_owned(), evidence)).collect()
}

/// The files of what `--format json` prints, by path.
fn printed(run: &Run) -> BTreeMap<String, Value> {
    let json = run.json();
    assert_eq!(json["schema"], 1);
    let files = json["files"].as_array().unwrap().iter();
    files.map(|file| (file["path"].as_str().unwrap().to_owned(), file.clone())).collect()
}

/// A file with one line that may be linked.
const PLAIN: &str = "FROM tiny:1\nCOPY x /usr/local/lib/x\n";
/// A waiver that selects a line which would change `/root`.
const WAIVER: &str = "[[waivers]]\nrule = \"ancestor-mode\"\npath = \"/root\"\nreason = \"nobody minds\"\n";

#[test]
fn what_is_the_same_and_what_differs_is_written_as_evidence() {
    if !engine::is_there("verify") {
        return;
    }
    let world = World::new(&[
        ("a/Dockerfile", PLAIN),
        ("a/x", "x"),
        ("b/Dockerfile", "FROM tiny:1\nWORKDIR /root\nCOPY x ./y\n"),
        ("b/x", "x"),
        ("c/Dockerfile", PLAIN),
        ("c/x", "x"),
        ("layerwright.toml", WAIVER),
    ]);
    let run = world.builtin(&["a/Dockerfile", "b/Dockerfile", "--format=json"]).done();
    assert!(run.stderr.starts_with("verify executes the instructions of the files"), "{}", run.stderr);
    assert_eq!(printed(&run), world.evidence());
    let evidence = world.evidence();
    let (same, different) = (&evidence["a/Dockerfile"], &evidence["b/Dockerfile"]);
    assert_eq!((&same["outcome"], &different["outcome"]), (&"same".into(), &"different".into()));
    let build = &same["builds"][0];
    assert_eq!(build["context"], "a");
    assert_eq!(build["frontend"], "builtin");
    assert!(build["assumptions"][0].as_str().unwrap().contains("docker/dockerfile:1"), "{build}");
    let site = &build["sites"][0];
    assert_eq!((&site["line"], &site["reached"]), (&2.into(), &"linked".into()));
    assert_eq!(site["compared"]["outcome"], "same", "{build}");
    assert!(build["bases"]["tiny:1"].as_str().unwrap().starts_with("sha256:"), "{build}");
    assert!(build["platform"].as_str().unwrap().starts_with("linux/"), "{build}");
    let found = &different["builds"][0]["differences"];
    let expected = serde_json::json!([{
        "path": "/root", "aspect": "mode", "before": "0700", "after": "0755",
        "cause": { "kind": "rule", "rule": "ancestor-mode", "line": 3, "accepted": true },
    }]);
    assert_eq!(*found, expected);

    world.scratch.write("a/Dockerfile", "FROM tiny:1\nCOPY x /usr/local/lib/other\n").commit("Change");
    let run = world.builtin(&["a/Dockerfile", "c/Dockerfile"]).refused(&["a/Dockerfile", "plan again"]);
    assert!(run.stdout.contains("1 file: 1 same"), "the other file is verified: {run:#?}");
    assert_eq!(world.evidence()["c/Dockerfile"]["outcome"], "same");
}

#[test]
fn a_frontend_that_can_not_be_pulled_shows_nothing_and_says_what_to_do() {
    if !engine::is_there("verify with the header's frontend") {
        return;
    }
    let header = format!("# syntax=docker/dockerfile:1\n{PLAIN}");
    let world = World::new(&[("Dockerfile", PLAIN), ("b.Dockerfile", &header), ("x", "x")]);
    world.builtin(&["Dockerfile"]).done();
    let run = world.verify(&["Dockerfile", "b.Dockerfile"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stdout.contains("docker/dockerfile:1 cannot be loaded"), "{run:#?}");
    assert!(run.stdout.contains("frontend = \"builtin\""), "{run:#?}");
    let evidence = world.evidence();
    assert_eq!(evidence["Dockerfile"]["outcome"], "same", "what shows something stays");
    assert_eq!(evidence["b.Dockerfile"]["outcome"], "void");
}

#[test]
fn what_does_not_build_is_blocked_and_what_takes_too_long_is_put_off() {
    if !engine::is_there("verify of what does not build") {
        return;
    }
    let broken = format!("{PLAIN}RUN echo why it fails && exit 3\n");
    let secret = format!("{PLAIN}RUN --mount=type=secret,id=npmrc,required=true true\n");
    let slow = format!("{PLAIN}RUN sleep 1000\n");
    let files = [
        ("broken.Dockerfile", broken.as_str()),
        ("secret.Dockerfile", &secret),
        ("slow.Dockerfile", &slow),
        ("made.Dockerfile", PLAIN),
        ("x", "x"),
        (
            "layerwright.toml",
            "[verify]\nbudget = '30s'\n[build.'made.Dockerfile']\nprepare = ['echo before', 'echo no >&2; exit 4']\n",
        ),
    ];
    let world = World::new(&files);
    let all: Vec<&str> = files[..4].iter().map(|(path, _)| *path).collect();
    world.builtin(&[&["--depth=full"], &all[..]].concat()).done();
    let evidence = world.evidence();
    let said = |path: &str| {
        let one = &evidence[path];
        (one["outcome"].as_str().unwrap(), one["reason"].as_str().unwrap())
    };
    let (outcome, reason) = said("broken.Dockerfile");
    assert_eq!(outcome, "blocked");
    assert!(reason.contains("why it fails") && reason.contains("RUN echo"), "{reason}");
    let (outcome, reason) = said("secret.Dockerfile");
    assert!(outcome == "blocked" && reason.starts_with("needs secret npmrc"), "{outcome} {reason}");
    let (outcome, reason) = said("slow.Dockerfile");
    assert!(outcome == "deferred" && reason.contains("budget"), "{outcome} {reason}");
    let (outcome, reason) = said("made.Dockerfile");
    assert!(
        outcome == "blocked" && reason.contains("exit 4") && reason.ends_with("\nno"),
        "{outcome} {reason}"
    );
    let strict = world.builtin(&["secret.Dockerfile", "--strict"]);
    assert_eq!(strict.code, Some(1), "{strict:#?}");
    let with_secret = world.builtin(&["secret.Dockerfile", "--secret=id=npmrc,src=x", "--strict"]);
    assert_eq!(with_secret.code, Some(0), "{with_secret:#?}");
}

#[test]
fn each_way_is_built_as_the_repository_says() {
    if !engine::is_there("verify of targets, arguments and contexts") {
        return;
    }
    let stages = "FROM tiny:1 AS app\nCOPY x /usr/local/lib/x\nFROM tiny:1\nCOPY x /usr/local/lib/y\n\
                  ONBUILD COPY x /usr/local/lib/z\n";
    let given = "FROM tiny:1\nARG WHERE\nCOPY --from=assets f /usr/local/lib/$WHERE\nCOPY made /usr/local/lib/made\n\
                 COPY . /usr/local/lib/all/\n";
    let world = World::new(&[
        ("stages.Dockerfile", stages),
        ("given.Dockerfile", given),
        ("given.Dockerfile.dockerignore", "secret\n"),
        ("secret", "s"),
        ("assets/f", "f"),
        // Of the same step in two builds at once, BuildKit tells both by the name that one of them has for it.
        ("x", "of these stages alone"),
        (
            "layerwright.toml",
            "[build.'stages.Dockerfile']\ntarget = 'app'\ncontext = '.'\n\
             [build.'given.Dockerfile']\ncontext = '.'\nargs = { WHERE = 'here' }\ncontexts = { assets = 'assets' }\n\
             prepare = ['echo made > made']\n\
             smoke = ['test -f /usr/local/lib/here && ! test -e /usr/local/lib/all/secret']\n",
        ),
    ]);
    let run = world.builtin(&["stages.Dockerfile", "given.Dockerfile"]).done();
    assert!(run.stderr.contains("preparing (echo made > made)"), "{}", run.stderr);
    let evidence = world.evidence();
    let builds = evidence["stages.Dockerfile"]["builds"].as_array().unwrap();
    let reached = |build: &Value| -> Vec<(u64, String)> {
        let sites = build["sites"].as_array().unwrap().iter();
        sites
            .map(|site| (site["line"].as_u64().unwrap(), site["reached"].as_str().unwrap().to_owned()))
            .collect()
    };
    let line = |line, reached: &str| (line, reached.to_owned());
    assert_eq!(builds[0]["target"], "app");
    assert_eq!(reached(&builds[0])[..2], [line(2, "linked"), line(4, "not-exercised")]);
    // The last stage, which the target does not need, has no name of its own.
    assert_eq!(builds[1]["target"], "layerwright-1");
    assert_eq!(reached(&builds[1])[..2], [line(2, "not-exercised"), line(4, "linked")]);
    assert!(builds.iter().all(|build| build["outcome"] == "same"), "{builds:#?}");
    for (build, expected) in builds.iter().zip(["not-exercised", "linked"]) {
        let onbuild = reached(build).into_iter().find(|(line, _)| *line == 5);
        assert!(onbuild.is_none_or(|(_, reached)| reached == expected), "{build:#}");
    }
    let given = &evidence["given.Dockerfile"]["builds"][0];
    assert_eq!(given["outcome"], "same", "{given:#}");
    assert_eq!(given["build_args"], serde_json::json!({ "WHERE": "here" }));
    assert_eq!(given["contexts"], serde_json::json!({ "assets": "assets" }));
    assert!(reached(given).iter().all(|(_, reached)| reached == "linked"), "{given:#}");
}

/// A base that another target builds, with a stage that a third one gives, and a file that starts from it.
const BAKE: &str = "target \"default\" {\n  context = \"app\"\n  contexts = { jdk = \"target:java\" }\n}\n\
    target \"java\" {\n  context = \"java\"\n  target = \"end\"\n  args = { WHERE = \"lib\" }\n  \
    contexts = { deep = \"target:deep\" }\n}\n\
    target \"deep\" {\n  context = \"deep\"\n}\n";
const JAVA: &str = "FROM tiny:1 AS end\nARG WHERE\nCOPY --from=deep d /usr/local/$WHERE/d\nENV AT=/usr/local/lib\n\
    FROM scratch\n";
const APP: &str = "FROM jdk\nCOPY x $AT/x\nCOPY --from=jdk /usr/local/lib/d /usr/local/lib/e\n";

fn needing(java: &str) -> World {
    World::new(&[
        ("docker-bake.hcl", BAKE),
        ("deep/Dockerfile", "FROM scratch\nCOPY d /d\n"),
        ("deep/d", "deep"),
        ("java/Dockerfile", java),
        ("app/Dockerfile", APP),
        ("app/x", "x"),
        ("layerwright.toml", "[build.'app/Dockerfile']\nsmoke = ['grep -qx deep /usr/local/lib/e']\n"),
    ])
}

#[test]
fn the_builds_whose_results_are_needed_are_built_first() {
    if !engine::is_there("verify of the results of other builds") {
        return;
    }
    let world = needing(JAVA);
    world.builtin(&["app/Dockerfile", "--depth=full"]).done();
    let evidence = world.evidence();
    let [build] = evidence["app/Dockerfile"]["builds"].as_array().unwrap().as_slice() else {
        panic!("{evidence:#?}")
    };
    assert_eq!(build["outcome"], "same", "{build:#}");
    assert_eq!(build["contexts"], serde_json::json!({ "jdk": "target:java" }));
    let sites = build["sites"].as_array().unwrap();
    assert!(sites.len() == 2 && sites.iter().all(|site| site["reached"] == "linked"), "{build:#}");
    assert_eq!(build["smoke"][0]["agrees"], true, "{build:#}");
    assert!(build["bases"].as_object().unwrap().contains_key("tiny:1"), "{build:#}");
    let state = || {
        let status = world.scratch.run(&["status", "--offline", "--format=json"]).done().json();
        let waves = status["waves"].as_array().unwrap().clone();
        let mut files = waves.iter().flat_map(|wave| wave["files"].as_array().unwrap().clone());
        files.find(|file| file["path"] == "app/Dockerfile").unwrap()["evidence"]["stale"].clone()
    };
    assert_eq!(state(), serde_json::json!([]));
    world.scratch.write("deep/d", "other");
    world.scratch.commit("Change what the base copies");
    assert_eq!(state(), serde_json::json!(["context"]));
}

#[test]
fn a_file_whose_base_does_not_build_is_blocked() {
    if !engine::is_there("verify of a base that does not build") {
        return;
    }
    let world = needing(&JAVA.replace("ENV", "RUN false\nENV"));
    world.builtin(&["app/Dockerfile"]).done();
    let evidence = world.evidence();
    let app = &evidence["app/Dockerfile"];
    assert_eq!(app["outcome"], "blocked");
    let reason = app["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the named context jdk, built from java/Dockerfile: the build failed at "),
        "{reason}"
    );
}

/// What does not differ from run to run.
fn lasting(mut evidence: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for one in evidence.values_mut() {
        one["figures"] = Value::Null;
    }
    evidence
}

#[test]
fn shards_give_the_evidence_of_the_whole() {
    const FILES: usize = 60;
    if !engine::is_there("verify in shards") {
        return;
    }
    let mut files: Vec<(String, String)> = (0..FILES)
        .map(|at| (format!("s/{at}.Dockerfile"), format!("FROM tiny:1\nCOPY x /usr/local/lib/{at}\n")))
        .collect();
    files.push(("s/x".into(), "x".into()));
    files.push(("layerwright.toml".into(), format!("[waves]\nsizes = [{FILES}]\n")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let world = World::new(&files);
    let wave = ["--wave=1", "--depth=line"];
    world.builtin(&[&wave[..], &["--jobs=2"]].concat()).done();
    let whole = lasting(world.evidence());
    assert_eq!(whole.len(), FILES - 1, "all but the proof of concept");
    assert!(whole.values().all(|one| one["outcome"] == "same"));
    let (out, mut parts) = (tempfile::tempdir().unwrap(), BTreeMap::new());
    for shard in ["1/4", "2/4", "3/4", "4/4"] {
        let folder = out.path().join(&shard[..1]);
        let places = [&format!("--shard={shard}"), &format!("--out={}", folder.display())];
        world.builtin(&[&wave[..], &places.map(String::as_str)].concat()).done();
        let part = lasting(evidence_in(&folder));
        assert!((14..=15).contains(&part.len()), "{}", part.len());
        parts.extend(part);
    }
    assert_eq!(parts, whole, "the shards together are the whole");
}

#[test]
fn the_matrix_of_a_workflow_names_every_shard_and_builds_nothing() {
    let files: Vec<(String, String)> = (0..10)
        .map(|at| (format!("{at}.Dockerfile"), "FROM scratch\nCOPY x /x\nCOPY x /y\n".into()))
        .collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("x", "x"));
    let scratch = Scratch::with(&files);
    scratch.run(&["verify"]).failed(&["there is no plan yet", "layerwright plan --save"]);
    scratch.plan(&["--save"]);
    let matrix = scratch.run(&["verify", "--wave=2", "--format=github-matrix"]).done().json();
    assert_eq!(matrix, serde_json::json!({ "include": [{ "shard": "1/2" }, { "shard": "2/2" }] }));
    let none = scratch.run(&["verify", "--wave=0", "--shard=2/2"]).done();
    assert!(none.stderr.contains("nothing to verify"), "{}", none.stderr);
    scratch.run(&["verify", "--shard=3/2"]).failed(&["--shard", "1/4"]);
    scratch.run(&["verify", "--wave=9"]).failed(&["the plan has no wave 9"]);
}

#[test]
fn a_plain_build_that_would_not_link_is_told() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM scratch\nCOPY x /x\n"), ("x", "x")]);
    scratch.plan(&["--save"]);
    let verify = |setting: &str| {
        let mut command = command(scratch.root());
        command.args(["verify", "--shard=2/2"]).env("DOCKER_BUILDKIT", setting);
        Run::of(command.output().unwrap()).done().stderr
    };
    assert!(verify("0").contains("DOCKER_BUILDKIT turns BuildKit off"), "{}", verify("0"));
    assert!(!verify("1").contains("DOCKER_BUILDKIT"), "{}", verify("1"));
}

#[test]
fn two_at_once_are_refused_and_an_interrupted_one_leaves_nothing() {
    if !engine::is_there("verify interrupted") {
        return;
    }
    let world = World::new(&[("Dockerfile", &format!("{PLAIN}RUN sleep 100\n")), ("x", "x")]);
    let mut first = world.command(&["--frontend=builtin"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("building the original") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before it built");
    }
    let second = Run::of(world.command(&["--frontend=builtin"]).output().unwrap());
    second.failed(&["another verification of this repository is running"]);
    let killed = Command::new("kill").args(["-INT", &first.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("interrupted"), "{rest}");
    world.assert_clean();
    assert!(world.evidence().is_empty());
}

#[test]
fn a_context_is_never_what_it_was_before() {
    if !engine::is_there("a context is never what it was before") {
        return;
    }
    // The same length, and in the exported context the same time and the same mode.
    let dockerfile = |word: &str| format!("FROM tiny:1\nCOPY x /b/x\nRUN grep -q {word} /b/x\n");
    for root in [".", "service"] {
        let world = World::of(Scratch::new());
        let file = |name: &str| Path::new(root).join(name).display().to_string();
        for word in ["first", "other"] {
            world.scratch.write(&file("Dockerfile"), dockerfile(word));
            world.scratch.write(&file("x"), word);
            world.scratch.commit(word);
            world.scratch.plan(&["--save", "--rootfs", &format!("tiny:1={}", tiny().display())]);
            let run = world.builtin(&["--depth=line", "--format=json"]).done();
            let evidence = printed(&run)[file("Dockerfile").trim_start_matches("./")].clone();
            assert_eq!(evidence["outcome"], "same", "{word}: {evidence}");
        }
    }
}

#[test]
fn what_is_kept_can_be_built_again() {
    if !engine::is_there("verify --keep") {
        return;
    }
    let world = World::new(&[("a/Dockerfile", PLAIN), ("a/x", "x")]);
    let kept = engine::one_of_few(|| world.command(&["--frontend=builtin", "--keep"]).output().unwrap());
    let run = Run::of(kept).done();
    let line = run.stderr.lines().find(|line| line.contains(": kept ")).expect("it says where");
    let paths: Vec<&str> = line.split([' ', ',']).filter(|word| word.starts_with('/')).collect();
    let [context, before, after] = paths[..] else { panic!("{line}") };
    assert_eq!(fs::read_to_string(Path::new(context).join("x")).unwrap(), "x");
    assert!(fs::read_to_string(before).unwrap().contains("\nCOPY x"));
    assert!(fs::read_to_string(after).unwrap().contains("\nCOPY --link x"));
    engine::export(Path::new(after), Path::new(context), &[]).unwrap();
}

/// What may be wrong with the layer of an export.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damage {
    Nothing,
    /// It has the name of another.
    Name,
    /// Its end is missing.
    Cut,
}

/// An image layout of one layer with one file, as a tar.
fn layout(damage: Damage) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let hex = |bytes: &[u8]| {
        let digest = layerwright::verify::image::Digest(Sha256::digest(bytes).into()).to_string();
        digest.trim_start_matches("sha256:").to_owned()
    };
    let layer = Tar::new().file("x", 0o644, b"x").bytes();
    let digest = if damage == Damage::Name { hex(b"another") } else { hex(&layer) };
    let written = if damage == Damage::Cut { &layer[..512 + 100] } else { &layer };
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))] },
    });
    let config = config.to_string();
    let of = |media: &str, digest: &str, size: usize| {
        serde_json::json!({
            "mediaType": format!("application/vnd.oci.image.{media}"), "digest": format!("sha256:{digest}"), "size": size,
        })
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2, "config": of("config.v1+json", &hex(config.as_bytes()), config.len()),
        "layers": [of("layer.v1.tar", &digest, layer.len())],
    });
    let manifest = manifest.to_string();
    let index = serde_json::json!({
        "schemaVersion": 2,
        "manifests": [of("manifest.v1+json", &hex(manifest.as_bytes()), manifest.len())],
    });
    let mut tar = Tar::new();
    tar.file("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#);
    tar.file("index.json", 0o644, index.to_string().as_bytes());
    for (name, bytes) in [
        (digest.as_str(), written),
        (&hex(config.as_bytes()), config.as_bytes()),
        (&hex(manifest.as_bytes()), manifest.as_bytes()),
    ] {
        tar.file(&format!("blobs/sha256/{name}"), 0o644, bytes);
    }
    tar.bytes()
}

/// A repository with a client that links, and exports these bytes whatever it builds.
fn with_client(export: &[u8]) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::with(&[("Dockerfile", "FROM scratch\nCOPY x /a\nCOPY x /b/x\n"), ("x", "x")]);
    scratch.plan(&["--save"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("export"), export).unwrap();
    let docker = folder.path().join("docker");
    let script = format!(
        "#!/bin/sh\ncase \"$1 $2\" in\n\
         'buildx version') echo github.com/docker/buildx v0.29.1 abc;;\n\
         'buildx inspect') printf 'Name: fake\\nDriver: remote\\n\\nNodes:\\nStatus: running\\n';;\n\
         'buildx build') case \"$*\" in\n\
         *type=cacheonly*) echo '{{\"vertexes\":[{{\"digest\":\"sha256:1\",\"name\":\"[linked 2/2] LINK COPY probe /a/b\",\
         \"started\":\"2026-01-01T00:00:00Z\",\"completed\":\"2026-01-01T00:00:00Z\"}}]}}' >&2;;\n\
         *) all=\"$*\"; to=\"${{all#*\\\"dest=}}\"\n\
         tar --skip-old-files -xf '{}' -C \"${{to%%\\\"*}}\";;\nesac;;\nesac\n",
        folder.path().join("export").display()
    );
    fs::write(&docker, script).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    // A file that another thread's child still has open for writing cannot be run.
    while Command::new(&docker).output().is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    (scratch, folder)
}

fn verify_with(scratch: &Scratch, client: &Path) -> Run {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = command(scratch.root());
    command.env("PATH", format!("{}:{path}", client.display())).env("TMPDIR", client.join("tmp"));
    fs::create_dir_all(client.join("tmp")).unwrap();
    let run = Run::of(command.args(["verify", "--depth=full", "--format=json"]).output().unwrap());
    assert_eq!(fs::read_dir(client.join("tmp")).unwrap().count(), 0, "nothing temporary is left");
    run
}

#[test]
fn an_export_that_is_damaged_shows_nothing() {
    let reason = |export: &[u8]| {
        let (scratch, client) = with_client(export);
        let run = verify_with(&scratch, client.path());
        let one = printed(&run)["Dockerfile"].clone();
        (run.code, one["outcome"].clone(), one["reason"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(reason(&layout(Damage::Nothing)), (Some(0), "same".into(), String::new()));
    let (code, outcome, why) = reason(&layout(Damage::Name));
    assert_eq!((code, outcome), (Some(2), "void".into()));
    assert!(why.contains("the export is damaged") && why.contains("has the digest"), "{why}");
    let (code, outcome, why) = reason(&layout(Damage::Cut));
    assert_eq!((code, outcome), (Some(2), "void".into()));
    assert!(why.contains("the export is damaged"), "{why}");
    let (code, outcome, why) = reason(&Tar::new().file("oci-layout", 0o644, b"{}").bytes());
    assert_eq!((code, outcome), (Some(2), "void".into()));
    assert!(why.contains("index.json is missing in the export"), "{why}");
}

#[test]
fn a_missing_client_is_named() {
    let (scratch, client) = with_client(b"");
    fs::remove_file(client.path().join("docker")).unwrap();
    let mut command = command(scratch.root());
    let run = Run::of(
        command.env("PATH", client.path()).env("TMPDIR", client.path()).arg("verify").output().unwrap(),
    );
    run.failed(&["`docker` cannot be run", "install Docker"]);
}

#[test]
fn a_full_disk_is_told_before_anything_is_built() {
    let (scratch, client) = with_client(&layout(Damage::Nothing));
    let disk = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(disk.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        left_out("a full disk", "this user may not mount one");
        return;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = command(scratch.root());
    command.env("PATH", format!("{}:{path}", client.path().display())).env("TMPDIR", disk.path());
    let run = Run::of(command.arg("verify").output().unwrap());
    let left = fs::read_dir(disk.path()).unwrap().count();
    let unmounted = Command::new("umount").arg(disk.path()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(left, 0, "nothing is left on it");
    let disk = disk.path().display().to_string();
    run.failed(&[&disk, "65.5 kB free", "TMPDIR"]);
}
