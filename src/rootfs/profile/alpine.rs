//! Alpine.

use super::Is::{Absent, Differs, Dir, Link, Only};
use super::{Config, Facts, Source, debian};

const LISTINGS: Source = Source::Listing(
    "Alpine's minirootfs (alpinelinux/docker-alpine), the same for 3.10, 3.14, 3.16, 3.19 and 3.20",
);

pub(super) static CONFIG: Config = Config {
    user: "",
    working_dir: "/",
    env: &[debian::PATH],
    source: Source::File("alpinelinux/docker-alpine", "x86_64/Dockerfile"),
};

/// The facts about every image on Alpine, whatever is installed in it.
pub(super) static ALPINE: Facts = Facts {
    source: LISTINGS,
    paths: &[
        ("/etc/apk", Dir(0o755)),
        ("/etc/crontabs", Dir(0o755)),
        ("/etc/modprobe.d", Dir(0o755)),
        ("/etc/network", Dir(0o755)),
        ("/etc/periodic", Dir(0o755)),
        ("/etc/ssl", Dir(0o755)),
        ("/etc/sysctl.d", Dir(0o755)),
        ("/run", Dir(0o755)),
        ("/var/cache/apk", Dir(0o755)),
        ("/var/empty", Dir(0o555)),
        ("/var/local", Dir(0o755)),
    ],
};

/// Alpine itself: directories into which no package installs anything.
pub(super) static BARE: Facts = Facts {
    source: LISTINGS,
    paths: &[
        ("/boot", Absent),
        ("/etc/conf.d", Differs),
        ("/mnt", Only(0o755)),
        ("/opt", Only(0o755)),
        ("/root", Only(0o700)),
        ("/srv", Only(0o755)),
        ("/usr/local", Only(0o755)),
        ("/usr/local/bin", Only(0o755)),
        ("/usr/local/lib", Only(0o755)),
        ("/usr/local/share", Only(0o755)),
        ("/usr/src", Absent),
        ("/var/opt", Only(0o755)),
    ],
};

/// Up to the last release that was listed; later ones merge `/bin`, `/lib` and `/sbin` into `/usr`.
pub(super) static SPLIT: Facts = Facts {
    source: LISTINGS,
    paths: &[
        ("/bin", Dir(0o755)),
        ("/lib", Dir(0o755)),
        ("/sbin", Dir(0o755)),
        ("/var/lock", Dir(0o755)),
        ("/var/run", Link("/run")),
    ],
};
