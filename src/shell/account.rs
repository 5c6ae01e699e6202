//! Commands that make users and groups, as shadow, Debian and `BusyBox` have them.

use super::call::Call;
use super::field::Field;
use super::getopt::{Options, Parsed};
use super::path::PathPattern;
use super::{Account, Change, Flavour};

/// Returns the changes of the command, if it is one of these and all of its words are read.
pub(super) fn changes(call: &Call) -> Option<Vec<Change>> {
    match call.name {
        "useradd" => useradd(call),
        "adduser" => adduser(call),
        "groupadd" => groupadd(call),
        "addgroup" => addgroup(call),
        _ => None,
    }
}

/// Returns the paths that a command that changes accounts may touch, whatever its words are.
pub(super) fn touched(name: &str) -> Vec<PathPattern> {
    let changes_accounts = matches!(
        name,
        "useradd"
            | "adduser"
            | "groupadd"
            | "addgroup"
            | "usermod"
            | "userdel"
            | "deluser"
            | "groupmod"
            | "groupdel"
            | "delgroup"
            | "chpasswd"
            | "passwd"
            | "gpasswd"
            | "chsh"
            | "newusers"
            | "pwconv"
            | "vipw"
    );
    if !changes_accounts {
        return Vec::new();
    }
    let files = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid"];
    let files = files.map(|path| PathPattern::At(path.into()));
    let homes = matches!(name, "useradd" | "adduser" | "usermod" | "userdel" | "deluser" | "newusers");
    files.into_iter().chain(homes.then(|| PathPattern::under("/home"))).collect()
}

/// The number that an option gives; an error where it is none that every tool and BuildKit read alike.
fn number(parsed: &Parsed, flag: char) -> Result<Option<u32>, ()> {
    parsed.value(flag).map(plain_number).transpose()
}

/// Digits without a leading zero, of 31 bits.
fn plain_number(word: &str) -> Result<u32, ()> {
    let is_plain = word == "0" || is_digits(word) && !word.starts_with('0');
    word.parse().ok().filter(|number| is_plain && i32::try_from(*number).is_ok()).ok_or(())
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a new account or group, if it is one by any tool's rules.
fn name(field: &Field) -> Option<String> {
    let name = field.literal()?;
    let is_name = !name.is_empty() && !name.contains(['/', ':', ' ']);
    is_name.then(|| name.to_owned())
}

fn useradd(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "mMrNUlou:g:G:d:s:c:p:k:K:e:f:b:",
        long: &[
            ("create-home", 'm'),
            ("no-create-home", 'M'),
            ("system", 'r'),
            ("no-user-group", 'N'),
            ("user-group", 'U'),
            ("no-log-init", 'l'),
            ("non-unique", 'o'),
            ("uid", 'u'),
            ("gid", 'g'),
            ("groups", 'G'),
            ("home-dir", 'd'),
            ("home", 'd'),
            ("shell", 's'),
            ("comment", 'c'),
            ("password", 'p'),
            ("skel", 'k'),
            ("key", 'K'),
            ("expiredate", 'e'),
            ("inactive", 'f'),
            ("base-dir", 'b'),
        ],
    };
    let args = flags_first(call.args, &OPTIONS)?;
    let parsed = OPTIONS.parse(&args)?;
    let [field] = parsed.operands[..] else { return None };
    let name = name(field)?;
    let home = match (parsed.value('d'), parsed.value('b')) {
        (Some(home), _) => Some(call.absolute(home)?),
        (None, Some(base)) => Some(call.absolute(&format!("{base}/{name}"))?),
        (None, None) => None,
    };
    Some(vec![Change::AddUser(Account {
        name,
        uid: number(&parsed, 'u').ok()?,
        group: parsed.value('g').map(str::to_owned),
        home,
        create_home: if parsed.has('M') { Some(false) } else { parsed.has('m').then_some(true) },
        system: parsed.has('r'),
        flavour: Flavour::Shadow,
    })])
}

/// `useradd app -m` is read by glibc alone, and useradd is hardly ever built with another C library.
fn flags_first(args: &[Field], options: &Options) -> Option<Vec<Field>> {
    let (mut flags, mut operands) = (Vec::new(), Vec::new());
    let mut words = args.iter();
    while let Some(field) = words.next() {
        let word = field.known();
        if !word.starts_with('-') {
            operands.push(field.clone());
            continue;
        }
        flags.push(field.clone());
        let long = word.strip_prefix("--");
        let letter = match long {
            Some(name) => options.long.iter().find(|(long, _)| *long == name).map(|(_, letter)| *letter),
            None => word.chars().last(),
        };
        if letter.is_some_and(|letter| options.short.contains(&format!("{letter}:"))) {
            flags.push(words.next()?.clone());
        }
    }
    flags.append(&mut operands);
    Some(flags)
}

