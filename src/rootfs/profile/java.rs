//! Images of Java and of its build tools.

use super::Is::{Differs, Dir, File, Owned};
use super::{Config, Facts, Source, debian};

const TEMURIN: Source = Source::File(
    "adoptium/containers",
    "17/jdk/ubuntu/noble/Dockerfile, 11/jdk/alpine/3.21/Dockerfile, 11/jdk/ubi/ubi9-minimal/Dockerfile",
);
const MAVEN: Source = Source::File("carlossg/docker-maven", "Dockerfile-template");
const GRADLE: Source = Source::File("keeganwitt/docker-gradle", "jdk17-noble/Dockerfile");

pub(super) static TEMURIN_CONFIG: Config =
    Config { env: &[("JAVA_HOME", "/opt/java/openjdk")], source: TEMURIN, ..debian::CONFIG };

pub(super) static TEMURIN_PATHS: Facts = Facts {
    source: TEMURIN,
    paths: &[
        ("/__cacert_entrypoint.sh", Differs),
        ("/opt/java", Dir(0o755)),
        ("/opt/java/openjdk", Dir(0o755)),
    ],
};

pub(super) static OPENJDK: Config = Config {
    env: &[],
    source: Source::File("docker-library/openjdk", "27/slim-trixie/Dockerfile"),
    ..debian::CONFIG
};

pub(super) static CORRETTO: Config = Config {
    env: &[],
    source: Source::File("corretto/corretto-docker", "17/jdk/al2023/Dockerfile"),
    ..debian::CONFIG
};

pub(super) static MAVEN_CONFIG: Config =
    Config { env: &[("MAVEN_HOME", "/usr/share/maven")], source: MAVEN, ..debian::CONFIG };

pub(super) static MAVEN_PATHS: Facts = Facts {
    source: MAVEN,
    paths: &[("/usr/local/bin/mvn-entrypoint.sh", File), ("/usr/share/maven", Dir(0o755))],
};

pub(super) static GRADLE_CONFIG: Config = Config {
    working_dir: "/home/gradle",
    env: &[("GRADLE_HOME", "/opt/gradle")],
    source: GRADLE,
    ..debian::CONFIG
};

/// The mode of the home directory differs between the variants; in none of them does it belong to root.
pub(super) static GRADLE_PATHS: Facts =
    Facts { source: GRADLE, paths: &[("/home/gradle", Owned(None, Some((1000, 1000))))] };
