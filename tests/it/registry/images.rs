//! Images in the form in which a registry serves them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{Answer, Asked};

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

pub fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    format!("sha256:{hex}")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// As eStargz: each part is a member of its own.
pub fn gzip_in_parts(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(700).flat_map(gzip).collect()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// As zstd:chunked: several frames, and a skippable one with the table of contents at the end.
pub fn zstd_chunked(bytes: &[u8]) -> Vec<u8> {
    let mut whole: Vec<u8> = bytes.chunks(700).flat_map(zstd).collect();
    whole.extend([0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0]);
    whole.extend(*b"contents");
    whole
}

/// A manifest with its name and its media type.
pub type NamedManifest = (String, String, Vec<u8>);

/// The content of a registry.
#[derive(Clone, Default)]
pub struct Images {
    blobs: BTreeMap<String, Vec<u8>>,
    /// By tag and by digest: the media type and the bytes.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
}

impl Images {
    pub fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        self.blobs.insert(digest(bytes), bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
    }

    pub fn manifest(&mut self, media_type: &str, content: &Value) -> Value {
        let bytes = content.to_string().into_bytes();
        self.manifests.insert(digest(&bytes), (media_type.to_owned(), bytes.clone()));
        json!({"mediaType": media_type, "digest": digest(&bytes), "size": bytes.len()})
    }

    /// Puts an image with these layers, each with its media type; returns the descriptor of its manifest.
    pub fn image(&mut self, architecture: &str, layers: &[(&str, &[u8])]) -> Value {
        let config = json!({"os": "linux", "architecture": architecture, "config": {"WorkingDir": "/srv"}});
        let config = self.blob(OCI_CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> = layers.iter().map(|(kind, bytes)| self.blob(kind, bytes)).collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        let mut descriptor = self.manifest(OCI_MANIFEST, &manifest);
        descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
        descriptor
    }

    /// Puts an index of these manifests; returns its descriptor.
    pub fn index(&mut self, manifests: &[Value]) -> Value {
        self.manifest(OCI_INDEX, &json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}))
    }

    /// Gives a manifest a tag.
    pub fn tag(&mut self, tag: &str, descriptor: &Value) -> String {
        let digest = descriptor["digest"].as_str().unwrap().to_owned();
        let manifest = self.manifests[&digest].clone();
        self.manifests.insert(tag.to_owned(), manifest);
        digest
    }

    /// Everything that has to be pushed to another registry: blobs, and manifests by their names.
    pub fn content(&self) -> (Vec<Vec<u8>>, Vec<NamedManifest>) {
        let manifests = self.manifests.iter();
        let manifests =
            manifests.map(|(name, (kind, bytes))| (name.clone(), kind.clone(), bytes.clone())).collect();
        (self.blobs.values().cloned().collect(), manifests)
    }

    /// The answer of a registry that has these images in every repository.
    pub fn answer(&self, asked: &Asked) -> Answer {
        let path = asked.path.strip_prefix("/v2/").unwrap_or_else(|| panic!("{}", asked.path));
        if path.is_empty() {
            return Answer::new(200, "{}");
        }
        let missing = |code: &str| Answer::new(404, json!({"errors": [{"code": code}]}).to_string());
        if let Some((_, name)) = path.rsplit_once("/manifests/") {
            return match self.manifests.get(name) {
                Some((kind, bytes)) => Answer::new(200, bytes.clone())
                    .with("content-type", kind)
                    .with("docker-content-digest", &digest(bytes)),
                None => missing("MANIFEST_UNKNOWN"),
            };
        }
        let (_, name) = path.rsplit_once("/blobs/").unwrap();
        let Some(bytes) = self.blobs.get(name) else { return missing("BLOB_UNKNOWN") };
        let from = asked.header("range").map(|range| {
            let from = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')).unwrap();
            from.parse::<usize>().unwrap()
        });
        match from {
            None => Answer::new(200, bytes.clone()),
            Some(from) => Answer::new(206, &bytes[from..])
                .with("content-range", &format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())),
        }
    }
}
