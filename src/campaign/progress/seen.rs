//! The pull requests of a campaign as the forge last reported them, kept in the clone. Commands that do not ask the
//! forge then know which files people declined or reverted. Only what a command does by default depends on it: `report`
//! never reads it.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};

use super::facts::AskedAgain;
use super::observed::{Change, Merge, Observed, Pull, PullState};

/// The version of the format that this program writes and reads.
const SCHEMA: u32 = 1;

/// The pull requests as the forge last reported them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenPulls {
    schema: u32,
    pulls: Vec<SeenPull>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenPull {
    number: u64,
    branch: String,
    state: SeenState,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum SeenState {
    Open,
    Closed {
        by: Option<String>,
    },
    Merged {
        /// git's id of the file's text before the merge.
        before: Option<String>,
        /// The commit that gave the file its present text, and its author.
        since: Option<(String, String)>,
    },
}

impl SeenPulls {
    /// Returns the pull requests that were observed, without those that people asked to try again.
    pub(crate) fn new(observed: &Observed, asked: &BTreeSet<AskedAgain>) -> Self {
        let is_asked = |pull: &&Pull| asked.iter().any(|one| one.pull == pull.number);
        let seen = |pull: &Pull| SeenPull {
            number: pull.number,
            branch: pull.branch.clone(),
            state: match &pull.state {
                PullState::Open => SeenState::Open,
                PullState::Closed { by } => SeenState::Closed { by: by.clone() },
                PullState::Merged(Merge { before, since, .. }) => SeenState::Merged {
                    before: before.clone(),
                    since: since.as_ref().map(|change| (change.commit.clone(), change.author.clone())),
                },
            },
        };
        Self {
            schema: SCHEMA,
            pulls: observed.pulls.iter().filter(|pull| !is_asked(pull)).map(seen).collect(),
        }
    }

    /// Reads the file that [`Self::write`] wrote; `None` if it is of another version or damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|seen| seen.schema == SCHEMA)
    }

    /// Writes the pull requests.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub(crate) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// Returns the pull requests with what is known of them.
    pub(crate) fn into_pulls(self) -> Vec<Pull> {
        self.pulls.into_iter().map(Pull::from).collect()
    }
}

impl From<SeenPull> for Pull {
    fn from(SeenPull { number, branch, state }: SeenPull) -> Self {
        let state = match state {
            SeenState::Open => PullState::Open,
            SeenState::Closed { by } => PullState::Closed { by },
            SeenState::Merged { before, since } => {
                let since = since.map(|(commit, author)| Change { commit, author });
                PullState::Merged(Merge { by: None, before, since })
            }
        };
        Self {
            number,
            branch,
            base: String::new(),
            state,
            body: String::new(),
            labels: BTreeSet::new(),
            mergeable: None,
            queued: false,
            is_recent: false,
            pending: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_again_without_what_is_asked_again() {
        let pull = |number, state| Pull {
            number,
            branch: format!("b{number}"),
            state,
            ..SeenPull { number, branch: String::new(), state: SeenState::Open }.into()
        };
        let since = Some(Change { commit: "c".into(), author: "A".into() });
        let reverted = PullState::Merged(Merge { by: None, before: Some("old".into()), since });
        let pulls = vec![
            pull(1, PullState::Open),
            pull(2, PullState::Closed { by: Some("ann".into()) }),
            pull(3, reverted),
            pull(4, PullState::Closed { by: None }),
        ];
        let observed = Observed { pulls: pulls.clone(), ..Observed::default() };
        let asked = BTreeSet::from([AskedAgain { path: "x".into(), pull: 4 }]);
        let mut bytes = Vec::new();
        SeenPulls::new(&observed, &asked).write(&mut bytes).unwrap();
        assert_eq!(SeenPulls::read(&bytes).unwrap().into_pulls(), pulls[..3]);
        assert_eq!(SeenPulls::read(b"{\"schema\": 2, \"pulls\": []}"), None);
    }
}
