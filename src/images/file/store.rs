//! Files of an image layout or archive, by name. This module never interprets them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::images::document::MAX_DOCUMENT;
use crate::images::{ImageConfig, ImageError, Platform, config, digest, reference};
use crate::rootfs::Tree;
use crate::rootfs::layers::{self, ReadAt, member::MemberKind, member::Members};

/// The most symlinks that are followed for one name.
const MAX_LINKS: usize = 8;

/// A folder, or a tar whose members were listed once.
#[derive(Debug)]
pub(super) struct Store {
    pub(crate) path: PathBuf,
    files: Files,
}

#[derive(Debug)]
enum Files {
    /// The folder with its own symlinks resolved.
    Folder(PathBuf),
    Archive(File, BTreeMap<String, Place>),
}

#[derive(Debug)]
enum Place {
    Bytes {
        start: u64,
        len: u64,
    },
    /// Older `docker save` writes a layer that several images share as a symlink.
    Link(String),
}

impl Store {
    pub(crate) fn folder(path: &Path) -> Result<Self, ImageError> {
        let real = path.canonicalize().map_err(|source| ImageError::Read { path: path.into(), source })?;
        Ok(Self { path: path.into(), files: Files::Folder(real) })
    }

    /// Lists the members of an uncompressed tar.
    pub(crate) fn archive(path: &Path, file: File) -> Result<Self, ImageError> {
        let damaged = |source| ImageError::Layer { path: path.into(), member: None, source };
        let mut places = BTreeMap::new();
        let mut members = Members::new(layers::input::passing(&file, 0).map_err(damaged)?);
        while let Some(member) = members.next().map_err(damaged)? {
            let (Ok(name), Ok(link)) = (String::from_utf8(member.name), String::from_utf8(member.link))
            else {
                continue;
            };
            let name = name.trim_start_matches("./").to_string();
            let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
            let place = match member.kind {
                MemberKind::File => Place::Bytes { start: member.content, len: member.size },
                MemberKind::Symlink => Place::Link(joined(parent, &link)),
                MemberKind::HardLink => Place::Link(joined("", &link)),
                _ => continue,
            };
            places.insert(name, place);
        }
        drop(members);
        Ok(Self { path: path.into(), files: Files::Archive(file, places) })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match &self.files {
            Files::Folder(folder) => folder.join(name).is_file(),
            Files::Archive(_, places) => places.contains_key(name),
        }
    }

