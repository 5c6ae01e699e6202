//! The command line: arguments, and the call of the library for each subcommand. Only this module prints.

mod again;
mod cache;
mod change;
mod check;
mod completions;
mod decide;
mod error;
mod evidence_key;
mod explain;
mod github;
mod help;
mod human;
mod init;
mod input;
mod inspect;
mod knowledge;
mod man;
mod migrate;
mod open;
mod plan;
mod progress;
mod registries;
mod report;
mod revert;
mod status;
mod user;
mod verify;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use error::{Error, ErrorKind};

use crate::github::{IssueAddress, RepositoryName};
use crate::ops::Selection;
use knowledge::KnowledgeArguments;

/// Migrate the Dockerfiles of a repository to COPY --link, with a proof that no image changes
#[derive(Debug, Parser)]
#[command(name = "layerwright", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = help::TOP, styles = human::style::HELP)]
struct Arguments {
    /// Run as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    folder: Option<PathBuf>,
    /// Print results and errors only: no progress and no notes
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find all Dockerfiles, judge each COPY and ADD, and assign the files to waves
    #[command(after_help = help::PLAN)]
    Plan(PlanArguments),
    /// Write a layerwright.toml to start from, with what is found in the repository
    Init,
    /// Show the verdict for each COPY and ADD of single files; needs no repository
    #[command(after_help = help::INSPECT)]
    Inspect(InspectArguments),
    /// Show, write or commit the changes to a wave or to single files
    #[command(after_help = help::MIGRATE)]
    Migrate(MigrateArguments),
    /// Show, write or commit the reversal of a migration
    #[command(after_help = help::REVERT)]
    Revert(RevertArguments),
    /// Build each file before and after its change, and compare the images
    #[command(after_help = help::VERIFY)]
    Verify(Box<verify::VerifyArguments>),
    /// Open the next pull requests, and update the open ones and the tracking issue
    #[command(after_help = help::REPORT)]
    Report(Box<report::ReportArguments>),
    /// Show the progress of the campaign
    #[command(after_help = help::STATUS)]
    Status(StatusArguments),
    /// Leave a file out of the campaign
    Skip {
        /// The file
        file: String,
        /// Why it is left out; the plan and the tracking issue show it
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Decide in which wave a file goes out
    Decide {
        /// The file
        file: String,
        /// The wave; 0 is the proof of concept
        #[arg(long, value_name = "N")]
        wave: usize,
    },
    /// Find linked lines that are unsafe, and builders that ignore or reject the flag; needs no plan and no builder
    #[command(after_help = help::CHECK)]
    Check(Box<check::CheckArguments>),
    /// Show what is kept of registries, so that images are not read again
    #[command(after_help = help::CACHE)]
    Cache(CacheArguments),
    /// Explain a rule, or list all rules
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArguments),
    /// Print a shell completion script
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// Shell to print the script for
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of all commands
    Man {
        /// The folder to write them to
        #[arg(value_name = "DIR")]
        target: PathBuf,
    },
}

/// The format of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    #[default]
    Human,
    /// JSON on standard output
    Json,
}

