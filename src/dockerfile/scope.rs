//! Variables: those before the first stage, and in a stage ENV, ARG and the environment of the base image. It never
//! guesses a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::expand::{Environment, ExpandError, Lex, Lookup};
use super::{Assignment, Body, Dockerfile};
use crate::budget::{BYTES, STORED, STORED_BYTES, spend};

/// Platform arguments that BuildKit defines globally (`dockerfile2llb.defaultArgs`); their values depend on the
/// build.
pub(crate) const PLATFORM_ARGUMENTS: [&str; 11] = [
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

/// The longest reason, in bytes, that the name of another variable is added to.
const LONGEST_REASON: usize = 160;

/// The value of one variable, if it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Set(String),
    Unknown(Arc<str>),
}

/// The variables that a word is expanded with.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    values: HashMap<String, Value>,
    /// The environment in the image's configuration: the values of ENV, never of ARG.
    exported: HashMap<String, Value>,
    /// The reason why undeclared variables may still have a value; `None` if they have none.
    open: Option<Arc<str>>,
}

impl Value {
    /// Returns the units of work to store it.
    fn cost(&self) -> usize {
        match self {
            Self::Set(value) => STORED + value.len() / STORED_BYTES,
            Self::Unknown(_) => STORED,
        }
    }
}

impl Clone for Scope {
    fn clone(&self) -> Self {
        spend(self.values.values().chain(self.exported.values()).map(Value::cost).sum());
        let Self { values, exported, open } = self;
        Self { values: values.clone(), exported: exported.clone(), open: open.clone() }
    }
}

impl Scope {
    /// Returns the global scope: the platform arguments (`dockerfile2llb.defaultArgs`) and ARG before the first FROM
    /// (`buildMetaArgs`). `given` holds the build arguments; the value is `None` if only the build knows it.
    pub(crate) fn global(dockerfile: &Dockerfile, given: &BTreeMap<String, Option<String>>) -> Self {
        let mut scope = Self::default();
        for name in PLATFORM_ARGUMENTS {
            let value = given.get(name).map(|given| given_value(given.as_deref()));
            scope.assign(name, value.unwrap_or_else(|| Err("it depends on the platform".into())));
        }
        let escape_token = char::from(dockerfile.directives().escape_token);
        let before = dockerfile.instructions().iter().take_while(|line| !matches!(line.body, Body::From(_)));
        for instruction in before {
            if let Body::Arg(arguments) = &instruction.body {
                scope.declare(arguments, given, &Self::default(), escape_token);
            }
        }
        scope
    }

    /// Returns the scope of a stage that starts from an image whose environment is known.
    pub(crate) fn with_environment<'a>(environment: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut scope = Self::default();
        for (name, value) in environment {
            scope.export(name, Ok(value.to_owned()));
        }
        scope
    }

    /// Returns the scope of a stage that starts from an image whose environment is unknown, with the reason.
    pub(crate) fn open(why: Arc<str>) -> Self {
        Self { open: Some(why), ..Self::default() }
    }

    /// Returns the scope of a stage that is based on a stage with this scope.
    #[must_use]
    pub(crate) fn of_image(&self) -> Self {
        Self { values: self.exported.clone(), ..self.clone() }
    }

    /// Returns the same scope with unknown build arguments.
    #[must_use]
    pub(crate) fn without_arguments(&self) -> Self {
        let mut scope = self.clone();
        for (name, value) in &mut scope.values {
            if self.exported.get(name) != Some(value) {
                *value = Value::Unknown("it is a build argument".into());
            }
        }
        scope
    }

    /// Gives `name` a value.
    fn set(&mut self, name: &str, value: String) {
        let value = Value::Set(value);
        spend(value.cost());
        self.values.insert(name.to_owned(), value);
    }

    /// Gives `name` the result of an expansion, here and in the image's configuration: ENV.
    pub(crate) fn export(&mut self, name: &str, value: Result<String, String>) {
        self.assign(name, value);
        if let Some(value) = self.values.get(name) {
            spend(value.cost());
            self.exported.insert(name.to_owned(), value.clone());
        }
    }

    /// Forgets the value of a variable; of every variable, if its own name holds one.
    pub(crate) fn forget(&mut self, name: &str, why: &str) {
        if name.contains('$') {
            *self = Self::open(why.into());
        } else {
            self.set_unknown(name, why.into());
        }
    }

    /// Records that `name` has an unknown value.
    fn set_unknown(&mut self, name: &str, why: Arc<str>) {
        self.values.insert(name.to_owned(), Value::Unknown(why));
    }

    /// Gives `name` the result of an expansion.
    fn assign(&mut self, name: &str, value: Result<String, String>) {
        match value {
            Ok(value) => self.set(name, value),
            Err(why) => self.set_unknown(name, why.into()),
        }
    }

    /// Declares the names of an ARG as `dockerfile2llb.dispatchArg` and `buildMetaArgs` do: a build argument first,
    /// then the default, then the global value. Without any of them, an existing value stays. If there is none, every
    /// build may give one, so the value is unknown.
    pub(crate) fn declare(
        &mut self,
        arguments: &[Assignment],
        given: &BTreeMap<String, Option<String>>,
        global: &Self,
        escape_token: char,
    ) {
        for Assignment { name, value: default } in arguments {
            match (given.get(name), default, global.values.get(name)) {
                (Some(given), ..) => self.assign(name, given_value(given.as_deref())),
                (None, Some(default), _) => self.assign(name, self.expand(default, escape_token)),
                (None, None, Some(value)) => {
                    spend(value.cost());
                    self.values.insert(name.clone(), value.clone());
                }
                (None, None, None) if self.values.contains_key(name) => {}
                (None, None, None) => self.set_unknown(name, "ARG without a default".into()),
            }
        }
    }

    /// Expands `word` as BuildKit does for an instruction's argument; returns the reason if its value is unknown: it
    /// depends on an unknown variable, or BuildKit refuses the word.
    pub(crate) fn expand(&self, word: &str, escape_token: char) -> Result<String, String> {
        if !word.contains(['$', '\'', '"', '<', escape_token]) {
            return Ok(word.to_owned());
        }
        Lex::new(escape_token).word(word, self).map_err(|error| match error {
            ExpandError::Unknown { name } => self.why(&name),
            ExpandError::Invalid { message } => message,
            ExpandError::TooLong => format!("`{}` {}", start_of(word), ExpandError::TooLong),
        })
    }

    fn why(&self, name: &str) -> String {
        let why = match self.values.get(name) {
            Some(Value::Unknown(why)) => Some(why),
            _ => self.open.as_ref(),
        };
        match why {
            None => format!("${name} is unknown"),
            // A chain of variables is as long as the file; its cause is enough.
            Some(why) if why.len() > LONGEST_REASON => why.to_string(),
            Some(why) => format!("${name} is unknown: {why}"),
        }
    }
}

