//! Commands of coreutils and `BusyBox` that make, move, change and remove files. Options that either of them
//! lacks, or reads otherwise, are left to whoever takes the words as names.

use super::call::Call;
use super::field::Field;
use super::getopt::{Options, Parsed};
use super::path::join;
use super::sed;
use super::{Change, Destination, Mode, Operand};

/// Returns the changes of the command, if it is one of these and all of its words are read.
pub(super) fn changes(call: &Call) -> Option<Vec<Change>> {
    match call.name {
        "mkdir" => mkdir(call),
        "rmdir" => rmdir(call),
        "rm" | "unlink" => rm(call),
        "ln" => ln(call),
        "cp" => cp(call),
        "mv" => mv(call),
        "touch" => touch(call),
        "truncate" => truncate(call),
        "chmod" => chmod(call),
        "chown" => chown(call),
        "chgrp" => chgrp(call),
        "install" => install(call),
        "tee" => tee(call),
        "sed" => sed(call),
        _ => None,
    }
}

fn mode(text: &str) -> Mode {
    match u32::from_str_radix(text, 8) {
        Ok(bits) if !text.starts_with('+') => Mode::Octal(bits),
        _ => Mode::Symbolic(text.to_owned()),
    }
}

fn mkdir(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options =
        Options { short: "pvm:", long: &[("parents", 'p'), ("verbose", 'v'), ("mode", 'm')] };
    let parsed = OPTIONS.parse(call.args)?;
    let change = |field: &Field| {
        let mode = parsed.value('m').map(mode);
        // `mkdir -p x/.` makes `x` without the mode.
        if matches!(field.known().rsplit('/').next(), Some("." | "..")) {
            return None;
        }
        Some(Change::Mkdir { path: call.path(field)?, parents: parsed.has('p'), mode, resets: false })
    };
    parsed.operands.iter().map(|field| change(field)).collect()
}

fn rmdir(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options { short: "pv", long: &[("parents", 'p'), ("verbose", 'v')] };
    let parsed = OPTIONS.parse(call.args)?;
    // With `-p` a relative name ends at the working directory, which a path does not say.
    let is_relative = |field: &&&Field| !field.known().starts_with('/');
    if parsed.has('p') && parsed.operands.iter().any(|field| is_relative(&field)) {
        return None;
    }
    let change = |field: &Field| Some(Change::Rmdir { path: call.path(field)?, parents: parsed.has('p') });
    parsed.operands.iter().map(|field| change(field)).collect()
}

fn rm(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "rRfvid",
        long: &[("recursive", 'r'), ("force", 'f'), ("verbose", 'v'), ("dir", 'd')],
    };
    let parsed = OPTIONS.parse(call.args)?;
    if parsed.has('i') {
        return None;
    }
    let recursive = parsed.has('r') || parsed.has('R');
    let change = |field: &Field| {
        // `rm -r link/` empties the directory that the link leads to.
        let is_plain = !field.known().ends_with(['/', '.']) && !field.known().ends_with("/*/");
        is_plain.then_some(Change::Remove { path: call.operand(field)?, recursive })
    };
    parsed.operands.iter().map(|field| change(field)).collect()
}

/// Returns sources and destination from the operands of `cp`, `mv`, `ln` and `install`.
fn ends<'a>(call: &Call, parsed: &Parsed<'a>) -> Option<(Vec<&'a Field>, Destination)> {
    let exact = parsed.has('T');
    if let Some(directory) = parsed.value('t') {
        let path = call.absolute(directory)?;
        return Some((parsed.operands.clone(), Destination { path, directory: true, exact: false }));
    }
    let (last, sources) = parsed.operands.split_last()?;
    if sources.is_empty() {
        return None;
    }
    let directory = !exact
        && (sources.len() > 1
            || last.known().ends_with('/')
            || matches!(last.known().rsplit('/').next(), Some("." | "..")));
    Some((sources.to_vec(), Destination { path: call.path(last)?, directory, exact }))
}

fn sources(call: &Call, fields: &[&Field]) -> Option<Vec<Operand>> {
    fields.iter().map(|field| call.source(field)).collect()
}

