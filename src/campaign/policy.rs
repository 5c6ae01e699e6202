//! The policy: which files may get a pull request. It judges the states of [evidence](super::evidence) and reads
//! nothing.
//!
//! The policy is about pull requests alone. Showing, writing and committing a change is not restricted: nothing is
//! published, and a maintainer may want to build the working tree before anything is verified. So `migrate` shows each
//! file's evidence and stops only for a contradiction; the code that opens pull requests calls [`may_go_out`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::builders::Effect;
use crate::campaign::evidence::EvidenceState;
use crate::campaign::names::Names;
use crate::campaign::plan::file::File;
use crate::config::{Config, Report, Trust};
use crate::text::command;

/// The first wave whose files may get pull requests by their proofs alone. The proof of concept and the next wave show
/// whether proofs hold in this repository.
pub(crate) const FIRST_BY_PROOF: usize = 2;

/// The basis of a file's pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Basis {
    /// Evidence that is up to date and verifies it.
    Verified,
    /// Proofs: every selected line is proved not to change the image, and no verification contradicted a proof.
    Proved,
    /// Verdicts alone, as `[campaign] trust` allows. The pull request says that it is not verified.
    Unverified,
}

/// The reason why a file may not get a pull request. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A verification of this file or another contradicted a proof: no proof of this campaign can be relied on.
    #[error(
        "the verification of {path} contradicts a proof, which stops the campaign; see it: {}",
        verify(.path)
    )]
    Contradiction {
        /// The file that was verified.
        path: String,
    },
    /// The images differ, and no waiver accepts the difference.
    #[error(
        "{path} {evidence}: accept it with `{} --accept RULE:PATH --reason TEXT`, or leave the file out",
        command::layerwright(["migrate", &command::path(.path)])
    )]
    Different {
        /// The file.
        path: String,
        /// The state of its evidence.
        evidence: EvidenceState,
    },
    /// The file was verified from a context that nothing states.
    #[error(
        "{path} is {evidence}: state the context in layerwright.toml under [build.{path:?}], or set [campaign] trust = \"assumed\""
    )]
    Context {
        /// The file.
        path: String,
        /// The state of its evidence.
        evidence: EvidenceState,
    },
    /// A builder that builds the file rejects the flag.
    #[error(
        "{path} is built by {builder}, which rejects --link: change it (`{}`), or accept it with `{} --reason TEXT`",
        command::layerwright(["explain", rule]),
        command::layerwright(["migrate", "--accept", rule])
    )]
    Builder {
        /// The file.
        path: String,
        /// The place and the name of the builder.
        builder: String,
        /// The rule of the builder.
        rule: String,
    },
    /// The file needs evidence that verifies it.
    #[error("{path} needs evidence ({evidence}): {}", verify(.path))]
    NoEvidence {
        /// The file.
        path: String,
        /// The state of its evidence.
        evidence: EvidenceState,
    },
}

/// Returns the command that verifies a file.
fn verify(path: &str) -> String {
    command::layerwright(["verify", &command::path(path)])
}

/// Returns the basis on which a file of a wave may get a pull request. `contradicted` is the file of any verification
/// that contradicted a proof.
///
/// # Errors
///
/// [`Refusal`] names the missing condition.
pub(crate) fn may_go_out(
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
    if let Some(builder) = file.built_by.iter().find(|by| by.effect == Effect::Rejects) {
        let rule = builder.rule.to_string();
        return Err(Refusal::Builder { path, builder: builder.place.clone(), rule });
    }
    let is_safe = file.selected().all(|site| matches!(site.verdict, Verdict::Link | Verdict::Edit));
    let proved = is_safe && file.is_proved_the_same();
    match evidence {
        EvidenceState::Verified => Ok(Basis::Verified),
        EvidenceState::Different { .. } => Err(Refusal::Different { path, evidence: said }),
        EvidenceState::VerifiedFrom(_) if trust == Trust::Assumed => Ok(Basis::Verified),
        EvidenceState::VerifiedFrom(_) => Err(Refusal::Context { path, evidence: said }),
        _ if proved && wave >= FIRST_BY_PROOF => Ok(Basis::Proved),
        _ if is_safe && trust == Trust::Assumed => Ok(Basis::Unverified),
        _ => Err(Refusal::NoEvidence { path, evidence: said }),
    }
}

/// The decisions of the maintainers about pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The names of the campaign.
    pub names: Names,
    /// `[campaign] trust`: the condition for a file's pull request.
    pub trust: Trust,
    /// `[report]`.
    pub report: Report,
    /// True if a tracking issue is opened when there is none.
    pub create_issue: bool,
}

impl Policy {
    /// Returns the policy of `layerwright.toml`.
    pub fn new(config: &Config) -> Self {
        Self {
            names: Names::new(&config.campaign.dir),
            trust: config.campaign.trust,
            report: config.report.clone(),
            create_issue: config.report.create_issue,
        }
    }
}
