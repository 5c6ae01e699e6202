//! The names of a campaign: its branches, its label, its plan and its files of evidence. All are derived from the
//! folder that `[campaign] dir` names; no other module composes one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::git::{GitError, PathError, RepoPath, hash_blob};
use crate::text::cut;

/// The maximum length of the readable part, in bytes. With the hash, a name fits every filesystem's limit for one
/// component.
const LONGEST: usize = 80;

/// The number of digits of the path's hash that distinguish two files with the same readable part: 112 bits, so two
/// paths of one slug cannot be searched for.
const DIGITS: usize = 28;

/// The number of digits in campaigns of earlier versions.
const FORMER_DIGITS: usize = 12;

/// The prefix of Layerwright's branches and labels.
const PREFIX: &str = "layerwright/";

/// The name of the plan in the campaign's folder.
const PLAN: &str = "plan.json";
/// The file name of the facts about base images.
const BASES: &str = "bases.json";

/// The name of the folder of evidence in the campaign's folder.
const EVIDENCE: &str = "evidence";

/// The file name of the pull requests as the forge last reported them.
const PULLS: &str = "pulls.json";

/// The ending of the names of files of evidence.
const EVIDENCE_ENDING: &str = ".json";

/// The start of a comment in a file that ignores findings of a check, behind `#`.
pub(crate) const IGNORE: &str = "layerwright: ignore[";

/// The purpose of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The branch links lines.
    Migrate,
    /// The branch restores linked lines.
    Revert,
}

/// The names of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The campaign's folder, without a slash at the end.
    dir: String,
}

impl Names {
    /// Returns the names of the campaign in the folder `dir`, as `[campaign] dir` holds it.
    pub(crate) fn new(dir: &str) -> Self {
        Self { dir: dir.trim_end_matches('/').to_owned() }
    }

    /// Returns the campaign's own name: the last part of its folder.
    pub(crate) fn campaign(&self) -> &str {
        self.dir.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the label of the campaign's pull requests and of its tracking issue.
    pub fn label(&self) -> String {
        format!("{PREFIX}{}", self.campaign())
    }

    /// Returns the prefix of the names of the campaign's branches, as in `layerwright/copy-link/`. Unlike a label, a
    /// branch cannot have spaces: the campaign `copy link` has branches below `layerwright/copy-link/`, too.
    pub(crate) fn branch_prefix(&self) -> String {
        let campaign = match readable(self.campaign()) {
            campaign if campaign.is_empty() => "campaign".to_owned(),
            // git reserves this ending for its lock files.
            campaign => campaign.replace(".lock", "-lock"),
        };
        format!("{PREFIX}{campaign}/")
    }

    /// Returns the branch of a file, as in `layerwright/copy-link/services-auth-Dockerfile-3f2a9c01d4e5…`, with the name
    /// that earlier versions gave it.
    ///
    /// # Errors
    ///
    /// [`GitError`] if libgit2 cannot hash, which no path causes.
    pub(crate) fn branch(&self, path: &RepoPath, purpose: Purpose) -> Result<Versions, GitError> {
        let purpose = match purpose {
            Purpose::Migrate => "",
            Purpose::Revert => "revert-",
        };
        let prefix = self.branch_prefix();
        Ok(slugs(path)?.map(|slug| format!("{prefix}{purpose}{slug}")))
    }

    /// Returns the branch that links the lines of a file of the plan, as [`Self::branch`]; `None` if its path is not a
    /// valid path of a repository.
    ///
    /// # Errors
    ///
    /// [`GitError`] as for [`Self::branch`].
    pub fn branch_of(&self, path: &str) -> Result<Option<Versions>, GitError> {
        let Ok(path) = RepoPath::new(path) else { return Ok(None) };
        self.branch(&path, Purpose::Migrate).map(Some)
    }

    /// Returns the campaign's folder.
    ///
    /// # Errors
    ///
    /// [`PathError`] if the folder is not a valid path of a repository; the same for the other paths.
    pub(crate) fn dir(&self) -> Result<RepoPath, PathError> {
        RepoPath::new(&self.dir)
    }

    /// Returns the path of the saved plan.
    ///
    /// # Errors
    ///
    /// As for [`Self::dir`].
    pub(crate) fn plan(&self) -> Result<RepoPath, PathError> {
        RepoPath::new(&format!("{}/{PLAN}", self.dir))
    }

    /// Returns the path of the facts about base images.
    ///
    /// # Errors
    ///
    /// As for [`Self::dir`].
    pub(crate) fn bases(&self) -> Result<RepoPath, PathError> {
        RepoPath::new(&format!("{}/{BASES}", self.dir))
    }

    /// Returns the folder of the files of evidence.
    ///
    /// # Errors
    ///
    /// As for [`Self::dir`].
    pub(crate) fn evidence_dir(&self) -> Result<RepoPath, PathError> {
        RepoPath::new(&format!("{}/{EVIDENCE}", self.dir))
    }

    /// Returns the folder of the evidence of this clone, below the git directory that its working trees share. A pull
    /// request takes it from there.
    ///
    /// # Errors
    ///
    /// As for [`Self::dir`].
    pub(crate) fn local_evidence(&self, common_dir: &Path) -> Result<PathBuf, PathError> {
        Ok(self.local(common_dir)?.join(EVIDENCE))
    }

    /// Returns the file of the pull requests as the forge last reported them, in the same place.
    ///
    /// # Errors
    ///
    /// As for [`Self::dir`].
    pub(crate) fn seen_pulls(&self, common_dir: &Path) -> Result<PathBuf, PathError> {
        Ok(self.local(common_dir)?.join(PULLS))
    }

    fn local(&self, common_dir: &Path) -> Result<PathBuf, PathError> {
        self.dir()?;
        Ok(common_dir.join(PREFIX).join(self.campaign()))
    }

    /// Returns the path at which a branch of this name holds a file's evidence. A branch of an earlier version keeps the
    /// name of its evidence, too.
    ///
    /// # Errors
    ///
    /// [`GitError`] as for [`Self::branch`].
    pub(crate) fn evidence(&self, path: &RepoPath, branch: &str) -> Result<String, GitError> {
        let files = evidence_files(path)?;
        let is_former = self.branch(path, Purpose::Migrate)?.former == branch;
        let file = if is_former { files.former } else { files.present };
        Ok(format!("{}/{EVIDENCE}/{file}", self.dir))
    }
}

/// A name that earlier versions wrote with fewer digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The name.
    pub present: String,
    /// The name that earlier versions gave.
    pub former: String,
}

