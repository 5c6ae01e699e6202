//! The differences between two images. It never decides whether a difference matters.
//!
//! These are not compared: times, the number of names of a file, and the keys of the configuration that describe the
//! build and not the image: see [`BUILD_KEYS`].

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use bstr::ByteSlice;
use serde_json::{Map, Value};

use super::image::{Digest, Image, ImagePath, Node, NodeKind};

/// The keys of a configuration document that are not compared: OCI `config.md`, and the keys that BuildKit adds for
/// its inline cache (`exptypes.ExporterInlineCache`) and, before 0.12, about the build.
pub(crate) const BUILD_KEYS: [&str; 5] =
    ["created", "history", "rootfs", "moby.buildkit.cache.v0", "moby.buildkit.buildinfo.v1"];

/// The extent of a comparison, and the differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The number of paths in both images together.
    pub paths: usize,
    /// The differences by path and aspect, those of the configuration last.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Returns true if nothing differs.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

/// A single difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path; empty for the root, `None` for the configuration.
    pub path: Option<ImagePath>,
    /// The aspect that differs.
    pub aspect: Aspect,
    /// The value before, for display; `None` if there is none.
    pub(crate) before: Option<String>,
    /// The value after, for display; `None` if there is none.
    pub(crate) after: Option<String>,
}

/// An aspect of a path or of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The path's presence. No other aspect of such a path is reported.
    Presence,
    /// The type. If the type differs, mode and owner are compared too.
    Type,
    /// Permission bits.
    Mode,
    /// Numeric owner.
    Uid,
    /// Numeric group.
    Gid,
    /// The size of a file in bytes.
    Size,
    /// The digest of a file.
    Content,
    /// The target of a symlink.
    LinkTarget,
    /// The numbers of a device.
    Device,
    /// The extended attribute of this name.
    Xattr(Vec<u8>),
    /// The key of the configuration document.
    Document(String),
    /// The key of `config` in the configuration document: `Env`, `Cmd` and so on.
    Config(String),
}

/// Compares two images.
pub fn compare(before: &Image, after: &Image) -> Comparison {
    let mut found = Found::default();
    let mut paths = 0;
    let (mut lefts, mut rights) = (before.entries.iter().peekable(), after.entries.iter().peekable());
    loop {
        let (left, right) = match (lefts.peek(), rights.peek()) {
            (None, None) => break,
            (Some((left, _)), Some((right, _))) if left == right => (lefts.next(), rights.next()),
            (Some((left, _)), Some((right, _))) if left > right => (None, rights.next()),
            (None, Some(_)) => (None, rights.next()),
            (Some(_), _) => (lefts.next(), None),
        };
        paths += 1;
        let Some((path, _)) = left.or(right) else { break };
        found.path = Some(Arc::clone(path));
        match (left.map(|(_, node)| node), right.map(|(_, node)| node)) {
            (Some(left), Some(right)) if Arc::ptr_eq(left, right) => {}
            (Some(left), Some(right)) => found.nodes(left, right),
            (left, right) => {
                let [left, right] = [left, right].map(|node| node.map(AsRef::as_ref));
                found.differences.push(presence(path, left, right));
            }
        }
    }
    found.differences.extend(compare_configs(before, after));
    Comparison { paths, differences: found.differences }
}

/// Returns the differences of one path in two images.
pub(super) fn compare_nodes(path: &ImagePath, before: &Node, after: &Node) -> Vec<Difference> {
    let mut found = Found { path: Some(Arc::clone(path)), ..Found::default() };
    found.nodes(before, after);
    found.differences
}

/// Returns the differences between the configurations of two images.
pub(super) fn compare_configs(before: &Image, after: &Image) -> Vec<Difference> {
    let mut found = Found::default();
    found.configs(&before.config, &after.config);
    found.differences
}

/// A path that only one of two images has.
pub(super) fn presence(path: &ImagePath, before: Option<&Node>, after: Option<&Node>) -> Difference {
    let [before, after] = [before, after].map(|node| node.map(described));
    Difference { path: Some(Arc::clone(path)), aspect: Aspect::Presence, before, after }
}

/// The differences so far, and the current path.
#[derive(Default)]
struct Found {
    path: Option<ImagePath>,
    differences: Vec<Difference>,
}

impl Found {
    fn push(&mut self, aspect: Aspect, before: Option<String>, after: Option<String>) {
        self.differences.push(Difference { path: self.path.clone(), aspect, before, after });
    }

    /// Compares two values and formats them only if they differ.
    fn value<T: PartialEq>(&mut self, aspect: Aspect, before: T, after: T, show: impl Fn(T) -> String) {
        if before != after {
            self.push(aspect, Some(show(before)), Some(show(after)));
        }
    }

