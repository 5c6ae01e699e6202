//! The command line: arguments, and what each subcommand does with the library. It alone prints.

mod change;
mod check;
mod completions;
mod error;
mod explain;
mod github;
mod help;
mod human;
mod input;
mod inspect;
mod migrate;
mod plan;
mod progress;
mod report;
mod revert;
mod status;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use error::{Error, Kind};

use crate::analysis::Benefit;
use crate::github::{IssueAddress, RepositoryName};
use crate::images::file::FileSource;
use crate::ops::{Knowledge, Selection};

/// Migrate the Dockerfiles of a repository to COPY --link, and know beforehand that no image changes.
#[derive(Debug, Parser)]
#[command(name = "layerwright", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = help::TOP, styles = human::style::HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find every Dockerfile, judge each COPY and ADD, and put the files into waves
    #[command(after_help = help::PLAN)]
    Plan(PlanArguments),
    /// Show the sites and verdicts of files; no repository is needed
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArguments),
    /// Show, write or commit the change of one wave, or of some files
    #[command(after_help = help::MIGRATE)]
    Migrate(MigrateArguments),
    /// Show, write or commit the inverse of it, where it still stands
    #[command(after_help = help::REVERT)]
    Revert(RevertArguments),
    /// Build files before and after, and compare the images
    #[command(after_help = help::VERIFY)]
    Verify(Box<verify::VerifyArguments>),
    /// Open the pull requests that are next, keep those that there are, and write the tracking issue
    #[command(after_help = help::REPORT)]
    Report(Box<report::ReportArguments>),
    /// Tell how far the campaign is
    #[command(after_help = help::STATUS)]
    Status(StatusArguments),
    /// Find linked lines that change their image; no plan and no engine is needed
    #[command(after_help = help::CHECK)]
    Check(CheckArguments),
    /// Tell what a rule is about, or list the rules
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArguments),
    /// Print a completion script for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs, on standard output
    Json,
}

/// What is known beside the files.
#[derive(Debug, Args)]
struct KnowledgeArguments {
    /// What a base image holds: a root filesystem tar, an OCI layout or a `docker save` archive; may be repeated
    #[arg(long = "rootfs", value_name = "IMAGE=PATH")]
    rootfs: Vec<String>,
    /// The value of an ARG, to which the verdicts are bound; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    build_args: Vec<String>,
    /// Select these lines too: costs, which make builds slower
    #[arg(long, value_name = "BENEFIT", value_enum)]
    include: Vec<Include>,
    /// Select these lines alone: pays, whose layers outlive changes of what lies below
    #[arg(long, value_name = "BENEFIT", value_enum, conflicts_with = "include")]
    only: Option<Only>,
    /// Keep each local ADD, also where COPY does the same
    #[arg(long)]
    keep_add: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Include {
    /// Lines that make builds slower
    Costs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Lines whose layers outlive changes of what lies below
    Pays,
}

/// Reads the values of `--rootfs`.
fn images(rootfs: &[String]) -> Result<FileSource, Error> {
    FileSource::new(rootfs.iter().map(String::as_str)).map_err(|error| Error::usage(&error))
}

/// Reads the values of `--build-arg`.
fn build_args(pairs: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let read = |pair: &String| match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::new(Kind::Usage, format!("--build-arg {pair}: write NAME=VALUE"))),
    };
    pairs.iter().map(read).collect()
}

/// The files that arguments name. None if they name none.
fn selection(wave: Option<usize>, files: &[String]) -> Option<Selection> {
    match wave {
        Some(wave) => Some(Selection::Wave(wave)),
        None if files.is_empty() => None,
        None => Some(Selection::Files(files.to_owned())),
    }
}

