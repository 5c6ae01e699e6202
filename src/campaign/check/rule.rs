//! The rules of a check that are not about a copy or a builder: headers, comments, waivers and advice. It never looks for
//! findings.

use super::finding::{Finding, FindingKind};
use crate::config::FILE_NAME;

/// A rule of a check.
#[derive(Debug)]
pub struct CheckRule {
    /// The name, as in reports, ignore comments and `layerwright explain`.
    pub name: &'static str,
    /// The finding, in one line.
    pub summary: &'static str,
    /// Why it is a finding, and what to do, in Markdown.
    pub documentation: &'static str,
}

pub(super) const OLD_HEADER: &str = "old-header";
pub(super) const UNREAD_FILE: &str = "unread-file";
pub(super) const UNLINKED: &str = "unlinked";
pub(super) const UNUSED_IGNORE: &str = "unused-ignore";
const UNUSED_WAIVER: &str = "unused-waiver";

/// Every rule, in order of name.
pub static ALL: &[CheckRule] = &[
    CheckRule {
        name: "advice-20-10",
        summary: "`--link` did not come with Docker 20.10",
        documentation: "`--link` needs the frontend docker/dockerfile:1.4 and BuildKit 0.10, both of March 2022. The engine of \
Docker 20.10 ignores it, or rejects it without a header: see `layerwright explain builder-buildkit-20-10`.\n\n\
Source: moby/buildkit#2596.",
    },
    CheckRule {
        name: "advice-immutable",
        summary: "An image with linked copies is as immutable as any other",
        documentation: "A linked copy is a layer with the content of its files. Nothing in it points outside of the image, and \
no later change of the source files shows in it.\n\nSource: moby/buildkit `frontend/dockerfile/docs/reference.md`, COPY \
--link.",
    },
    CheckRule {
        name: "advice-inline-cache",
        summary: "`DOCKER_BUILDKIT_INLINE_CACHE` does not exist, and does not enable `--link`",
        documentation: "The build argument `BUILDKIT_INLINE_CACHE=1` writes cache metadata into the image. No variable enables \
`--link`: the flag in the Dockerfile is enough where the builder can merge layers.\n\nSource: \
<https://docs.docker.com/build/cache/backends/inline/>.",
    },
    CheckRule {
        name: "advice-link-local-copy",
        summary: "`docker build --link-local-copy` does not exist",
        documentation: "The build fails with `unknown flag: --link-local-copy`. `--link` is a flag of COPY and ADD, and needs \
none of `docker build`.\n\nSource: docker/buildx `docs/reference/buildx_build.md`.",
    },
    CheckRule {
        name: "advice-symlink",
        summary: "`--link` makes no symbolic link to the host",
        documentation: "A linked copy is a layer of its own that holds the files. \"Link\" means that this layer is linked on top \
of the layers below.\n\nSource: moby/buildkit `frontend/dockerfile/docs/reference.md`, COPY --link.",
    },
    CheckRule {
        name: OLD_HEADER,
        summary: "The header names a frontend that does not know `--link`",
        documentation: "The build fails with `unknown flag: link`. Write `# syntax=docker/dockerfile:1`, or 1.4 or later.\n\n\
Source: moby/buildkit `frontend/dockerfile/docs/reference.md`, COPY --link.",
    },
    CheckRule {
        name: UNLINKED,
        summary: "An instruction could be linked and is not (--ratchet)",
        documentation: "The instruction is safe to link, or with an edit. `layerwright migrate FILE --write` links it.",
    },
    CheckRule {
        name: UNREAD_FILE,
        summary: "A Dockerfile could not be read, so nothing in it was checked",
        documentation: "A check that leaves a file out in silence guards nothing. Repair the file, or exclude it in `[files]` of \
layerwright.toml.",
    },
    CheckRule {
        name: UNUSED_IGNORE,
        summary: "An ignore comment that ignores nothing, or has no reason",
        documentation: "`# layerwright: ignore[RULE] reason` stands directly above an instruction, below all parser directives. \
Several rules are separated by commas. Remove the comment if its rule no longer applies.",
    },
    CheckRule {
        name: UNUSED_WAIVER,
        summary: "A waiver in layerwright.toml that accepts nothing",
        documentation: "No instruction of a file that the waiver covers has this difference any more. Remove the waiver.",
    },
];

/// Returns the rule with this name.
pub fn find(name: &str) -> Option<&'static CheckRule> {
    ALL.iter().find(|rule| rule.name == name)
}

/// Returns the finding of a waiver that accepts nothing.
pub(super) fn idle_waiver(rule: &str, line: usize) -> Finding {
    let message = format!("the waiver of {rule} accepts nothing: remove it");
    Finding::new(FILE_NAME, line, FindingKind::Unused, UNUSED_WAIVER, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_names_of_its_own() {
        let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for name in names {
            assert!(crate::analysis::rule::find(name).is_none() && crate::builders::find(name).is_none());
        }
    }
}
