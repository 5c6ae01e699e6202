//! `layerwright verify`: the only command that executes anything from a repository.

mod arguments;
pub(crate) mod lines;

use std::ffi::OsString;
use std::process::ExitCode;

use serde::Serialize;

use super::evidence_key::evidence_key;
use super::progress::Progress;
use super::user::configuration;
use super::{Error, github, human, input, write};
use crate::campaign::evidence::{Evidence, Outcome};
use crate::ops::{self, DryRun, FilesToVerify, Verified, VerifyEnd, VerifyError, VerifyOptions};
use crate::text::secret::Secrets;
use crate::verify::builder::Interrupt;
use crate::verify::builder::buildx::{DockerBuildx, Options};
use crate::verify::builder::secret::SecretSource;
use crate::verify::probe::legacy_builder;

pub(crate) use arguments::VerifyArguments;
use arguments::{BuildArguments, Format};

/// The version of the format of `--format json`.
const SCHEMA: u32 = 1;

/// The exit code of an interrupted command.
const INTERRUPTED: u8 = 130;

/// The output of `--format json`.
#[derive(Serialize)]
struct Printed<'a> {
    schema: u32,
    files: &'a [Evidence],
}

/// The output of `--dry-run --format json`.
#[derive(Serialize)]
struct PrintedSteps<'a> {
    schema: u32,
    #[serde(flatten)]
    planned: &'a DryRun,
}

/// Builds the files of a wave before and after, compares, and writes the evidence.
pub(crate) fn run(arguments: &VerifyArguments) -> Result<ExitCode, Error> {
    let files = files(arguments)?;
    if arguments.format == Format::GithubMatrix {
        return matrix(ops::shards(&files)?).map(|()| ExitCode::SUCCESS);
    }
    if arguments.dry_run {
        return dry_run(arguments, files).map(|()| ExitCode::SUCCESS);
    }
    let verified = with_options(arguments, files, |options, progress| {
        ops::verify(options, &|notice| progress.show(notice))
    })?;
    let Verified { plan, evidence, stale, end, step } = &verified;
    if evidence.is_empty() && end.is_none() && stale.is_empty() {
        let why = if arguments.files.is_empty() {
            "no file of the wave needs evidence; a file that is verified or merged is built again if you name it"
        } else {
            "the plan edits none of these files: it was made after they were merged, or they have nothing to link"
        };
        write::remark(&format!("nothing to verify: {why}"));
    }
    match arguments.format {
        Format::Json => write::json(&Printed { schema: SCHEMA, files: evidence })?,
        Format::Human | Format::GithubMatrix => {
            let step = step.as_ref().map(human::next_step).unwrap_or_default();
            write::stdout(&(human::verified(plan, evidence) + &step))?;
        }
    }
    Ok(match end {
        Some(VerifyEnd::Interrupted) => {
            write::remark("interrupted: all builds are stopped; the evidence of finished files is written");
            ExitCode::from(INTERRUPTED)
        }
        Some(VerifyEnd::Failed(error)) => Error::from(error).report(),
        None => ExitCode::from(code(arguments, &verified)),
    })
}

fn files(arguments: &VerifyArguments) -> Result<FilesToVerify, Error> {
    Ok(FilesToVerify {
        repository: arguments.repository.clone(),
        selection: super::selection(arguments.wave, &arguments.files),
        plan: input::plan(arguments.plan.as_deref())?,
    })
}

/// The setting that turns BuildKit on or off for a plain `docker build`.
#[expect(clippy::disallowed_methods, reason = "it changes no result: only a warning depends on it")]
fn docker_buildkit() -> Option<OsString> {
    std::env::var_os("DOCKER_BUILDKIT")
}

/// Shows the steps that would be executed.
fn dry_run(arguments: &VerifyArguments, files: FilesToVerify) -> Result<(), Error> {
    let planned = with_options(arguments, files, |options, progress| {
        ops::dry_run(options, &|notice| progress.show(notice))
    })?;
    match arguments.format {
        Format::Json => write::json(&PrintedSteps { schema: SCHEMA, planned: &planned }),
        Format::Human | Format::GithubMatrix => write::stdout(&human::planned(&planned)),
    }
}

/// Calls an operation with the options of the command.
fn with_options<T>(
    arguments: &VerifyArguments,
    files: FilesToVerify,
    operation: impl FnOnce(&VerifyOptions<'_>, &Progress) -> Result<T, VerifyError>,
) -> Result<T, Error> {
    let build = &arguments.build;
    let own = configuration()?.verify;
    let interrupt = Interrupt::new();
    let builder = DockerBuildx::new(Options {
        builder: build.builder.clone().or(own.builder),
        interrupt: interrupt.clone(),
        ..Options::default()
    });
    if let Some(warning) = legacy_builder(docker_buildkit().as_deref()) {
        write::remark(warning);
    }
    let mut hidden = hidden(build);
    let key = evidence_key(arguments.evidence_key.as_deref(), &mut hidden)?;
    write::hide(&hidden);
    let options = VerifyOptions {
        files,
        shard: arguments.shard,
        jobs: arguments.jobs,
        builder: &builder,
        interrupt: interrupt.clone(),
        depth: arguments.depth.map(Into::into),
        frontend: arguments.frontend.map(Into::into).or(own.frontend),
        platforms: build.platform.clone(),
        build_args: super::knowledge::build_args(&build.build_args)?,
        secrets: build.secret.clone(),
        ssh: build.ssh.clone(),
        hidden,
        allow_commands: arguments.allow_commands,
        passed: build.passed(own.network),
        reuse: arguments.reuse,
        out: arguments.out.clone(),
        temporary: std::env::temp_dir(),
        keep: arguments.keep,
        key,
        clock: &github::now,
    };
    interrupt.listen().map_err(|error| Error::environment(&error))?;
    Ok(operation(&options, &Progress::new())?)
}

/// Returns the values that nothing may show: those of the secrets and of the keys, and the tokens of the environment.
#[expect(clippy::disallowed_methods, reason = "the values are read to be hidden")]
fn hidden(build: &BuildArguments) -> Secrets {
    let mut hidden = Secrets::default();
    let variable = |name: &str| std::env::var_os(name);
    for secret in &build.secret {
        SecretSource::read(secret).hide(&variable, &mut hidden);
    }
    // `default=KEY,KEY`: files with private keys, or sockets.
    let keys =
        build.ssh.iter().filter_map(|agent| agent.split_once('=')).flat_map(|(_, keys)| keys.split(','));
    keys.for_each(|key| SecretSource::File(key.into()).hide(&variable, &mut hidden));
    for token in github::TOKENS {
        SecretSource::Variable(token.to_owned()).hide(&variable, &mut hidden);
    }
    hidden
}

/// Returns the exit code: 1 for differences without a waiver, 2 if nothing could be tested, 3 for a stale plan.
fn code(arguments: &VerifyArguments, verified: &Verified) -> u8 {
    let is = |outcome: Outcome| verified.evidence.iter().any(|one| one.open_outcome() == outcome);
    if is(Outcome::Different) {
        1
    } else if is(Outcome::CouldNotTest) {
        2
    } else if !verified.stale.is_empty() {
        3
    } else {
        u8::from(arguments.strict && (is(Outcome::Blocked) || is(Outcome::TimedOut)))
    }
}

/// Prints the shards as the matrix of a workflow.
fn matrix(count: usize) -> Result<(), Error> {
    let include: Vec<_> =
        (1..=count).map(|number| serde_json::json!({ "shard": format!("{number}/{count}") })).collect();
    write::raw(format!("{}\n", serde_json::json!({ "include": include })).as_bytes())
}
