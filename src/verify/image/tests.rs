use std::io::Write as _;

use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

/// A layer that is written member by member.
pub(in crate::verify) struct LayerTar(Builder<Vec<u8>>);

pub(in crate::verify) fn layer() -> LayerTar {
    LayerTar(Builder::new(Vec::new()))
}

impl LayerTar {
    fn put(mut self, name: &[u8], kind: EntryType, mode: u32, link: &[u8], content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(1000);
        header.set_gid(1001);
        header.set_size(content.len() as u64);
        if kind == EntryType::Char || kind == EntryType::Block {
            header.set_device_major(1).unwrap();
            header.set_device_minor(mode).unwrap();
        }
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    pub fn dir(self, name: &str, mode: u32) -> Self {
        self.put(name.as_bytes(), EntryType::Directory, mode, b"", b"")
    }

    pub fn file(self, name: &str, content: &str) -> Self {
        self.file_with(name, 0o644, content)
    }

    pub fn file_with(self, name: &str, mode: u32, content: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Regular, mode, b"", content.as_bytes())
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Symlink, 0o755, target.as_bytes(), b"")
    }

    pub fn link(self, name: &str, target: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Link, 0o644, target.as_bytes(), b"")
    }

    pub fn device(self, name: &str, minor: u32) -> Self {
        self.put(name.as_bytes(), EntryType::Char, minor, b"", b"")
    }

    pub fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(records.iter().copied()).unwrap();
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// An export that is put together file by file, blobs sorted as BuildKit sorts them.
#[derive(Default)]
struct Export {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: Vec<serde_json::Value>,
}

impl Export {
    fn blob(&mut self, bytes: Vec<u8>) -> serde_json::Value {
        let (digest, size) = (digest(&bytes).to_string(), bytes.len());
        self.blobs.insert(digest.replacen("sha256:", BLOBS, 1), bytes);
        serde_json::json!({"digest": digest, "size": size})
    }

    fn image(mut self, layers: &[&[u8]], config: &serde_json::Value) -> Self {
        let mut document = serde_json::json!({"os": "linux", "config": config});
        document["rootfs"]["diff_ids"] = layers.iter().map(|layer| digest(layer).to_string()).collect();
        let config = self.blob(document.to_string().into_bytes());
        let layers: Vec<_> = layers.iter().map(|layer| self.blob(layer.to_vec())).collect();
        let manifest = serde_json::json!({"config": config, "layers": layers});
        let manifest = self.blob(manifest.to_string().into_bytes());
        self.manifests.push(manifest);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        let index = serde_json::json!({"manifests": self.manifests}).to_string().into_bytes();
        for (name, bytes) in self.blobs.iter().chain([(&INDEX.to_owned(), &index)]) {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        tar.into_inner().unwrap()
    }
}

/// The image of some layers.
pub(in crate::verify) fn image(
    layers: impl IntoIterator<Item = LayerTar>,
    config: &serde_json::Value,
) -> Image {
    let layers: Vec<_> = layers.into_iter().map(LayerTar::bytes).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    read(&Export::default().image(&layers, config).bytes()).unwrap()
}

fn read(bytes: &[u8]) -> Result<Image, ExportError> {
    read_export(bytes, &mut Blobs::default())
}

fn tree(layers: impl IntoIterator<Item = LayerTar>) -> Image {
    image(layers, &serde_json::Value::Null)
}

/// A line a path: type, mode, path, and the content's length or the target.
fn listing(image: &Image) -> Vec<String> {
    let line = |(path, node): (&ImagePath, &Arc<Node>)| match &node.kind {
        NodeKind::Dir => format!("d{:o} {path}", node.mode),
        NodeKind::File { size, .. } => format!("f{:o} {path} {size}", node.mode),
        NodeKind::Symlink { target } => format!("l{:o} {path} {}", node.mode, BStr::new(target)),
        NodeKind::CharDevice { number } => format!("c{number:?} {path}"),
        NodeKind::BlockDevice { number } => format!("b{number:?} {path}"),
        NodeKind::Fifo => format!("p {path}"),
    };
    image.entries.iter().map(line).collect()
}

fn node<'a>(image: &'a Image, path: &str) -> &'a Node {
    &image.entries[BStr::new(path)]
}

