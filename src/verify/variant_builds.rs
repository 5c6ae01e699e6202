//! The builds of one file: builds and reads each text. It never judges the result.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::thread;

use super::builder::{BuildError, Builder, Built, Interrupt, Output, Request, Vertex, process};
use super::image::{Export, ExportError, Image, Known, LayerDescriptor, Layers, Layout};
use crate::dockerfile::{Body, Dockerfile, Stages};

/// A builder, with the state that the builds of one verification share.
pub struct Workbench<'a> {
    builder: &'a dyn Builder,
    watch: &'a (dyn Fn(&Vertex) + Sync),
    /// A word of letters and digits that no other file and no other verification has.
    nonce: String,
    nonces: usize,
    exports: Exports<'a>,
    /// The layers that this file's builds exported.
    known: Known,
    written: u64,
}

/// The destination of exports.
#[derive(Clone, Copy, Debug)]
pub struct Exports<'a> {
    /// The folder that holds a folder for each export while it is read.
    pub parent: &'a Path,
    /// The layers that need not be exported again.
    pub layers: &'a Layers,
    /// The interrupt that stops reading.
    pub interrupt: &'a Interrupt,
}

/// Both texts of a file, with all other build inputs. The two differ only in the text: its edited lines and its
/// header.
#[derive(Clone, Debug)]
pub struct Variants {
    /// The request before the edit.
    pub original: Request,
    /// The request after the edit.
    pub edited: Request,
}

/// A build and its image.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The image.
    pub image: Image,
    /// The build.
    pub built: Built,
}

/// The reason why a result is unknown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An export could not be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A control build that replays an earlier build shows no nondeterminism.
    #[error(
        "a control build took `{step}` from the cache, so it cannot show nondeterminism: build without `--cache-from`"
    )]
    Control {
        /// The step that was not executed.
        step: String,
    },
    /// A smoke command could not be started.
    #[error(
        "the smoke commands cannot be run in the image ({said}): they need the shell that its SHELL names, or /bin/sh; \
         name a `target` that has one, or leave `smoke` out"
    )]
    Shell {
        /// The builder's error.
        said: String,
    },
}

/// Returns the stage graph of a text that is built with only these arguments.
pub(super) fn stages(dockerfile: &Dockerfile, build_args: &BTreeMap<String, String>) -> Stages {
    let given = build_args.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    Stages::new(dockerfile, &given.collect())
}

impl Variants {
    /// Both texts, read.
    pub(super) fn read(&self) -> [Dockerfile; 2] {
        [&self.original, &self.edited].map(|request| Dockerfile::read(request.dockerfile.as_slice()))
    }
}

impl<'a> Workbench<'a> {
    /// Creates a workbench for a builder; each step is reported to `watch`.
    pub fn new(
        builder: &'a dyn Builder,
        watch: &'a (dyn Fn(&Vertex) + Sync),
        nonce: String,
        exports: Exports<'a>,
    ) -> Self {
        Self { builder, watch, nonce, nonces: 0, exports, known: Known::default(), written: 0 }
    }

    /// Returns a word of letters and digits that is used nowhere else, so that a step with it is in no cache.
    pub(super) fn nonce(&mut self) -> String {
        self.nonces += 1;
        format!("{}n{}", self.nonce, self.nonces)
    }

    /// Returns the number of bytes that the builds have written to disk.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Builds and reads the exported image, whatever `request.output` is.
    ///
    /// # Errors
    ///
    /// [`Failure::Build`] and [`Failure::Export`].
    pub fn image(&mut self, request: &Request) -> Result<Exported, Failure> {
        self.known.extend(self.exports.layers.known());
        let (built, layout) = self.export(request, self.folder()?)?;
        let image = self.read(layout)?;
        Ok(Exported { image, built })
    }

    /// Builds without an output.
    ///
    /// # Errors
    ///
    /// [`Failure::Build`].
    pub(crate) fn solve(&self, request: &Request) -> Result<Built, Failure> {
        let request = Request { output: Output::Nothing, ..request.clone() };
        Ok(self.builder.build(&request, self.watch)?)
    }

    /// Returns the number of layers of an image up to the last one that writes a path; 0 if none does. Only images that
    /// this workbench built have known layers.
    pub(crate) fn layers_up_to(&self, image: &Image, path: &str) -> usize {
        let writes = |layer: &LayerDescriptor| self.known.writes(layer.digest, path);
        image.layers.iter().rposition(writes).map_or(0, |at| at + 1)
    }

