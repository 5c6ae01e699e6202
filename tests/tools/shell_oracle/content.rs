//! The content of every root: tools, and a few directories, files and links that scripts work on.

/// Tools of coreutils and their like, which BusyBox has too unless it does not.
pub const TOOLS: &str = "awk base64 basename cat chgrp chmod chown cksum cmp comm cp cpio cut date dd df diff dirname \
    du echo egrep expand expr false fgrep flock fold getent getopt grep gunzip gzip head hostname \
    id ionice link ln ls md5sum mkdir mkfifo mktemp mv nice nl nohup nproc od paste printenv \
    printf pwd readlink realpath rev rm rmdir run-parts sed seq setpriv setsid sha256sum shred \
    sleep sort split stat stdbuf sync tac tail tar tee test timeout touch tr true truncate tty \
    uname uniq unlink unzip wc which who whoami xz yes zcat [";

/// Tools that lie in a directory for the system.
pub const SYSTEM_TOOLS: &str = "addgroup adduser chroot groupadd useradd usermod";

/// Tools that Alpine has in `/usr/bin`.
pub const USER_TOOLS: &str = "env find install perl xargs";

/// Directories with mode and owner.
pub const DIRECTORIES: &[(&str, u32, u32, u32)] = &[
    ("etc", 0o755, 0, 0),
    ("usr/local", 0o755, 0, 0),
    ("usr/local/bin", 0o755, 0, 0),
    ("usr/local/sbin", 0o755, 0, 0),
    ("var", 0o755, 0, 0),
    ("var/lib", 0o755, 0, 0),
    ("var/tmp", 0o1777, 0, 0),
    ("opt", 0o755, 0, 0),
    ("run", 0o755, 0, 0),
    ("tmp", 0o1777, 0, 0),
    ("root", 0o700, 0, 0),
    ("home", 0o755, 0, 0),
    ("home/app", 0o750, 1000, 1001),
    ("dev", 0o755, 0, 0),
    ("proc", 0o555, 0, 0),
    ("sys", 0o555, 0, 0),
    ("d", 0o755, 0, 0),
    ("d/s", 0o755, 0, 0),
    ("d/s/t", 0o700, 0, 0),
    ("e", 0o755, 0, 0),
    ("p", 0o700, 0, 0),
    ("g", 0o2775, 0, 50),
    ("u", 0o755, 1000, 1001),
    ("u/k", 0o755, 1000, 1001),
    ("w", 0o755, 0, 0),
    ("w/d", 0o755, 0, 0),
    ("w/x", 0o755, 0, 0),
    ("a b", 0o755, 0, 0),
    ("parts", 0o755, 0, 0),
];

/// Files with content and mode.
pub const FILES: &[(&str, u32, &str)] = &[
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nbin:x:2:2:bin:/bin:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n",
    ),
    ("etc/group", 0o644, "root:x:0:\nbin:x:2:\nstaff:x:50:\nappg:x:1001:\n"),
    ("etc/shadow", 0o600, "root:*:19000:0:99999:7:::\napp:*:19000:0:99999:7:::\n"),
    ("etc/gshadow", 0o600, "root:*::\nstaff:!::\nappg:!::\n"),
    ("etc/login.defs", 0o644, "UID_MIN 1000\nGID_MIN 1000\nUMASK 022\nHOME_MODE 0700\nUSERGROUPS_ENAB yes\n"),
    ("f", 0o644, "f\n"),
    ("d/f", 0o644, "d/f\n"),
    ("d/s/x", 0o755, "x\n"),
    ("w/f", 0o644, "w/f\n"),
    ("w/run.sh", 0o755, "#!/bin/sh\nmkdir -p made \"$@\"\n"),
    ("usr/local/bin/tool", 0o755, "#!/bin/sh\nmkdir -p /opt/made \"$@\"\n"),
    ("env.sh", 0o644, "umask 077\nX=/opt/env\n"),
    ("list", 0o644, "/opt/q\n/n\n"),
    ("cmds", 0o644, "mkdir /opt/cmds\nmkdir /n\n"),
    ("prog.awk", 0o644, "BEGIN { system(\"mkdir /opt/awk\") }\n"),
    ("parts/01", 0o755, "#!/bin/sh\nmkdir /opt/part\n"),
];

/// Symbolic links.
pub const LINKS: &[(&str, &str)] =
    &[("l", "/d"), ("lf", "/f"), ("gone", "/nowhere"), ("w/up", ".."), ("w/l", "../d"), ("d/here", ".")];
