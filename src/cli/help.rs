//! The text below the options in `--help`: examples, exit codes and notes.

/// The text for `layerwright` itself.
pub(crate) const TOP: &str = "\
Start with these commands; none of them changes a file:
  layerwright plan                     which lines are safe to link, and why
  layerwright inspect Dockerfile       each COPY and ADD with its verdict
  layerwright migrate --wave 0 --diff  the first changes

Exit codes: 0 success, 1 findings or images differ, 2 error, 3 refused for safety, 130 interrupted";

/// The text for `plan`.
pub(crate) const PLAN: &str = "\
Examples:
  layerwright plan
  layerwright plan --bases registry --save   read base images from registries
  layerwright plan --bases engine --save     or from the local engine
  layerwright plan --rootfs debian:12=debian.tar --save
  layerwright plan --list issue.md --verbose
  layerwright plan --issue y-scope/clp#1166 --save
  layerwright plan --rev v1.2.0 --format json

A file that holds an image:
  docker save debian:12 -o debian.tar";

/// The text for `inspect`.
pub(crate) const INSPECT: &str = "\
Examples:
  layerwright inspect Dockerfile
  layerwright inspect web/Dockerfile --rootfs debian:12=debian.tar
  layerwright inspect - --format json < Dockerfile";

/// The text for `migrate`.
pub(crate) const MIGRATE: &str = "\
Examples:
  layerwright migrate                              show the next wave
  layerwright migrate --wave 1 --write             change the working tree
  layerwright migrate --wave 1 --commit            make one branch for each file
  layerwright migrate --commit --base origin/main  start them at origin/main
  layerwright migrate services/auth/Dockerfile | git apply --check
  layerwright migrate --accept ancestor-mode:/root --reason \"only root uses it\"";

/// The text for `revert`.
pub(crate) const REVERT: &str = "\
Lines that were changed after the migration are reported and not touched.

Examples:
  layerwright revert web/Dockerfile    show what would be restored
  layerwright revert --wave 1 --commit  make one branch for each file
  git show v2:plans/copy-link/plan.json | layerwright revert --plan - --wave 1";

/// The text for `verify`.
pub(crate) const VERIFY: &str = "\
Verify builds the files, which executes their instructions, and runs the `prepare` and `smoke` commands of \
layerwright.toml. Outside the default branch, these commands need --allow-commands. Secrets and SSH agents that \
layerwright.toml names are used only if --secret or --ssh repeats them. No other command executes anything from a \
repository. It needs `docker buildx` and a builder that supports --link. It builds the commit, exported to a temporary \
folder (TMPDIR), never the working tree. It writes the evidence to a folder in the git directory, where `report` finds \
it, or to the folder of --out. Merged files are built again only if they are named.

Examples:
  layerwright verify                             the next wave
  layerwright verify web/Dockerfile --keep       one file; keep its context
  layerwright verify --frontend builtin          if none can be pulled
  layerwright verify --wave 2 --shard 1/4        a quarter of wave 2
  layerwright verify --format github-matrix      the shards for a workflow

Exit codes: 0 success (also if files do not build or time out; with --strict: 1), 1 images differ, 2 the builder is \
missing or does not support --link, 3 the plan is stale, 130 interrupted";

/// The text for `report`.
pub(crate) const REPORT: &str = "\
Report compares the campaign with the repository and does the next step. It is safe to run again. It reads the token \
from GH_TOKEN or GITHUB_TOKEN. The token needs write access to contents, pull requests and issues, and read access to \
checks.

Examples:
  layerwright report --dry-run
  layerwright report --issue y-scope/clp#1166
  layerwright report --create-issue --app-id Iv1.0123456789ab --app-key app.pem
  layerwright report --out proposals   patches and texts for another forge";

/// The text for `status`.
pub(crate) const STATUS: &str = "\
Examples:
  layerwright status            with the pull requests; needs a token, as report
  layerwright status --offline  what the repository alone shows
  layerwright status --offline --rev origin/main --format json";

/// The text for `check`.
pub(crate) const CHECK: &str = "\
Check finds linked lines that change the image or break the build, linked lines without effect, headers whose frontend does \
not support --link, builders that reject or ignore linked lines, and wrong advice about --link. It reads the tracked files of \
the working tree, with changes that are not committed. Lines with an unknown verdict are counted; they are not findings. A \
comment directly above a line ignores a finding:
  # layerwright: ignore[ancestor-mode] nothing relies on a private /root

Examples:
  layerwright check
  layerwright check --rootfs debian:12=debian.tar
  layerwright check --staged                       what the next commit adds
  layerwright check --since origin/main --ratchet  what a branch adds
  layerwright check --fix                          write the proved edits
  layerwright check --format sarif > check.sarif
  layerwright check --format github                annotations on GitHub

Exit codes: 0 no findings of --fail-on, 1 findings, 2 error";

/// The text for `cache`.
pub(crate) const CACHE: &str = "\
The cache holds the paths of layers, manifests and configurations, by their digests, and the digests of tags. It only saves \
requests: a plan is the same without it. It is in $XDG_CACHE_HOME/layerwright.

Examples:
  layerwright cache
  layerwright cache --clear";

/// The text for `explain`.
pub(crate) const EXPLAIN: &str = "\
Examples:
  layerwright explain
  layerwright explain ancestor-mode";

/// The text for `completions`.
pub(crate) const COMPLETIONS: &str = "\
Example:
  layerwright completions bash > /etc/bash_completion.d/layerwright";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cli::Arguments;

    /// `clap` wraps a line that does not fit; an example could not be copied then.
    #[test]
    fn examples_fit_a_terminal_of_80_columns() {
        for command in Arguments::command().get_subcommands().chain([&Arguments::command()]) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in text.lines().filter(|line| line.starts_with("  ")) {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
    }
}
