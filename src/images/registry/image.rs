//! The documents of an image of a registry: which manifest a reference and a platform mean, and what it lists. It never
//! reads a layer.

use http::Method;

use super::blob;
use super::client::{Client, Document, Place};
use super::request::Ask;
use super::{RegistryError, Wanted};
use crate::images::config::{self, PlatformFields};
use crate::images::document::{ATTESTATION, Descriptor, Document as Parsed, MAX_DOCUMENT};
use crate::images::file::layout::MAX_DEPTH;
use crate::images::reference::is_digest;
use crate::images::{ImageConfig, Platform, digest};

/// The media types of the documents that are read: OCI's and Docker's.
const DOCUMENTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// The start of the media types of layers that are tars: OCI's, and Docker's.
const LAYERS: [&str; 2] = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/// The header with the digest of a manifest: the distribution specification, "Pulling manifests".
const DIGEST: &str = "docker-content-digest";

/// The image of a reference for a platform.
#[derive(Debug)]
pub(super) struct Described {
    /// The repository that it was found in.
    pub(super) place: Place,
    /// The digest of the manifest.
    pub(super) digest: String,
    /// The digests of the indexes that lead to it, the outermost first.
    pub(super) indexes: Vec<String>,
    pub(super) config: ImageConfig,
    pub(super) platform: Option<Platform>,
    /// The layers, the lowest first.
    pub(super) layers: Vec<Descriptor>,
}

/// Returns the image that a reference means on a platform: from the first mirror that has it, or from its registry. `None` if
/// what is known of it is enough.
pub(super) fn describe(client: &Client<'_>, wanted: &Wanted) -> Result<Option<Described>, RegistryError> {
    let (registry, path) = wanted.reference.repository().split_once('/').unwrap_or_default();
    let mut last = None;
    for host in client.access.hosts(registry) {
        match client.place(host, path).and_then(|place| describe_at(client, place, wanted)) {
            Ok(described) => return Ok(described),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| RegistryError::Host { host: registry.to_owned() }))
}

fn describe_at(
    client: &Client<'_>,
    place: Place,
    wanted: &Wanted,
) -> Result<Option<Described>, RegistryError> {
    let Wanted { reference, platform, known, .. } = wanted;
    let is_enough =
        |digest: &str| known.as_ref().is_some_and(|known| known.is_enough && known.digest == digest);
    let mut name = reference.digest().or(reference.tag()).unwrap_or("latest").to_owned();
    let (mut indexes, mut stated) = (Vec::new(), None);
    for _ in 0..=MAX_DEPTH {
        if is_enough(&name) {
            return Ok(None);
        }
        let (digest, parsed) = manifest(client, &place, &name)?;
        match parsed {
            Parsed { manifests: Some(manifests), .. } => {
                let chosen = choose(manifests, platform)?;
                name = checked(&place, chosen.digest)?;
                stated = chosen.platform.and_then(PlatformFields::platform);
                indexes.push(digest);
            }
            Parsed { config: Some(_), layers: Some(_), .. } if is_enough(&digest) => return Ok(None),
            Parsed { config: Some(config), layers: Some(layers), .. } => {
                return with_config(client, place, digest, indexes, (config, layers), stated).map(Some);
            }
            Parsed { .. } => {
                let kind = "a manifest of another schema".to_owned();
                return Err(RegistryError::Kind { what: reference.to_string(), kind });
            }
        }
    }
    Err(RegistryError::Nested)
}

/// Returns the manifest with a tag or digest, and its digest. The one that is kept is used if the tag still has its digest.
fn manifest(client: &Client<'_>, place: &Place, name: &str) -> Result<(String, Parsed), RegistryError> {
    let what = format!("{}{}{name}", place.repository, if is_digest(name) { '@' } else { ':' });
    let tag = format!("{}/{}:{name}", place.host, place.repository);
    let remembered = if is_digest(name) { Some(name.to_owned()) } else { client.cache.tag(&tag) };
    let kept = remembered.and_then(|digest| Some((client.cache.document(&digest)?, digest)));
    if let Some((bytes, digest)) = kept
        && (is_digest(name) || has_digest(client, place, name, &digest, &what)?)
        && let Ok(parsed) = serde_json::from_slice(&bytes)
    {
        return Ok((digest, parsed));
    }
    client.check_pulls(place)?;
    let ask = Ask::get(place.api.clone(), DOCUMENTS, &what);
    let Document { headers, bytes } =
        client.document(place, &format!("manifests/{name}"), &ask, MAX_DOCUMENT)?;
    client.note_pulls(place, &headers);
    let actual = digest::of(&bytes);
    let stated = headers.get(DIGEST).and_then(|value| value.to_str().ok());
    let expected = if is_digest(name) { Some(name) } else { stated.filter(|stated| is_digest(stated)) };
    if expected.is_some_and(|expected| expected != actual) {
        return Err(RegistryError::Digest { what, actual });
    }
    let parsed = serde_json::from_slice(&bytes).map_err(|error| RegistryError::Garbage {
        host: place.host.clone(),
        what: what.clone(),
        why: error.to_string(),
    })?;
    client.cache.keep_document(&actual, &bytes);
    if !is_digest(name) {
        client.cache.keep_tag(&tag, &actual);
    }
    Ok((actual, parsed))
}

