//! The builder that `docker buildx` drives, of any driver: the engine, a container, Kubernetes, a remote one.
//!
//! It never prompts: standard input is closed. The user's arguments come before those that the evidence depends on,
//! so that they cannot override them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::process::{self, Ended, Stopped};
use super::progress::{Format, Progress};
use super::secret::SecretSource;
use super::{BuildError, Builder, Built, Interrupt, Output, Request, Vertex, failure};
use crate::campaign::evidence::BuilderFacts;
use crate::text::words::first_line;
use crate::verify::temporary::Temporary;

/// The timeout for questions to the client. A builder in a container may have to be pulled and started first.
const ANSWER: Duration = Duration::from_mins(3);

/// The first BuildKit 0.x whose image exporter writes folders (`exporter/oci`, `tar`).
const LAYOUTS: u32 = 11;

/// The choice of the builder, and its interrupt.
#[derive(Clone, Debug)]
pub struct Options {
    /// The client.
    pub docker: PathBuf,
    /// The builder's name in `docker buildx ls`; `None` for the one in use.
    pub builder: Option<String>,
    /// The interrupt that stops running builds.
    pub interrupt: Interrupt,
}

impl Default for Options {
    fn default() -> Self {
        Self { docker: "docker".into(), builder: None, interrupt: Interrupt::new() }
    }
}

/// `docker buildx build` as a process.
#[derive(Debug)]
pub struct DockerBuildx {
    options: Options,
    facts: Mutex<Option<BuilderFacts>>,
}

impl DockerBuildx {
    /// Creates a builder without contacting it.
    pub fn new(options: Options) -> Self {
        Self { options, facts: Mutex::new(None) }
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = process::command(&self.options.docker);
        command.args(arguments);
        command
    }

    /// Returns its interrupt.
    pub(super) fn interrupt(&self) -> &Interrupt {
        &self.options.interrupt
    }

    /// Returns an error if the interrupt was requested, so that nothing more is started.
    fn go_on(&self) -> Result<(), BuildError> {
        if self.options.interrupt.is_asked() { Err(BuildError::Interrupted) } else { Ok(()) }
    }

    /// Runs a client command. Returns its success, its standard output and its standard error.
    pub(super) fn ask(&self, command: Command) -> Result<(bool, String, String), BuildError> {
        self.go_on()?;
        let text = |stream: &mut dyn Read| {
            let mut bytes = Vec::new();
            let _broken = stream.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (mut wrote, until) = (String::new(), process::now() + ANSWER);
        let errors = |mut stderr| text(&mut stderr).trim().to_owned();
        let output = |stdout: &mut dyn Read| wrote = text(stdout);
        let ran = process::run(command, &self.options.interrupt, Some(until), errors, output);
        let (ended, said) = ran.map_err(BuildError::NoDocker)?;
        match ended.stopped {
            Some(Stopped::Interrupted) => Err(BuildError::Interrupted),
            Some(Stopped::TimedOut) => Err(BuildError::NoBuilder { said: "it does not answer".into() }),
            None => Ok((ended.status.success(), wrote, said)),
        }
    }

    /// Returns the version of buildx, as in `v0.29.1`.
    fn buildx(&self) -> Result<String, BuildError> {
        let (success, wrote, said) = self.ask(self.command(&["buildx", "version"]))?;
        let version = wrote.split_whitespace().nth(1).filter(|_| success);
        version.map(str::to_owned).ok_or_else(|| BuildError::NoBuildx { said: first_words(&said) })
    }

    /// Returns the output of `docker buildx inspect`. `start` starts a builder that does not run.
    fn inspect(&self, start: bool) -> Result<Inspected, BuildError> {
        let mut command = self.command(&["buildx", "inspect"]);
        command.args(start.then_some("--bootstrap")).args(&self.options.builder);
        let (success, wrote, said) = self.ask(command)?;
        let inspected = Inspected::read(&wrote);
        if inspected.runs && success {
            Ok(inspected)
        } else {
            Err(BuildError::NoBuilder { said: inspected.error.unwrap_or_else(|| first_words(&said)) })
        }
    }

    /// Returns true if the engine itself runs without root.
    fn engine_is_rootless(&self) -> Result<Option<bool>, BuildError> {
        let command = self.command(&["info", "--format", "{{json .SecurityOptions}}"]);
        let (success, wrote, _) = self.ask(command)?;
        Ok(success.then(|| wrote.contains("\"name=rootless\"")))
    }

    fn look(&self) -> Result<BuilderFacts, BuildError> {
        let buildx = self.buildx()?;
        let Inspected { name, driver, buildkit, rootless, .. } = self.inspect(true)?;
        if let Some(buildkit) =
            buildkit.as_deref().filter(|version| minor(version).is_some_and(|minor| minor < LAYOUTS))
        {
            let said = format!(
                "BuildKit {buildkit} does not export image layouts: update it to 0.{LAYOUTS} or newer"
            );
            return Err(BuildError::NoBuilder { said });
        }
        let rootless = if driver == "docker" { self.engine_is_rootless()? } else { rootless };
        Ok(BuilderFacts { name, driver, buildkit, buildx, rootless })
    }

    /// Returns `docker buildx build` with all its arguments.
    fn build_command(&self, request: &Request, format: Format, dockerfile: &Path) -> Command {
        let mut command = self.command(&["buildx", "build"]);
        give_back(&mut command, &request.secrets);
        command.args(&request.passed);
        let mut option = |name: &str, value: &str| {
            command.arg(format!("--{name}={value}"));
        };
        let one = [
            ("builder", &self.options.builder),
            ("target", &request.target),
            ("platform", &request.platform),
        ];
        for (name, value) in one.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            option(name, value);
        }
        for (key, value) in &request.build_args {
            option("build-arg", &format!("{key}={value}"));
        }
        for (key, context) in &request.contexts {
            option("build-context", &format!("{key}={context}"));
        }
        let many =
            [("secret", &request.secrets), ("ssh", &request.ssh), ("no-cache-filter", &request.uncached)];
        for (name, values) in many {
            for value in values {
                option(name, value);
            }
        }
        match &request.output {
            Output::Layout(folder) => {
                // Fields are CSV (buildx, `buildflags.ParseExports`).
                let folder = folder.display().to_string().replace('"', "\"\"");
                option("output", &format!("type=oci,tar=false,\"dest={folder}\",compression=uncompressed"));
            }
            Output::Nothing => option("output", "type=cacheonly"),
            Output::Image(name) => {
                option("load", "true");
                option("tag", name);
            }
        }
        option("provenance", "false");
        option("sbom", "false");
        option("progress", format.as_str());
        let mut file = OsString::from("--file=");
        file.push(dockerfile);
        command.arg(file).arg("--").arg(&request.context);
        command
    }

