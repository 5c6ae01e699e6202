//! Actions that build an image, by their inputs. It never reads other actions.

use super::super::compose::Environment;
use super::super::declared::{Said, joined};
use super::super::document::Node;
use super::super::invocation::{Call, Invocation};
use super::super::script::Runs;
use super::super::{BuildFileKind, Declared, Place, Tool, bake, is_remote, settled};
use super::expression::Names;
use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

/// The inputs of one use of an action.
struct Inputs<'a> {
    with: Option<&'a Node>,
    names: &'a Names<'a>,
    /// The steps of the job.
    steps: &'a [Node],
}

/// Returns what a step runs by the action that it uses, if that action builds images.
pub(super) fn runs(path: &RepoPath, step: &Node, steps: &[Node], names: &Names) -> Runs {
    let Some((entry, uses)) = step.entry("uses").and_then(|entry| Some((entry, entry.value.text()?))) else {
        return Runs::default();
    };
    let place = Place { kind: BuildFileKind::Workflow, path: path.clone(), line: entry.line };
    let inputs = Inputs { with: step.get("with"), names, steps };
    let (name, version) = uses.split_once('@').unwrap_or((uses, ""));
    let name = name.to_ascii_lowercase();
    let mut builds = match name.as_str() {
        "docker/build-push-action" if inputs.is_first_version() => inputs.first_version(place),
        "docker/build-push-action" | "depot/build-push-action" | "useblacksmith/build-push-action" => {
            inputs.build_push(place)
        }
        "docker/bake-action" | "depot/bake-action" => {
            let tool = if name.starts_with("docker/") { Tool::Buildx } else { Tool::Cloud };
            let call = inputs.bake(place, version).map(|call| Invocation { tool, ..call });
            return Runs { builds: Vec::new(), invocations: call.into_iter().collect() };
        }
        "redhat-actions/buildah-build" => inputs.buildah(&place),
        "mr-smithers-excellent/docker-build-push" => inputs.smithers(place),
        "elgohr/publish-docker-github-action" => inputs.elgohr(place),
        "whoan/docker-build-with-cache-action" => inputs.whoan(place),
        _ => Vec::new(),
    };
    let tool = inputs.tool(&name);
    for build in &mut builds {
        build.tool = tool;
    }
    Runs { builds, invocations: Vec::new() }
}

