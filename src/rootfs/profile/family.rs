//! From the name of an image to its family. If a tag does not name the distribution, the profile has only the facts
//! that all variants have in common.

use super::tag::{LAST_ALPINE, MERGED, Tag, Variant};
use super::{Config, Facts, Profile, alpine, debian, distroless, java, language, redhat, server};

/// The registries of the official images, as prefixes.
const OFFICIAL: [&str; 7] = [
    "docker.io/library/",
    "docker.io/amd64/",
    "docker.io/arm64v8/",
    "docker.io/arm32v7/",
    "mirror.gcr.io/library/",
    "public.ecr.aws/docker/library/",
    "registry-1.docker.io/library/",
];

/// The images built on Red Hat's packages, except the official images.
const REDHAT: [(&str, &str); 12] = [
    ("docker.io/almalinux/9-base", "almalinux"),
    ("docker.io/rockylinux/rockylinux", "rockylinux"),
    ("public.ecr.aws/amazonlinux/amazonlinux", "amazonlinux"),
    ("quay.io/almalinuxorg/almalinux", "almalinux"),
    ("quay.io/centos/centos", "centos"),
    ("quay.io/fedora/fedora", "fedora"),
    ("quay.io/rockylinux/rockylinux", "rockylinux"),
    ("registry.fedoraproject.org/fedora", "fedora"),
    ("registry.access.redhat.com/ubi8", "ubi"),
    ("registry.access.redhat.com/ubi9", "ubi"),
    ("registry.redhat.io/ubi8", "ubi"),
    ("registry.redhat.io/ubi9", "ubi"),
];

const REDHAT_CONTENTS: [&str; 4] = ["", "/ubi", "/ubi-minimal", "-minimal"];

pub(super) fn find(repository: &str, tag: Option<&str>) -> Option<Profile> {
    if tag.is_some_and(|tag| tag.contains("onbuild")) {
        return None;
    }
    if let Some(name) = repository.strip_prefix("gcr.io/distroless/") {
        return without_shell(name, tag?);
    }
    if let Some(name) = OFFICIAL.iter().find_map(|prefix| repository.strip_prefix(prefix)) {
        return official(name, tag);
    }
    let (_, name) = REDHAT.iter().find(|(prefix, name)| {
        let rest = repository.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || *name == "ubi" && REDHAT_CONTENTS.contains(&rest))
    })?;
    red_hat(name, &Tag::read(tag, &["minimal", "stream8", "stream9", "stream10"])?)
}

fn official(name: &str, tag: Option<&str>) -> Option<Profile> {
    match name {
        "debian" => Some(bare_debian(tag)?),
        "ubuntu" => {
            let tag = dated(tag, &["rolling"])?;
            let release = match (tag.variant, tag.version.as_slice()) {
                (Variant::Ubuntu(release), _) => Some(release),
                (Variant::Default, [major, minor, ..]) => Some([*major, *minor]),
                (Variant::Default, []) => Some([24, 4]),
                _ => None,
            };
            let profile = Profile::new("ubuntu", debian::UBUNTU_CONFIG);
            Some(match release {
                Some(release) => profile.with(on(Variant::Ubuntu(release))),
                None => profile.with(EVERY),
            })
        }
        "alpine" => {
            let tag = dated(tag, &["edge"])?;
            let release = match tag.version.as_slice() {
                [major, minor, ..] => Some([*major, *minor]),
                _ => None,
            };
            let profile = Profile::new("alpine", alpine::CONFIG).with(on(Variant::Alpine(release)));
            Some(profile.with([&alpine::BARE]))
        }
        "busybox" => {
            Tag::read(tag, &["glibc", "musl", "uclibc", "stable", "unstable"])?;
            let profile = Profile::new("busybox", redhat::BUSYBOX_CONFIG);
            Some(profile.with([&redhat::BUSYBOX, &redhat::BUSYBOX_MODES]))
        }
        "fedora" | "centos" | "rockylinux" | "almalinux" | "amazonlinux" => {
            red_hat(name, &Tag::read(tag, &["minimal", "centos7", "centos8"])?)
        }
        "eclipse-temurin" | "amazoncorretto" | "openjdk" | "maven" | "gradle" => jvm(name, tag),
        "nginx" | "httpd" | "postgres" | "mysql" | "redis" => a_server(name, tag),
        _ => a_language(name, tag),
    }
}