fn ln(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "sfnvTt:",
        long: &[
            ("symbolic", 's'),
            ("force", 'f'),
            ("no-dereference", 'n'),
            ("verbose", 'v'),
            ("no-target-directory", 'T'),
            ("target-directory", 't'),
        ],
    };
    let parsed = OPTIONS.parse(call.args)?;
    let (targets, destination) = ends(call, &parsed)?;
    let symbolic = parsed.has('s');
    let link = |field: &Field| {
        let target = if symbolic { field.literal()?.to_owned() } else { call.path(field)? };
        let mut link = destination.clone();
        if link.directory {
            // It is made in the directory, under the name of its target, or is an error.
            let name = field.literal()?.trim_end_matches('/').rsplit('/').next()?;
            if matches!(name, "" | "." | "..") {
                return None;
            }
            let path = join(&link.path, name).0;
            link = Destination { path, directory: false, exact: true };
        }
        Some(Change::Link { target, link, symbolic, force: parsed.has('f'), no_dereference: parsed.has('n') })
    };
    targets.iter().map(|target| link(target)).collect()
}

fn cp(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        // Not `-P`, `-d` and `-l`: what they bring may be a symbolic link.
        short: "rRapfvLTt:",
        long: &[
            ("recursive", 'r'),
            ("archive", 'a'),
            ("preserve", 'p'),
            ("force", 'f'),
            ("verbose", 'v'),
            ("dereference", 'L'),
            ("no-target-directory", 'T'),
            ("target-directory", 't'),
        ],
    };
    let parsed = OPTIONS.parse(call.args)?;
    let (from, destination) = ends(call, &parsed)?;
    Some(vec![Change::Copy {
        sources: sources(call, &from)?,
        destination,
        recursive: parsed.has('r') || parsed.has('R') || parsed.has('a'),
        preserve: parsed.has('p') || parsed.has('a'),
    }])
}

fn mv(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "fvTt:",
        long: &[("force", 'f'), ("verbose", 'v'), ("no-target-directory", 'T'), ("target-directory", 't')],
    };
    let parsed = OPTIONS.parse(call.args)?;
    let (from, destination) = ends(call, &parsed)?;
    Some(vec![Change::Move { sources: sources(call, &from)?, destination }])
}

fn touch(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options { short: "amt:d:r:", long: &[("date", 'd'), ("reference", 'r')] };
    let parsed = OPTIONS.parse(call.args)?;
    parsed.operands.iter().map(|field| Some(Change::Touch { path: call.path(field)? })).collect()
}

fn truncate(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options { short: "s:", long: &[("size", 's')] };
    let parsed = OPTIONS.parse(call.args)?;
    parsed.operands.iter().map(|field| Some(Change::Write { path: call.path(field)? })).collect()
}

fn chmod(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "Rvcf",
        long: &[("recursive", 'R'), ("verbose", 'v'), ("changes", 'c'), ("silent", 'f'), ("quiet", 'f')],
    };
    // A mode may start with a minus, as no option does: `chmod -x file`, `chmod -R -w dir`.
    let flags = call.args.iter().take_while(|field| is_chmod_flag(field.known())).count();
    let (flags, words) = call.args.split_at(flags);
    let parsed = OPTIONS.parse(flags)?;
    let (given, paths) = words.split_first()?;
    if paths.is_empty() || paths.iter().any(|field| field.known().starts_with('-')) {
        return None;
    }
    Some(vec![Change::Chmod {
        paths: paths.iter().map(|field| call.operand(field)).collect::<Option<_>>()?,
        mode: mode(given.literal()?),
        recursive: parsed.has('R'),
    }])
}

fn is_chmod_flag(word: &str) -> bool {
    word.strip_prefix("--").or_else(|| word.strip_prefix('-')).is_some_and(|rest| {
        word.starts_with("--") || (!rest.is_empty() && rest.bytes().all(|byte| b"Rvcf".contains(&byte)))
    })
}

const CHOWN: Options = Options {
    short: "RvcfhP",
    long: &[
        ("recursive", 'R'),
        ("verbose", 'v'),
        ("changes", 'c'),
        ("no-dereference", 'h'),
        ("silent", 'f'),
        ("quiet", 'f'),
    ],
};

/// A user and a group.
type Owner = (Option<String>, Option<String>);

