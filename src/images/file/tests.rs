use std::io::Write as _;

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::images::{ImageConfig, Platform};

/// Files of an image layout or archive, to be written as a folder or a tar.
#[derive(Default)]
struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.into(), bytes.into()));
    }

    fn json(&mut self, name: &str, value: &Value) {
        self.put(name, value.to_string());
    }

    /// Puts a blob and returns its descriptor.
    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest::of(bytes);
        self.put(&format!("blobs/{}", digest.replace(':', "/")), bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Puts an image whose layers each hold one file, and returns the descriptor of its manifest.
    fn image(&mut self, architecture: &str, names: &[&str]) -> Value {
        let layers: Vec<_> = names.iter().map(|name| self.blob("layer", &tar([(*name, "x")]))).collect();
        let config = self.blob("application/vnd.oci.image.config.v1+json", &config(architecture));
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers}).to_string();
        let mut descriptor = self.blob("application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
        descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
        descriptor
    }

    fn layout(mut self, manifests: &[Value]) -> Self {
        self.json("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}));
        self.json("index.json", &json!({"schemaVersion": 2, "manifests": manifests}));
        self
    }

    fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.0 {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn tar(&self) -> Vec<u8> {
        tar(self.0.iter().map(|(name, bytes)| (name.as_str(), bytes)))
    }
}

fn config(architecture: &str) -> Vec<u8> {
    let execution = json!({"User": "app", "WorkingDir": "/src", "Env": ["PATH=/bin", "A=b=c", "NONE"],
        "OnBuild": ["RUN x"], "Shell": ["/bin/bash", "-c"], "Cmd": null});
    json!({"architecture": architecture, "os": "linux", "config": execution}).to_string().into_bytes()
}

fn tar<'a>(files: impl IntoIterator<Item = (&'a str, impl AsRef<[u8]>)>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.as_ref().len() as u64);
        builder.append_data(&mut header, name, bytes.as_ref()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn named(mut descriptor: Value, key: &str, name: &str) -> Value {
    descriptor["annotations"] = json!({key: name});
    descriptor
}

fn look(path: &Path, name: &str) -> Result<Arc<BaseImage>, ImageError> {
    let source = FileSource::new([format!("{name}={}", path.display()).as_str()]).unwrap();
    source.lookup(&ImageReference::parse(name).unwrap()).map(Option::unwrap)
}

fn look_at(bytes: &[u8], name: &str) -> Result<Arc<BaseImage>, ImageError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    look(file.path(), name)
}

fn paths(image: &BaseImage) -> Vec<String> {
    image
        .rootfs
        .tree()
        .unwrap()
        .listing()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !path.is_empty())
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn values_that_are_no_pair_say_how_to_write_one() {
    for values in [&["debian"][..], &["=x"], &["debian="], &["debian=a", "docker.io/debian:latest=b"]] {
        let error = FileSource::new(values.iter().copied()).unwrap_err();
        assert!(matches!(error, ImageError::Pair { .. }), "{error}");
        assert!(error.to_string().contains("write `--rootfs IMAGE=PATH`"), "{error}");
    }
    assert!(matches!(FileSource::new(["De bian=x"]), Err(ImageError::Reference { .. })));
}

#[test]
fn an_image_is_found_under_every_way_to_write_its_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), tar([("etc/passwd", "root:x:0:0")])).unwrap();
    let source = FileSource::new([format!("debian={}", file.path().display()).as_str()]).unwrap();
    let find = |name| source.lookup(&ImageReference::parse(name).unwrap()).unwrap();
    let first = find("docker.io/library/debian:latest").unwrap();
    assert!(Arc::ptr_eq(&first, &find("debian").unwrap()));
    assert!(find("debian:12").is_none());
    assert!(find("quay.io/debian").is_none());
    assert_eq!((first.config.as_ref(), first.digest.as_ref(), first.platform.as_ref()), (None, None, None));
    assert_eq!(first.source, ImageOrigin::RootfsTar(file.path().into()));
    assert_eq!(first.rootfs.tree().unwrap().passwd(), Some(&b"root:x:0:0"[..]));
}

