//! The steps of a pipeline of Woodpecker or Drone that build images: by a plugin, or by commands. All start in the root of
//! the repository, or in the `directory` of the step. It never runs them.

use std::collections::BTreeMap;

use super::declared::Said;
use super::document::Node;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Declared, Place, Unreadable, compose, names, settled, yaml};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// The plugins that build an image with docker; all have the settings `dockerfile` and `context`, with the defaults
/// `Dockerfile` and `.`, and run docker in the folder of the step (drone-plugins/drone-docker `cmd/drone-docker/main.go`
/// and its descendants).
const PLUGINS: [&str; 10] = [
    "plugins/docker",
    "plugins/buildx",
    "plugins/ecr",
    "plugins/gcr",
    "plugins/gar",
    "plugins/acr",
    "thegeeklab/drone-docker",
    "thegeeklab/drone-docker-buildx",
    "woodpeckerci/plugin-docker",
    "woodpeckerci/plugin-docker-buildx",
];

/// Returns what the steps of a pipeline run.
///
/// # Errors
///
/// If it is not valid YAML.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Result<Runs, Unreadable> {
    let mut found = Runs::default();
    let documents = yaml::documents(text)?;
    if !repository.interests(text) && !text.contains("settings") {
        return Ok(found);
    }
    for document in documents {
        let steps = document.get("steps").or_else(|| document.get("pipeline"));
        let listed = steps.map(Node::items).unwrap_or_default().iter();
        let named = steps.map(Node::entries).unwrap_or_default().iter().map(|entry| &entry.value);
        let fetches = ["clone", "skip_clone", "workspace"].iter().find(|key| document.get(key).is_some());
        for step in listed.chain(named) {
            let mut runs = of_step(repository, path, step);
            for build in &mut runs.builds {
                build.unsettled.extend(fetches.map(|key| format!("{key} in {path}")));
            }
            for call in &mut runs.invocations {
                call.unsettled.extend(fetches.map(|key| format!("{key} in {path}")));
            }
            found.add(runs);
        }
    }
    Ok(found)
}

fn of_step(repository: Repository<'_>, path: &RepoPath, step: &Node) -> Runs {
    let image = step.get("image").and_then(Node::text).unwrap_or_default();
    let folder = step.get("directory").and_then(Node::text).unwrap_or_default();
    let folder = settled::encoded(&settled::with_holes(folder, "${", "}"));
    if let Some(settings) = step.entry("settings").filter(|_| is_plugin(image)) {
        let place = Place { kind: BuildFileKind::Woodpecker, path: path.clone(), line: settings.line };
        let builds = plugin(place, &settings.value, &folder).into_iter().collect();
        return Runs { builds, invocations: Vec::new() };
    }
    let Some(commands) = step.entry("commands") else { return Runs::default() };
    let lines: Vec<&str> = commands.value.items().iter().filter_map(Node::text).collect();
    let script = commands.value.text().map_or_else(|| lines.join("\n"), str::to_owned);
    let first_line = commands.value.items().first().map_or(commands.value.line, |first| first.line);
    let origin = Origin { kind: BuildFileKind::Woodpecker, path, first_line };
    let own: BTreeMap<&str, Pattern> = step
        .get("environment")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| {
            let value = entry.value.text().map(|text| settled::with_holes(text, "${", "}"));
            (entry.key.as_str(), value.unwrap_or_else(|| Pattern::hole(&entry.key)))
        })
        .collect();
    let given = |name: &str| {
        let of_runner = || names::is_of_pipeline(name).then(|| Pattern::hole(name));
        own.get(name).cloned().or_else(of_runner)
    };
    let starts = Starts::at(&compose::below("", &folder));
    let mut runs = script::declared_in(repository, &script, origin, &starts, &given);
    for call in &mut runs.invocations {
        for (name, value) in &own {
            call.call.set_default(name, &settled::encoded(value));
        }
    }
    runs
}

/// Returns true if an image is a plugin that builds an image.
fn is_plugin(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or(image);
    let (start, last) = name.rsplit_once('/').unwrap_or(("", name));
    let last = last.split(':').next().unwrap_or(last);
    let owner = start.rsplit('/').next().unwrap_or(start);
    PLUGINS.contains(&format!("{owner}/{last}").as_str())
}

