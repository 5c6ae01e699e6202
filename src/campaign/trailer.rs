//! The trailer of a commit made by Layerwright: the last line of its message, by which the campaign recognizes the
//! commit.
//!
//! `Layerwright: TEXT EVIDENCE CHECKSUM` names git's ids of the file's new text and of its evidence, or `-` without
//! evidence. A commit of `migrate --commit` has the checksum too. It covers the path, the tree, the parent and the
//! message, so a commit that a person amended or rebased is recognized. A commit that is written through a forge has no
//! checksum: its tree is unknown when its message is written, and the forge reports which files a branch changes.
//!
//! Earlier commits of `migrate --commit` have `Layerwright-Change: CHECKSUM` instead. This trailer is read, too. The
//! module never reads or writes a repository.

use crate::git::{CommitContent, CommitMark, RepoPath, hash_blob};

/// The token of the trailer.
const TOKEN: &str = "Layerwright: ";

/// The token of the trailer of `migrate --commit` when it held the checksum alone.
const FORMER_TOKEN: &str = "Layerwright-Change: ";

/// The placeholder for missing evidence.
const NO_EVIDENCE: &str = "-";

/// A commit of a branch, as the forge reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BranchCommit<'a> {
    /// Its id.
    pub(crate) id: &'a str,
    /// Its message.
    pub(crate) message: &'a str,
    /// git's id of its tree; `None` if the forge does not report it.
    pub(crate) tree: Option<&'a str>,
    /// Its parents.
    pub(crate) parents: &'a [String],
}

/// The branch of a file, and its changes to the base branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileBranch<'a> {
    /// The file.
    pub(crate) path: &'a RepoPath,
    /// The path of its evidence.
    pub(crate) evidence_path: &'a str,
    /// The commit that the branch is at.
    pub(crate) head: &'a str,
    /// The files that it changes, with git's ids of their texts; `None` for a file that it removes.
    pub(crate) files: &'a [(String, Option<String>)],
}

/// Returns the message of a commit that is written through a forge, with its trailer. The ids are git's, of the file's
/// new text and of its evidence.
pub(crate) fn on_forge(message: &str, text: &str, evidence: Option<&str>) -> String {
    with_trailer(body(message), &format!("{TOKEN}{text} {}", evidence.unwrap_or(NO_EVIDENCE)))
}

