//! Commands that are run in both images. It compares what they say and how they end, and keeps none of it.
//!
//! A command runs as a RUN at the end of the stage, so that any builder can run it, with the USER, ENV, WORKDIR and SHELL
//! that the image has there. What it says goes to a file, standard error too, and so does its exit code; a stage of those
//! files alone is exported. Commands run one after the other, each in what those before it left. The image needs a shell
//! that knows `&&`, `||`, redirections and `.`. A shell that stops at errors (`-e`) does not within a command.

use std::fmt::Write as _;

use bstr::ByteSlice;
use sha2::{Digest as _, Sha256};

use super::builder::{BuildError, Request};
use super::image::{Digest, Image, NodeKind};
use super::variant_builds::{Failure, Variants, Workbench, stages};
use crate::campaign::evidence::Smoke;
use crate::dockerfile::Dockerfile;

/// Where the files are in the image while it is asked.
const FOLDER: &str = "/.layerwright-smoke";

/// What a command said, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    output: Digest,
    code: i32,
}

/// Runs commands in both images. An output that the original itself does not give twice is not compared; the exit code
/// is, always.
///
/// # Errors
///
/// [`Failure::Shell`] for an image that has no shell, and what building says.
pub fn run(
    bench: &mut Workbench<'_>,
    variants: &Variants,
    commands: &[String],
) -> Result<Vec<Smoke>, Failure> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let before = answers(bench, &variants.original, commands)?;
    let after = answers(bench, &variants.edited, commands)?;
    let again = if before == after { before.clone() } else { answers(bench, &variants.original, commands)? };
    let asked = commands.iter().zip(before.into_iter().zip(after).zip(again));
    Ok(asked
        .map(|(command, ((before, after), again))| Smoke {
            command: command.clone(),
            agrees: before.code == after.code
                && (before.output == after.output || before.output != again.output),
            before: before.code,
            after: after.code,
        })
        .collect())
}

/// Runs commands in one image. What one run left in the cache is nothing to the next.
fn answers(
    bench: &mut Workbench<'_>,
    request: &Request,
    commands: &[String],
) -> Result<Vec<Answer>, Failure> {
    let nonce = bench.nonce();
    let Some(text) = with_commands(request, commands, &nonce) else {
        return Err(Failure::Shell { said: "there is no such stage".into() });
    };
    let asked = Request { dockerfile: text, target: None, anew: Vec::new(), ..request.clone() };
    let image = bench.image(&asked).map_err(|failure| match failure {
        Failure::Build(BuildError::Failed { step, said })
            if step.as_ref().unwrap_or(&said).contains(FOLDER) =>
        {
            Failure::Shell { said }
        }
        failure => failure,
    })?;
    let answer = |at: usize| read(&image.image, at);
    (0..commands.len())
        .map(|at| answer(at).ok_or_else(|| Failure::Shell { said: "a command left no exit code".into() }))
        .collect()
}

/// The text up to the end of the stage that is built, with the commands behind it, and a stage of what they said. None
/// where there is no such stage.
fn with_commands(request: &Request, commands: &[String], nonce: &str) -> Option<Vec<u8>> {
    let dockerfile = Dockerfile::read(request.dockerfile.as_slice());
    let stage = stages(&dockerfile, &request.build_args).of_target(request.target.as_deref())?;
    let last = dockerfile.instructions().iter().rfind(|instruction| instruction.stage == Some(stage))?;
    let mut text = String::from("\n");
    for (at, command) in commands.iter().enumerate() {
        let mut end = format!("{nonce}-{at}");
        while command.lines().any(|line| line == end) {
            end.push('x');
        }
        let file = format!("{FOLDER}/{at}");
        // Whoever the USER is, it may write to them. The command is a comment with the nonce and what was said.
        let _ = write!(
            text,
            "COPY --chmod=666 <<\"{end}\" {file}.command\n# {nonce}\n{command}\n{end}\n\
             COPY --chmod=666 <<\"{end}\" {file}.output\n{end}\n\
             COPY --chmod=666 <<\"{end}\" {file}.code\n{end}\n\
             RUN ( . {file}.command ) >{file}.output 2>&1 </dev/null && echo 0 >{file}.code || echo $? >{file}.code\n"
        );
    }
    let _ = write!(text, "FROM scratch\nCOPY --from={stage} {FOLDER}/ /\n");
    Some([&dockerfile.text()[..last.span.end], text.as_bytes()].concat())
}

/// What the command at a place said. `None` if it left nothing.
fn read(image: &Image, at: usize) -> Option<Answer> {
    let content = |name: &str| match image.entries.get(format!("{at}.{name}").as_bytes().as_bstr())?.kind {
        NodeKind::File { content, .. } => Some(content),
        _ => None,
    };
    let (output, code) = (content("output")?, content("code")?);
    // Of files the digest alone is read, and there are 256 exit codes.
    let is_code = |number: &i32| Digest(Sha256::digest(format!("{number}\n")).into()) == code;
    Some(Answer { output, code: (0..256).find(is_code)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::variant_builds::tests::variants;

    #[test]
    fn commands_stand_behind_the_stage_that_is_built() {
        let mut request = variants("FROM a AS x\nUSER u\n\nFROM b\nRUN y", "").original;
        let text = |request: &Request| with_commands(request, &["say\nn-0".into(), "b".into()], "n").unwrap();
        let read = Dockerfile::read(text(&request));
        assert!(read.errors().is_empty(), "{:?}", read.errors());
        let words: Vec<&str> =
            read.instructions().iter().map(|instruction| instruction.word.text.as_str()).collect();
        let asked = ["COPY", "COPY", "COPY", "RUN", "COPY", "COPY", "COPY", "RUN", "FROM", "COPY"];
        assert_eq!(words, [&["FROM", "USER", "FROM", "RUN"], &asked[..]].concat());
        request.target = Some("x".into());
        let read = Dockerfile::read(text(&request));
        assert!(read.errors().is_empty() && read.instructions().len() == 2 + asked.len());
        assert!(read.text().ends_with(b"FROM scratch\nCOPY --from=0 /.layerwright-smoke/ /\n"));
        request.target = Some("none".into());
        assert_eq!(with_commands(&request, &[], "n"), None);
    }
}
