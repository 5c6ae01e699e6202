//! Package managers and build tools: where each is known to write. They add to directories and leave those that
//! exist as they are; that they do is an assumption, never a fact.

use std::sync::LazyLock;

use super::Mention;
use super::call::{Call, Names};
use super::field::Field;
use super::find;
use super::path::{PathPattern, Reach, join};
use super::path_set::PathSet;

/// Where a package manager or a build tool writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footprint {
    /// Where it adds: directories that exist stay as they are.
    pub(crate) areas: PathSet,
    /// The outputs that its words name, of any type.
    pub(crate) outputs: PathSet,
}

impl Footprint {
    pub(super) fn mention<'a>(&self, path: &str) -> Mention<'a> {
        match (self.outputs.reach(path), self.areas.reach(path)) {
            (Reach::Within, _) => Mention::Maybe,
            (Reach::Elsewhere, Reach::Elsewhere) => Mention::Spared,
            _ => Mention::Grows,
        }
    }
}

/// A family of tools that write in the same places.
struct Row {
    /// Names of the programs, versions at their end left out.
    tools: &'static [&'static str],
    /// Absolute places.
    areas: &'static [&'static str],
    /// Names in the working directory.
    here: &'static [&'static str],
}

/// Where the packages of a distribution go. What people choose for themselves is not among it (`/opt/app`,
/// `/usr/src/app`, `/srv`), though a package may well have something there.
const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/run",
    "/sbin",
    "/tmp",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local/lib",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/var/backups",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/mail",
    "/var/run",
    "/var/spool",
    "/var/tmp",
    "/var/www",
];
/// Caches, and what is installed for one user.
const HOMES: &[&str] = &["/home", "/root", "/tmp"];
/// The places of software beside the distribution's packages.
const LOCAL: &[&str] = &[
    "/home",
    "/opt/conda",
    "/opt/venv",
    "/root",
    "/tmp",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/man",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/share",
    "/var/lib/gems",
];

const TABLE: &[Row] = &[
    Row {
        tools: &[
            "add-apt-repository",
            "alternatives",
            "apk",
            "apt",
            "apt-add-repository",
            "apt-cache",
            "apt-get",
            "apt-key",
            "apt-mark",
            "aptitude",
            "chkconfig",
            "clean-install",
            "debconf-set-selections",
            "dnf",
            "dpkg",
            "dpkg-divert",
            "dpkg-reconfigure",
            "dpkg-statoverride",
            "gdebi",
            "install_packages",
            "invoke-rc.d",
            "microdnf",
            "opkg",
            "pacman",
            "pacman-key",
            "rpm",
            "rpmkeys",
            "tdnf",
            "update-alternatives",
            "update-rc.d",
            "xbps-install",
            "yum",
            "yum-config-manager",
            "zypper",
        ],
        areas: SYSTEM,
        here: &[],
    },
    Row {
        tools: &[
            "a2disconf",
            "a2dismod",
            "a2dissite",
            "a2enconf",
            "a2enmod",
            "a2ensite",
            "c_rehash",
            "dbus-uuidgen",
            "docker-php-ext-configure",
            "docker-php-ext-enable",
            "docker-php-ext-install",
            "docker-php-source",
            "fc-cache",
            "glib-compile-schemas",
            "gtk-update-icon-cache",
            "install-php-extensions",
            "ldconfig",
            "locale-gen",
            "localedef",
            "mandb",
            "newaliases",
            "pear",
            "pecl",
            "phpdismod",
            "phpenmod",
            "postconf",
            "service",
            "systemctl",
            "unminimize",
            "update-ca-certificates",
            "update-ca-trust",
            "update-desktop-database",
            "update-initramfs",
            "update-locale",
            "update-mime-database",
            "chpasswd",
            "passwd",
            "gpasswd",
        ],
        areas: SYSTEM,
        here: &[],
    },
    Row {
        tools: &[
            "conda",
            "easy_install",
            "mamba",
            "micromamba",
            "pdm",
            "pip",
            "pipenv",
            "pipx",
            "poetry",
            "pyenv",
            "uv",
            "uvx",
            "virtualenv",
        ],
        areas: LOCAL,
        here: &[".venv", "build", "dist", "poetry.lock", "uv.lock"],
    },
    Row {
        tools: &["bun", "bunx", "corepack", "lerna", "npm", "npx", "nvm", "pnpm", "yarn", "yarnpkg"],
        areas: LOCAL,
        here: &[
            ".pnp.cjs",
            ".pnpm-store",
            ".yarn",
            "bun.lock",
            "node_modules",
            "npm-shrinkwrap.json",
            "package-lock.json",
            "package.json",
            "pnpm-lock.yaml",
            "yarn.lock",
        ],
    },
    Row {
        tools: &["go"],
        areas: &["/go", "/home", "/root", "/tmp", "/usr/local/go"],
        here: &["go.mod", "go.sum", "vendor"],
    },
    Row {
        tools: &["cargo", "cargo-binstall", "cross", "rustup", "rustup-init", "rustup-init.sh"],
        areas: &["/home", "/root", "/tmp", "/usr/local/cargo", "/usr/local/rustup"],
        here: &["Cargo.lock", "Cargo.toml", "target"],
    },
    Row {
        tools: &["bundle", "bundler", "gem", "rake", "rbenv"],
        areas: LOCAL,
        here: &[".bundle", "Gemfile.lock", "log", "pkg", "public", "tmp", "vendor"],
    },
    Row {
        tools: &["composer", "composer.phar"],
        areas: HOMES,
        here: &["composer.json", "composer.lock", "vendor"],
    },
    Row {
        tools: &["ant", "gradle", "gradlew", "lein", "mvn", "mvnw", "sbt"],
        areas: HOMES,
        here: &[".gradle", "build", "dist", "out", "project", "target"],
    },
    Row { tools: &["mktemp"], areas: &["/tmp"], here: &[] },
    Row { tools: &["dotnet", "msbuild", "nuget"], areas: HOMES, here: &["bin", "obj", "packages"] },
    Row {
        tools: &["cabal", "ghcup", "mix", "rebar3", "stack"],
        areas: HOMES,
        here: &["_build", "deps", "dist-newstyle"],
    },
    Row {
        tools: &[
            "autoconf",
            "autogen.sh",
            "automake",
            "autoreconf",
            "bazel",
            "bootstrap",
            "buildconf",
            "c++",
            "cc",
            "clang",
            "clang++",
            "cmake",
            "configure",
            "ctest",
            "g++",
            "gcc",
            "gmake",
            "make",
            "meson",
            "ninja",
            "patch",
            "scons",
            "strip",
        ],
        areas: &["/tmp"],
        here: &["CMakeCache.txt", "CMakeFiles", "Makefile", "bin", "build", "dist", "obj", "out"],
    },
    Row { tools: &["gpg", "gpg2", "gpgconf", "git"], areas: &["/home", "/root", "/tmp"], here: &[".git"] },
];

