//! A slice of the fuzzer over whole repositories: no file of one ends a run.

// The example of the same name does as many runs as one likes, and looks at their time and memory.
#[path = "../tools/repository_fuzzer/mod.rs"]
mod fuzzer;

/// The runs of all tests.
const RUNS: u64 = 150;

#[test]
fn no_changed_file_ends_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let failed: Vec<String> = (1..=RUNS)
        .filter_map(|seed| fuzzer::run(folder.path(), seed).err().map(|why| format!("seed {seed}: {why}")))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