/// Returns true if a tag has a digest. It is not asked for its manifest, which a registry counts as a pull.
fn has_digest(
    client: &Client<'_>,
    place: &Place,
    tag: &str,
    digest: &str,
    what: &str,
) -> Result<bool, RegistryError> {
    let ask = Ask { method: Method::HEAD, ..Ask::get(place.api.clone(), DOCUMENTS, what) };
    match client.of_repository(place, &format!("manifests/{tag}"), &ask) {
        Ok(reply) => {
            client.note_pulls(place, &reply.headers);
            Ok(reply.headers.get(DIGEST).is_some_and(|stated| stated.as_bytes() == digest.as_bytes()))
        }
        // A registry that does not answer such a request has to be asked for the manifest.
        Err(RegistryError::Failed { .. } | RegistryError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the image of an index for a platform, as containerd chooses it (`images.Manifest`): the first of the platform,
/// or the only one that states none.
fn choose(manifests: Vec<Descriptor>, wanted: &Platform) -> Result<Descriptor, RegistryError> {
    let is_image = |descriptor: &Descriptor| {
        !descriptor.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(ATTESTATION))
    };
    let (mut found, mut without) = (Vec::new(), Vec::new());
    for descriptor in manifests.into_iter().filter(is_image) {
        match descriptor.platform.clone() {
            None => without.push(descriptor),
            Some(fields) => match fields.platform() {
                Some(platform) if platform.is(&wanted.to_string()) => return Ok(descriptor),
                Some(platform) => found.push(platform.to_string()),
                None => {}
            },
        }
    }
    match <[Descriptor; 1]>::try_from(without) {
        Ok([only]) => Ok(only),
        Err(_) => Err(RegistryError::NoPlatform { wanted: wanted.to_string(), found }),
    }
}

/// Reads the configuration of a manifest.
fn with_config(
    client: &Client<'_>,
    place: Place,
    digest: String,
    indexes: Vec<String>,
    (config, layers): (Descriptor, Vec<Descriptor>),
    stated: Option<Platform>,
) -> Result<Described, RegistryError> {
    let kind = |what: &str, kind: Option<String>| {
        Err(RegistryError::Kind { what: what.to_owned(), kind: kind.unwrap_or_default() })
    };
    if !config.is_image_config() {
        return kind("its configuration", config.media_type);
    }
    for layer in &layers {
        let media_type = layer.media_type.as_deref().unwrap_or_default();
        let is_tar = media_type.is_empty() || LAYERS.iter().any(|start| media_type.starts_with(start));
        if !is_tar || media_type.ends_with("+encrypted") {
            return kind("one of its layers", layer.media_type.clone());
        }
        checked(&place, layer.digest.clone())?;
    }
    checked(&place, config.digest.clone())?;
    let bytes = blob::small(client, &place, &config)?;
    let (config, platform) = config::parse(&bytes).map_err(|error| RegistryError::Garbage {
        host: place.host.clone(),
        what: "the configuration".to_owned(),
        why: error.to_string(),
    })?;
    Ok(Described { place, digest, indexes, config, platform: platform.or(stated), layers })
}

/// Returns a digest of a document if it is one.
fn checked(place: &Place, digest: String) -> Result<String, RegistryError> {
    if is_digest(&digest) {
        return Ok(digest);
    }
    let (host, why) = (place.host.clone(), format!("`{digest}` is not a sha256 digest"));
    Err(RegistryError::Garbage { host, what: "the manifest".to_owned(), why })
}
