//! Redirections: the files that they open, and the script that they hand to a shell.

use brush_parser::ast::{IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, Word};

use super::call::Call;
use super::field::Field;
use super::simple::touches;
use super::state::{Dialect, Flow};
use super::walk::Walker;
use super::{Change, Effect, script};

impl Walker<'_> {
    /// Opens the files that redirections write. Returns the heredoc on the standard input.
    pub(crate) fn redirects<'r>(
        &mut self,
        redirects: impl Iterator<Item = &'r IoRedirect>,
        line: usize,
        flow: Flow,
    ) -> Option<(String, bool)> {
        let mut stdin = None;
        for redirect in redirects {
            match redirect {
                IoRedirect::File(fd, kind, target) => {
                    if fd.is_none_or(|fd| fd == 0) && matches!(kind, IoFileRedirectKind::Read) {
                        stdin = None;
                    }
                    self.file_redirect(kind, target, line, flow);
                }
                IoRedirect::OutputAndError(word, _) => match self.state.dialect {
                    Dialect::Bash => self.written(word, line, flow),
                    // dash runs the command in the background and truncates the file.
                    Dialect::Posix => self.unreadable(&redirect.to_string(), line),
                },
                IoRedirect::HereDocument(fd, document) => {
                    let body = &document.doc.value;
                    let is_exact =
                        !document.requires_expansion || self.expand(line, |expander| expander.heredoc(body));
                    if fd.is_none_or(|fd| fd == 0) {
                        stdin = Some((script::dedented(body, document.remove_tabs), is_exact));
                    }
                }
                IoRedirect::HereString(_, word) => {
                    let fields = self.expand(line, |expander| expander.fields(&word.value));
                    stdin = match &fields[..] {
                        [Field::Literal(text)] => Some((text.clone(), true)),
                        _ => None,
                    };
                }
            }
        }
        stdin
    }

    fn file_redirect(
        &mut self,
        kind: &IoFileRedirectKind,
        target: &IoFileRedirectTarget,
        line: usize,
        flow: Flow,
    ) {
        match (kind, target) {
            (_, IoFileRedirectTarget::Fd(_)) => {}
            (_, IoFileRedirectTarget::ProcessSubstitution(_, list)) => {
                self.beside(|walker| walker.list(&list.list, Flow::UNSURE));
            }
            (
                IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput,
                IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word),
            ) => {
                self.expand(line, |expander| expander.fields(&word.value));
            }
            // `>&2` and `>&-` open no file; `>&name` does in bash.
            (IoFileRedirectKind::DuplicateOutput, IoFileRedirectTarget::Duplicate(word))
                if word.value == "-" || word.value.bytes().all(|byte| byte.is_ascii_digit()) => {}
            (
                IoFileRedirectKind::Write
                | IoFileRedirectKind::Append
                | IoFileRedirectKind::ReadAndWrite
                | IoFileRedirectKind::Clobber
                | IoFileRedirectKind::DuplicateOutput,
                IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word),
            ) => self.written(word, line, flow),
        }
    }

    fn written(&mut self, word: &Word, line: usize, flow: Flow) {
        let fields = self.expand(line, |expander| expander.fields(&word.value));
        let call = Call { name: ">", args: &fields, state: &self.state };
        let path = match &fields[..] {
            [field] => call.path(field),
            _ => None,
        };
        let effect = match path {
            // `/dev` is mounted in every RUN.
            Some(path) if path.starts_with("/dev/") => Effect::None,
            Some(path) => Effect::Certain(vec![Change::Write { path }]),
            None => touches(&call),
        };
        let command = format!("> {}", fields.first().map_or("", Field::known));
        self.record(command, line, flow, effect);
    }
}
