//! The model of a compose project: its files merged, with `extends` and `include` (compose-go `loader`). Only what
//! states a build is kept of a service. It never decides which files a project has.

use std::cell::RefCell;
use std::rc::Rc;

use super::environment::Environment;
use super::interpolate::interpolated;
use super::merge::{self, PLACE, Path, merge};
use super::parsed::ParsedFiles;
use super::references::References;
use super::schema;
use super::scope::{Scope, Services};
use crate::builds::document::{KeyValue, Node, Value};
use crate::builds::files::Files;
use crate::builds::{is_remote, settled};

/// The start of a path that is complete: what follows is relative to the root of the repository.
pub(in crate::builds) const COMPLETE: char = '\u{e003}';
/// The most files that extend or include each other.
const DEEPEST: usize = 16;
/// The most files of one project.
const MOST_FILES: usize = 256;
/// The keys that are kept of a service.
const KEPT: [&str; 5] = ["build", "extends", "image", "platform", "provider"];

/// Loads the files of a project.
pub(super) struct Loader<'f> {
    pub(crate) files: Files<'f>,
    parsed: &'f ParsedFiles<'f>,
    /// The first reason for which compose refuses the project, or for which it cannot be read.
    pub(crate) refusal: RefCell<Option<String>>,
    /// The files that were read, in order; none twice.
    pub(crate) read: RefCell<Vec<String>>,
    references: RefCell<References>,
}

/// The place of a service among others.
struct Inside<'s> {
    scope: &'s Scope,
    file: &'s str,
    services: &'s Services,
    resets: &'s [Path],
}

impl<'f> Loader<'f> {
    pub(crate) fn new(parsed: &'f ParsedFiles<'f>) -> Self {
        let (refusal, read, references) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { files: parsed.files, parsed, refusal, read, references }
    }

    /// Notes a name or a file that services refer to and that does not exist.
    pub(crate) fn check_references(&self) {
        self.references.borrow().refused().into_iter().for_each(|why| self.refuse(why));
    }

    pub(crate) fn refuse(&self, why: impl Into<String>) {
        self.refusal.borrow_mut().get_or_insert(why.into());
    }

    /// Returns the services of some files, with their paths complete.
    pub(crate) fn model(&self, scope: &Scope, files: &[String], included: &[String]) -> Vec<KeyValue> {
        let mut dict = Node::new(1, Value::Map(Vec::new()));
        for file in files {
            dict = self.file(scope, file, dict, Some(included));
        }
        let mut services = services_of(dict);
        complete(&mut services, &scope.folder);
        services
    }

    /// Returns a file laid over `dict`. Without `included`, its `extends` and `include` are left for later.
    fn file(&self, scope: &Scope, path: &str, mut dict: Node, included: Option<&[String]>) -> Node {
        let Some(documents) = self.parsed.documents(path) else {
            self.refuse(format!("{path} is not in the repository"));
            return dict;
        };
        if !self.read.borrow().iter().any(|read| read == path) {
            self.read.borrow_mut().push(path.to_owned());
        }
        let documents = match &*documents {
            Ok(documents) if self.read.borrow().len() <= MOST_FILES => documents,
            Ok(_) => {
                self.refuse("the project has too many files");
                return dict;
            }
            Err(error) => {
                self.refuse(format!("{path}: {error}"));
                return dict;
            }
        };
        for document in documents {
            if let Some(why) = merge::duplicate(document)
                .map(|twice| format!("{path}:{} has the key {} twice", twice.line, twice.key))
                .or_else(|| schema::refused(document).map(|why| format!("{path}: {why}")))
            {
                self.refuse(why);
            }
            let document = self.interpolated(document, &scope.environment);
            let is_extended = included.is_none();
            self.references.borrow_mut().add(&document, is_extended, &scope.folder, self.files);
            let mut own = kept(&document, path);
            let resets = merge::resets(&mut own);
            if included.is_none() && !resets.is_empty() {
                self.refuse(format!("{path} is extended and has `!reset` or `!override`"));
            }
            if let Some(included) = included {
                let included: Vec<String> = included.iter().cloned().chain([path.to_owned()]).collect();
                self.include(scope, &mut own, &included, &resets);
            }
            merge::reset(&mut dict, &resets);
            if included.is_some() {
                self.extend_all(scope, path, &mut own, &resets);
            }
            dict = self.merged(dict, own, "", true);
        }
        dict
    }

