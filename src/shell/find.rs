//! `find`: what it runs on what it finds.

use super::call::{Call, Names};
use super::field::Field;
use super::footprint::Footprint;
use super::read;

/// Actions that write a file, or ask the user.
const WRITES: [&str; 6] = ["-fprint", "-fprint0", "-fprintf", "-fls", "-ok", "-okdir"];

/// Operators under which a test need not hold where an action is reached.
const OPERATORS: [&str; 5] = ["-o", "-or", "!", "-not", ","];

/// The command of each `-exec` and `-execdir`, up to its end; `None` if an action is another one than these and
/// `-delete`.
fn commands<'c>(call: &Call<'c>) -> Option<Vec<&'c [Field]>> {
    let mut commands = Vec::new();
    let mut rest = call.args;
    while let Some((field, after)) = rest.split_first() {
        rest = after;
        let word = field.known();
        if WRITES.contains(&word) {
            return None;
        }
        if matches!(word, "-exec" | "-execdir") {
            let end = after.iter().position(|field| matches!(field.known(), ";" | "+"))?;
            commands.push(&after[..end]);
            rest = &after[end + 1..];
        }
    }
    Some(commands)
}

/// Returns true if it does nothing but print, and run what touches no file.
pub(super) fn is_harmless(call: &Call) -> bool {
    let is_harmless = |command: &&[Field]| match command.split_first() {
        Some((Field::Literal(name), args)) => read::only_reads(&Call { name, args, state: call.state }),
        _ => false,
    };
    let deletes = call.args.iter().any(|field| field.known() == "-delete");
    !deletes && commands(call).is_some_and(|commands| commands.iter().all(is_harmless))
}

/// Returns its footprint if it acts on regular files alone (`-type f` before the first action): directories that it goes
/// through stay as they are, by assumption. What the words of the actions name is another matter.
pub(super) fn on_files(call: &Call) -> Option<Footprint> {
    let words: Vec<&str> = call.args.iter().map(Field::literal).collect::<Option<_>>()?;
    let options = words.iter().take_while(|word| matches!(**word, "-H" | "-L" | "-P")).count();
    let (words, args) = (&words[options..], &call.args[options..]);
    let action = words.iter().position(|word| matches!(*word, "-delete" | "-exec" | "-execdir"))?;
    let is_limited = words[..action].windows(2).any(|pair| pair == ["-type", "f"]);
    if !is_limited || words.iter().any(|word| OPERATORS.contains(word)) {
        return None;
    }
    let names = || Names { state: call.state, paths: Vec::new(), unread: false };
    let (mut areas, mut outputs) = (names(), names());
    let here = [Field::Literal(".".into())];
    let starts = words.iter().take_while(|word| !word.starts_with(['-', '('])).count();
    let starts = if starts == 0 { &here[..] } else { &args[..starts] };
    for field in starts {
        areas.field(field);
    }
    let given = commands(call)?.into_iter().flat_map(|command| command.iter().skip(1));
    given.filter(|field| !field.known().contains("{}")).for_each(|field| outputs.field(field));
    let ((areas, unread), (outputs, _)) = (areas.finish(), outputs.finish());
    (!unread).then_some(Footprint { areas, outputs })
}
