//! Any bytes are read as a root filesystem, an image layout or an archive of an engine, or are refused.
#![no_main]

use std::io::Write;

use layerwright::images::file::FileSource;
use layerwright::images::{ImageReference, ImageSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("its content");
    let pair = format!("base:1={}", file.path().display());
    let images = FileSource::new([pair.as_str()]).expect("a source");
    let _ = images.lookup(&ImageReference::parse("base:1").expect("a name"));
});
