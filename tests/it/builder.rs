//! The builder that drives `docker buildx`, on a real engine and on clients that do what they should not.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bstr::ByteSlice;
use layerwright::campaign::evidence::Reached;
use layerwright::dockerfile::{Dockerfile, Stages};
use layerwright::verify::builder::buildx::{DockerBuildx, Options};
use layerwright::verify::builder::{BuildError, Builder, Built, Interrupt, Output, Request};
use layerwright::verify::image::{Image, Layers};
use layerwright::verify::probe::{Probe, Probed, Probes};
use layerwright::verify::variant_builds::{Exports, Workbench};
use layerwright::verify::vertices::reached;

use crate::engine;
use crate::support::{left_out, say};

/// A client and a context.
struct World {
    folder: tempfile::TempDir,
    docker: PathBuf,
    interrupt: Interrupt,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("context")).unwrap();
        // What no cache knows.
        fs::write(folder.path().join("context/f"), folder.path().as_os_str().as_encoded_bytes()).unwrap();
        Self { folder, docker: "docker".into(), interrupt: Interrupt::new() }
    }

    /// With a script in place of the client.
    fn with(script: &str) -> Self {
        let mut world = Self::new();
        world.docker = world.folder.path().join("docker");
        fs::write(&world.docker, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&world.docker, fs::Permissions::from_mode(0o755)).unwrap();
        // A file that another thread's child still has open for writing cannot be run.
        while Command::new(&world.docker).arg("--warm-up").output().is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        world
    }

    /// With a client that builds as `build` says.
    fn that_builds(build: &str) -> Self {
        Self::with(&format!(
            "case \"$1 $2\" in\n\
             'buildx version') echo github.com/docker/buildx v0.29.1 abc;;\n\
             'buildx inspect') printf 'Name: fake\\nDriver: remote\\n\\nNodes:\\nStatus: running\\n';;\n\
             'buildx build') {build};;\n\
             esac\n"
        ))
    }

    /// With a client that says this of its builder.
    fn that_is(said: &str) -> Self {
        Self::with(&format!(
            "case \"$1 $2\" in\n\
             'buildx version') echo github.com/docker/buildx v0.29.1 abc;;\n\
             *) printf '{said}';;\n\
             esac\n"
        ))
    }

    fn builder(&self) -> DockerBuildx {
        let interrupt = self.interrupt.clone();
        DockerBuildx::new(Options { docker: self.docker.clone(), builder: None, interrupt })
    }

    fn request(&self, dockerfile: &str, output: Output) -> Request {
        Request {
            passed: vec!["--network=host".into()],
            output,
            ..Request::new(
                dockerfile,
                engine::own_name(self.folder.path(), &self.folder.path().join("context")),
            )
        }
    }

    fn build(&self, dockerfile: &str) -> Result<Built, BuildError> {
        let request = self.request(dockerfile, Output::Nothing);
        self.builder().build(&request, &|_| {})
    }

    fn fails(&self, dockerfile: &str) -> BuildError {
        self.build(dockerfile).unwrap_err()
    }
}

/// Whether an error is of a kind, and what it says.
macro_rules! assert_error {
    ($error:expr, $kind:pat, $($says:literal),+) => {{
        let error = $error;
        assert!(matches!(error, $kind), "{error:?}");
        $(assert!(error.to_string().contains($says), "{error}");)+
    }};
}

/// The processes whose command line holds a text.
fn processes(text: &str) -> Vec<String> {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let all = all.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    all.filter(|line| line.contains(text)).collect()
}

/// Waits until something is so.
fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_docker() {
    let mut world = World::new();
    world.docker = world.folder.path().join("nothing");
    assert_error!(world.fails("FROM scratch\n"), BuildError::NoDocker(_), "install Docker");
}

#[test]
fn no_buildx() {
    let world = World::with("echo \"docker: unknown command: docker $1\" >&2; exit 1\n");
    let error = world.fails("FROM scratch\n");
    assert_error!(
        error,
        BuildError::NoBuildx { .. },
        "unknown command: docker buildx",
        "install the buildx plugin"
    );
}

#[test]
fn no_engine() {
    let world = World::that_is(
        "Name: default\\nDriver: \\nError: Cannot connect to the Docker daemon\\n\\nNodes:\\n",
    );
    let error = world.fails("FROM scratch\n");
    assert_error!(
        error,
        BuildError::NoBuilder { .. },
        "Cannot connect to the Docker daemon",
        "docker buildx ls"
    );
}

