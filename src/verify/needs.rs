//! Secrets and SSH agents that the RUN instructions of some stages require.

use std::collections::BTreeSet;

use crate::dockerfile::{Body, Dockerfile, Instruction, Mount};

/// A secret or an SSH agent that a build requires and that only the user can provide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A secret, by its id.
    Secret(String),
    /// An SSH agent, by its id.
    Agent(String),
}

/// Returns the needs of these stages. ONBUILD counts for the stage that holds it.
pub(crate) fn needs(dockerfile: &Dockerfile, stages: &BTreeSet<usize>) -> BTreeSet<Need> {
    let of_stages =
        |instruction: &&Instruction| instruction.stage.is_some_and(|stage| stages.contains(&stage));
    dockerfile.instructions().iter().filter(of_stages).flat_map(mounts).filter_map(need).collect()
}

fn mounts(instruction: &Instruction) -> &[Mount] {
    match &instruction.body {
        Body::Run(run) => &run.mounts,
        Body::Onbuild(inner) => mounts(inner),
        _ => &[],
    }
}

/// Returns the need of a mount (`dockerfile2llb.dispatchSecret`, `dispatchSSH`). A need that depends on a variable is
/// left to the build.
fn need(mount: &Mount) -> Option<Need> {
    let Mount { kind, source, target, id, required: true, .. } = mount else { return None };
    let written = [kind, source, target, id].map(|value| value.as_deref().unwrap_or_default());
    if written.iter().any(|value| value.contains('$')) {
        return None;
    }
    let [kind, source, target, id] = written;
    let first =
        |values: &[&str]| values.iter().find(|value| !value.is_empty()).map(|value| (*value).to_owned());
    if kind.eq_ignore_ascii_case("secret") {
        let base = target.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
        first(&[source, id, base]).map(Need::Secret)
    } else if kind.eq_ignore_ascii_case("ssh") {
        first(&[id, "default"]).map(Need::Agent)
    } else {
        None
    }
}

/// Returns the id in a value of `--secret` or `--ssh`: `id=npmrc,src=…`, or the word before the first `=`.
pub(crate) fn id_of(value: &str) -> &str {
    let first = value.split(',').next().unwrap_or_default();
    let id = value.split(',').find_map(|field| field.strip_prefix("id="));
    id.unwrap_or_else(|| first.split('=').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_needed() {
        let dockerfile = Dockerfile::read(
            "FROM a\nRUN --mount=type=secret,id=npmrc,required=true --mount=type=secret,id=other true\n\
             RUN --mount=type=secret,target=/run/token,required --mount=type=ssh,required=true true\n\
             RUN --mount=type=secret,id=no,required=false --mount=type=secret,id=$ID,required true\n\
             ONBUILD RUN --mount=type=SECRET,id=a,required,id=later true\nFROM b\n",
        );
        let expected = [
            Need::Secret("npmrc".into()),
            Need::Secret("token".into()),
            Need::Secret("later".into()),
            Need::Agent("default".into()),
        ];
        assert_eq!(needs(&dockerfile, &[0].into()), expected.into());
        assert!(needs(&dockerfile, &[1].into()).is_empty());
    }

    #[test]
    fn the_id_of_a_secret_is_found_wherever_it_stands() {
        assert_eq!(id_of("id=npmrc,src=/a"), "npmrc");
        assert_eq!(id_of("type=env,id=TOKEN"), "TOKEN");
        assert_eq!(id_of("default"), "default");
        assert_eq!(id_of("github=/run/agent"), "github");
    }
}
