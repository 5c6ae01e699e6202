//! A real engine, for tests that build.
//!
//! They run where `LAYERWRIGHT_ENGINE=1` allows it, on the engine that the Docker client talks to; a shared engine is
//! started and given the bases by `../shared/engine`. `LAYERWRIGHT_REQUIRE_ENGINE=1` makes a missing engine a failure.
//! `LAYERWRIGHT_CLASSIC_ENGINE` is the address, as in `DOCKER_HOST`, of one whose image store does not merge.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use layerwright::verify::image::{self, Export, Layers};
use sha2::{Digest, Sha256};

use crate::cases;
use crate::support::{self, Run, is_set, left_out, say};

/// How many builds run at a time.
pub const AT_ONCE: usize = 2;

/// How long the engine keeps what nobody uses. Others may build on it too, so it is not emptied.
const KEPT: &str = "until=2h";

static FREE: Mutex<usize> = Mutex::new(AT_ONCE);
static FREED: Condvar = Condvar::new();
/// Held by each build, and alone by who removes what builds left: an export may lose a layer under way.
static BUILDING: RwLock<()> = RwLock::new(());

/// What a path of an image is. Times are left out: a build with `--link` stamps other directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub kind: u8,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub size: u64,
    pub content: [u8; 32],
    pub target: Option<String>,
    pub device: Option<(u32, u32)>,
    pub xattrs: BTreeMap<String, Vec<u8>>,
}

/// The filesystem of an image by path.
pub type Image = BTreeMap<String, Object>;

fn docker(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("docker").args(arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

/// Whether the engine builds as the model says, with `tiny:1` in it.
fn check() -> Result<(), String> {
    docker(&["buildx", "version"])?;
    let status = docker(&["info", "--format", "{{.DriverStatus}}"])?;
    if !String::from_utf8_lossy(&status).contains("io.containerd.snapshotter") {
        return Err("its image store does not merge: --link would be ignored".into());
    }
    match ["tiny:1", "caps:1"].into_iter().find(|image| !is_image(image)) {
        Some(image) => Err(format!("it has no {image}")),
        None => Ok(()),
    }
}

/// Whether the engine has an image.
pub fn is_image(name: &str) -> bool {
    docker(&["image", "inspect", name]).is_ok()
}

/// Whether there is an engine and it may be used. Says what is left out otherwise.
pub fn is_there(what: &str) -> bool {
    let required = is_set("LAYERWRIGHT_REQUIRE_ENGINE");
    if !required && !is_set("LAYERWRIGHT_ENGINE") {
        left_out(what, "LAYERWRIGHT_ENGINE=1 does not allow the engine");
        return false;
    }
    match check() {
        Ok(()) => true,
        Err(why) if required => panic!("{what}: there is no engine: {why}"),
        Err(why) => {
            left_out(what, &format!("there is no engine: {}", why.trim()));
            false
        }
    }
}

/// Builds a Dockerfile with options of `docker buildx build`. What the build said, where it fails.
pub fn build(dockerfile: &Path, context: &Path, options: &[&str]) -> Result<Image, String> {
    Ok(parse(&export(dockerfile, context, options)?))
}

/// Builds an image that others are built from.
pub fn tag(dockerfile: &Path, context: &Path, name: &str) -> Result<(), String> {
    run(dockerfile, context, &["--tag", name, "--load"]).map(drop)
}

/// Saves an image of the engine as an archive of `docker save`, with its configuration.
pub fn save(name: &str, to: &Path) -> Result<(), String> {
    docker(&["save", name, "--output", to.to_str().unwrap()]).map(drop)
}

/// The root filesystem of what a Dockerfile builds, as a tar.
pub fn export(dockerfile: &Path, context: &Path, options: &[&str]) -> Result<Vec<u8>, String> {
    run(dockerfile, context, &[options, &["--output=type=tar,dest=-"]].concat())
}

/// What a Dockerfile builds, as `verify` takes it: an OCI layout. Nothing comes out of the cache, which does not notice
/// every change of a context (buildkit#7176).
pub fn layout(
    dockerfile: &Path,
    context: &Path,
    options: &[&str],
    layers: &Layers,
) -> Result<image::Image, String> {
    let mut known = layers.known();
    let export = Export::new(&std::env::temp_dir(), &known).unwrap();
    let output =
        format!("--output=type=oci,tar=false,dest={},compression=uncompressed", export.path().display());
    run(dockerfile, context, &[options, &["--no-cache", &output]].concat())?;
    let image = export.open().unwrap().read(&mut known, &|| false).unwrap();
    layers.remember(&known, &image.layers);
    Ok(image)
}

fn run(dockerfile: &Path, context: &Path, options: &[&str]) -> Result<Vec<u8>, String> {
    let named = tempfile::tempdir().unwrap();
    let context = own_name(named.path(), context);
    let (file, folder) = (dockerfile.to_str().unwrap(), context.to_str().unwrap());
    let plain = ["buildx", "build", "--network=host", "--provenance=false", "--sbom=false"];
    let what = ["--progress=plain", "--file", file, folder];
    one_of_few(|| docker(&[&plain[..], options, &what].concat()))
}

/// A context by a name that no other has. Of one with the name of another a builder takes only the files whose size,
/// mode or time is another: two tests may write theirs in the same moment.
pub fn own_name(temporary: &Path, context: &Path) -> PathBuf {
    let at = temporary.join(temporary.file_name().unwrap());
    let _there_already = symlink(context, &at);
    assert!(at.is_dir(), "{}", at.display());
    at
}

/// Builds when fewer than [`AT_ONCE`] others do.
pub fn one_of_few<T>(build: impl FnOnce() -> T) -> T {
    /// Frees the place, also of a build whose test fails.
    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            *FREE.lock().unwrap() += 1;
            FREED.notify_one();
        }
    }
    let _building = BUILDING.read().unwrap_or_else(PoisonError::into_inner);
    let mut free = FREED.wait_while(FREE.lock().unwrap(), |free| *free == 0).unwrap();
    *free -= 1;
    drop(free);
    let _place = Place;
    build()
}

