//! The grammar of certainty: everything of a shell and its tools whose effect on files is known exactly. A step is
//! certain only if each of its parts is in this grammar; whatever is not in it makes the step uncertain.
//!
//! The parts, and where each is written down:
//!
//! - variables, by who may give them a value: [`variable`];
//! - builtins of dash, `BusyBox` ash and bash, by their effect on the shell: `shell::request`, with the lists in [`builtin`];
//! - commands that only read: [`reader`];
//! - commands that run another command: [`wrapper`];
//! - expansions of a word: `Reader` in `shell::word` and `shell::parameter`, which match every piece of brush-parser's syntax tree;
//! - control structures and redirections: `shell::walk` with `compound`, `redirect` and `simple`, which match every node of
//!   that tree for each analysis;
//! - commands that change files, with their options: one file for each family (`file`, `transfer`, `account`). An option
//!   that is not listed there, or that GNU and `BusyBox` read differently, makes the command uncertain.
//!
//! # Scripts on disk
//!
//! A script that the build context brought (by a COPY, or by a mount that binds it) is read where a RUN runs it by its path,
//! hands it to a shell, or sources it. It is certain if the context is stated, the file is certainly the one that was copied
//! (no step since may have changed it, by whatever path), and its first line names a shell of the system. A shell reads a
//! script while it runs it, so after a command that may have changed a file, the rest of a script on disk is uncertain, and
//! more may follow its last command.
//!
//! # Dialects
//!
//! A shell named `bash` is bash. `sh`, `dash` and `ash` are one dialect here, since `/bin/sh` is any of the three (Debian:
//! dash, Alpine: ash, Fedora: bash): a construct is certain only if they agree on it.
//!
//! # Axioms
//!
//! These are taken for granted, and no assumption names them:
//!
//! - A program in `/bin`, `/sbin`, `/usr/bin` or `/usr/sbin` is the program of its name, of GNU or of `BusyBox`.
//! - A tool's own configuration in the image (`/etc/gitconfig`, `~/.curlrc`) does not move the files that it is told to
//!   write.
//! - runc starts a RUN with umask 022 and without a terminal (runc's default, which BuildKit does not change).

pub mod builtin;
pub mod reader;
pub mod variable;
pub mod wrapper;
