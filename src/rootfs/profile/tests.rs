use super::*;
use crate::text::path::ancestors;

fn find(image: &str) -> Option<Profile> {
    let (repository, tag) = match image.split_once('@') {
        Some((name, _)) => (name, None),
        None => image.rsplit_once(':').map(|(name, tag)| (name, Some(tag))).unwrap(),
    };
    Profile::find(repository, tag)
}

fn library(image: &str) -> Profile {
    find(&format!("docker.io/library/{image}")).unwrap_or_else(|| panic!("{image} has no profile"))
}

fn is(image: &str, path: &str) -> Option<Is> {
    library(image).get(path).map(|(is, _)| is)
}

/// At least one image for every branch of the families.
const ALL: [&str; 43] = [
    "alpine:3.20",
    "alpine:latest",
    "almalinux:9",
    "amazoncorretto:17",
    "amazonlinux:2023",
    "buildpack-deps:bookworm",
    "busybox:1.36",
    "centos:7",
    "debian:11",
    "debian:12-slim",
    "debian:jessie",
    "eclipse-temurin:17-jre-alpine",
    "eclipse-temurin:21-jdk-noble",
    "eclipse-temurin:21-ubi9-minimal",
    "fedora:43",
    "golang:1.15",
    "golang:1.27-alpine",
    "gradle:8-jdk17",
    "httpd:2.4",
    "httpd:2.4-alpine",
    "httpd:2.4-x",
    "maven:3-eclipse-temurin-17",
    "maven:3-openjdk-11",
    "mysql:8",
    "nginx:1.27",
    "nginx:alpine",
    "node:18-alpine",
    "node:22-bookworm",
    "node:24-trixie-slim",
    "openjdk:11-jdk-slim",
    "openjdk:17",
    "php:8.3-apache",
    "php:8.3-cli-alpine",
    "postgres:16",
    "postgres:16-alpine",
    "python:3.12-slim",
    "redis:7",
    "redis:7-alpine",
    "rockylinux:9",
    "ruby:3.4",
    "rust:1.80",
    "ubuntu:18.04",
    "ubuntu:24.04",
];

#[test]
fn every_fact_has_a_source_and_a_clean_absolute_path() {
    let mut facts: Vec<&Facts> = ALL.iter().flat_map(|image| library(image).facts).collect();
    facts.extend(find("gcr.io/distroless/static-debian12:nonroot").unwrap().facts);
    assert!(facts.len() > 150, "only {} groups of facts", facts.len());
    for group in facts {
        match group.source {
            Source::File(repository, path) => assert!(!repository.is_empty() && !path.is_empty()),
            Source::Listing(of) => assert!(!of.is_empty()),
        }
        let paths: Vec<&str> = group.paths.iter().map(|(path, _)| *path).collect();
        for path in &paths {
            let parts: Vec<&str> = path[1..].split('/').collect();
            assert!(path.starts_with('/'), "{path}");
            let is_clean = *path == "/" || parts.iter().all(|part| !["", ".", ".."].contains(part));
            assert!(is_clean, "{path}");
        }
        let mut unique = paths.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), paths.len(), "{}: a path is listed twice", group.source);
    }
}

#[test]
fn what_is_listed_below_something_is_below_a_directory() {
    for image in ALL {
        let profile = library(image);
        for path in profile.below("/") {
            if matches!(profile.get(path), None | Some((Is::Absent, _))) {
                continue;
            }
            for above in ancestors(path) {
                let known = profile.get(above).map(|(is, _)| is);
                assert!(
                    matches!(known, None | Some(Is::Dir(_) | Is::Only(_) | Is::Owned(..))),
                    "{image}: {path} is below {above}, {known:?}"
                );
            }
        }
    }
}

