//! The reason for a failed build, found in its output.

use super::fault::EngineFault;
use super::progress::{EXPORTING, Progress};
use super::{BuildError, Vertex};
use crate::text::words::first_line;

/// Returns the error of a build that ended by itself without success. `is_there` asks if the builder still answers.
///
/// The failed step is found in the vertexes. The client's text alone shows only that a connection broke.
pub(super) fn of(progress: &Progress<'_>, is_there: impl FnOnce() -> bool) -> BuildError {
    let failed = progress.vertexes.iter().find_map(|vertex| Some((vertex, own_error(vertex)?)));
    if let Some((vertex, said)) = failed
        && let Some(image) = vertex.name.strip_prefix(FRONTEND)
    {
        let image = image.strip_prefix("docker-image://").unwrap_or(image).to_owned();
        return BuildError::Frontend { image, said: said.to_owned() };
    }
    if let Some((vertex, said)) = failed
        && vertex.name.starts_with(EXPORTING)
    {
        return BuildError::Export { said: explained(said) };
    }
    let said = last_words(progress);
    if is_broken(&said) || !is_there() {
        let nothing_yet = progress.vertexes.is_empty();
        return if nothing_yet { BuildError::NoBuilder { said } } else { BuildError::Lost { said } };
    }
    match failed {
        None => BuildError::Failed { step: None, said: explained(&said) },
        Some((vertex, error)) if vertex.name.starts_with(METADATA) => {
            let image = vertex.name.strip_prefix(METADATA).unwrap_or_default();
            BuildError::Failed { step: Some(vertex.name.clone()), said: not_loaded(image, error) }
        }
        Some((vertex, error)) => {
            let error = explained(error);
            let printed: Vec<&str> = [error.as_str()].into_iter().chain(progress.log(vertex)).collect();
            BuildError::Failed { step: Some(vertex.name.clone()), said: printed.join("\n") }
        }
    }
}

/// The prefix of the step that resolves a frontend (`gateway.gatewayFrontend.Solve`); base images have another.
const FRONTEND: &str = "resolve image config for ";

/// The prefix of the step that resolves a base image (`dockerfile2llb.Dockerfile2LLB`).
const METADATA: &str = "[internal] load metadata for ";

/// Returns the error of a base image that cannot be loaded, without the addresses of the machine that tried.
fn not_loaded(image: &str, error: &str) -> String {
    let cause = first_line(error).rsplit(": ").next().unwrap_or_default();
    format!(
        "the base image {image} could not be loaded ({cause}); if the repository builds it, build it first and give it this \
         name"
    )
}

/// Returns the first line of an error, with the fault of the engine that it is.
fn explained(error: &str) -> String {
    let line = first_line(error);
    match EngineFault::of(line) {
        Some(fault) => format!("{line}: {fault}{}", error.strip_prefix(line).unwrap_or_default()),
        None => error.to_owned(),
    }
}

/// Returns a vertex's own error, not the failure of another.
fn own_error(vertex: &Vertex) -> Option<&str> {
    let error = vertex.error.as_deref()?;
    let canceled = error.ends_with("context canceled");
    (!canceled).then_some(error)
}

/// Returns the last output of the client, from its error on.
fn last_words(progress: &Progress<'_>) -> String {
    let lines: Vec<&str> = progress.said.lines().filter(|line| !line.trim().is_empty()).collect();
    let error = lines.iter().rposition(|line| line.starts_with("ERROR: ") || line.starts_with("error: "));
    let words = lines[error.unwrap_or_default()..].join("\n");
    words.strip_prefix("ERROR: ").map_or(words.clone(), str::to_owned)
}

/// Returns true if the connection to the builder broke: gRPC's status `Unavailable`, or an error of Go's network
/// code.
fn is_broken(said: &str) -> bool {
    const BROKEN: [&str; 4] = [
        "code = Unavailable",
        "error reading from server: EOF",
        "connection reset by peer",
        "use of closed network connection",
    ];
    BROKEN.iter().any(|sign| first_line(said).contains(sign))
}

/// The signs of a failure that may pass, in lower case: of the network, of a registry, or of a full disk. They are those
/// of Go's `net` and `net/http`, of errno, of the registry (`docs/spec/api.md` of distribution) and of HTTP, and of the
/// tools that fetch in a RUN: apt, apk, curl, wget, pip, npm.
const PASSING: [&str; 25] = [
    "no such host",
    "i/o timeout",
    "tls handshake timeout",
    "client.timeout exceeded",
    "context deadline exceeded",
    "connection refused",
    "connection reset by peer",
    "connection timed out",
    "network is unreachable",
    "no route to host",
    "unexpected eof",
    "toomanyrequests",
    "429 too many requests",
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway timeout",
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve host",
    "unable to resolve host address",
    "temporary error (try again later)",
    "eai_again",
    "etimedout",
    "no space left on device",
];