#[test]
fn layers_lie_over_each_other() {
    let base =
        || layer().dir("a", 0o750).file("a/low", "1").file("a-b", "1").file("f", "1").symlink("s", "a");
    let cases: [(LayerTar, &[&str]); 10] = [
        (layer().file(".wh.a", ""), &["d755 ", "f644 a-b 1", "f644 f 1", "l777 s a"]),
        (
            layer().file("a/.wh..wh..opq", "").file("a/up", "22"),
            &["d755 ", "d750 a", "f644 a/up 2", "f644 a-b 1", "f644 f 1", "l777 s a"],
        ),
        // A whiteout behind what it stands before hides lower layers alone.
        (
            layer().dir("a", 0o700).file("a/up", "22").file(".wh.a", ""),
            &["d755 ", "d700 a", "f644 a/up 2", "f644 a-b 1", "f644 f 1", "l777 s a"],
        ),
        (layer().file("a", "22"), &["d755 ", "f644 a 2", "f644 a-b 1", "f644 f 1", "l777 s a"]),
        (
            layer().dir("f", 0o711).dir("a", 0o700),
            &["d755 ", "d700 a", "f644 a/low 1", "f644 a-b 1", "d711 f", "l777 s a"],
        ),
        (
            layer().file("f/x", "22"),
            &["d755 ", "d750 a", "f644 a/low 1", "f644 a-b 1", "d755 f", "f644 f/x 2", "l777 s a"],
        ),
        // A symlink of a lower layer gives way to a directory like the one that it led to.
        (
            layer().file("s/x", "22"),
            &["d755 ", "d750 a", "f644 a/low 1", "f644 a-b 1", "f644 f 1", "d750 s", "f644 s/x 2"],
        ),
        // One of the same layer is followed.
        (
            layer().symlink("t", "/a/../a").file("t/x", "22"),
            &[
                "d755 ",
                "d750 a",
                "f644 a/low 1",
                "f644 a/x 2",
                "f644 a-b 1",
                "f644 f 1",
                "l777 s a",
                "l777 t /a/../a",
            ],
        ),
        (
            layer().dir(".", 0o700).file("./.wh.f", "").file(".wh..wh.plnk", ""),
            &["d700 ", "d750 a", "f644 a/low 1", "f644 a-b 1", "l777 s a"],
        ),
        (
            layer().file(".wh.nothing", ""),
            &["d755 ", "d750 a", "f644 a/low 1", "f644 a-b 1", "f644 f 1", "l777 s a"],
        ),
    ];
    for (upper, expected) in cases {
        let mut expected: Vec<&str> = expected.to_vec();
        let mut found = listing(&tree([base(), upper]));
        let path = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
        expected.sort_by_key(|line| path(line));
        found.sort_by_key(|line| path(line));
        assert_eq!(found, expected);
    }
}

#[test]
fn hard_links_are_what_they_point_to() {
    let base = layer().file("a", "one").link("b", "a").file("a", "three");
    let upper = layer().link("c", "b").symlink("s", "a").link("t", "./s");
    let image = tree([base, upper]);
    assert_eq!(listing(&image), ["d755 ", "f644 a 5", "f644 b 3", "f644 c 3", "l777 s a", "l777 t a"]);
    assert_eq!(node(&image, "b"), node(&image, "c"), "a link to a file of a lower layer");
    for missing in [layer().link("x", "nothing"), layer().dir("d", 0o755).link("x", "d")] {
        let export = Export::default().image(&[&missing.bytes()], &serde_json::Value::Null);
        assert!(matches!(
            read(&export.bytes()),
            Err(ExportError::Layer { source: LayerError::HardLink { .. }, .. })
        ));
    }
}

