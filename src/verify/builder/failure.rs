//! Why a build failed, by what it told.

use super::progress::Progress;
use super::{BuildError, Vertex};

/// Of a build that ended by itself and without success. `is_there` asks whether the builder still answers.
///
/// What failed is told by the vertexes. The client's text alone decides nothing but that a connection broke.
pub(super) fn of(progress: &Progress<'_>, is_there: impl FnOnce() -> bool) -> BuildError {
    let failed = progress.vertexes.iter().find(|vertex| own_error(vertex).is_some());
    if let Some((vertex, said)) = failed.and_then(|vertex| Some((vertex, own_error(vertex)?))) {
        if let Some(image) = vertex.name.strip_prefix(FRONTEND) {
            let image = image.strip_prefix("docker-image://").unwrap_or(image).to_owned();
            return BuildError::Frontend { image, said: said.to_owned() };
        }
    }
    let said = last_words(progress);
    if is_broken(&said) || !is_there() {
        return match progress.vertexes.is_empty() {
            true => BuildError::NoBuilder { said },
            false => BuildError::Lost { said },
        };
    }
    match failed {
        None => BuildError::Failed { step: None, said },
        Some(vertex) => {
            let printed: Vec<&str> = own_error(vertex).into_iter().chain(progress.log(vertex)).collect();
            BuildError::Failed { step: Some(vertex.name.clone()), said: printed.join("\n") }
        }
    }
}

/// The name of the step that looks up a frontend (`gateway.gatewayFrontend.Solve`); bases have another.
const FRONTEND: &str = "resolve image config for ";

/// What a vertex failed of; not that another one did.
fn own_error(vertex: &Vertex) -> Option<&str> {
    let error = vertex.error.as_deref()?;
    let canceled = error.ends_with("context canceled") || error == "CANCELED";
    (!canceled).then_some(error)
}

/// What the client said last: from its error on.
fn last_words(progress: &Progress<'_>) -> String {
    let lines: Vec<&str> = progress.said.lines().filter(|line| !line.trim().is_empty()).collect();
    let error = lines.iter().rposition(|line| line.starts_with("ERROR: ") || line.starts_with("error: "));
    let words = lines[error.unwrap_or_default()..].join("\n");
    words.strip_prefix("ERROR: ").map_or(words.clone(), str::to_owned)
}

/// Whether the connection to the builder broke: gRPC's status `Unavailable`, and what Go's network says.
fn is_broken(said: &str) -> bool {
    const BROKEN: [&str; 4] = [
        "code = Unavailable",
        "error reading from server: EOF",
        "connection reset by peer",
        "use of closed network connection",
    ];
    said.lines().next().is_some_and(|line| BROKEN.iter().any(|sign| line.contains(sign)))
}
