//! The policy: which files may go out. It judges what [`standing`](super::standing) says and reads nothing.
//!
//! A file goes out by a pull request. Showing, writing and committing its change is no such thing: nobody sees it, and a
//! build of the working tree may be what somebody wants to look at before anything is verified. So `migrate` tells each
//! file's standing and stops for a contradiction alone, and whoever opens pull requests asks [`may_go_out`].

use crate::campaign::evidence::status::Standing;
use crate::campaign::plan::file::File;
use crate::config::Trust;

/// The first wave whose files may go out by their proofs alone. The proof of concept and the wave behind it show
/// whether proofs hold in this repository.
pub const FIRST_BY_PROOF: usize = 2;

/// By what a file goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Its evidence stands.
    Verified,
    /// Every selected line is proved, and no verification contradicted a proof.
    Proved,
    /// Nothing but verdicts: `trust = "assumed"`. Its pull request says that it is not verified.
    Unverified,
}

/// Why a file may not go out. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A verification contradicted a proof, be it of another file: no proof of this campaign can be relied on.
    #[error(
        "the verification of {path} contradicts a proof, which stops the campaign; see it: layerwright verify {path}"
    )]
    Contradiction {
        /// The file that was verified.
        path: String,
    },
    /// The images differ, and nobody accepted that.
    #[error(
        "{path} {standing}: accept it with `layerwright migrate {path} --accept RULE:PATH --reason TEXT`, or leave the file out"
    )]
    Different {
        /// The file.
        path: String,
        /// What its evidence says.
        standing: Standing,
    },
    /// It needs evidence that stands.
    #[error("{path} needs evidence ({standing}): layerwright verify {path}")]
    NoEvidence {
        /// The file.
        path: String,
        /// What its evidence says.
        standing: Standing,
    },
}

/// Whether a file of a wave may go out, and by what. `contradicted` is the file of any verification that contradicted a
/// proof.
///
/// # Errors
///
/// [`Refusal`] says what it waits for.
pub fn may_go_out(
    file: &File,
    wave: usize,
    standing: &Standing,
    trust: Trust,
    contradicted: Option<&str>,
) -> Result<Way, Refusal> {
    let own = (*standing == Standing::Contradicts).then_some(file.path.as_str());
    if let Some(path) = contradicted.or(own) {
        return Err(Refusal::Contradiction { path: path.to_owned() });
    }
    let (path, said) = (file.path.clone(), standing.clone());
    let proved = file.selected().all(|site| site.proved == Some(true));
    match standing {
        Standing::Stands => Ok(Way::Verified),
        Standing::Different { .. } => Err(Refusal::Different { path, standing: said }),
        _ if proved && wave >= FIRST_BY_PROOF => Ok(Way::Proved),
        _ if trust == Trust::Assumed => Ok(Way::Unverified),
        _ => Err(Refusal::NoEvidence { path, standing: said }),
    }
}