#[test]
fn all_that_belongs_to_a_path_is_read() {
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(200));
    let capability: &[u8] = b"\x01\0\0\x02\n=\0";
    let image = tree([layer()
        .pax(&[("path", long.as_bytes()), ("SCHILY.xattr.security.capability", capability)])
        .file("x", "some content")
        .pax(&[("SCHILY.xattr.user.b", b"2"), ("SCHILY.acl.access", b"user::rwx")])
        .dir("acl", 0o2775)
        .device("null", 3)
        .put(b"sda", EntryType::Block, 0o660, b"", b"")
        .put(b"pipe", EntryType::Fifo, 0o600, b"", b"")
        .put(b"bad\xff", EntryType::Regular, 0o644, b"", b"")
        .put(b"bad\xfe", EntryType::Symlink, 0o644, b"\xfd", b"")]);
    let file = node(&image, &long);
    assert_eq!(file.kind, NodeKind::File { size: 12, content: digest(b"some content") });
    assert_eq!((file.mode, file.uid, file.gid), (0o644, 1000, 1001));
    assert_eq!(*file.xattrs, [(b"security.capability".to_vec(), capability.to_vec())]);
    let names: Vec<_> = node(&image, "acl").xattrs.iter().map(|(name, _)| BStr::new(name)).collect();
    assert_eq!(names, ["system.posix_acl_access", "user.b"]);
    assert_eq!(node(&image, "null").kind, NodeKind::CharDevice { number: (1, 3) });
    assert_eq!(node(&image, "sda").kind, NodeKind::BlockDevice { number: (1, 0o660) });
    assert_eq!(node(&image, "pipe").kind, NodeKind::Fifo);
    assert_eq!(image.entries[BStr::new(b"bad\xfe")].kind, NodeKind::Symlink { target: b"\xfd".to_vec() });
    assert!(image.entries.contains_key(BStr::new(b"bad\xff")));
}