impl Versions {
    /// Returns true if this is one of the two.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.present == name || self.former == name
    }

    fn map(self, f: impl Fn(String) -> String) -> Self {
        Self { present: f(self.present), former: f(self.former) }
    }
}

/// Returns the name of a file's evidence in the folder of evidence.
///
/// # Errors
///
/// [`GitError`] as for [`Names::branch`].
pub fn evidence_files(path: &RepoPath) -> Result<Versions, GitError> {
    Ok(slugs(path)?.map(|slug| slug + EVIDENCE_ENDING))
}

/// Returns the name of a file's evidence about these texts, by git's ids, in the clone's own folder. Two working trees of
/// a repository may have other texts of one file, and each keeps its evidence.
///
/// # Errors
///
/// [`GitError`] as for [`Names::branch`].
pub fn evidence_of_texts(path: &RepoPath, before: &str, after: &str) -> Result<String, GitError> {
    let short =
        |id: &str| -> String { id.chars().filter(char::is_ascii_hexdigit).take(FORMER_DIGITS).collect() };
    Ok(format!("{}-{}-{}{EVIDENCE_ENDING}", slug(path)?, short(before), short(after)))
}

/// Returns true if a file in the folder of evidence is evidence, and not a temporary file that is being written.
pub(crate) fn is_evidence_file(name: &str) -> bool {
    name.ends_with(EVIDENCE_ENDING) && !name.starts_with('.')
}

/// Returns a path as one component of a name. The hash is of the whole path, so no two files have the same slug, even
/// on a filesystem that ignores case.
///
/// # Errors
///
/// [`GitError`] as for [`Names::branch`].
pub fn slug(path: &RepoPath) -> Result<String, GitError> {
    Ok(slugs(path)?.present)
}

fn slugs(path: &RepoPath) -> Result<Versions, GitError> {
    let hash = hash_blob(path.as_str().as_bytes())?;
    let readable = readable(path.as_str());
    let slug = |digits: usize| {
        let hash: String = hash.as_str().chars().take(digits).collect();
        if readable.is_empty() { hash } else { format!("{readable}-{hash}") }
    };
    Ok(Versions { present: slug(DIGITS), former: slug(FORMER_DIGITS) })
}

/// Returns the paths that share a slug of this version or of earlier ones with another path, also on a filesystem that
/// ignores case. Such files would share a branch and a file of evidence.
///
/// # Errors
///
/// [`GitError`] as for [`Names::branch`].
pub(crate) fn sharing<'p>(
    paths: impl IntoIterator<Item = &'p RepoPath>,
) -> Result<BTreeSet<&'p RepoPath>, GitError> {
    let mut of: BTreeMap<String, Vec<&RepoPath>> = BTreeMap::new();
    for path in paths {
        of.entry(readable(path.as_str()).to_lowercase()).or_default().push(path);
    }
    let mut by_slug: BTreeMap<String, Vec<&RepoPath>> = BTreeMap::new();
    for path in of.into_values().filter(|paths| paths.len() > 1).flatten() {
        // The former slug is the start of the present one.
        by_slug.entry(slugs(path)?.former.to_lowercase()).or_default().push(path);
    }
    Ok(by_slug.into_values().filter(|paths| paths.len() > 1).flatten().collect())
}

