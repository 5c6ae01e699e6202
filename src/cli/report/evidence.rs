//! The evidence that there is, and what it says of the plan's files now.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::workspace::Workspace;
use super::super::{Error, Kind};
use crate::config::Config;
use crate::discover::Source;
use crate::git::{CommitId, RepoPath, Repository, hash_blob};
use crate::plan::file::Plan;
use crate::rollout::FileEvidence;
use crate::verify::evidence::{Evidence, EvidenceByPath, SCHEMA};
use crate::verify::standing::{Now, Standing};

/// The most bytes of a file of evidence.
const MOST_BYTES: u64 = 16 << 20;

/// The evidence that there is.
#[derive(Default)]
pub struct Known {
    /// What was measured, by path.
    pub measured: EvidenceByPath,
    /// Its files, by path.
    pub bytes: BTreeMap<String, Vec<u8>>,
}

impl Known {
    /// The evidence in the campaign's folder: in the working tree, where `verify` writes it, or else in the commit.
    pub fn read(place: &Workspace, source: &Source<'_>, config: &Config) -> Result<Self, Error> {
        let folder = format!("{}/evidence", config.campaign.dir.trim_end_matches('/'));
        let files = match place.folder() {
            Some(root) => in_folder(&root.join(&folder))?,
            None => in_commit(source, &folder)?,
        };
        let mut known = Self::default();
        for (name, bytes) in files {
            let unreadable = |why: &dyn std::fmt::Display| {
                Error::new(Kind::Usage, format!("{folder}/{name} can not be read: {why}"))
                    .hint("remove it and verify again: layerwright verify FILE")
            };
            let evidence: Evidence = serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))?;
            if evidence.schema != SCHEMA {
                return Err(unreadable(&format!(
                    "its version is {}, and this program reads {SCHEMA}",
                    evidence.schema
                )));
            }
            known.bytes.insert(evidence.path.clone(), bytes);
            known.measured.insert(evidence.path.clone(), evidence);
        }
        Ok(known)
    }

    /// What it says of the plan's files as they are in a commit.
    pub fn evidence(
        &self,
        repository: &Repository,
        commit: &CommitId,
        plan: &Plan,
        config: &Config,
    ) -> Result<BTreeMap<String, FileEvidence>, Error> {
        let mut found = BTreeMap::new();
        let failed = |error| Error::environment(&error);
        let tree = |path: &str| repository.id_at(commit, path, false).ok().flatten();
        for (path, evidence) in &self.measured {
            let Some(file) = plan.file(path) else { continue };
            let blob = repository.id_at(commit, path, false).map_err(failed)?;
            let own = config.build.get(path).map(|build| build.platforms.as_slice()).unwrap_or_default();
            let now = Now { blob: blob.as_deref(), tree: &tree, base: &|_, _| None, platforms: own };
            let standing = Standing::new(Some(evidence), file, &now);
            let bytes = self.bytes.get(path).map(Vec::as_slice).unwrap_or_default();
            let id = hash_blob(bytes).map_err(failed)?.as_str().to_owned();
            found.insert(path.clone(), FileEvidence { standing, id });
        }
        Ok(found)
    }
}

fn in_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let unreadable = |error: std::io::Error| {
        Error::new(Kind::Environment, format!("{} can not be read: {error}", folder.display()))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let metadata = fs::symlink_metadata(entry.path()).map_err(unreadable)?;
        if is_json(&name) && metadata.is_file() && metadata.len() <= MOST_BYTES {
            files.push((name, fs::read(entry.path()).map_err(unreadable)?));
        }
    }
    files.sort();
    Ok(files)
}

fn in_commit(source: &Source<'_>, folder: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut files = Vec::new();
    for entry in source.listing().entries() {
        let name = entry.path.as_str().strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let Some(name) = name.filter(|name| is_json(name) && !name.contains('/')) else { continue };
        let path: &RepoPath = &entry.path;
        let bytes = source.read(path, MOST_BYTES);
        files.push((
            name.to_owned(),
            bytes.map_err(|error| Error::new(Kind::Environment, error.to_string()))?,
        ));
    }
    Ok(files)
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}