    /// Builds an image that other builds start from, with all its layers.
    ///
    /// # Errors
    ///
    /// [`Failure::Build`] and [`Failure::Export`].
    pub(crate) fn layout(&mut self, request: &Request) -> Result<(Built, Layout), Failure> {
        let folder = Export::new(self.exports.parent, &Known::default()).map_err(unwritten)?;
        let (built, layout) = self.export(request, folder)?;
        self.written += layout.written()?;
        Ok((built, layout))
    }

    /// Builds and reads both texts. The first is read while the second is built, which is reported to `then`. The
    /// reading thread has low priority, so that it does not slow the build.
    ///
    /// # Errors
    ///
    /// The same as those of [`image`](Self::image) for the first text. Errors of the second are returned in its
    /// place.
    pub(crate) fn pair(
        &mut self,
        variants: &Variants,
        then: impl FnOnce(),
    ) -> Result<(Exported, Result<Exported, Failure>), Failure> {
        self.known.extend(self.exports.layers.known());
        let (built, layout) = self.export(&variants.original, self.folder()?)?;
        let mut folder = self.folder()?;
        folder.stand_in_for(&layout).map_err(unwritten)?;
        then();
        let (exports, mut known) = (self.exports, std::mem::take(&mut self.known));
        let (image, edited) = thread::scope(|scope| {
            let reading = scope.spawn(|| {
                process::stand_back();
                read(exports, layout, &mut known)
            });
            let edited = self.export(&variants.edited, folder);
            (reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), edited)
        });
        self.known = known;
        let (image, written) = image?;
        self.written += written;
        let edited = edited.and_then(|(built, layout)| {
            let image = self.read(layout)?;
            Ok(Exported { image, built })
        });
        Ok((Exported { image, built }, edited))
    }

    fn folder(&self) -> Result<Export, Failure> {
        Export::new(self.exports.parent, &self.known).map_err(unwritten)
    }

    /// Builds, and reads the documents of the export.
    fn export(&self, request: &Request, folder: Export) -> Result<(Built, Layout), Failure> {
        let request = Request { output: Output::Layout(folder.path().into()), ..request.clone() };
        let built = self.builder.build(&request, self.watch)?;
        Ok((built, folder.open()?))
    }

    fn read(&mut self, layout: Layout) -> Result<Image, Failure> {
        let (image, written) = read(self.exports, layout, &mut self.known)?;
        self.written += written;
        Ok(image)
    }
}

/// Reads a layout. Returns its image and the number of bytes written for it.
fn read(exports: Exports<'_>, layout: Layout, known: &mut Known) -> Result<(Image, u64), Failure> {
    let written = layout.written()?;
    let is_asked = || exports.interrupt.is_asked();
    let image = layout.read(known, &is_asked).map_err(|error| match error {
        _ if is_asked() => BuildError::Interrupted.into(),
        error => Failure::from(error),
    })?;
    exports.layers.remember(known, &image.layers);
    Ok((image, written))
}

fn unwritten(source: io::Error) -> Failure {
    let what = "the export folder cannot be created";
    BuildError::System { what, source }.into()
}

/// Returns the edited lines of two texts that differ in those alone, as places in the instructions of each.
pub(super) fn edited_sites(original: &Dockerfile, edited: &Dockerfile) -> Vec<usize> {
    let pairs = original.instructions().iter().zip(edited.instructions()).enumerate();
    let differ = pairs.filter(|(_, (before, after))| {
        let texts = (&original.text()[before.span.range()], &edited.text()[after.span.range()]);
        matches!(before.body, Body::Transfer(_)) && texts.0 != texts.1
    });
    differ.map(|(at, _)| at).collect()
}

/// The heredoc delimiter of the file that a [`layer`] writes.
const END: &str = "LAYERWRIGHT";

/// Returns an instruction, with the line break before it, that writes a file at `path`: a layer of its own.
pub(super) fn layer(path: &str, nonce: &str) -> String {
    format!("\nCOPY <<\"{END}\" {path}\n{nonce}\n{END}")
}

/// Returns the text with a layer that is in no cache before each of these instructions, by index: a file at `path`.
pub(super) fn with_layers(text: &[u8], places: &[usize], path: &str, nonce: &str) -> Vec<u8> {
    let dockerfile = Dockerfile::read(text);
    let mut new = Vec::new();
    let mut done = 0;
    for place in places {
        // The layer follows the previous instruction, whose last line ends there.
        let end = dockerfile.instructions()[place - 1].span.end;
        new.extend_from_slice(&text[done..end]);
        new.extend_from_slice(layer(path, nonce).as_bytes());
        done = end;
    }
    new.extend_from_slice(&text[done..]);
    new
}