impl BuildError {
    /// Returns true if a step failed for a reason that may pass without a change of the repository.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Failed { said, .. } = self else { return false };
        let lower = said.to_lowercase();
        EngineFault::of(first_line(said)).is_some() || PASSING.iter().any(|sign| lower.contains(sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::evidence::EvidenceState;
    use crate::verify::builder::progress::Format;

    fn failure(text: &str, is_there: bool) -> BuildError {
        let watch = |_: &Vertex| {};
        of(&Progress::new(&watch).read(Format::Plain, text.as_bytes()), || is_there)
    }

    #[test]
    fn a_connection_that_breaks_is_no_failed_step() {
        let killed = "#1 [2/2] RUN make\nERROR: failed to receive status: rpc error: code = Unavailable desc = error \
            reading from server: EOF\n";
        assert!(matches!(failure(killed, true), BuildError::Lost { .. }));
        let stopped = "#1 [2/2] RUN make\n#1 ERROR: exit code: 137\nERROR: failed to solve: exit code: 137\n";
        assert!(matches!(failure(stopped, false), BuildError::Lost { .. }));
        let failed = failure(stopped, true);
        assert!(matches!(&failed, BuildError::Failed { step: Some(step), .. } if step == "[2/2] RUN make"));
        assert!(matches!(failure("ERROR: no such host\n", false), BuildError::NoBuilder { .. }));
    }

    #[test]
    fn a_step_fails_of_itself() {
        let text = "#1 [a 1/1] RUN slow\n#2 [b 1/1] RUN false\n#1 CANCELED\n#1 ERROR: failed: context canceled\n\
            #2 ERROR: exit code: 1\nERROR: failed to solve: exit code: 1\n";
        let failed = failure(text, true);
        assert!(
            matches!(&failed, BuildError::Failed { step: Some(step), .. } if step == "[b 1/1] RUN false")
        );
    }

    #[test]
    fn what_can_not_be_exported_is_no_failed_build() {
        let text = "#1 [1/1] RUN make\n#1 DONE 0.1s\n#2 exporting to oci image format\n#2 ERROR: write a: disk quota \
            exceeded\nERROR: failed to solve: write a: disk quota exceeded\n";
        let error = failure(text, true);
        assert!(matches!(&error, BuildError::Export { said } if said == "write a: disk quota exceeded"));
        // A step that finds its disk full is a failed build, not a failed export.
        let text = "#1 [1/1] RUN make\n#1 ERROR: no space left on device\nERROR: failed\n";
        assert!(matches!(failure(text, true), BuildError::Failed { step: Some(_), .. }));
    }

    #[test]
    fn a_network_may_fail_and_a_command_fails() {
        let failed = |said: &str| BuildError::Failed { step: None, said: said.to_owned() };
        for passing in [
            "failed to do request: Head \"https://r/v2/\": dial tcp: lookup r: no such host",
            "exit code: 100\nErr:1 http://deb.debian.org/debian trixie InRelease\n  Temporary failure resolving 'deb'",
            "exit code: 6\ncurl: (6) Could not resolve host: example.com",
            "unexpected status from HEAD request to https://r/v2/x: 503 Service Unavailable",
            "toomanyrequests: You have reached your unauthenticated pull rate limit.",
            "exit code: 2\ntar: write error: No space left on device",
        ] {
            assert!(failed(passing).is_passing(), "{passing}");
        }
        for lasting in
            ["exit code: 1\nmake: *** No targets.  Stop.", "\"/x\": not found", "none:1: not found"]
        {
            assert!(!failed(lasting).is_passing(), "{lasting}");
        }
        assert!(!BuildError::Interrupted.is_passing());
    }

    #[test]
    fn a_base_that_is_not_there_is_no_frontend() {
        let text = "#1 [internal] load metadata for docker.io/library/none:1\n#1 ERROR: failed to do request: dial tcp: lookup \
                    registry-1.docker.io on 10.0.0.53:53: no such host\nERROR: failed\n";
        let error = failure(text, true);
        let told = "the base image docker.io/library/none:1 could not be loaded (no such host); if the repository builds it";
        assert!(
            matches!(&error, BuildError::Failed { step: Some(_), said } if said.starts_with(told)),
            "{error:?}"
        );
        assert!(error.is_passing() && !error.to_string().contains("10.0.0.53"), "{error}");
        let text = "#1 resolve image config for docker.io/docker/dockerfile:1\n#1 ERROR: no such host\nERROR: failed\n";
        let error = failure(text, true);
        assert!(
            matches!(&error, BuildError::Frontend { image, .. } if image == "docker.io/docker/dockerfile:1")
        );
        assert!(EvidenceState::CouldNotTest(error.to_string()).wants_builtin_frontend());
    }
}
