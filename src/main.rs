//! The `layerwright` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerwright::cli::run()
}