/// Returns the facts about an image that is built on this. There is no fact about `/usr/local` if the release is not
/// known.
fn on(variant: Variant) -> Vec<&'static Facts> {
    let mut facts = vec![&debian::COMMON];
    match variant {
        Variant::Debian(Some(release)) if release >= 10 => {
            facts.extend([&debian::USR_LOCAL, &debian::DEBIAN]);
            facts.push(if release >= MERGED { &debian::MERGED } else { &debian::SPLIT });
            facts.extend((release >= 11).then_some(&debian::LIBEXEC));
        }
        Variant::Ubuntu(release) if release >= [20, 4] => {
            facts.extend([&debian::USR_LOCAL, &debian::UBUNTU]);
        }
        Variant::Alpine(release) => {
            facts.extend([&debian::USR_LOCAL, &alpine::ALPINE]);
            if release.is_some_and(|release| release <= LAST_ALPINE) {
                facts.push(&alpine::SPLIT);
            }
        }
        Variant::Debian(_) | Variant::Ubuntu(_) | Variant::Default | Variant::Unclear => {}
    }
    facts
}

/// The facts about every image that is not on a Debian before 10.
const EVERY: [&Facts; 2] = [&redhat::EVERY, &redhat::LOCAL];

/// Returns the facts about every image; fewer if it may be on a Debian before 10.
fn every(is_late: bool) -> Vec<&'static Facts> {
    if is_late { EVERY.to_vec() } else { vec![&redhat::EVERY] }
}

/// Returns the facts about an image whose tags without a release are on Debian: on 10 or later since version
/// `since_10`, on 12 or later since `since_12`.
fn on_debian(tag: &Tag, since_10: &[u32], since_12: &[u32]) -> Vec<&'static Facts> {
    if tag.variant != Variant::Default || !tag.is_since(since_10) {
        return on(tag.variant);
    }
    let mut facts = vec![&debian::COMMON, &debian::USR_LOCAL, &debian::DEBIAN];
    if tag.is_since(since_12) {
        facts.extend([&debian::MERGED, &debian::LIBEXEC]);
    }
    facts
}

/// Parses a tag that may contain a date: `bookworm-20240101-slim`. The meaning of a name at that date is not known.
fn dated(tag: Option<&str>, known: &[&str]) -> Option<Tag> {
    let is_date = |word: &str| word.len() >= 8 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let words: Vec<&str> = tag.into_iter().flat_map(|tag| tag.split('-')).collect();
    let undated: Vec<&str> = words.iter().filter(|word| !is_date(word)).copied().collect();
    let mut read = Tag::read(tag.map(|_| undated.join("-")).as_deref(), known)?;
    let moves = ["stable", "testing", "sid", "latest", "rolling"];
    let early = |word: &&str| is_date(word) && **word < *"20230701";
    if undated.len() < words.len() && (moves.contains(&undated.first()?) || words.iter().any(early)) {
        read.variant = Variant::Unclear;
    }
    Some(read)
}

fn bare_debian(tag: Option<&str>) -> Option<Profile> {
    let tag = dated(tag, &["backports"])?;
    let release = match (tag.variant, tag.version.first()) {
        (Variant::Debian(release), _) => release,
        (Variant::Default, Some(release)) => Some(*release),
        (Variant::Default, None) => Some(MERGED),
        _ => None,
    };
    let profile = Profile::new("debian", debian::CONFIG).with(on(Variant::Debian(release)));
    Some(if release.is_some_and(|release| release >= 10) { profile.with([&debian::BARE]) } else { profile })
}

fn red_hat(name: &str, tag: &Tag) -> Option<Profile> {
    let least = match name {
        "centos" => 7,
        "fedora" => 17,
        "amazonlinux" => 2,
        _ => 8,
    };
    let is_known = tag.variant == Variant::Default && tag.is_since(&[least]);
    let is_old = tag.version.first().is_some_and(|version| *version < least || *version > 2023);
    let (name, has_sbin) = match name {
        "fedora" => ("fedora", false),
        "centos" => ("centos", true),
        "rockylinux" => ("rockylinux", true),
        "almalinux" => ("almalinux", true),
        "amazonlinux" => ("amazonlinux", true),
        "ubi" => ("ubi", true),
        _ => return None,
    };
    // The first Amazon Linux also has years as tags: 2017 and 2018.
    let first =
        name == "amazonlinux" && tag.version.first().is_some_and(|version| (3..2022).contains(version));
    let profile = Profile::new(name, redhat::CONFIG).with(EVERY);
    Some(match (is_known && !is_old && !first, has_sbin) {
        (false, _) => profile,
        (true, false) => profile.with([&redhat::REDHAT]),
        (true, true) => profile.with([&redhat::REDHAT, &redhat::SBIN]),
    })
}