    fn merged(&self, base: Node, over: Node, key: &str, keeps_place: bool) -> Node {
        if keeps_place {
            // The place of a service is that of its first file.
            let mut over = over;
            if let (Some(base), Some(over)) = (base.get("services"), over.get_mut("services"))
                && let Value::Map(services) = &mut over.value
            {
                for service in services.iter_mut().filter(|service| has_place(base.get(&service.key))) {
                    if let Value::Map(entries) = &mut service.value.value {
                        entries.retain(|entry| entry.key != PLACE);
                    }
                }
            }
            return self.merged(base, over, key, false);
        }
        let kept = base.clone();
        merge(base, over, key).unwrap_or_else(|why| {
            self.refuse(why);
            kept
        })
    }

    fn interpolated(&self, node: &Node, environment: &Environment) -> Node {
        let value = match &node.value {
            Value::Null => Value::Null,
            Value::Text(text) => Value::Text(match interpolated(text, &|name| environment.get(name)) {
                Ok(text) => text,
                Err(refused) => {
                    self.refuse(format!("line {}: {}", node.line, refused.0));
                    settled::unknown(text)
                }
            }),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.interpolated(item, environment)).collect())
            }
            Value::Map(entries) => {
                let entry = |entry: &KeyValue| KeyValue {
                    value: self.interpolated(&entry.value, environment),
                    ..entry.clone()
                };
                Value::Map(entries.iter().map(entry).collect())
            }
        };
        Node { value, ..node.clone() }
    }

    /// Adds the services of `include` (`loader.ApplyInclude`).
    fn include(&self, scope: &Scope, own: &mut Node, included: &[String], resets: &[Path]) {
        let Value::Map(entries) = &mut own.value else { return };
        let Some(at) = entries.iter().position(|entry| entry.key == "include") else { return };
        let list = entries.remove(at).value;
        for item in list.items() {
            let long = item.get("path");
            let paths = texts(long.unwrap_or(item));
            let mut files: Vec<String> = Vec::new();
            for path in paths {
                match path_of(&scope.folder, path) {
                    Some(path) if !included.contains(&path) && included.len() < DEEPEST => files.push(path),
                    Some(path) => return self.refuse(format!("{path} includes itself")),
                    None => return self.refuse(format!("include of {path}, which is not in the repository")),
                }
            }
            let Some(first) = files.first() else { continue };
            let folder = match item.get("project_directory").and_then(Node::text) {
                Some(folder) => path_of(&scope.folder, folder),
                None => Some(super::folder_of(first).to_owned()),
            };
            let Some(folder) = folder else {
                return self.refuse("include with a project_directory that is not in the repository");
            };
            let mut environment = scope.environment.clone();
            match item.get("env_file").map(texts).filter(|files| !files.is_empty()) {
                Some(files) => {
                    for file in files.into_iter().filter(|file| *file != "/dev/null") {
                        let path = path_of(&scope.folder, file);
                        self.env_file(&path.unwrap_or_else(|| file.to_owned()), &mut environment);
                    }
                }
                None => self.dot_env(&folder, &mut environment),
            }
            let inner = Scope::new(folder, environment);
            let imported = self.model(&inner, &files, included);
            self.import(own, imported, resets);
            if !matches!(own.value, Value::Map(_)) {
                return;
            }
        }
    }

    fn import(&self, own: &mut Node, imported: Vec<KeyValue>, resets: &[Path]) {
        let mut wrapped = wrapped(imported);
        let mut conflicting: Vec<Path> = resets.to_vec();
        conflicting.retain(|path| path.first().is_some_and(|key| key == "services"));
        merge::reset(&mut wrapped, &conflicting);
        let taken = std::mem::replace(own, Node::new(1, Value::Null));
        *own = self.merged(wrapped, taken, "", false);
    }

    /// Reads the `.env` of a folder, if it has one.
    pub(crate) fn dot_env(&self, folder: &str, environment: &mut Environment) {
        let path = super::below(folder, ".env");
        if self.files.has(&path) {
            self.env_file(&path, environment);
        }
    }

    pub(crate) fn env_file(&self, path: &str, environment: &mut Environment) {
        match self.files.read(path) {
            Some(text) if environment.add_file(&text) => {}
            Some(_) => self.refuse(format!("{path} is not a valid env file")),
            None => self.refuse(format!("{path} is not in the repository")),
        }
    }

    /// Resolves `extends` of all services (`loader.ApplyExtends`).
    fn extend_all(&self, scope: &Scope, file: &str, own: &mut Node, resets: &[Path]) {
        let Some(Node { value: Value::Map(services), .. }) = own.get_mut("services") else { return };
        let all = Services::new(services.clone());
        let inside = Inside { scope, file, services: &all, resets };
        for service in services {
            service.value = self.extended(&inside, &service.key, &mut Vec::new());
        }
    }

    fn extended(&self, inside: &Inside, name: &str, chain: &mut Vec<(String, String)>) -> Node {
        let Some(service) = inside.services.get(name) else {
            self.refuse(format!("{}: there is no service {name} to extend", inside.file));
            return Node::new(1, Value::Null);
        };
        let mut service = service.clone();
        let Value::Map(entries) = &mut service.value else { return service };
        let Some(at) = entries.iter().position(|entry| entry.key == "extends") else { return service };
        let extends = entries.remove(at).value;
        // Compose 2.26 applies the tag to what the service extends, 2.40 does not.
        if inside.resets.iter().any(|path| path.get(1).is_some_and(|service| service == name)) {
            self.refuse(format!("{}: service {name} extends another and has `!reset`", inside.file));
        }
        let Some(reference) = extends.text().or_else(|| extends.get("service")?.text()) else {
            self.refuse(format!("{}:{}: extends names no service", inside.file, extends.line));
            return service;
        };
        let step = (inside.file.to_owned(), name.to_owned());
        if chain.contains(&step) || chain.len() >= DEEPEST {
            self.refuse(format!("{}: service {name} extends itself", inside.file));
            return service;
        }
        chain.push(step);
        let base = match extends.get("file").and_then(Node::text) {
            None => self.extended(inside, reference, chain),
            Some(file) => {
                let Some(path) = path_of(&inside.scope.folder, file) else {
                    self.refuse(format!("{}: extends {file}, which is not in the repository", inside.file));
                    return service;
                };
                let services = self.extended_file(inside.scope, &path);
                let other = Inside { scope: inside.scope, file: &path, services: &services, resets: &[] };
                self.extended(&other, reference, chain)
            }
        };
        if base.value == Value::Null {
            return service;
        }
        let mut base = wrapped(vec![KeyValue { key: name.to_owned(), line: base.line, value: base }]);
        merge::reset(&mut base, inside.resets);
        let base = services_of(base).pop().map_or(Node::new(1, Value::Null), |entry| entry.value);
        self.merged(base, service, "", false)
    }

    /// Returns the services of a file that others extend, with complete paths. It is read once, however many extend it.
    fn extended_file(&self, scope: &Scope, path: &str) -> Rc<Services> {
        if let Some(services) = scope.extended.borrow().get(path) {
            return Rc::clone(services);
        }
        let own = self.file(scope, path, Node::new(1, Value::Map(Vec::new())), None);
        let mut services = services_of(own);
        complete(&mut services, super::folder_of(path));
        let services = Rc::new(Services::new(services));
        scope.extended.borrow_mut().insert(path.to_owned(), Rc::clone(&services));
        services
    }
}

