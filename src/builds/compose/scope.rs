//! The place in which the files of a project are read, and the services that they extend from other files, each of which is
//! read once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::environment::Environment;
use crate::builds::document::{KeyValue, Node};

/// The folder and the variables of a file.
pub(super) struct Scope {
    /// The folder that paths are relative to.
    pub(crate) folder: String,
    pub(crate) environment: Environment,
    /// The services of the files that others extend, by path.
    pub(crate) extended: RefCell<HashMap<String, Rc<Services>>>,
}

impl Scope {
    pub(crate) fn new(folder: String, environment: Environment) -> Self {
        Self { folder, environment, extended: RefCell::default() }
    }
}

/// Services, to be asked for by name; the last of a name counts.
pub(super) struct Services {
    all: Vec<KeyValue>,
    by_name: HashMap<String, usize>,
}

impl Services {
    pub(crate) fn new(all: Vec<KeyValue>) -> Self {
        let by_name = all.iter().enumerate().map(|(at, service)| (service.key.clone(), at)).collect();
        Self { all, by_name }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.by_name.get(name).map(|at| &self.all[*at].value)
    }
}
