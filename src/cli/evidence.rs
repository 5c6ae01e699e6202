//! The evidence of a campaign: the files in its folder, and what they say of the files of its plan.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::workspace::{self, Workspace};
use super::{Error, Kind, write};
use crate::campaign::evidence::assess::{self, Standings};
use crate::campaign::evidence::status::Standing;
use crate::campaign::evidence::{self, Evidence, EvidenceByPath};
use crate::campaign::names::{Names, is_evidence_file};
use crate::campaign::plan::file::{File, Plan};
use crate::config::Config;
use crate::discover::{MOST_BYTES, Source};
use crate::git::{CommitId, GitError, RepoPath, Repository, hash_blob};
use crate::rollout::FileEvidence;
use crate::text::words::count;

/// How many files a remark names.
const NAMED: usize = 5;

/// What evidence says of a campaign.
pub struct Verified {
    /// What it says of each file of the waves.
    pub standings: Standings,
    /// The file whose verification contradicts a proof.
    pub contradicted: Option<String>,
}

impl Verified {
    /// Reads the evidence that there is and holds it against a plan and what is read.
    pub fn read(
        workspace: &Workspace,
        source: &Source<'_>,
        config: &Config,
        plan: &Plan,
    ) -> Result<Self, Error> {
        let evidence = read(workspace, source, config)?;
        let commit = match workspace {
            Workspace::Git(repository, commit) => Some((&**repository, commit)),
            Workspace::Folder(_) => None,
        };
        let standings = assess::standings(plan, &evidence, config, source, commit);
        let standings = standings.map_err(|error| Error::environment(&error))?;
        let contradicted = evidence::contradiction(plan, &evidence).map(|found| found.path.clone());
        Ok(Self { standings, contradicted })
    }

    /// Refuses where a verification contradicts a proof.
    pub fn check(&self) -> Result<(), Error> {
        let Some(path) = &self.contradicted else { return Ok(()) };
        let message = format!("the verification of {path} contradicts a proof, which stops the campaign");
        Err(Error::new(Kind::Refused, message)
            .hint(format!("see it again: layerwright verify {path}"))
            .hint("please report it; leave the file out until then: [[files.skip]] in layerwright.toml"))
    }

    /// Remarks which of the files are not verified.
    pub fn remark(&self, files: &[&File]) {
        let standing = |file: &&&File| self.standings.get(&file.path).unwrap_or(&Standing::Missing);
        let open: Vec<&&File> = files.iter().filter(|file| *standing(file) != Standing::Stands).collect();
        if open.is_empty() {
            return;
        }
        for file in open.iter().take(NAMED) {
            write::remark(&format!("note: {}: {}", file.path, standing(file)));
        }
        if open.len() > NAMED {
            write::remark(&format!("note: and {} more", count(open.len() - NAMED, "file")));
        }
        write::remark("note: before a file goes out, show that its image stays the same: layerwright verify");
    }
}

/// The evidence in the campaign's folder: that of the working tree, or in a bare repository that of the commit.
pub fn read(workspace: &Workspace, source: &Source<'_>, config: &Config) -> Result<EvidenceByPath, Error> {
    let folder = Names::new(&config.campaign.dir).evidence_dir();
    let folder = folder.map_err(|why| workspace::bad_dir(config, why))?;
    match workspace.folder() {
        Some(root) => in_folder(&folder, &workspace::place_in(root, &folder)?),
        None => in_commit(&folder, source),
    }
}

/// A file's evidence as it goes out with its change.
///
/// # Errors
///
/// If it can not be written.
pub fn bytes(evidence: &Evidence) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let written = evidence.write(&mut bytes);
    written.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
    Ok(bytes)
}

/// What evidence says of the plan's files, for a campaign that begins from `commit`.
pub fn rollout(
    measured: &EvidenceByPath,
    plan: &Plan,
    config: &Config,
    source: &Source<'_>,
    repository: &Repository,
    commit: &CommitId,
) -> Result<BTreeMap<String, FileEvidence>, Error> {
    let failed = |error: GitError| Error::environment(&error);
    let standings =
        assess::standings(plan, measured, config, source, Some((repository, commit))).map_err(failed)?;
    let mut found = BTreeMap::new();
    for (path, evidence) in measured {
        let Some(standing) = standings.get(path) else { continue };
        let id = hash_blob(&bytes(evidence)?).map_err(failed)?.as_str().to_owned();
        found.insert(path.clone(), FileEvidence { standing: standing.clone(), id });
    }
    Ok(found)
}

fn in_folder(folder: &RepoPath, at: &Path) -> Result<EvidenceByPath, Error> {
    let unreadable =
        |error: std::io::Error| Error::new(Kind::Environment, format!("{folder} can not be read: {error}"));
    let entries = match fs::read_dir(at) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(EvidenceByPath::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = EvidenceByPath::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_evidence_file(&name) {
            continue;
        }
        let metadata = entry.metadata().map_err(unreadable)?;
        // A link could lead anywhere, and a pipe would never end.
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return Err(bad(folder, &name, "it is no file of moderate size"));
        }
        add(&mut found, folder, &name, &fs::read(entry.path()).map_err(unreadable)?)?;
    }
    Ok(found)
}

fn in_commit(folder: &RepoPath, source: &Source<'_>) -> Result<EvidenceByPath, Error> {
    let mut found = EvidenceByPath::new();
    for entry in source.listing().below(Some(folder)) {
        let name = entry.path.file_name();
        if entry.path.parent().as_ref() == Some(folder) && is_evidence_file(name) {
            let bytes = source.read(&entry.path, MOST_BYTES);
            let bytes = bytes.map_err(|error| bad(folder, name, &error.to_string()))?;
            add(&mut found, folder, name, &bytes)?;
        }
    }
    Ok(found)
}

fn add(found: &mut EvidenceByPath, folder: &RepoPath, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let evidence = Evidence::read(bytes, name).map_err(|error| bad(folder, name, &error.to_string()))?;
    found.insert(evidence.path.clone(), evidence);
    Ok(())
}

fn bad(folder: &RepoPath, name: &str, why: &str) -> Error {
    Error::new(Kind::Usage, format!("{folder}/{name}: {why}"))
        .hint("remove that file, then verify its Dockerfile again: layerwright verify FILE")
}
