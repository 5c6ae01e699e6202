//! Known faults of engines: errors of a build that are neither the file's nor the flag's. It never looks at what a step
//! prints, which may hold any text.

use std::fmt;

/// A known fault of an engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EngineFault {
    /// The parts of the error, in order.
    parts: &'static [&'static str],
    /// The versions that it was reported for.
    versions: &'static str,
    /// True if it happens only where layers are merged or compared, as a linked copy does.
    of_merge: bool,
    /// The remedy.
    remedy: &'static str,
    /// The report.
    report: &'static str,
}

const NO_BRIDGE: &str = "let RUN use the network of the engine's machine: --network host";
const AGAIN: &str = "verify again, with fewer builds at a time (--jobs 1)";
const PRUNE: &str = "remove the build cache with `docker buildx prune`, then verify again";

/// Every fault. Of two that fit, the first counts.
static ALL: &[EngineFault] = &[
    EngineFault {
        parts: &["did not complete successfully: ", "network bridge not found"],
        versions: "Docker without a bridge network, as on EKS",
        of_merge: false,
        remedy: NO_BRIDGE,
        report: "moby/buildkit#1642",
    },
    EngineFault {
        parts: &["failed to apply diffs", "failed to stat lower snapshot"],
        versions: "BuildKit 0.10.0 and 0.31.2",
        of_merge: true,
        remedy: AGAIN,
        report: "moby/buildkit#6977, moby/buildkit#2740",
    },
    EngineFault {
        parts: &["failed to finalize upper parent during diff"],
        versions: "Docker 29.4",
        of_merge: true,
        remedy: AGAIN,
        report: "moby/buildkit#6808, fixed by moby/buildkit#6821",
    },
    EngineFault {
        parts: &["requested experimental feature mergeop"],
        versions: "Docker 20.10",
        of_merge: true,
        remedy: "use an engine that can merge layers: Docker 29, or a builder in a container",
        report: "siderolabs/tools#233",
    },
    EngineFault {
        parts: &["failed to prepare extraction snapshot", "does not exist"],
        versions: "Docker 29.1 with the containerd image store",
        of_merge: false,
        remedy: AGAIN,
        report: "moby/buildkit#6521",
    },
    EngineFault {
        parts: &["failed to read dockerfile", "failed to mount", "does not exist"],
        versions: "BuildKit 0.9.0 with the containerd worker",
        of_merge: false,
        remedy: PRUNE,
        report: "moby/buildkit#2288",
    },
    EngineFault {
        parts: &["parent snapshot", "does not exist: not found"],
        versions: "BuildKit, reported in July 2023",
        of_merge: false,
        remedy: PRUNE,
        report: "moby/buildkit#4024",
    },
    EngineFault {
        parts: &["failed to compute cache key", "blob sha256:", "not found"],
        versions: "BuildKit 0.13.0",
        of_merge: false,
        remedy: "update BuildKit, or leave out --cache-from",
        report: "moby/buildkit#4765",
    },
    EngineFault {
        parts: &["inconsistent graph state"],
        versions: "BuildKit 0.9.2 and later",
        of_merge: false,
        remedy: AGAIN,
        report: "moby/buildkit#2303",
    },
    EngineFault {
        parts: &["failed to prepare", ".tmp-committed", "no such file or directory"],
        versions: "Docker 27 with overlay2",
        of_merge: false,
        remedy: AGAIN,
        report: "moby/buildkit#5469",
    },
    EngineFault {
        parts: &["failed calculating diff pairs for exported snapshot"],
        versions: "BuildKit, reported in April 2019",
        of_merge: false,
        remedy: "update BuildKit",
        report: "moby/buildkit#960",
    },
    EngineFault {
        parts: &["ref buildkit/", "locked: unavailable"],
        versions: "BuildKit, reported in 2020",
        of_merge: false,
        remedy: AGAIN,
        report: "moby/buildkit#1491",
    },
    EngineFault {
        parts: &["copying of parent failed", "unsupported mode"],
        versions: "BuildKit 0.10.0 with the native snapshotter",
        of_merge: false,
        remedy: "update BuildKit, or use the overlayfs snapshotter",
        report: "moby/buildkit#2747",
    },
    EngineFault {
        parts: &["wrong diff id calculated on extraction"],
        versions: "BuildKit, reported in February 2020",
        of_merge: false,
        remedy: "update BuildKit, then remove the build cache with `docker buildx prune`",
        report: "concourse/oci-build-task#22, containerd/containerd#3528",
    },
];

impl EngineFault {
    /// Returns the fault that an error of the builder is.
    pub(crate) fn of(error: &str) -> Option<&'static Self> {
        ALL.iter().find(|fault| fault.is(error))
    }

    fn is(&self, error: &str) -> bool {
        let mut rest = error;
        self.parts.iter().all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

impl fmt::Display for EngineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { versions, remedy, report, of_merge, .. } = self;
        let without =
            if *of_merge { "builds without linked copies do not have it" } else { "it needs no linked copy" };
        write!(f, "a fault of the engine ({versions}; {without}; {report}): {remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors as the reports have them.
    const REPORTED: [&str; 14] = [
        "process \"/bin/sh -c make\" did not complete successfully: network bridge not found",
        "failed to apply diffs: failed to stat lower snapshot oqp2tt0j92m39s8wogp0pul7d: snapshot oqp2tt0j92m39s8wogp0pul7d does not exist: not found",
        "failed to finalize upper parent during diff: failed to commit x during finalize: failed to stat active key during commit: snapshot x does not exist: not found",
        "requested experimental feature mergeop is not supported by build server, please update",
        "failed to prepare extraction snapshot \"extract-858612528-gZrz sha256:e0886c\": parent snapshot sha256:229f09 does not exist: not found",
        "failed to read dockerfile: failed to mount lhzivmrs3pheot21kx3b24aix: snapshot lhzivmrs3pheot21kx3b24aix does not exist: not found",
        "failed to mount /path: parent snapshot sha256:c032a7 does not exist: not found",
        "failed to compute cache key: blob sha256:043e7f3dd05ab4bea31533694054d95fdc672fa089066248f176a60cb051493c not found",
        "failed to get edge: inconsistent graph state",
        "failed to prepare sha256:b658d8 as kcty4fbxag6hngkemyhs5dn82: open /var/lib/docker/overlay2/q32w4cbarh6m1wpr169nbtyib/.tmp-committed2557151495: no such file or directory",
        "failed calculating diff pairs for exported snapshot: mount callback failed on /tmp/containerd-mount622803746",
        "failed to load cache: ref buildkit/1/layer-sha256:30a6d7 locked: unavailable",
        "failed to compute cache key: copying of parent failed: unsupported mode prw-------: %!w(<nil>)",
        "failed to extract layer: wrong diff id calculated on extraction \"sha256:ab\"",
    ];

    #[test]
    fn each_reported_error_is_its_fault() {
        for (fault, error) in ALL.iter().zip(REPORTED) {
            assert_eq!(EngineFault::of(error), Some(fault), "{error}");
        }
        assert_eq!(ALL.len(), REPORTED.len());
    }

    #[test]
    fn an_error_of_the_file_is_none() {
        for error in [
            "process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
            "failed to compute cache key: failed to calculate checksum of ref a::b: \"/x\": not found",
            "invalid user index: -1",
            "mkdir /var/www: not a directory",
        ] {
            assert_eq!(EngineFault::of(error), None, "{error}");
        }
    }
}
