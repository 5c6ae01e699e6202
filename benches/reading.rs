//! How fast Dockerfiles are read, beside the `parse-dockerfile` crate, on one core.
//!
//! `LAYERWRIGHT_CORPUS` names a folder of Dockerfiles, whatever their names; without it a few made-up ones are
//! read. Only those count that both readers accept.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it is a command, and measures")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use layerwright::dockerfile::Dockerfile;

static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut files = match std::env::var_os("LAYERWRIGHT_CORPUS") {
        Some(folder) => folder_of(folder.as_ref()),
        None => made_up(),
    };
    files.retain(|text| {
        Dockerfile::read(text.as_str()).errors().is_empty() && parse_dockerfile::parse(text).is_ok()
    });
    assert!(!files.is_empty(), "there is no Dockerfile to read");
    files
});

fn folder_of(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("LAYERWRIGHT_CORPUS is a folder");
    let mut paths = entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

fn made_up() -> Vec<String> {
    let stage = |n: usize| {
        format!(
            "FROM alpine:3.{n} AS stage{n}\nARG VERSION=1.{n}\nENV A=1 \\\n    # a comment\n    B=\"two words\"\n\
             RUN apk add --no-cache \\\n      curl \\\n      git && \\\n    rm -rf /var/cache/apk\n\
             WORKDIR /src\nCOPY --chown=1000:1000 go.mod go.sum ./\nCOPY [\"a b\", \"/c d/\"]\n\
             RUN <<EOF\nset -e\nmake all\nEOF\nENTRYPOINT [\"/bin/app\", \"--serve\"]\n"
        )
    };
    (1..20)
        .map(|stages| format!("# syntax=docker/dockerfile:1\n{}", (0..stages).map(stage).collect::<String>()))
        .collect()
}

fn bytes() -> usize {
    FILES.iter().map(String::len).sum()
}

#[divan::bench]
fn layerwright(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(FILES.len())).counter(BytesCount::new(bytes())).bench_local(ours);
}

#[divan::bench]
fn parse_dockerfile(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(FILES.len())).counter(BytesCount::new(bytes())).bench_local(theirs);
}

/// Copies each text too: a [`Dockerfile`] owns it.
fn ours() {
    for text in FILES.iter() {
        black_box(Dockerfile::read(black_box(text.as_str())));
    }
}

fn theirs() {
    for text in FILES.iter() {
        drop(black_box(parse_dockerfile::parse(black_box(text))));
    }
}

/// The quickest of some rounds, which alternate so that a busy machine slows both.
fn quickest(rounds: usize) -> (Duration, Duration) {
    let time = |read: fn()| {
        let start = Instant::now();
        read();
        start.elapsed()
    };
    let times = (0..rounds).map(|_| (time(ours), time(theirs)));
    times.reduce(|best, now| (best.0.min(now.0), best.1.min(now.1))).unwrap_or_default()
}

fn main() {
    divan::main();
    let (ours, theirs) = quickest(20);
    let rate =
        |time: Duration| f64::from(u32::try_from(FILES.len()).unwrap_or(u32::MAX)) / time.as_secs_f64();
    println!(
        "{} files: layerwright {:.0} files/s, parse-dockerfile {:.0} files/s, ratio {:.2}",
        FILES.len(),
        rate(ours),
        rate(theirs),
        rate(ours) / rate(theirs)
    );
}
