use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::*;
use crate::rootfs::layers::apply_layer_at;
use crate::rootfs::{Entry, Tree};

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

    pub(crate) fn dir(self, name: &str, mode: u32) -> Self {
        self.put(name.as_bytes(), EntryType::Directory, mode, b"", b"")
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.file_with(name, 0o644, content)
    }

    pub(crate) fn file_with(self, name: &str, mode: u32, content: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Regular, mode, b"", content.as_bytes())
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Symlink, 0o755, target.as_bytes(), b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.put(name.as_bytes(), EntryType::Link, 0o644, target.as_bytes(), b"")
    }

    pub(crate) fn device(self, name: &str, minor: u32) -> Self {
        self.put(name.as_bytes(), EntryType::Char, minor, b"", b"")
    }

    pub(crate) fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(records.iter().copied()).unwrap();
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// A layout that is put together file by file.
#[derive(Default)]
struct Files {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: Vec<serde_json::Value>,
}

impl Files {
    fn blob(&mut self, bytes: Vec<u8>) -> serde_json::Value {
        let (digest, size) = (digest(&bytes).to_string(), bytes.len());
        self.blobs.insert(name(&bytes), bytes);
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

    fn index(&self) -> Vec<u8> {
        serde_json::json!({"manifests": self.manifests}).to_string().into_bytes()
    }

    /// Returns the result of reading the layout with these known layers.
    fn read_with(&self, known: &mut Known) -> Result<Image, ExportError> {
        let export = Export::new(&std::env::temp_dir(), known).unwrap();
        for (name, bytes) in &self.blobs {
            // As containerd's content store does it.
            if !export.path().join(name).exists() {
                fs::write(export.path().join(name), bytes).unwrap();
            }
        }
        fs::write(export.path().join("index.json"), self.index()).unwrap();
        export.open()?.read(known, &|| false)
    }

    fn read(&self) -> Result<Image, ExportError> {
        self.read_with(&mut Known::default())
    }
}

fn name(blob: &[u8]) -> String {
    digest(blob).to_string().replacen("sha256:", "blobs/sha256/", 1)
}

/// The image of some layers.
pub(in crate::verify) fn image(
    layers: impl IntoIterator<Item = LayerTar>,
    config: &serde_json::Value,
) -> Image {
    let layers: Vec<_> = layers.into_iter().map(LayerTar::bytes).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    Files::default().image(&layers, config).read().unwrap()
}

fn tree(layers: impl IntoIterator<Item = LayerTar>) -> Image {
    image(layers, &serde_json::Value::Null)
}

/// Returns a line for each path: type, mode, path, and the content's length or the target.
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
        // A whiteout after an entry that it names hides lower layers alone.
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
        // A symlink of a lower layer is replaced by a directory with the attributes of its target.
        (
            layer().file("s/x", "22"),
            &["d755 ", "d750 a", "f644 a/low 1", "f644 a-b 1", "f644 f 1", "d750 s", "f644 s/x 2"],
        ),
        // A symlink of the same layer is followed.
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
        let export = Files::default().image(&[&missing.bytes()], &serde_json::Value::Null);
        assert!(matches!(export.read(), Err(ExportError::Layer { source: LayerError::HardLink { .. }, .. })));
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
    let plain = Files::default().image(&[&bytes], &serde_json::Value::Null);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let zstd =
        ruzstd::encoding::compress_to_vec(bytes.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    let expected = plain.read().unwrap();
    for packed in [gzip.finish().unwrap(), zstd] {
        let packed = Files::default().image(&[&packed], &serde_json::Value::Null);
        let packed = packed.read().unwrap();
        assert_eq!(packed.entries, expected.entries);
        assert_eq!(packed.layers[0].tar_size, expected.layers[0].tar_size);
        assert_ne!(packed.layers[0].digest, expected.layers[0].digest);
    }
    assert_eq!(expected.layers[0].digest, digest(&bytes));
    assert_eq!(expected.layers[0].tar_size, bytes.len() as u64 - 1024, "two blocks end it");
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
    let files = |top: &[u8]| Files::default().image(&[&base, top], &serde_json::Value::Null);
    let (layers, mut known) = (Layers::default(), Known::default());
    let one = files(&first).read_with(&mut known).unwrap();
    layers.remember(&known, &one.layers);
    // The file of the base image has other content under its name now: it is not read.
    let mut other = files(&second);
    other.blobs.insert(name(&base), vec![b'?'; 700]);
    let two = other.read_with(&mut layers.known()).unwrap();
    assert!(Arc::ptr_eq(&one.entries[BStr::new("base")], &two.entries[BStr::new("base")]));
    assert_eq!(two, files(&second).read().unwrap());
    assert!(matches!(other.read(), Err(ExportError::Digest { .. })));
}

#[test]
fn what_is_known_takes_no_room() {
    let base = layer().file("base", &"1".repeat(100_000)).bytes();
    let files = Files::default().image(&[&base], &serde_json::Value::Null);
    let mut known = Known::default();
    files.read_with(&mut known).unwrap();
    let export = Export::new(&std::env::temp_dir(), &known).unwrap();
    let stand_in = fs::metadata(export.path().join(name(&base))).unwrap();
    assert_eq!((stand_in.len(), stand_in.blocks()), (base.len() as u64, 0));
    for (name, bytes) in files.blobs.iter().filter(|(_, bytes)| **bytes != base) {
        fs::write(export.path().join(name), bytes).unwrap();
    }
    fs::write(export.path().join("index.json"), files.index()).unwrap();
    let (layout, at) = (export.open().unwrap(), files.blobs.values().map(Vec::len).sum::<usize>());
    assert_eq!(layout.written().unwrap(), (at - base.len()) as u64);
    // The same for an export that is read only later.
    let mut later = Export::new(&std::env::temp_dir(), &Known::default()).unwrap();
    later.stand_in_for(&layout).unwrap();
    assert_eq!(fs::metadata(later.path().join(name(&base))).unwrap().len(), base.len() as u64);
    assert!(matches!(later.open(), Err(ExportError::Missing { .. })));
}

#[test]
fn damaged_exports_are_refused() {
    let tar = layer().file("a", &"x".repeat(3000)).bytes();
    let whole = Files::default().image(&[&tar], &serde_json::Value::Null);
    assert!(whole.read().is_ok());
    for name in whole.blobs.keys() {
        let damaged = |damage: &dyn Fn(&mut Vec<u8>)| {
            let mut files = Files::default().image(&[&tar], &serde_json::Value::Null);
            damage(files.blobs.get_mut(name).unwrap());
            files.read()
        };
        for cut in (0..whole.blobs[name].len()).step_by(100) {
            let error = damaged(&|blob| blob.truncate(cut)).unwrap_err();
            assert!(matches!(error, ExportError::Digest { .. }), "{cut}: {error:?}");
        }
        let middle = whole.blobs[name].len() / 2;
        assert!(matches!(damaged(&|blob| blob[middle] ^= 1), Err(ExportError::Digest { .. })), "{name}");
        let mut files = Files::default().image(&[&tar], &serde_json::Value::Null);
        files.blobs.remove(name);
        assert!(matches!(files.read(), Err(ExportError::Missing { .. })), "{name}");
    }
    let mut files = Files::default().image(&[&tar], &serde_json::Value::Null);
    files.manifests[0]["size"] = 1.into();
    assert!(matches!(files.read(), Err(ExportError::File { .. })));
    let export = Export::new(&std::env::temp_dir(), &Known::default()).unwrap();
    fs::write(export.path().join("index.json"), "{").unwrap();
    assert!(matches!(export.open(), Err(ExportError::Json { .. })));
    let export = Export::new(&std::env::temp_dir(), &Known::default()).unwrap();
    assert!(matches!(export.open(), Err(ExportError::Missing { .. })), "nothing was written");
}

#[test]
fn an_export_holds_one_image() {
    let (a, b) = (layer().file("a", "").bytes(), layer().file("b", "").bytes());
    let none = serde_json::Value::Null;
    assert!(matches!(Files::default().read(), Err(ExportError::Images { count: 0 })));
    let two = Files::default().image(&[&a], &none).image(&[&b], &none);
    assert!(matches!(two.read(), Err(ExportError::Images { count: 2 })));
    // One image under two names counts once, and an attestation does not count.
    let mut twice = Files::default().image(&[&a], &none).image(&[&a], &none);
    let attested = twice.blob(b"{\"config\": null}".to_vec());
    twice.manifests.push(attested);
    twice.manifests[2]["annotations"] =
        serde_json::json!({"vnd.docker.reference.type": "attestation-manifest"});
    assert_eq!(listing(&twice.read().unwrap()), ["d755 ", "f644 a 0"]);
    // An index within the index.
    let mut nested = Files::default().image(&[&a], &none);
    let inner = serde_json::json!({"manifests": nested.manifests}).to_string().into_bytes();
    nested.manifests = vec![];
    let inner = nested.blob(inner);
    nested.manifests = vec![inner];
    assert_eq!(listing(&nested.read().unwrap()), ["d755 ", "f644 a 0"]);
}

#[test]
fn layers_that_no_image_may_have_are_refused() {
    for bad in [
        layer().file("../a", ""),
        layer().file("a/.wh...", ""),
        layer().file(".", ""),
        layer().symlink("a", "b").symlink("b", "a").file("a/x", ""),
    ] {
        let export = Files::default().image(&[&bad.bytes()], &serde_json::Value::Null);
        assert!(matches!(export.read(), Err(ExportError::Layer { source: LayerError::Path { .. }, .. })));
    }
}

proptest::proptest! {
    /// Damage never yields another image than the one that was exported.
    #[test]
    fn no_damage_makes_another_image(damage in proptest::collection::vec((0_usize..20_000, proptest::num::u8::ANY), 1..4)) {
        let capability: [(&str, &[u8]); 1] = [("SCHILY.xattr.security.capability", b"\x01\n")];
        let base = layer().dir("a", 0o700).pax(&capability).file("a/f", "1").symlink("s", "a").bytes();
        let upper = layer().file("a/.wh.f", "").link("b", "s").bytes();
        let mut files = Files::default().image(&[&base, &upper], &serde_json::Value::Null);
        let whole = files.read().unwrap();
        for (at, byte) in damage {
            let count = files.blobs.len();
            let blob = files.blobs.values_mut().nth(at % count).unwrap();
            let at = at / count % blob.len();
            blob[at] = byte;
        }
        if let Ok(image) = files.read() {
            proptest::prop_assert_eq!(image, whole);
        }
    }
}

/// A member of a layer over a few names, so that layers often meet.
fn member() -> impl proptest::strategy::Strategy<Value = (u8, String, String)> {
    let path = "(a|l|d)(/(a|l|d|\\.wh\\.a|\\.wh\\.d|\\.wh\\.\\.wh\\.\\.opq)){0,2}";
    (0_u8..8, path, "(/|\\.\\./)?(a|l|d)(/(a|l|d)){0,1}")
}

proptest::proptest! {
    /// A base image is read by one reader and an exported image by another: both find the same at each path.
    #[test]
    fn bases_and_exports_are_read_alike(
        layers in proptest::collection::vec(proptest::collection::vec(member(), 1..6), 1..4),
    ) {
        let layers: Vec<Vec<u8>> = layers
            .iter()
            .map(|members| {
                let put = |tar: LayerTar, (kind, path, target): &(u8, String, String)| match kind {
                    _ if path.contains(".wh.") => tar.file(path, ""),
                    0..=1 => tar.dir(path, 0o700 + u32::from(*kind)),
                    2..=3 => tar.symlink(path, target),
                    4 => tar.link(path, target),
                    5 => tar.device(path, 3),
                    kind => tar.file_with(path, 0o600 + u32::from(*kind), "1"),
                };
                members.iter().fold(layer(), put).bytes()
            })
            .collect();
        let (mut image, mut base) = (tree::empty(), Tree::default());
        for bytes in &layers {
            let exported = layer::read(bytes.as_slice(), digest(bytes))
                .and_then(|layer| tree::apply(&mut image, &layer))
                .map_err(|error| error.to_string());
            let applied = apply_layer_at(&mut base, bytes.as_slice()).map(drop).map_err(|error| error.to_string());
            proptest::prop_assert_eq!(&exported, &applied);
            if exported.is_err() {
                return Ok(());
            }
        }
        let of_image: Vec<_> = image
            .iter()
            .map(|(path, node)| (path.to_string(), node.mode, node.kind == NodeKind::Dir))
            .collect();
        let of_base = base.listing().into_iter().map(|(path, entry)| match entry {
            Entry::Dir(metadata) => (path, metadata.mode, true),
            Entry::File(metadata) => (path, metadata.mode, false),
            Entry::Symlink(_) => (path, 0o777, false),
            Entry::Other => (path, 3, false),
        });
        // The root of a base without paths is not there.
        let root = base.is_empty().then(|| (String::new(), 0o755, true));
        proptest::prop_assert_eq!(of_image, root.into_iter().chain(of_base).collect::<Vec<_>>());
    }
}
