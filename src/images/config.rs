//! The configuration document of an image: OCI `config.md`. Serde stays in here.

use serde::Deserialize;

use super::{ImageConfig, Platform};

/// OCI `config.md`, "Properties".
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(flatten)]
    platform: PlatformFields,
    config: Option<Execution>,
}

/// `os`, `architecture` and `variant`, which OCI `config.md` and the "platform" of `image-index.md` share.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PlatformFields {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl PlatformFields {
    /// Returns the platform; `None` if the document has none, and for the `unknown/unknown` of BuildKit's attestations.
    pub(crate) fn platform(self) -> Option<Platform> {
        let said = |word: Option<String>| word.filter(|word| !word.is_empty() && word != "unknown");
        let (os, architecture) = (said(self.os)?, said(self.architecture)?);
        Some(Platform { os, architecture, variant: self.variant.filter(|variant| !variant.is_empty()) })
    }
}

/// The `config` of OCI `config.md`, with Docker's `OnBuild` and `Shell`. Go writes an empty list as null.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    user: Option<String>,
    working_dir: Option<String>,
    env: Option<Vec<String>>,
    on_build: Option<Vec<String>>,
    shell: Option<Vec<String>>,
}

/// Parses a configuration document.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<(ImageConfig, Option<Platform>)> {
    let ConfigFile { platform, config } = serde_json::from_slice(bytes)?;
    let Execution { user, working_dir, env, on_build, shell } = config.unwrap_or_default();
    let config = ImageConfig {
        user: user.unwrap_or_default(),
        working_dir: working_dir.unwrap_or_default(),
        env: env.unwrap_or_default().iter().map(|pair| ImageConfig::variable(pair)).collect(),
        onbuild: on_build.unwrap_or_default(),
        shell: shell.filter(|words| !words.is_empty()),
    };
    Ok((config, platform.platform()))
}
