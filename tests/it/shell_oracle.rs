//! Random scripts in real shells: nothing that the analysis takes for certain after them may be false. The example of the
//! same name draws as many as one likes; a slice of them runs here where `LAYERWRIGHT_REQUIRE_SHELL=1` asks for it.

use std::path::Path;
use std::process::Command;

use crate::support::{BINARY, is_set, left_out, say};

/// The scripts of a run of all tests, and the first seed.
const RUNS: &str = "20000";
const FIRST_SEED: &str = "1";

/// The least scripts that change files in a certain way: a test without these shows nothing.
const LEAST_CERTAIN: usize = 2_000;

#[test]
fn nothing_certain_is_false_after_a_script() {
    let what = "random scripts in real shells";
    if !is_set("LAYERWRIGHT_REQUIRE_SHELL") {
        return left_out(what, "LAYERWRIGHT_REQUIRE_SHELL=1 does not ask for them");
    }
    let oracle = Path::new(BINARY).with_file_name("examples").join("shell_oracle");
    let output = Command::new(&oracle)
        .args([FIRST_SEED, "2"])
        .env("LAYERWRIGHT_SHELL_RUNS", RUNS)
        .output()
        .unwrap_or_else(|error| {
            panic!("{}: {error}: run `cargo build --example shell_oracle`", oracle.display())
        });
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    let figures = printed.lines().last().unwrap_or_default();
    say(&format!("{what}: {figures}"));
    let certain = figures.split(" succeeded, ").nth(1).and_then(|rest| rest.split(' ').next());
    let certain: usize = certain.and_then(|count| count.parse().ok()).expect("the number with new facts");
    assert!(certain >= LEAST_CERTAIN, "{figures}");
}