/// Directories that the scripts of a project fill.
const BUILT: &[&str] = &[".next", ".nuxt", ".output", "build", "coverage", "dist", "lib", "out", "public"];

/// Options whose value is a place, where it says nothing of a slash.
const PLACES: &[&str] = &[
    "-B",
    "-C",
    "-d",
    "-t",
    "--cache-folder",
    "--cwd",
    "--dest",
    "--destination",
    "--dir",
    "--install-dir",
    "--path",
    "--prefix",
    "--root",
    "--target",
    "--target-dir",
];
/// Options whose value is what a tool makes.
const OUTPUTS: &[&str] = &["-o", "--out", "--outdir", "--output", "--output-dir", "--out-dir"];

/// The footprint of a command, if it is a tool that is known.
pub(super) fn of(call: &Call) -> Option<Footprint> {
    if call.name == "find" {
        return find::on_files(call);
    }
    let words: Vec<&str> = call.args.iter().map(Field::known).collect();
    let (tool, rest) = through_python(call.name, &words);
    let tool = without_version(tool);
    let row_at = TABLE.iter().position(|row| row.tools.contains(&tool))?;
    let row = &TABLE[row_at];
    let mut areas = AREAS[row_at].clone();
    let directories = call.state.directories.as_deref().unwrap_or(&[]);
    let mut here = Vec::new();
    let mut add_here = |names: &[&str]| {
        for directory in directories {
            here.extend(names.iter().map(|name| PathPattern::At(join(directory, name).0)));
        }
    };
    add_here(row.here);
    if row.here.contains(&"node_modules") && !installs(rest) {
        add_here(BUILT);
    }
    if row.tools.contains(&"make") && words.iter().any(|word| word.contains("install")) {
        areas.share(&INSTALLED);
    }
    let (named, outputs) = named(call);
    if !here.is_empty() {
        areas.extend(here);
    }
    areas.share(&named);
    Some(Footprint { areas, outputs })
}

/// The absolute places of each row.
static AREAS: LazyLock<Vec<PathSet>> = LazyLock::new(|| TABLE.iter().map(|row| at(row.areas)).collect());

/// Where `make install` puts things, unless it is told otherwise.
static INSTALLED: LazyLock<PathSet> = LazyLock::new(|| at(&[LOCAL, SYSTEM].concat()));

fn at(paths: &[&str]) -> PathSet {
    paths.iter().map(|path| PathPattern::At((*path).to_owned())).collect()
}

/// `python -m pip install` is `pip install`, `python setup.py` what pip does.
fn through_python<'w>(name: &'w str, words: &'w [&'w str]) -> (&'w str, &'w [&'w str]) {
    if !matches!(without_version(name), "python" | "pypy") {
        return (name, words);
    }
    let module = words.iter().position(|word| *word == "-m");
    match module.and_then(|at| words.get(at + 1)).copied() {
        Some("venv" | "build" | "ensurepip" | "compileall" | "installer") => ("pip", &[]),
        Some(module) => (module, &[]),
        None if words.iter().any(|word| word.ends_with("setup.py")) => ("pip", &[]),
        None => (name, words),
    }
}

/// `pip3.11`, `gcc-12`, `python3`: the name alone.
fn without_version(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

/// Returns true if a Node package manager only installs, and runs no script of the project by name.
fn installs(words: &[&str]) -> bool {
    let verb = words.iter().find(|word| !word.starts_with('-'));
    verb.is_none_or(|verb| {
        matches!(
            *verb,
            "add"
                | "cache"
                | "ci"
                | "config"
                | "enable"
                | "fetch"
                | "global"
                | "i"
                | "install"
                | "link"
                | "prepare"
                | "prune"
                | "remove"
                | "set"
                | "uninstall"
                | "update"
                | "upgrade"
                | "version"
                | "workspaces"
        )
    })
}

/// Places and products that the words of a tool name.
fn named(call: &Call) -> (PathSet, PathSet) {
    let names = || Names { state: call.state, paths: Vec::new(), unread: false };
    let (mut areas, mut outputs) = (names(), names());
    let mut before = "";
    for field in call.args {
        let word = field.known();
        let option = word.split('=').next().unwrap_or(word);
        if OUTPUTS.contains(&before) || (OUTPUTS.contains(&option) && word.contains('=')) {
            outputs.field(field);
        } else if PLACES.contains(&before) || word.contains('/') || word.starts_with("-C") {
            areas.field(field);
        }
        before = word;
    }
    (areas.finish().0, outputs.finish().0)
}
