//! What a stage starts from: another stage, an image, a named context, or nothing. It never looks at what the stage
//! does.

use std::sync::Arc;

use crate::analysis::end_state::BuiltHere;
use crate::analysis::judgement::{BaseRead, Knowledge};
use crate::analysis::named_context::NamedContext;
use crate::analysis::run::{self, RunAt};
use crate::analysis::stage::Walk;
use crate::analysis::state::{Ran, State};
use crate::dockerfile::stages::{Reference, Stage};
use crate::dockerfile::{Body, Dockerfile, From};
use crate::images::{BaseImage, ImageReference};
use crate::rootfs::profile::{Profile, ProfiledImage};

impl<'a> Walk<'a> {
    /// What a stage starts from.
    pub(super) fn start_stage(&mut self, from: &From, line: usize) -> State {
        match self.stage().map_or(&Reference::Scratch, |stage| &stage.base) {
            Reference::Scratch => State::scratch(line),
            Reference::Stage(stage) => self.start_from_stage(*stage),
            Reference::Image(base) => match self.inputs.named_contexts.lookup(base, self.platform()) {
                None => self.start_from_image(base, from, line),
                Some(named) => self.start_from_context(base, named, from, line),
            },
            Reference::Unknown(why) => {
                self.bases.push(BaseRead { image: from.base.text.to_string(), source: None, digest: None });
                State::unknown(&format!("image {}", from.base.text), why, self.os(from, None), line)
            }
        }
    }

    fn start_from_stage(&mut self, stage: usize) -> State {
        self.observers.starts_from(stage);
        self.ended[stage].settled(self.dockerfile, &mut self.observers);
        let mut state = self.ended[stage].clone();
        let triggers = std::mem::take(&mut state.triggers);
        for at in triggers {
            self.trigger(&mut state, at, self.inputs.context);
        }
        state.forget_differences();
        state
    }

    /// A named context that a FROM names. A folder is a filesystem without a configuration, and nobody follows it.
    fn start_from_context(&mut self, name: &str, named: NamedContext<'_>, from: &From, line: usize) -> State {
        let why = match named {
            NamedContext::Image(image) if image == "scratch" => return State::scratch(line),
            NamedContext::Image(image) => return self.start_from_image(&image, from, line),
            NamedContext::Folder(_) => "it is a folder".to_owned(),
            NamedContext::Elsewhere(what) => what,
        };
        State::unknown(&format!("named context {name}"), &why, self.os(from, None), line)
    }

    /// A named context of a stage's name takes its place, for whoever copies from it or starts from it
    /// (`dockerfile2llb.convert.go`: its instructions are not dispatched).
    pub(super) fn replace_stage(&mut self, name: &str, from: &From, line: usize) {
        let Some(named) = self.inputs.named_contexts.lookup(name, self.platform()) else { return };
        let named = match named {
            NamedContext::Image(image) if self.has_triggers(&image) => {
                NamedContext::Elsewhere(format!("the ONBUILD lines of {image} are not followed"))
            }
            named => named,
        };
        if let NamedContext::Folder(folder) = named {
            self.folders.insert(self.ended.len(), folder);
        }
        self.instead = Some(self.start_from_context(name, named, from, line));
    }

    fn has_triggers(&self, image: &str) -> bool {
        let onbuild = match (self.image(image), self.built_here(image)) {
            (Some(image), _) => image.config.as_ref().map_or(0, |config| config.onbuild.len()),
            (None, built) => built.map_or(0, |built| built.end.onbuild.len()),
        };
        onbuild > 0
    }

    fn start_from_image(&mut self, base: &str, from: &From, line: usize) -> State {
        let os = self.os(from, Some(base));
        let image = self.image(base);
        let digest = image.as_ref().and_then(|image| image.digest.clone());
        if image.is_none()
            && let Some(built) = self.built_here(base)
        {
            self.bases.push(BaseRead { image: base.to_owned(), source: Some(Knowledge::Built), digest });
            let mut state = State::of_neighbour(base, &built, line);
            self.run_triggers(&built.end.onbuild, &mut state);
            state.forget_differences();
            return state;
        }
        let profile = match (&image, &os) {
            (None, None) => self.profiled(base, line),
            _ => None,
        };
        let source = match (&image, &profile) {
            (Some(_), _) => Some(Knowledge::Rootfs),
            (None, Some(_)) => Some(Knowledge::Profile),
            (None, None) => None,
        };
        self.bases.push(BaseRead { image: base.to_owned(), source, digest });
        match (image, profile) {
            (Some(image), _) => {
                let mut state = State::of_image(base, &image, os, line);
                let onbuild = image.config.as_ref().map(|config| config.onbuild.as_slice());
                self.run_triggers(onbuild.unwrap_or_default(), &mut state);
                state.forget_differences();
                state
            }
            (None, Some(profile)) => State::of_profile(profile, line),
            (None, None) => State::unknown(
                &format!("image {base}"),
                "it was not read; --rootfs tells what it holds",
                os,
                line,
            ),
        }
    }

    pub(super) fn image(&self, name: &str) -> Option<Arc<BaseImage>> {
        let reference = ImageReference::parse(name).ok()?;
        self.inputs.images.lookup(&reference).ok().flatten()
    }

    /// An image that the repository builds itself.
    pub(super) fn built_here(&self, name: &str) -> Option<BuiltHere> {
        self.inputs.neighbours.lookup(&ImageReference::parse(name).ok()?)
    }

    /// What is known of an image by its family: that of the image which somebody says it is like, or its own.
    pub(super) fn profiled(&self, name: &str, line: usize) -> Option<ProfiledImage> {
        let reference = ImageReference::parse(name).ok()?;
        let family = |reference: &ImageReference| Profile::find(reference.repository(), reference.tag());
        let like = self.inputs.neighbours.like(&reference).and_then(|like| {
            let profile = family(&ImageReference::parse(&like.image).ok()?)?;
            Some(ProfiledImage::like(profile, name, line, &like.image, &like.place))
        });
        like.or_else(|| Some(ProfiledImage::new(family(&reference)?, name, line)))
    }

    /// ONBUILD of a base image runs first in the child (`dockerfile2llb.initOnBuildTriggers`).
    fn run_triggers(&mut self, onbuild: &[String], state: &mut State) {
        for trigger in onbuild {
            let read = Dockerfile::read(trigger.as_bytes());
            for (at, instruction) in read.instructions().iter().enumerate() {
                let judged = self.judged.len();
                match &instruction.body {
                    Body::Run(run) => {
                        let steps = run::steps(&read, RunAt(at), &run::Invoked::of(state));
                        self.ran(state, run, Ran::Known(steps));
                    }
                    _ => self.step(state, instruction, at, self.inputs.context),
                }
                self.judged.truncate(judged);
            }
        }
    }

    /// The stage that is being read.
    fn stage(&self) -> Option<&'a Stage> {
        self.stages.get(self.ended.len())
    }

    /// The platform that its FROM asks for. None where it asks for none, and where that is not known.
    fn platform(&self) -> Option<&'a str> {
        self.stage()?.platform.as_deref()
    }

    fn os(&self, from: &From, base: Option<&str>) -> Option<String> {
        if let Some(platform) = self.platform()
            && platform.starts_with("windows")
        {
            return Some(format!("--platform={platform}"));
        }
        let name = base.unwrap_or(&from.base.text).to_ascii_lowercase();
        let windows = ["windowsservercore", "nanoserver", "windows/servercore", "/windows:", "windows-amd64"];
        windows.iter().any(|word| name.contains(word)).then(|| format!("FROM {}", from.base.text))
    }
}