#[test]
fn a_builder_that_exports_no_layouts() {
    let world = World::that_is(
        "Name: old\\nDriver: docker-container\\n\\nNodes:\\nStatus: running\\nBuildKit version: v0.10.6\\n",
    );
    let error = world.fails("FROM scratch\n");
    assert_error!(
        error,
        BuildError::NoBuilder { .. },
        "BuildKit v0.10.6",
        "update it to 0.11",
        "docker buildx ls"
    );
}

#[test]
fn a_client_that_does_not_stop_is_killed() {
    let marker = "sleep 86399.25";
    let world = World::that_builds(&format!("trap '' INT; {marker} & {marker}"));
    let interrupt = world.interrupt.clone();
    let asked = thread::spawn(move || {
        until("the client runs", || processes(marker).iter().any(|line| line.starts_with(marker)));
        interrupt.ask();
        interrupt.ask();
    });
    let began = Instant::now();
    assert_error!(world.fails("FROM scratch\n"), BuildError::Interrupted, "interrupted");
    asked.join().unwrap();
    assert!(began.elapsed() < Duration::from_mins(1));
    until("all of it is gone", || processes(marker).is_empty());
}

#[test]
fn a_build_that_floods_both_streams_does_not_hang() {
    let world = World::that_builds(
        "(i=0; while [ $i -lt 20000 ]; do echo \"warning $i of the client\" >&2; i=$((i+1)); done) & \
         head -c 3000000 /dev/zero; wait",
    );
    world.build("FROM scratch\n").unwrap();
}

#[test]
fn an_image_that_is_cut_short_is_the_builds_failure() {
    let world =
        World::that_builds("printf abc; sleep 0.2; echo 'ERROR: failed to solve: out of luck' >&2; exit 1");
    let request = world.request("FROM scratch\n", Output::Layout(world.folder.path().into()));
    let error = world.builder().build(&request, &|_| {}).unwrap_err();
    assert_error!(error, BuildError::Failed { step: None, .. }, "failed to solve: out of luck");
}

#[test]
fn an_image_is_exported_into_a_folder() {
    if !engine::is_there("an image is exported into a folder") {
        return;
    }
    let world = World::new();
    let facts = world.builder().facts().unwrap();
    assert_eq!((facts.driver.as_str(), facts.rootless), ("docker", Some(false)));
    let text = "FROM tiny:1 AS base\nCOPY --link f /tmp/f\nRUN echo done\nFROM base\nCOPY f /b/f\n";
    // A comma parts what the client is asked for.
    let layout = world.folder.path().join("a,b \"c\"");
    fs::create_dir(&layout).unwrap();
    let mut request = world.request(text, Output::Layout(layout.clone()));
    request.ignore = Some(b"g\n".to_vec());
    fs::write(request.context.join(".dockerignore"), "f\n").unwrap();
    let built = engine::one_of_few(|| world.builder().build(&request, &|_| {})).unwrap();
    assert!(layout.join("index.json").is_file() && layout.join("blobs/sha256").is_dir());
    let dockerfile = Dockerfile::read(text);
    let stages = Stages::new(&dockerfile, &BTreeMap::new());
    let found = reached(&built.vertexes, &dockerfile, &stages);
    assert_eq!(found, [(1, Reached::Linked), (4, Reached::NotExercised)]);
    assert!(built.vertexes.iter().all(|vertex| vertex.completed), "{:?}", built.vertexes);
    // The same from the cache, but for the stage that is built anew.
    request.uncached = vec!["base".into()];
    request.output = Output::Nothing;
    let again = engine::one_of_few(|| world.builder().build(&request, &|_| {})).unwrap();
    let run = again.vertexes.iter().find(|vertex| vertex.name.contains("RUN echo done")).unwrap();
    assert!(!run.cached, "{run:?}");
    assert_eq!(reached(&again.vertexes, &dockerfile, &stages), found);
}