/// Returns the path of a file in the repository.
fn path_of(folder: &str, path: &str) -> Option<String> {
    super::clean(&completed(folder, path))
}

/// Returns what is kept of a document.
fn kept(document: &Node, path: &str) -> Node {
    // Files of the first version have their services at the top level. Compose refuses them, older ones did not.
    let services = match document.get("services") {
        Some(services) => Some(services),
        None if document.get("version").is_none() && document.get("include").is_none() => {
            let has_services = document.entries().iter().any(|entry| entry.value.get("build").is_some());
            has_services.then_some(document)
        }
        None => None,
    };
    let mut kept = Vec::new();
    if let Some(services) = services {
        let all = services.entries().iter().map(|service| {
            let mut value = service.value.clone();
            if let Value::Map(entries) = &mut value.value {
                let line = entries.iter().find(|entry| entry.key == "build");
                let line = line.map_or(service.line, |build| build.line);
                entries.retain(|entry| KEPT.contains(&entry.key.as_str()));
                let place = Value::Text(format!("{path}:{line}"));
                entries.push(KeyValue { key: PLACE.into(), line, value: Node::new(line, place) });
            }
            KeyValue { value, ..service.clone() }
        });
        let value = Node { value: Value::Map(all.collect()), ..services.clone() };
        kept.push(KeyValue { key: "services".into(), line: services.line, value });
    }
    kept.extend(document.entry("include").cloned());
    Node::new(document.line, Value::Map(kept))
}

