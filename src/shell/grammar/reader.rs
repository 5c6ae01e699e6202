//! Commands that read and print: they change no file, in the versions of GNU, `BusyBox` and Debian.

/// The words with which a command only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Any words.
    Any,
    /// These short options, in the notation of getopt, and at most so many operands.
    Only(&'static str, usize),
}

/// Each command with the words, sorted by name.
const TABLE: &[(&str, Words)] = &[
    ("arch", Words::Any),
    ("base32", Words::Any),
    ("base64", Words::Any),
    ("basename", Words::Any),
    ("cat", Words::Any),
    ("cksum", Words::Any),
    ("cmp", Words::Any),
    ("comm", Words::Any),
    ("cut", Words::Any),
    ("date", Words::Any),
    ("df", Words::Any),
    ("diff", Words::Any),
    ("dirname", Words::Any),
    ("dpkg-architecture", Words::Only("q:", 0)),
    ("dpkg-query", Words::Any),
    ("du", Words::Any),
    ("echo", Words::Any),
    ("egrep", Words::Any),
    ("expand", Words::Any),
    ("expr", Words::Any),
    ("false", Words::Any),
    ("fgrep", Words::Any),
    ("file", Words::Only("bhiLkz", usize::MAX)),
    ("fold", Words::Any),
    ("free", Words::Any),
    ("getconf", Words::Any),
    ("getent", Words::Any),
    ("grep", Words::Any),
    ("groups", Words::Any),
    ("head", Words::Any),
    ("hexdump", Words::Any),
    ("hostname", Words::Only("fsiId", 0)),
    ("id", Words::Any),
    ("jq", Words::Any),
    ("ldd", Words::Any),
    ("locale", Words::Any),
    ("ls", Words::Any),
    ("md5sum", Words::Any),
    ("nl", Words::Any),
    ("nm", Words::Any),
    ("nproc", Words::Any),
    ("objdump", Words::Any),
    ("od", Words::Any),
    ("paste", Words::Any),
    ("pgrep", Words::Any),
    ("pkg-config", Words::Only("", usize::MAX)),
    ("printenv", Words::Any),
    ("printf", Words::Any),
    ("ps", Words::Any),
    ("pwd", Words::Any),
    ("readelf", Words::Any),
    ("readlink", Words::Any),
    ("realpath", Words::Any),
    ("rev", Words::Any),
    ("seq", Words::Any),
    ("sha1sum", Words::Any),
    ("sha224sum", Words::Any),
    ("sha256sum", Words::Any),
    ("sha384sum", Words::Any),
    ("sha512sum", Words::Any),
    ("shasum", Words::Any),
    ("size", Words::Any),
    ("sleep", Words::Any),
    // Not `-o` and `-T`, which write, and not `--compress-program`, which runs a program.
    ("sort", Words::Only("bcdfghimMnrRsuVzk:t:S:", usize::MAX)),
    ("stat", Words::Any),
    ("strings", Words::Any),
    ("sum", Words::Any),
    ("sync", Words::Any),
    ("tac", Words::Any),
    ("tail", Words::Any),
    ("test", Words::Any),
    ("tr", Words::Any),
    ("true", Words::Any),
    ("tty", Words::Any),
    ("uname", Words::Any),
    // A second operand is a file that it writes, a first one of `-` included.
    ("uniq", Words::Only("cdDiuzf:s:w:", 1)),
    ("uptime", Words::Any),
    ("wc", Words::Any),
    ("whereis", Words::Any),
    ("which", Words::Any),
    ("whoami", Words::Any),
    ("yes", Words::Any),
    ("zcat", Words::Any),
];

/// Returns the words with which a command only reads.
pub fn reader(name: &str) -> Option<Words> {
    TABLE.binary_search_by_key(&name, |(name, _)| name).ok().map(|at| TABLE[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|(name, _)| name), "sort TABLE");
    }
}
