//! What of this machine a repository gets into a build: nothing that the user did not name. A builder that records its
//! requests stands for the engine.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::SystemTime;

use layerwright::campaign::evidence::{BuilderFacts, Evidence, Outcome};
use layerwright::ops::{self, FilesToVerify, Notice, Selection, VerifyOptions};
use layerwright::text::secret::Secrets;
use layerwright::verify::builder::{BuildError, Builder, Built, Interrupt, NamedContext, Request, Vertex};

use crate::support::{Base, Scratch, git, linkable};

/// A builder that records what it is asked for, and links nothing.
#[derive(Default)]
struct Recorder(Mutex<Vec<Request>>);

impl Recorder {
    /// The requests for builds of the repository: those of a probe have no files.
    fn asked(&self) -> Vec<Request> {
        let asked = self.0.lock().unwrap();
        asked.iter().filter(|request| request.dockerfile.starts_with(b"FROM base:1")).cloned().collect()
    }
}

impl Builder for Recorder {
    fn facts(&self) -> Result<BuilderFacts, BuildError> {
        let name = || "recorder".to_owned();
        Ok(BuilderFacts { name: name(), driver: name(), buildkit: None, buildx: name(), rootless: None })
    }

    fn build(&self, request: &Request, _: &(dyn Fn(&Vertex) + Sync)) -> Result<Built, BuildError> {
        self.0.lock().unwrap().push(request.clone());
        let linked = Vertex { name: "[2/2] LINK COPY --link a /b".into(), ..Vertex::default() };
        Ok(Built {
            vertexes: vec![linked],
            elapsed: std::time::Duration::ZERO,
            exported: std::time::Duration::ZERO,
            merging: std::time::Duration::ZERO,
        })
    }
}

/// What the user gives on the command line.
#[derive(Default)]
struct Given {
    secrets: Vec<String>,
    ssh: Vec<String>,
    allow_commands: bool,
}

/// Plans, verifies `a/Dockerfile`, and returns its evidence, the requests and the commands that were shown.
fn verified(scratch: &Scratch, given: &Given) -> (Evidence, Vec<Request>, Vec<String>) {
    scratch.save(&Base::new());
    let (builder, temporary) = (Recorder::default(), tempfile::tempdir().unwrap());
    let shown = Mutex::new(Vec::new());
    let options = VerifyOptions {
        files: FilesToVerify {
            repository: scratch.root().to_owned(),
            selection: Some(Selection::Files(vec!["a/Dockerfile".into()])),
            plan: None,
        },
        shard: None,
        jobs: NonZeroUsize::MIN,
        builder: &builder,
        interrupt: Interrupt::new(),
        depth: None,
        frontend: None,
        platforms: Vec::new(),
        build_args: BTreeMap::new(),
        secrets: given.secrets.clone(),
        ssh: given.ssh.clone(),
        hidden: Secrets::default(),
        allow_commands: given.allow_commands,
        passed: Vec::new(),
        reuse: false,
        out: None,
        temporary: temporary.path().to_owned(),
        keep: false,
        key: None,
        clock: &SystemTime::now,
    };
    let watch = |notice: &Notice<'_>| {
        if let Notice::Command { command, .. } = notice {
            shown.lock().unwrap().push((*command).to_owned());
        }
    };
    let mut verified = ops::verify(&options, &watch).unwrap();
    (verified.evidence.remove(0), builder.asked(), shown.into_inner().unwrap())
}

