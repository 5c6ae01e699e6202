//! Any text of an issue is read as a list of files.
#![no_main]

use layerwright::discover::parse_list;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let list = parse_list(text, &|_| false);
    assert!(list.paths.iter().all(|listed| listed.line <= text.lines().count()));
});
