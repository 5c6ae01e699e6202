//! Tests of the library through its public face and of the command as it is run, one module a concern.

// The helpers of tests are tests, and may stop them.
#![allow(clippy::unwrap_used)]
// They run the command and git, and read where the shared files are.
#![allow(clippy::disallowed_methods)]
// The tools for long runs share their modules with the tests.
#![allow(clippy::duplicate_mod)]
#![allow(clippy::string_slice, reason = "a test cuts texts of its own")]

mod architecture;
mod bases;
mod browser;
mod build_oracles;
mod builder;
mod builders;
mod builds;
mod campaign;
mod cases;
mod check;
mod clp;
mod commit;
mod differential;
mod discovery;
mod docs;
mod engine;
mod evidence;
mod explain;
mod exports;
mod faults;
mod figures;
mod github;
mod host_files;
mod hostile;
mod inspect;
mod kills;
mod line;
mod migrate;
mod monorepo;
mod mutation;
mod needed_builds;
mod next_step;
mod noise;
mod ops;
mod page;
mod patch;
mod plan;
mod proxy;
mod reading;
mod registry;
mod report;
mod repository_fuzzer;
mod revert;
mod rollout;
mod schema;
mod second_decider;
mod shell_oracle;
mod soundness;
mod status;
mod suggested;
mod support;
mod terminal;
mod trust;
mod verify;
mod words;
