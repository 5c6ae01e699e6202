//! The instructions of a Dockerfile as BuildKit's `parser.Parse` and `instructions.Parse` read them. Nothing is ever
//! expanded here: variables and quotes in words stay as written.

use super::go;
use super::mount::Mount;
use compact_str::CompactString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Span;

/// A Dockerfile instruction that BuildKit knows (`frontend/dockerfile/command/command.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the instruction of its name")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
}

impl Keyword {
    /// Returns the keyword of an instruction word in any letter case. BuildKit maps case with `strings.ToLower`,
    /// which makes a `k` of the Kelvin sign too.
    pub fn of(word: &str) -> Option<Self> {
        let mut lower = [0; 11];
        if !word.is_ascii() {
            let lower = go::lower(word);
            return lower.is_ascii().then(|| Self::of(&lower))?;
        }
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"add" => Self::Add,
            b"arg" => Self::Arg,
            b"cmd" => Self::Cmd,
            b"copy" => Self::Copy,
            b"entrypoint" => Self::Entrypoint,
            b"env" => Self::Env,
            b"expose" => Self::Expose,
            b"from" => Self::From,
            b"healthcheck" => Self::Healthcheck,
            b"label" => Self::Label,
            b"maintainer" => Self::Maintainer,
            b"onbuild" => Self::Onbuild,
            b"run" => Self::Run,
            b"shell" => Self::Shell,
            b"stopsignal" => Self::StopSignal,
            b"user" => Self::User,
            b"volume" => Self::Volume,
            b"workdir" => Self::Workdir,
            _ => return None,
        })
    }

    /// Returns its name in capitals, as in messages.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::StopSignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
        }
    }
}

/// A word of the source: the text that BuildKit reads, and its position.
///
/// ```text
/// COPY --from=build "/out/a b" /usr/local/bin
///                   ^^^^^^^^^^ span
/// ```
///
/// A word may continue on the next line; its span then covers the escape character and the line break too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as BuildKit's parser returns it, before expansion. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// Most words are short: up to 24 bytes need no allocation.
    pub text: CompactString,
    /// The position. For a JSON string, with its quotes.
    pub span: Span,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// From the first byte of the instruction word to the last byte of its last line, heredoc bodies and terminators
    /// included, without the last line ending.
    pub span: Span,
    /// First line, 1-based (`Node.StartLine`).
    pub start_line: usize,
    /// Last line, 1-based and inclusive, with heredoc terminators, and with comments and blank lines that
    /// were read inside a continuation (`Node.EndLine`).
    pub end_line: usize,
    /// The instruction word as written, e.g. `copy`.
    pub word: Word,
    /// The stage it belongs to, counted from 0 by the FROM lines that BuildKit accepts; a FROM belongs to the stage
    /// that it starts. `None` before the first.
    pub stage: Option<usize>,
    /// The content.
    pub body: Body,
}

/// The content of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `FROM`.
    From(From),
    /// `ARG`: names with their default values.
    Arg(Vec<Assignment>),
    /// `ENV`: names with their values; each has one.
    Env(Vec<Assignment>),
    /// `COPY` and `ADD`.
    Transfer(Box<Transfer>),
    /// `RUN`.
    Run(Run),
    /// `WORKDIR`.
    Workdir(Word),
    /// `USER`.
    User(Word),
    /// `SHELL`: the JSON array.
    Shell(Vec<String>),
    /// `ONBUILD`: the instruction for the child. Its `stage` is that of the ONBUILD; its span starts at the word of
    /// the child.
    Onbuild(Box<Instruction>),
    /// Any other known instruction; it does not touch the filesystem.
    Other(Keyword),
    /// An instruction that could not be read; [`Dockerfile::errors`](super::Dockerfile::errors) says why. As the
    /// child of an ONBUILD it may have no error: BuildKit parses it only in the build that it triggers.
    Unreadable,
}

