//! What changes cost and what commands say, measured on a real engine. See [`crate::engine`] for what allows the builds.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use layerwright::campaign::evidence::Rebuild;
use layerwright::verify::builder::Interrupt;
use layerwright::verify::builder::buildx::{DockerBuildx, Options};
use layerwright::verify::cache::{Measured, measure};
use layerwright::verify::image::Layers;
use layerwright::verify::smoke;
use layerwright::verify::variant_builds::{Exports, Failure, Variants, Workbench};

use crate::engine;
use crate::noise::request;
use crate::support::say;

/// A Dockerfile with a context that no cache knows.
struct World {
    folder: tempfile::TempDir,
    /// What no other line of a Dockerfile holds.
    salt: String,
    layers: Layers,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let salt: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let vendor = folder.path().join("context/vendor");
        fs::create_dir_all(&vendor).unwrap();
        fs::write(folder.path().join("context/f"), &salt).unwrap();
        for at in 0..FILES {
            fs::write(vendor.join(at.to_string()), salt.repeat(SIZE / salt.len())).unwrap();
        }
        Self { folder, salt, layers: Layers::default() }
    }

    fn context(&self) -> PathBuf {
        engine::own_name(self.folder.path(), &self.folder.path().join("context"))
    }

    /// Both variants of a text: `@` is the flag, and `%` the salt.
    fn variants(&self, marked: &str) -> Variants {
        let text = |flag: &str| marked.replace('%', &self.salt).replace('@', flag).into_bytes();
        let [original, edited] = ["", " --link"].map(|flag| request(text(flag), &self.context(), &[]));
        Variants { original, edited }
    }

    fn bench<T>(&self, work: impl FnOnce(&mut Workbench<'_>) -> T) -> T {
        let builder = DockerBuildx::new(Options::default());
        let exports =
            Exports { parent: self.folder.path(), layers: &self.layers, interrupt: &Interrupt::new() };
        engine::one_of_few(|| work(&mut Workbench::new(&builder, &|_| {}, self.salt.clone(), exports)))
    }

    /// Removes what the engine keeps of these builds.
    fn forget(&self) {
        let docker = |arguments: &[&str]| Command::new("docker").args(arguments).output().unwrap();
        let listed = docker(&["buildx", "du", "--verbose"]);
        let records = String::from_utf8(listed.stdout).unwrap();
        let mut ids = Vec::new();
        for record in records.split("\n\n").filter(|record| record.contains(&self.salt)) {
            let id = record.lines().find_map(|line| line.strip_prefix("ID:"));
            ids.extend(id.map(|id| format!("id={}", id.trim())));
        }
        assert!(!ids.is_empty(), "nothing is kept of {}", self.salt);
        engine::alone(|| {
            for id in ids.iter().rev() {
                docker(&["buildx", "prune", "--all", "--force", "--filter", id]);
            }
        });
    }
}

/// How many files a folder of the context has, and bytes of each: 20 MB.
const FILES: usize = 2000;
const SIZE: usize = 10_000;

/// Two steps and two copies on the base, the first copy of 20 MB.
const TEXT: &str =
    "FROM tiny:1 AS last\nWORKDIR /%\nRUN echo % > early\nCOPY@ vendor /%/vendor/\nCOPY@ f /%/f\n";

/// What of a rebuild is the same on every machine: layers, those that were kept, and steps.
fn counts(rebuild: &Rebuild) -> (usize, usize, usize) {
    (rebuild.layers, rebuild.kept, rebuild.steps)
}

#[track_caller]
fn assert_measured(measured: &Measured) {
    let moved = &measured.figures.moved_base;
    assert_eq!((counts(&moved.before), counts(&moved.after)), ((4, 0, 4), (4, 2, 2)), "{measured:?}");
    assert!(
        0 < moved.after.pushed_bytes && moved.after.pushed_bytes < moved.before.pushed_bytes,
        "{moved:?}"
    );
    let early = measured.figures.early_step.as_ref().unwrap();
    assert_eq!((counts(&early.before), counts(&early.after)), ((4, 1, 3), (4, 3, 1)), "{measured:?}");
    let (base, step) = (measured.moved_base, measured.early_step.unwrap());
    for (name, pair, took) in [("the base", moved, base), ("a step", early, step)] {
        for (turn, Rebuild { layers, kept, pushed_bytes, steps }, took) in
            [("before", pair.before, took.0), ("after", pair.after, took.1)]
        {
            assert!(took > Duration::ZERO);
            say(&format!(
                "{name} changed, {turn}: {kept} of {layers} layers kept, {pushed_bytes} bytes to push, {steps} steps, \
                 {:.1} s",
                took.as_secs_f64()
            ));
        }
    }
}

