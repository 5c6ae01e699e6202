//! The builds of a Dockerfile, each with the chain from what states it to what runs it.

use std::fmt::Write as _;

use crate::builds::Level;
use crate::ops::ExplainedBuilds;
use crate::text::escape::shown;

/// Returns the builds of a Dockerfile as text.
pub(crate) fn explained_builds(file: &str, explained: &ExplainedBuilds) -> String {
    let mut text = format!("{}\n", shown(file));
    if explained.builds.is_empty() {
        text.push_str("  guessed: no file of the repository states how it is built\n");
    }
    for mention in &explained.mentions {
        let _ = writeln!(text, "    {} may build it", shown(mention));
    }
    for build in &explained.builds {
        let level = match build.level {
            Level::Stated => "stated",
            Level::Possible => "possible",
            Level::Guessed => "guessed",
        };
        let _ = write!(text, "  {level}: from {}", shown(&build.context));
        if build.from_git {
            text.push_str(", fetched from git");
        }
        if let Some(target) = &build.target {
            let _ = write!(text, ", target {}", shown(target));
        }
        text.push('\n');
        for (at, place) in build.chain.iter().enumerate() {
            let _ = writeln!(text, "    {} {}", if at == 0 { "in" } else { "run by" }, shown(place));
        }
        for what in &build.unsettled {
            let _ = writeln!(text, "    not settled: {}", shown(what));
        }
    }
    text
}
