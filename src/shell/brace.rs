//! Alternatives of bash: `{a,b}`. Sequences and alternatives within alternatives are not counted out.

use brush_parser::ParserOptions;
use brush_parser::word::{self, BraceExpressionMember, BraceExpressionOrText};

use super::word::{Reading, is_parsable};

/// The most words that braces become.
const ALTERNATIVES: usize = 64;
/// The most braces in a word.
const BRACES: usize = 8;

/// Returns the words that braces become. A brace that is not read stays, and what it becomes is unknown.
pub(super) fn alternatives(word: &str, reading: Reading) -> Option<Vec<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,{}".contains(c);
    let is_read = match reading {
        Reading::Certain { braces } => braces && word.chars().all(is_plain),
        Reading::Bash => true,
    };
    let opening = word.matches('{').count();
    if !is_read || opening == 0 || opening > BRACES || !is_parsable(word) || !word.contains(',') {
        return None;
    }
    let pieces = word::parse_brace_expansions(word, &ParserOptions::default()).ok()??;
    let words = combined(&pieces)?;
    // A brace that is left may belong to a list that the shell divides in another way.
    let is_left = |word: &String| word.is_empty() || (reading != Reading::Bash && word.contains('{'));
    (!words.iter().any(is_left)).then_some(words)
}

/// Returns each combination of alternatives; `None` if there are too many, or alternatives within alternatives.
fn combined(pieces: &[BraceExpressionOrText]) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    for piece in pieces {
        let choices = match piece {
            BraceExpressionOrText::Text(text) => vec![text],
            BraceExpressionOrText::Expr(members) => members.iter().map(choice).collect::<Option<_>>()?,
        };
        if words.len() * choices.len() > ALTERNATIVES {
            return None;
        }
        let with = |word: String| choices.iter().map(move |choice| format!("{word}{choice}"));
        words = words.into_iter().flat_map(with).collect();
    }
    Some(words)
}

fn choice(member: &BraceExpressionMember) -> Option<&String> {
    match member {
        BraceExpressionMember::Child(pieces) => match &pieces[..] {
            [BraceExpressionOrText::Text(text)] => Some(text),
            _ => None,
        },
        BraceExpressionMember::NumberSequence { .. } | BraceExpressionMember::CharSequence { .. } => None,
    }
}