#[test]
fn what_is_known_is_not_exported_again() {
    if !engine::is_there("what is known is not exported again") {
        return;
    }
    let (world, layers) = (World::new(), Layers::default());
    let builder = world.builder();
    let build = |text: &str| {
        let exports = Exports { parent: world.folder.path(), layers: &layers, interrupt: &world.interrupt };
        let mut bench = Workbench::new(&builder, &|_| {}, "known".into(), exports);
        let request = world.request(text, Output::Nothing);
        let image = engine::one_of_few(|| bench.image(&request)).unwrap().image;
        (image, bench.written())
    };
    let (first, whole) = build("FROM tiny:1\nCOPY f /a/f\n");
    let (second, rest) = build("FROM tiny:1\nCOPY f /b/f\n");
    let paths = |image: &Image| image.entries.len();
    assert!(whole > 500_000 && rest < 20_000, "{whole} and then {rest} bytes of tiny:1");
    assert_eq!((paths(&first), first.layers[0]), (paths(&second), second.layers[0]));
    let shared = |path: &str| [&first, &second].map(|image| image.entries[path.as_bytes().as_bstr()].clone());
    let [one, other] = shared("usr/bin/busybox");
    assert!(Arc::ptr_eq(&one, &other));
    let left = fs::read_dir(world.folder.path()).unwrap().count();
    assert_eq!(left, 2, "the context alone is left, with both its names");
}

#[test]
fn no_room_for_what_is_exported_is_told() {
    let what = "no room for what is exported";
    if !engine::is_there(what) {
        return;
    }
    let world = World::new();
    let disk = world.folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return left_out(what, "this user may not mount a small disk");
    }
    let request = world.request("FROM tiny:1\nCOPY f /f\n", Output::Layout(disk.clone()));
    let error = engine::one_of_few(|| world.builder().build(&request, &|_| {})).unwrap_err();
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert_error!(error, BuildError::Export { .. }, "no space left on device", "set TMPDIR");
}

#[test]
fn a_failed_build_names_its_step_and_what_it_printed() {
    if !engine::is_there("a failed build names its step") {
        return;
    }
    let text = "FROM tiny:1\nCOPY f /f\nRUN echo what it printed; exit 7\n";
    let error = engine::one_of_few(|| World::new().fails(text));
    assert_error!(
        error,
        BuildError::Failed { step: Some(_), .. },
        "[3/3] RUN",
        "exit code: 7",
        "what it printed"
    );
    let error = engine::one_of_few(|| World::new().fails("FROM scratch\nCOPY nothing /\n"));
    assert_error!(error, BuildError::Failed { step: Some(_), .. }, "COPY nothing /", "not found");
    let error = engine::one_of_few(|| World::new().fails("FROM scratch\nNONSENSE\n"));
    assert_error!(error, BuildError::Failed { step: None, .. }, "unknown instruction: NONSENSE");
}

#[test]
fn no_builder_of_this_name() {
    if !engine::is_there("no builder of this name") {
        return;
    }
    let options = Options { builder: Some("layerwright-nobody".into()), ..Options::default() };
    let error = DockerBuildx::new(options).facts().unwrap_err();
    assert_error!(
        error,
        BuildError::NoBuilder { .. },
        "no builder \"layerwright-nobody\" found",
        "docker buildx ls"
    );
}

#[test]
fn a_frontend_that_can_not_be_pulled_is_no_failed_build() {
    if !engine::is_there("a frontend that cannot be pulled") {
        return;
    }
    // Nobody listens there, wherever this runs.
    let text = "# syntax=127.0.0.1:9/docker/dockerfile:1\nFROM scratch\nCOPY f /f\n";
    let error = engine::one_of_few(|| World::new().fails(text));
    let is_named =
        matches!(&error, BuildError::Frontend { image, .. } if image == "127.0.0.1:9/docker/dockerfile:1");
    assert!(is_named, "{error:?}");
    assert!(error.to_string().contains("[verify] frontend = \"builtin\""), "{error}");
}

#[test]
fn a_signal_interrupts() {
    /// Set in the process of this test that gets the signals.
    const CHILD: &str = "LAYERWRIGHT_TEST_SIGNALS";
    if std::env::var_os(CHILD).is_some() {
        let interrupt = Interrupt::new();
        interrupt.listen().unwrap();
        say("it listens");
        return until("a signal comes", || interrupt.is_asked());
    }
    for signal in ["-INT", "-TERM"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "builder::a_signal_interrupts", "--nocapture"]).env(CHILD, "1");
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "it listens");
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(child.wait().unwrap().success(), "{signal} ends the process");
    }
}

/// Builds what sleeps; `then` is done when it does.
fn sleeper(marker: &str, deadline: Option<Duration>, then: impl FnOnce(&World) + Send) -> BuildError {
    let world = World::new();
    let text = format!("FROM tiny:1\nCOPY f /f\nRUN {marker}\n");
    let mut request = world.request(&text, Output::Nothing);
    request.deadline = deadline.map(|after| Instant::now() + after);
    engine::one_of_few(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                until("the build runs", || !processes(marker).is_empty());
                then(&world);
            });
            let error = world.builder().build(&request, &|_| {}).unwrap_err();
            until("nothing is built any more", || processes(marker).is_empty());
            error
        })
    })
}

