//! The policy: which files may go out. It judges what [evidence](super::evidence) says and reads nothing.
//!
//! A file goes out by a pull request. Showing, writing and committing its change is no such thing: nobody sees it, and a
//! build of the working tree may be what somebody wants to look at before anything is verified. So `migrate` tells each
//! file's evidence and stops for a contradiction alone, and whoever opens pull requests asks [`may_go_out`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::evidence::EvidenceState;
use crate::campaign::plan::file::File;
use crate::config::Trust;

/// The first wave whose files may go out by their proofs alone. The proof of concept and the wave behind it show
/// whether proofs hold in this repository.
pub const FIRST_BY_PROOF: usize = 2;

/// What the pull request of a file is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Evidence that is up to date and verifies it.
    Verified,
    /// Proofs: every selected line is proved, and no verification contradicted a proof.
    Proved,
    /// Verdicts alone, as `[campaign] trust` allows. Its pull request says that it is not verified.
    Unverified,
}

/// Why a file may not go out. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A verification of this file or another contradicted a proof: no proof of this campaign can be relied on.
    #[error(
        "the verification of {path} contradicts a proof, which stops the campaign; see it: layerwright verify {path}"
    )]
    Contradiction {
        /// The file that was verified.
        path: String,
    },
    /// The images differ, and no waiver accepts that.
    #[error(
        "{path} {evidence}: accept it with `layerwright migrate {path} --accept RULE:PATH --reason TEXT`, or leave the file out"
    )]
    Different {
        /// The file.
        path: String,
        /// What its evidence says.
        evidence: EvidenceState,
    },
    /// It needs evidence that verifies it.
    #[error("{path} needs evidence ({evidence}): layerwright verify {path}")]
    NoEvidence {
        /// The file.
        path: String,
        /// What its evidence says.
        evidence: EvidenceState,
    },
}

/// Returns what a file of a wave may go out on. `contradicted` is the file of any verification that contradicted a
/// proof.
///
/// # Errors
///
/// [`Refusal`] says what it waits for.
pub fn may_go_out(
    file: &File,
    wave: usize,
    evidence: &EvidenceState,
    trust: Trust,
    contradicted: Option<&str>,
) -> Result<Basis, Refusal> {
    let own = (*evidence == EvidenceState::Contradicts).then_some(file.path.as_str());
    if let Some(path) = contradicted.or(own) {
        return Err(Refusal::Contradiction { path: path.to_owned() });
    }
    let (path, said) = (file.path.clone(), evidence.clone());
    let proved = file.selected().all(|site| site.proved == Some(true));
    match evidence {
        EvidenceState::Verified => Ok(Basis::Verified),
        EvidenceState::Different { .. } => Err(Refusal::Different { path, evidence: said }),
        _ if proved && wave >= FIRST_BY_PROOF => Ok(Basis::Proved),
        _ if trust == Trust::Assumed => Ok(Basis::Unverified),
        _ => Err(Refusal::NoEvidence { path, evidence: said }),
    }
}
