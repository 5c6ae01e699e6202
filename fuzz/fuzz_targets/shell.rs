//! The RUN lines of any script are judged, with their effect on the lines after them.
#![no_main]

use layerwright::ops::{self, InspectOptions, Knowledge, NamedText};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &str| {
    let text = format!("FROM scratch\nCOPY a /a\nRUN <<'EOF OF SCRIPT'\n{script}\nEOF OF SCRIPT\nCOPY b /srv/b\n");
    let files = vec![NamedText { path: "Dockerfile".into(), text: text.into_bytes() }];
    let options = InspectOptions { files, context: None, knowledge: Knowledge::default() };
    let inspection = ops::inspect(&options, &|_| {}).expect("an inspection").inspection;
    let reasons = inspection.files.iter().flat_map(|file| &file.sites).flat_map(|site| &site.reasons);
    assert!(!reasons.into_iter().any(|reason| reason.message.contains("a defect of layerwright")), "{script}");
});
