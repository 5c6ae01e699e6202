//! Distroless.

use super::Is::{Absent, Differs, Dir, Only, Owned};
use super::{Config, Facts, Source, debian};

const STATIC: Source = Source::File("GoogleContainerTools/distroless", "static/static.bzl");

pub(super) static ROOT: Config = Config { user: "", working_dir: "/", env: &[debian::PATH], source: STATIC };

pub(super) static NONROOT: Config =
    Config { user: "65532", working_dir: "/home/nonroot", env: &[debian::PATH], source: STATIC };

/// The debug images have a different PATH.
pub(super) static DEBUG_ROOT: Config = Config { env: &[], ..ROOT };

pub(super) static DEBUG_NONROOT: Config = Config { env: &[], ..NONROOT };

/// The facts about all of them.
pub(super) static DISTROLESS: Facts = Facts {
    source: Source::File("GoogleContainerTools/distroless", "common/BUILD.bazel"),
    paths: &[
        ("/app", Absent),
        ("/code", Absent),
        ("/home", Only(0o755)),
        ("/home/nonroot", Owned(Some(0o700), Some((65532, 65532)))),
        ("/root", Dir(0o700)),
        ("/src", Absent),
        ("/tmp", Only(0o1777)),
        ("/workspace", Absent),
    ],
};

/// The packages that all of them have.
pub(super) static PACKAGES: Facts = Facts {
    source: Source::File("GoogleContainerTools/distroless", "static/config.bzl, package base-files"),
    paths: &[
        ("/", Only(0o755)),
        ("/bin", Differs),
        ("/boot", Differs),
        ("/busybox", Differs),
        ("/dev", Differs),
        ("/etc", Dir(0o755)),
        ("/lib", Differs),
        ("/lib32", Differs),
        ("/lib64", Differs),
        ("/libx32", Differs),
        ("/media", Differs),
        ("/mnt", Differs),
        ("/nodejs", Differs),
        ("/opt", Differs),
        ("/proc", Differs),
        ("/run", Differs),
        ("/sbin", Differs),
        ("/srv", Differs),
        ("/sys", Differs),
        ("/usr", Dir(0o755)),
        ("/usr/bin", Dir(0o755)),
        ("/usr/lib", Dir(0o755)),
        ("/usr/share", Dir(0o755)),
        ("/var", Dir(0o755)),
        ("/var/lib", Dir(0o755)),
    ],
};
