//! Commands that touch no file, or none but those that a redirection opens.

use super::call::Call;
use super::field::Field;
use super::find;

/// Commands that read and print, sorted.
const READERS: &[&str] = &[
    ":",
    "[",
    "[[",
    "arch",
    "base32",
    "base64",
    "basename",
    "cat",
    "cksum",
    "cmp",
    "column",
    "comm",
    "cut",
    "date",
    "df",
    "diff",
    "dirname",
    "dpkg-architecture",
    "dpkg-query",
    "du",
    "echo",
    "egrep",
    "expand",
    "expr",
    "false",
    "fgrep",
    "file",
    "fold",
    "free",
    "getconf",
    "getent",
    "grep",
    "groups",
    "hash",
    "head",
    "hexdump",
    "hostname",
    "id",
    "jobs",
    "jq",
    "kill",
    "ldd",
    "locale",
    "ls",
    "md5sum",
    "nl",
    "nm",
    "nproc",
    "objdump",
    "od",
    "paste",
    "pgrep",
    "pkg-config",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "readelf",
    "readlink",
    "realpath",
    "rev",
    "seq",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "shasum",
    "shift",
    "shopt",
    "size",
    "sleep",
    "stat",
    "strings",
    "sum",
    "sync",
    "tac",
    "tail",
    "test",
    "times",
    "tr",
    "true",
    "tty",
    "type",
    "ulimit",
    "uname",
    "uptime",
    "wait",
    "wc",
    "whereis",
    "which",
    "whoami",
    "yes",
    "zcat",
    "zgrep",
];

/// Returns true if the command touches no file.
pub(super) fn is(call: &Call) -> bool {
    let words = || call.args.iter().map(Field::known);
    let unread = || call.args.iter().any(|field| field.known().is_empty() && field.literal().is_none());
    match call.name {
        "printf" | "date" | "hostname" | "file" => {
            !words().any(|word| matches!(word, "-v" | "-s" | "-F" | "-C" | "-b") || word.starts_with("--set"))
        }
        "find" => !unread() && find::is_harmless(call),
        "scanelf" => !unread() && !words().any(writes_with_scanelf),
        "uniq" => !unread() && words().filter(|word| !word.starts_with('-')).count() < 2,
        "sort" => !unread() && !words().any(|word| word.starts_with("-o") || word.starts_with("--out")),
        "awk" | "gawk" | "mawk" => {
            !unread()
                && call.args.iter().all(|field| field.literal().is_some())
                && !words().any(|word| {
                    word.contains(['>', '|', '@'])
                        || word.contains("system")
                        || (word.starts_with('-') && !word.starts_with("-F") && word != "-v")
                })
        }
        "gunzip" | "gzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" => {
            words().any(|word| matches!(word, "-c" | "-dc" | "-cd" | "--stdout" | "-t"))
        }
        name => READERS.binary_search(&name).is_ok(),
    }
}

/// Returns true if an option of `scanelf` changes what it looks at, or writes a file.
fn writes_with_scanelf(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => ["setpax", "fix", "file"].iter().any(|option| name.starts_with(option)),
        None => word.starts_with('-') && word.contains(['z', 'X', 'o']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(READERS.is_sorted(), "sort READERS");
    }
}
