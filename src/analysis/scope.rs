//! Variables of a stage: ENV, ARG and what the base image sets. It never guesses a value.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::dockerfile::Assignment;
use crate::dockerfile::expand::{Environment, ExpandError, Lex, Lookup};

/// Platform arguments that BuildKit defines globally (`dockerfile2llb.defaultArgs`); their values depend on the
/// build.
const PLATFORM_ARGUMENTS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// What is known of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Set(String),
    Unknown(Arc<str>),
}

/// A word whose value is not known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexpanded {
    /// The value hangs on a variable.
    Unknown(String),
    /// BuildKit refuses the word.
    Invalid(String),
}

/// The variables that a word is expanded with.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: HashMap<String, Value>,
    /// What the image's configuration gets, which is what ENV said and never an ARG.
    exported: HashMap<String, Value>,
    /// Why variables that nobody declared may have a value all the same; None where they have none.
    open: Option<Arc<str>>,
}

impl Scope {
    /// The global scope: ARG before the first FROM, and the platform arguments.
    pub fn global() -> Self {
        let unknown =
            |name: &&str| (String::from(*name), Value::Unknown("it depends on the platform".into()));
        Self { values: PLATFORM_ARGUMENTS.iter().map(unknown).collect(), ..Self::default() }
    }

    /// A stage that starts from an image whose environment is known.
    pub fn with_environment<'a>(environment: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut scope = Self::default();
        for (name, value) in environment {
            scope.export(name, Ok(value.to_owned()));
        }
        scope
    }

    /// A stage that starts from an image whose environment is not known, and why.
    pub fn open(why: Arc<str>) -> Self {
        Self { open: Some(why), ..Self::default() }
    }

    /// A stage that starts from the image that a stage with this scope leaves.
    #[must_use]
    pub fn of_image(&self) -> Self {
        Self { values: self.exported.clone(), ..self.clone() }
    }

    /// The same where nobody knows what build arguments hold.
    #[must_use]
    pub fn without_arguments(&self) -> Self {
        let mut scope = self.clone();
        for (name, value) in &mut scope.values {
            if self.exported.get(name) != Some(value) {
                *value = Value::Unknown("it is a build argument".into());
            }
        }
        scope
    }

    /// Gives `name` a value.
    pub fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), Value::Set(value));
    }

    /// Gives `name` the result of an expansion, here and in the image's configuration: ENV.
    pub fn export(&mut self, name: &str, value: Result<String, Unexpanded>) {
        self.assign(name, value);
        if let Some(value) = self.values.get(name) {
            self.exported.insert(name.to_owned(), value.clone());
        }
    }

    /// Says that `name` has a value that is not known.
    pub fn set_unknown(&mut self, name: &str, why: Arc<str>) {
        self.values.insert(name.to_owned(), Value::Unknown(why));
    }

    /// Gives `name` the result of an expansion.
    pub fn assign(&mut self, name: &str, value: Result<String, Unexpanded>) {
        match value {
            Ok(value) => self.set(name, value),
            Err(Unexpanded::Unknown(why) | Unexpanded::Invalid(why)) => self.set_unknown(name, why.into()),
        }
    }

    /// Declares `ARG name` as `dockerfile2llb.dispatchArg` does: a build argument first, then the default, then
    /// the global value; without any of them nothing is set, and since every build may give one, the value is
    /// not known.
    pub fn declare(
        &mut self,
        name: &str,
        given: Option<Result<String, Unexpanded>>,
        default: Option<Result<String, Unexpanded>>,
        global: &Scope,
    ) {
        if let Some(given) = given {
            self.assign(name, given);
        } else if let Some(default) = default {
            self.assign(name, default);
        } else if let Some(value) = global.values.get(name) {
            self.values.insert(name.to_owned(), value.clone());
        } else if !self.values.contains_key(name) {
            self.set_unknown(name, "ARG without a default".into());
        }
    }

    /// Declares global arguments (`dockerfile2llb.buildMetaArgs`); None as a given value is one that only the build
    /// knows.
    pub fn declare_all(
        &mut self,
        arguments: &[Assignment],
        given: &BTreeMap<String, Option<String>>,
        escape_token: char,
    ) {
        for argument in arguments {
            let value = match (given.get(&argument.name), &argument.value) {
                (Some(given), _) => given_value(given.as_deref()),
                (None, Some(default)) => self.expand(default, escape_token),
                (None, None) => Err(Unexpanded::Unknown("ARG without a default".into())),
            };
            self.assign(&argument.name, value);
        }
    }

    /// Expands `word` as BuildKit does for an instruction's argument.
    ///
    /// # Errors
    ///
    /// [`Unexpanded`] tells whether a variable is not known or BuildKit would refuse the word.
    pub fn expand(&self, word: &str, escape_token: char) -> Result<String, Unexpanded> {
        if !word.contains(['$', '\'', '"', '<', escape_token]) {
            return Ok(word.to_owned());
        }
        Lex::new(escape_token).word(word, self).map_err(|error| match error {
            ExpandError::Unknown { name } => Unexpanded::Unknown(self.why(&name)),
            ExpandError::Invalid { message } => Unexpanded::Invalid(message),
        })
    }

    fn why(&self, name: &str) -> String {
        let why = match self.values.get(name) {
            Some(Value::Unknown(why)) => Some(why),
            _ => self.open.as_ref(),
        };
        why.map_or_else(|| format!("${name} is not known"), |why| format!("${name} is not known: {why}"))
    }
}

/// The value of an argument that a build gives.
///
/// # Errors
///
/// [`Unexpanded::Unknown`] where only the build knows it.
pub fn given_value(given: Option<&str>) -> Result<String, Unexpanded> {
    given.map(str::to_owned).ok_or_else(|| Unexpanded::Unknown("the build gives it".into()))
}

impl Environment for Scope {
    fn lookup(&self, name: &str) -> Lookup {
        match self.values.get(name) {
            Some(Value::Set(value)) => Lookup::Set(value.clone()),
            Some(Value::Unknown(_)) => Lookup::Unknown,
            None if self.open.is_some() => Lookup::Unknown,
            None => Lookup::Unset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_takes_the_given_value_before_its_default_and_the_global_one() {
        let mut global = Scope::global();
        global.set("V", "global".into());
        let mut scope = Scope::default();
        scope.declare("V", None, None, &global);
        assert_eq!(scope.expand("$V", '\\'), Ok("global".into()));
        scope.declare("V", None, Some(Ok("default".into())), &global);
        assert_eq!(scope.expand("${V}/x", '\\'), Ok("default/x".into()));
        scope.declare("V", Some(Ok("given".into())), Some(Ok("default".into())), &global);
        assert_eq!(scope.expand("$V", '\\'), Ok("given".into()));
    }

    #[test]
    fn what_no_one_knows_is_unknown_and_what_is_not_set_is_empty() {
        let mut scope = Scope::default();
        scope.declare("A", None, None, &Scope::global());
        scope.declare("TARGETARCH", None, None, &Scope::global());
        assert_eq!(
            scope.expand("/$A", '\\'),
            Err(Unexpanded::Unknown("$A is not known: ARG without a default".into()))
        );
        assert!(matches!(scope.expand("/$TARGETARCH", '\\'), Err(Unexpanded::Unknown(_))));
        assert_eq!(scope.expand("/$B", '\\'), Ok("/".into()));
        let open = Scope::open("image base:1 was not read".into());
        assert_eq!(
            open.expand("$SRC/", '\\'),
            Err(Unexpanded::Unknown("$SRC is not known: image base:1 was not read".into()))
        );
    }
}