#[test]
fn debian_is_merged_from_12_on() {
    for (image, bin) in [
        ("debian:12", Some(Is::Link("usr/bin"))),
        ("debian:trixie-slim", Some(Is::Link("usr/bin"))),
        ("debian:bookworm-20240101-slim", Some(Is::Link("usr/bin"))),
        ("debian:bookworm-20220101", None),
        ("debian:stable-20240101", None),
        ("debian:bullseye", Some(Is::Dir(0o755))),
        ("debian:jessie", None),
        ("python:3.12", Some(Is::Link("usr/bin"))),
        ("python:3.9", None),
        ("python:3.9-bullseye", Some(Is::Dir(0o755))),
        ("python@sha256:0", None),
        ("ubuntu:24.04", Some(Is::Link("usr/bin"))),
        ("ubuntu:18.04", None),
        ("alpine:3.20", Some(Is::Dir(0o755))),
        ("alpine:3.24", None),
        ("alpine:latest", None),
        ("centos:7", Some(Is::Link("usr/bin"))),
        ("centos:6", None),
    ] {
        assert_eq!(is(image, "/bin"), bin, "{image}");
    }
}

#[test]
fn debian_is_as_debootstrap_makes_it() {
    assert_eq!(is("debian:12", "/usr/local/bin"), Some(Is::Only(0o755)));
    assert_eq!(is("debian:12", "/usr/local/bin/tool"), Some(Is::Absent));
    assert_eq!(is("debian:12", "/usr/local/share/x"), None);
    assert_eq!(is("debian:12", "/var/run"), Some(Is::Link("/run")));
    assert_eq!(is("debian:12", "/tmp"), Some(Is::Dir(0o1777)));
    assert_eq!(is("debian:12", "/root"), Some(Is::Dir(0o700)));
    assert_eq!(is("debian:12", "/anything"), Some(Is::Absent));
    assert_eq!(is("debian:12", "/lib64"), None);
    assert_eq!(is("debian:jessie", "/usr/local"), None, "its group was staff");
}

#[test]
fn a_debian_before_10_tells_nothing_of_usr_local() {
    for (image, local) in [
        ("python:3.7", Some(Is::Dir(0o755))),
        ("python:3.7.5", Some(Is::Dir(0o755))),
        ("python:3.7.0", None),
        ("openjdk:8-jdk", Some(Is::Dir(0o755))),
        ("openjdk:8u181-jdk", None),
        ("openjdk:9", None),
        ("openjdk:17", Some(Is::Dir(0o755))),
        ("maven:3.5-jdk-8", None),
        ("maven:3-jdk-8", Some(Is::Dir(0o755))),
        ("mysql:5.7", None),
        ("mysql:8.0.11", None),
        ("mysql:8", Some(Is::Dir(0o755))),
        ("debian:10", Some(Is::Only(0o755))),
    ] {
        assert_eq!(is(image, "/usr/local"), local, "{image}");
    }
    assert_eq!(is("debian:10", "/usr/libexec"), None);
    assert_eq!(is("debian:11", "/usr/libexec"), Some(Is::Dir(0o755)));
}

#[test]
fn languages_have_what_their_dockerfiles_make() {
    assert_eq!(is("golang:1.27", "/go"), Some(Is::Only(0o1777)));
    assert_eq!(is("golang:1.18", "/go/src"), Some(Is::Only(0o777)));
    assert_eq!(is("golang:1.19.7-alpine", "/go"), Some(Is::Owned(None, Some((0, 0)))));
    assert_eq!(library("golang:1.22-alpine").config.working_dir, "/go");
    assert_eq!(is("node:22-bookworm", "/home/node"), Some(Is::Owned(Some(0o755), Some((1000, 1000)))));
    assert_eq!(is("node:24-trixie", "/home/node"), Some(Is::Owned(Some(0o700), Some((1000, 1000)))));
    assert_eq!(is("node:22-alpine", "/home/node"), Some(Is::Owned(None, Some((1000, 1000)))));
    assert_eq!(is("node:22", "/home/app"), Some(Is::Absent));
    assert_eq!(is("ruby:3.4", "/usr/local/bundle"), Some(Is::Dir(0o1777)));
    assert_eq!(is("rust:1.80", "/usr/local/cargo/bin"), Some(Is::Dir(0o777)));
    assert_eq!(is("php:8.3-apache", "/var/www/html"), Some(Is::Owned(Some(0o1777), Some((33, 33)))));
    assert_eq!(is("php:8.3-fpm-alpine", "/var/www/html"), Some(Is::Owned(Some(0o1777), Some((82, 82)))));
    assert_eq!(library("php:8.3-cli").config.working_dir, "/");
    assert_eq!(library("php:8.3-fpm").config.working_dir, "/var/www/html");
    assert_eq!(is("python:3.12", "/usr/src/app"), Some(Is::Absent));
}

