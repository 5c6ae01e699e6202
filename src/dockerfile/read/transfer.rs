//! `COPY` and `ADD` (`parseCopy`, `parseAdd` and `parseSourcesAndDest` in `instructions/parse.go`).

use std::collections::HashMap;

use super::super::flags::{self, Used};
use super::super::heredoc;
use super::super::instruction::{Body, Heredoc, Transfer, TransferKind, TransferOptions, Word};
use super::super::line::LogicalLine;
use super::super::word::{self, Node};
use super::Reader;
use super::body::Args;
use crate::text::Span;

impl Reader<'_> {
    /// Parses the arguments of COPY or ADD. For a line that BuildKit refuses, only the flags are checked: `parseCopy`
    /// and `parseAdd` return before they read the rest.
    pub(super) fn transfer(
        &mut self,
        kind: TransferKind,
        line: &LogicalLine<'_>,
        node: Node,
    ) -> Option<Body> {
        let args = self.maybe_json(line, &node, node.args.clone())?;
        let json = args.is_json();
        let bodies = self.heredocs(line, json);
        let mut words = words(line, args);
        let (name, known) = match kind {
            TransferKind::Copy => ("COPY", flags::COPY),
            TransferKind::Add => ("ADD", flags::ADD),
        };
        let errors = self.errors.len();
        if words.len() < 2 {
            self.refuse(
                Self::place(line, &node),
                format!(
                    "{name} requires at least two arguments, but only one was provided. Destination could \
                     not be determined"
                ),
            );
        }
        let options = options(&flags::read(&node.flags, known, &mut self.errors));
        let mut destination = words.pop();
        if let Some(word) = &destination
            && is_heredoc(word).is_some()
        {
            self.refuse(word.span, format!("{name} cannot accept a heredoc as a destination"));
        }
        if self.errors.len() > errors {
            words.clear();
            destination = None;
        }
        // BuildKit looks the bodies up by name, so heredocs with equal names all get the last body.
        let bodies = bodies.iter().map(|heredoc| (&*heredoc.name, heredoc.body)).collect::<HashMap<_, _>>();
        let mut heredocs = Vec::new();
        words.retain(|word| match is_heredoc(word) {
            None => true,
            Some(mark) => {
                let body = bodies.get(&*mark.name).copied().unwrap_or(Span::at(word.span.end));
                heredocs.push(Heredoc { name: mark.name, expand: mark.expand, chomp: mark.chomp, body });
                false
            }
        });
        let transfer =
            Transfer { kind, flags: node.flags, options, sources: words, heredocs, destination, json };
        Some(Body::Transfer(Box::new(transfer)))
    }
}

fn words(line: &LogicalLine<'_>, args: Args) -> Vec<Word> {
    match args {
        Args::Json(items) => items
            .into_iter()
            .map(|item| Word { text: item.text.into(), span: line.span(&item.range) })
            .collect(),
        Args::Plain(range) => word::fields(line.bytes, range).map(|range| line.word(&range)).collect(),
    }
}

/// A word that cannot be read as a heredoc is a path (`MustParseHeredoc`).
fn is_heredoc(word: &Word) -> Option<heredoc::Mark> {
    // The first byte of most words shows that they are not heredocs.
    word.text.as_bytes().first().filter(|b| matches!(b, b'<' | b'0'..=b'9'))?;
    heredoc::of_word(&word.text).unwrap_or_default()
}

fn options(used: &[Used<'_>]) -> TransferOptions {
    let mut options = TransferOptions::default();
    for flag in used {
        let value = || flag.value.to_owned();
        match flag.name {
            "link" => options.link = Some(flag.is_true()),
            "from" => options.from = Some(value()),
            "chown" => options.chown = Some(value()),
            "chmod" => options.chmod = Some(value()),
            "exclude" => options.exclude.push(value()),
            "parents" => options.parents = flag.is_true(),
            "checksum" => options.checksum = Some(value()),
            "keep-git-dir" => options.keep_git_dir = Some(flag.is_true()),
            "unpack" => options.unpack = Some(flag.is_true()),
            _ => {}
        }
    }
    options
}
