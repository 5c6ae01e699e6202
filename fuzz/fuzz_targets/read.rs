//! Any bytes are read, kept as they are, and every span lies inside them. Words expand or fail, no more.
#![no_main]

use layerwright::dockerfile::expand::{Lex, Lookup};
use layerwright::dockerfile::{Body, Dockerfile, Instruction};
use layerwright::text::Span;
use libfuzzer_sys::fuzz_target;

fn check(text: &[u8], instruction: &Instruction) {
    let inside = |span: Span| assert!(span.end <= text.len(), "a span ends outside of the text");
    inside(instruction.span);
    inside(instruction.word.span);
    match &instruction.body {
        Body::Onbuild(child) => check(text, child),
        Body::Transfer(transfer) => {
            let words = transfer.flags.iter().chain(&transfer.sources).chain(&transfer.destination);
            for word in words {
                inside(word.span);
                expand(&word.text);
            }
            transfer.heredocs.iter().for_each(|heredoc| inside(heredoc.body));
        }
        Body::Run(run) => run.heredocs.iter().for_each(|heredoc| inside(heredoc.body)),
        Body::Env(assignments) | Body::Arg(assignments) => {
            assignments.iter().filter_map(|assignment| assignment.value.as_deref()).for_each(expand);
        }
        _ => {}
    }
}

fn expand(word: &str) {
    let env = |name: &str| match name.len() % 4 {
        0 => Lookup::Unset,
        1 => Lookup::Set("a/b a*b\n".to_owned()),
        2 => Lookup::Set(String::new()),
        _ => Lookup::Unknown,
    };
    let lex = Lex::new('\\');
    let _ = lex.word(word, &env);
    let _ = Lex { skip_unset_env: true, raw_quotes: true, ..lex }.words(word, &env);
}

fuzz_target!(|text: &[u8]| {
    let dockerfile = Dockerfile::read(text);
    assert_eq!(dockerfile.text(), text);
    let mut line = 0;
    for instruction in dockerfile.instructions() {
        assert!(line < instruction.start_line && instruction.start_line <= instruction.end_line);
        line = instruction.end_line;
        check(text, instruction);
    }
    for error in dockerfile.errors() {
        assert!(error.span.end <= text.len());
    }
    assert!(dockerfile.directives().insertion_point <= text.len());
});
