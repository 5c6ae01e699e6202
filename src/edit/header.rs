//! The `# syntax` header that a file needs, and the edit that writes it. It never writes a file.

use std::fmt;

use bstr::ByteSlice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dockerfile::{Body, Directive, Dockerfile, Instruction, Run, Transfer, TransferKind};
use crate::text::{EditSet, EditsMeet};

/// A version of BuildKit's Dockerfile frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    /// Always 1 so far.
    pub(crate) major: u32,
    /// The feature release.
    pub(crate) minor: u32,
}

impl Version {
    const fn new(minor: u32) -> Self {
        Self { major: 1, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The first frontend with `COPY --link` (BuildKit 0.10).
pub(crate) const LINK: Version = Version::new(4);

/// The first frontend that a header can name.
pub(crate) const FIRST: Version = Version::new(0);

/// The frontend that a `# syntax` value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frontend {
    /// Docker's, at this release; a tag like `1` is the newest of its kind.
    Docker(Version),
    /// Docker's, pinned by a digest alone: its release is unknown.
    Digest,
    /// Another frontend.
    Other,
}

impl Frontend {
    /// Parses the first word of a `# syntax` value. A mirror of `docker/dockerfile` counts as the original.
    pub(crate) fn read(value: &str) -> Self {
        let reference = value.split_whitespace().next().unwrap_or_default();
        let (name, digest) = reference.split_once('@').map_or((reference, false), |(name, _)| (name, true));
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        if name != "docker/dockerfile" && !name.ends_with("/docker/dockerfile") {
            return Frontend::Other;
        }
        let newest = Version { major: u32::MAX, minor: u32::MAX };
        match tag {
            None if digest => Frontend::Digest,
            None | Some("latest" | "labs" | "master" | "master-labs") => Frontend::Docker(newest),
            Some(tag) => release(tag).map_or(Frontend::Other, Frontend::Docker),
        }
    }
}

/// `1`, `1.4`, `1.4.3`, `1.5-labs`.
fn release(tag: &str) -> Option<Version> {
    let number = tag.split('-').next().unwrap_or(tag);
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    let major = parts.next()??;
    let minor = match parts.next() {
        None => u32::MAX,
        Some(minor) => minor?,
    };
    Some(Version { major, minor })
}

/// Returns the oldest frontend that supports everything the file uses; `None` if any frontend does.
///
/// `link` is true if an instruction of it is or will be linked. Releases: BuildKit's
/// `frontend/dockerfile/docs/reference.md`.
pub(crate) fn floor(dockerfile: &Dockerfile, link: bool) -> Option<Version> {
    let check = dockerfile.directives().check.as_ref().map(|_| Version::new(8));
    let used = dockerfile.instructions().iter().filter_map(instruction_floor).max();
    link.then_some(LINK).max(check).max(used)
}

fn instruction_floor(instruction: &Instruction) -> Option<Version> {
    match &instruction.body {
        Body::Onbuild(inner) => instruction_floor(inner).max(onbuild_floor(inner)),
        Body::Run(run) => run_floor(run),
        Body::Transfer(transfer) => transfer_floor(transfer),
        _ => None,
    }
}

/// Returns true for an ONBUILD of a COPY from another stage or image.
fn onbuild_floor(inner: &Instruction) -> Option<Version> {
    match &inner.body {
        Body::Transfer(transfer) => transfer.options.from.as_ref().map(|_| Version::new(11)),
        _ => None,
    }
}

fn run_floor(run: &Run) -> Option<Version> {
    let mounts = (!run.mounts.is_empty()).then_some(Version::new(2));
    let heredocs = (!run.heredocs.is_empty()).then_some(Version::new(4));
    let variables = run.mounts.iter().any(|mount| mount.env.is_some()).then_some(Version::new(10));
    let security =
        run.flags.iter().any(|flag| flag.text.starts_with("--security")).then_some(Version::new(20));
    mounts.max(heredocs).max(variables).max(security)
}

fn transfer_floor(transfer: &Transfer) -> Option<Version> {
    let options = &transfer.options;
    let chmod = options.chmod.as_deref().and_then(|mode| {
        let symbolic = mode.contains(['=', '+', '-', ',']) && !mode.contains('$');
        if symbolic { Some(Version::new(14)) } else { mode.contains('$').then_some(Version::new(10)) }
    });
    let word = transfer.sources.iter().chain(&transfer.destination);
    let trims = word.filter(|word| ["#", "%", "/"].iter().any(|op| has_operator(&word.text, op)));
    let git = |text: &str| crate::analysis::source::is_git(text);
    let adds_git =
        transfer.kind == TransferKind::Add && transfer.sources.iter().any(|source| git(&source.text));
    let excludes = (!options.exclude.is_empty()).then_some(Version::new(19));
    [
        (!transfer.heredocs.is_empty()).then_some(Version::new(4)),
        options.link.and(Some(LINK)),
        (adds_git || options.keep_git_dir.is_some()).then_some(Version::new(5)),
        options.checksum.as_ref().map(|_| Version::new(6)),
        trims.map(|_| Version::new(7)).max(),
        chmod,
        options.unpack.map(|_| Version::new(17)),
        excludes,
        options.parents.then_some(Version::new(20)),
    ]
    .into_iter()
    .flatten()
    .max()
}

/// Returns true if a word holds `${name` followed by an operator.
fn has_operator(word: &str, operator: &str) -> bool {
    let parts = word.contains('$').then(|| word.split("${").skip(1));
    parts.into_iter().flatten().any(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').starts_with(operator)
    })
}

/// The edit of a file's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Header {
    /// The header is not changed.
    Keep,
    /// A new header is inserted.
    Insert {
        /// The new value.
        value: String,
    },
    /// An older header gets a new value.
    Raise {
        /// The new value.
        value: String,
    },
    /// The header names another frontend and is not changed.
    Foreign {
        /// The present value.
        value: String,
    },
}

