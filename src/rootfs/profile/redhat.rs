//! Fedora, Red Hat's UBI and images built from their sources, and the facts about every Linux image.

use super::Is::{Absent, Differs, Dir, Link, Only};
use super::{Config, Facts, Source, debian};

const SPEC: Source = Source::File("eurolinux-enterprise-linux-sources/filesystem", "filesystem.spec");

pub(super) static CONFIG: Config = Config {
    user: "",
    working_dir: "/",
    env: &[debian::PATH],
    source: Source::File(
        "docker-library/official-images",
        "library/almalinux, library/fedora, library/amazonlinux",
    ),
};

/// The facts that Debian, Ubuntu, Alpine and Red Hat's images have in common, for images that exist on several.
pub(super) static EVERY: Facts = Facts {
    source: Source::Listing(
        "debootstrap --variant=minbase, Alpine's minirootfs and the specification of Red Hat's filesystem package",
    ),
    paths: &[
        ("/app", Absent),
        ("/application", Absent),
        ("/build", Absent),
        ("/code", Absent),
        ("/etc", Dir(0o755)),
        ("/etc/opt", Dir(0o755)),
        ("/home", Dir(0o755)),
        ("/media", Dir(0o755)),
        ("/mnt", Dir(0o755)),
        ("/opt", Dir(0o755)),
        ("/opt/app", Absent),
        ("/project", Absent),
        ("/src", Absent),
        ("/srv", Dir(0o755)),
        ("/tmp", Dir(0o1777)),
        ("/usr", Dir(0o755)),
        ("/usr/share", Dir(0o755)),
        ("/usr/src/app", Absent),
        ("/var", Dir(0o755)),
        ("/var/cache", Dir(0o755)),
        ("/var/lib", Dir(0o755)),
        ("/var/log", Dir(0o755)),
        ("/var/opt", Dir(0o755)),
        ("/var/tmp", Dir(0o1777)),
        ("/workdir", Absent),
        ("/workspace", Absent),
    ],
};

/// The facts that they have in common since Debian 10: before, `/usr/local` was 2775 of the group `staff` there.
pub(super) static LOCAL: Facts = Facts {
    source: Source::Listing(
        "debootstrap --variant=minbase from Debian 10 on (base-files 10.1), Alpine's minirootfs and the \
         specification of Red Hat's filesystem package",
    ),
    paths: &[
        ("/usr/local", Dir(0o755)),
        ("/usr/local/bin", Dir(0o755)),
        ("/usr/local/lib", Dir(0o755)),
        ("/usr/local/share", Dir(0o755)),
    ],
};

/// Since Fedora 17 and RHEL 7.
pub(super) static REDHAT: Facts = Facts {
    source: SPEC,
    paths: &[
        ("/bin", Link("usr/bin")),
        ("/boot", Dir(0o555)),
        ("/etc/pki", Dir(0o755)),
        ("/etc/skel", Dir(0o755)),
        ("/etc/sysconfig", Dir(0o755)),
        ("/home", Only(0o755)),
        ("/lib", Link("usr/lib")),
        ("/root", Dir(0o550)),
        ("/usr/bin", Dir(0o555)),
        ("/usr/lib", Dir(0o555)),
        ("/usr/libexec", Dir(0o755)),
        ("/usr/local/etc", Dir(0o755)),
        ("/usr/local/src", Dir(0o755)),
        ("/usr/src", Dir(0o755)),
    ],
};

/// Fedora merges `/usr/sbin` into `/usr/bin` since 42; the others do not.
pub(super) static SBIN: Facts = Facts {
    source: SPEC,
    paths: &[("/sbin", Link("usr/sbin")), ("/usr/local/sbin", Dir(0o755)), ("/usr/sbin", Dir(0o555))],
};

/// Busybox.
pub(super) static BUSYBOX: Facts = Facts {
    source: Source::File("docker-library/busybox", "latest/glibc/Dockerfile.builder"),
    paths: &[
        ("/app", Absent),
        ("/build", Absent),
        ("/code", Absent),
        ("/lib", Differs),
        ("/src", Absent),
        ("/workdir", Absent),
        ("/workspace", Absent),
    ],
};

pub(super) static BUSYBOX_CONFIG: Config =
    Config { source: Source::File("docker-library/busybox", "latest/glibc/Dockerfile"), ..CONFIG };

/// The modes that busybox sets.
pub(super) static BUSYBOX_MODES: Facts = Facts {
    source: Source::File("buildroot/buildroot", "system/device_table.txt"),
    paths: &[("/etc", Dir(0o755)), ("/root", Dir(0o700)), ("/tmp", Dir(0o1777))],
};
