//! The check that a builder links. With a builder that does not, every edit looks harmless, so its builds are not
//! evidence.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::builder::{BuildError, Builder, Output, Request, Vertex};
use super::temporary::Temporary;

/// The behavior of a builder with `--link`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It links: BuildKit showed the vertex.
    Links,
    /// It accepts the flag and makes an ordinary copy. Its builds prove nothing.
    Ignores {
        /// The reason.
        why: String,
        /// The way to get a builder that links.
        remedy: String,
    },
    /// Its frontend does not know the flag.
    Rejects {
        /// The builder's error.
        said: String,
    },
}

/// The parameters of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe<'a> {
    /// The platform; `None` for the builder's own.
    pub platform: Option<&'a str>,
    /// The frontend image that the `# syntax` line names; `None` for the builder's own frontend.
    pub frontend: Option<&'a str>,
    /// Additional arguments of `docker buildx build` from the user.
    pub passed: &'a [String],
    /// The deadline.
    pub deadline: Option<Instant>,
}

/// Platform and frontend.
type Key = (Option<String>, Option<String>);

/// The results of probes of a builder: one for each platform and frontend.
pub struct Probes<'b> {
    builder: &'b dyn Builder,
    known: Mutex<BTreeMap<Key, Probed>>,
}

impl<'b> Probes<'b> {
    /// Creates a cache of probes without results.
    pub fn new(builder: &'b dyn Builder) -> Self {
        Self { builder, known: Mutex::default() }
    }

    /// Returns the result of a probe, which builds two copies, the second linked, if it is not cached yet.
    ///
    /// # Errors
    ///
    /// The error of the builder, except for an unknown flag. An error is not cached.
    pub fn of(&self, probe: &Probe<'_>) -> Result<Probed, BuildError> {
        let key = (probe.platform.map(str::to_owned), probe.frontend.map(str::to_owned));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probed) = known.get(&key) {
            return Ok(probed.clone());
        }
        let probed = run(self.builder, probe)?;
        Ok(known.entry(key).or_insert(probed).clone())
    }
}

/// The first copy makes the state that the second is merged with: on `scratch` alone there is no merge. The last
/// stage reads a file of it, because plain progress reports a merge only if its files are needed.
const COPIES: &str = "FROM scratch AS linked\nCOPY probe /probe\nCOPY --link probe /a/b\n\
    FROM scratch\nCOPY --from=linked /a/b /c\n";

fn run(builder: &dyn Builder, probe: &Probe<'_>) -> Result<Probed, BuildError> {
    let context = context().map_err(|source| BuildError::System {
        what: "the context of a probe cannot be written into the temporary folder",
        source,
    })?;
    let header = probe.frontend.map_or(String::new(), |image| format!("# syntax={image}\n"));
    let request = Request {
        platform: probe.platform.map(str::to_owned),
        passed: probe.passed.to_vec(),
        output: Output::Nothing,
        deadline: probe.deadline,
        ..Request::new(format!("{header}{COPIES}"), context.path())
    };
    match builder.build(&request, &|_| {}) {
        Ok(built) if built.vertexes.iter().any(Vertex::is_link) => Ok(Probed::Links),
        Ok(_) => Ok(ignores(&builder.facts()?.driver)),
        Err(BuildError::Failed { said, .. }) if is_unknown(&said) => Ok(Probed::Rejects { said }),
        Err(error) => Err(error),
    }
}

/// Returns true if a frontend does not know the flag (`instructions.BFlags.Parse`; old ones print `Unknown flag:
/// link`).
fn is_unknown(said: &str) -> bool {
    let said = said.to_lowercase();
    ["unknown flag: link", "unknown flag: --link"].iter().any(|words| said.contains(words))
}

/// Creates a folder with a file that is in no cache: it contains the folder's name.
fn context() -> io::Result<Temporary> {
    let folder = Temporary::new(&std::env::temp_dir(), "probe")?;
    std::fs::write(folder.path().join("probe"), folder.path().as_os_str().as_encoded_bytes())?;
    Ok(folder)
}

fn ignores(driver: &str) -> Probed {
    let own = "`docker buildx create --driver docker-container --use` makes a builder that links";
    let (why, remedy) = match driver {
        "docker" => (
            "the engine's image store is a graph driver, which cannot merge".to_owned(),
            format!(
                "turn on the engine's containerd image store (Docker before 29 has it off unless it is turned on); \
                 or {own}"
            ),
        ),
        driver => (format!("BuildKit behind the driver {driver} does not merge"), own.to_owned()),
    };
    Probed::Ignores { why, remedy }
}

/// Returns a warning if a plain `docker build` in an environment with this `DOCKER_BUILDKIT` would not behave as
/// `verify` shows; `None` if it would. buildx itself does not read the variable (docker/cli's `processBuilder` does).
pub(crate) fn legacy_builder(docker_buildkit: Option<&OsStr>) -> Option<&'static str> {
    // The values that Go's `strconv.ParseBool` takes for false.
    let off = ["0", "f", "F", "false", "False", "FALSE"];
    docker_buildkit.filter(|value| off.iter().any(|word| value == word)).map(|_| {
        "DOCKER_BUILDKIT turns BuildKit off: a plain `docker build` here uses the legacy builder, which copies without \
         linking from Docker 23 and rejects --link before; `docker buildx build` is not affected. Unset it"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_go_takes_for_false_turns_buildkit_off() {
        for off in ["0", "false", "F", "FALSE"] {
            assert!(
                legacy_builder(Some(OsStr::new(off))).is_some_and(|text| text.contains("legacy")),
                "{off}"
            );
        }
        for on in ["", "1", "true", "no", "fAlse"] {
            assert_eq!(legacy_builder(Some(OsStr::new(on))), None, "{on}");
        }
        assert_eq!(legacy_builder(None), None);
    }
}
