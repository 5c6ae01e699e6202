//! The keys of a compose file (compose-go `schema/compose-spec.json`). A file with another key is refused by compose. It
//! never looks at the values of keys that have nothing to do with builds.

use crate::builds::document::{Node, Value};

/// The keys of a file.
const TOP: [&str; 9] =
    ["configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes"];

/// The keys of a service.
const SERVICE: [&str; 93] = [
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_start",
    "pre_stop",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "restart",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
];

/// The keys of a build.
const BUILD: [&str; 25] = [
    "additional_contexts",
    "args",
    "cache_from",
    "cache_to",
    "context",
    "dockerfile",
    "dockerfile_inline",
    "entitlements",
    "extra_hosts",
    "isolation",
    "labels",
    "network",
    "no_cache",
    "no_cache_filter",
    "platforms",
    "privileged",
    "provenance",
    "pull",
    "sbom",
    "secrets",
    "shm_size",
    "ssh",
    "tags",
    "target",
    "ulimits",
];

/// Returns the reason why compose refuses a file.
pub(super) fn refused(document: &Node) -> Option<String> {
    if !matches!(document.value, Value::Map(_)) {
        return Some("the file is not a map".into());
    }
    let services = document.get("services");
    if services.is_some_and(|services| !matches!(services.value, Value::Map(_) | Value::Null)) {
        return Some("services is not a map".into());
    }
    unknown(document, &TOP).or_else(|| {
        services.map(Node::entries).unwrap_or_default().iter().find_map(|service| {
            let is_map = matches!(service.value.value, Value::Map(_) | Value::Null);
            let build = || build(service.value.get("build")?);
            let wrong = || Some(format!("service {} is not a map", service.key));
            if is_map { unknown(&service.value, &SERVICE).or_else(build) } else { wrong() }
        })
    })
}

fn build(build: &Node) -> Option<String> {
    match &build.value {
        Value::Text(_) => None,
        Value::Map(_) => unknown(build, &BUILD).or_else(|| {
            let wrong = ["context", "dockerfile", "target"].into_iter().find(|key| {
                build
                    .get(key)
                    .is_some_and(|value| !matches!(value.value, Value::Text(_)) && value.tag.is_none())
            });
            wrong.map(|key| format!("line {}: {key} is not a text", build.line))
        }),
        Value::Null | Value::List(_) if build.tag.is_some() => None,
        Value::Null | Value::List(_) => Some(format!("line {}: build is not a map", build.line)),
    }
}

fn unknown(map: &Node, keys: &[&str]) -> Option<String> {
    let wrong = map.entries().iter().find(|entry| {
        !keys.contains(&entry.key.as_str()) && !entry.key.starts_with("x-") && entry.key != "<<"
    });
    wrong.map(|entry| format!("line {}: unknown key {}", entry.line, entry.key))
}