    fn nodes(&mut self, before: &Node, after: &Node) {
        let types = (type_name(&before.kind), type_name(&after.kind));
        self.value(Aspect::Type, types.0, types.1, str::to_owned);
        let has_mode = |node: &Node| !matches!(node.kind, NodeKind::Symlink { .. });
        if has_mode(before) && has_mode(after) {
            self.value(Aspect::Mode, before.mode, after.mode, |mode| format!("{mode:04o}"));
        }
        self.value(Aspect::Uid, before.uid, after.uid, |id| id.to_string());
        self.value(Aspect::Gid, before.gid, after.gid, |id| id.to_string());
        match (&before.kind, &after.kind) {
            (
                NodeKind::File { size: left_size, content: left },
                NodeKind::File { size: right_size, content: right },
            ) => {
                self.value(Aspect::Size, left_size, right_size, u64::to_string);
                self.value(Aspect::Content, left, right, Digest::to_string);
            }
            (NodeKind::Symlink { target: left }, NodeKind::Symlink { target: right }) => {
                self.value(Aspect::LinkTarget, left, right, |target| shown(target));
            }
            (NodeKind::CharDevice { number: left }, NodeKind::CharDevice { number: right })
            | (NodeKind::BlockDevice { number: left }, NodeKind::BlockDevice { number: right }) => {
                self.value(Aspect::Device, left, right, |(major, minor)| format!("{major}:{minor}"));
            }
            _ => {}
        }
        if before.xattrs != after.xattrs {
            self.xattrs(before, after);
        }
    }

    fn xattrs(&mut self, before: &Node, after: &Node) {
        let names = before.xattrs.iter().chain(&after.xattrs).map(|(name, _)| name);
        let names: std::collections::BTreeSet<&Vec<u8>> = names.collect();
        for name in names {
            let value =
                |node: &Node| node.xattrs.iter().find(|(own, _)| own == name).map(|(_, value)| quoted(value));
            let (before, after) = (value(before), value(after));
            if before != after {
                self.push(Aspect::Xattr(name.clone()), before, after);
            }
        }
    }

    fn configs(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        let none = Map::new();
        let config = |document: &Map<String, Value>| match document.get("config") {
            Some(Value::Object(config)) => config.clone(),
            _ => none.clone(),
        };
        self.keys(before, after, Aspect::Document, |key| key == "config" || BUILD_KEYS.contains(&key));
        self.keys(&config(before), &config(after), Aspect::Config, |_| false);
    }

    fn keys(
        &mut self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        aspect: impl Fn(String) -> Aspect,
        skip: impl Fn(&str) -> bool,
    ) {
        let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names.into_iter().filter(|name| !skip(name)) {
            let [before, after] = [before, after].map(|map| map.get(name).filter(|value| says(value)));
            if before != after {
                let [before, after] = [before, after].map(|value| value.map(Value::to_string));
                self.push(aspect(name.clone()), before, after);
            }
        }
    }
}

/// Returns true if a value is not empty. Go writes an empty value as nothing, as null, or as the empty value.
fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn type_name(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Dir => "directory",
        NodeKind::File { .. } => "file",
        NodeKind::Symlink { .. } => "symbolic link",
        NodeKind::CharDevice { .. } => "character device",
        NodeKind::BlockDevice { .. } => "block device",
        NodeKind::Fifo => "named pipe",
    }
}

fn described(node: &Node) -> String {
    let Node { kind, mode, uid, gid, .. } = node;
    match kind {
        NodeKind::Symlink { target } => format!("symbolic link to `{}`", shown(target)),
        kind => format!("{} {mode:04o} {uid}:{gid}", type_name(kind)),
    }
}

/// Formats a name, with escapes for characters that a terminal cannot show, so that different names look different.
fn shown(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '\\' {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Formats the value of an extended attribute: as text, or else in hexadecimal digits.
fn quoted(value: &[u8]) -> String {
    match value.to_str() {
        Ok(text) if !text.chars().any(char::is_control) => format!("{text:?}"),
        _ => value.iter().fold(String::from("0x"), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presence => f.write_str("presence"),
            Self::Type => f.write_str("type"),
            Self::Mode => f.write_str("mode"),
            Self::Uid => f.write_str("owner"),
            Self::Gid => f.write_str("group"),
            Self::Size => f.write_str("size"),
            Self::Content => f.write_str("content"),
            Self::LinkTarget => f.write_str("target"),
            Self::Device => f.write_str("device"),
            Self::Xattr(name) => write!(f, "attribute {}", shown(name)),
            Self::Document(key) | Self::Config(key) => f.write_str(key),
        }
    }
}

/// One line: `` `/root` mode 0700 → 0755 ``.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, aspect, before, after } = self;
        match path {
            Some(path) => write!(f, "`/{}`", shown(path))?,
            None => f.write_str("image config")?,
        }
        match (aspect, before, after) {
            (Aspect::Presence, Some(gone), None) => write!(f, " is gone: {gone}"),
            (Aspect::Presence, None, Some(new)) => write!(f, " is new: {new}"),
            _ => {
                let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
                write!(f, " {aspect} {} → {}", side(before), side(after))
            }
        }
    }
}

#[cfg(test)]
mod tests;