/// Returns true if Layerwright made all of these commits, and nothing else changed the files that they write. A person
/// who amends a commit keeps its trailer, so each file that the branch changes must have a text that a trailer names.
pub(crate) fn made_all(commits: &[BranchCommit<'_>], branch: &FileBranch<'_>) -> bool {
    let mut named = Vec::new();
    let mut is_head_whole = false;
    for commit in commits {
        match texts(commit.message) {
            Some(texts) => named.push(texts),
            None if is_whole_on_forge(commit, branch.path) => is_head_whole |= commit.id == branch.head,
            None => return false,
        }
    }
    branch.files.iter().all(|(changed, id)| {
        let id = id.as_deref();
        let is_text = changed == branch.path.as_str()
            && (is_head_whole || named.iter().any(|(text, _)| id == Some(*text)));
        let is_evidence = changed == branch.evidence_path
            && id.is_some()
            && named.iter().any(|(_, evidence)| id == *evidence);
        is_text || is_evidence
    })
}

/// The trailer of the commits of `migrate --commit`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalTrailer;

impl CommitMark for LocalTrailer {
    fn message(&self, message: &str, text: &str, commit: &CommitContent<'_>) -> String {
        let body = body(message);
        let checksum = checksum(body, commit);
        with_trailer(body, &format!("{TOKEN}{text} {NO_EVIDENCE} {checksum}"))
    }

    fn is_unchanged(&self, message: &str, commit: &CommitContent<'_>) -> bool {
        let Some((body, last)) = split(message) else { return false };
        let found = match last.strip_prefix(TOKEN) {
            Some(fields) => fields.split(' ').nth(2),
            None => last.strip_prefix(FORMER_TOKEN),
        };
        found.is_some_and(|found| !found.is_empty() && found == checksum(body, commit))
    }
}

/// Returns the text and the evidence that a trailer names; `None` for a commit without one.
fn texts(message: &str) -> Option<(&str, Option<&str>)> {
    let mut fields = message.trim_end().lines().last()?.strip_prefix(TOKEN)?.split(' ');
    let (text, evidence) = (fields.next()?, fields.next()?);
    Some((text, Some(evidence).filter(|evidence| *evidence != NO_EVIDENCE)))
}

/// Returns true if a commit with the former trailer is unchanged since it was made.
fn is_whole_on_forge(commit: &BranchCommit<'_>, path: &RepoPath) -> bool {
    let (Some(tree), [parent]) = (commit.tree, commit.parents) else { return false };
    LocalTrailer.is_unchanged(commit.message, &CommitContent { path, tree, parent })
}

/// Returns a message without blank lines around it.
fn body(message: &str) -> &str {
    message.trim_matches('\n')
}

/// Splits a message into the text above its last line, and that line.
fn split(message: &str) -> Option<(&str, &str)> {
    let (body, last) = message.trim_matches('\n').rsplit_once('\n')?;
    Some((body.trim_end_matches('\n'), last))
}

/// Returns the message with its trailer, which joins the trailers that are already there.
fn with_trailer(body: &str, trailer: &str) -> String {
    let has_trailers = body.rsplit_once("\n\n").is_some_and(|(_, last)| last.lines().all(is_trailer));
    format!("{body}{}{trailer}\n", if has_trailers { "\n" } else { "\n\n" })
}

fn is_trailer(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(token, _)| {
        !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

fn checksum(body: &str, commit: &CommitContent<'_>) -> String {
    let CommitContent { path, tree, parent } = commit;
    // Hashing bytes in memory cannot fail; an empty checksum would fit no commit.
    let id = hash_blob(format!("{path}\n{tree}\n{parent}\n{body}").as_bytes());
    id.map(|id| id.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "1111111111111111111111111111111111111111";
    const PROOF: &str = "2222222222222222222222222222222222222222";
    const TREE: &str = "3333333333333333333333333333333333333333";
    const PARENT: &str = "4444444444444444444444444444444444444444";
    const MESSAGE: &str = "Use COPY --link in a/Dockerfile\n\n- line 2: COPY --link x /x\n";

    fn path() -> RepoPath {
        RepoPath::new("a/Dockerfile").unwrap()
    }

    /// A message of `migrate --commit`.
    fn local() -> String {
        LocalTrailer.message(MESSAGE, TEXT, &CommitContent { path: &path(), tree: TREE, parent: PARENT })
    }

    /// The same message with the former trailer, which did not name the text.
    fn former() -> String {
        let local = local();
        let (body, checksum) = local.trim_end().rsplit_once(' ').unwrap();
        format!("{}Layerwright-Change: {checksum}\n", &body[..body.rfind(TOKEN).unwrap()])
    }

    fn is_unchanged(message: &str, tree: &str, parent: &str) -> bool {
        LocalTrailer.is_unchanged(message, &CommitContent { path: &path(), tree, parent })
    }

    /// Returns true if Layerwright made all of a branch whose only commit has this message and which changes these
    /// files.
    fn made(message: &str, tree: &str, files: &[(&str, Option<&str>)]) -> bool {
        let parents = [PARENT.to_owned()];
        let commit = BranchCommit { id: "head", message, tree: Some(tree), parents: &parents };
        made_of(&[commit], files)
    }

    fn made_of(commits: &[BranchCommit<'_>], files: &[(&str, Option<&str>)]) -> bool {
        let files: Vec<_> =
            files.iter().map(|(path, id)| ((*path).to_owned(), id.map(str::to_owned))).collect();
        let branch =
            FileBranch { path: &path(), evidence_path: "p/evidence/a.json", head: "head", files: &files };
        made_all(commits, &branch)
    }

    #[test]
    fn a_trailer_joins_those_that_are_there() {
        let own = format!("Layerwright: {TEXT} {PROOF}\n");
        assert_eq!(on_forge("A\n\nB\n", TEXT, Some(PROOF)), format!("A\n\nB\n\n{own}"));
        let signed = "A\n\nSigned-off-by: Ann <a@b.c>";
        assert_eq!(on_forge(signed, TEXT, Some(PROOF)), format!("{signed}\n{own}"));
        assert!(on_forge("fix: A", TEXT, None).ends_with(&format!("fix: A\n\nLayerwright: {TEXT} -\n")));
        assert!(local().starts_with(&format!("{}\n\nLayerwright: {TEXT} - ", MESSAGE.trim_end())));
    }

    #[test]
    fn what_a_person_changes_of_a_local_commit_shows() {
        for message in [local(), former()] {
            assert!(is_unchanged(&message, TREE, PARENT), "{message}");
            assert!(!is_unchanged(&message, PARENT, PARENT), "amended content: {message}");
            assert!(!is_unchanged(&message, TREE, TREE), "rebased: {message}");
            assert!(!is_unchanged(&message.replace("line 2", "line 3"), TREE, PARENT), "{message}");
            assert!(!is_unchanged(&format!("{message}Signed-off-by: Ann\n"), TREE, PARENT), "{message}");
        }
        assert!(!is_unchanged(MESSAGE, TREE, PARENT));
        assert!(!is_unchanged(&on_forge(MESSAGE, TEXT, None), TREE, PARENT), "its content is not covered");
    }

    #[test]
    fn a_forge_shows_what_layerwright_made() {
        let text = ("a/Dockerfile", Some(TEXT));
        let proof = ("p/evidence/a.json", Some(PROOF));
        assert!(made(&local(), TREE, &[text]), "a person pushed a branch of `migrate --commit`");
        assert!(made(&former(), TREE, &[text]), "the same of an earlier version");
        assert!(made(&on_forge(MESSAGE, TEXT, Some(PROOF)), TREE, &[text, proof]));
        let amended = [("a/Dockerfile", Some(PROOF)), ("a/Dockerfile", None), ("docs", Some(TEXT)), proof];
        for changed in amended {
            assert!(!made(&local(), TREE, &[text, changed]), "{changed:?}");
        }
        for changed in [("docs", Some(TEXT)), proof] {
            assert!(!made(&former(), TREE, &[text, changed]), "{changed:?}");
        }
        assert!(!made(&former(), PARENT, &[text]), "its content was amended");
        assert!(!made("By hand\n", TREE, &[text]));
    }

    #[test]
    fn one_commit_of_a_person_is_enough() {
        let parents = [PARENT.to_owned()];
        let (ours, theirs) = (on_forge(MESSAGE, TEXT, None), "By hand\n");
        let commit = |id, message| BranchCommit { id, message, tree: Some(TREE), parents: &parents };
        let text = [("a/Dockerfile", Some(TEXT))];
        assert!(made_of(&[commit("below", &ours), commit("head", &ours)], &text));
        assert!(!made_of(&[commit("below", &ours), commit("head", theirs)], &text));
        assert!(!made_of(&[commit("below", theirs), commit("head", &ours)], &text));
        // The branch has only the tree of its latest commit.
        let (former, other) = (former(), [("a/Dockerfile", Some(PROOF))]);
        assert!(!made_of(&[commit("below", &former), commit("head", &ours)], &other));
        assert!(made_of(&[commit("below", &ours), commit("head", &former)], &other));
    }
}