fn owned(call: &Call, split: impl Fn(&str) -> Option<Owner>) -> Option<Vec<Change>> {
    let parsed = CHOWN.parse(call.args)?;
    let (owner, paths) = parsed.operands.split_first()?;
    if paths.is_empty() {
        return None;
    }
    let (user, group) = split(owner.literal()?)?;
    Some(vec![Change::Chown {
        paths: paths.iter().map(|field| call.operand(field)).collect::<Option<_>>()?,
        user,
        group,
        recursive: parsed.has('R'),
        no_dereference: parsed.has('h') || parsed.has('P'),
    }])
}

fn chown(call: &Call) -> Option<Vec<Change>> {
    owned(call, |owner| {
        // A dot was the separator once, and is one still where no account has that name.
        if owner.contains('.') && !owner.contains(':') {
            return None;
        }
        let (user, group) = owner.split_once(':').map_or((owner, None), |(user, group)| (user, Some(group)));
        Some(((!user.is_empty()).then(|| user.to_owned()), group.map(str::to_owned)))
    })
}

fn chgrp(call: &Call) -> Option<Vec<Change>> {
    owned(call, |group| Some((None, Some(group.to_owned()))))
}

fn install(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "dDcpvsm:o:g:t:T",
        long: &[
            ("directory", 'd'),
            ("mode", 'm'),
            ("owner", 'o'),
            ("group", 'g'),
            ("verbose", 'v'),
            ("target-directory", 't'),
            ("no-target-directory", 'T'),
        ],
    };
    let parsed = OPTIONS.parse(call.args)?;
    let given = |flag| parsed.value(flag).map(str::to_owned);
    let (user, group, mode) = (given('o'), given('g'), parsed.value('m').map(mode));
    if !parsed.has('d') {
        let (from, destination) = ends(call, &parsed)?;
        let sources = sources(call, &from)?;
        return Some(vec![Change::Install {
            sources,
            destination,
            parents: parsed.has('D'),
            mode,
            user,
            group,
        }]);
    }
    let mut changes = Vec::new();
    for field in &parsed.operands {
        let path = call.path(field)?;
        // It sets the mode, 0755 unless it is told another one.
        let mode = Some(mode.clone().unwrap_or(Mode::Octal(0o755)));
        changes.push(Change::Mkdir { path: path.clone(), parents: true, mode, resets: true });
        if user.is_some() || group.is_some() {
            changes.push(Change::Chown {
                paths: vec![Operand::Path(path)],
                user: user.clone(),
                group: group.clone(),
                recursive: false,
                no_dereference: false,
            });
        }
    }
    Some(changes)
}

fn tee(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options { short: "ai", long: &[("append", 'a')] };
    let parsed = OPTIONS.parse(call.args)?;
    let mut changes = Vec::new();
    for field in &parsed.operands {
        // `-` is a file for some versions.
        let path = if field.known() == "-" { None } else { call.path(field) };
        let path = path?;
        // `/dev` is mounted in every RUN.
        if !path.starts_with("/dev/") {
            changes.push(Change::Write { path });
        }
    }
    Some(changes)
}

/// `sed` without `-i` prints, unless its script writes; with it the files become new ones under their names.
fn sed(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "nErsue:i",
        long: &[
            ("expression", 'e'),
            ("quiet", 'n'),
            ("silent", 'n'),
            ("regexp-extended", 'E'),
            ("in-place", 'i'),
        ],
    };
    // `-ie` is a suffix of `e`.
    let has_suffix = |word: &str| {
        let bundle = word.strip_prefix('-').filter(|bundle| !bundle.starts_with('-'));
        bundle.is_some_and(|bundle| bundle.find('i').is_some_and(|at| at + 1 < bundle.len()))
    };
    if call.args.iter().any(|field| has_suffix(field.known())) {
        return None;
    }
    let parsed = OPTIONS.parse(call.args)?;
    let has_script = parsed.has('e');
    let skipped = usize::from(!has_script);
    let scripts =
        parsed.value('e').into_iter().chain(parsed.operands.iter().take(skipped).map(|field| field.known()));
    let is_literal = parsed.operands.iter().take(skipped).all(|field| field.literal().is_some());
    if !is_literal || !scripts.into_iter().all(sed::only_edits) {
        return None;
    }
    if !parsed.has('i') {
        return Some(Vec::new());
    }
    parsed
        .operands
        .iter()
        .skip(skipped)
        .map(|field| Some(Change::Rewrite { path: call.operand(field)? }))
        .collect()
}