/// The header that the configuration sets cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// `[syntax] write` names an older frontend than the file needs.
    #[error("this file needs frontend {required} or later; [syntax] write = \"{write}\" would be older")]
    Older {
        /// The release that the file needs.
        required: Version,
        /// The value of `[syntax] write`.
        write: String,
    },
    /// The present header is pinned by a digest, and the new one would not be.
    #[error(
        "its frontend {value} is pinned and older than {required}, which the file needs: pin a newer one in the file, or \
         one for all files in [syntax] write"
    )]
    Pinned {
        /// The present value.
        value: String,
        /// The release that the file needs.
        required: Version,
    },
}

/// Decides the change to the header. `write` is `[syntax] write`. A digest is never replaced by a tag, which may name
/// another image tomorrow.
///
/// # Errors
///
/// [`HeaderError`]
pub(crate) fn header(dockerfile: &Dockerfile, required: Version, write: &str) -> Result<Header, HeaderError> {
    let new = || match Frontend::read(write) {
        Frontend::Docker(version) if version < required => {
            Err(HeaderError::Older { required, write: write.to_owned() })
        }
        _ => Ok(write.to_owned()),
    };
    match &dockerfile.directives().syntax {
        None if write == "none" => Ok(Header::Keep),
        None => new().map(|value| Header::Insert { value }),
        Some(Directive { value, .. }) => match Frontend::read(value) {
            Frontend::Docker(version) if version >= required => Ok(Header::Keep),
            Frontend::Docker(_) if write == "none" => Ok(Header::Foreign { value: value.clone() }),
            Frontend::Docker(_) if is_pinned(value) && !is_pinned(write) => {
                Err(HeaderError::Pinned { value: value.clone(), required })
            }
            Frontend::Docker(_) => new().map(|value| Header::Raise { value }),
            Frontend::Digest | Frontend::Other => Ok(Header::Foreign { value: value.clone() }),
        },
    }
}

/// Returns true if a `# syntax` value names its image by a digest.
fn is_pinned(value: &str) -> bool {
    value.split_whitespace().next().is_some_and(|image| image.contains('@'))
}

