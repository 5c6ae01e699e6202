use std::io::{Read, Write as _};

use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

/// Applies a layer from its first byte to its last, as a compressed one is read.
fn apply_layer(tree: &mut Tree, reader: impl Read) -> Result<LayerSummary, LayerError> {
    apply(tree, input::stream(reader)?)
}

/// A tar that is written member by member.
struct Layer(Builder<Vec<u8>>);

fn layer() -> Layer {
    Layer(Builder::new(Vec::new()))
}

impl Layer {
    fn put(mut self, name: &str, kind: EntryType, mode: u32, link: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(1000);
        header.set_gid(1001);
        header.set_size(content.len() as u64);
        header.set_link_name_literal(link).unwrap();
        if name.ends_with('/') && kind == EntryType::Regular {
            header.as_old_mut().linkflag = [0];
        }
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn dir(self, name: &str, mode: u32) -> Self {
        self.put(name, EntryType::Directory, mode, "", b"")
    }

    fn file(self, name: &str, mode: u32) -> Self {
        self.put(name, EntryType::Regular, mode, "", b"some content")
    }

    fn text(self, name: &str, content: &str) -> Self {
        self.put(name, EntryType::Regular, 0o644, "", content.as_bytes())
    }

    fn symlink(self, name: &str, target: &str) -> Self {
        self.put(name, EntryType::Symlink, 0o777, target, b"")
    }

    fn link(self, name: &str, target: &str) -> Self {
        self.put(name, EntryType::Link, 0o644, target, b"")
    }

    fn pax(mut self, records: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(records.iter().copied()).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// Applies a layer that is read in parts of any size.
fn in_parts(tree: &mut Tree, bytes: &[u8]) -> Result<LayerSummary, LayerError> {
    if input::compression_at(bytes)? != Compression::None {
        return apply_layer_at(tree, bytes);
    }
    let (parts, has_end_marker) = parts::read(bytes, 512)?;
    finish(tree, &parts, LayerSummary { has_end_marker, ..LayerSummary::default() })
}

/// Applies the layers in every way to read them, and checks that the results agree.
fn tree(layers: impl IntoIterator<Item = Layer>) -> Tree {
    let (mut tree, mut seeking, mut parted) = (Tree::default(), Tree::default(), Tree::default());
    for bytes in layers.into_iter().map(Layer::bytes) {
        let read = apply_layer(&mut tree, bytes.as_slice()).unwrap();
        let sought = apply_layer_at(&mut seeking, bytes.as_slice()).unwrap();
        assert_eq!(read, sought);
        assert_eq!(in_parts(&mut parted, &bytes).unwrap(), sought);
    }
    assert_eq!(tree, seeking);
    assert_eq!(tree, parted);
    tree
}

fn error(bytes: &[u8]) -> LayerError {
    let mut tree = Tree::default();
    let error = apply_layer(&mut tree, bytes).unwrap_err();
    let seeking = apply_layer_at(&mut tree, bytes).unwrap_err();
    assert_eq!(error.to_string(), seeking.to_string());
    assert_eq!(error.to_string(), in_parts(&mut tree, bytes).unwrap_err().to_string());
    assert!(tree.is_empty());
    error
}

/// Type and mode of each path, in `ls` letters.
fn listing(tree: &Tree) -> Vec<String> {
    tree.listing()
        .into_iter()
        .map(|(path, entry)| match entry {
            Entry::Dir(metadata) => format!("d{:o} {path}", metadata.mode),
            Entry::File(metadata) => format!("f{:o} {path}", metadata.mode),
            Entry::Symlink(target) => format!("l {path} -> {target}"),
            Entry::Other => format!("o {path}"),
        })
        .collect()
}

#[test]
fn names_are_normalised_and_metadata_kept() {
    let base = layer().dir("./", 0o700).dir("/usr", 0o2775).file("./usr//a", 0o104_755).put(
        "old/",
        EntryType::Regular,
        0o755,
        "",
        b"",
    );
    let tree = tree([base.put("dev/null", EntryType::Char, 0o666, "", b"").dir("x/./y", 0o1777)]);
    let expected =
        ["d700 ", "d755 dev", "o dev/null", "d755 old", "d2775 usr", "f4755 usr/a", "d755 x", "d1777 x/y"];
    assert_eq!(listing(&tree), expected);
    let metadata = Metadata { mode: 0o4755, uid: 1000, gid: 1001, xattrs: Box::default() };
    assert_eq!(tree.get("usr/a"), Some(&Entry::File(metadata)));
}

#[test]
fn extended_headers_override_the_header() {
    let name = "p".repeat(300);
    let records: [(&str, &[u8]); 5] = [
        ("SCHILY.xattr.security.capability", b"\x01\n\x00\n"),
        ("SCHILY.xattr.user.mark", b""),
        ("path", name.as_bytes()),
        ("uid", b"3000000"),
        ("size", b"12"),
    ];
    let tree = tree([layer().pax(&records).file("short", 0o755).file("next", 0o644)]);
    let xattrs = ["security.capability".to_string(), "user.mark".to_string()].into();
    let expected = Metadata { mode: 0o755, uid: 3_000_000, gid: 1001, xattrs };
    assert_eq!(tree.get(&name), Some(&Entry::File(expected)));
    assert_eq!(
        tree.get("next"),
        Some(&Entry::File(Metadata { mode: 0o644, uid: 1000, gid: 1001, xattrs: Box::default() }))
    );
    assert_eq!(tree.entries().count(), 3);
}

#[test]
fn gnu_long_names_and_long_link_targets_are_read() {
    let (name, target) = ("n".repeat(200), "t".repeat(200));
    let mut base = layer();
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    base.0.append_link(&mut header, &name, &target).unwrap();
    assert_eq!(tree([base]).get(&name), Some(&Entry::Symlink(target)));
}

#[test]
fn whiteouts_remove_what_is_below_and_nothing_of_their_own_layer() {
    let base = || {
        layer().dir("a", 0o700).file("a/low", 0o644).file("a.b", 0o644).dir("c", 0o711).file("c/low", 0o600)
    };
    let removed = tree([base(), layer().text(".wh.a", "").text("c/.wh.low", "").text("c/.wh.absent", "")]);
    assert_eq!(listing(&removed), ["d755 ", "f644 a.b", "d711 c"]);
    for upper in [
        layer().text(".wh.a", "").dir("a", 0o755).file("a/up", 0o644),
        layer().dir("a", 0o755).file("a/up", 0o644).text(".wh.a", ""),
    ] {
        let tree = tree([base(), upper]);
        assert_eq!(listing(&tree)[..3], ["d755 ", "d755 a", "f644 a.b"]);
        assert!(tree.get("a/up").is_some() && tree.get("a/low").is_none());
    }
}

#[test]
fn an_opaque_directory_hides_lower_layers_wherever_its_mark_stands() {
    let base = || layer().dir("a", 0o700).file("a/low", 0o644).file("a/sub/low", 0o644);
    let first = layer().text("a/.wh..wh..opq", "").dir("a", 0o750).file("a/up", 0o644);
    let last = layer().dir("a", 0o750).file("a/up", 0o644).text("a/.wh..wh..opq", "");
    for upper in [first, last] {
        assert_eq!(listing(&tree([base(), upper])), ["d755 ", "d750 a", "f644 a/up"]);
    }
    let alone = tree([base(), layer().text("a/.wh..wh..opq", "").text("b/.wh..wh..opq", "")]);
    assert_eq!(listing(&alone), ["d755 ", "d700 a", "d755 b"]);
    assert_eq!(
        listing(&tree([layer().text(".wh..wh.plnk", "").dir(".wh..wh.orph/x", 0o755)])),
        Vec::<String>::new()
    );
}

#[test]
fn directories_merge_and_anything_else_replaces() {
    let base = layer().dir("a", 0o700).file("a/x", 0o644).dir("b", 0o700).file("b/x", 0o644).file("c", 0o644);
    let upper = layer().dir("a", 0o750).file("b", 0o600).dir("c", 0o711).file("c/x", 0o644);
    let expected = ["d755 ", "d750 a", "f644 a/x", "f600 b", "d711 c", "f644 c/x"];
    assert_eq!(listing(&tree([base, upper])), expected);
}

#[test]
fn hard_links_are_what_they_link_to() {
    let base = layer().file("bin/a", 0o4755).symlink("s", "bin");
    let tree = tree([base.link("b", "bin/a").link("c", "/s/a").link("d", "s"), layer().link("e", "b")]);
    assert_eq!(tree.get("b"), tree.get("bin/a"));
    assert_eq!(tree.get("c"), tree.get("bin/a"));
    assert_eq!(tree.get("d"), Some(&Entry::Symlink("bin".into())));
    assert_eq!(tree.get("e"), tree.get("bin/a"));
    let message = error(&layer().file("a", 0o644).link("b", "gone").bytes_for_a_fresh_tree()).to_string();
    assert!(message.contains("`b` at byte 1024 is a hard link to `gone`"), "{message}");
    let linked = layer().symlink("s", "d").link("s/b", "gone").bytes();
    let message = apply_layer(&mut Tree::default(), linked.as_slice()).unwrap_err().to_string();
    assert!(message.contains("entry `s/b` at byte 512"), "the entry as written: {message}");
}

impl Layer {
    /// Returns the tar without its first member, which would otherwise be in the tree when a later one fails.
    fn bytes_for_a_fresh_tree(self) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes[..1024].fill(0);
        bytes[..512].copy_from_slice(&note());
        bytes[512..1024].copy_from_slice(&note());
        bytes
    }
}

/// A global extended header without records.
fn note() -> [u8; 512] {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XGlobalHeader);
    header.set_size(0);
    header.set_cksum();
    *header.as_bytes()
}

#[test]
fn a_parent_that_is_a_symlink_of_the_same_layer_is_followed_within_the_root() {
    let base =
        layer().dir("usr", 0o755).symlink("lib", "../../usr/lib").dir("usr/lib", 0o711).file("lib/a", 0o644);
    let tree_of_one = tree([base.symlink("usr/abs", "/usr/./new").file("usr/abs/b", 0o644)]);
    assert_eq!(tree_of_one.get("usr/lib/a").is_some(), tree_of_one.get("usr/new/b").is_some());
    assert_eq!(tree_of_one.get("lib"), Some(&Entry::Symlink("../../usr/lib".into())));
    let circle = layer().symlink("a", "b").symlink("b", "a").file("a/x", 0o644).bytes();
    let error = apply_layer(&mut Tree::default(), circle.as_slice()).unwrap_err();
    assert!(matches!(error, LayerError::Path { offset: 1024, .. }), "{error}");
}

#[test]
fn a_parent_that_is_a_symlink_of_a_lower_layer_becomes_a_directory() {
    let base = layer().dir("d", 0o750).file("d/low", 0o644).symlink("l", "d").symlink("dangling", "gone");
    let tree = tree([base, layer().file("l/x", 0o644).file("dangling/x", 0o644)]);
    let expected =
        ["d755 ", "d750 d", "f644 d/low", "d755 dangling", "f644 dangling/x", "d750 l", "f644 l/x"];
    assert_eq!(listing(&tree), expected);
}

#[test]
fn directories_below_a_replaced_symlink_are_those_that_it_led_to() {
    let base = || layer().dir("d", 0o750).dir("d/sub", 0o711).file("d/sub/low", 0o644).symlink("l", "d");
    let expected = ["d755 ", "d750 d", "d711 d/sub", "f644 d/sub/low", "d750 l", "d711 l/sub"];
    let upper = tree([base(), layer().file("l/sub/x", 0o644)]);
    assert_eq!(listing(&upper)[..6], expected);
    assert_eq!(listing(&upper)[6..], ["f644 l/sub/x"]);
    for marked in [layer().text("l/sub/.wh.low", ""), layer().text("l/sub/.wh..wh..opq", "")] {
        assert_eq!(listing(&tree([base(), marked])), expected);
    }
}

#[test]
fn a_whiteout_has_parents_as_a_file_has() {
    let base = || layer().file("f", 0o644).symlink("dangling", "gone");
    for (upper, made) in [
        (layer().text("new/.wh.x", ""), "d755 new"),
        (layer().text("new/.wh..wh..opq", ""), "d755 new"),
        (layer().text("f/.wh.x", ""), "d755 f"),
        (layer().text("f/.wh..wh..opq", ""), "d755 f"),
        (layer().text("dangling/.wh..wh..opq", ""), "d755 dangling"),
    ] {
        let found = listing(&tree([base(), upper]));
        assert!(found.iter().any(|line| line == made), "{made}: {found:?}");
    }
    let replaced = tree([base(), layer().text("dangling/.wh..wh..opq", "").symlink("dangling", "f")]);
    assert_eq!(replaced.get("dangling"), Some(&Entry::Symlink("f".into())));
    let nothing = tree([layer().text(".wh.x", "").text(".wh..wh..opq", "")]);
    assert!(nothing.is_empty());
}

#[test]
fn accounts_are_kept_as_the_last_layer_has_them() {
    let base = || layer().text("etc/passwd", "root:x:0:0").text("./etc/group", "root:x:0:");
    let whole = tree([base()]);
    assert_eq!(whole.passwd(), Some(&b"root:x:0:0"[..]));
    assert_eq!(whole.group(), Some(&b"root:x:0:"[..]));
    let newer = tree([base(), layer().text("etc/passwd", "new")]);
    assert_eq!((newer.passwd(), newer.group()), (Some(&b"new"[..]), Some(&b"root:x:0:"[..])));
    let big = "x".repeat(1024 * 1024 + 1);
    for upper in [
        layer().text("etc/.wh.passwd", "").text(".wh.usr", ""),
        layer().text("etc/.wh..wh..opq", ""),
        layer().text(".wh.etc", ""),
        layer().symlink("etc/passwd", "/usr/passwd"),
        layer().symlink("etc", "usr/etc"),
        layer().file("other", 0o644).link("etc/passwd", "other"),
        layer().symlink("alias", "etc").dir("etc", 0o755).text("alias/passwd", "not read"),
        layer().text("etc/passwd", &big),
    ] {
        assert_eq!(tree([base(), upper]).passwd(), None);
    }
}

#[test]
fn names_that_are_no_utf8_are_counted_and_kept_out() {
    let mut base = layer().file("ok", 0o644);
    for name in [&b"bad\xff"[..], b"dir\xff/x", b".wh.\xff"] {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_size(0);
        header.set_cksum();
        base.0.append(&header, &b""[..]).unwrap();
    }
    let mut tree = Tree::default();
    let summary = apply_layer(&mut tree, base.bytes().as_slice()).unwrap();
    assert_eq!(
        summary,
        LayerSummary { entries: 1, not_utf8: 3, has_end_marker: true, ..LayerSummary::default() }
    );
    assert_eq!(listing(&tree), ["d755 ", "f644 ok"]);
}

#[test]
fn a_layer_with_too_many_entries_is_refused() {
    let of = |count: usize| (0..count).fold(layer(), |layer, at| layer.text(&format!("f{at}"), "")).bytes();
    let mut tree = Tree::default();
    assert_eq!(apply_layer(&mut tree, of(MAX_ENTRIES).as_slice()).unwrap().entries, MAX_ENTRIES);
    let again = apply_layer(&mut tree, of(1).as_slice());
    assert!(matches!(again, Err(LayerError::TooMany)), "those of all layers count");
    let more = of(MAX_ENTRIES + 1);
    assert!(matches!(apply_layer(&mut Tree::default(), more.as_slice()), Err(LayerError::TooMany)));
    // The parts of a file are read one by one.
    assert!(matches!(error(&more), LayerError::TooMany));
}

#[test]
fn paths_that_leave_the_root_are_refused() {
    for name in ["../a", "a/../b", "a/..", ".wh...", "a/.wh.."] {
        let error = error(&layer().text(name, "x").bytes());
        assert!(matches!(error, LayerError::Path { offset: 0, .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let long = "a/".repeat(3000);
    for bad in [
        layer().file(".", 0o644),
        layer().link("a", "../a"),
        layer().pax(&[("path", long.as_bytes())]).file("x", 0o644),
    ] {
        assert!(matches!(error(&bad.bytes()), LayerError::Path { .. }));
    }
    let nul = layer().pax(&[("path", b"a\0b")]).file("x", 0o644);
    assert!(matches!(error(&nul.bytes()), LayerError::Header { .. }));
}

#[test]
fn compressions_are_told_by_content() {
    let bytes = layer().file("a", 0o644).dir("b", 0o700).bytes();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes[..700]).unwrap();
    let mut gzip = gzip.finish().unwrap();
    let mut second = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    second.write_all(&bytes[700..]).unwrap();
    gzip.extend(second.finish().unwrap());

    let frame =
        |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let skippable = [&b"\x50\x2a\x4d\x18\x03\x00\x00\x00"[..], b"abc"].concat();
    let zstd = [skippable, frame(&bytes[..700]), frame(&bytes[700..])].concat();

    for (packed, compression) in [(gzip, Compression::Gzip), (zstd, Compression::Zstd)] {
        let mut tree = Tree::default();
        let summary = apply_layer(&mut tree, packed.as_slice()).unwrap();
        assert_eq!(
            summary,
            LayerSummary { entries: 2, compression, has_end_marker: true, ..LayerSummary::default() }
        );
        assert_eq!(listing(&tree), ["d755 ", "f644 a", "d700 b"]);
        let cut = error(&packed[..packed.len() / 3]);
        assert!(matches!(cut, LayerError::Truncated { .. }), "{compression}: {cut:?}");
    }
}

#[test]
fn a_zstd_window_that_takes_too_much_memory_is_not_read() {
    // RFC 8878, 3.1.1: a magic number, a header without options, the window, and one raw block, which is the last.
    let frame = |window: u8| {
        let bytes = layer().file("a", 0o644).bytes();
        let block = u32::try_from(bytes.len()).unwrap() << 3 | 1;
        [&[0x28, 0xb5, 0x2f, 0xfd, 0, window][..], &block.to_le_bytes()[..3], &bytes].concat()
    };
    let mib_32 = 15 << 3;
    assert!(apply_layer(&mut Tree::default(), frame(mib_32).as_slice()).is_ok());
    let error = error(&frame(mib_32 + 1));
    assert!(error.to_string().contains("its zstd window has 37.7 MB, of at most 33.6 MB"), "{error}");
}

#[test]
fn compressions_that_are_not_read_name_the_remedy() {
    for (magic, remedy) in [(&b"\xfd7zXZ\0rest"[..], "`xz -d`"), (b"BZh91AY", "`bzip2 -d`")] {
        let error = error(magic);
        assert!(
            matches!(error, LayerError::Compression { .. }) && error.to_string().contains(remedy),
            "{error}"
        );
    }
}

#[test]
fn damaged_archives_say_where() {
    let bytes = layer().file("first", 0o644).file("second", 0o644).bytes();
    for (cut, at) in [(700, 512), (1100, 1024), (1540, 1536)] {
        let error = error(&bytes[..cut]);
        assert!(matches!(error, LayerError::Truncated { offset, .. } if offset == at), "{cut}: {error:?}");
    }
    assert!(error(&bytes[..1540]).to_string().contains("after entry `second`"));
    assert!(matches!(error(b""), LayerError::NotTar));
    assert!(matches!(error(b"FROM debian\n"), LayerError::NotTar));
    assert!(matches!(error(&[b'x'; 2048]), LayerError::NotTar));
    let mut flipped = bytes.clone();
    flipped[1030] ^= 1;
    assert!(matches!(error(&flipped), LayerError::Header { offset: 1024, .. }));
    assert!(matches!(
        error(&layer().put("a", EntryType::new(b'?'), 0, "", b"").bytes()),
        LayerError::Header { .. }
    ));
    assert!(matches!(
        error(&[&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"[..], &[0xff; 600]].concat()),
        LayerError::Corrupt { .. }
    ));
}

#[test]
fn the_end_marker_may_be_missing_or_be_all_there_is() {
    let bytes = layer().file("a", 0o644).bytes();
    let mut tree = Tree::default();
    assert!(!apply_layer(&mut tree, &bytes[..1024]).unwrap().has_end_marker);
    assert_eq!(listing(&tree), ["d755 ", "f644 a"]);
    let empty = LayerSummary { has_end_marker: true, ..LayerSummary::default() };
    assert_eq!(apply_layer(&mut tree, &[0; 1024][..]).unwrap(), empty);
}

#[test]
fn sparse_files_do_not_shift_what_follows() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNUSparse);
    header.as_old_mut().name[..1].copy_from_slice(b"s");
    header.set_size(512);
    header.as_gnu_mut().unwrap().set_is_extended(true);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend([0; 512]);
    bytes.extend([b'x'; 512]);
    bytes.extend(layer().file("next", 0o644).bytes());
    let mut tree = Tree::default();
    apply_layer_at(&mut tree, bytes.as_slice()).unwrap();
    assert_eq!(tree.listing().into_iter().map(|(path, _)| path).collect::<Vec<_>>(), ["", "next", "s"]);
}

#[test]
fn a_part_starts_at_no_header_that_is_a_files_content() {
    let name = "n".repeat(300);
    let records: [(&str, &[u8]); 2] = [("path", name.as_bytes()), ("SCHILY.xattr.user.a", b"1")];
    let inner = (0..20).fold(layer(), |inner, at| inner.file(&format!("inner{at}"), 0o600)).bytes();
    // The parts meet before, within and after the file that is a tar, and between the extended header and its file.
    for before in 0..40 {
        let outer = (0..before).fold(layer(), |outer, at| outer.dir(&format!("d{at}"), 0o755));
        let outer = outer.put("x.tar", EntryType::Regular, 0o644, "", &inner).pax(&records).file("x", 0o644);
        let outer = (0..20).fold(outer, |outer, at| outer.symlink(&format!("s{at}"), "x"));
        let tree = tree([outer.text("etc/passwd", "root:x:0:0")]);
        assert_eq!(tree.entries().count(), before + 25);
        assert!(matches!(tree.get(&name), Some(Entry::File(metadata)) if metadata.xattrs.len() == 1));
        assert_eq!(tree.passwd(), Some(&b"root:x:0:0"[..]));
    }
}

proptest::proptest! {
    /// For any damage the result is a tree or an error, and both ways to read agree.
    #[test]
    fn no_damage_makes_it_panic(damage in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..4)) {
        let records: [(&str, &[u8]); 2] = [("path", b"etc/passwd"), ("SCHILY.xattr.user.a", b"\n")];
        let mut bytes = layer().dir("a", 0o755).symlink("b", "a").pax(&records).file("x", 0o644).link("b/y", "a").bytes();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let (mut tree, mut seeking, mut parted) = (Tree::default(), Tree::default(), Tree::default());
        let read = apply_layer(&mut tree, bytes.as_slice());
        let sought = apply_layer_at(&mut seeking, bytes.as_slice());
        let parts = in_parts(&mut parted, &bytes);
        let [read, sought, parts] = [read, sought, parts].map(|result| result.map_err(|error| error.to_string()));
        proptest::prop_assert_eq!(&read, &sought);
        proptest::prop_assert_eq!(&read, &parts);
        proptest::prop_assert_eq!(&tree, &seeking);
        proptest::prop_assert_eq!(&tree, &parted);
    }
}
