//! What the words of a COPY or ADD mean at its place.

use std::sync::Arc;

use crate::analysis::destination::Destination;
use crate::analysis::named_context::NamedContext;
use crate::analysis::owner::Owner;
use crate::analysis::site::{Chmod, Line};
use crate::analysis::source::{self, Source, SourceKind};
use crate::analysis::stage::Walk;
use crate::analysis::state::State;
use crate::builds::BuildContext;
use crate::dockerfile::stages::Reference;
use crate::dockerfile::{Transfer, TransferKind};
use crate::rootfs::{Assumption, Base, Leans, Rootfs};

impl<'a> Walk<'a> {
    /// What the words of a line mean here.
    pub(super) fn line<'t>(
        &mut self,
        state: &State,
        transfer: &'t Transfer,
        context: &dyn BuildContext,
    ) -> Line<'t> {
        let expand = |word: &str| state.expand(word, self.escape_token);
        let destination = match &transfer.destination {
            None => Err("the line has none".to_owned()),
            Some(word) => expand(&word.text).and_then(|path| {
                let workdir = state.workdir.as_ref();
                match Destination::new(&path, workdir.ok().map(String::as_str)) {
                    Some(destination) => Ok(destination),
                    None => Err(workdir.err().cloned().unwrap_or_default()),
                }
            }),
        };
        let chmod = match transfer.options.chmod.as_deref().map(expand) {
            None => Chmod::Empty,
            Some(Ok(mode)) if mode.is_empty() => Chmod::Empty,
            Some(Ok(_)) => Chmod::Effective,
            Some(Err(_)) => Chmod::Perhaps,
        };
        let owner = Owner::read(transfer.options.chown.as_deref(), &state.scope, self.escape_token);
        // Where the copy goes to a place that is not known, what it brings changes nothing.
        let (sources, linked_sources) = match destination {
            Ok(_) => self.sources(state, transfer, context),
            Err(_) => (Vec::new(), None),
        };
        Line { transfer, destination, owner, chmod, sources, linked_sources }
    }

    /// What a line copies; and what it copies where accepted differences have been linked, if that is not the same.
    fn sources(
        &mut self,
        state: &State,
        transfer: &Transfer,
        context: &dyn BuildContext,
    ) -> (Vec<Source>, Option<Vec<Source>>) {
        let from = transfer.options.from.as_deref();
        let (origin, linked) = match from {
            None => (Origin::Context(context), None),
            Some(from) => self.origin(from, state.line),
        };
        let plain = self.sources_in(&origin, state, transfer);
        let linked = linked.map(|origin| self.sources_in(&origin, state, transfer));
        let linked = linked.filter(|linked| *linked != plain);
        (plain, linked)
    }

    fn sources_in(&self, origin: &Origin<'_>, state: &State, transfer: &Transfer) -> Vec<Source> {
        let is_add = transfer.kind == TransferKind::Add;
        let unpack = is_add && transfer.options.unpack != Some(false);
        let mut sources = Vec::new();
        for word in &transfer.sources {
            let written = match state.expand(&word.text, self.escape_token) {
                Ok(written) => written,
                Err(why) => {
                    sources.push(Source::unknown(&word.text, why));
                    continue;
                }
            };
            match origin {
                _ if is_add && source::is_git(&written) => sources.push(Source::git(&written)),
                _ if is_add && source::is_url(&written) => {
                    sources.push(Source::url(&written, transfer.options.unpack == Some(true)));
                }
                Origin::Rootfs(rootfs) => sources.extend(source::from_rootfs(rootfs, &written)),
                Origin::Unknown(why) => sources.push(Source::unknown(&written, why.as_str())),
                Origin::Context(context) => sources.extend(source::from_context(*context, &written, unpack)),
            }
        }
        for source in &mut sources {
            assume_there(state, transfer, source);
        }
        sources.extend(transfer.heredocs.iter().map(|heredoc| Source::heredoc(&heredoc.name)));
        sources
    }

    /// `--from`: a stage by number or name, a named context, or an image (`dockerfile2llb.toCommand`); and what it
    /// is where accepted differences have been linked.
    fn origin(&mut self, from: &str, line: usize) -> (Origin<'a>, Option<Origin<'a>>) {
        let image = match self.stages.copied_from(self.ended.len(), from) {
            Reference::Stage(stage) => {
                if let Some(folder) = self.folders.get(&stage) {
                    return (Origin::Context(*folder), None);
                }
                let worlds = self.ended[stage].settled(self.dockerfile, &mut self.observers).clone();
                return (Origin::Rootfs(worlds.plain), worlds.linked.map(Origin::Rootfs));
            }
            Reference::Scratch => return (Origin::Rootfs(Rootfs::new(Base::Scratch)), None),
            Reference::Unknown(why) => return (Origin::Unknown(why), None),
            Reference::Image(image) => image,
        };
        let origin = match self.inputs.named_contexts.lookup(&image, None) {
            None => return self.in_image(&image, line),
            Some(NamedContext::Image(image)) if image == "scratch" => {
                Origin::Rootfs(Rootfs::new(Base::Scratch))
            }
            Some(NamedContext::Image(image)) => return self.in_image(&image, line),
            Some(NamedContext::Folder(folder)) => Origin::Context(folder),
            Some(NamedContext::Elsewhere(what)) => Origin::Unknown(format!("named context {from}: {what}")),
        };
        (origin, None)
    }

    fn in_image(&self, name: &str, line: usize) -> (Origin<'a>, Option<Origin<'a>>) {
        let base = if let Some(image) = self.image(name) {
            Some(Base::Tree { tree: Arc::clone(&image.rootfs), leans: Leans::default() })
        } else if let Some(built) = self.built_here(name) {
            let worlds = built.worlds(&built.assumption(name, line));
            return (Origin::Rootfs(worlds.plain), worlds.linked.map(Origin::Rootfs));
        } else {
            self.profiled(name, line).map(|profile| Base::Profile(Arc::new(profile)))
        };
        let unread = || Origin::Unknown(format!("image {name} was not read"));
        (base.map_or_else(unread, |base| Origin::Rootfs(Rootfs::new(base))), None)
    }
}