#[test]
fn servers_have_what_their_dockerfiles_make() {
    assert_eq!(is("nginx:1.27", "/var/log/nginx/access.log"), Some(Is::Link("/dev/stdout")));
    assert_eq!(is("nginx:alpine", "/usr/share/nginx/html/app"), Some(Is::Absent));
    assert!(find("docker.io/library/nginx:1.13-alpine").is_none());
    assert_eq!(is("postgres:16-alpine", "/docker-entrypoint-initdb.d/x.sql"), Some(Is::Absent));
    assert_eq!(is("postgres:16-alpine", "/var/lib/postgresql"), Some(Is::Owned(None, Some((70, 70)))));
    assert_eq!(is("redis:7-alpine", "/data"), Some(Is::Owned(Some(0o755), Some((999, 1000)))));
    assert_eq!(is("mysql:8", "/etc/mysql/conf.d"), Some(Is::Dir(0o755)));
    assert_eq!(is("eclipse-temurin:17-jre", "/opt/java/openjdk"), Some(Is::Dir(0o755)));
    assert_eq!(is("fedora:43", "/root"), Some(Is::Dir(0o550)));
    assert_eq!(is("busybox:latest", "/tmp"), Some(Is::Dir(0o1777)));
}

#[test]
fn distroless_runs_as_the_user_of_its_tag() {
    let nonroot = find("gcr.io/distroless/static-debian12:nonroot").unwrap();
    assert_eq!((nonroot.config.user, nonroot.config.working_dir), ("65532", "/home/nonroot"));
    assert_eq!(find("gcr.io/distroless/cc:latest").unwrap().config.user, "");
    let home = nonroot.get("/home/nonroot").unwrap().0;
    assert_eq!(home, Is::Owned(Some(0o700), Some((65532, 65532))));
    assert!(find("gcr.io/distroless/static@sha256:0").is_none(), "a digest does not tell the user");
}

#[test]
fn mirrors_count_and_other_images_do_not() {
    for image in [
        "public.ecr.aws/docker/library/debian:12",
        "mirror.gcr.io/library/debian:12",
        "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
        "registry.access.redhat.com/ubi8:latest",
        "quay.io/centos/centos:stream9",
    ] {
        assert!(find(image).is_some(), "{image}");
    }
    for image in [
        "docker.io/bitnami/debian:12",
        "ghcr.io/library/debian:12",
        "registry.access.redhat.com/ubi9/nodejs-20:1",
        "docker.io/library/golang:1.22-windowsservercore-ltsc2022",
        "docker.io/library/golang:1.22-nanoserver",
        "docker.io/library/python:3-onbuild",
        "docker.io/library/unheard:1",
    ] {
        assert!(find(image).is_none(), "{image}");
    }
}

#[test]
fn every_fact_names_the_image_its_line_and_the_source() {
    let image = Arc::new(ProfiledImage::new(library("debian:12"), "debian:12", 3));
    let fact = image.get("/usr/sbin");
    let said: Vec<String> = fact.leans.sorted().iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2);
    assert!(
        said[1].starts_with(
            "image debian:12 (line 3) has /usr/sbin as a directory 0755 of root (profile debian: "
        ),
        "{said:?}"
    );
    assert!(matches!(image.get("/usr/share/x").known, Known::Unknown(_)));
}