/// Returns the files that the arguments name. `None` if they name none.
fn selection(wave: Option<usize>, files: &[String]) -> Option<Selection> {
    match wave {
        Some(wave) => Some(Selection::Wave(wave)),
        None if files.is_empty() => None,
        None => Some(Selection::Files(files.to_owned())),
    }
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct PlanArguments {
    /// A file or folder of this repository to limit the files to, or another repository or folder
    path: Option<PathBuf>,
    /// Read this commit
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Plan the files listed in this text or Markdown file; `-` for standard input [default: the list of the saved plan]
    #[arg(long, value_name = "FILE", group = "listing")]
    list: Option<PathBuf>,
    /// Plan the files listed in this issue or pull request on GitHub; private repositories need `GITHUB_TOKEN`
    #[arg(long, value_name = "OWNER/REPO#N", group = "listing")]
    issue: Option<IssueAddress>,
    /// URL of the GitHub API; for GitHub Enterprise Server, `https://HOST/api/v3` [default: `[github] api` in your
    /// configuration, or else that of github.com]
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Also plan the files that the list does not name
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
    /// Also edit generated files
    #[arg(long)]
    edit_generated: bool,
    #[command(flatten)]
    evidence: EvidenceArguments,
    /// Ignore the saved plan: assign all files to waves again, and discard the decisions in it
    #[arg(long)]
    afresh: bool,
    /// Save the plan in the repository
    #[arg(long, conflicts_with = "output")]
    save: bool,
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show each COPY and ADD with its verdict
    #[arg(short, long)]
    verbose: bool,
    /// Show the effective configuration with the origin of each key, and do not plan
    #[arg(long, conflicts_with_all = ["save", "output"])]
    print_config: bool,
    /// Show how this Dockerfile is built, by which files and calls, and do not plan
    #[arg(long, value_name = "FILE", conflicts_with_all = ["save", "output", "print_config"])]
    explain_build: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The arguments of `inspect`.
#[derive(Debug, Args)]
struct InspectArguments {
    /// Dockerfiles to inspect; `-` for standard input
    #[arg(default_value = "Dockerfile", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The build context; without it, the sources are unknown
    #[arg(long, value_name = "DIR")]
    context: Option<PathBuf>,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The choice between showing, writing and committing a change.
#[derive(Debug, Args)]
struct Outcome {
    /// Show the change (the default)
    #[arg(long, conflicts_with_all = ["write", "commit"])]
    diff: bool,
    /// Write the change to the working tree
    #[arg(long, conflicts_with = "commit")]
    write: bool,
    /// Create a branch with one commit for each file; does not touch the working tree, the index or HEAD
    #[arg(long)]
    commit: bool,
    /// Start the branches at this commit [default: HEAD]
    #[arg(long, value_name = "REV", requires = "commit")]
    base: Option<String>,
    /// Output format of the branches
    #[arg(long, value_enum, default_value_t, requires = "commit")]
    format: Format,
}

/// The arguments of `migrate`.
#[derive(Debug, Args)]
struct MigrateArguments {
    /// Migrate these files instead of a wave; with --accept, globs of files
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Migrate this wave [default: the first that is not done]
    #[arg(long, value_name = "N", conflicts_with = "files")]
    wave: Option<usize>,
    #[command(flatten)]
    outcome: Outcome,
    /// Write or commit a wave even if an earlier wave is not finished
    #[arg(long)]
    ahead_of_waves: bool,
    /// Accept a difference: add a waiver to layerwright.toml; without :PATH, for all paths
    #[arg(long, value_name = "RULE:PATH", requires = "reason", conflicts_with_all = ["diff", "write", "commit", "wave"])]
    accept: Vec<String>,
    /// Reason for the waiver
    #[arg(long, value_name = "TEXT", requires = "accept")]
    reason: Option<String>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// Use this plan [default: the saved plan, or a new one]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    knowledge: KnowledgeArguments,
}

/// The arguments of `revert`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("chosen").required(true).args(["files", "wave"]))]
struct RevertArguments {
    /// Revert these files
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Revert the files of this wave
    #[arg(long, value_name = "N")]
    wave: Option<usize>,
    #[command(flatten)]
    outcome: Outcome,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The plan that linked the lines [default: the saved plan]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

/// The evidence that is read besides that of the campaign.
#[derive(Debug, Args)]
struct EvidenceArguments {
    /// Read the evidence in this folder first, as `verify --out` wrote it; may be repeated
    #[arg(long = "evidence", value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// The access to GitHub.
#[derive(Debug, Args)]
struct GitHubArguments {
    /// The repository on GitHub [default: that of the remote `origin`]
    #[arg(long, value_name = "OWNER/REPO")]
    repo: Option<RepositoryName>,
    /// URL of the GitHub API; for GitHub Enterprise Server, `https://HOST/api/v3` [default: `[github] api` in your
    /// configuration, or else that of github.com]
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Authenticate as this GitHub App (client ID or number)
    #[arg(long, value_name = "ID", requires = "app_key")]
    app_id: Option<String>,
    /// The file with the private key of the App
    #[arg(long, value_name = "FILE", requires = "app_id")]
    app_key: Option<PathBuf>,
}

/// The arguments of `status`.
#[derive(Debug, Args)]
struct StatusArguments {
    /// Do not contact GitHub
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    github: GitHubArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    /// Write the status page to this file, as one self-contained HTML page; needs no token
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Open the page in a browser
    #[arg(long, requires = "page")]
    open: bool,
    /// The base branch, or a commit of it [default: HEAD]
    #[arg(long, value_name = "REV", requires = "offline")]
    rev: Option<String>,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// Use this plan [default: the saved plan]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The arguments of `cache`.
#[derive(Debug, Args)]
struct CacheArguments {
    /// Remove all of it
    #[arg(long)]
    clear: bool,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
struct ExplainArguments {
    /// The rule to explain; without it, all rules are listed
    rule: Option<String>,
}

/// Runs the command line and returns the exit code: 0 success, 1 findings or images differ, 2 error, 3 refused for
/// safety, 130 interrupted.
pub fn run() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let done = |()| ExitCode::SUCCESS;
    if arguments.quiet {
        write::be_quiet();
    }
    if let Some(folder) = &arguments.folder
        && let Err(error) = std::env::set_current_dir(folder)
    {
        let text = format!("{} cannot be entered: {error}", folder.display());
        return Error::new(ErrorKind::Usage, text).report();
    }
    again::remember(Arguments::command(), &matches);
    let code = match arguments.command {
        Command::Plan(arguments) => plan::run(&arguments).map(done),
        Command::Init => init::run().map(done),
        Command::Inspect(arguments) => inspect::run(&arguments).map(done),
        Command::Migrate(arguments) => migrate::run(&arguments).map(done),
        Command::Revert(arguments) => revert::run(&arguments).map(done),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Report(arguments) => report::run(&arguments).map(done),
        Command::Status(arguments) => status::run(&arguments).map(done),
        Command::Skip { file, reason } => decide::run(&file, None, Some(&reason)).map(done),
        Command::Decide { file, wave } => decide::run(&file, Some(wave), None).map(done),
        Command::Check(arguments) => check::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments).map(done),
        Command::Explain(arguments) => explain::run(&arguments).map(done),
        Command::Completions { shell } => completions::run(shell).map(done),
        Command::Man { target } => man::run(&target).map(done),
    };
    code.unwrap_or_else(|error| error.report())
}
