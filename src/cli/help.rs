//! What stands below the options in `--help`: how a command is used.

/// Of `layerwright` itself.
pub const TOP: &str = "\
Start with these three; none of them changes a file:
  layerwright plan                     what may be linked here, and what stands against the rest
  layerwright inspect Dockerfile       each COPY and ADD of a file, with the reasons
  layerwright migrate --wave 0 --diff  the first change

Exit codes: 0 done, 1 images differ, 2 could not do what was asked, 3 refused for safety, 130 interrupted";

/// Of `plan`.
pub const PLAN: &str = "\
Examples:
  layerwright plan
  layerwright plan --rootfs debian:12=debian.tar --save
  layerwright plan --list issue.md --verbose
  layerwright plan --issue y-scope/clp#1166 --save
  layerwright plan --rev v1.2.0 --format json

A root filesystem tar of an image:
  docker export $(docker create debian:12) > debian.tar";

/// Of `inspect`.
pub const INSPECT: &str = "\
Examples:
  layerwright inspect Dockerfile
  layerwright inspect services/*/Dockerfile --context . --rootfs debian:12=debian.tar
  layerwright inspect - --format json < Dockerfile";

/// Of `migrate`.
pub const MIGRATE: &str = "\
Examples:
  layerwright migrate                                   show the first wave that is not done
  layerwright migrate --wave 1 --write                  write wave 1 to the working tree
  layerwright migrate --wave 1 --commit                 make a branch with one commit for each file of it
  layerwright migrate --commit --base origin/main       start the branches from there
  layerwright migrate services/auth/Dockerfile | git apply --check
  layerwright migrate --accept ancestor-mode:/root --reason \"nobody else is in this image\"";

/// Of `revert`.
pub const REVERT: &str = "\
What somebody changed since is reported and left.

Examples:
  layerwright revert services/auth/Dockerfile          show what would be restored
  layerwright revert --wave 1 --commit                 make a branch for each file of wave 1
  git show v2:plans/copy-link/plan.json | layerwright revert --plan - --wave 1 --write";

/// Of `verify`.
pub const VERIFY: &str = "\
It builds the files and so executes what they say, and the commands of `prepare` in layerwright.toml; no other command
executes anything of a repository. It needs `docker buildx` and a builder that can link. What is built is the commit,
exported to a temporary folder (TMPDIR), never the working tree. The evidence goes to `evidence/` in the campaign's
folder.

Examples:
  layerwright verify                                   the first wave that is not done
  layerwright verify services/auth/Dockerfile --keep   one file, and keep what it was built from
  layerwright verify --frontend builtin                where the frontend that the header names can not be pulled
  layerwright verify --wave 2 --shard 1/4 --jobs 2     a quarter of wave 2, two files at a time
  layerwright verify --wave 2 --format github-matrix   the shards for a workflow; nothing is built

Exit codes: 0 done, files that do not build or take too long are counted (--strict: 1), 1 images differ,
2 the builder can not link or is not there, 3 the plan is stale, 130 interrupted";

/// Of `status`.
pub const STATUS: &str = "\
Examples:
  layerwright status --offline
  layerwright status --offline --rev origin/main --format json";

/// Of `explain`.
pub const EXPLAIN: &str = "\
Examples:
  layerwright explain
  layerwright explain ancestor-mode";

/// Of `completions`.
pub const COMPLETIONS: &str = "\
Example:
  layerwright completions bash > ~/.local/share/bash-completion/completions/layerwright";
