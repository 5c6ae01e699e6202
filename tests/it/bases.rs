//! Base images: which of those that are given a name means. The base images of the cases, as root filesystems: what the
//! real ones hold of it that matters.

use std::fs;
use std::path::Path;

use layerwright::images::file::FileSource;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Base, Scratch, Tar, linkable};

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

/// The name of a blob in a layout, from its content.
fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// An OCI layout of one image behind an index, as a folder; returns the digests of the index and of the manifest.
fn layout(folder: &Path, rootfs: &[u8]) -> (String, String) {
    let blob = |bytes: &[u8]| {
        let at = folder.join("blobs").join(digest(bytes).replace(':', "/"));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, bytes).unwrap();
        json!({"digest": digest(bytes), "size": bytes.len()})
    };
    let json = |value: &Value| value.to_string().into_bytes();
    let config = json(&json!({"os": "linux", "architecture": "amd64", "config": {"WorkingDir": "/srv"}}));
    let manifest = json(&json!({"config": blob(&config), "layers": [blob(rootfs)]}));
    let index = json(&json!({"manifests": [blob(&manifest)]}));
    fs::write(folder.join("oci-layout"), "{}").unwrap();
    fs::write(folder.join("index.json"), json!({"manifests": [blob(&index)]}).to_string()).unwrap();
    (digest(&index), digest(&manifest))
}

#[test]
fn a_given_base_image_is_found_by_what_its_name_means() {
    let (base, folder) = (Base::new(), tempfile::tempdir().unwrap());
    let (index, manifest) = layout(folder.path(), &fs::read(base.path()).unwrap());
    let verdict = |from: &str, given: &str| {
        let scratch = Scratch::with(&[("Dockerfile", &format!("FROM {from}\nCOPY x /srv/x\n")), ("x", "")]);
        let given = format!("{given}={}", folder.path().display());
        let plan = scratch.plan(&["--rootfs", &given]);
        (plan["files"][0]["sites"][0]["proved"].clone(), plan["files"][0]["bases"][0]["digest"].clone())
    };
    for (from, given) in [
        ("debian:12", "docker.io/library/debian:12"),
        ("index.docker.io/library/debian", "debian:latest"),
        ("debian:12@INDEX", "debian:12@INDEX"),
        ("debian@INDEX", "debian:12@INDEX"),
        ("debian:12@INDEX", "debian:12"),
        ("debian:12@MANIFEST", "docker.io/debian"),
    ] {
        let written = |name: &str| name.replace("INDEX", &index).replace("MANIFEST", &manifest);
        let judged = verdict(&written(from), &written(given));
        assert_eq!(judged, (json!(true), json!(manifest)), "{from} {given}");
    }
}

#[test]
fn a_base_image_that_is_given_in_vain_is_an_error_that_names_those_that_are_used() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let files = [
        ("a/Dockerfile", "FROM debian:12\nCOPY x /srv/x\n"),
        (
            "b/Dockerfile",
            &format!("FROM node:20@{digest} AS a\nFROM scratch\nCOPY --from=busybox:1 /bin /bin\n"),
        ),
        ("layerwright.toml", ""),
    ];
    let (scratch, base) = (Scratch::with(&files), Base::new());
    let given = |image: &str| format!("{image}={}", base.path().display());
    for (image, meant) in [
        ("debain:12", "did you mean `--rootfs debian:12=…`?"),
        ("debian:13", "did you mean `--rootfs debian:12=…`?"),
        ("debian:12.1@DIGEST", "did you mean `--rootfs debian:12=…`?"),
        ("node:20", "did you mean `--rootfs node:20@DIGEST=…`?"),
        ("quay.io/else/where", "the Dockerfiles use `busybox:1`, `debian:12` and `node:20@DIGEST`"),
    ] {
        let (image, meant) = (image.replace("DIGEST", &digest), meant.replace("DIGEST", &digest));
        let told = format!("`--rootfs {image}=…`: no Dockerfile starts from this image or copies from it");
        let given = given(&image);
        for arguments in
            [&["plan", "--save"][..], &["check"], &["migrate"], &["inspect", "a/Dockerfile", "b/Dockerfile"]]
        {
            scratch.run(&[arguments, &["--rootfs", &given]].concat()).failed(&[&told, &meant]);
        }
    }
    assert!(scratch.changed().is_empty(), "nothing is saved");
    for image in ["busybox:1", "debian:12"] {
        scratch.run(&["plan", "--rootfs", &given(image)]).done();
    }
    let without = Scratch::with(&[("Dockerfile", "FROM scratch\nCOPY x /x\n")]);
    without.run(&["plan", "--rootfs", &given("debian:12")]).failed(&["the Dockerfiles use no base image"]);
}

#[test]
fn a_root_filesystem_without_a_digest_is_not_the_image_of_one() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let scratch = Scratch::with(&[
        ("a/Dockerfile", &linkable("x")),
        ("b/Dockerfile", &format!("FROM base:1@{digest}\nCOPY x /srv/x\n")),
    ]);
    let plan = scratch.plan(&["--rootfs", &Base::new().argument()]);
    let source = |file: usize| plan["files"][file]["bases"][0]["source"].clone();
    assert_eq!((source(0), source(1)), (json!("rootfs"), json!(null)));
}
