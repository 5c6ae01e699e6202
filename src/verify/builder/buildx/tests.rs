use std::collections::BTreeMap;

use super::*;
use crate::verify::builder::NamedContext;

fn request(output: Output) -> Request {
    Request {
        target: Some("app".into()),
        platform: Some("linux/arm64".into()),
        build_args: BTreeMap::from([("A".into(), "1 2".into()), ("B".into(), String::new())]),
        contexts: BTreeMap::from([("base".into(), NamedContext::Image("tiny:1".into()))]),
        secrets: vec!["id=npmrc".into()],
        ssh: vec!["default".into()],
        passed: vec!["--network=host".into(), "--provenance=true".into()],
        uncached: vec!["app".into(), "deps".into()],
        output,
        ..Request::new("FROM scratch\n", "/context")
    }
}

fn arguments(output: Output) -> Vec<String> {
    let options = Options { builder: Some("mine".into()), ..Options::default() };
    let command = DockerBuildx::new(options).build_command(
        &request(output),
        Format::RawJson,
        Path::new("/t/Dockerfile"),
    );
    command.get_args().map(|word| word.to_str().unwrap().to_owned()).collect()
}

#[test]
fn all_that_was_asked_for_reaches_the_client() {
    let expected = [
        "buildx",
        "build",
        "--network=host",
        "--provenance=true",
        "--builder=mine",
        "--target=app",
        "--platform=linux/arm64",
        "--build-arg=A=1 2",
        "--build-arg=B=",
        "--build-context=base=docker-image://tiny:1",
        "--secret=id=npmrc",
        "--ssh=default",
        "--no-cache-filter=app",
        "--no-cache-filter=deps",
        "--output=type=oci,tar=false,\"dest=/a,b\",compression=uncompressed",
        "--provenance=false",
        "--sbom=false",
        "--progress=rawjson",
        "--file=/t/Dockerfile",
        "--",
        "/context",
    ];
    assert_eq!(arguments(Output::Layout("/a,b".into())), expected);
    assert!(arguments(Output::Nothing).contains(&"--output=type=cacheonly".to_owned()));
    let loaded = arguments(Output::Image("a:b".into()));
    assert!(loaded.contains(&"--load=true".to_owned()) && loaded.contains(&"--tag=a:b".to_owned()));
}

#[test]
fn an_old_buildx_is_read_as_text() {
    for old in ["0.11.2", "v0.12.1", "0.12.1-desktop.4"] {
        assert_eq!(format(old), Format::Plain, "{old}");
    }
    for new in ["0.13.1+ds1", "v0.29.1", "v1.0.0", "v0.0.0+unknown", "0cc1d7a"] {
        assert_eq!(format(new), Format::RawJson, "{new}");
    }
}

#[test]
fn a_builder_in_a_container_is_read() {
    let text = "Name:          mine\nDriver:        docker-container\nLast Activity: 2026-11-22 04:08:57 +0000 UTC\n\n\
        Nodes:\nName:                  mine0\nEndpoint:              unix:///var/run/docker.sock\n\
        Driver Options:        image=\"moby/buildkit:buildx-stable-1-rootless\" network=\"host\"\n\
        Status:                running\nBuildKit version:      v0.25.1\n\
        Platforms:             linux/amd64, linux/386\n";
    let read = Inspected::read(text);
    assert_eq!((read.name.as_str(), read.driver.as_str()), ("mine", "docker-container"));
    assert_eq!((read.buildkit.as_deref(), read.rootless, read.runs), (Some("v0.25.1"), Some(true), true));
    assert_eq!(read.error, None);
}

#[test]
fn a_builder_that_does_not_answer_is_read() {
    let text = "Name:          default\nDriver:        \nLast Activity: 2026-11-22 04:14:37 +0000 UTC\n\
        Error:         Cannot connect to the Docker daemon at unix:///n. Is the docker daemon running?\n\nNodes:\n";
    let read = Inspected::read(text);
    assert!(!read.runs);
    let error = "Cannot connect to the Docker daemon at unix:///n. Is the docker daemon running?";
    assert_eq!(read.error.as_deref(), Some(error));
}