#[test]
fn compressed_layers_are_the_same_image() {
    let bytes = layer().dir("a", 0o700).file("a/f", &"content".repeat(1000)).bytes();
    let plain = Export::default().image(&[&bytes], &serde_json::Value::Null);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let zstd =
        ruzstd::encoding::compress_to_vec(bytes.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    let expected = read(&plain.bytes()).unwrap();
    for packed in [gzip.finish().unwrap(), zstd] {
        let packed = Export::default().image(&[&packed], &serde_json::Value::Null);
        assert_eq!(read(&packed.bytes()).unwrap().entries, expected.entries);
    }
    assert_eq!(expected.layers[0].digest, digest(&bytes));
    assert_eq!(expected.layers[0].size, bytes.len() as u64);
}

#[test]
fn a_sparse_file_equals_only_itself() {
    let sparse = |first: &str| {
        let map: [(&str, &[u8]); 2] = [("GNU.sparse.size", b"99"), ("GNU.sparse.map", b"0,6")];
        layer().file(first, "").pax(&map).file("sparse", "packed").file("next", "1")
    };
    let content = |image: &Image| node(image, "sparse").kind.clone();
    let (one, again, other) = (tree([sparse("a")]), tree([sparse("a")]), tree([sparse("b")]));
    assert_eq!(content(&one), content(&again));
    assert_ne!(content(&one), content(&other));
    assert_ne!(content(&one), NodeKind::File { size: 6, content: digest(b"packed") });
    assert!(one.entries.contains_key(BStr::new("next")));
}

#[test]
fn what_two_exports_share_is_read_once() {
    let (base, first, second) =
        (layer().file("base", "1").bytes(), layer().file("x", "1").bytes(), layer().file("x", "2").bytes());
    let export = |top: &[u8]| Export::default().image(&[&base, top], &serde_json::Value::Null);
    let mut known = Blobs::default();
    let one = read_export(export(&first).bytes().as_slice(), &mut known).unwrap();
    // The base is another file under its name now: nobody looks.
    let mut other = export(&second);
    let name = digest(&base).to_string().replacen("sha256:", BLOBS, 1);
    other.blobs.insert(name, vec![b'?'; 700]);
    let two = read_export(other.bytes().as_slice(), &mut known).unwrap();
    assert!(Arc::ptr_eq(&one.entries[BStr::new("base")], &two.entries[BStr::new("base")]));
    assert_eq!(known.layers.len(), 3);
    assert!(matches!(read(&other.bytes()), Err(ExportError::File { .. } | ExportError::Digest { .. })));
}

#[test]
fn damaged_exports_are_refused() {
    let tar = layer().file("a", &"x".repeat(3000)).bytes();
    let whole = Export::default().image(&[&tar], &serde_json::Value::Null);
    let bytes = whole.bytes();
    for cut in (0..bytes.len() - 1024).step_by(100) {
        let error = read(&bytes[..cut]).unwrap_err();
        let told = matches!(
            error,
            ExportError::NotTar
                | ExportError::Stream(_)
                | ExportError::Read { .. }
                | ExportError::Missing { .. }
        );
        assert!(told, "{cut}: {error:?}");
    }
    for name in whole.blobs.keys() {
        let mut export = Export::default().image(&[&tar], &serde_json::Value::Null);
        let blob = export.blobs.get_mut(name).unwrap();
        let at = blob.len() / 2;
        blob[at] ^= 1;
        assert!(matches!(read(&export.bytes()), Err(ExportError::Digest { .. })), "{name}");
        export.blobs.remove(name);
        assert!(matches!(read(&export.bytes()), Err(ExportError::Missing { .. })), "{name}");
    }
    let mut export = Export::default().image(&[&tar], &serde_json::Value::Null);
    export.manifests[0]["size"] = 1.into();
    assert!(matches!(read(&export.bytes()), Err(ExportError::File { .. })));
    assert!(matches!(read(&tar), Err(ExportError::Missing { .. })), "a tar of something else");
    assert!(matches!(read(b"ERROR: failed"), Err(ExportError::NotTar)));
}

#[test]
fn an_export_holds_one_image() {
    let (a, b) = (layer().file("a", "").bytes(), layer().file("b", "").bytes());
    let none = serde_json::Value::Null;
    let none_at_all = Export::default().bytes();
    assert!(matches!(read(&none_at_all), Err(ExportError::Images { count: 0 })));
    let two = Export::default().image(&[&a], &none).image(&[&b], &none);
    assert!(matches!(read(&two.bytes()), Err(ExportError::Images { count: 2 })));
    // One image under two names is one, and an attestation is none.
    let mut twice = Export::default().image(&[&a], &none).image(&[&a], &none);
    let attested = twice.blob(b"{\"config\": null}".to_vec());
    twice.manifests.push(attested);
    twice.manifests[2]["annotations"] =
        serde_json::json!({"vnd.docker.reference.type": "attestation-manifest"});
    assert_eq!(listing(&read(&twice.bytes()).unwrap()), ["d755 ", "f644 a 0"]);
    // An index within the index.
    let mut nested = Export::default().image(&[&a], &none);
    let inner = serde_json::json!({"manifests": nested.manifests}).to_string().into_bytes();
    nested.manifests = vec![];
    let inner = nested.blob(inner);
    nested.manifests = vec![inner];
    assert_eq!(listing(&read(&nested.bytes()).unwrap()), ["d755 ", "f644 a 0"]);
}

#[test]
fn layers_that_no_image_may_have_are_refused() {
    for bad in [
        layer().file("../a", ""),
        layer().file("a/.wh...", ""),
        layer().file(".", ""),
        layer().symlink("a", "b").symlink("b", "a").file("a/x", ""),
    ] {
        let export = Export::default().image(&[&bad.bytes()], &serde_json::Value::Null);
        assert!(matches!(
            read(&export.bytes()),
            Err(ExportError::Layer { source: LayerError::Path { .. }, .. })
        ));
    }
}

proptest::proptest! {
    /// Whatever is damaged, nobody is told of another image than was there.
    #[test]
    fn no_damage_makes_another_image(damage in proptest::collection::vec((0_usize..20_000, proptest::num::u8::ANY), 1..4)) {
        let capability: [(&str, &[u8]); 1] = [("SCHILY.xattr.security.capability", b"\x01\n")];
        let base = layer().dir("a", 0o700).pax(&capability).file("a/f", "1").symlink("s", "a").bytes();
        let upper = layer().file("a/.wh.f", "").link("b", "s").bytes();
        let mut bytes = Export::default().image(&[&base, &upper], &serde_json::Value::Null).bytes();
        let whole = read(&bytes).unwrap();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(image) = read(&bytes) {
            proptest::prop_assert_eq!(image, whole);
        }
    }
}
