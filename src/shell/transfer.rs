//! Commands that bring files in: archives, downloads, repositories.

use super::Change;
use super::call::Call;
use super::field::Field;
use super::getopt::Options;
use crate::text::cut;

/// Returns the changes of the command, if it is one of these and all of its words are read.
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
        // Every other letter changes where things go, runs a program, or hides what follows.
        let (bare, values) = cut::where_ends(bundle, |letter| "fCTXb".contains(letter));
        let known = if is_bundle { bundle } else { bare };
        if !known.chars().all(|letter| "xctruvzjJpkmoafCTXb".contains(letter)) {
            return None;
        }
        letters.extend(bundle.chars().take_while(|letter| !"fC".contains(*letter)));
        // `-C/dir` and `-fx.tar` carry their value; in `xzf` and `xfC` the values come one by one.
        if let Some((letter, attached)) = cut::first(values)
            && !is_bundle
            && !attached.is_empty()
        {
            pending = letter.to_string();
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

/// `unzip -oq archive -d directory`: the archive alone, with the directory on either side of it.
fn unzip(call: &Call) -> Option<Vec<Change>> {
    let mut into = None;
    let mut archives = 0;
    let mut words = call.args.iter();
    while let Some(field) = words.next() {
        let word = field.literal()?;
        match word.strip_prefix('-') {
            Some("d") if into.is_none() => into = Some(call.path(words.next()?)?),
            Some(letters) if !letters.is_empty() && letters.chars().all(|letter| "oqn".contains(letter)) => {
                (archives == 0).then_some(())?;
            }
            Some(_) => return None,
            None => archives += 1,
        }
    }
    (archives == 1).then_some(())?;
    let into = into.or_else(|| call.absolute("."))?;
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
/// The subcommands of `git` that change nothing.
const READS: [&str; 11] = [
    "--version",
    "version",
    "log",
    "show",
    "rev-parse",
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
    let writes = |field: &Field| field.literal().is_none_or(|word| word.starts_with("--o"));
    if READS.contains(&verb) && !args.iter().any(writes) {
        return Some(Vec::new());
    }
    if verb != "clone" {
        return None;
    }
    let parsed = CLONE.parse_mixed(args)?;
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

/// Options of `curl` that write nothing but the output. Those with a value that says nothing of files share a letter.
const CURL: Options = Options {
    short: "fsSLkgi46#vIo:A:H:X:d:u:e:m:b:r:x:C:",
    long: &[
        ("fail", 'f'),
        ("silent", 's'),
        ("show-error", 'S'),
        ("location", 'L'),
        ("insecure", 'k'),
        ("compressed", 's'),
        ("ipv4", 's'),
        ("progress-bar", 's'),
        ("tlsv1.2", 's'),
        ("retry-connrefused", 's'),
        ("retry-all-errors", 's'),
        ("output", 'o'),
        ("header", 'H'),
        ("user-agent", 'H'),
        ("proto", 'H'),
        ("proto-redir", 'H'),
        ("retry", 'H'),
        ("retry-delay", 'H'),
        ("retry-max-time", 'H'),
        ("connect-timeout", 'H'),
        ("max-time", 'H'),
        ("user", 'H'),
        ("data", 'H'),
        ("request", 'H'),
        ("proxy", 'H'),
    ],
};

fn curl(call: &Call) -> Option<Vec<Change>> {
    let parsed = CURL.parse_mixed(call.args)?;
    // More outputs than one go with more URLs.
    let outputs = parsed.values('o');
    match outputs[..] {
        [] | ["-"] => Some(Vec::new()),
        [output] => {
            let path = call.absolute(output)?;
            // `/dev` is mounted in every RUN.
            let is_device = path.starts_with("/dev/");
            Some(if is_device { Vec::new() } else { vec![Change::Write { path }] })
        }
        _ => None,
    }
}

/// Options of `wget` that write nothing but the output.
const WGET: Options = Options {
    short: "qO:T:t:U:",
    long: &[
        ("quiet", 'q'),
        ("no-check-certificate", 'q'),
        ("no-verbose", 'q'),
        ("no-hsts", 'q'),
        ("output-document", 'O'),
        ("timeout", 'T'),
        ("tries", 't'),
        ("header", 'U'),
        ("user-agent", 'U'),
        ("progress", 'U'),
    ],
};

/// `wget -O file`. GNU's writes `~/.wget-hsts` too, so that it is certain only where it prints.
fn wget(call: &Call) -> Option<Vec<Change>> {
    let parsed = WGET.parse_mixed(call.args)?;
    (parsed.values('O')[..] == ["-"] && call.args.iter().any(|field| field.known() == "--no-hsts"))
        .then(Vec::new)
}
