//! Build contexts with all that a checkout may hold, and more: odd modes, links, archives.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::random::Random;
use crate::support::Tar;

const DIRECTORY_MODES: [u32; 12] =
    [0o755, 0o755, 0o755, 0o755, 0o755, 0o775, 0o700, 0o777, 0o750, 0o2755, 0o1777, 0o555];
const FILE_MODES: [u32; 8] = [0o644, 0o644, 0o644, 0o755, 0o600, 0o664, 0o4755, 0o444];
const FILES: [&str; 9] = ["f", "g.txt", "h.txt", "run.sh", "d/x", "d/y.txt", "d/sub/z", "e/k", "p/q/r"];
/// A tree that lies over the base.
const TREE: [&str; 10] = [
    "tree/opt/a/t",
    "tree/opt/a/b/t",
    "tree/usr/local/bin/tool",
    "tree/tmp/t",
    "tree/home/app/t",
    "tree/etc/t",
    "tree/srv/t",
    "tree/xd/t",
    "tree/n/m/t",
    "tree/app/t",
];
const LINKS: [(&str, &str); 8] = [
    ("l", "f"),
    ("ld", "d"),
    ("d/up", "../f"),
    ("tree/l", "/opt/a"),
    ("tree/opt/l", "a"),
    ("e/away", "/tmp"),
    ("p/here", "."),
    ("gone", "nowhere"),
];
const IGNORED: [&str; 7] =
    ["e", "d/sub", "**/*.txt", "d\n!d/x", "tree/tmp", "*\n!salt\n!f\n!d\n!tree", "p/q/r"];

/// Fills a build context. Everything in it holds the salt, since a directory's mode alone changes no cache key.
pub fn make(random: &mut Random, folder: &Path, salt: &str) {
    let paths = FILES.iter().chain(TREE.iter().filter(|_| random.chance(45))).copied();
    let paths: Vec<&str> = paths.collect();
    for path in &paths {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("{path} {salt}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(random.one(&FILE_MODES))).unwrap();
    }
    fs::write(folder.join("salt"), salt).unwrap();
    for (path, target) in LINKS {
        if random.chance(35) && folder.join(path).parent().unwrap().is_dir() {
            symlink(target, folder.join(path)).unwrap();
        }
    }
    if random.chance(30) {
        fs::hard_link(folder.join("g.txt"), folder.join("d/hard")).unwrap();
    }
    if random.chance(20) {
        fs::write(folder.join(".dockerignore"), random.one(&IGNORED)).unwrap();
    }
    // A wildcard matches a directory and a link to one, and walks through the first alone.
    fs::create_dir_all(folder.join("w1")).unwrap();
    fs::write(folder.join("w1/x"), salt).unwrap();
    if random.chance(40) {
        symlink("tree", folder.join("w0")).unwrap();
        fs::create_dir_all(folder.join("tree/x")).unwrap();
        fs::write(folder.join("tree/x/y"), salt).unwrap();
    }
    if random.chance(15) {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.join("d/fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o644),
            0,
        )
        .unwrap();
    }
    if random.chance(15) {
        set_attribute(&folder.join(random.one(&["d", "d/sub", "p/q", "e"])));
    }
    let tar = archive(random, salt);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&archive(random, salt)).unwrap();
    for (name, content) in [("a.tar", tar), ("b.tgz", gzip.finish().unwrap())] {
        fs::write(folder.join(name), content).unwrap();
    }
    set_modes(random, folder);
}

/// Gives a directory an extended attribute, where the filesystem has them.
fn set_attribute(directory: &Path) {
    let flags = rustix::fs::XattrFlags::empty();
    let _unsupported = rustix::fs::lsetxattr(directory, "user.mark", b"context", flags);
}

/// Gives directories their modes, the deepest first.
fn set_modes(random: &mut Random, folder: &Path) {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        if entry.file_type().unwrap().is_dir() {
            set_modes(random, &entry.path());
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(random.one(&DIRECTORY_MODES))).unwrap();
}

fn archive(random: &mut Random, salt: &str) -> Vec<u8> {
    let mut tar = Tar::new();
    let prefix = random.one(&["", "", "", "./"]);
    if random.chance(20) {
        tar.owned_dir("./", random.one(&DIRECTORY_MODES), 1000, 1001);
    }
    for top in ["opt", "k", "tmp", "usr", "n", "home"] {
        if !random.chance(35) {
            continue;
        }
        let below = match top {
            "usr" => random.one(&["local", "bin", "lib", "share"]),
            "home" => "app",
            _ => random.one(&["a", "m", "v"]),
        };
        let owner = random.one(&[(0, 0), (0, 0), (1000, 1001)]);
        if random.chance(60) {
            tar.owned_dir(&format!("{prefix}{top}"), random.one(&DIRECTORY_MODES), owner.0, owner.1);
        }
        if random.chance(60) {
            tar.owned_dir(&format!("{prefix}{top}/{below}"), random.one(&DIRECTORY_MODES), owner.0, owner.1);
        }
        tar.file(&format!("{prefix}{top}/{below}/file"), random.one(&FILE_MODES), salt.as_bytes());
        match random.below(12) {
            0 => tar.symlink(&format!("{prefix}{top}/link"), below),
            1 => tar.symlink(&format!("{prefix}{top}/link"), "/opt/a"),
            2 => tar.hard_link(&format!("{prefix}{top}/hard"), &format!("{prefix}{top}/{below}/file")),
            3 | 4 => tar.hard_link(&format!("{prefix}{top}/hard"), "etc/passwd"),
            5 => tar.owned_dir(&format!("{prefix}{top}/{below}"), 0o755, owner.0, owner.1),
            6 => tar.hard_link(&format!("{prefix}{top}/hard"), "file"),
            _ => &mut tar,
        };
    }
    if random.chance(10) {
        tar.symlink(&format!("{prefix}bin"), "usr/bin");
    }
    tar.file(&format!("{prefix}file"), 0o644, salt.as_bytes());
    tar.bytes()
}