#[test]
fn root_filesystem_tars_are_read_compressed_or_not() {
    let plain = tar([("bin/sh", "x"), ("manifest.json", "[]")]);
    for bytes in [gzip(&plain), plain] {
        assert_eq!(paths(&look_at(&bytes, "a").unwrap()), ["bin", "bin/sh", "manifest.json"]);
    }
    assert!(matches!(look_at(&[0; 1024], "a"), Err(ImageError::NoImage { .. })));
    assert!(matches!(
        look_at(b"no tar", "a"),
        Err(ImageError::Layer { source: layers::LayerError::NotTar, .. })
    ));
    assert!(matches!(look(Path::new("gone"), "a"), Err(ImageError::Read { .. })));
    assert!(matches!(look(tempfile::tempdir().unwrap().path(), "a"), Err(ImageError::NoImage { .. })));
}

#[test]
fn an_oci_layout_is_read_as_folder_archive_and_compressed_archive() {
    let mut files = Files::default();
    let manifest = files.image("arm64", &["a", "b", ".wh.a"]);
    let digest = manifest["digest"].as_str().unwrap().to_string();
    let files = files.layout(&[manifest]);
    let folder = files.folder();
    let images = [
        look(folder.path(), "x:1").unwrap(),
        look_at(&files.tar(), "x:1").unwrap(),
        look_at(&gzip(&files.tar()), "x:1").unwrap(),
    ];
    for image in images {
        assert_eq!(paths(&image), ["b"]);
        assert_eq!(image.digest.as_ref(), Some(&digest));
        assert!(matches!(image.source, ImageOrigin::OciLayout(_)));
        let (os, architecture) = ("linux".into(), "arm64".into());
        assert_eq!(image.platform, Some(Platform { os, architecture, variant: None }));
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        let expected = ImageConfig {
            user: "app".into(),
            working_dir: "/src".into(),
            env: vec![pair("PATH", "/bin"), pair("A", "b=c"), pair("NONE", "")],
            onbuild: vec!["RUN x".into()],
            shell: Some(vec!["/bin/bash".into(), "-c".into()]),
        };
        assert_eq!(image.config, Some(expected));
    }
}

