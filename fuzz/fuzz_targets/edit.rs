//! In a Dockerfile that BuildKit takes, a `--link` behind the word of each COPY and ADD changes their flags and
//! nothing else.
#![no_main]

use layerwright::dockerfile::{Body, Dockerfile, Instruction, Transfer, Word};
use layerwright::text::EditSet;
use libfuzzer_sys::fuzz_target;

fn site(instruction: &Instruction) -> Option<(&Instruction, &Transfer)> {
    match &instruction.body {
        Body::Transfer(transfer) => Some((instruction, transfer)),
        Body::Onbuild(child) => site(child),
        _ => None,
    }
}

/// It has the flag, be it in an ONBUILD with a value that is refused only later.
fn names_link(transfer: &Transfer) -> bool {
    transfer.flags.iter().any(|flag| flag.text == "--link" || flag.text.starts_with("--link="))
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| &*word.text).collect()
}

fuzz_target!(|text: &[u8]| {
    let before = Dockerfile::read(text);
    if !before.errors().is_empty() {
        return;
    }
    let mut edits = EditSet::default();
    for (instruction, _) in before.instructions().iter().filter_map(site).filter(|(_, it)| !names_link(it)) {
        edits.insert(instruction.word.span.end, " --link").expect("no two words end at one place");
    }
    let after = Dockerfile::read(edits.apply(before.text()));
    assert_eq!(after.errors(), []);
    assert_eq!(before.instructions().len(), after.instructions().len());
    for (old, new) in before.instructions().iter().zip(after.instructions()) {
        assert_eq!((old.start_line, old.end_line, old.stage), (new.start_line, new.end_line, new.stage));
        let (Some((_, old)), Some((_, new))) = (site(old), site(new)) else {
            assert_eq!(old.word.text, new.word.text);
            continue;
        };
        let added = usize::from(!names_link(old));
        assert!(new.flags[..added].iter().all(|flag| flag.text == "--link"));
        assert_eq!(texts(&old.flags), texts(&new.flags[added..]));
        assert_eq!(texts(&old.sources), texts(&new.sources));
        assert_eq!(
            old.destination.as_ref().map(|word| &word.text),
            new.destination.as_ref().map(|word| &word.text)
        );
        assert_eq!((old.kind, old.json), (new.kind, new.json));
        for (old, new) in old.heredocs.iter().zip(&new.heredocs) {
            assert_eq!((&old.name, old.expand, old.chomp), (&new.name, new.expand, new.chomp));
            assert_eq!(before.text()[old.body.range()], after.text()[new.body.range()]);
        }
    }
});