/// Returns the build of a plugin. Its Dockerfile is relative to the folder of the step, not to the context.
fn plugin(place: Place, settings: &Node, folder: &str) -> Option<Declared> {
    let value = |node: &Node| node.text().map(|text| settled::with_holes(text, "${", "}"));
    let of = |key: &str| settings.get(key).and_then(value);
    let said = Said { context: of("context"), ..Said::default() };
    let mut build = said.declared(place, vec![settled::pattern(folder)], Some(Pattern::text(".")))?;
    build.dockerfile = of("dockerfile").unwrap_or_else(|| Pattern::text("Dockerfile"));
    // A setting that is neither a text nor absent comes from a secret.
    for key in ["context", "dockerfile"] {
        let is_open = settings.get(key).is_some_and(|value| value.text().is_none());
        build.unsettled.extend(is_open.then(|| format!("the setting {key}")));
    }
    build.target = of("target");
    let args = settings.get("build_args").or_else(|| settings.get("buildargs"));
    let named = args.map(Node::entries).unwrap_or_default().iter();
    let named = named.map(|entry| (entry.key.clone(), value(&entry.value)));
    let listed = args.map(Node::items).unwrap_or_default().iter().filter_map(Node::text);
    let short = args.and_then(Node::text).into_iter().flat_map(|text| text.split(','));
    let listed = listed.chain(short).filter_map(|pair| pair.split_once('='));
    let listed =
        listed.map(|(name, value)| (name.trim().to_owned(), Some(settled::with_holes(value, "${", "}"))));
    let from = settings.get("build_args_from_env").map(Node::items).unwrap_or_default().iter();
    let from = from.filter_map(Node::text).map(|name| (name.to_owned(), Some(Pattern::hole(name))));
    build.args = named.chain(listed).chain(from).collect();
    build.tags = of("repo").into_iter().collect();
    Some(build)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::files::tests::with;
    use super::*;

    fn read(text: &str) -> Vec<Declared> {
        let path = RepoPath::new(".woodpecker/x.yaml").unwrap();
        let scripts = BTreeSet::new();
        with(&[("b/c/Dockerfile", "")], |files| runs(Repository { files, scripts: &scripts }, &path, text))
            .unwrap()
            .builds
    }

    #[test]
    fn plugins_and_commands_are_builds() {
        let text = "variables:\n  - &plugin 'docker.io/woodpeckerci/plugin-docker-buildx:6.1'\nsteps:\n  a:\n    image: *plugin\n    \
                    settings:\n      dockerfile: docker/Dockerfile.a\n      build_args: 'A=1,B=${CI_COMMIT_SHA}'\n  b:\n    image: docker\n    \
                    directory: b\n    commands:\n      - cd c\n      - docker build .\n  c:\n    image: plugins/docker\n    settings:\n      \
                    context: d\n      dockerfile: d/Dockerfile\n      build_args: {X: y}\n";
        let found = read(text);
        let shown: Vec<(String, String)> = found
            .iter()
            .map(|build| (build.dockerfile.to_string(), build.context.as_ref().unwrap().to_string()))
            .collect();
        let said = |dockerfile: &str, context: &str| (dockerfile.to_owned(), context.to_owned());
        assert_eq!(
            shown,
            [said("docker/Dockerfile.a", "."), said("b/c/Dockerfile", "b/c"), said("d/Dockerfile", "d")]
        );
        assert_eq!(found[0].args[0], ("A".to_owned(), Some(Pattern::text("1"))));
        assert_eq!(found[2].args, [("X".to_owned(), Some(Pattern::text("y")))]);
        assert_eq!((found[0].place.line, found[1].place.line), (6, 14));
        assert!(found.iter().all(|build| build.unsettled.is_empty()));
    }

    #[test]
    fn what_comes_from_elsewhere_is_not_settled() {
        let text = "skip_clone: true\nsteps:\n- image: plugins/docker\n  settings:\n    dockerfile: {from_secret: x}\n";
        assert_eq!(read(text)[0].unsettled.len(), 2);
        assert!(read("steps:\n- image: plugins/git\n  settings: {dockerfile: x}\n").is_empty());
        assert!(read("steps: [{image: plugins/docker, settings: {context: 'https://x/y.git'}}]").is_empty());
    }
}
