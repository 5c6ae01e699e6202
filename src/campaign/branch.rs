//! The names of branches: readable, one for each file, and such as git takes.

use crate::git::{GitError, RepoPath, hash_blob};

/// The longest readable part, in bytes. With the hash, a name fits every filesystem's limit of one component.
const LONGEST: usize = 80;

/// How many digits of the path's hash tell two files apart whose readable parts are alike.
const DIGITS: usize = 12;

/// What a branch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To link lines.
    Migrate,
    /// To take that back.
    Revert,
}

/// The branch of a file, as in `layerwright/copy-link/services-auth-Dockerfile-3f2a9c01d4e5`. `campaign_dir` is
/// `[campaign] dir`, whose last component names the campaign.
///
/// # Errors
///
/// [`GitError`] if libgit2 cannot hash, which no path brings about.
pub fn name(campaign_dir: &str, path: &RepoPath, purpose: Purpose) -> Result<String, GitError> {
    let purpose = match purpose {
        Purpose::Migrate => "",
        Purpose::Revert => "revert-",
    };
    Ok(format!("{}{purpose}{}", prefix(campaign_dir), slug(path)?))
}

/// What the names of a campaign's branches start with, as in `layerwright/copy-link/`.
pub fn prefix(campaign_dir: &str) -> String {
    let campaign = campaign_dir.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let campaign = match readable(campaign) {
        campaign if campaign.is_empty() => "campaign".to_owned(),
        // git keeps these for its locks.
        campaign => campaign.replace(".lock", "-lock"),
    };
    format!("layerwright/{campaign}/")
}

/// A path as one component of a branch's name, and of the name of its evidence. The hash is of the whole path, so that no
/// two files have the same slug, also where a filesystem takes capitals for small letters.
///
/// # Errors
///
/// Those of [`name`].
pub fn slug(path: &RepoPath) -> Result<String, GitError> {
    let hash = hash_blob(path.as_str().as_bytes())?;
    let hash = &hash.as_str()[..DIGITS];
    let readable = readable(path.as_str());
    Ok(if readable.is_empty() { hash.to_owned() } else { format!("{readable}-{hash}") })
}

/// The letters, digits, dots and underscores of a text, with one dash for what stands between them, and no two
/// dots together. Of a long one the end, where a path says most.
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
    let cut = out.len().saturating_sub(LONGEST);
    out[cut..].trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(path: &str) -> String {
        name("plans/copy-link", &RepoPath::new(path).unwrap(), Purpose::Migrate).unwrap()
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
        let revert = name("x.lock/", &RepoPath::new("a").unwrap(), Purpose::Revert).unwrap();
        assert!(revert.starts_with("layerwright/x-lock/revert-a-"), "{revert}");
        assert!(
            name("\u{fc}", &RepoPath::new("a").unwrap(), Purpose::Revert).unwrap().contains("/campaign/")
        );
    }

    proptest! {
        #[test]
        fn git_takes_every_name(dir in any::<String>(), path in any::<String>(), revert in any::<bool>()) {
            let Ok(path) = RepoPath::new(&path) else { return Ok(()) };
            let purpose = if revert { Purpose::Revert } else { Purpose::Migrate };
            let name = name(&dir, &path, purpose).unwrap();
            let full = format!("refs/heads/{name}");
            prop_assert!(git2::Reference::is_valid_name(&full), "{full}");
            prop_assert!(name.split('/').count() == 3 && name.len() < 220, "{name}");
            prop_assert!(!name.contains(".lock/"), "{name}");
        }

        #[test]
        fn no_two_files_have_the_same(one in "[aA/.~ -]{1,9}", other in "[aA/.~ -]{1,9}") {
            let (Ok(first), Ok(second)) = (RepoPath::new(&one), RepoPath::new(&other)) else { return Ok(()) };
            let folded = |path: &RepoPath| name("x", path, Purpose::Migrate).unwrap().to_lowercase();
            prop_assert_eq!(folded(&first) == folded(&second), one == other);
        }
    }
}
