//! Smoke commands, which run in both images. Compares their output and exit codes, and never stores either.
//!
//! A command runs as a RUN at the end of the stage, so that any builder can run it, with the USER, ENV, WORKDIR and
//! SHELL of the image there. Its output, with standard error, goes to a file, and so does its exit code; a stage of
//! those files alone is exported. Commands run one after the other, each in the state that the earlier ones left. The
//! image needs a shell that knows `&&`, `||`, redirections and `.`. A shell that stops at errors (`-e`) does not stop
//! within a command.

use std::fmt::Write as _;

use bstr::ByteSlice;
use sha2::{Digest as _, Sha256};

use super::builder::{BuildError, Request};
use super::image::{Digest, Image, NodeKind};
use super::variant_builds::{Failure, Variants, Workbench, stages};
use crate::campaign::evidence::Smoke;
use crate::dockerfile::Dockerfile;

/// The folder of the output files in the image while commands run.
const FOLDER: &str = "/.layerwright-smoke";

/// The output of a command and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    output: Digest,
    code: i32,
}

/// Runs commands in both images. The output of a command is not compared if two runs in the original differ; the exit
/// code is always compared.
///
/// # Errors
///
/// [`Failure::Shell`] if the image has no shell, and any error of the build.
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

/// Runs commands in one image. Nothing that one run left in the cache affects the next.
fn answers(
    bench: &mut Workbench<'_>,
    request: &Request,
    commands: &[String],
) -> Result<Vec<Answer>, Failure> {
    let nonce = bench.nonce();
    let Some(text) = with_commands(request, commands, &nonce) else {
        return Err(Failure::Shell { said: "there is no such stage".into() });
    };
    let asked = Request { dockerfile: text, target: None, uncached: Vec::new(), ..request.clone() };
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

/// Returns the text up to the end of the stage that is built, followed by the commands and a stage of their output.
/// `None` if there is no such stage.
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
        // Any USER may write to the files. The command file begins with a comment that holds the nonce.
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

/// Returns the answer of the command at a place. `None` if it left no files.
fn read(image: &Image, at: usize) -> Option<Answer> {
    let content = |name: &str| match image.entries.get(format!("{at}.{name}").as_bytes().as_bstr())?.kind {
        NodeKind::File { content, .. } => Some(content),
        _ => None,
    };
    let (output, code) = (content("output")?, content("code")?);
    // Only the digest of a file is read, and there are 256 exit codes.
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