#[test]
fn of_several_platforms_amd64_is_taken_or_the_one_that_is_there() {
    let mut files = Files::default();
    let (amd, arm) = (files.image("amd64", &["amd"]), files.image("arm64", &["arm"]));
    let attestation =
        named(files.image("unknown", &["sbom"]), "vnd.docker.reference.type", "attestation-manifest");
    let inner = json!({"manifests": [arm, amd.clone(), attestation]}).to_string();
    let index = files.blob("application/vnd.oci.image.index.v1+json", inner.as_bytes());
    let mut files = files.layout(&[index]);
    assert_eq!(paths(&look_at(&files.tar(), "x").unwrap()), ["amd"]);
    let gone = amd["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    files.0.retain(|(name, _)| *name != gone);
    assert_eq!(paths(&look_at(&files.tar(), "x").unwrap()), ["arm"]);
}

#[test]
fn several_images_are_told_apart_by_name_or_listed() {
    let mut files = Files::default();
    let (mut one, two) = (files.image("amd64", &["one"]), files.image("amd64", &["two"]));
    // As for an image of `docker import`: only its configuration says what it runs on.
    one["platform"] = Value::Null;
    let files = files.layout(&[
        named(one.clone(), "io.containerd.image.name", "docker.io/library/one:1"),
        named(one, "io.containerd.image.name", "docker.io/library/uno:1"),
        named(two, "org.opencontainers.image.ref.name", "two:2"),
    ]);
    assert_eq!(paths(&look_at(&files.tar(), "one:1").unwrap()), ["one"]);
    assert_eq!(paths(&look_at(&files.tar(), "two:2").unwrap()), ["two"]);
    let error = look_at(&files.tar(), "three").unwrap_err();
    assert!(matches!(error, ImageError::Ambiguous { .. }));
    assert!(
        error.to_string().contains("docker.io/library/one:1 (linux/amd64), two:2 (linux/amd64)"),
        "{error}"
    );
}

/// A layout of one image, changed by `change`.
fn spoiled(change: impl Fn(&mut Vec<(String, Vec<u8>)>, &str)) -> ImageError {
    let mut files = Files::default();
    let manifest = files.image("amd64", &["a"]);
    let mut files = files.layout(std::slice::from_ref(&manifest));
    change(&mut files.0, &manifest["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/"));
    look_at(&files.tar(), "x").unwrap_err()
}

#[test]
fn spoiled_layouts_say_what_is_wrong() {
    // The blobs in order: the layer, the configuration, the manifest.
    for gone in 0..3 {
        let error = spoiled(|files, _| drop(files.remove(gone)));
        assert!(matches!(error, ImageError::MissingBlob { .. }), "{gone}: {error}");
    }
    for changed in 1..3 {
        let error = spoiled(|files, _| files[changed].1.push(b' '));
        assert!(matches!(error, ImageError::DigestMismatch { .. }), "{changed}: {error}");
    }
    assert!(matches!(spoiled(|files, _| files[0].1.push(0)), ImageError::DigestMismatch { .. }));
    // A layer in another's place is not the one that the manifest means, whatever is in it.
    assert!(matches!(spoiled(|files, _| files[0].1.fill(b'x')), ImageError::DigestMismatch { .. }));
    assert!(matches!(spoiled(|files, _| files[4].1.truncate(9)), ImageError::Json { .. }));
    let empty = |files: &mut Vec<(String, Vec<u8>)>, _: &str| files[4].1 = br#"{"manifests": []}"#.to_vec();
    assert!(matches!(spoiled(empty), ImageError::NoImage { .. }));
    let strange = |files: &mut Vec<(String, Vec<u8>)>, _: &str| {
        files[4].1 = br#"{"manifests": [{"digest": "sha256:../../x", "size": 1}]}"#.to_vec();
    };
    assert!(matches!(spoiled(strange), ImageError::Name { .. }));
}

/// What `docker save` wrote before it knew of OCI: the layers of the images by name, one of them a link.
fn saved(images: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut put = |name: &str, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    put("base/layer.tar", &tar([("base", "x")]));
    let mut items = Vec::new();
    for (tag, architecture) in images {
        let config = config(architecture);
        let name = digest::of(&config).replace("sha256:", "") + ".json";
        put(&name, &config);
        put(&format!("{tag}/layer.tar"), &tar([(*tag, "x")]));
        let layers = ["link/layer.tar".to_string(), format!("{tag}/layer.tar")];
        items.push(json!({"Config": name, "RepoTags": [format!("{tag}:1")], "Layers": layers}));
    }
    put("manifest.json", Value::Array(items).to_string().as_bytes());
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "link/layer.tar", "../base/layer.tar").unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn a_docker_archive_is_read_by_tag_or_when_it_has_one_image() {
    let image = look_at(&saved(&[("one", "amd64")]), "other").unwrap();
    assert_eq!(paths(&image), ["base", "one"]);
    assert_eq!(image.digest, Some(digest::of(&config("amd64"))));
    assert_eq!(image.platform.as_ref().unwrap().to_string(), "linux/amd64");
    assert!(matches!(image.source, ImageOrigin::DockerArchive(_)));
    let two = saved(&[("one", "amd64"), ("two", "amd64")]);
    assert_eq!(paths(&look_at(&two, "two:1").unwrap()), ["base", "two"]);
    assert!(look_at(&two, "x").unwrap_err().to_string().contains("one:1 (linux/amd64), two:1 (linux/amd64)"));
    let platforms = saved(&[("one", "amd64"), ("two", "arm64")]);
    assert_eq!(paths(&look_at(&platforms, "x").unwrap()), ["base", "one"]);
}

#[test]
fn a_docker_archive_as_folder_never_reads_outside_of_it() {
    let mut files = Files::default();
    files.put("c.json", config("amd64"));
    files.json("manifest.json", &json!([{"Config": "c.json", "RepoTags": null, "Layers": ["l.tar"]}]));
    let folder = files.folder();
    let look = || look(folder.path(), "x");
    assert!(matches!(look(), Err(ImageError::MissingBlob { .. })));
    fs::write(folder.path().join("l.tar"), tar([("a", "x")])).unwrap();
    assert_eq!(paths(&look().unwrap()), ["a"]);
    let escape = |layer: &str| {
        let manifest = json!([{"Config": "c.json", "Layers": [layer]}]).to_string();
        fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        look().unwrap_err()
    };
    for layer in ["../l.tar", "/etc/passwd", "a/../../l.tar"] {
        assert!(matches!(escape(layer), ImageError::Name { .. }), "{layer}");
    }
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("s")).unwrap();
    assert!(matches!(escape("s"), ImageError::Name { .. }));
}
