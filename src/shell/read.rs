//! Commands that touch no file, or none but those that a redirection opens: the readers of the grammar, and a few whose
//! options decide.

use super::call::Call;
use super::field::Field;
use super::find;
use super::getopt::Options;
use super::grammar::reader::{Words, reader};

/// Returns true if the command touches no file.
pub(super) fn only_reads(call: &Call) -> bool {
    match call.name {
        "find" => find::is_harmless(call),
        "awk" | "gawk" | "mawk" => awk(call),
        "gunzip" | "gzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" => prints(call),
        "scanelf" => !call.args.iter().any(|field| field.literal().is_none_or(writes_with_scanelf)),
        name => match reader(name) {
            Some(Words::Any) => true,
            Some(Words::Only(short, operands)) => {
                let parsed = Options { short, long: &[] }.parse(call.args);
                parsed.is_some_and(|parsed| {
                    let limited = operands < usize::MAX
                        && parsed.operands.iter().any(|field| field.literal().is_none());
                    parsed.operands.len() <= operands && !limited
                })
            }
            None => false,
        },
    }
}

/// A program of `awk` without commands, files and other sources than its first argument.
fn awk(call: &Call) -> bool {
    let mut words = call.args.iter();
    while let Some(word) = words.next() {
        let Some(text) = word.literal() else { return false };
        match text.strip_prefix('-') {
            Some("F" | "v") => {
                words.next();
            }
            Some(option) if option.starts_with(['F', 'v']) => {}
            Some(_) => return false,
            None => {
                let is_closed = !text.contains(['>', '|', '@']) && !text.contains("system");
                return is_closed
                    && words.all(|field| field.literal().is_some_and(|text| !text.starts_with('-')));
            }
        }
    }
    true
}

/// A compressor that writes to its standard output, or tests: one option word, and no other option behind it.
fn prints(call: &Call) -> bool {
    let Some((first, rest)) = call.args.split_first() else { return true };
    let prints = first.literal().is_some_and(|word| {
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        let only =
            |allowed: &str| letters.is_some_and(|letters| letters.chars().all(|c| allowed.contains(c)));
        matches!(word, "-t" | "-l" | "--stdout") || (only("cdfkqv0123456789") && word.contains('c'))
    });
    let is_operand = |field: &Field| !field.known().is_empty() && !field.known().starts_with('-');
    prints && rest.iter().all(is_operand)
}

/// Returns true if an option of `scanelf` changes what it looks at, or writes a file.
fn writes_with_scanelf(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => ["setpax", "fix", "file"].iter().any(|option| name.starts_with(option)),
        None => word.starts_with('-') && word.contains(['z', 'X', 'o']),
    }
}
