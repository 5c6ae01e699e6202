//! The table of builders: one rule a row. A new row needs its place in [`ALL`], and nothing else.

pub(super) mod docker;
pub(super) mod hosted;
pub(super) mod others;

use super::BuilderRule;

/// Every rule, in order of name.
pub static ALL: &[&BuilderRule] = &[
    &hosted::BITBUCKET,
    &others::BUILDAH,
    &others::BUILDAH_BEFORE_1_41,
    &others::BUILDAH_VERSION,
    &others::BUILDAH_WITHOUT_LAYERS,
    &docker::BUILDKIT,
    &docker::BUILDKIT_20_10,
    &docker::BUILDKIT_20_10_HEADER,
    &hosted::CIRCLECI,
    &docker::CLOUD,
    &hosted::CLOUD_BUILD,
    &hosted::CODEBUILD,
    &docker::COMMAND,
    &docker::COMPOSE_V1,
    &docker::DESKTOP,
    &docker::DOCKER_CONTAINERD,
    &docker::DOCKER_GRAPHDRIVER,
    &docker::FRONTEND_BEFORE_1_4,
    &hosted::GITHUB_UBUNTU_22_24,
    &hosted::GITHUB_UBUNTU_26,
    &hosted::GITLAB_RUNNER,
    &others::KANIKO,
    &others::KANIKO_BEFORE_1_9_2,
    &others::KANIKO_VERSION,
    &docker::LEGACY,
    &docker::LEGACY_BEFORE_23,
    &others::NERDCTL,
    &others::NOT_STATED,
    &others::PODMAN,
    &others::PODMAN_BEFORE_5_6,
    &others::PODMAN_VERSION,
    &hosted::RUNNER,
    &others::TOOL,
];

/// Returns the rule with this name.
pub fn find(name: &str) -> Option<&'static BuilderRule> {
    ALL.iter().find(|rule| rule.name == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::Effect;

    #[test]
    fn the_table_is_sorted_and_each_row_is_whole() {
        let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
        assert!(names.is_sorted(), "sort the rows of ALL by name: {names:?}");
        for rule in ALL {
            assert!(rule.name.starts_with("builder-"), "{}: an id starts with builder-", rule.name);
            assert!(
                !rule.summary.ends_with('.') && rule.summary.len() < 100,
                "{}: one short line",
                rule.name
            );
            assert!(!rule.sources.is_empty(), "{} needs a source", rule.name);
            let has_to_change = !matches!(rule.effect, Effect::Links | Effect::LinksNotCompared);
            assert_eq!(
                rule.remedy.is_some(),
                has_to_change,
                "{}: a remedy where builds do not link",
                rule.name
            );
        }
    }
}
