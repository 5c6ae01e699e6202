//! Redirections: the files that they open, and the text or the file that becomes the standard input.

use brush_parser::ast::{
    IoFileRedirectKind as Kind, IoFileRedirectTarget as Target, IoRedirect, RedirectList,
};

use super::analysis::Analysis;
use super::state::{Dialect, Flow};
use super::walk::list;

/// Runs a compound command or a test with its redirections.
pub(super) fn redirected<A: Analysis>(
    shell: &mut A,
    redirects: Option<&RedirectList>,
    line: usize,
    flow: Flow,
    run: impl FnOnce(&mut A),
) {
    let Some(redirects) = redirects else { return run(shell) };
    let redirects: Vec<&IoRedirect> = redirects.0.iter().collect();
    shell.each_way(|shell| {
        open(shell, &redirects, line, flow);
    });
    writing(shell, &redirects, run);
}

/// Runs a command whose redirections are open.
pub(super) fn writing<A: Analysis>(shell: &mut A, redirects: &[&IoRedirect], run: impl FnOnce(&mut A)) {
    if redirects.iter().any(|redirect| takes_output(redirect)) {
        shell.writing(run);
    } else {
        run(shell);
    }
}

/// Opens the files of redirections. Returns the standard input.
pub(super) fn open<A: Analysis>(
    shell: &mut A,
    redirects: &[&IoRedirect],
    line: usize,
    flow: Flow,
) -> Option<A::Input> {
    let mut input = None;
    for redirect in redirects {
        match redirect {
            IoRedirect::File(fd, kind, target) => {
                let is_input = fd.is_none_or(|fd| fd == 0) && matches!(kind, Kind::Read);
                let read = file(shell, (kind, target), is_input, line, flow);
                input = if is_input { read } else { input };
            }
            IoRedirect::OutputAndError(word, _) => match shell.dialect() {
                Dialect::Bash => shell.write(word, line, flow),
                // dash runs the command in the background and truncates the file.
                Dialect::Posix => shell.unreadable(&redirect.to_string(), line),
            },
            IoRedirect::HereDocument(fd, document) => {
                let read = shell.heredoc(document, line);
                input = if fd.is_none_or(|fd| fd == 0) { read } else { input };
            }
            IoRedirect::HereString(_, word) => input = shell.herestring(word, line),
        }
    }
    input
}

fn file<A: Analysis>(
    shell: &mut A,
    (kind, target): (&Kind, &Target),
    is_input: bool,
    line: usize,
    flow: Flow,
) -> Option<A::Input> {
    match (kind, target) {
        (_, Target::Fd(_)) => {}
        (_, Target::ProcessSubstitution(_, commands)) => {
            shell.beside(|shell| list(shell, &commands.list, Flow::UNSURE));
        }
        (Kind::Read | Kind::DuplicateInput, Target::Filename(word) | Target::Duplicate(word)) => {
            return shell.read(word, is_input, line);
        }
        // `>&2` and `>&-` open no file; `>&name` does in bash.
        (Kind::DuplicateOutput, Target::Duplicate(word))
            if word.value == "-" || word.value.bytes().all(|byte| byte.is_ascii_digit()) => {}
        (
            Kind::Write | Kind::Append | Kind::ReadAndWrite | Kind::Clobber | Kind::DuplicateOutput,
            Target::Filename(word) | Target::Duplicate(word),
        ) => shell.write(word, line, flow),
    }
    None
}

/// Returns true if a redirection takes standard output away.
fn takes_output(redirect: &IoRedirect) -> bool {
    match redirect {
        IoRedirect::File(fd, kind, _) => {
            !matches!(kind, Kind::Read | Kind::DuplicateInput) && fd.is_none_or(|fd| fd == 1)
        }
        IoRedirect::OutputAndError(..) => true,
        IoRedirect::HereDocument(..) | IoRedirect::HereString(..) => false,
    }
}