    /// Opens a file of the store. Names come from untrusted JSON, so none may lead out of the store.
    pub(crate) fn open(&self, name: &str) -> Result<Section, ImageError> {
        let failed = |source| ImageError::Read { path: self.path.join(name), source };
        let missing = || ImageError::MissingBlob { path: self.path.clone(), blob: name.into() };
        let outside = || ImageError::Name {
            path: self.path.clone(),
            name: name.into(),
            problem: "leads out of the archive, so it is not read",
        };
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside());
        }
        match &self.files {
            Files::Folder(folder) => {
                let real = match folder.join(name).canonicalize() {
                    Ok(real) if real.starts_with(folder) => real,
                    Ok(_) => return Err(outside()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
                    Err(error) => return Err(failed(error)),
                };
                let file = File::open(real).map_err(failed)?;
                let len = file.metadata().map_err(failed)?.len();
                Ok(Section { file, start: 0, len })
            }
            Files::Archive(file, places) => {
                let mut place = places.get(name);
                for _ in 0..MAX_LINKS {
                    match place {
                        Some(Place::Link(target)) => place = places.get(target),
                        _ => break,
                    }
                }
                let Some(Place::Bytes { start, len }) = place else { return Err(missing()) };
                Ok(Section { file: file.try_clone().map_err(failed)?, start: *start, len: *len })
            }
        }
    }

    /// Reads a document and parses it.
    pub(crate) fn document<T: DeserializeOwned>(&self, name: &str) -> Result<(Vec<u8>, T), ImageError> {
        let bytes = self.bytes(name)?;
        let parsed = self.parsed(name, &bytes)?;
        Ok((bytes, parsed))
    }

    pub(crate) fn parsed<T: DeserializeOwned>(&self, name: &str, bytes: &[u8]) -> Result<T, ImageError> {
        let failed = |source| ImageError::Json { path: self.path.clone(), member: name.into(), source };
        serde_json::from_slice(bytes).map_err(failed)
    }

    /// Parses a configuration document.
    pub(crate) fn config(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<(ImageConfig, Option<Platform>), ImageError> {
        let failed = |source| ImageError::Json { path: self.path.clone(), member: name.into(), source };
        config::parse(bytes).map_err(failed)
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let section = self.open(name)?;
        if section.len > MAX_DOCUMENT {
            let problem = "is over 4 MiB, which no manifest or configuration is";
            return Err(ImageError::Name { path: self.path.clone(), name: name.into(), problem });
        }
        let mut bytes = Vec::new();
        let read = layers::input::Reader::new(&section).read_to_end(&mut bytes);
        read.map_err(|source| ImageError::Read { path: self.path.join(name), source })?;
        Ok(bytes)
    }

    /// A manifest or configuration by its digest, verified.
    pub(crate) fn blob(&self, digest: &str) -> Result<Vec<u8>, ImageError> {
        let bytes = self.bytes(&self.blob_name(digest)?)?;
        let actual = digest::of(&bytes);
        if actual == digest {
            return Ok(bytes);
        }
        Err(ImageError::DigestMismatch { path: self.path.clone(), blob: digest.into(), actual })
    }

    /// OCI `image-layout.md`, "Blobs".
    pub(crate) fn blob_name(&self, digest: &str) -> Result<String, ImageError> {
        if reference::is_digest(digest) {
            return Ok(digest.replacen("sha256:", "blobs/sha256/", 1));
        }
        let problem = "is not a sha256 digest";
        Err(ImageError::Name { path: self.path.clone(), name: digest.into(), problem })
    }

    /// Applies layers, the lowest first. Where the manifest states a layer's size, its size and digest must match: the
    /// facts of an image are bound to its digest, and a layer in another's place has other facts.
    pub(crate) fn rootfs<'a>(
        &self,
        layers: impl IntoIterator<Item = (&'a str, Option<u64>)>,
    ) -> Result<Tree, ImageError> {
        let mut tree = Tree::default();
        for (name, size) in layers {
            let section = self.open(name)?;
            if size.is_some_and(|size| size != section.len) {
                let actual = format!("{} bytes long", section.len);
                return Err(ImageError::DigestMismatch {
                    path: self.path.clone(),
                    blob: name.into(),
                    actual,
                });
            }
            if size.is_some() {
                self.check_layer(name, &section)?;
            }
            let applied = layers::apply_layer_at(&mut tree, &section);
            let (path, member) = (self.path.clone(), Some(name.to_string()));
            match applied {
                Ok(summary) if summary.has_end_marker || size.is_some() => {}
                Ok(_) => return Err(ImageError::NoEnd { path, member }),
                Err(source) => return Err(ImageError::Layer { path, member, source }),
            }
        }
        Ok(tree)
    }

    /// Checks a layer against the digest in its name.
    fn check_layer(&self, name: &str, section: &Section) -> Result<(), ImageError> {
        let actual = digest::of_all(section)
            .map_err(|source| ImageError::Read { path: self.path.join(name), source })?;
        if self.blob_name(&actual)? == name {
            return Ok(());
        }
        Err(ImageError::DigestMismatch { path: self.path.clone(), blob: name.into(), actual })
    }
}

/// Resolves the target of a symlink within the archive; `..` at its root stays there.
fn joined(parent: &str, link: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in parent.split('/').chain(link.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A section of a file, read as a file of its own.
pub(super) struct Section {
    file: File,
    start: u64,
    len: u64,
}

impl ReadAt for Section {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        self.file.read_at(&mut buffer[..most], self.start.saturating_add(offset))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}