/// `FROM [--platform=…] base [AS name]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// Image, stage or `scratch`, before expansion.
    pub base: Word,
    /// Name of the stage, lower-cased as BuildKit does.
    pub name: Option<String>,
    /// `--platform`, before expansion.
    pub(crate) platform: Option<String>,
}

/// A name with a value, of `ARG` or `ENV`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub(crate) name: String,
    /// The value before expansion, quotes kept. `None` for `ARG name`.
    pub value: Option<String>,
}

/// The name of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "Keyword")]
pub enum TransferKind {
    /// `COPY`.
    Copy,
    /// `ADD`.
    Add,
}

impl TransferKind {
    /// Returns the keyword of the instruction.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Copy => "COPY",
            Self::Add => "ADD",
        }
    }
}

/// `COPY` or `ADD`; it is judged if it belongs to a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// COPY or ADD.
    pub kind: TransferKind,
    /// The flags as BuildKit's `extractBuilderFlags` reads them: without quotes and escapes, in order.
    pub flags: Vec<Word>,
    /// The values of the flags.
    pub options: TransferOptions,
    /// The sources, heredocs left out, in order.
    pub sources: Vec<Word>,
    /// The heredocs among the sources, in order.
    pub heredocs: Vec<Heredoc>,
    /// The destination. `None` only if BuildKit refuses the line because it has none.
    pub destination: Option<Word>,
    /// True if the arguments are a JSON array.
    pub json: bool,
}

/// The flags of a [`Transfer`], by name. Flags that could not be read are left out, and the errors are in
/// [`Dockerfile::errors`](super::Dockerfile::errors).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferOptions {
    /// `--link`: absent, or its value.
    pub link: Option<bool>,
    /// `--from`, before expansion (COPY).
    pub from: Option<String>,
    /// `--chown`, before expansion.
    pub chown: Option<String>,
    /// `--chmod`, before expansion.
    pub chmod: Option<String>,
    /// `--exclude`, in order.
    pub exclude: Vec<String>,
    /// `--parents` (COPY).
    pub parents: bool,
    /// `--checksum`, before expansion (ADD).
    pub checksum: Option<String>,
    /// `--keep-git-dir` (ADD).
    pub keep_git_dir: Option<bool>,
    /// `--unpack` (ADD).
    pub unpack: Option<bool>,
}

/// A heredoc of COPY, ADD or RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// Its name: the file name in COPY and ADD.
    pub name: String,
    /// True if variables in the body are expanded (the name is not quoted).
    pub expand: bool,
    /// True if leading tabs are dropped (`<<-`).
    pub chomp: bool,
    /// The body in the source, without the terminator's line.
    pub body: Span,
}

/// `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The flags as BuildKit reads them.
    pub flags: Vec<Word>,
    /// `--mount` values, in order.
    pub(crate) mounts: Vec<Mount>,
    /// The command.
    pub command: RunCommand,
    /// Heredocs of the command line, in order.
    pub heredocs: Vec<Heredoc>,
}

/// The command of a [`Run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunCommand {
    /// Shell form: the joined line after the flags. Where a heredoc is the whole command, its body is the
    /// script; this text is then only the `<<NAME`.
    Shell(String),
    /// Exec form: the JSON array.
    Exec(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_known_in_any_case() {
        for word in ["ADD", "copy", "HealthCheck", "STOPSIGNAL", "entrypoint"] {
            let keyword = Keyword::of(word).expect("it is known");
            assert!(keyword.as_str().eq_ignore_ascii_case(word));
        }
        assert_eq!(Keyword::of("WOR\u{212a}DIR"), Some(Keyword::Workdir));
        assert_eq!(Keyword::of("onbu\u{130}ld"), Some(Keyword::Onbuild));
        for unknown in ["", "COPYS", "COPY\u{a0}a", "healthchecks", "É"] {
            assert_eq!(Keyword::of(unknown), None, "{unknown}");
        }
    }
}
