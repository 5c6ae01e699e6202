//! The functions of make that work on words (GNU make's manual, "Functions for String Substitution and Analysis" and
//! "Functions for File Names"). All texts are known; it never expands one.

use std::collections::BTreeSet;

/// The most words that a function gives.
const WORDS: usize = 4096;

/// Returns the number of arguments of a function. `None` if it is not one of these.
pub(super) fn arguments(function: &str) -> Option<usize> {
    Some(match function {
        "patsubst" | "wordlist" => 3,
        "addprefix" | "addsuffix" | "filter" | "filter-out" | "findstring" | "join" | "word" => 2,
        "firstword" | "lastword" | "words" | "sort" | "basename" | "suffix" => 1,
        _ => return None,
    })
}

/// Returns the value of a function. `None` if make would refuse it, or if it has too many words.
pub(super) fn value(function: &str, args: &[String]) -> Option<String> {
    let text = args.last()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > WORDS {
        return None;
    }
    let first = args.first()?.as_str();
    let number = |at: usize| args.get(at)?.trim().parse::<usize>().ok();
    let changed =
        |change: &dyn Fn(&str) -> String| words.iter().map(|word| change(word)).collect::<Vec<_>>().join(" ");
    let patterns: Vec<&str> = first.split_whitespace().collect();
    let fits = |word: &str| patterns.iter().any(|pattern| stem(pattern, word).is_some());
    let chosen = |is: bool| {
        let kept = words.iter().filter(|word| fits(word) == is);
        kept.copied().collect::<Vec<_>>().join(" ")
    };
    Some(match function {
        "patsubst" => {
            let to = args.get(1)?;
            changed(&|word| match stem(first.trim(), word) {
                Some(stem) if first.contains('%') => to.replacen('%', stem, 1),
                Some(_) => to.clone(),
                None => word.to_owned(),
            })
        }
        "addprefix" => changed(&|word| format!("{first}{word}")),
        "addsuffix" => changed(&|word| format!("{word}{first}")),
        "filter" => chosen(true),
        "filter-out" => chosen(false),
        "findstring" => if text.contains(first) { first } else { "" }.to_owned(),
        "join" => {
            let most = patterns.len().max(words.len());
            let pair = |at: usize| [patterns.get(at), words.get(at)].into_iter().flatten().copied().collect();
            (0..most).map(pair).collect::<Vec<String>>().join(" ")
        }
        "word" => (*words.get(number(0)?.checked_sub(1)?).unwrap_or(&"")).to_owned(),
        "wordlist" => {
            let (from, to) = (number(0)?.checked_sub(1)?, number(1)?);
            let count = to.saturating_sub(from);
            words.iter().skip(from).take(count).copied().collect::<Vec<_>>().join(" ")
        }
        "firstword" => (*words.first().unwrap_or(&"")).to_owned(),
        "lastword" => (*words.last().unwrap_or(&"")).to_owned(),
        "words" => words.len().to_string(),
        "sort" => words.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" "),
        "basename" => changed(&|word| ending(word).map_or(word, |(before, _)| before).to_owned()),
        "suffix" => {
            let endings = words.iter().filter_map(|word| ending(word));
            endings.map(|(_, ending)| format!(".{ending}")).collect::<Vec<_>>().join(" ")
        }
        _ => return None,
    })
}

/// Returns the part of a word that `%` stands for in a pattern; a pattern without one has to be the word.
fn stem<'w>(pattern: &str, word: &'w str) -> Option<&'w str> {
    match pattern.split_once('%') {
        Some((start, end)) => word.strip_prefix(start)?.strip_suffix(end),
        None => (pattern == word).then_some(""),
    }
}

/// Returns a file name before and after its last dot.
fn ending(word: &str) -> Option<(&str, &str)> {
    word.rsplit_once('.').filter(|(_, ending)| !ending.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_give_what_make_prints() {
        // Each with the output of `make -f -` for `$(info [$(…)])`.
        let cases: [(&str, &[&str], &str); 20] = [
            ("patsubst", &["build_%", "%", "build_a b build_c"], "a b c"),
            ("patsubst", &["%.c", "o/%.o", "a.c b.h"], "o/a.o b.h"),
            ("patsubst", &["a", "x", "a aa"], "x aa"),
            ("addprefix", &["build_", "a b"], "build_a build_b"),
            ("addsuffix", &["/Dockerfile", "a b"], "a/Dockerfile b/Dockerfile"),
            ("filter", &["%.c x", "a.c x y"], "a.c x"),
            ("filter-out", &["%.c x", "a.c x y"], "y"),
            ("findstring", &["b", "a b"], "b"),
            ("findstring", &["c", "a b"], ""),
            ("join", &["a b", ".c .d .e"], "a.c b.d .e"),
            ("word", &["2", "a b c"], "b"),
            ("word", &["4", "a b c"], ""),
            ("wordlist", &["2", "3", "a b c d"], "b c"),
            ("wordlist", &["3", "2", "a b c d"], ""),
            ("firstword", &["a b"], "a"),
            ("lastword", &["a b"], "b"),
            ("words", &["a b c"], "3"),
            ("sort", &["b a b"], "a b"),
            ("basename", &["a/b.tar.gz c a.b/c"], "a/b.tar c a.b/c"),
            ("suffix", &["a/b.c d e.f"], ".c .f"),
        ];
        for (function, args, expected) in cases {
            let all: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(value(function, &all).as_deref(), Some(expected), "{function} {args:?}");
            assert_eq!(arguments(function), Some(args.len()));
        }
        for (function, args) in [("word", vec!["0", "a"]), ("word", vec!["x", "a"]), ("shell", vec!["a"])] {
            let all: Vec<String> = args.into_iter().map(str::to_owned).collect();
            assert_eq!(value(function, &all), None, "{function} {all:?}");
        }
    }
}
