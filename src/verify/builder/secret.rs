//! The source of a secret: a value of `--secret`, as buildx reads it. It never logs one.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::budget;
use crate::dockerfile::csv;
use crate::text::secret::{LONGEST, Secrets};

/// The source of a secret (buildx, `util/buildflags.parseSecret`; buildkit, `secretsprovider.NewStore`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// A file of this machine.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// Neither is stated: the variable of this name if there is one, else the file.
    Either(String),
}

impl SecretSource {
    /// Reads a value of `--secret`.
    pub(crate) fn read(value: &str) -> Self {
        let (mut kind, mut id, mut source, mut variable) = (None, None, None, None);
        for field in csv::fields(value).unwrap_or_default() {
            let Some((key, value)) = field.split_once('=') else { continue };
            let value = Some(value.to_owned());
            match key.to_lowercase().as_str() {
                "type" => kind = value,
                "id" => id = value,
                "src" | "source" => source = value,
                "env" => variable = value,
                _ => {}
            }
        }
        if kind.as_deref() == Some("env") && variable.is_none() {
            variable = source.take();
        }
        match (variable, source) {
            (Some(variable), _) => Self::Variable(variable),
            (None, Some(source)) => Self::File(source.into()),
            (None, None) => Self::Either(id.unwrap_or_default()),
        }
    }

    /// Hides the value. A secret that cannot be read is the client's to report.
    pub(crate) fn hide(&self, variable: &dyn Fn(&str) -> Option<OsString>, hidden: &mut Secrets) {
        let of_variable = |name: &str| variable(name).map(OsString::into_encoded_bytes);
        let value = match self {
            Self::File(path) => budget::read_file(path, LONGEST).ok(),
            Self::Variable(name) => of_variable(name),
            Self::Either(name) => {
                of_variable(name).or_else(|| budget::read_file(name.as_ref(), LONGEST).ok())
            }
        };
        hidden.add(&value.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_buildx_reads_it() {
        let file = |path: &str| SecretSource::File(path.into());
        let variable = |name: &str| SecretSource::Variable(name.to_owned());
        assert_eq!(SecretSource::read("id=a,src=b"), file("b"));
        assert_eq!(SecretSource::read("source=b,id=a,type=file"), file("b"));
        assert_eq!(SecretSource::read("id=a,\"src=b,c\""), file("b,c"));
        assert_eq!(SecretSource::read("id=a,env=B"), variable("B"));
        assert_eq!(SecretSource::read("id=a,type=env,src=B"), variable("B"));
        assert_eq!(SecretSource::read("id=GITHUB_TOKEN"), SecretSource::Either("GITHUB_TOKEN".into()));
    }

    #[test]
    fn the_value_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "of a file\n").unwrap();
        let mut hidden = Secrets::default();
        let variable = |name: &str| (name == "V").then(|| OsString::from("of a variable"));
        for value in [format!("id=a,src={}", file.display()), "id=b,env=V".to_owned(), "id=none".to_owned()] {
            SecretSource::read(&value).hide(&variable, &mut hidden);
        }
        assert_eq!(hidden.hide("of a file, of a variable"), "[secret], [secret]");
    }
}