/// `adduser` of `BusyBox`.
const BUSYBOX: Options = Options {
    short: "DHSh:g:G:s:u:k:",
    long: &[
        ("disabled-password", 'D'),
        ("no-create-home", 'H'),
        ("system", 'S'),
        ("home", 'h'),
        ("gecos", 'g'),
        ("ingroup", 'G'),
        ("shell", 's'),
        ("uid", 'u'),
    ],
};

/// Debian's `adduser`, by the letters of the other.
const DEBIAN: Options = Options {
    short: "DHSh:i:g:G:s:u:qFrm",
    long: &[
        ("disabled-password", 'D'),
        ("disabled-login", 'D'),
        ("allow-bad-names", 'F'),
        ("allow-all-names", 'F'),
        ("force-badname", 'F'),
        ("no-create-home", 'H'),
        ("system", 'S'),
        ("group", 'r'),
        ("quiet", 'q'),
        ("home", 'h'),
        ("gecos", 's'),
        ("comment", 's'),
        ("ingroup", 'i'),
        ("gid", 'G'),
        ("shell", 's'),
        ("uid", 'u'),
    ],
};

fn adduser(call: &Call) -> Option<Vec<Change>> {
    let is_short = |field: &Field| field.known().starts_with('-') && !field.known().starts_with("--");
    let short = call.args.iter().any(is_short);
    let long = call.args.iter().any(|field| field.known().starts_with("--"));
    let options = if short { BUSYBOX } else { DEBIAN };
    let args = if short { call.args.to_vec() } else { flags_first(call.args, &DEBIAN)? };
    let parsed = options.parse(&args)?;
    // `adduser user group` creates no account.
    let [field] = parsed.operands[..] else { return None };
    // Letters that shadow's adduser, which is useradd, takes for something else.
    let flavour = match (short, long) {
        (true, _) if parsed.has('S') || parsed.has('D') || parsed.has('H') || parsed.has('h') => {
            Flavour::Busybox
        }
        (false, true) => Flavour::Debian,
        _ => Flavour::Unknown,
    };
    let busybox_or_debian = if long && short { Flavour::Busybox } else { flavour };
    let home = parsed.value('h').map(|home| call.absolute(home));
    let create_home = match busybox_or_debian {
        Flavour::Unknown => None,
        _ if parsed.has('H') => Some(false),
        // A system account of Debian has no home of its own, or had one, as the release will.
        Flavour::Debian if parsed.has('S') && home.is_none() => None,
        _ => Some(true),
    };
    let uid = number(&parsed, 'u').ok()?;
    // Of BusyBox's letters these two alone are an error everywhere else, and not a question for help. A system
    // account of Debian may be there already.
    let is_new = match busybox_or_debian {
        Flavour::Busybox => parsed.has('D') || parsed.has('S'),
        Flavour::Debian => !parsed.has('S'),
        Flavour::Shadow | Flavour::Unknown => false,
    };
    // Debian's `--ingroup 50` names a group, `--gid 50` is a number.
    if parsed.value('i').is_some_and(is_digits) {
        return None;
    }
    Some(vec![Change::AddUser(Account {
        name: name(field)?,
        uid: uid.filter(|_| is_new),
        group: parsed
            .value('G')
            .or(parsed.value('i'))
            .map(str::to_owned)
            .or_else(|| parsed.has('r').then(|| field.known().to_owned())),
        home: match home {
            Some(home) => Some(home?),
            None => None,
        },
        create_home,
        system: parsed.has('S'),
        flavour: busybox_or_debian,
    })])
}

fn groupadd(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options = Options {
        short: "rfog:K:p:",
        long: &[
            ("system", 'r'),
            ("force", 'f'),
            ("non-unique", 'o'),
            ("gid", 'g'),
            ("key", 'K'),
            ("password", 'p'),
        ],
    };
    let args = flags_first(call.args, &OPTIONS)?;
    let parsed = OPTIONS.parse(&args)?;
    let [field] = parsed.operands[..] else { return None };
    // With `-f` a group that is there stays, and a number that is taken is replaced.
    let gid = if parsed.has('f') { None } else { number(&parsed, 'g').ok()? };
    Some(vec![Change::AddGroup { name: name(field)?, gid }])
}

fn addgroup(call: &Call) -> Option<Vec<Change>> {
    const OPTIONS: Options =
        Options { short: "Sqg:", long: &[("system", 'S'), ("gid", 'g'), ("quiet", 'q')] };
    let args = flags_first(call.args, &OPTIONS)?;
    let parsed = OPTIONS.parse(&args)?;
    match parsed.operands[..] {
        [field] => {
            // A system group of Debian may be there already.
            let may_be_there = call.args.iter().any(|field| field.known() == "--system");
            let gid = number(&parsed, 'g').ok()?.filter(|_| !may_be_there);
            Some(vec![Change::AddGroup { name: name(field)?, gid }])
        }
        // `addgroup user group` adds one to the other.
        _ => None,
    }
}