/// Returns the letters, digits, dots and underscores of a text, with one dash for anything between them, and never two
/// dots together. A long text is cut at its start, because the end of a path says most.
fn readable(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '.' if out.ends_with('.') => {}
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') => out.push(c),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    cut::from(&out, out.len().saturating_sub(LONGEST)).trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(path: &str) -> String {
        Names::new("plans/copy-link").branch(&RepoPath::new(path).unwrap(), Purpose::Migrate).unwrap().present
    }

    /// The name without its hash.
    fn readable_of(path: &str) -> String {
        let name = of(path);
        let (readable, hash) = name.rsplit_once('-').unwrap();
        assert_eq!(hash.len(), DIGITS);
        readable.to_owned()
    }

    #[test]
    fn a_name_can_be_read() {
        assert_eq!(readable_of("services/auth/Dockerfile"), "layerwright/copy-link/services-auth-Dockerfile");
        assert_eq!(readable_of("a b/~x^{}/..c@{d.lock"), "layerwright/copy-link/a-b-x-.c-d.lock");
        assert_eq!(readable_of("-x/Docker..file."), "layerwright/copy-link/x-Docker.file");
        let long = readable_of(&format!("{}/Dockerfile", "long/".repeat(60).trim_end_matches('/')));
        assert!(long.ends_with("long-long-Dockerfile") && long.len() <= 102, "{long}");
        assert!(of("\u{fc}").starts_with("layerwright/copy-link/"));
        let revert =
            Names::new("x.lock/").branch(&RepoPath::new("a").unwrap(), Purpose::Revert).unwrap().present;
        assert!(revert.starts_with("layerwright/x-lock/revert-a-"), "{revert}");
        assert_eq!(Names::new("\u{fc}").branch_prefix(), "layerwright/campaign/");
    }

    #[test]
    fn all_names_follow_from_the_folder() {
        let path = RepoPath::new("a/Dockerfile").unwrap();
        let slug = slug(&path).unwrap();
        for (dir, campaign, branches) in [
            ("plans/copy-link", "copy-link", "layerwright/copy-link/"),
            ("plans/copy link/", "copy link", "layerwright/copy-link/"),
        ] {
            let (names, folder) = (Names::new(dir), dir.trim_end_matches('/'));
            assert_eq!((names.campaign(), names.branch_prefix().as_str()), (campaign, branches));
            assert_eq!(names.label(), format!("layerwright/{campaign}"));
            let branch = names.branch(&path, Purpose::Migrate).unwrap();
            assert_eq!(branch.present, format!("{branches}{slug}"));
            assert_eq!(names.dir().unwrap().as_str(), folder);
            assert_eq!(names.plan().unwrap().as_str(), format!("{folder}/plan.json"));
            assert_eq!(names.evidence_dir().unwrap().as_str(), format!("{folder}/evidence"));
            let evidence = |branch| names.evidence(&path, branch).unwrap();
            assert_eq!(evidence(&branch.present), format!("{folder}/evidence/{slug}.json"));
            let former = &slug[..slug.len() - (DIGITS - FORMER_DIGITS)];
            assert_eq!(branch.former, format!("{branches}{former}"));
            assert_eq!(evidence(&branch.former), format!("{folder}/evidence/{former}.json"));
        }
        assert!(Names::new("../x").plan().is_err());
        assert!(
            is_evidence_file("a.json") && !is_evidence_file(".a.json") && !is_evidence_file("a.json.tmp")
        );
    }

    proptest! {
        #[test]
        fn git_takes_every_name(dir in any::<String>(), path in any::<String>(), revert in any::<bool>()) {
            let Ok(path) = RepoPath::new(&path) else { return Ok(()) };
            let purpose = if revert { Purpose::Revert } else { Purpose::Migrate };
            let name = Names::new(&dir).branch(&path, purpose).unwrap().present;
            let full = format!("refs/heads/{name}");
            prop_assert!(git2::Reference::is_valid_name(&full), "{full}");
            prop_assert!(name.split('/').count() == 3 && name.len() < 220, "{name}");
            prop_assert!(!name.contains(".lock/"), "{name}");
        }

        #[test]
        fn no_two_files_have_the_same(one in "[aA/.~ -]{1,9}", other in "[aA/.~ -]{1,9}") {
            let (Ok(first), Ok(second)) = (RepoPath::new(&one), RepoPath::new(&other)) else { return Ok(()) };
            let folded =
                |path: &RepoPath| Names::new("x").branch(path, Purpose::Migrate).unwrap().present.to_lowercase();
            prop_assert_eq!(folded(&first) == folded(&second), one == other);
        }
    }
}