/// Returns the start of a word, for a message.
fn start_of(word: &str) -> String {
    const SHOWN: usize = 40;
    let mut start: String = word.chars().take(SHOWN).collect();
    if start.len() < word.len() {
        start.push('…');
    }
    start
}

/// Returns the value of an argument that a build gives, or the reason if only the build knows it.
fn given_value(given: Option<&str>) -> Result<String, String> {
    given.map(str::to_owned).ok_or_else(|| "the build gives it".into())
}

impl Environment for Scope {
    fn lookup(&self, name: &str) -> Lookup {
        match self.values.get(name) {
            Some(Value::Set(value)) => {
                spend(1 + value.len() / BYTES);
                Lookup::Set(value.clone())
            }
            Some(Value::Unknown(_)) => Lookup::Unknown,
            None if self.open.is_some() => Lookup::Unknown,
            None => Lookup::Unset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Given = BTreeMap<String, Option<String>>;

    fn given(arguments: &[(&str, Option<&str>)]) -> Given {
        arguments.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
    }

    /// Returns the expanded words in a stage after these lines with these ARGs, in a build with these arguments.
    fn values(before: &str, inside: &[(&str, Option<&str>)], given: &Given, words: &[&str]) -> Vec<String> {
        let global = Scope::global(&Dockerfile::read(format!("{before}FROM x\n")), given);
        let declared = inside
            .iter()
            .map(|(name, value)| Assignment { name: (*name).to_owned(), value: value.map(str::to_owned) });
        let mut scope = Scope::default();
        scope.declare(&declared.collect::<Vec<_>>(), given, &global, '\\');
        words.iter().map(|word| scope.expand(word, '\\').unwrap_or_else(|why| why)).collect()
    }

    #[test]
    fn an_argument_takes_the_given_value_before_its_default_and_the_global_one() {
        let (none, some) = (given(&[]), given(&[("V", Some("given"))]));
        assert_eq!(values("ARG V=global\n", &[("V", None)], &none, &["$V"]), ["global"]);
        assert_eq!(values("ARG V=global\n", &[("V", Some("own"))], &none, &["${V}/x"]), ["own/x"]);
        assert_eq!(values("ARG V=global\n", &[("V", Some("own"))], &some, &["$V"]), ["given"]);
        assert_eq!(values("ARG V=global\n", &[], &some, &["<$V>"]), ["<>"], "no ARG declares it here");
    }

    #[test]
    fn a_global_argument_keeps_its_value_where_it_is_declared_again() {
        let global = |text: &str, arguments: &Given, word: &str| {
            Scope::global(&Dockerfile::read(text), arguments).expand(word, '\\').unwrap_or_else(|why| why)
        };
        let none = given(&[]);
        assert_eq!(global("ARG A=1\nARG A\nARG B=$A-$C\nFROM x\nARG A=2\n", &none, "$A $B"), "1 1-");
        assert_eq!(global("ARG A\nFROM x\n", &none, "$A"), "$A is unknown: ARG without a default");
        let of_build = given(&[("A", None), ("TARGETARCH", Some("arm64")), ("UNDECLARED", Some("x"))]);
        assert_eq!(global("ARG A=1\nFROM x\n", &of_build, "$A"), "$A is unknown: the build gives it");
        assert_eq!(global("FROM x\n", &of_build, "$TARGETARCH$UNDECLARED"), "arm64");
        assert_eq!(
            global("FROM x\n", &of_build, "$BUILDARCH"),
            "$BUILDARCH is unknown: it depends on the platform"
        );
    }

    #[test]
    fn what_no_one_knows_is_unknown_and_what_is_not_set_is_empty() {
        let declared = [("A", None), ("TARGETARCH", None)];
        assert_eq!(
            values("", &declared, &given(&[]), &["/$A", "/$TARGETARCH", "/$B"]),
            [
                "$A is unknown: ARG without a default",
                "$TARGETARCH is unknown: it depends on the platform",
                "/"
            ]
        );
        let open = Scope::open("image base:1 was not read".into());
        assert_eq!(open.expand("$SRC/", '\\'), Err("$SRC is unknown: image base:1 was not read".into()));
    }
}
