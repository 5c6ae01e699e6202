//! Commands that bring files in: archives, downloads, repositories.

use super::Change;
use super::call::Call;
use super::field::Field;
use super::getopt::Options;

/// What the command does, if it is one of these and its words are read in full.
pub(super) fn changes(call: &Call) -> Option<Vec<Change>> {
    match call.name {
        "tar" | "bsdtar" => tar(call),
        "unzip" => unzip(call),
        "git" => git(call),
        "curl" => curl(call),
        "wget" => wget(call),
        _ => None,
    }
}

/// Modes of `tar`, one of which every call has.
const MODES: &[u8] = b"xctruA";

/// Long options of `tar` that change neither the place nor the presence of what is extracted.
const NEUTRAL: [&str; 17] = [
    "gzip",
    "gunzip",
    "bzip2",
    "xz",
    "zstd",
    "lzma",
    "verbose",
    "strip-components",
    "no-same-owner",
    "same-owner",
    "no-same-permissions",
    "exclude",
    "wildcards",
    "numeric-owner",
    "overwrite",
    "warning",
    "strip",
];

fn tar(call: &Call) -> Option<Vec<Change>> {
    let mut letters = String::new();
    let mut directory = None;
    let mut archive = None;
    let mut pending = String::new();
    let mut words = call.args.iter().enumerate();
    while let Some((index, field)) = words.next() {
        let word = field.known();
        if word.is_empty() && field.literal().is_none() {
            return None;
        }
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            match name {
                "directory" => directory = Some(call.path(&owned(value, || words.next())?)?),
                "file" => archive = Some(owned(value, || words.next())?),
                "extract" | "get" => letters.push('x'),
                "create" => letters.push('c'),
                "list" => letters.push('t'),
                name if NEUTRAL.contains(&name) => {}
                // Others change where things go, take them away, or run programs.
                _ => return None,
            }
            continue;
        }
        let is_bundle = index == 0 && !word.starts_with('-');
        if !is_bundle && !word.starts_with('-') {
            continue;
        }
        let bundle = field.literal()?.trim_start_matches('-');
        // With a value that runs a program, or that hides what follows.
        if bundle.contains(['I', 'F', 'g', 'H', 'K', 'L', 'N', 'V']) {
            return None;
        }
        letters.extend(bundle.chars().take_while(|letter| !"fC".contains(*letter)));
        // `-C/dir` and `-fx.tar` carry their value; in `xzf` and `xfC` the values come one by one.
        let values = bundle.find(['f', 'C', 'T', 'X', 'b']).map_or("", |at| &bundle[at..]);
        let attached = values.get(1..).unwrap_or("");
        if !is_bundle && !attached.is_empty() {
            values[..1].clone_into(&mut pending);
            take(call, &mut pending, &Field::Literal(attached.to_owned()), &mut directory, &mut archive)?;
            continue;
        }
        letters.push_str(values);
        pending.extend(values.chars().filter(|letter| "fCTXb".contains(*letter)));
        while !pending.is_empty() {
            let (_, value) = words.next()?;
            take(call, &mut pending, value, &mut directory, &mut archive)?;
        }
    }
    tar_changes(call, &letters, directory, archive)
}

/// Returns the changes of a `tar` with these letters.
fn tar_changes(
    call: &Call,
    letters: &str,
    directory: Option<String>,
    archive: Option<Field>,
) -> Option<Vec<Change>> {
    if letters.contains('P') {
        return None;
    }
    let mode = letters.bytes().find(|letter| MODES.contains(letter))?;
    match mode {
        b'x' => Some(vec![Change::Extract { into: directory.or_else(|| call.absolute("."))? }]),
        b't' => Some(Vec::new()),
        b'c' => match archive {
            None => Some(Vec::new()),
            Some(Field::Literal(name)) if name == "-" => Some(Vec::new()),
            Some(name) => Some(vec![Change::Write { path: call.path(&name)? }]),
        },
        _ => None,
    }
}

/// Gives `value` to the first option that waits for one.
fn take(
    call: &Call,
    pending: &mut String,
    value: &Field,
    directory: &mut Option<String>,
    archive: &mut Option<Field>,
) -> Option<()> {
    match pending.remove(0) {
        // A second directory is relative to the first.
        'C' if directory.is_some() => return None,
        'C' => *directory = Some(call.path(value)?),
        'f' => *archive = Some(value.clone()),
        _ => {}
    }
    Some(())
}

fn owned<'f, I>(value: Option<&str>, next: impl FnOnce() -> Option<(I, &'f Field)>) -> Option<Field> {
    match value {
        Some(value) => Some(Field::Literal(value.to_owned())),
        None => next().map(|(_, field)| field.clone()),
    }
}

fn unzip(call: &Call) -> Option<Vec<Change>> {
    let words: Vec<&str> = call.args.iter().map(Field::known).collect();
    let is_listing = |word: &&str| {
        word.strip_prefix('-').is_some_and(|flags| flags.starts_with(['l', 't', 'p', 'v', 'Z']))
    };
    if words.iter().any(is_listing) {
        return Some(Vec::new());
    }
    let hides_directory = |field: &Field| {
        field.known().starts_with('-') && !field.known().starts_with("-d") && field.known().contains('d')
    };
    if call
        .args
        .iter()
        .any(|field| hides_directory(field) || (field.known().is_empty() && field.literal().is_none()))
    {
        return None;
    }
    let into = match words.iter().position(|word| word.starts_with("-d")) {
        Some(at) if words[at] == "-d" => call.path(call.args.get(at + 1)?)?,
        Some(at) => call.absolute(&call.args[at].literal()?[2..])?,
        None => call.absolute(".")?,
    };
    Some(vec![Change::Extract { into }])
}

