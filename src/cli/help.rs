//! What stands below the options in `--help`: how a command is used.

/// Of `layerwright` itself.
pub(crate) const TOP: &str = "\
Start with these three; none of them changes a file:
  layerwright plan                     what may be linked here, and what stands against the rest
  layerwright inspect Dockerfile       each COPY and ADD of a file, with the reasons
  layerwright migrate --wave 0 --diff  the first change

Exit codes: 0 done, 1 something was found or images differ, 2 could not do what was asked, 3 refused for
safety, 130 interrupted";

/// Of `plan`.
pub(crate) const PLAN: &str = "\
Examples:
  layerwright plan
  layerwright plan --rootfs debian:12=debian.tar --save
  layerwright plan --list issue.md --verbose
  layerwright plan --issue y-scope/clp#1166 --save
  layerwright plan --rev v1.2.0 --format json

A root filesystem tar of an image:
  docker export $(docker create debian:12) > debian.tar";

/// Of `inspect`.
pub(crate) const INSPECT: &str = "\
Examples:
  layerwright inspect Dockerfile
  layerwright inspect services/*/Dockerfile --context . --rootfs debian:12=debian.tar
  layerwright inspect - --format json < Dockerfile";

/// Of `migrate`.
pub(crate) const MIGRATE: &str = "\
Examples:
  layerwright migrate                                   show the first wave that is not done
  layerwright migrate --wave 1 --write                  write wave 1 to the working tree
  layerwright migrate --wave 1 --commit                 make a branch with one commit for each file of it
  layerwright migrate --commit --base origin/main       start the branches from there
  layerwright migrate services/auth/Dockerfile | git apply --check
  layerwright migrate --accept ancestor-mode:/root --reason \"nobody else is in this image\"";

/// Of `revert`.
pub(crate) const REVERT: &str = "\
What somebody changed since is reported and left.

Examples:
  layerwright revert services/auth/Dockerfile          show what would be restored
  layerwright revert --wave 1 --commit                 make a branch for each file of wave 1
  git show v2:plans/copy-link/plan.json | layerwright revert --plan - --wave 1 --write";

/// Of `verify`.
pub(crate) const VERIFY: &str = "\
It builds the files and so executes what they say, and the commands of `prepare` in layerwright.toml; no other command
executes anything of a repository. It needs `docker buildx` and a builder that can link. What is built is the commit,
exported to a temporary folder (TMPDIR), never the working tree. The evidence goes to `evidence/` in the campaign's
folder.

Examples:
  layerwright verify                                   the first wave that is not done
  layerwright verify services/auth/Dockerfile --keep   one file, and keep what it was built from
  layerwright verify --frontend builtin                where the frontend that the header names cannot be pulled
  layerwright verify --wave 2 --shard 1/4 --jobs 2     a quarter of wave 2, two files at a time
  layerwright verify --wave 2 --format github-matrix   the shards for a workflow; nothing is built

Exit codes: 0 done, files that do not build or take too long are counted (--strict: 1), 1 images differ,
2 the builder cannot link or is not there, 3 the plan is stale, 130 interrupted";

/// Of `report`.
pub(crate) const REPORT: &str = "\
It looks at what there is and does what is next, and nothing where nothing is; run it again and again. The token is
taken from GH_TOKEN or GITHUB_TOKEN. It needs: contents, pull requests and issues: write; checks: read.

Examples:
  layerwright report --dry-run
  layerwright report --issue y-scope/clp#1166
  layerwright report --create-issue --app-id Iv1.0123456789abcdef --app-key app.pem
  layerwright report --out proposals                   patches and texts for another forge";

/// Of `status`.
pub(crate) const STATUS: &str = "\
Examples:
  layerwright status                                   asks GitHub for the pull requests, with the token of report
  layerwright status --offline
  layerwright status --offline --rev origin/main --format json";

/// Of `check`.
pub(crate) const CHECK: &str = "\
Found are linked lines that change their image or whose flag has no effect, and headers that do not know them. A line of
which nothing can be told is counted, and no finding.

Examples:
  layerwright check
  layerwright check --rootfs debian:12=debian.tar
  layerwright check --format github                     as annotations of a pull request

Exit codes: 0 nothing was found, 1 something was found, 2 could not do what was asked";

/// Of `explain`.
pub(crate) const EXPLAIN: &str = "\
Examples:
  layerwright explain
  layerwright explain ancestor-mode";

/// Of `completions`.
pub(crate) const COMPLETIONS: &str = "\
Example:
  layerwright completions bash > ~/.local/share/bash-completion/completions/layerwright";
