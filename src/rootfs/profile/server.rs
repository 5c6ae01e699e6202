//! Images of servers.

use super::Is::{Absent, Differs, Dir, File, Link, Only, Owned};
use super::{Config, Facts, Source, debian};

const NGINX: Source =
    Source::File("nginxinc/docker-nginx", "mainline/debian/Dockerfile, mainline/alpine-slim/Dockerfile");
const NGINX_PACKAGE: Source =
    Source::File("nginx/pkg-oss", "debian/debian/nginx.install, alpine/alpine/APKBUILD-base.in");
const HTTPD: Source = Source::File("docker-library/httpd", "2.4/Dockerfile, 2.4/alpine/Dockerfile");
const POSTGRES: Source =
    Source::File("docker-library/postgres", "16/bookworm/Dockerfile, 16/alpine3.23/Dockerfile");
const MYSQL: Source = Source::File("docker-library/mysql", "8.4/Dockerfile.oracle");
const REDIS: Source = Source::File(
    "docker-library/redis",
    "7.2/debian/Dockerfile, 7.2/alpine/Dockerfile, and the same in redis/docker-library-redis from 8 on",
);

pub(super) static NGINX_CONFIG: Config = Config { env: &[], source: NGINX, ..debian::CONFIG };

/// The entrypoint exists since 1.19.
pub(super) static NGINX_PATHS: Facts = Facts {
    source: NGINX,
    paths: &[
        ("/docker-entrypoint.d", Dir(0o755)),
        ("/docker-entrypoint.sh", File),
        ("/var/log/nginx/access.log", Link("/dev/stdout")),
        ("/var/log/nginx/error.log", Link("/dev/stderr")),
    ],
};

/// The package makes the cache and log directories, with different owners.
pub(super) static NGINX_FILES: Facts = Facts {
    source: NGINX_PACKAGE,
    paths: &[
        ("/etc/nginx", Dir(0o755)),
        ("/etc/nginx/conf.d", Dir(0o755)),
        ("/etc/nginx/conf.d/app.conf", Absent),
        ("/etc/nginx/conf.d/default.conf", File),
        ("/etc/nginx/conf.d/nginx.conf", Absent),
        ("/etc/nginx/mime.types", File),
        ("/etc/nginx/nginx.conf", File),
        ("/etc/nginx/templates", Absent),
        ("/usr/share/nginx", Dir(0o755)),
        ("/usr/share/nginx/html", Only(0o755)),
        ("/usr/share/nginx/html/50x.html", File),
        ("/usr/share/nginx/html/index.html", File),
        ("/var/log/nginx", Owned(None, None)),
    ],
};

pub(super) static HTTPD_CONFIG: Config = Config {
    working_dir: "/usr/local/apache2",
    env: &[("HTTPD_PREFIX", "/usr/local/apache2")],
    source: HTTPD,
    ..debian::CONFIG
};

/// `www-data` has a different number on Alpine.
pub(super) static HTTPD_DEBIAN: Facts =
    Facts { source: HTTPD, paths: &[("/usr/local/apache2", Owned(Some(0o755), Some((33, 33))))] };

pub(super) static HTTPD_ALPINE: Facts =
    Facts { source: HTTPD, paths: &[("/usr/local/apache2", Owned(Some(0o755), Some((82, 82))))] };

pub(super) static HTTPD_PATHS: Facts =
    Facts { source: HTTPD, paths: &[("/usr/local/apache2", Owned(Some(0o755), None))] };

pub(super) static POSTGRES_CONFIG: Config = Config { env: &[], source: POSTGRES, ..debian::CONFIG };

pub(super) static POSTGRES_PATHS: Facts = Facts {
    source: POSTGRES,
    paths: &[
        ("/docker-entrypoint-initdb.d", Only(0o755)),
        ("/docker-entrypoint.sh", Differs),
        ("/usr/local/bin/docker-entrypoint.sh", File),
        ("/var/lib/postgresql", Owned(None, None)),
    ],
};

pub(super) static POSTGRES_DEBIAN: Facts =
    Facts { source: POSTGRES, paths: &[("/var/lib/postgresql", Owned(None, Some((999, 999))))] };

pub(super) static POSTGRES_ALPINE: Facts =
    Facts { source: POSTGRES, paths: &[("/var/lib/postgresql", Owned(None, Some((70, 70))))] };

pub(super) static MYSQL_CONFIG: Config = Config { env: &[], source: MYSQL, ..debian::CONFIG };

pub(super) static MYSQL_PATHS: Facts = Facts {
    source: MYSQL,
    paths: &[
        ("/docker-entrypoint-initdb.d", Only(0o755)),
        ("/etc/mysql", Dir(0o755)),
        ("/etc/mysql/conf.d", Dir(0o755)),
        ("/usr/local/bin/docker-entrypoint.sh", File),
    ],
};

pub(super) static REDIS_CONFIG: Config =
    Config { working_dir: "/data", env: &[], source: REDIS, ..debian::CONFIG };

pub(super) static REDIS_PATHS: Facts = Facts {
    source: REDIS,
    paths: &[
        ("/data", Owned(Some(0o755), None)),
        ("/usr/local/bin/docker-entrypoint.sh", File),
        ("/usr/local/etc/redis", Absent),
    ],
};

/// The group has a different number on Alpine.
pub(super) static REDIS_DEBIAN: Facts =
    Facts { source: REDIS, paths: &[("/data", Owned(Some(0o755), Some((999, 999))))] };

pub(super) static REDIS_ALPINE: Facts =
    Facts { source: REDIS, paths: &[("/data", Owned(Some(0o755), Some((999, 1000))))] };
