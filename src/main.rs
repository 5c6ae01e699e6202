//! The `layerwright` command.

use std::process::ExitCode;

/// A plan of a thousand files is made of small strings on all cores, where the system's allocator asks the
/// kernel for memory bit by bit.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    layerwright::cli::run()
}
