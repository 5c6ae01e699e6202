//! The start of a stage that does not start from another stage: an image, a named context, or nothing. It never looks
//! at the instructions of the stage.

use crate::analysis::Inputs;
use crate::analysis::inputs::Asked;
use crate::analysis::named_context::NamedContext;
use crate::analysis::results::{BaseRead, Knowledge};
use crate::analysis::state::State;
use crate::dockerfile::{From, PLATFORM_ARGUMENTS};

/// The FROM of a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromLine<'a> {
    /// The instruction.
    pub(crate) from: &'a From,
    /// The platform that it asks for, expanded. `None` if it asks for none, or if the platform is not known.
    pub(crate) platform: Option<&'a str>,
    /// Its line.
    pub(crate) line: usize,
}

impl FromLine<'_> {
    /// Returns the platform that it asks for, if that is of Windows.
    fn windows_platform(&self) -> Option<&str> {
        self.platform.filter(|platform| platform.to_ascii_lowercase().starts_with("windows"))
    }

    /// Returns the platform of its image.
    fn asked(&self) -> Asked<'_> {
        let names = |written: &str, start: &str| {
            PLATFORM_ARGUMENTS.iter().any(|name| name.starts_with(start) && written.contains(name))
        };
        match (self.platform, self.from.platform.as_deref()) {
            (Some(platform), _) => Asked::One(platform),
            (None, None) => Asked::Build,
            (None, Some(written)) if names(written, "TARGET") => Asked::Build,
            (None, Some(written)) if names(written, "BUILD") => Asked::Builder,
            (None, Some(written)) => Asked::One(written),
        }
    }

    /// Returns the reason why the stage is a Windows stage. `None` if nothing says that it is.
    fn windows(&self, image: Option<&str>) -> Option<String> {
        if let Some(platform) = self.windows_platform() {
            return Some(format!("--platform={platform}"));
        }
        let written = &self.from.base.text;
        let name = image.unwrap_or(written).to_ascii_lowercase();
        let windows = ["windowsservercore", "nanoserver", "windows/servercore", "/windows:", "windows-amd64"];
        windows.iter().any(|word| name.contains(word)).then(|| format!("FROM {written}"))
    }
}

/// A stage before its first instruction.
#[derive(Debug)]
pub(crate) struct Start<'d> {
    /// The state of its base image.
    pub(crate) state: State<'d>,
    /// The image that it starts from.
    pub(crate) read: Option<BaseRead>,
    /// ONBUILD instructions of the base image, which run first (`dockerfile2llb.initOnBuildTriggers`).
    pub(crate) onbuild: Vec<String>,
}

impl<'d> Start<'d> {
    /// Starts from a base that is not an image.
    fn without_image(state: State<'d>) -> Self {
        Self { state, read: None, onbuild: Vec::new() }
    }

    /// Starts from an empty filesystem.
    pub(crate) fn from_scratch(line: usize) -> Self {
        Self::without_image(State::scratch(line))
    }

    /// Starts from a base that is not known, for the reason `why`.
    pub(crate) fn from_unknown(why: &str, at: FromLine<'_>) -> Self {
        let image = at.from.base.text.to_string();
        let state = State::unknown(&format!("image {image}"), why, at.windows(None), at.line);
        Self { state, read: Some(BaseRead { image, source: None, digest: None }), onbuild: Vec::new() }
    }

    /// Starts from a named context. A folder is a filesystem without a configuration, and is not followed.
    pub(crate) fn from_context(
        inputs: &Inputs<'_>,
        name: &str,
        named: NamedContext<'_>,
        at: FromLine<'_>,
    ) -> Self {
        let why = match named {
            NamedContext::Image(image) if image == "scratch" => return Self::from_scratch(at.line),
            NamedContext::Image(image) => return Self::from_image(inputs, &image, at),
            NamedContext::Folder(_) => "it is a folder".to_owned(),
            // The result is that for the platform of the build, or none is used (buildx `build.waitContextDeps`).
            NamedContext::Result(_) if at.from.platform.is_some() => {
                "it may be replaced for this platform alone".to_owned()
            }
            NamedContext::Result(built) => {
                let onbuild = built.end.onbuild.clone();
                return Self { onbuild, ..Self::without_image(State::of_neighbour(name, &built, at.line)) };
            }
            NamedContext::Elsewhere(what) => what,
        };
        Self::without_image(State::unknown(&format!("named context {name}"), &why, at.windows(None), at.line))
    }

    /// Starts from an image: as it was read, as the repository builds it, or as its family is known.
    pub(crate) fn from_image(inputs: &Inputs<'_>, name: &str, at: FromLine<'_>) -> Self {
        let windows = at.windows(Some(name));
        let read = |source, digest| Some(BaseRead { image: name.to_owned(), source, digest });
        // An image for Linux shows nothing of one for Windows.
        let is_other = at.windows_platform().is_some();
        let (image, built) = (inputs.image(name), inputs.built_here(name));
        if !is_other {
            inputs.note_use(name, at.asked(), image.is_none() && built.is_some());
        }
        if let Some(image) = image.filter(|_| !is_other) {
            let onbuild = image.config.as_ref().map(|config| config.onbuild.clone()).unwrap_or_default();
            let state = State::of_image(
                name,
                &image,
                windows,
                inputs.of_platforms(name, &image, at.asked(), at.line),
                at.line,
            );
            return Self { state, read: read(Some(Knowledge::Rootfs), image.digest.clone()), onbuild };
        }
        if let Some(built) = built.filter(|_| !is_other) {
            let state = State::of_neighbour(name, &built, at.line);
            let onbuild = built.end.onbuild.clone();
            return Self { state, read: read(Some(Knowledge::Built), None), onbuild };
        }
        if let Some(profile) = inputs.profiled(name, at.line).filter(|_| windows.is_none()) {
            let state = State::of_profile(profile, at.line);
            return Self { state, read: read(Some(Knowledge::Profile), None), onbuild: Vec::new() };
        }
        let why = "it was not read; --rootfs provides its filesystem";
        let state = State::unknown(&format!("image {name}"), why, windows, at.line);
        Self { state, read: read(None, None), onbuild: Vec::new() }
    }
}

/// Returns true if an image has ONBUILD instructions.
pub(crate) fn has_triggers(inputs: &Inputs<'_>, image: &str) -> bool {
    let onbuild = match (inputs.image(image), inputs.built_here(image)) {
        (Some(image), _) => image.config.as_ref().map_or(0, |config| config.onbuild.len()),
        (None, built) => built.map_or(0, |built| built.end.onbuild.len()),
    };
    onbuild > 0
}
