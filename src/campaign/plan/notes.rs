//! Finds the entries of `layerwright.toml` that match nothing: otherwise they would have no effect without a notice. It
//! never changes the plan.

use crate::config::{Config, FILE_NAME};
use crate::discover::Discovery;
use crate::images::ImageReference;
use crate::rootfs::profile::Profile;
use crate::text::figures::number;
use crate::text::words;

/// The most keys that are named.
const MOST: usize = 50;

/// Returns the keys of `layerwright.toml` that match nothing, a sentence each with its line.
pub(crate) fn without_effect(config: &Config, discovery: &Discovery) -> Vec<String> {
    let mut named: Vec<(usize, String, &str)> = Vec::new();
    let waves = &config.waves;
    named
        .extend(waves.poc.iter().map(|path| (config.line("waves.poc"), "[waves] poc".into(), path.as_str())));
    let lists = waves.lists.iter().flatten();
    named.extend(lists.map(|path| (config.line("waves.lists"), "[waves] lists".into(), path.as_str())));
    for (at, skip) in config.files.skip.iter().enumerate() {
        named.push((config.line(&format!("files.skip[{at}].path")), "[files] skip".into(), &skip.path));
    }
    for path in config.build.keys() {
        named.push((config.line_in("build", path, ""), "[build]".into(), path));
    }
    for (name, base) in &config.base {
        let line = config.line_in("base", name, "dockerfile");
        named.extend(base.dockerfile.iter().map(|path| (line, format!("[base.{name:?}]"), path.as_str())));
    }
    let is_there = |path: &str| discovery.files.iter().any(|file| file.path.as_str() == path);
    named.retain(|(_, _, path)| !is_there(path));
    named.sort();
    let more = named.len().saturating_sub(MOST);
    named.truncate(MOST);
    let mut notes: Vec<(usize, String)> = named
        .into_iter()
        .map(|(line, key, path)| {
            let meant = nearest(path, discovery).map(|meant| format!("; did you mean {meant}?"));
            let meant = meant.unwrap_or_default();
            (line, format!("{FILE_NAME}:{line}: {key} names {path}, where no Dockerfile was found{meant}"))
        })
        .collect();
    notes.extend(unlike(config));
    notes.sort();
    let more = (more > 0)
        .then(|| format!("{FILE_NAME}: {} more keys name paths without a Dockerfile", number(more)));
    notes.into_iter().map(|(_, note)| note).chain(more).collect()
}

/// Returns the images that others are stated to be like, if nothing is known of them.
fn unlike(config: &Config) -> impl Iterator<Item = (usize, String)> {
    config.base.iter().filter_map(|(name, base)| {
        let like = base.like.as_deref()?;
        let family = |like: ImageReference| Profile::find(like.repository(), like.tag());
        if ImageReference::parse(like).ok().and_then(family).is_some() {
            return None;
        }
        let line = config.line_in("base", name, "like");
        Some((line, format!("{FILE_NAME}:{line}: [base.{name:?}] is like {like}, whose family is unknown")))
    })
}

/// Returns the Dockerfile whose path is most similar to a missing one, if it is similar enough.
fn nearest<'d>(path: &str, discovery: &'d Discovery) -> Option<&'d str> {
    words::meant(path, discovery.files.iter().map(|file| file.path.as_str()))
}
