//! Debian and Ubuntu.

use super::Is::{Absent, Differs, Dir, File, Link, Only, Owned};
use super::{Config, Facts, Source};

const LISTINGS: Source =
    Source::Listing("debootstrap --variant=minbase, the same for bullseye, bookworm and trixie");
const INIT: Source = Source::File("debuerreotype/debuerreotype", "examples/debian.sh");

pub(super) const PATH: (&str, &str) =
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

pub(super) static CONFIG: Config = Config { user: "", working_dir: "/", env: &[PATH], source: INIT };

pub(super) static UBUNTU_CONFIG: Config = Config {
    source: Source::File(
        "docker-library/official-images",
        "library/ubuntu, which takes git.launchpad.net/cloud-images/+oci/ubuntu-base",
    ),
    ..CONFIG
};

/// The facts that Debian and Alpine have in common, for images that exist on both.
pub(super) static COMMON: Facts = Facts {
    source: Source::Listing("debootstrap --variant=minbase and of Alpine's minirootfs, the same in both"),
    paths: &[
        ("/", Only(0o755)),
        ("/.dockerenv", Differs),
        ("/bin", Differs),
        ("/bin.usr-is-merged", Differs),
        ("/boot", Differs),
        ("/dev", Differs),
        ("/etc", Dir(0o755)),
        ("/etc/logrotate.d", Dir(0o755)),
        ("/etc/opt", Dir(0o755)),
        ("/etc/profile.d", Dir(0o755)),
        ("/home", Only(0o755)),
        ("/lib", Differs),
        ("/lib.usr-is-merged", Differs),
        ("/lib32", Differs),
        ("/lib64", Differs),
        ("/libo32", Differs),
        ("/libx32", Differs),
        ("/lost+found", Differs),
        ("/media", Dir(0o755)),
        ("/mnt", Dir(0o755)),
        ("/opt", Dir(0o755)),
        ("/opt/app", Absent),
        ("/proc", Differs),
        ("/root", Dir(0o700)),
        ("/run", Differs),
        ("/sbin", Differs),
        ("/sbin.usr-is-merged", Differs),
        ("/selinux", Differs),
        ("/srv", Dir(0o755)),
        ("/srv/app", Absent),
        ("/sys", Differs),
        ("/tmp", Dir(0o1777)),
        ("/usr", Dir(0o755)),
        ("/usr/app", Absent),
        ("/usr/bin", Dir(0o755)),
        ("/usr/lib", Dir(0o755)),
        ("/usr/sbin", Dir(0o755)),
        ("/usr/share", Dir(0o755)),
        ("/usr/share/misc", Dir(0o755)),
        ("/usr/src/app", Absent),
        ("/var", Dir(0o755)),
        ("/var/app", Absent),
        ("/var/cache", Dir(0o755)),
        ("/var/lib", Dir(0o755)),
        ("/var/log", Dir(0o755)),
        ("/var/opt", Dir(0o755)),
        ("/var/spool", Dir(0o755)),
        ("/var/task", Absent),
        ("/var/tmp", Dir(0o1777)),
    ],
};

/// `/usr/local` belongs to root since Debian 10 (base-files 10.1); before, its group was `staff`. On Alpine it
/// always belonged to root.
pub(super) static USR_LOCAL: Facts = Facts {
    source: Source::Listing("debootstrap --variant=minbase and of Alpine's minirootfs, the same in both"),
    paths: &[
        ("/usr/local", Dir(0o755)),
        ("/usr/local/app", Absent),
        ("/usr/local/bin", Dir(0o755)),
        ("/usr/local/lib", Dir(0o755)),
        ("/usr/local/share", Dir(0o755)),
    ],
};

/// The facts about every image on Debian 10 or later, whatever is installed in it.
pub(super) static DEBIAN: Facts = Facts {
    source: LISTINGS,
    paths: &[
        ("/boot", Dir(0o755)),
        ("/etc/alternatives", Dir(0o755)),
        ("/etc/apt", Dir(0o755)),
        ("/etc/cron.daily", Dir(0o755)),
        ("/etc/default", Dir(0o755)),
        ("/etc/ld.so.conf.d", Dir(0o755)),
        ("/etc/pam.d", Dir(0o755)),
        ("/etc/security", Dir(0o755)),
        ("/etc/skel", Dir(0o755)),
        ("/root/.bashrc", File),
        ("/root/.profile", File),
        ("/run", Dir(0o755)),
        ("/run/lock", Dir(0o1777)),
        ("/usr/games", Dir(0o755)),
        ("/usr/include", Dir(0o755)),
        ("/usr/local/etc", Dir(0o755)),
        ("/usr/local/games", Dir(0o755)),
        ("/usr/local/include", Dir(0o755)),
        ("/usr/local/man", Link("share/man")),
        ("/usr/local/sbin", Dir(0o755)),
        ("/usr/local/src", Dir(0o755)),
        ("/usr/src", Dir(0o755)),
        ("/var/backups", Dir(0o755)),
        ("/var/lock", Link("/run/lock")),
        ("/var/mail", Owned(Some(0o2775), Some((0, 8)))),
        ("/var/run", Link("/run")),
    ],
};

/// Debian 11 and later. Before, no required package had it.
pub(super) static LIBEXEC: Facts = Facts { source: LISTINGS, paths: &[("/usr/libexec", Dir(0o755))] };

/// Debian itself: directories into which no package installs anything.
pub(super) static BARE: Facts = Facts {
    source: LISTINGS,
    paths: &[
        ("/boot", Only(0o755)),
        ("/media", Only(0o755)),
        ("/mnt", Only(0o755)),
        ("/opt", Only(0o755)),
        ("/srv", Only(0o755)),
        ("/usr/local", Only(0o755)),
        ("/usr/local/bin", Only(0o755)),
        ("/usr/local/etc", Only(0o755)),
        ("/usr/local/games", Only(0o755)),
        ("/usr/local/include", Only(0o755)),
        ("/usr/local/libexec", Differs),
        ("/usr/local/sbin", Only(0o755)),
        ("/usr/local/src", Only(0o755)),
        ("/usr/src", Only(0o755)),
        ("/var/opt", Only(0o755)),
    ],
};

/// Debian 12 and later.
pub(super) static MERGED: Facts = Facts {
    source: INIT,
    paths: &[("/bin", Link("usr/bin")), ("/lib", Link("usr/lib")), ("/sbin", Link("usr/sbin"))],
};

/// Debian up to 11.
pub(super) static SPLIT: Facts =
    Facts { source: INIT, paths: &[("/bin", Dir(0o755)), ("/lib", Dir(0o755)), ("/sbin", Dir(0o755))] };

/// Ubuntu since 20.04. Since 23.04 its `/home` contains a user.
pub(super) static UBUNTU: Facts = Facts {
    source: Source::File("debootstrap", "scripts/gutsy, and base-files, which Ubuntu takes from Debian"),
    paths: &[
        ("/bin", Link("usr/bin")),
        ("/home/ubuntu", Differs),
        ("/lib", Link("usr/lib")),
        ("/sbin", Link("usr/sbin")),
        ("/usr/local/etc", Dir(0o755)),
        ("/usr/local/sbin", Dir(0o755)),
        ("/usr/src", Dir(0o755)),
    ],
};