#[test]
fn an_interrupted_build_leaves_nothing_running() {
    if !engine::is_there("an interrupted build leaves nothing running") {
        return;
    }
    let error = sleeper(&format!("sleep 3{:07}", std::process::id()), None, |world| world.interrupt.ask());
    assert_error!(error, BuildError::Interrupted, "interrupted");
}

#[test]
fn a_build_that_hangs_is_stopped() {
    if !engine::is_there("a build that hangs is stopped") {
        return;
    }
    let marker = format!("sleep 4{:07}", std::process::id());
    let error = sleeper(&marker, Some(Duration::from_secs(8)), |_| {});
    assert_error!(error, BuildError::TimedOut { .. }, "timed out after", "[verify] budget");
}

#[test]
fn a_builder_links_or_says_why_not() {
    let probe = Probe { platform: None, frontend: None, passed: &[], deadline: None };
    if engine::is_there("a builder links") {
        let world = World::new();
        let builder = world.builder();
        let probes = Probes::new(&builder);
        assert_eq!(engine::one_of_few(|| probes.of(&probe)).unwrap(), Probed::Links);
        // Nobody is asked again.
        world.interrupt.ask();
        assert_eq!(probes.of(&probe).unwrap(), Probed::Links);
        assert!(matches!(Probes::new(&builder).of(&probe), Err(BuildError::Interrupted)));
        // Whatever the environment says of plain `docker build`.
        let legacy = World::with("DOCKER_BUILDKIT=0 exec docker \"$@\"\n");
        assert_eq!(engine::one_of_few(|| Probes::new(&legacy.builder()).of(&probe)).unwrap(), Probed::Links);
    }
    if let Some(host) = engine::classic("a builder that does not link says why") {
        let world = World::with(&format!("DOCKER_HOST={host} exec docker \"$@\"\n"));
        let probed = Probes::new(&world.builder()).of(&probe).unwrap();
        let Probed::Ignores { why, remedy } = probed else { panic!("{probed:?}") };
        assert!(why.contains("graph driver"), "{why}");
        assert!(remedy.contains("containerd") && remedy.contains("--driver docker-container"), "{remedy}");
    }
}

#[test]
fn a_builder_without_merges_ignores_the_flag_in_either_progress() {
    let copies =
        "#1 [linked 1/2] COPY probe /probe\\n#1 DONE 0.1s\\n#2 [linked 2/2] COPY --link probe /a/b\\n";
    let probe = Probe { platform: None, frontend: None, passed: &[], deadline: None };
    let probed = |more: &str, exit: &str| {
        let world = World::with(&format!(
            "case \"$1 $2\" in\n\
             'buildx version') echo github.com/docker/buildx v0.11.2 abc;;\n\
             'buildx inspect') printf 'Name: old\\nDriver: docker-container\\n\\nNodes:\\nStatus: running\\n';;\n\
             'buildx build') printf '{copies}{more}' >&2; exit {exit};;\n\
             esac\n"
        ));
        Probes::new(&world.builder()).of(&probe).unwrap()
    };
    assert_eq!(probed("#2 merging 0.0s done\\n#2 DONE 0.1s\\n", "0"), Probed::Links);
    assert!(
        matches!(probed("#2 DONE 0.1s\\n", "0"), Probed::Ignores { why, .. } if why.contains("docker-container"))
    );
    let refused = "ERROR: failed to solve: dockerfile parse error line 3: Unknown flag: link\\n";
    assert!(matches!(probed(refused, "1"), Probed::Rejects { said } if said.contains("Unknown flag: link")));
}

#[test]
fn an_engine_that_stops_in_mid_build_is_no_failed_build() {
    if !engine::is_there("an engine that stops in mid-build") {
        return;
    }
    let Some(engine) = engine::Another::start("an engine that stops in mid-build") else { return };
    let marker = format!("sleep 5{:07}", std::process::id());
    let world = World::with(&format!("DOCKER_HOST={} exec docker \"$@\"\n", engine.host));
    let text = format!("FROM tiny:1\nCOPY f /f\nRUN {marker}\n");
    let error = engine::one_of_few(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                until("the build runs", || !processes(&marker).is_empty());
                engine.stop();
            });
            world.fails(&text)
        })
    });
    assert_error!(error, BuildError::Lost { .. }, "was lost during the build", "start it");
}