#[test]
fn linked_layers_outlive_what_changes_below() {
    let what = "cache figures";
    if !engine::is_there(what) {
        return;
    }
    let world = World::new();
    let variants = world.variants(TEXT);
    let measured = world.bench(|bench| {
        for request in [&variants.original, &variants.edited] {
            bench.image(request).unwrap();
        }
        // Layers hold times in whole seconds.
        thread::sleep(Duration::from_millis(1100));
        measure(bench, &variants).unwrap().unwrap()
    });
    engine::finish(what, 10);
    assert_measured(&measured);
}

#[test]
fn linked_layers_outlive_it_in_a_cache_that_is_carried_along() {
    let what = "cache figures through a local cache";
    if !engine::is_there(what) {
        return;
    }
    let world = World::new();
    let mut variants = world.variants(TEXT);
    for (name, request) in [("before", &mut variants.original), ("after", &mut variants.edited)] {
        let folder = world.folder.path().join(name);
        let plain = request.passed.clone();
        request.passed.push(format!("--cache-to=type=local,mode=max,dest={}", folder.display()));
        world.bench(|bench| bench.image(request)).unwrap();
        request.passed = plain;
        request.passed.push(format!("--cache-from=type=local,src={}", folder.display()));
    }
    thread::sleep(Duration::from_millis(1100));
    world.forget();
    let carried = world.bench(|bench| bench.image(&variants.original)).unwrap();
    let runs: Vec<_> = carried.built.vertexes.iter().filter(|vertex| vertex.is_run()).collect();
    assert!(runs.len() == 1 && runs[0].cached, "it is carried along: {runs:?}");
    world.forget();
    let measured = world.bench(|bench| measure(bench, &variants)).unwrap().unwrap();
    engine::finish(what, 12);
    assert_measured(&measured);
}

#[test]
fn commands_run_as_the_image_says_and_are_compared() {
    let what = "smoke commands";
    if !engine::is_there(what) {
        return;
    }
    let world = World::new();
    let text = "FROM tiny:1 AS last\nENV SAID=%\nWORKDIR /home/app\nRUN echo 'cat /secret' > /tool && chmod 755 /tool \
                && echo s > /root/secret && ln -s /root/secret /secret\nCOPY@ f /root/x/f\nUSER app\nCMD [\"x\"]\n";
    let commands = [
        "test \"$SAID $PWD $(id -u)\" = \"%\" ",
        "echo \"$SAID $PWD $(id -u)\"; exit 7",
        "/tool",
        "cat /proc/sys/kernel/random/uuid",
        "cat <<E\nin\nE",
    ];
    let commands = commands.map(str::to_owned);
    let answers = world.bench(|bench| smoke::run(bench, &world.variants(text), &commands)).unwrap();
    engine::finish(what, 3);
    let codes: Vec<_> = answers.iter().map(|answer| (answer.agrees, answer.before, answer.after)).collect();
    // Only where /root became open can the tool read.
    assert_eq!(codes, [(true, 1, 1), (true, 7, 7), (false, 1, 0), (true, 0, 0), (true, 0, 0)]);
}

#[test]
fn an_image_without_a_shell_is_told_what_it_lacks() {
    let what = "smoke commands without a shell";
    if !engine::is_there(what) {
        return;
    }
    let world = World::new();
    let variants = world.variants("FROM scratch AS last\nCOPY@ f /f\n");
    let error = world.bench(|bench| smoke::run(bench, &variants, &["true".to_owned()])).unwrap_err();
    engine::finish(what, 1);
    assert!(matches!(error, Failure::Shell { .. }), "{error:?}");
    assert!(error.to_string().contains("/bin/sh"), "{error}");
}