/// Each kind of file that can name a context, with `%` in its place.
const CARRIERS: [(&str, &str); 8] = [
    (
        "compose.yaml",
        "services:\n  a:\n    build:\n      context: a\n      additional_contexts:\n        host: \"%\"\n",
    ),
    ("docker-bake.hcl", "target \"a\" {\n  context = \"a\"\n  contexts = { host = \"%\" }\n}\n"),
    ("docker-bake.json", r#"{"target": {"a": {"context": "a", "contexts": {"host": "%"}}}}"#),
    ("build.sh", "#!/bin/sh\ndocker buildx build --build-context 'host=%' a\n"),
    ("Makefile", "image:\n\tdocker buildx build --build-context host=% a\n"),
    (
        ".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: a\n          \
         build-contexts: |\n            host=%\n",
    ),
    (
        ".github/workflows/b.yml",
        "jobs:\n  a:\n    steps:\n      - run: docker buildx build --build-context host=% a\n",
    ),
    ("layerwright.toml", "[build.\"a/Dockerfile\"]\ncontext = \"a\"\ncontexts = { host = \"%\" }\n"),
];

#[test]
fn no_carrier_brings_a_folder_of_the_host_into_a_build() {
    let hosts =
        ["/etc", "../outside", "a/../../outside", "oci-layout://../x:1", "file:///etc", "github.com/../x"];
    for (file, text) in CARRIERS {
        for host in hosts {
            let text = text.replace('%', host);
            let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", ""), (file, &text)]);
            let (evidence, asked, _) = verified(&scratch, &Given::default());
            let reason = evidence.reason.unwrap_or_default();
            assert_eq!(evidence.outcome, Outcome::Blocked, "{file} {host}: {reason}");
            assert!(reason.contains(&format!("{file}:")) && reason.contains("host"), "{host}: {reason}");
            assert_eq!(asked, [], "{file} {host}");
        }
    }
}

#[test]
fn every_carrier_names_folders_images_and_urls() {
    for (file, text) in CARRIERS {
        for (written, shown) in [
            ("b", None),
            ("docker-image://alpine:3", Some("docker-image://alpine:3")),
            ("https://example.org/x.git", Some("https://example.org/x.git")),
        ] {
            let text = text.replace('%', written);
            let files = [("a/Dockerfile", linkable("x")), ("a/x", String::new()), ("b/y", String::new())];
            let files: Vec<(&str, &str)> = files
                .iter()
                .map(|(path, text)| (*path, text.as_str()))
                .chain([(file, text.as_str())])
                .collect();
            let (_, asked, _) = verified(&Scratch::with(&files), &Given::default());
            let request = asked.first().unwrap_or_else(|| panic!("{file} {written}: nothing was built"));
            let context = &request.contexts["host"];
            assert_eq!(shown.is_none(), matches!(context, NamedContext::Folder(_)), "{file} {written}");
            assert!(shown.is_none_or(|shown| context.to_string() == shown), "{file} {written}: {context}");
        }
    }
}

#[test]
fn the_name_of_a_context_cannot_hold_its_source() {
    let text = CARRIERS[0].1.replace("host", "\"host=/etc\"").replace('%', "docker-image://alpine");
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", ""), ("compose.yaml", &text)]);
    let (evidence, asked, _) = verified(&scratch, &Given::default());
    assert_eq!((evidence.outcome, asked.len()), (Outcome::Blocked, 0), "{:?}", evidence.reason);
}

#[test]
fn secrets_and_agents_of_a_repository_are_not_used_until_the_user_repeats_them() {
    let dockerfile = "FROM base:1\nRUN --mount=type=secret,id=key,required=true true\n\
                      RUN --mount=type=ssh,required=true true\nCOPY x /srv/x\n";
    let config = "[build.\"a/Dockerfile\"]\ncontext = \"a\"\nsecrets = [\"id=key,src=/root/.ssh/id_rsa\"]\n\
                  ssh = [\"default\"]\n";
    let scratch = Scratch::with(&[("a/Dockerfile", dockerfile), ("a/x", ""), ("layerwright.toml", config)]);
    let (evidence, asked, _) = verified(&scratch, &Given::default());
    assert_eq!((evidence.outcome, asked.len()), (Outcome::Blocked, 0));
    let reason = evidence.reason.unwrap();
    assert!(reason.contains("--secret 'id=key,src=/root/.ssh/id_rsa'"), "{reason}");
    let given =
        Given { secrets: vec!["id=key,src=mine".into()], ssh: vec!["default".into()], ..Given::default() };
    let (_, asked, _) = verified(&scratch, &given);
    assert_eq!((&asked[0].secrets, &asked[0].ssh), (&given.secrets, &given.ssh));
}

#[test]
fn commands_run_on_the_default_branch_alone_unless_they_are_allowed() {
    let config =
        "[build.\"a/Dockerfile\"]\ncontext = \"a\"\nprepare = [\"touch a/made\"]\nsmoke = [\"true\"]\n";
    let scratch =
        Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", ""), ("layerwright.toml", config)]);
    let built = |given: &Given| {
        let (evidence, asked, shown) = verified(&scratch, given);
        assert_eq!(shown, ["touch a/made", "true"]);
        assert_eq!(asked.is_empty(), evidence.outcome == Outcome::Blocked, "{:?}", evidence.reason);
        (!asked.is_empty(), evidence.reason.unwrap_or_default())
    };
    assert!(built(&Given::default()).0);
    git(scratch.root(), &["checkout", "--quiet", "-b", "other"]);
    assert!(built(&Given::default()).0, "its commit is on the default branch");
    scratch.write("a/x", "changed").commit("Second");
    let (was_built, reason) = built(&Given::default());
    assert!(!was_built && reason.contains("--allow-commands"), "{reason}");
    assert!(built(&Given { allow_commands: true, ..Given::default() }).0);
}