/// Options of `git clone`; those with a value that says nothing of where things go share a letter.
const CLONE: Options = Options {
    short: "qvb:j:o:nsl",
    long: &[
        ("branch", 'b'),
        ("depth", 'b'),
        ("jobs", 'j'),
        ("origin", 'o'),
        ("filter", 'b'),
        ("quiet", 'q'),
        ("recursive", 'q'),
        ("recurse-submodules", 'q'),
        ("shallow-submodules", 'q'),
        ("single-branch", 'q'),
        ("no-tags", 'q'),
        ("progress", 'q'),
        ("no-checkout", 'n'),
        ("config", 'b'),
    ],
};
/// What `git` does without a change.
const READS: [&str; 14] = [
    "--version",
    "version",
    "log",
    "show",
    "status",
    "rev-parse",
    "describe",
    "diff",
    "ls-remote",
    "rev-list",
    "ls-files",
    "cat-file",
    "merge-base",
    "help",
];

fn git(call: &Call) -> Option<Vec<Change>> {
    let (verb, args) = call.args.split_first()?;
    let verb = verb.literal()?;
    if READS.contains(&verb) {
        return Some(Vec::new());
    }
    if verb != "clone" {
        return None;
    }
    // Git reads options behind the operands too.
    let (mut first, mut operands) = (Vec::new(), Vec::new());
    let mut words = args.iter();
    while let Some(field) = words.next() {
        if !field.known().starts_with('-') {
            operands.push(field.clone());
            continue;
        }
        first.push(field.clone());
        let is_valued = !field.known().contains('=')
            && matches!(
                field.known(),
                "-b" | "-j" | "-o" | "--branch" | "--depth" | "--jobs" | "--origin" | "--filter" | "--config"
            );
        if is_valued {
            first.push(words.next()?.clone());
        }
    }
    first.append(&mut operands);
    let parsed = CLONE.parse(&first)?;
    let into = match &parsed.operands[..] {
        [url] => call.absolute(clone_name(url.literal()?)?)?,
        [_, directory] => call.path(directory)?,
        _ => return None,
    };
    Some(vec![Change::GitClone { into }])
}

/// The directory that `git clone` makes of a URL.
fn clone_name(url: &str) -> Option<&str> {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix("/.git").unwrap_or(url);
    let name = url.rsplit(['/', ':']).next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

/// Letters of `curl` that take a value.
const CURL_VALUED: &str = "AbcCdDeEFHKmoPQrTtuUwXYyz";

fn curl(call: &Call) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    let mut words = call.args.iter();
    while let Some(field) = words.next() {
        let word = field.known();
        if word.is_empty() && field.literal().is_none() {
            return None;
        }
        match word.strip_prefix("--").map(|long| long.split_once('=').unwrap_or((long, ""))) {
            Some(("output", "")) => changes.push(written(call, words.next()?)?),
            Some((
                "output" | "remote-name" | "remote-name-all" | "output-dir" | "create-dirs" | "dump-header"
                | "cookie-jar" | "config" | "trace" | "trace-ascii" | "stderr" | "etag-save" | "libcurl"
                | "hsts" | "alt-svc",
                _,
            )) => return None,
            None if word.starts_with('-') && word.len() > 1 => {
                let letters = &word[1..];
                let valued = letters.find(|letter| CURL_VALUED.contains(letter));
                let plain = &letters[..valued.unwrap_or(letters.len())];
                let Some(at) = valued.filter(|_| !plain.contains(['O', 'J'])) else {
                    if plain.contains(['O', 'J']) {
                        return None;
                    }
                    continue;
                };
                let (letter, attached) = letters[at..].split_at(1);
                let value =
                    if attached.is_empty() { words.next()?.clone() } else { Field::Literal(attached.into()) };
                match letter {
                    "o" => changes.push(written(call, &value)?),
                    "c" | "D" | "K" => return None,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    changes.retain(|change| !matches!(change, Change::Write { path } if path.starts_with("/dev/")));
    Some(changes)
}

fn written(call: &Call, field: &Field) -> Option<Change> {
    match field.literal()? {
        "-" => Some(Change::Write { path: "/dev/stdout".into() }),
        _ => Some(Change::Write { path: call.path(field)? }),
    }
}

fn wget(call: &Call) -> Option<Vec<Change>> {
    let mut words = call.args.iter();
    let mut target = None;
    while let Some(field) = words.next() {
        let word = field.known();
        if word == "--output-document" {
            target = Some(words.next()?.clone());
        } else if let Some(value) = word.strip_prefix("--output-document=") {
            field.literal()?;
            target = Some(Field::Literal(value.to_owned()));
        } else if word.starts_with('-') && !word.starts_with("--") {
            let Some(at) = word.find('O') else {
                // Logs, cookies and whole sites go to other files.
                if word.contains(['o', 'a', 'P', 'r', 'm', 'p', 'x', 'i']) {
                    return None;
                }
                continue;
            };
            let attached = &word[at + 1..];
            target = Some(if attached.is_empty() {
                words.next()?.clone()
            } else {
                Field::Literal(field.literal()?[at + 1..].into())
            });
        } else if matches!(
            word.split('=').next(),
            Some(
                "--directory-prefix"
                    | "--output-file"
                    | "--append-output"
                    | "--recursive"
                    | "--mirror"
                    | "--save-cookies"
            )
        ) {
            return None;
        }
    }
    // Without a name it is taken from the URL, and another one where that is there already.
    let change = written(call, &target?)?;
    Some(if matches!(&change, Change::Write { path } if path == "/dev/stdout") {
        Vec::new()
    } else {
        vec![change]
    })
}
