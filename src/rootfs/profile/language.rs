//! Images of programming languages: the paths that their Dockerfiles add to the base image.

use super::Is::{Absent, Differs, Dir, File, Only, Owned};
use super::{Config, Facts, Source, debian};

const GO: Source = Source::File("docker-library/golang", "Dockerfile-linux.template");
const NODE: Source = Source::File("nodejs/docker-node", "22/bookworm/Dockerfile, 22/alpine3.23/Dockerfile");
const PHP: Source = Source::File("docker-library/php", "Dockerfile-linux.template");
const RUBY: Source = Source::File("docker-library/ruby", "Dockerfile.template");
const RUST: Source = Source::File("rust-lang/docker-rust", "Dockerfile-debian.template");

pub(super) static PYTHON: Config = Config {
    env: &[],
    source: Source::File("docker-library/python", "3.13/slim-bookworm/Dockerfile"),
    ..debian::CONFIG
};

pub(super) static NODE_CONFIG: Config = Config { env: &[], source: NODE, ..debian::CONFIG };

/// Yarn is unpacked in `/opt`; `useradd` makes the user, and the mode of the home directory depends on the release.
pub(super) static NODE_PATHS: Facts = Facts {
    source: NODE,
    paths: &[
        ("/home/node", Owned(None, Some((1000, 1000)))),
        ("/home/node/app", Absent),
        ("/usr/local/bin/docker-entrypoint.sh", File),
    ],
};

/// `useradd` of Debian up to 12 makes home directories with mode 0755.
pub(super) static NODE_HOME_OPEN: Facts = Facts {
    source: Source::Listing("debootstrap --variant=minbase after the `useradd` of nodejs/docker-node"),
    paths: &[("/home/node", Owned(Some(0o755), Some((1000, 1000))))],
};

/// `HOME_MODE` is 0700 in `/etc/login.defs` since Debian 13.
pub(super) static NODE_HOME_CLOSED: Facts = Facts {
    source: Source::Listing("debootstrap --variant=minbase after the `useradd` of nodejs/docker-node"),
    paths: &[("/home/node", Owned(Some(0o700), Some((1000, 1000))))],
};

pub(super) static GO_CONFIG: Config =
    Config { user: "", working_dir: "/go", env: &[("GOPATH", "/go")], source: GO };

/// The mode was 0777 until March 2023.
pub(super) static GO_PATHS: Facts = Facts {
    source: GO,
    paths: &[
        ("/go", Owned(None, Some((0, 0)))),
        ("/go/bin", Owned(None, Some((0, 0)))),
        ("/go/src", Owned(None, Some((0, 0)))),
        ("/target", Differs),
        ("/usr/local/go", Dir(0o755)),
    ],
};

pub(super) static GO_STICKY: Facts = Facts {
    source: GO,
    paths: &[("/go", Only(0o1777)), ("/go/bin", Only(0o1777)), ("/go/src", Only(0o1777))],
};

pub(super) static GO_OPEN: Facts =
    Facts { source: GO, paths: &[("/go", Only(0o777)), ("/go/bin", Only(0o777)), ("/go/src", Only(0o777))] };

pub(super) static RUST_CONFIG: Config = Config {
    env: &[("CARGO_HOME", "/usr/local/cargo"), ("RUSTUP_HOME", "/usr/local/rustup")],
    source: RUST,
    ..debian::CONFIG
};

pub(super) static RUST_PATHS: Facts = Facts {
    source: RUST,
    paths: &[
        ("/usr/local/cargo", Dir(0o777)),
        ("/usr/local/cargo/bin", Dir(0o777)),
        ("/usr/local/rustup", Dir(0o777)),
    ],
};

pub(super) static RUBY_CONFIG: Config =
    Config { env: &[("GEM_HOME", "/usr/local/bundle")], source: RUBY, ..debian::CONFIG };

/// The mode was 0777 until March 2023.
pub(super) static RUBY_PATHS: Facts =
    Facts { source: RUBY, paths: &[("/usr/local/bundle", Owned(None, Some((0, 0))))] };

pub(super) static RUBY_STICKY: Facts = Facts { source: RUBY, paths: &[("/usr/local/bundle", Dir(0o1777))] };

/// Plain `php` and its `cli` variants.
pub(super) static PHP_CLI: Config =
    Config { env: &[("PHP_INI_DIR", "/usr/local/etc/php")], source: PHP, ..debian::CONFIG };

/// The `apache` and `fpm` variants.
pub(super) static PHP_WEB: Config = Config { working_dir: "/var/www/html", ..PHP_CLI };

pub(super) static PHP_PATHS: Facts = Facts {
    source: PHP,
    paths: &[
        ("/usr/local/etc", Dir(0o755)),
        ("/usr/local/etc/php", Dir(0o755)),
        ("/usr/local/etc/php/conf.d", Dir(0o755)),
        ("/usr/local/etc/php/php.ini", Absent),
        ("/var/www", Dir(0o755)),
        ("/var/www/html", Owned(None, None)),
    ],
};

/// Since 8.3 the mode is 1777; it was 0777 until March 2023. `www-data` has a different number on Alpine.
pub(super) static PHP_DEBIAN: Facts =
    Facts { source: PHP, paths: &[("/var/www/html", Owned(Some(0o1777), Some((33, 33))))] };

pub(super) static PHP_ALPINE: Facts =
    Facts { source: PHP, paths: &[("/var/www/html", Owned(Some(0o1777), Some((82, 82))))] };

pub(super) static BUILDPACK: Config =
    Config { source: Source::File("docker-library/buildpack-deps", "Dockerfile.template"), ..debian::CONFIG };

/// Go, Rust and the build dependencies install nothing in these; they use directories of their own.
pub(super) static EMPTY: Facts = Facts {
    source: Source::File(
        "docker-library/golang",
        "Dockerfile-linux.template, over docker-library/buildpack-deps Dockerfile.template",
    ),
    paths: &[("/opt", Only(0o755)), ("/srv", Only(0o755)), ("/usr/local/bin", Only(0o755))],
};

/// Their Dockerfiles put nothing there.
pub(super) static NO_OPT: Facts = Facts {
    source: Source::File(
        "docker-library/python",
        "3.13/slim-bookworm/Dockerfile, and the same for docker-library/ruby and docker-library/php",
    ),
    paths: &[("/opt", Only(0o755)), ("/srv", Only(0o755))],
};
