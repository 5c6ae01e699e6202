//! The names and files that services refer to. Compose refuses a project in which one does not exist (compose-go
//! `loader.checkConsistency`, `format.ParseVolume`, `types.Project.WithServicesEnvironmentResolved`). It never looks at
//! builds.

use std::collections::BTreeSet;

use crate::builds::document::Node;
use crate::builds::files::Files;
use crate::builds::settled;

/// The kinds of resources that a file defines and services refer to.
const KINDS: [&str; 4] = ["configs", "networks", "secrets", "volumes"];

/// The resources that files define, and those that services refer to: kind and name.
#[derive(Debug, Default)]
pub(super) struct References {
    defined: BTreeSet<(&'static str, String)>,
    used: BTreeSet<(&'static str, String)>,
    services: BTreeSet<String>,
    needed: BTreeSet<String>,
    refusal: Option<String>,
}

impl References {
    /// Adds those of a document. Files that others extend define nothing for them.
    pub(crate) fn add(&mut self, document: &Node, is_extended: bool, folder: &str, files: Files<'_>) {
        for kind in KINDS.into_iter().filter(|_| !is_extended) {
            let names = document.get(kind).map(Node::entries).unwrap_or_default();
            self.defined.extend(names.iter().map(|entry| (kind, entry.key.clone())));
        }
        for service in document.get("services").map(Node::entries).unwrap_or_default() {
            if !is_extended {
                self.services.insert(service.key.clone());
            }
            self.service(&service.value);
            let env_files = service.value.get("env_file");
            let all = env_files.into_iter().chain(env_files.map(Node::items).unwrap_or_default());
            for file in all {
                let is_optional = file.get("required").and_then(Node::text) == Some("false");
                let path = file.text().or_else(|| file.get("path")?.text()).filter(|_| !is_optional);
                if let Some(path) = path.filter(|path| !files.has(&super::below(folder, path))) {
                    self.refuse(format!("the env_file {path} is not in the repository"));
                }
            }
        }
    }

    /// Returns the reason why compose refuses the project.
    pub(crate) fn refused(&self) -> Option<String> {
        let undefined = self.used.difference(&self.defined).next();
        let missing = self.needed.difference(&self.services).next();
        let undefined = undefined.map(|(kind, name)| format!("{name} is not among its {kind}"));
        let missing = missing.map(|name| format!("there is no service {name}"));
        self.refusal.clone().or(undefined).or(missing)
    }

    fn refuse(&mut self, why: String) {
        self.refusal.get_or_insert(why);
    }

    fn service(&mut self, service: &Node) {
        let named = |key: &str| -> Vec<String> {
            let node = service.get(key);
            let keys = node.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.clone());
            let items = node.map(Node::items).unwrap_or_default().iter();
            let texts = items.filter_map(|item| item.text().or_else(|| item.get("source")?.text()));
            keys.chain(texts.map(str::to_owned)).collect()
        };
        for kind in ["configs", "networks", "secrets"] {
            let names = named(kind).into_iter().filter(|name| !(kind == "networks" && name == "default"));
            self.used.extend(names.map(|name| (kind, name)));
        }
        self.needed.extend(named("depends_on"));
        for volume in service.get("volumes").map(Node::items).unwrap_or_default() {
            if let Some(text) = volume.text() {
                self.volume(text);
            } else if volume.get("type").and_then(Node::text) == Some("volume")
                && let Some(source) = volume.get("source").and_then(Node::text)
            {
                self.used.insert(("volumes", source.to_owned()));
            }
        }
        for port in service.get("ports").map(Node::items).unwrap_or_default() {
            if port.text().is_some_and(|port| port.is_empty() || port.ends_with(':')) {
                self.refuse("a port is empty".into());
            }
        }
    }

    /// Takes a volume in its short form, `SOURCE:TARGET:MODE`.
    fn volume(&mut self, text: &str) {
        let parts: Vec<&str> = text.split(':').collect();
        if parts.iter().any(|part| part.is_empty()) {
            self.refuse(format!("the volume {text} has an empty section"));
        }
        let source = parts[0];
        if parts.len() > 1 && !source.starts_with(['.', '/', '~']) && !settled::is_open(source) {
            self.used.insert(("volumes", source.to_owned()));
        }
    }
}