fn has_place(service: Option<&Node>) -> bool {
    service.is_some_and(|service| service.get("build").is_some() && service.get(PLACE).is_some())
}

fn texts(node: &Node) -> Vec<&str> {
    node.text().into_iter().chain(node.items().iter().filter_map(Node::text)).collect()
}

fn services_of(dict: Node) -> Vec<KeyValue> {
    let Value::Map(entries) = dict.value else { return Vec::new() };
    let services = entries.into_iter().find(|entry| entry.key == "services");
    match services.map(|services| services.value.value) {
        Some(Value::Map(services)) => services,
        _ => Vec::new(),
    }
}

fn wrapped(services: Vec<KeyValue>) -> Node {
    let services = Node::new(1, Value::Map(services));
    Node::new(1, Value::Map(vec![KeyValue { key: "services".into(), line: 1, value: services }]))
}

/// Returns a path relative to the root of the repository, if it is not complete yet.
fn completed(folder: &str, path: &str) -> String {
    match path.chars().next() {
        Some(COMPLETE | '/') => path.to_owned(),
        Some('~') => format!("/{path}"),
        _ if folder.is_empty() => format!("{COMPLETE}{path}"),
        _ => format!("{COMPLETE}{folder}/{path}"),
    }
}

/// Completes the paths of services (`paths.ResolveRelativePaths`).
fn complete(services: &mut [KeyValue], folder: &str) {
    let fix = |node: &mut Node| {
        if let Value::Text(text) = &mut node.value
            && !text.is_empty()
            && !text.starts_with("service:")
            && !text.contains("://")
            && !is_remote(&settled::pattern(text))
        {
            *text = completed(folder, text);
        }
    };
    for service in services {
        if let Some(build) = service.value.get_mut("build") {
            *build = merge::context(std::mem::replace(build, Node::new(1, Value::Null)));
            build.get_mut("context").into_iter().for_each(fix);
            if let Some(contexts) = build.get_mut("additional_contexts") {
                *contexts = merge::pairs_of(contexts);
                if let Value::Map(entries) = &mut contexts.value {
                    for entry in entries {
                        fix(&mut entry.value);
                    }
                }
            }
        }
        if let Some(Node { value: Value::Map(entries), .. }) = service.value.get_mut("extends") {
            entries.iter_mut().filter(|entry| entry.key == "file").for_each(|entry| fix(&mut entry.value));
        }
    }
}
