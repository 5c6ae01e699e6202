//! The base images of the cases, as root filesystems: what the real ones hold of it that matters.

use std::fs;
use std::path::Path;

use layerwright::images::file::FileSource;

use crate::support::Tar;

/// All of them, written to a folder.
pub fn images(folder: &Path) -> FileSource {
    let mut pairs = Vec::new();
    for (image, file, tar) in
        [("tiny:1", "tiny", tiny()), ("caps:1", "caps", caps()), ("debian:bookworm-slim", "debian", debian())]
    {
        let path = folder.join(file).with_extension("tar");
        fs::write(&path, tar).unwrap();
        pairs.push(format!("{image}={}", path.display()));
    }
    let images = FileSource::new(pairs.iter().map(String::as_str)).unwrap();
    images.check().unwrap();
    images
}

/// A small root filesystem with the metadata that matters: merged `/usr`, sticky and setgid directories, a home.
fn tiny() -> Vec<u8> {
    let mut tar = Tar::new();
    for dir in ["etc", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/local", "usr/local/bin"] {
        tar.dir(dir, 0o755);
    }
    for dir in ["var", "var/lib", "home", "opt", "run"] {
        tar.dir(dir, 0o755);
    }
    for dir in ["tmp", "var/tmp", "run/lock"] {
        tar.dir(dir, 0o1777);
    }
    tar.dir("root", 0o700).dir("data700", 0o700);
    tar.owned_dir("home/app", 0o750, 1000, 1001).owned_dir("srv", 0o2775, 0, 50);
    tar.xattr("user.mark", b"base").dir("xd", 0o755);
    tar.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n");
    tar.file("etc/group", 0o644, b"root:x:0:\nstaff:x:50:\nappg:x:1001:\n");
    tar.file("usr/bin/busybox", 0o755, b"not run");
    for tool in
        ["sh", "ls", "cat", "mkdir", "ln", "rm", "stat", "touch", "chmod", "chown", "id", "env", "echo"]
    {
        tar.symlink(&format!("usr/bin/{tool}"), "busybox");
    }
    tar.symlink("bin", "usr/bin").symlink("sbin", "usr/sbin").symlink("lib", "usr/lib");
    tar.symlink("var/run", "/run").symlink("var/lock", "/run/lock");
    tar.bytes()
}

/// A file with a capability, and a directory with an attribute and an owner.
fn caps() -> Vec<u8> {
    let mut tar = Tar::new();
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    tar.dir("cap", 0o755).xattr("security.capability", &capability).file("cap/f", 0o4755, b"bin\n");
    tar.xattr("user.mark", b"subx").owned_dir("cap/sub", 0o755, 1000, 1001);
    tar.bytes()
}

/// What the cases touch of Debian's base image.
fn debian() -> Vec<u8> {
    let mut tar = Tar::new();
    for dir in
        ["etc", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/local", "usr/local/bin", "usr/local/share"]
    {
        tar.dir(dir, 0o755);
    }
    tar.dir("var", 0o755).dir("run", 0o755).dir("run/lock", 0o1777);
    tar.owned_dir("var/mail", 0o2775, 0, 8).owned_dir("var/local", 0o2775, 0, 50);
    tar.symlink("bin", "usr/bin").symlink("lib", "usr/lib").symlink("lib64", "usr/lib64");
    tar.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/bash\n");
    tar.bytes()
}