/// Adds the edit for a header. A new header is inserted above everything except a byte order mark and a `#!` line,
/// with the file's own line ending. A blank line follows it, unless a directive follows, which a blank line would
/// turn into a comment.
///
/// # Errors
///
/// [`EditsMeet`] if another edit is at the same position.
pub(crate) fn edit(dockerfile: &Dockerfile, header: &Header, edits: &mut EditSet) -> Result<(), EditsMeet> {
    match header {
        Header::Keep | Header::Foreign { .. } => Ok(()),
        Header::Raise { value } => match &dockerfile.directives().syntax {
            Some(directive) => edits.replace(directive.value_span, value.as_bytes()),
            None => Ok(()),
        },
        Header::Insert { value } => {
            let directives = dockerfile.directives();
            let rest = &dockerfile.text()[directives.insertion_point..];
            let first = dockerfile.text().lines_with_terminator().next();
            let ending = if first.is_some_and(|line| line.ends_with(b"\r\n")) { "\r\n" } else { "\n" };
            let directive_follows = directives.check.is_some() || directives.escape.is_some();
            let blank_follows = rest.lines().next().is_none_or(|line| line.trim_ascii().is_empty());
            let blank = if directive_follows || blank_follows { "" } else { ending };
            edits.insert(directives.insertion_point, format!("# syntax={value}{ending}{blank}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headed(text: &str, write: &str) -> String {
        let dockerfile = Dockerfile::read(text);
        let header = header(&dockerfile, LINK, write).expect("the header is new enough");
        let mut edits = EditSet::default();
        edit(&dockerfile, &header, &mut edits).expect("nothing else is edited");
        String::from_utf8(edits.apply(dockerfile.text())).expect("the text is UTF-8")
    }

    #[test]
    fn frontends_are_read_by_their_tag() {
        assert_eq!(Frontend::read("docker/dockerfile:1.3"), Frontend::Docker(Version::new(3)));
        assert_eq!(Frontend::read("docker/dockerfile:1.3-labs"), Frontend::Docker(Version::new(3)));
        assert_eq!(
            Frontend::read("mirror.corp:5000/docker/dockerfile:1.4.2@sha256:0"),
            Frontend::Docker(LINK)
        );
        assert_eq!(Frontend::read("docker/dockerfile@sha256:0"), Frontend::Digest);
        assert_eq!(Frontend::read("docker/dockerfile:experimental"), Frontend::Other);
        assert_eq!(Frontend::read("ghcr.io/depot/frontend:1"), Frontend::Other);
        for newest in ["docker/dockerfile", "docker/dockerfile:1", "docker.io/docker/dockerfile:latest"] {
            assert!(
                matches!(Frontend::read(newest), Frontend::Docker(version) if version > Version::new(99))
            );
        }
    }

    #[test]
    fn a_header_goes_above_everything_and_keeps_what_is_there() {
        let write = "docker/dockerfile:1";
        assert_eq!(headed("FROM a\n", write), "# syntax=docker/dockerfile:1\n\nFROM a\n");
        assert_eq!(headed("\nFROM a\n", write), "# syntax=docker/dockerfile:1\n\nFROM a\n");
        assert_eq!(headed("FROM a\r\n", write), "# syntax=docker/dockerfile:1\r\n\r\nFROM a\r\n");
        assert_eq!(headed("\u{feff}FROM a\n", write), "\u{feff}# syntax=docker/dockerfile:1\n\nFROM a\n");
        assert_eq!(
            headed("#!/usr/bin/env x\nFROM a\n", write),
            "#!/usr/bin/env x\n# syntax=docker/dockerfile:1\n\nFROM a\n"
        );
        assert_eq!(
            headed("# escape=`\nFROM a\n", write),
            "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n"
        );
        assert_eq!(headed("# note\nFROM a\n", write), "# syntax=docker/dockerfile:1\n\n# note\nFROM a\n");
    }

    #[test]
    fn a_header_that_is_good_enough_stays_and_an_older_one_is_raised() {
        let write = "docker/dockerfile:1";
        for kept in ["# syntax=docker/dockerfile:1.4\nFROM a\n", "# syntax=example/other:2\nFROM a\n"] {
            assert_eq!(headed(kept, write), kept);
        }
        assert_eq!(
            headed("#syntax = docker/dockerfile:1.3 \nFROM a\n", write),
            "#syntax = docker/dockerfile:1 \nFROM a\n"
        );
        assert_eq!(headed("FROM a\n", "none"), "FROM a\n");
    }

    #[test]
    fn a_header_older_than_the_file_needs_is_an_error() {
        let dockerfile = Dockerfile::read("FROM a\nADD --checksum=sha256:0 https://example.com/x /x\n");
        let required = floor(&dockerfile, true).expect("it uses a flag of 1.6");
        assert_eq!(required, Version::new(6));
        let error = header(&dockerfile, required, "docker/dockerfile:1.4").unwrap_err();
        assert_eq!(error, HeaderError::Older { required, write: "docker/dockerfile:1.4".into() });
    }

    #[test]
    fn a_digest_is_replaced_only_by_a_digest() {
        let old = "docker/dockerfile:1.2@sha256:0";
        let dockerfile = Dockerfile::read(format!("# syntax={old}\nFROM a\n"));
        let error = header(&dockerfile, LINK, "docker/dockerfile:1").unwrap_err();
        assert_eq!(error, HeaderError::Pinned { value: old.into(), required: LINK });
        assert_eq!(
            error.to_string(),
            format!(
                "its frontend {old} is pinned and older than 1.4, which the file needs: pin a newer one in the file, or \
                 one for all files in [syntax] write"
            )
        );
        let value = "docker/dockerfile:1@sha256:1".to_owned();
        assert_eq!(header(&dockerfile, LINK, &value), Ok(Header::Raise { value }));
        let kept = "# syntax=docker/dockerfile:1.4@sha256:0\nFROM a\n";
        assert_eq!(headed(kept, "docker/dockerfile:1"), kept);
    }
}
