//! What a terminal shows when a command has ended, at several widths. Python opens the pseudo-terminal.

use std::num::NonZeroU16;
use std::process::Command;

use crate::evidence::Campaign;
use crate::support::{BINARY, Scratch};

/// Runs a command on a pseudo-terminal of a size, and prints all that it writes there.
const PTY: &str = r"
import fcntl, os, pty, struct, sys, termios
rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
if os.fork() == 0:
    os.close(master)
    os.login_tty(slave)
    os.execv(command[0], command)
os.close(slave)
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
";

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap()
}

/// Enough rows for every output.
const ROWS: u16 = 200;

/// The lines of the screen after a command, without those at the end that are blank.
fn screen(scratch: &Scratch, columns: u16, arguments: &[&str]) -> Vec<String> {
    let terminal = terminal(scratch, columns, arguments);
    let mut lines: Vec<String> =
        terminal.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn terminal(scratch: &Scratch, columns: u16, arguments: &[&str]) -> vt100::Parser {
    let mut python = Command::new("python3");
    python.args(["-c", PTY, &ROWS.to_string(), &columns.to_string(), BINARY]).args(arguments);
    python.current_dir(scratch.root()).env_clear().env("HOME", "/nonexistent").env("TERM", "xterm-256color");
    python.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut terminal = vt100::Parser::new(size(ROWS), size(columns), 0);
    terminal.process(&output.stdout);
    terminal
}

#[test]
fn no_progress_stays_on_the_screen_and_every_line_fits() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    let long = "a-folder-with-a-rather-long-name/".repeat(4);
    scratch.write(
        &format!("{long}Dockerfile"),
        "FROM $image@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nCOPY x /tmp/\n",
    );
    scratch.commit("The plan");
    campaign.put(&campaign.same("a/Dockerfile"));
    for columns in [50, 80, 120] {
        for (arguments, first) in [
            (&["plan"][..], "6 Dockerfiles, 6 COPY/ADD in commit "),
            (&["plan", "--verbose"], "6 Dockerfiles, 6 COPY/ADD in commit "),
            (&["status", "--offline"], "copy-link on main at "),
            (&["check"], "6 Dockerfiles in the working tree, 0 linked lines: "),
            (&["report", "--out", "/nonexistent/never", "--dry-run"], ""),
        ] {
            let lines = screen(scratch, columns, arguments);
            let shown = lines.join("\n");
            assert!(
                lines.first().is_some_and(|line| line.starts_with(&first[..first.len().min(30)])),
                "{columns}: {shown}"
            );
            for spinner in
                ["Judging", "Finding", "Exporting", "Contacting", "\u{2801}", "\u{2588}", "\u{2591}"]
            {
                assert!(!shown.contains(spinner), "{columns} {arguments:?}: {spinner}: {shown}");
            }
        }
    }
}

#[test]
fn no_line_is_broken_by_the_terminal_where_it_need_not_be() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    let digest = "0123456789abcdef".repeat(4);
    let image = format!("registry.example.org/team/image-of-a-service:1.2.3@sha256:{digest}");
    let lines =
        "COPY x /tmp/\nRUN make install\nCOPY --from=build /srv/app/with/a/long/path /usr/local/bin/\n";
    let text = format!("FROM debian:12 AS build\n{lines}FROM {image}\n{lines}");
    scratch.write("a-folder/services/Dockerfile", &text).write("x", "").commit("More");
    campaign.put(&campaign.same("a/Dockerfile"));
    for columns in [80, 120] {
        for arguments in [
            &["plan"][..],
            &["plan", "--verbose"],
            &["status", "--offline"],
            &["explain"],
            &["--help"],
            &["verify", "--help"],
        ] {
            let terminal = terminal(scratch, columns, arguments);
            let rows: Vec<String> = terminal.screen().rows(0, columns).collect();
            for (at, row) in rows.iter().enumerate() {
                let wraps = terminal.screen().row_wrapped(u16::try_from(at).unwrap());
                assert!(!wraps, "{columns} {arguments:?}: {row}\n{}", rows.join("\n"));
            }
        }
    }
}
