//! A layer as bytes, to be kept and read again: what it does to the layers below it, without the contents of its files. It
//! never decides where the bytes are.

use std::collections::BTreeMap;

use super::{Layer, MAX_ENTRIES, What, Write};
use crate::rootfs::tree::{Entry, Metadata};

/// The start of the bytes; another version of the format has another one.
const MAGIC: &[u8] = b"layerwright layer 1\n";

impl Layer {
    /// Returns the layer as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Out(MAGIC.to_vec());
        for paths in [&self.removed, &self.opaque] {
            out.number(paths.len() as u64);
            for path in paths {
                out.bytes(path.as_bytes());
            }
        }
        out.number(self.not_utf8 as u64);
        out.number(self.writes.len() as u64);
        let mut start = 0;
        let mut last: &[u8] = &[];
        for write in &self.writes {
            let path = &self.paths.as_bytes()[start..write.end];
            // Most paths begin as the one before.
            let shared = last.iter().zip(path).take_while(|(one, other)| one == other).count();
            out.number(shared as u64);
            out.bytes(&path[shared..]);
            out.number(write.offset);
            out.what(&write.what);
            (start, last) = (write.end, path);
        }
        out.number(self.contents.len() as u64);
        for (write, content) in &self.contents {
            out.number(*write as u64);
            out.bytes(content);
        }
        out.0
    }

    /// Returns the layer of some bytes; `None` if they are not those of a layer.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut read = In(bytes.strip_prefix(MAGIC)?);
        let (removed, opaque) = (read.texts()?, read.texts()?);
        let not_utf8 = read.count()?;
        let count = read.count()?;
        let mut layer = Self { removed, opaque, not_utf8, ..Self::default() };
        let mut path: Vec<u8> = Vec::new();
        for _ in 0..count {
            let shared = read.count().filter(|shared| *shared <= path.len())?;
            path.truncate(shared);
            path.extend_from_slice(read.bytes()?);
            layer.paths.push_str(std::str::from_utf8(&path).ok()?);
            let (end, offset) = (layer.paths.len(), read.number()?);
            layer.writes.push(Write { end, offset, what: read.what()? });
        }
        let mut contents = BTreeMap::new();
        for _ in 0..read.count()? {
            contents.insert(read.count()?, read.bytes()?.to_vec());
        }
        layer.contents = contents;
        read.0.is_empty().then_some(layer)
    }
}

/// Bytes that are written.
struct Out(Vec<u8>);

impl Out {
    /// Writes a number in groups of seven bits, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn metadata(&mut self, Metadata { mode, uid, gid, xattrs }: &Metadata) {
        for number in [mode, uid, gid] {
            self.number(u64::from(*number));
        }
        self.number(xattrs.len() as u64);
        xattrs.iter().for_each(|name| self.bytes(name.as_bytes()));
    }

    fn what(&mut self, what: &What) {
        match what {
            What::Entry(Entry::Dir(metadata)) => {
                self.0.push(b'd');
                self.metadata(metadata);
            }
            What::Entry(Entry::File(metadata)) => {
                self.0.push(b'f');
                self.metadata(metadata);
            }
            What::Entry(Entry::Symlink(target)) => {
                self.0.push(b's');
                self.bytes(target.as_bytes());
            }
            What::Entry(Entry::Other) => self.0.push(b'o'),
            What::Link(target) => {
                self.0.push(b'l');
                self.bytes(target.as_bytes());
            }
        }
    }
}

/// Bytes that are read.
struct In<'b>(&'b [u8]);

impl<'b> In<'b> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Reads the number of things that follow.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= MAX_ENTRIES.max(1 << 24))
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        (0..self.count()?).map(|_| self.text()).collect()
    }

    fn metadata(&mut self) -> Option<Metadata> {
        let mut number = || u32::try_from(self.number()?).ok();
        let (mode, uid, gid) = (number()?, number()?, number()?);
        Some(Metadata { mode, uid, gid, xattrs: self.texts()?.into() })
    }

    fn what(&mut self) -> Option<What> {
        let (kind, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(match kind {
            b'd' => What::Entry(Entry::Dir(self.metadata()?)),
            b'f' => What::Entry(Entry::File(self.metadata()?)),
            b's' => What::Entry(Entry::Symlink(self.text()?)),
            b'o' => What::Entry(Entry::Other),
            b'l' => What::Link(self.text()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(xattrs: &[&str]) -> Metadata {
        let xattrs = xattrs.iter().map(|&name| name.to_owned()).collect();
        Metadata { mode: 0o1777, uid: u32::MAX, gid: 300, xattrs }
    }

    fn layer() -> Layer {
        let mut layer = Layer {
            removed: vec!["a/b".into()],
            opaque: vec![String::new()],
            not_utf8: 2,
            ..Layer::default()
        };
        let entries = [
            ("etc", What::Entry(Entry::Dir(metadata(&["user.a", "user.ü"])))),
            ("etc/passwd", What::Entry(Entry::File(metadata(&[])))),
            ("etc/pass", What::Entry(Entry::Symlink("/x/ü".into()))),
            ("", What::Entry(Entry::Other)),
            ("ü", What::Link("etc/passwd".into())),
        ];
        for (path, what) in entries {
            layer.paths.push_str(path);
            layer.writes.push(Write { end: layer.paths.len(), offset: u64::MAX, what });
        }
        layer.contents.insert(1, b"root\xff".to_vec());
        layer
    }

    #[test]
    fn a_layer_is_read_back_as_it_was() {
        for layer in [layer(), Layer::default()] {
            assert_eq!(Layer::from_bytes(&layer.to_bytes()), Some(layer));
        }
    }

    #[test]
    fn other_bytes_are_none() {
        let whole = layer().to_bytes();
        for end in 0..whole.len() {
            assert_eq!(Layer::from_bytes(&whole[..end]), None, "{end}");
        }
        assert_eq!(Layer::from_bytes(&[&whole[..], b"x"].concat()), None);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] = 0xff;
            // Whatever comes out, nothing panics and no memory is taken for what is not there.
            let _ = Layer::from_bytes(&changed);
        }
    }
}