impl KnowledgeArguments {
    /// What the arguments say.
    fn resolve(&self) -> Result<Knowledge, Error> {
        let selects = match self.only {
            Some(Only::Pays) => vec![Benefit::Pays],
            None if self.include.contains(&Include::Costs) => {
                vec![Benefit::Pays, Benefit::Neutral, Benefit::Costs]
            }
            None => Knowledge::default().selects,
        };
        Ok(Knowledge {
            images: images(&self.rootfs)?,
            build_args: build_args(&self.build_args)?,
            selects,
            keep_add: self.keep_add,
        })
    }
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct PlanArguments {
    /// A folder of the repository, or a plain folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The commit that is read
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Plan the files that this text or Markdown lists; `-` is standard input
    #[arg(long, value_name = "FILE", group = "listing")]
    list: Option<PathBuf>,
    /// Plan the files that this issue or pull request on GitHub lists; a private one needs `GITHUB_TOKEN`
    #[arg(long, value_name = "OWNER/REPO#N", group = "listing")]
    issue: Option<IssueAddress>,
    /// The API of that GitHub; for GitHub Enterprise Server, `https://HOST/api/v3`
    #[arg(long, value_name = "URL", default_value = "https://api.github.com")]
    api: String,
    /// With --list or --issue: take in the files that it does not list
    #[arg(long, requires = "listing")]
    all: bool,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
    /// Edit generated files too
    #[arg(long)]
    edit_generated: bool,
    /// Put files into waves as if there were no plan yet, and forget what people decided in it
    #[arg(long)]
    afresh: bool,
    /// Write the plan to its place in the repository
    #[arg(long, conflicts_with = "output")]
    save: bool,
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show every line with its verdict
    #[arg(short, long)]
    verbose: bool,
    /// Show the configuration that counts, each key with where it is from, and plan nothing
    #[arg(long, conflicts_with_all = ["save", "output"])]
    print_config: bool,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
struct InspectArguments {
    /// Dockerfiles; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The build context; without it, sources are not known
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What becomes of a change.
#[derive(Debug, Args)]
struct Outcome {
    /// Show the change (the default)
    #[arg(long, conflicts_with_all = ["write", "commit"])]
    diff: bool,
    /// Write the change to the working tree
    #[arg(long, conflicts_with = "commit")]
    write: bool,
    /// Make a branch with one commit for each file; working tree, index and HEAD stay as they are
    #[arg(long)]
    commit: bool,
    /// The commit that the branches start from; without it, HEAD
    #[arg(long, value_name = "REV", requires = "commit")]
    base: Option<String>,
    /// How the branches are printed
    #[arg(long, value_enum, default_value_t, requires = "commit")]
    format: Format,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
struct MigrateArguments {
    /// Files of the repository instead of a wave; with --accept, globs of files
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// The wave; without it, the first that is not done
    #[arg(long, value_name = "N", conflicts_with = "files")]
    wave: Option<usize>,
    #[command(flatten)]
    outcome: Outcome,
    /// Write or commit a wave although an earlier one is not finished
    #[arg(long)]
    ahead_of_waves: bool,
    /// Accept a difference: write a waiver to layerwright.toml; without :PATH, for any path
    #[arg(long, value_name = "RULE:PATH", requires = "reason", conflicts_with_all = ["diff", "write", "commit", "wave"])]
    accept: Vec<String>,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT", requires = "accept")]
    reason: Option<String>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The plan; without it, the one in the repository, or else one that is made now
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
}

/// Arguments of `revert`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("chosen").required(true).args(["files", "wave"]))]
struct RevertArguments {
    /// Files of the repository
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// The files of this wave
    #[arg(long, value_name = "N")]
    wave: Option<usize>,
    #[command(flatten)]
    outcome: Outcome,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The plan that the lines were linked by; without it, the one in the repository
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

/// How GitHub is reached.
#[derive(Debug, Args)]
struct GitHubArguments {
    /// The repository on GitHub; without it, that of the remote `origin`
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<RepositoryName>,
    /// The API of that GitHub; for GitHub Enterprise Server, `https://HOST/api/v3`
    #[arg(long, value_name = "URL", default_value = "https://api.github.com")]
    api: String,
    /// Act as this GitHub App: its client id or number
    #[arg(long, value_name = "ID", requires = "app_key")]
    app_id: Option<String>,
    /// The file of the App's private key
    #[arg(long, value_name = "FILE", requires = "app_id")]
    app_key: Option<PathBuf>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
struct StatusArguments {
    /// Ask nobody: the saved plan and the repository tell
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    github: GitHubArguments,
    /// The base branch, or a commit of it; without it, HEAD
    #[arg(long, value_name = "REV", requires = "offline")]
    rev: Option<String>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The plan; without it, the one in the repository
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
struct CheckArguments {
    /// A folder of the repository, or a plain folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The commit that is read
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// What a base image holds: a root filesystem tar, an OCI layout or a `docker save` archive; may be repeated
    #[arg(long = "rootfs", value_name = "IMAGE=PATH")]
    rootfs: Vec<String>,
    /// The value of an ARG; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    build_args: Vec<String>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people
    #[default]
    Human,
    /// For programs, on standard output
    Json,
    /// As annotations of GitHub Actions
    Github,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
struct ExplainArguments {
    /// The rule; without it, all are listed
    rule: Option<String>,
}

/// Runs a command line and tells the exit code: 0 done, 1 something was found or images differ, 2 could not do what was
/// asked, 3 refused for safety, 130 interrupted.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = |()| ExitCode::SUCCESS;
    let code = match arguments.command {
        Command::Plan(arguments) => plan::run(&arguments).map(done),
        Command::Inspect(arguments) => inspect::run(&arguments).map(done),
        Command::Migrate(arguments) => migrate::run(&arguments).map(done),
        Command::Revert(arguments) => revert::run(&arguments).map(done),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Report(arguments) => report::run(&arguments).map(done),
        Command::Status(arguments) => status::run(&arguments).map(done),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments).map(done),
        Command::Completions { shell } => completions::run(shell).map(done),
    };
    code.unwrap_or_else(|error| error.report())
}