    /// Returns the error of a build without an image.
    fn failure(&self, ended: Ended, progress: &Progress<'_>, after: Duration) -> BuildError {
        match ended.stopped {
            Some(Stopped::Interrupted) => BuildError::Interrupted,
            Some(Stopped::TimedOut) => BuildError::TimedOut { after },
            None => failure::of(progress, || self.inspect(false).is_ok()),
        }
    }
}

impl Builder for DockerBuildx {
    fn facts(&self) -> Result<BuilderFacts, BuildError> {
        let mut known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = &*known {
            return Ok(facts.clone());
        }
        let facts = self.look()?;
        Ok(known.insert(facts).clone())
    }

    fn build(&self, request: &Request, watch: &(dyn Fn(&Vertex) + Sync)) -> Result<Built, BuildError> {
        let format = format(&self.facts()?.buildx);
        self.go_on()?;
        let folder = files(request).map_err(|source| BuildError::System {
            what: "the Dockerfile cannot be written into the temporary folder",
            source,
        })?;
        let command = self.build_command(request, format, &folder.path().join("Dockerfile"));
        let began = process::now();
        let progress = Progress::new(watch);
        let errors = |stderr| progress.read(format, BufReader::new(stderr));
        let ran = process::run(command, &self.options.interrupt, request.deadline, errors, |_| {});
        let (ended, progress) = ran.map_err(BuildError::NoDocker)?;
        if ended.status.success() {
            let exported = began.elapsed();
            let elapsed = progress.exporting.map_or(exported, |exporting| exporting - began);
            let merging = progress.merging;
            Ok(Built { vertexes: progress.vertexes, elapsed, exported, merging })
        } else {
            Err(self.failure(ended, &progress, began.elapsed()))
        }
    }
}

/// Gives the client the variables of the forge that a secret of the user names.
#[expect(clippy::disallowed_methods, reason = "the user names the variable")]
fn give_back(command: &mut Command, secrets: &[String]) {
    let named: Vec<_> = secrets.iter().map(|secret| SecretSource::read(secret)).collect();
    for variable in process::FORGE {
        let is_named = |source: &SecretSource| match source {
            SecretSource::Variable(name) | SecretSource::Either(name) => name == variable,
            SecretSource::File(_) => false,
        };
        if let Some(value) = std::env::var_os(variable).filter(|_| named.iter().any(is_named)) {
            command.env(variable, value);
        }
    }
}

/// Writes the Dockerfile and its ignore file into a folder of their own.
fn files(request: &Request) -> io::Result<Temporary> {
    let folder = Temporary::new(&std::env::temp_dir(), "dockerfile")?;
    fs::write(folder.path().join("Dockerfile"), &request.dockerfile)?;
    if let Some(ignore) = &request.ignore {
        fs::write(folder.path().join("Dockerfile.dockerignore"), ignore)?;
    }
    Ok(folder)
}

/// Returns the progress format of this version of buildx: `rawjson` came with 0.13.
fn format(buildx: &str) -> Format {
    if minor(buildx).is_some_and(|minor| minor < 13) { Format::Plain } else { Format::RawJson }
}

/// Returns the second number of a version whose first is 0. A version that is not a number, or 0.0, is a custom build
/// from a newer source.
fn minor(version: &str) -> Option<u32> {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(0)), Some(Ok(minor @ 1..))) => Some(minor),
        _ => None,
    }
}

/// Returns the first words of the client's output, for an error.
fn first_words(said: &str) -> String {
    match first_line(said) {
        "" => "no output".to_owned(),
        line => line.to_owned(),
    }
}

/// The output of `docker buildx inspect`: about the builder, and about its first node.
#[derive(Debug, Default)]
struct Inspected {
    name: String,
    driver: String,
    buildkit: Option<String>,
    rootless: Option<bool>,
    runs: bool,
    error: Option<String>,
}

impl Inspected {
    fn read(text: &str) -> Self {
        let mut this = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match key.trim() {
                "Name" if this.name.is_empty() => value.clone_into(&mut this.name),
                "Driver" => value.clone_into(&mut this.driver),
                // "Buildkit" before buildx 0.12.
                "BuildKit version" | "Buildkit" => {
                    this.buildkit.get_or_insert_with(|| value.to_owned());
                }
                "Status" => this.runs |= value == "running",
                // Drivers "docker-container" and "kubernetes": the image or the option states it.
                "Driver Options" if value.contains("rootless=\"true\"") || value.contains("-rootless\"") => {
                    this.rootless = Some(true);
                }
                "Error" => this.error = Some(value.to_owned()),
                _ => {}
            }
        }
        this
    }
}

#[cfg(test)]
mod tests;