impl Inputs<'_> {
    /// Returns the tool that an action runs.
    fn tool(&self, action: &str) -> Tool {
        let has_layers = self.input("layers").and_then(Node::text) == Some("true");
        match action {
            "docker/build-push-action" if !self.is_first_version() => Tool::Buildx,
            "depot/build-push-action" | "useblacksmith/build-push-action" => Tool::Cloud,
            "redhat-actions/buildah-build" if has_layers => Tool::BuildahLayers,
            "redhat-actions/buildah-build" => Tool::Buildah,
            _ => Tool::Docker,
        }
    }

    /// Returns an input as written. A runner ignores the case of its name.
    fn input(&self, key: &str) -> Option<&Node> {
        self.with?.get_in_any_case(key)
    }

    /// Returns an input that is not empty.
    fn get(&self, key: &str) -> Option<Pattern> {
        self.names.node(self.input(key)?).filter(|value| !value.is_empty())
    }

    fn or(&self, key: &str, default: &str) -> Pattern {
        self.get(key).unwrap_or_else(|| Pattern::text(default))
    }

    /// Returns the items of an input with one item a line; with `commas`, commas separate items too. A known expression may
    /// give several items.
    fn list(&self, key: &str, commas: bool) -> Vec<Pattern> {
        let items = self.get(key).map(|value| value.split(|c| c == '\n' || commas && c == ','));
        let items = items.into_iter().flatten().map(|item| item.trim());
        items.filter(|item| !item.is_empty()).collect()
    }

    /// Parses lines of `NAME=value` into `pairs`; a name without a value takes it from the environment. What is not known to
    /// have one name is added to `unsettled`.
    fn pairs(&self, key: &str, commas: bool, unsettled: &mut Vec<String>) -> Vec<(String, Option<Pattern>)> {
        let mut pairs = Vec::new();
        for item in self.list(key, commas) {
            let bare = item.strip_prefix("\"").and_then(|item| item.strip_suffix("\""));
            let item = bare.unwrap_or(item);
            let (name, value) =
                item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value)));
            match name.known() {
                Some(name) => pairs.push((name.trim().to_owned(), value)),
                None => unsettled.push(format!("the {key} of {name}")),
            }
        }
        pairs
    }

    /// Returns settings with the build arguments of an input.
    fn with_args(&self, key: &str, commas: bool) -> Said {
        let mut unsettled = Vec::new();
        let args = self.pairs(key, commas, &mut unsettled);
        Said { args, unsettled, ..Said::default() }
    }

    /// Returns the tags of an image whose name and tags are two inputs.
    fn named(image: Option<&Pattern>, tags: &[Pattern]) -> Vec<Pattern> {
        let Some(image) = image else { return Vec::new() };
        if tags.is_empty() {
            return vec![image.clone()];
        }
        let with = |tag: &Pattern| {
            let mut name = image.clone();
            name.push_text(":");
            name.push(tag);
            name
        };
        tags.iter().map(with).collect()
    }

    /// Returns the names of the image. Those that `docker/metadata-action` makes have its images' names; others that
    /// only a run knows are left out.
    fn tags(&self) -> Vec<Pattern> {
        let mut found = Vec::new();
        for item in self.list("tags", true) {
            match item.as_hole().and_then(|of| self.made(of)) {
                Some(images) => found.extend(images),
                None => found.push(item),
            }
        }
        found.retain(|tag| tag.parts().iter().any(|part| matches!(part, Part::Text(_))));
        found
    }

    /// Returns the value of `steps.ID.outputs.tags` for a step that uses `docker/metadata-action`.
    fn made(&self, words: &str) -> Option<Vec<Pattern>> {
        let id = words.trim().strip_prefix("steps.")?.strip_suffix(".outputs.tags")?;
        let of = |step: &&Node| step.get("id").and_then(Node::text) == Some(id);
        let step = self.steps.iter().find(of)?;
        step.get("uses")?.text()?.to_ascii_lowercase().strip_prefix("docker/metadata-action@")?;
        let images =
            Inputs { with: step.get("with"), names: self.names, steps: self.steps }.list("images", true);
        Some(Self::named_all(&images, &Pattern::hole(&format!("a tag of {id}"))))
    }

    fn named_all(images: &[Pattern], tag: &Pattern) -> Vec<Pattern> {
        let tag = std::slice::from_ref(tag);
        images.iter().flat_map(|image| Self::named(Some(image), tag)).collect()
    }

    /// Returns the build by `docker/build-push-action` since its second version, and by actions with the same inputs.
    fn build_push(&self, place: Place) -> Vec<Declared> {
        let context = self.or("context", "{{defaultContext}}");
        let with_args = self.with_args("build-args", false);
        let mut unsettled = with_args.unsettled.clone();
        let pairs = self.pairs("build-contexts", false, &mut unsettled).into_iter();
        let said = Said {
            target: self.get("target"),
            contexts: pairs.filter_map(|(name, value)| Some((name, value?))).collect(),
            tags: Some(self.tags()),
            platforms: Some(self.list("platforms", true)),
            unsettled,
            ..with_args
        };
        let file = self.get("file");
        // The default context is the repository in git; files are then relative to the context.
        if let Some(Part::Text(first)) = context.parts().first()
            && let Some(rest) = first.strip_prefix("{{defaultContext}}")
        {
            let mut folder = Pattern::text(rest.trim_start_matches(':'));
            context.parts()[1..].iter().for_each(|part| folder.push(&Pattern::from(part.clone())));
            let folder = if folder.is_empty() { Pattern::text(".") } else { folder };
            let mut builds = built(place, Said { dockerfile: file, ..said }, folder, true);
            // The builder fetches such a context itself and never looks for an ignore file in it.
            for build in &mut builds {
                build.from_git = true;
            }
            return builds;
        }
        built(place, Said { dockerfile: file, ..said }, context, false)
    }

    /// Returns the run of bake. From its sixth version on, the action reads definitions and contexts from git unless
    /// `source` names a folder (docker/bake-action, "Git context"); before, it had `workdir` alone.
    fn bake(&self, place: Place, version: &str) -> Option<Invocation> {
        let text = |key: &str| self.get(key).map(|value| settled::encoded(&value));
        let lines = |key: &str, commas: bool| -> Vec<String> {
            self.list(key, commas).iter().map(settled::encoded).collect()
        };
        let major =
            version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        let source = text("source");
        let mut unsettled = Vec::new();
        if major.is_none() && source.is_none() {
            unsettled.push(format!("whether docker/bake-action@{version} reads from git"));
        }
        let from_git = source.is_none() && major.is_some_and(|major| major >= 6);
        let folder = match source {
            Some(source) if source.contains("://") || source.contains("{{") => return None,
            Some(source) => source,
            None => text("workdir").unwrap_or_default(),
        };
        let environment: Vec<(&str, String)> =
            self.names.env.iter().map(|(name, value)| (name.as_str(), settled::encoded(value))).collect();
        let run = bake::Run {
            folder: super::super::compose::below("", &folder),
            files: lines("files", true),
            overrides: lines("set", false),
            targets: lines("targets", true),
            environment: Environment::of(environment),
            from_git,
        };
        let all = [&run.files, &run.targets, &run.overrides].into_iter().flatten();
        unsettled
            .extend(all.filter(|text| settled::is_open(text)).map(|text| settled::pattern(text).to_string()));
        Some(Invocation {
            place,
            call: Call::Bake(run),
            tool: Tool::Buildx,
            unsettled,
            assigned: std::collections::BTreeSet::new(),
            callers: Vec::new(),
        })
    }

    /// Returns true if the inputs are those of `docker/build-push-action` before its second version.
    fn is_first_version(&self) -> bool {
        let has = |key| self.input(key).is_some();
        (has("repository") || has("path") || has("dockerfile")) && !has("context") && !has("file")
    }

    fn first_version(&self, place: Place) -> Vec<Declared> {
        let said = Said {
            dockerfile: self.get("dockerfile"),
            target: self.get("target"),
            tags: Some(Self::named(self.get("repository").as_ref(), &self.list("tags", true))),
            ..self.with_args("build_args", true)
        };
        built(place, said, self.or("path", "."), false)
    }

    /// Returns the builds of `containerfiles`, which are paths from the root, one build each.
    fn buildah(&self, place: &Place) -> Vec<Declared> {
        let files = match self.list("containerfiles", false) {
            none if none.is_empty() => self.list("dockerfiles", false),
            files => files,
        };
        let tags = self.get("tags").and_then(|tags| tags.known().map(str::to_owned)).unwrap_or_default();
        let tags: Vec<Pattern> = tags.split_whitespace().map(Pattern::text).collect();
        let build = |file: Pattern| {
            let said = Said {
                dockerfile: Some(file),
                tags: Some(Self::named(self.get("image").as_ref(), &tags)),
                ..self.with_args("build-args", false)
            };
            built(place.clone(), said, self.or("context", "."), false)
        };
        files.into_iter().flat_map(build).collect()
    }

    /// Returns the build of an action that works in `directory`.
    fn smithers(&self, place: Place) -> Vec<Declared> {
        let said = Said {
            dockerfile: self.get("dockerfile"),
            target: self.get("target"),
            tags: Some(Self::named(self.get("image").as_ref(), &self.list("tags", true))),
            ..self.with_args("buildArgs", true)
        };
        built(place, said, self.or("directory", "."), true)
    }

    /// Returns the build of an action that works in `workdir`.
    fn elgohr(&self, place: Place) -> Vec<Declared> {
        let folder = self.or("workdir", ".");
        let said = Said {
            dockerfile: Some(joined(&folder, &self.or("dockerfile", "Dockerfile"))),
            tags: Some(Self::named(self.get("name").as_ref(), &self.list("tags", true))),
            ..self.with_args("buildargs", true)
        };
        let context = self.get("context").map_or(folder.clone(), |context| joined(&folder, &context));
        built(place, said, context, false)
    }

    fn whoan(&self, place: Place) -> Vec<Declared> {
        let said = Said {
            dockerfile: self.get("dockerfile"),
            tags: Some(Self::named(self.get("image_name").as_ref(), &self.list("image_tag", true))),
            ..Said::default()
        };
        built(place, said, self.or("context", "."), true)
    }
}

/// Returns the build from a context. A named Dockerfile is relative to the context or to the root; the default one is
/// in the context.
fn built(place: Place, said: Said, context: Pattern, is_inside: bool) -> Vec<Declared> {
    if is_remote(&context) {
        return Vec::new();
    }
    let from_root = said.dockerfile.clone().filter(|_| !is_inside);
    let mut build = said.declared(place, vec![Pattern::default()], Some(context));
    if let (Some(build), Some(file)) = (&mut build, from_root) {
        build.dockerfile = file;
    }
    build.into_iter().collect()
}