fn without_shell(name: &str, tag: &str) -> Option<Profile> {
    let name = name.split_once("-debian").map_or(name, |(name, _)| name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if !["static", "base", "base-nossl", "cc", "java", "java-base", "nodejs", "python"].contains(&name) {
        return None;
    }
    let words: Vec<&str> = tag.split('-').collect();
    let known = ["latest", "nonroot", "debug", "root", "amd64", "arm64"];
    if !words.iter().all(|word| known.contains(word) || name != "static" && word.parse::<u32>().is_ok()) {
        return None;
    }
    let config = match (words.contains(&"nonroot"), words.contains(&"debug")) {
        (false, false) => distroless::ROOT,
        (true, false) => distroless::NONROOT,
        (false, true) => distroless::DEBUG_ROOT,
        (true, true) => distroless::DEBUG_NONROOT,
    };
    Some(Profile::new("distroless", config).with([&distroless::PACKAGES, &distroless::DISTROLESS]))
}

fn jvm(name: &str, tag: Option<&str>) -> Option<Profile> {
    let words = [
        "jdk", "jre", "eclipse", "temurin", "8", "11", "17", "21", "24", "25", "26", "al2", "al2023",
        "headless", "headful", "lts", "and", "current", "jdk8", "jdk11", "jdk17", "jdk21", "jdk24",
    ];
    let first_word = tag.and_then(|tag| tag.split('-').next()).unwrap_or("");
    let tag = Tag::read(tag, &words)?;
    let on_temurin = match tag.variant {
        Variant::Default => on(Variant::Ubuntu([20, 4])),
        Variant::Ubuntu(_) | Variant::Alpine(_) => on(tag.variant),
        Variant::Debian(_) | Variant::Unclear => EVERY.to_vec(),
    };
    match name {
        "eclipse-temurin" => {
            let profile = Profile::new("eclipse-temurin", java::TEMURIN_CONFIG);
            Some(profile.with(on_temurin).with([&java::TEMURIN_PATHS]))
        }
        "maven" => {
            // Until 2021 some were on Debian 9.
            let base = if tag.has("temurin") { on_temurin } else { every(tag.is_since(&[3, 8])) };
            let own = [&java::TEMURIN_PATHS, &java::MAVEN_PATHS];
            let own = if tag.has("temurin") { &own[..] } else { &own[1..] };
            Some(Profile::new("maven", java::MAVEN_CONFIG).with(base).with(own.iter().copied()))
        }
        // Older ones set a different USER.
        "gradle" if tag.is_since(&[7]) => {
            let profile = Profile::new("gradle", java::GRADLE_CONFIG);
            Some(profile.with(EVERY).with([&java::GRADLE_PATHS]))
        }
        "amazoncorretto" => {
            let base = match tag.variant {
                Variant::Default => [&EVERY[..], &[&redhat::REDHAT, &redhat::SBIN]].concat(),
                Variant::Alpine(_) => on(tag.variant),
                _ => EVERY.to_vec(),
            };
            Some(Profile::new("amazoncorretto", java::CORRETTO).with(base))
        }
        "openjdk" => {
            // `8` and `11` were rebuilt until they were on Debian 11; since 12 the default is Oracle Linux.
            // `8u181` was not: it stayed on 9.
            let moved = ["8", "11"].contains(&first_word);
            let base = match tag.variant {
                Variant::Default if moved => on_debian(&tag, &[8], &[u32::MAX]),
                Variant::Debian(_) | Variant::Alpine(_) => on(tag.variant),
                _ => every(tag.is_since(&[12])),
            };
            Some(Profile::new("openjdk", java::OPENJDK).with(base))
        }
        _ => None,
    }
}

/// Returns a value by the distribution of the image: Debian, Alpine, or unknown.
fn by_base<T>(tag: &Tag, on_debian: T, on_alpine: T, otherwise: T) -> T {
    match tag.variant {
        Variant::Default | Variant::Debian(_) => on_debian,
        Variant::Alpine(_) => on_alpine,
        Variant::Ubuntu(_) | Variant::Unclear => otherwise,
    }
}

fn a_server(name: &str, tag: Option<&str>) -> Option<Profile> {
    let tag = Tag::read(tag, &["stable", "mainline", "perl", "otel"])?;
    match name {
        // Before 1.19 there was no entrypoint, and Alpine's package was a different one.
        "nginx" if tag.is_since(&[1, 19]) => Some(
            Profile::new("nginx", server::NGINX_CONFIG)
                .with(on_debian(&tag, &[1, 19], &[1, 27]))
                .with([&server::NGINX_FILES, &server::NGINX_PATHS]),
        ),
        "httpd" => Some(
            Profile::new("httpd", server::HTTPD_CONFIG)
                .with(on_debian(&tag, &[2, 4, 46], &[2, 4, 60]))
                .with([by_base(&tag, &server::HTTPD_DEBIAN, &server::HTTPD_ALPINE, &server::HTTPD_PATHS)]),
        ),
        "postgres" if tag.is_since(&[10]) => Some(
            Profile::new("postgres", server::POSTGRES_CONFIG)
                .with(on_debian(&tag, &[13], &[16]))
                .with([&server::POSTGRES_PATHS])
                .with(by_base(&tag, Some(&server::POSTGRES_DEBIAN), Some(&server::POSTGRES_ALPINE), None)),
        ),
        "mysql" => {
            // 8.0.11 was on Debian 9, and so were those of 5.7 and before.
            let base = every(tag.is_since(&[8, 0, 20]));
            Some(Profile::new("mysql", server::MYSQL_CONFIG).with(base).with([&server::MYSQL_PATHS]))
        }
        "redis" => Some(
            Profile::new("redis", server::REDIS_CONFIG)
                .with(on_debian(&tag, &[6], &[7, 4]))
                .with([&server::REDIS_PATHS])
                .with((tag.is_since(&[7])).then(|| {
                    by_base(&tag, &server::REDIS_DEBIAN, &server::REDIS_ALPINE, &server::REDIS_PATHS)
                })),
        ),
        _ => None,
    }
}

fn a_language(name: &str, tag: Option<&str>) -> Option<Profile> {
    let words = ["lts", "current", "cli", "fpm", "apache", "rc", "curl", "scm"];
    let tag = Tag::read(tag, &words)?;
    let profile = |name, config: Config, since_10: &[u32], since_12: &[u32]| {
        Profile::new(name, config).with(on_debian(&tag, since_10, since_12))
    };
    let is_clear = tag.variant != Variant::Unclear;
    match name {
        "buildpack-deps" => {
            let base = if tag.variant == Variant::Default { Variant::Unclear } else { tag.variant };
            Some(Profile::new("buildpack-deps", language::BUILDPACK).with(on(base)))
        }
        "python" => Some(
            profile("python", language::PYTHON, &[3, 7, 5], &[3, 12])
                .with(is_clear.then_some(&language::NO_OPT)),
        ),
        "node" => {
            let home = match tag.variant {
                Variant::Debian(Some(release)) if release <= 12 => Some(&language::NODE_HOME_OPEN),
                Variant::Debian(Some(_)) => Some(&language::NODE_HOME_CLOSED),
                _ => None,
            };
            Some(
                profile("node", language::NODE_CONFIG, &[18], &[22]).with([&language::NODE_PATHS]).with(home),
            )
        }
        "golang" => {
            // A minor version is rebuilt while it is supported: 1.18 until February 2023.
            let mode = if tag.is_since(&[1, 21]) || tag.version == [1, 20] {
                Some(&language::GO_STICKY)
            } else {
                (is_clear && !tag.is_since(&[1, 19])).then_some(&language::GO_OPEN)
            };
            let profile = profile("golang", language::GO_CONFIG, &[1, 14], &[1, 21]);
            let empty = tag.is_since(&[1, 14]).then_some(&language::EMPTY);
            Some(profile.with([&language::GO_PATHS]).with(mode).with(empty))
        }
        "rust" => {
            let profile = profile("rust", language::RUST_CONFIG, &[1, 42], &[1, 72]);
            let empty = tag.is_since(&[1, 42]).then_some(&language::EMPTY);
            Some(profile.with([&language::RUST_PATHS]).with(empty))
        }
        "ruby" => {
            let sticky = tag.is_since(&[3, 3]).then_some(&language::RUBY_STICKY);
            let profile = profile("ruby", language::RUBY_CONFIG, &[2, 7], &[3, 3]);
            Some(
                profile
                    .with([&language::RUBY_PATHS])
                    .with(is_clear.then_some(&language::NO_OPT))
                    .with(sticky),
            )
        }
        "php" if is_clear => {
            let is_web = tag.has("apache") || tag.has("fpm");
            let config = if is_web { language::PHP_WEB } else { language::PHP_CLI };
            let owned = by_base(&tag, &language::PHP_DEBIAN, &language::PHP_ALPINE, &language::PHP_PATHS);
            let profile =
                profile("php", config, &[7, 4], &[8, 3]).with([&language::PHP_PATHS, &language::NO_OPT]);
            Some(profile.with(tag.is_since(&[8, 3]).then_some(owned)))
        }
        _ => None,
    }
}
