//! Any text is read as each kind of file that states builds, or is reported.
#![no_main]

use layerwright::ops::{self, PlanOptions};
use libfuzzer_sys::fuzz_target;

const CARRIERS: [&str; 7] = [
    "compose.yaml",
    "docker-bake.hcl",
    "docker-bake.json",
    ".github/workflows/a.yml",
    ".devcontainer/devcontainer.json",
    "Makefile",
    "build.sh",
];

fuzz_target!(|input: (u8, &str)| {
    let (which, text) = input;
    let folder = tempfile::tempdir().expect("a folder");
    let carrier = folder.path().join(CARRIERS[usize::from(which) % CARRIERS.len()]);
    std::fs::create_dir_all(carrier.parent().expect("a parent")).expect("its folder");
    std::fs::write(carrier, text).expect("the file");
    std::fs::write(folder.path().join("Dockerfile"), "FROM a\nCOPY . /x/\n").expect("the Dockerfile");
    let planned = ops::plan(&PlanOptions::new(folder.path()), &|_| {}).expect("a plan");
    let unread = &planned.plan.unread;
    assert!(!unread.iter().any(|file| file.reason.contains("a defect of layerwright")), "{unread:?}");
});