/// Where sources are looked for.
enum Origin<'c> {
    /// A build context.
    Context(&'c dyn BuildContext),
    /// A stage or an image.
    Rootfs(Rootfs),
    /// Not known, and why.
    Unknown(String),
}

/// Whether an ADD does what a COPY of the same words does: it extracts, downloads and clones nothing.
pub(super) fn is_copy(transfer: &Transfer, sources: &[Source]) -> bool {
    let options = &transfer.options;
    let plain = options.checksum.is_none() && options.keep_git_dir.is_none() && options.unpack.is_none();
    let copied = |source: &Source| matches!(source.kind, SourceKind::File | SourceKind::Dir(_));
    let local =
        transfer.sources.iter().all(|word| !source::is_url(&word.text) && !source::is_git(&word.text));
    transfer.kind == TransferKind::Add && plain && local && !sources.is_empty() && sources.iter().all(copied)
}

/// A source that nobody has seen: that it is there at all is an assumption, and that ADD does not extract it.
fn assume_there(state: &State, transfer: &Transfer, source: &mut Source) {
    let SourceKind::Unknown(_) = source.kind else { return };
    let (keyword, archive) = match transfer.kind {
        TransferKind::Copy => ("COPY", ""),
        TransferKind::Add => ("ADD", " and is no archive"),
    };
    let place =
        if transfer.options.from.is_some() { "is there to be copied" } else { "is in the build context" };
    let message = format!("`{}` ({keyword}, line {}) {place}{archive}", source.written, state.line);
    source.leans.add(Arc::new(Assumption::new(state.line, source.written.as_str(), message)));
}
