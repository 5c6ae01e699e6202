//! Registries that others wrote: Debian's `docker-registry`. `LAYERWRIGHT_REGISTRY` is the host of an open one,
//! `LAYERWRIGHT_CLOSED_REGISTRY` of one that wants the name `ann` and the password `hunter2`; `.ci/run` starts both, and
//! `LAYERWRIGHT_REQUIRE_REGISTRY=1` makes a missing one a failure.

use std::fs;
use std::net::SocketAddr;
use std::process;

use serde_json::json;

use super::images::{Images, digest};
use super::server::{Answer, Asked, Server, pass_on};
use super::{configure, log_in, plan, run, sites, two_platforms, verdicts};
use crate::support::{Base, Scratch, is_set, left_out};

/// The host of a registry, if there is one.
fn registry(variable: &str, what: &str) -> Option<SocketAddr> {
    let host = std::env::var(variable).ok();
    if host.is_none() {
        assert!(!is_set("LAYERWRIGHT_REQUIRE_REGISTRY"), "{variable} is not set");
        left_out(what, &format!("{variable} is not the host of a registry"));
    }
    host.map(|host| host.parse().unwrap())
}

fn ask(at: SocketAddr, method: &str, path: &str, kind: &str, auth: Option<&str>, body: &[u8]) -> Answer {
    let mut headers = vec![
        ("host".to_owned(), at.to_string()),
        ("content-type".to_owned(), kind.to_owned()),
        ("content-length".to_owned(), body.len().to_string()),
    ];
    headers.extend(auth.map(|auth| ("authorization".to_owned(), auth.to_owned())));
    let asked = Asked { method: method.into(), path: path.into(), headers, body: body.to_vec() };
    pass_on(&asked, at)
}

/// Pushes images by the distribution specification, "Push".
fn push(at: SocketAddr, repository: &str, images: &Images, auth: Option<&str>) {
    let (blobs, mut manifests) = images.content();
    for blob in blobs {
        let begun = ask(at, "POST", &format!("/v2/{repository}/blobs/uploads/"), "text/plain", auth, b"");
        assert_eq!(begun.status, 202, "{begun:?}");
        let place = begun.header("location").unwrap();
        let place = place.split_once(&at.to_string()).map_or(place, |(_, path)| path);
        let join = if place.contains('?') { '&' } else { '?' };
        let place = format!("{place}{join}digest={}", digest(&blob));
        let done = ask(at, "PUT", &place, "application/octet-stream", auth, &blob);
        assert_eq!(done.status, 201, "{done:?}");
    }
    // An index is accepted after what it names, and is a manifest that names manifests.
    manifests.sort_by_key(|(name, kind, _)| (kind.contains("index"), !name.starts_with("sha256:")));
    for (name, kind, bytes) in manifests {
        let done = ask(at, "PUT", &format!("/v2/{repository}/manifests/{name}"), &kind, auth, &bytes);
        assert_eq!(done.status, 201, "{name}: {done:?}");
    }
}

/// A repository of this run's own.
fn repository(name: &str) -> String {
    format!("layerwright/{name}-{}", process::id())
}

fn starting_from(host: &str, repository: &str) -> Scratch {
    let text = format!("FROM {host}/{repository}:1\n{}", super::LINES);
    let scratch = Scratch::with(&[("Dockerfile", &text), ("x", "")]);
    fs::create_dir_all(scratch.root().join(".git/user/layerwright")).unwrap();
    scratch
}

#[test]
fn a_real_registry_gives_the_verdicts_of_the_root_filesystem() {
    let Some(at) = registry("LAYERWRIGHT_REGISTRY", "base images of a real registry") else { return };
    let (repository, images) = (repository("open"), two_platforms());
    push(at, &repository, &images, None);
    let front = Server::start(move |asked| pass_on(asked, at));
    let scratch = starting_from(&front.host(), &repository);
    let planned = plan(&scratch, &["--save"]).done().json();
    let lines = front.lines();
    let is_of =
        |kind: &str| lines.iter().filter(|line| line.starts_with("GET ") && line.contains(kind)).count();
    assert_eq!((is_of("/manifests/"), is_of("/blobs/")), (2, 3), "{lines:#?}");
    assert_eq!(scratch.plan(&[]), planned, "as it is remembered");
    let server = super::serving(&images);
    let other = plan(&super::starting_from(&server), &[]).done().json();
    let told = |sites: serde_json::Value, image: String| sites.to_string().replace(&image, "IMAGE");
    assert_eq!(
        told(sites(&planned), format!("{}/{repository}:1", front.host())),
        told(sites(&other), format!("{}/base:1", server.host())),
    );
    assert_eq!(verdicts(&planned)[0], "link");
    let missing = starting_from(&front.host(), "layerwright/none-such");
    let missing = plan(&missing, &[]).done();
    assert!(
        missing.stderr.contains("does not have layerwright/none-such:1: MANIFEST_UNKNOWN"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_real_registry_behind_a_line_that_breaks_off_gives_the_same() {
    let Some(at) = registry("LAYERWRIGHT_REGISTRY", "resumed blobs of a real registry") else { return };
    let repository = repository("cut");
    let mut images = Images::default();
    let layer = super::gzip(&fs::read(Base::new().path()).unwrap());
    let image = images.image("amd64", &[("application/vnd.oci.image.layer.v1.tar+gzip", &layer)]);
    images.tag("1", &image);
    push(at, &repository, &images, None);
    let layer = format!("/blobs/{}", digest(&layer));
    let ends = layer.clone();
    let front = Server::start(move |asked| {
        let mut answer = pass_on(asked, at);
        let is_first = asked.header("range").is_none();
        answer.cut = (asked.path.ends_with(&ends) && is_first).then_some(answer.body.len() / 2);
        answer
    });
    let scratch = starting_from(&front.host(), &repository);
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link");
    let asked = front.take();
    let ranges: Vec<_> = asked
        .iter()
        .filter(|asked| asked.path.ends_with(&layer))
        .map(|asked| asked.header("range"))
        .collect();
    assert_eq!(ranges.len(), 2, "{asked:#?}");
    assert!(ranges[1].is_some_and(|range| range.starts_with("bytes=") && range != "bytes=0-"), "{ranges:?}");
}

#[test]
fn a_real_registry_that_is_closed_wants_the_credentials() {
    let Some(at) = registry("LAYERWRIGHT_CLOSED_REGISTRY", "credentials for a real registry") else { return };
    let repository = repository("closed");
    push(at, &repository, &two_platforms(), Some("Basic YW5uOmh1bnRlcjI="));
    let scratch = starting_from(&at.to_string(), &repository);
    configure(&scratch, &format!("[bases]\nfrom = ['registry']\nallow_hosts = ['{at}']\n"));
    let plan = || run(&scratch, &["plan", "--format", "json"]).done();
    let refused = plan();
    assert_eq!(verdicts(&refused.json())[0], "unknown");
    assert!(refused.stderr.contains("needs credentials for it"), "{}", refused.stderr);
    log_in(&scratch, &at.to_string(), "ann:hunter3");
    let refused = plan();
    assert!(refused.stderr.contains("does not accept the credentials"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("hunter3"), "{}", refused.stderr);
    log_in(&scratch, &at.to_string(), "ann:hunter2");
    assert_eq!(plan().json()["files"][0]["sites"][0]["verdict"], json!("link"));
}