/// The stage and instruction of a step, parsed from its name: `prefixCommand` of BuildKit's `dockerfile2llb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// The stage, if the name states it.
    pub(crate) stage: Option<&'a str>,
    /// The instruction.
    pub(crate) instruction: &'a str,
}

impl Vertex {
    /// Returns the Dockerfile's step. `None` for the builder's own steps: `[internal] load …`, exporting.
    pub(crate) fn step(&self) -> Option<Step<'_>> {
        let (head, instruction) = self.name.strip_prefix('[')?.split_once("] ")?;
        let (stage, count) = match head.trim_end().rsplit_once(' ') {
            // A number is padded, as in `[build  2/10]`.
            Some((before, count)) => (before.trim_end().rsplit(' ').next(), count),
            None => (None, head),
        };
        let (at, all) = count.split_once('/')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(at) && is_number(all))
            .then_some(Step { stage: stage.filter(|name| !name.is_empty()), instruction })
    }

    /// Returns true if it is a RUN.
    pub fn is_run(&self) -> bool {
        let instruction = self.step().map(|step| step.instruction);
        instruction.is_some_and(|text| text.trim_start_matches("ONBUILD ").starts_with("RUN "))
    }

    /// Returns true if the step was executed in this build.
    pub(crate) fn is_executed(&self) -> bool {
        self.completed && !self.cached
    }
}

#[cfg(test)]
pub(super) mod tests {

    use super::*;

    /// Returns two texts without other build inputs.
    pub(in crate::verify) fn variants(original: &str, edited: &str) -> Variants {
        Variants { original: Request::new(original, ""), edited: Request::new(edited, "") }
    }

    pub(in crate::verify) fn vertex(name: &str, cached: bool) -> Vertex {
        Vertex { name: name.into(), cached, completed: true, ..Vertex::default() }
    }

    #[test]
    fn the_name_of_a_vertex_tells_stage_and_instruction() {
        let step = |name: &str| {
            vertex(name, false)
                .step()
                .map(|step| (step.stage.map(str::to_owned), step.instruction.to_owned()))
        };
        let told =
            |stage: Option<&str>, instruction: &str| Some((stage.map(str::to_owned), instruction.to_owned()));
        assert_eq!(step("[build 2/3] RUN make"), told(Some("build"), "RUN make"));
        assert_eq!(step("[build  2/10] RUN [ -d /x ] y"), told(Some("build"), "RUN [ -d /x ] y"));
        assert_eq!(step("[linux/amd64->arm64 stage-1 1/1] COPY a b"), told(Some("stage-1"), "COPY a b"));
        assert_eq!(step("[2/3] RUN x"), told(None, "RUN x"));
        assert_eq!(step("[internal] load build context"), None);
        assert_eq!(step("exporting to oci image format"), None);
        assert_eq!(step("[auth] x/y:pull token for docker.io"), None);
        assert!(
            vertex("[a 1/2] ONBUILD RUN x", false).is_run() && !vertex("[a 1/2] COPY RUN x", false).is_run()
        );
    }

    #[test]
    fn the_edited_lines_are_found_behind_a_new_header() {
        let read = |text: &str| Dockerfile::read(text);
        let original = read("FROM a\nCOPY a /a\nRUN b\nCOPY c \\\n /c\nADD d /d\n");
        let edited = read("# syntax=x\nFROM a\nCOPY --link a /a\nRUN b\nCOPY c \\\n /c\nCOPY --link d /d\n");
        assert_eq!(edited_sites(&original, &edited), [1, 4]);
    }

    #[test]
    fn layers_are_put_where_they_belong() {
        let text = "FROM a AS x\r\nRUN y\r\nFROM a AS z\r\n";
        let new = with_layers(text.as_bytes(), &[1, 3], "/m", "n");
        let layer = "\nCOPY <<\"LAYERWRIGHT\" /m\nn\nLAYERWRIGHT";
        assert_eq!(
            String::from_utf8(new.clone()).unwrap(),
            format!("FROM a AS x{layer}\r\nRUN y\r\nFROM a AS z{layer}\r\n")
        );
        let read = Dockerfile::read(new);
        assert_eq!((read.errors(), read.instructions().len()), (&[][..], 5));
    }
}