/// Runs the command under test with what the Docker client needs of the environment.
pub fn command(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = support::command(folder);
    for name in ["PATH", "DOCKER_HOST", "DOCKER_CONFIG"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    one_of_few(|| Run::of(command.args(arguments).output().unwrap()))
}

/// The address of an engine whose image store does not merge. Says what is left out without one.
pub fn classic(what: &str) -> Option<String> {
    let host = std::env::var("LAYERWRIGHT_CLASSIC_ENGINE").ok();
    if host.is_none() {
        missing(what, "LAYERWRIGHT_CLASSIC_ENGINE names no engine whose image store does not merge");
    }
    host
}

/// Something that tests need is not there: they leave out what needs it, or fail where it is required.
fn missing(what: &str, why: &str) {
    assert!(!is_set("LAYERWRIGHT_REQUIRE_ENGINE"), "{what}: {why}");
    left_out(what, why);
}

/// An engine of a test's own, which it may stop.
pub struct Another {
    name: String,
    root: PathBuf,
    /// Its address, as in `DOCKER_HOST`.
    pub host: String,
}

impl Another {
    /// Starts one with `tiny:1` in it. Says what is left out where there is nothing to start it with.
    pub fn start(what: &str) -> Option<Self> {
        let up = cases::shared().join("engine/up");
        if !up.is_file() {
            missing(what, "the shared folder has no engine to start");
            return None;
        }
        let root = std::env::var_os("ENGINE_ROOT").map_or("/opt/engine".into(), PathBuf::from);
        let name = format!("faults-{}", std::process::id());
        let host = format!("unix://{}", root.join(format!("run/{name}.sock")).display());
        let engine = Self { name, root, host };
        let started =
            Command::new(up).env("ENGINE_NAME", &engine.name).stdout(Stdio::null()).status().unwrap();
        assert!(started.success(), "{what}: the engine does not start");
        let mut saved =
            Command::new("docker").args(["save", "tiny:1"]).stdout(Stdio::piped()).spawn().unwrap();
        let load = ["--host", &engine.host, "load"];
        let loaded = Command::new("docker").args(load).stdin(saved.stdout.take().unwrap()).output().unwrap();
        assert!(saved.wait().unwrap().success() && loaded.status.success(), "{loaded:?}");
        Some(engine)
    }

    /// Stops it, and waits until it is gone.
    pub fn stop(&self) {
        let Ok(pid) = fs::read_to_string(self.root.join(format!("run/{}.pid", self.name))) else { return };
        let stopped = Command::new("kill").arg(pid.trim()).status().unwrap();
        let gone = || !Path::new("/proc").join(pid.trim()).exists();
        for _ in (0..600).take_while(|_| stopped.success() && !gone()) {
            thread::sleep(Duration::from_millis(50));
        }
        assert!(gone(), "the engine {} does not stop", self.name);
    }
}

impl Drop for Another {
    fn drop(&mut self) {
        self.stop();
        let mut data = self.root.clone().into_os_string();
        data.push(format!(".data/{}", self.name));
        let _nothing = fs::remove_dir_all(data);
        let _nothing = fs::remove_dir_all(self.root.join(format!("run/docker-{}", self.name)));
        for left in ["run/NAME.pid", "run/NAME.sock", "etc/docker/NAME.json"] {
            let _nothing = fs::remove_file(self.root.join(left.replace("NAME", &self.name)));
        }
    }
}

/// Removes what builds left, while none is under way.
pub fn alone<T>(remove: impl FnOnce() -> T) -> T {
    let _alone = BUILDING.write().unwrap_or_else(PoisonError::into_inner);
    remove()
}

/// Says how many Dockerfiles were built, and removes what builds left and nobody used for long.
pub fn finish(what: &str, built: usize) {
    say(&format!("{what}: {built} Dockerfiles were built"));
    assert!(built > 0, "{what}: nothing was built");
    let pruned = alone(|| docker(&["builder", "prune", "--all", "--force", "--filter", KEPT]));
    if let Err(error) = pruned {
        say(&format!("the engine keeps what was built: {error}"));
    }
}

fn parse(tar: &[u8]) -> Image {
    let mut image = Image::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('/').to_owned();
        let path = text(&entry.path_bytes());
        let mut xattrs = BTreeMap::new();
        for extension in entry.pax_extensions().unwrap().into_iter().flatten().map(Result::unwrap) {
            if let Some(name) = extension.key().unwrap().strip_prefix("SCHILY.xattr.") {
                xattrs.insert(name.to_owned(), extension.value_bytes().to_vec());
            }
        }
        let target = entry.link_name_bytes().map(|target| text(&target));
        let header = entry.header();
        if header.entry_type().is_hard_link() {
            let same = image[&target.unwrap()].clone();
            image.insert(path, same);
            continue;
        }
        let device = header.device_major().unwrap().zip(header.device_minor().unwrap());
        let mut object = Object {
            kind: header.entry_type().as_byte(),
            mode: header.mode().unwrap(),
            uid: header.uid().unwrap(),
            gid: header.gid().unwrap(),
            size: header.size().unwrap(),
            content: [0; 32],
            target,
            device,
            xattrs,
        };
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        object.content = Sha256::digest(&content).into();
        image.insert(path, object);
    }
    image
}

/// What two images differ in, a line for each path.
pub fn differences(plain: &Image, linked: &Image) -> Vec<String> {
    let show = |object: Option<&Object>| match object {
        None => "nothing".to_owned(),
        Some(object) => {
            let Object { kind, mode, uid, gid, size, target, xattrs, .. } = object;
            let target = target.as_ref().map_or(String::new(), |target| format!(" -> {target}"));
            let xattrs = if xattrs.is_empty() { "" } else { " with attributes" };
            format!("type {} {mode:o} {uid}:{gid} {size} bytes{target}{xattrs}", char::from(*kind))
        }
    };
    let paths: std::collections::BTreeSet<&String> = plain.keys().chain(linked.keys()).collect();
    let differ = paths.into_iter().filter(|path| plain.get(*path) != linked.get(*path));
    differ
        .map(|path| format!("/{path}: {} became {}", show(plain.get(path)), show(linked.get(path))))
        .collect()
}
