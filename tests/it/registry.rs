//! Base images of registries: which requests are sent, with which credentials, and what becomes of a registry that does
//! not do what it should.

mod images;
mod real;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{Base, Run, Scratch, Tar, command, one_line};
use images::{
    DOCKER_CONFIG, DOCKER_INDEX, DOCKER_LAYER, DOCKER_MANIFEST, Images, OCI_LAYER, digest, gzip,
    gzip_in_parts, zstd, zstd_chunked,
};
use server::{Answer, Asked, Server};

/// Lines whose verdicts depend on the base image, and on each of two layers.
const LINES: &str =
    "COPY x /srv/x\nCOPY x /root/x\nCOPY x /bin/x\nCOPY x /usr/local/bin\nCOPY x /opt/app/x\nCOPY x y\n";

/// The root filesystem of [`Base`] in two layers; the second has a whiteout, and an opaque directory.
fn layers() -> [Vec<u8>; 2] {
    let base = fs::read(Base::new().path()).unwrap();
    let mut upper = Tar::new();
    upper.dir("opt", 0o700).file("usr/.wh.local", 0o644, b"").file("root/.wh..wh..opq", 0o644, b"");
    [base, upper.bytes()]
}

/// The same as one root filesystem.
fn flattened() -> Vec<u8> {
    let mut tar = Tar::new();
    tar.dir("etc", 0o755).file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\n");
    tar.file("etc/group", 0o644, b"root:x:0:\n");
    tar.dir("root", 0o700).dir("tmp", 0o1777).dir("usr", 0o755).dir("usr/bin", 0o755);
    tar.dir("opt", 0o700).symlink("bin", "usr/bin").bytes()
}

/// A registry with the image `base:1` for two platforms behind an index.
fn two_platforms() -> Images {
    let mut images = Images::default();
    let [lower, upper] = layers().map(|layer| gzip(&layer));
    let kind = format!("{OCI_LAYER}+gzip");
    let other = gzip(&Tar::new().dir("srv", 0o700).bytes());
    let amd64 = images.image("amd64", &[(&kind, &lower), (&kind, &upper)]);
    let arm64 = images.image("arm64", &[(&kind, &other)]);
    let index = images.index(&[arm64, amd64]);
    images.tag("1", &index);
    images
}

fn serving(images: &Images) -> Server {
    let images = images.clone();
    Server::start(move |asked| images.answer(asked))
}

/// A registry that answers as `fault` says, where it says something.
fn faulty(images: &Images, fault: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Server {
    let images = images.clone();
    Server::start(move |asked| fault(asked).unwrap_or_else(|| images.answer(asked)))
}

/// A repository whose one Dockerfile starts from `base:1` of a server.
fn starting_from(server: &Server) -> Scratch {
    let scratch =
        Scratch::with(&[("Dockerfile", &format!("FROM {}/base:1\n{LINES}", server.host())), ("x", "")]);
    // The user's configuration.
    fs::create_dir_all(scratch.root().join(".git/user/layerwright")).unwrap();
    scratch
}

fn configure(scratch: &Scratch, text: &str) {
    fs::write(scratch.root().join(".git/user/layerwright/config.toml"), text).unwrap();
}

/// Runs the command with the user's configuration of the repository, and without a cache.
fn run(scratch: &Scratch, arguments: &[&str]) -> Run {
    run_keeping(scratch.root(), Path::new("/dev/null/none"), arguments)
}

/// The same, with a cache.
fn run_keeping(root: &Path, cache: &Path, arguments: &[&str]) -> Run {
    let mut command = command(root);
    command.args(arguments).env("XDG_CONFIG_HOME", root.join(".git/user"));
    command.env("DOCKER_CONFIG", root.join(".git/user")).env("XDG_CACHE_HOME", cache);
    Run::of(command.output().unwrap())
}

/// Plans with base images of registries; a server on this machine is allowed.
fn plan(scratch: &Scratch, more: &[&str]) -> Run {
    run(
        scratch,
        &[&["plan", "--format", "json", "--bases", "registry", "--allow-host", "127.0.0.1"], more].concat(),
    )
}

fn sites(plan: &Value) -> Value {
    plan["files"][0]["sites"].clone()
}

fn verdicts(plan: &Value) -> Vec<String> {
    let sites = plan["files"][0]["sites"].as_array().unwrap().iter();
    sites.map(|site| site["verdict"].as_str().unwrap().to_owned()).collect()
}

/// The sites with the same image as a root filesystem, which says nothing about the configuration.
fn with_rootfs(server: &Server) -> Value {
    let scratch = starting_from(server);
    let tar = scratch.root().join(".git/rootfs.tar");
    fs::write(&tar, flattened()).unwrap();
    sites(&scratch.plan(&["--rootfs", &format!("{}/base:1={}", server.host(), tar.display())]))
}

#[test]
fn an_image_costs_one_manifest_for_its_index_and_one_for_its_platform() {
    let images = two_platforms();
    let server = serving(&images);
    let scratch = starting_from(&server);
    let run = plan(&scratch, &["--save"]).done();
    let planned = run.json();
    let rootfs = with_rootfs(&server);
    // The configuration alone says where `y` is.
    for at in 0..5 {
        assert_eq!(sites(&planned)[at], rootfs[at]);
    }
    assert_eq!(verdicts(&planned), ["link", "hold", "edit", "link", "hold", "link"]);
    assert!(run.stderr.contains("reading 1 base image from registries: "), "{}", run.stderr);
    let asked = server.lines();
    let is_of = |kind: &str| asked.iter().filter(|line| line.contains(kind)).count();
    assert_eq!((is_of("GET /v2/base/manifests/"), is_of("GET /v2/base/blobs/")), (2, 3), "{asked:#?}");
    assert_eq!(asked.len(), 6, "{asked:#?}");
    let facts: Value = serde_json::from_slice(&scratch.read("plans/copy-link/bases.json")).unwrap();
    let base = &facts["bases"][0];
    assert_eq!((&base["read_from"], &base["bound_to"]), (&json!("registry"), &json!("manifest")));
    assert_eq!(
        (&base["platform"], &base["digest"]),
        (&json!("linux/amd64"), &planned["files"][0]["bases"][0]["digest"])
    );
    assert_eq!(scratch.plan(&[]), planned, "as it is remembered");
    assert!(server.take().is_empty());
    // A check reads images for linked lines alone, unless it looks for what could be linked.
    let check = ["check", "--ratchet", "--fail-on", "never"];
    for command in [&check[..], &["migrate"], &["inspect", "Dockerfile"]] {
        run_with_bases(&scratch, command).done();
        assert!(!server.take().is_empty(), "{command:?}");
    }
}

fn run_with_bases(scratch: &Scratch, arguments: &[&str]) -> Run {
    fs::remove_dir_all(scratch.root().join("plans")).ok();
    run(scratch, &[arguments, &["--bases", "registry", "--allow-host", "127.0.0.1"]].concat())
}

#[test]
fn a_layer_is_read_in_every_encoding_and_behind_every_index() {
    type Encode = fn(&[u8]) -> Vec<u8>;
    let encodings: [(&str, Encode); 6] = [
        (OCI_LAYER, |bytes| bytes.to_vec()),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip_in_parts),
        ("application/vnd.oci.image.layer.v1.tar+zstd", zstd),
        ("application/vnd.oci.image.layer.v1.tar+zstd", zstd_chunked),
        (DOCKER_LAYER, gzip),
    ];
    let mut expected: Option<Value> = None;
    let mut check = |images: &Images, what: &str| {
        let server = serving(images);
        let mut sites = sites(&plan(&starting_from(&server), &[]).done().json());
        // The name of the image is that of the server.
        let text = sites.to_string().replace(&server.host(), "HOST");
        sites = serde_json::from_str(&text).unwrap();
        assert_eq!(*expected.get_or_insert(sites.clone()), sites, "{what}");
    };
    for (kind, encode) in encodings {
        let mut images = Images::default();
        let [lower, upper] = layers().map(|layer| encode(&layer));
        let image = images.image("amd64", &[(kind, &lower), (kind, &upper)]);
        images.tag("1", &image);
        check(&images, kind);
        let inner = images.index(&[image]);
        let index = images.index(&[inner]);
        images.tag("1", &index);
        check(&images, "a nested index");
    }
    let mut images = Images::default();
    let config = images.blob(
        DOCKER_CONFIG,
        json!({"os": "linux", "architecture": "amd64", "config": {"WorkingDir": "/srv"}})
            .to_string()
            .as_bytes(),
    );
    let layers = layers().map(|layer| images.blob(DOCKER_LAYER, &gzip(&layer)));
    let manifest =
        json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": layers});
    let mut image = images.manifest(DOCKER_MANIFEST, &manifest);
    images.tag("1", &image);
    check(&images, "Docker's media types");
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let unknown = json!({"os": "unknown", "architecture": "unknown"});
    let mut attestation = images.image("amd64", &[]);
    attestation["platform"] = unknown;
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let index =
        images.manifest(DOCKER_INDEX, &json!({"schemaVersion": 2, "manifests": [attestation, image]}));
    images.tag("1", &index);
    check(&images, "Docker's index");
}

#[test]
fn the_platform_is_the_one_that_is_asked_for_or_that_the_builds_state() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let first = |run: Run| run.done().json()["files"][0]["sites"][0].clone();
    assert_eq!(first(plan(&scratch, &[]))["verdict"], "link");
    assert_eq!(first(plan(&scratch, &["--platform", "linux/arm64"]))["verdict"], "hold");
    let toml = |platforms: &str| {
        scratch.write(
            "layerwright.toml",
            format!("[build.Dockerfile]\ncontext = '.'\nplatforms = {platforms}\n"),
        );
    };
    toml("['linux/arm64']");
    assert_eq!(first(plan(&scratch, &[]))["verdict"], "hold");
    toml("['linux/arm64', 'linux/amd64']");
    let both = first(plan(&scratch, &[]));
    assert_eq!((&both["verdict"], &both["proved"]), (&json!("link"), &json!(false)), "{both:#}");
    assert!(both["assumptions"].to_string().contains("linux/arm64"), "{both:#}");
    scratch.remove("layerwright.toml");
    let run = plan(&scratch, &["--platform", "linux/riscv64"]);
    assert!(
        run.stderr.contains("no image for linux/riscv64, only for linux/arm64, linux/amd64"),
        "{}",
        run.stderr
    );
    assert_eq!(first(run)["verdict"], "unknown");
    run_with_bases(&scratch, &["plan", "--platform", "linux"]).failed(&["linux/arm/v7"]);
}

/// A file with credentials for a host.
fn log_in(scratch: &Scratch, host: &str, pair: &str) {
    let auth = BASE64_STANDARD.encode(pair);
    let text = json!({"auths": {host: {"auth": auth}}}).to_string();
    fs::write(scratch.root().join(".git/user/config.json"), text).unwrap();
}

#[test]
fn a_token_is_asked_for_with_the_credentials_of_the_registry() {
    let tokens = Server::start(|asked| {
        assert!(asked.path.starts_with("/token?"), "{}", asked.path);
        match asked.header("authorization") {
            None => Answer::new(200, r#"{"token": "anonymous"}"#),
            Some("Basic YW5uOmh1bnRlcjI=") => Answer::new(200, r#"{"access_token": "ann-s"}"#),
            Some(_) => Answer::new(401, r#"{"errors": [{"code": "DENIED", "message": "no hunter3 here"}]}"#),
        }
    });
    let realm = format!("http://{}/token", tokens.host());
    let challenge = format!("Bearer realm=\"{realm}\",service=\"the registry\"");
    let server = faulty(&two_platforms(), move |asked| match asked.header("authorization") {
        Some("Bearer ann-s") if asked.path != "/v2/" => None,
        Some("Bearer anonymous") => {
            let message =
                r#"{"errors": [{"code": "UNAUTHORIZED", "message": "access to base is not for anonymous"}]}"#;
            Some(Answer::new(401, message).with("www-authenticate", &challenge))
        }
        _ => Some(Answer::new(401, "").with("www-authenticate", &challenge)),
    });
    let scratch = starting_from(&server);
    let run = plan(&scratch, &[]).done();
    assert_eq!(verdicts(&run.json())[0], "unknown");
    let told = format!("docker login {}", server.host());
    for words in ["UNAUTHORIZED: access to base is not for", &told] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    server.take();
    tokens.take();
    log_in(&scratch, &server.host(), "ann:hunter2");
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link");
    let asked = tokens.take();
    assert_eq!(asked.len(), 1, "one token is enough: {asked:#?}");
    assert_eq!(asked[0].path, "/token?service=the+registry&scope=repository%3Abase%3Apull");
    let asked = server.take();
    let manifests = asked.iter().filter(|asked| asked.path.contains("/manifests/")).count();
    assert_eq!(manifests, 2, "{asked:#?}");
    log_in(&scratch, &server.host(), "bob:hunter3");
    let run = plan(&scratch, &[]).done();
    assert!(run.stderr.contains("does not accept the credentials"), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter3") && run.stderr.contains("[secret]"), "{}", run.stderr);
    // Credentials of another host are never sent.
    log_in(&scratch, "127.0.0.1", "ann:hunter2");
    tokens.take();
    plan(&scratch, &[]).done();
    assert!(tokens.take().iter().all(|asked| asked.header("authorization").is_none()));
}

#[test]
fn a_name_and_a_password_go_to_their_registry_and_not_where_it_redirects_to() {
    let images = two_platforms();
    let content = serving(&images);
    let (elsewhere, own) = (content.host(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&own);
    let server = faulty(&images, move |asked| match asked.header("authorization") {
        Some("Basic YW5uOmh1bnRlcjI=") if asked.path.contains("/blobs/") && !asked.path.contains("?here") => {
            // A redirect on the same server keeps them.
            let here = format!("{}?here", asked.path);
            let there = format!("http://{elsewhere}{}", asked.path);
            Some(Answer::to(if counted.fetch_add(1, Ordering::Relaxed) == 0 { &here } else { &there }))
        }
        Some("Basic YW5uOmh1bnRlcjI=") => asked
            .path
            .strip_suffix("?here")
            .map(|path| images_at(&Asked { path: path.to_owned(), ..asked.clone() })),
        _ => Some(Answer::new(401, "").with("www-authenticate", "Basic realm=\"x\"")),
    });
    let scratch = starting_from(&server);
    log_in(&scratch, &server.host(), "ann:hunter2");
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link");
    let asked = content.take();
    assert_eq!(asked.len(), 2, "{asked:#?}");
    assert!(asked.iter().all(|asked| asked.header("authorization").is_none()), "{asked:#?}");
    assert!(own.load(Ordering::Relaxed) == 3);
}

fn images_at(asked: &Asked) -> Answer {
    two_platforms().answer(asked)
}

/// The first verdict, and the messages, for a registry with a fault.
#[track_caller]
fn assert_unknown(
    images: &Images,
    told: &[&str],
    fault: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) {
    let server = faulty(images, fault);
    let scratch = starting_from(&server);
    configure(&scratch, "[bases]\ntimeout = '1s'\n");
    let run = plan(&scratch, &[]).done();
    for words in told {
        assert!(run.stderr.contains(words), "`{words}` is not in: {}", run.stderr);
    }
    assert!(
        run.stderr.contains("/base:1 is not read: ") && !run.stderr.contains("panicked"),
        "{}",
        run.stderr
    );
    assert!(verdicts(&run.json()).iter().all(|verdict| verdict == "unknown"), "{:?}", verdicts(&run.json()));
}

fn is_manifest(asked: &Asked) -> bool {
    asked.path.contains("/manifests/")
}

fn is_blob(asked: &Asked) -> bool {
    asked.path.contains("/blobs/")
}

/// Returns an answer for requests of a kind.
fn where_it(
    is: fn(&Asked) -> bool,
    answer: Answer,
) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static {
    move |asked| is(asked).then(|| answer.clone())
}

#[test]
fn a_registry_that_refuses_leaves_the_verdicts_unknown() {
    let images = two_platforms();
    let denied = r#"{"errors": [{"code": "DENIED", "message": "requested access is denied"}]}"#;
    assert_unknown(&images, &["refuses base:1: DENIED: requested access is denied"], {
        where_it(is_manifest, Answer::new(403, denied))
    });
    assert_unknown(&images, &["does not have base:1", "gone away"], {
        where_it(is_manifest, Answer::new(404, "gone away\n"))
    });
    assert_unknown(&images, &["does not have blob sha256:"], where_it(is_blob, Answer::new(404, "")));
    assert_unknown(&images, &["answered 418 about base:1"], where_it(is_manifest, Answer::new(418, "")));
    assert_unknown(&images, &["needs credentials for it", "docker login"], |_| Some(Answer::new(401, "")));
    assert_unknown(&images, &["the rate limit of", "for 1h"], {
        where_it(is_manifest, Answer::new(429, "").with("retry-after", "3600"))
    });
    assert_unknown(
        &images,
        &["its rate limit is reached; retrying in 1s", "retrying in 4s", "the rate limit of"],
        where_it(is_manifest, Answer::new(429, "")),
    );
    assert_unknown(&images, &["it answered 503; retrying in 500ms", "answered 503 about base:1: down"], {
        where_it(is_manifest, Answer::new(503, "down"))
    });
}

#[test]
fn content_that_is_not_the_one_of_its_digest_is_not_used() {
    let images = two_platforms();
    let other = gzip(&Tar::new().dir("srv", 0o755).bytes());
    assert_unknown(&images, &["is cut off after"], {
        let other = other.clone();
        move |asked| {
            (is_blob(asked) && images_at(asked).body.len() > 150).then(|| Answer::new(200, other.clone()))
        }
    });
    // One bit of a layer, behind the end of its tar or within it.
    for at in [3, 60] {
        assert_unknown(&images, &["the content of sha256:"], move |asked| {
            let mut answer = images_at(asked);
            let is_layer = is_blob(asked) && answer.body.starts_with(&[0x1f, 0x8b]);
            is_layer.then(|| {
                answer.body[at] ^= 1;
                answer
            })
        });
    }
    // A manifest of a digest, and the digest that a registry states for a tag.
    assert_unknown(&images, &["the content of base@sha256:"], |asked| {
        asked.path.contains("/manifests/sha256:").then(|| Answer::new(200, "{}"))
    });
    assert_unknown(&images, &["the content of base:1 is sha256:"], |asked| {
        let stated = format!("sha256:{}", "a".repeat(64));
        let answer = images_at(asked);
        asked
            .path
            .ends_with("/manifests/1")
            .then(|| Answer { headers: Vec::new(), ..answer }.with("Docker-Content-Digest", &stated))
    });
    assert_unknown(&images, &["longer than"], |asked| {
        let mut answer = images_at(asked);
        let is_layer = is_blob(asked) && answer.body.starts_with(&[0x1f, 0x8b]);
        is_layer.then(|| {
            answer.body.extend([0; 100]);
            answer
        })
    });
}

#[test]
fn documents_that_are_none_are_told_apart() {
    let images = two_platforms();
    for (body, told) in [
        ("<html>a captive portal</html>", "is not one of a registry"),
        ("{\"schemaVersion\": 1, \"fsLayers\": []}", "a manifest of another schema"),
        ("{\"manifests\": []}", "no image for linux/amd64"),
        ("{\"manifests\": [{\"digest\": \"../../x\", \"size\": 1}]}", "is not a sha256 digest"),
        ("{\"config\": {\"digest\": \"sha256:x\", \"size\": 1}, \"layers\": []}", "is not a sha256 digest"),
        ("[[[[", "is not one of a registry"),
    ] {
        let answer = Answer::new(200, body);
        assert_unknown(&images, &[told], move |asked| {
            asked.path.ends_with("/manifests/1").then(|| answer.clone())
        });
    }
    let large = Answer::new(200, vec![b' '; 5 << 20]);
    assert_unknown(&images, &["is larger than 4.2 MB"], where_it(is_manifest, large));
    let mut heads = Answer::new(200, "{}");
    for at in 0..1_000 {
        heads = heads.with(&format!("x-{at}"), &"y".repeat(1_000));
    }
    assert_unknown(&images, &["cannot be reached (4 attempts)"], where_it(is_manifest, heads));
    // An index that leads to itself cannot be made, but one that leads to many others can.
    let mut nested = Images::default();
    let mut index = nested.image("amd64", &[]);
    for _ in 0..12 {
        index = nested.index(&[index]);
    }
    nested.tag("1", &index);
    assert_unknown(&nested, &["nested too deeply"], |_| None);
    let mut helm = Images::default();
    let config = helm.blob("application/vnd.cncf.helm.config.v1+json", b"{}");
    let chart = helm.manifest(images::OCI_MANIFEST, &json!({"config": config, "layers": []}));
    helm.tag("1", &chart);
    assert_unknown(&helm, &["its configuration is of the type `application/vnd.cncf.helm"], |_| None);
    let mut secret = Images::default();
    let image = secret.image("amd64", &[("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", b"x")]);
    secret.tag("1", &image);
    assert_unknown(&secret, &["one of its layers is of the type"], |_| None);
}

#[test]
fn redirects_end_and_lead_to_no_server_without_tls() {
    let images = two_platforms();
    assert_unknown(&images, &["too many redirects for blob sha256:"], |asked| {
        is_blob(asked).then(|| Answer::to(&asked.path))
    });
    assert_unknown(&images, &["names the server other.example, which has no TLS"], |asked| {
        is_blob(asked).then(|| Answer::to("http://other.example/x"))
    });
    for inner in ["https://169.254.169.254/x", "https://10.0.0.1:1/x", "https://[fd00::1]/x"] {
        assert_unknown(
            &images,
            &["an address of this machine or of a private network", "--allow-host"],
            move |asked| is_blob(asked).then(|| Answer::to(inner)),
        );
    }
    assert_unknown(&images, &["names the server tokens.example, which has no TLS"], |_| {
        Some(Answer::new(401, "").with("www-authenticate", "Bearer realm=\"http://tokens.example/\""))
    });
    assert_unknown(&images, &["the address of its tokens is not valid"], |_| {
        Some(Answer::new(401, "").with("www-authenticate", "Bearer realm=\"nowhere\""))
    });
    assert_unknown(&images, &["which has no TLS"], |asked| {
        is_blob(asked).then(|| Answer::to("file:///etc/passwd"))
    });
}

#[test]
fn a_body_that_breaks_off_is_continued_and_one_that_always_does_is_given_up() {
    let images = two_platforms();
    let expected = {
        let server = serving(&images);
        verdicts(&plan(&starting_from(&server), &[]).done().json())
    };
    // The ranges that a server understands, and one that sends everything again.
    for ranges in [true, false] {
        let server = {
            let own = images.clone();
            faulty(&images, move |asked| {
                let whole = Asked { headers: Vec::new(), ..asked.clone() };
                let mut answer = if ranges { own.answer(asked) } else { own.answer(&whole) };
                let is_layer = is_blob(asked) && own.answer(&whole).body.starts_with(&[0x1f, 0x8b]);
                let is_first = asked.header("range").is_none();
                answer.cut = (is_layer && is_first).then_some(answer.body.len() / 2);
                Some(answer)
            })
        };
        let scratch = starting_from(&server);
        let run = plan(&scratch, &[]).done();
        assert_eq!(verdicts(&run.json()), expected, "{}", run.stderr);
        assert!(run.stderr.contains("the connection broke off"), "{}", run.stderr);
        assert_eq!(server.take().iter().filter(|asked| asked.header("range").is_some()).count(), 2);
    }
    let is_layer = |asked: &Asked| is_blob(asked) && images_at(asked).body.len() > 150;
    assert_unknown(&images, &["is cut off after", "the connection broke off"], move |asked| {
        let mut answer = images_at(asked);
        answer.cut = Some(if asked.header("range").is_some() { 0 } else { 100 });
        is_layer(asked).then_some(answer)
    });
    assert_unknown(&images, &["is cut off after", "it stopped sending"], move |asked| {
        let mut answer = images_at(asked);
        answer.drip = Some(Duration::from_millis(300));
        is_layer(asked).then_some(answer)
    });
    assert_unknown(&images, &["the range of status 206 is not the one asked for"], move |asked| {
        let mut answer = images_at(asked);
        if asked.header("range").is_some() {
            answer = Answer::new(206, answer.body).with("content-range", "bytes 0-1/2");
        }
        answer.cut = Some(40);
        is_layer(asked).then_some(answer)
    });
}

#[test]
fn hostile_layers_are_refused_in_bounded_time() {
    let layer = |bytes: &[u8]| {
        let mut images = Images::default();
        let image = images.image("amd64", &[("application/vnd.oci.image.layer.v1.tar+gzip", &gzip(bytes))]);
        images.tag("1", &image);
        images
    };
    let mut dots = Tar::new().dir("srv", 0o755).bytes();
    dots[..6].copy_from_slice(b"../srv");
    let sum: u32 =
        dots[..148].iter().chain(&dots[156..512]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    dots[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_unknown(&layer(&dots), &["has `..` in its path"], |_| None);
    assert_unknown(&layer(b"no tar"), &["this is not a tar archive"], |_| None);
    assert_unknown(
        &layer(&Tar::new().symlink("a", "b").symlink("b", "a").file("a/x", 0o644, b"").bytes()),
        &["leads through more than 255 symlinks"],
        |_| None,
    );
    assert_unknown(&layer(&Tar::new().hard_link("a", "none").bytes()), &["is a hard link to `none`"], |_| {
        None
    });
    // Whiteouts of nothing are fine.
    let server =
        serving(&layer(&Tar::new().file("x/.wh.none", 0o644, b"").file(".wh.srv", 0o644, b"").bytes()));
    assert_eq!(verdicts(&plan(&starting_from(&server), &[]).done().json())[0], "link");
    // A file that says that it has 100 GiB, in a layer of some bytes.
    let mut bomb = Tar::new().file("a", 0o644, b"").bytes();
    bomb[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0x19, 0, 0, 0, 0]);
    let sum: u32 =
        bomb[..148].iter().chain(&bomb[156..512]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    bomb[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_unknown(&layer(&bomb), &["more than 64 GiB unpacked"], |_| None);
}

#[test]
fn a_layer_that_images_share_is_read_once_and_the_limit_of_bytes_leaves_the_others_unknown() {
    let mut images = Images::default();
    let kind = format!("{OCI_LAYER}+gzip");
    let [lower, upper] = layers().map(|layer| gzip(&layer));
    let one = images.image("amd64", &[(&kind, &lower)]);
    images.tag("1", &one);
    let two = images.image("amd64", &[(&kind, &lower), (&kind, &upper)]);
    images.tag("2", &two);
    let server = serving(&images);
    let scratch = starting_from(&server);
    scratch.write("b/Dockerfile", format!("FROM {}/base:2\nCOPY x /srv/x\n", server.host())).write("b/x", "");
    scratch.commit("Another");
    let planned = plan(&scratch, &[]).done().json();
    let first = |plan: &Value| [0, 1].map(|file| plan["files"][file]["sites"][0]["verdict"].clone());
    assert_eq!(first(&planned), [json!("link"), json!("link")]);
    let lower = format!("GET /v2/base/blobs/{}", digest(&lower));
    assert_eq!(server.lines().into_iter().filter(|line| *line == lower).count(), 1);
    let size = fs::read(Base::new().path()).map(|bytes| gzip(&bytes).len()).unwrap();
    configure(&scratch, &format!("[bases]\nmax_bytes = {size}\n"));
    let run = plan(&scratch, &[]).done();
    assert_eq!(first(&run.json()), [json!("link"), json!("unknown")]);
    assert!(run.stderr.contains("base:2 is not read: its layers have"), "{}", run.stderr);
    assert!(run.stderr.contains("raise [bases] max_bytes"), "{}", run.stderr);
}

#[test]
fn a_registry_of_a_private_network_has_to_be_allowed() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let plan = |more: &[&str]| {
        run(&scratch, &[&["plan", "--format", "json", "--bases", "registry"], more].concat()).done()
    };
    let refused = plan(&[]);
    assert_eq!(verdicts(&refused.json())[0], "unknown");
    assert!(refused.stderr.contains("if it may be asked: --allow-host 127.0.0.1"), "{}", refused.stderr);
    assert!(server.take().is_empty());
    for allowed in [server.host(), "127.0.0.1".into()] {
        assert_eq!(verdicts(&plan(&["--allow-host", &allowed]).json())[0], "link", "{allowed}");
    }
    plan(&["--allow-host", "127.0.0.1:1", "--allow-host", "localhost"]);
    let asked = server.take().len();
    configure(&scratch, &format!("[bases]\nallow_hosts = ['{}']\n", server.host()));
    assert_eq!(verdicts(&plan(&[]).json())[0], "link");
    configure(&scratch, &format!("[registries.'{}']\n", server.host()));
    assert_eq!(verdicts(&plan(&[]).json())[0], "link");
    assert_eq!(server.take().len(), asked, "twice each");
}

#[test]
fn the_user_switches_the_network_on_and_no_repository() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let first = |arguments: &[&str]| {
        let run = run(&scratch, &[&["plan", "--format", "json"], arguments].concat()).done();
        verdicts(&run.json())[0].clone()
    };
    scratch.write("layerwright.toml", "[bases]\nfrom = ['registry']\n");
    run(&scratch, &["plan"]).failed(&[
        "layerwright.toml:2",
        "only in your own configuration",
        "--bases registry",
    ]);
    for key in ["allow_hosts = ['127.0.0.1']", "mirrors = {}", "timeout = '1s'"] {
        scratch.write("layerwright.toml", format!("[bases]\n{key}\n"));
        run(&scratch, &["plan"]).failed(&["layerwright.toml:2", "unknown field"]);
    }
    scratch.remove("layerwright.toml");
    assert_eq!(first(&[]), "unknown");
    assert!(server.take().is_empty());
    configure(&scratch, "[bases]\nfrom = ['registry']\nallow_hosts = ['127.0.0.1']\n");
    assert_eq!(first(&[]), "link");
    assert!(!server.take().is_empty());
    for off in [&["--offline"][..], &["--bases", "none"]] {
        assert_eq!(first(off), "unknown");
    }
    assert!(server.take().is_empty());
    run(&scratch, &["plan", "--offline", "--bases", "registry"])
        .failed(&["--offline excludes --bases registry"]);
    run(&scratch, &["plan", "--bases", "none,registry"]).failed(&["--bases none excludes"]);
    configure(&scratch, "[bases]\nfrm = []\n");
    run(&scratch, &["plan"]).failed(&["layerwright/config.toml: line 2, column 1", "did you mean `from`?"]);
    configure(&scratch, "[registries.'x.example']\nca = '/nonexistent.pem'\n");
    run(&scratch, &["plan", "--bases", "registry"])
        .failed(&["the certificates of x.example in /nonexistent.pem"]);
}

#[test]
fn the_first_screen_says_what_a_registry_would_bring() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let screen = run(&scratch, &["plan"]).done().stdout;
    let hint =
        "1 base image was not read (6 instructions): layerwright plan --bases registry, or pass --rootfs";
    assert!(one_line(&screen).contains(hint), "{screen}");
    let screen = run_with_bases(&scratch, &["plan"]).done().stdout;
    assert!(!screen.contains("not read"), "{screen}");
}

#[test]
fn the_argument_that_names_a_base_image_is_asked_for() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    scratch.write("Dockerfile", format!("ARG BASE\nFROM ${{BASE}}:1\n{LINES}")).commit("By argument");
    let screen = run_with_bases(&scratch, &["plan"]).done().stdout;
    assert!(screen.contains("${BASE}:1  pass --build-arg BASE=VALUE"), "{screen}");
    assert!(server.take().is_empty());
    let given = format!("BASE={}/base", server.host());
    assert_eq!(verdicts(&plan(&scratch, &["--build-arg", &given]).done().json())[0], "link");
    scratch.write(
        "compose.yaml",
        format!(
            "services:\n  a:\n    build:\n      context: .\n      args: {{BASE: {}/base}}\n",
            server.host()
        ),
    );
    scratch.commit("Compose");
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link", "the build states it");
}

#[test]
fn a_mirror_is_asked_first_and_pulls_are_left_to_the_user() {
    let images = two_platforms();
    let (mirror, server) = (serving(&images), serving(&images));
    let scratch = starting_from(&server);
    configure(&scratch, &format!("[bases.mirrors]\n'{}' = ['{}']\n", server.host(), mirror.host()));
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link");
    assert_eq!((mirror.take().len(), server.take().len()), (6, 0));
    let broken = Server::start(|_| Answer::new(404, ""));
    configure(&scratch, &format!("[bases.mirrors]\n'{}' = ['{}']\n", server.host(), broken.host()));
    assert_eq!(verdicts(&plan(&scratch, &[]).done().json())[0], "link");
    assert_eq!(server.take().len(), 6);
    assert_unknown(&images, &["allows only 20 more pulls", "allows 20 more pulls for now"], |asked| {
        let answer = images_at(asked);
        asked.path.ends_with("/manifests/1").then(|| answer.with("ratelimit-remaining", "20;w=21600"))
    });
}

#[test]
fn an_image_that_the_repository_builds_is_not_asked_for_elsewhere() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    scratch.write("base/Dockerfile", "FROM scratch\nCOPY x /srv/y\n").write("base/x", "");
    scratch.write("build.sh", format!("docker build -t {}/base:1 base\n", server.host()));
    scratch.commit("Builds it");
    plan(&scratch, &[]).done();
    assert_eq!(server.lines(), Vec::<String>::new());
}

/// A file below the folder of the user.
fn user_file(scratch: &Scratch, name: &str) -> std::path::PathBuf {
    Path::new(scratch.root()).join(".git/user").join(name)
}

#[test]
fn a_credential_helper_runs_only_if_a_registry_asks() {
    use std::os::unix::fs::PermissionsExt as _;
    let images = two_platforms();
    let open = serving(&images);
    let closed = faulty(&images, |asked| match asked.header("authorization") {
        Some("Basic YW5uOmh1bnRlcjI=") => None,
        _ => Some(Answer::new(401, "").with("www-authenticate", "Basic realm=\"x\"")),
    });
    for (server, runs) in [(&open, false), (&closed, true)] {
        let scratch = starting_from(server);
        let helper = user_file(&scratch, "docker-credential-fake");
        let log = user_file(&scratch, "log");
        let script = format!(
            "#!/bin/sh\nread host\necho \"$1 $host\" >>'{}'\necho '{{\"Username\": \"ann\", \"Secret\": \"hunter2\"}}'\n",
            log.display()
        );
        fs::write(&helper, script).unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(user_file(&scratch, "config.json"), r#"{"credsStore": "fake"}"#).unwrap();
        let mut command = command(scratch.root());
        command.args(["plan", "--format", "json", "--bases", "registry", "--allow-host", "127.0.0.1"]);
        command.env("DOCKER_CONFIG", user_file(&scratch, "")).env("XDG_CACHE_HOME", "/dev/null/none");
        command.env("PATH", format!("{}:/usr/bin:/bin", user_file(&scratch, "").display()));
        let run = Run::of(command.output().unwrap()).done();
        assert_eq!(verdicts(&run.json())[0], "link", "{}", run.stderr);
        let told = format!("docker-credential-fake is asked for the credentials of {}", server.host());
        assert_eq!(run.stderr.contains(&told), runs, "{}", run.stderr);
        let asked = fs::read_to_string(log).unwrap_or_default();
        assert_eq!(asked, if runs { format!("get {}\n", server.host()) } else { String::new() });
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
}

const READ: [&str; 7] = ["plan", "--format", "json", "--bases", "registry", "--allow-host", "127.0.0.1"];

#[test]
fn a_second_run_asks_for_no_manifest_and_no_blob() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let cache = scratch.root().join(".git/cache");
    let first = run_keeping(scratch.root(), &cache, &READ).done();
    assert_eq!(server.lines().len(), 6);
    let again = run_keeping(scratch.root(), &cache, &READ).done();
    assert_eq!((&again.stdout, again.stderr.contains("reading")), (&first.stdout, false));
    assert_eq!(server.lines(), ["GET /v2/", "HEAD /v2/base/manifests/1"]);
    let shown = run_keeping(scratch.root(), &cache, &["cache"]).done().stdout;
    assert!(shown.contains("/cache/layerwright: 2 layers, 3 documents, 1 tag: "), "{shown}");
    // What a kill or a full disk may leave, or another version: it is read again.
    for (path, bytes) in crate::support::files_below(&cache) {
        for damaged in [&bytes[..bytes.len() / 2], &[&bytes[..bytes.len() - 1], b"~"].concat(), b""] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(
                run_keeping(scratch.root(), &cache, &READ).done().stdout,
                first.stdout,
                "{}",
                path.display()
            );
            assert_eq!(fs::read(&path).unwrap(), bytes, "{}", path.display());
        }
    }
    server.take();
    // Nothing is asked about a digest.
    let digest = digest(&two_platforms().answer(&asked("/v2/base/manifests/1")).body);
    scratch.write("Dockerfile", format!("FROM {}/base@{digest}\n{LINES}", server.host())).commit("Pinned");
    assert_eq!(verdicts(&run_keeping(scratch.root(), &cache, &READ).done().json())[0], "link");
    assert_eq!(server.lines(), Vec::<String>::new());
    run_keeping(scratch.root(), &cache, &["cache", "--clear"]).done();
    let shown = run_keeping(scratch.root(), &cache, &["cache"]).done().stdout;
    assert!(shown.contains(": 0 layers, 0 documents, 0 tags: 0 B"), "{shown}");
}

#[test]
fn a_thousand_files_cost_two_manifests_for_each_of_their_hundred_images_and_later_none() {
    let mut images = Images::default();
    let shared = gzip(&layers()[0]);
    let kind = format!("{OCI_LAYER}+gzip");
    for tag in 0..100 {
        let own = gzip(&Tar::new().dir(&format!("of-{tag}"), 0o755).bytes());
        let amd64 = images.image("amd64", &[(&kind, &shared), (&kind, &own)]);
        let arm64 = images.image("arm64", &[(&kind, &own)]);
        let index = images.index(&[amd64, arm64]);
        images.tag(&tag.to_string(), &index);
    }
    let server = serving(&images);
    let text = |at: usize| format!("FROM {}/base:{}\n{LINES}", server.host(), at % 100);
    let files: Vec<(String, String)> = (0..1000).map(|at| (format!("{at}/Dockerfile"), text(at))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let scratch = Scratch::with(&files);
    fs::create_dir_all(scratch.root().join(".git/user/layerwright")).unwrap();
    let cache = scratch.root().join(".git/cache");
    let first = run_keeping(scratch.root(), &cache, &READ).done();
    assert_eq!(first.json()["files"].as_array().unwrap().len(), 1000);
    let count = |asked: &[String], part: &str| asked.iter().filter(|line| line.contains(part)).count();
    let asked = server.lines();
    assert_eq!(count(&asked, "GET /v2/base/manifests/"), 200);
    // Each image has a layer of its own, and all share one; several may ask at once for the configuration of all.
    let mut blobs: BTreeMap<&str, usize> = BTreeMap::new();
    for blob in asked.iter().filter(|line| line.contains("/blobs/")) {
        *blobs.entry(blob).or_default() += 1;
    }
    let once = blobs.values().filter(|times| **times == 1).count();
    assert!(blobs.len() == 102 && once >= 101, "{blobs:#?}");
    let again = run_keeping(scratch.root(), &cache, &READ).done();
    assert_eq!(again.stdout, first.stdout);
    let asked = server.lines();
    assert_eq!(count(&asked, "HEAD /v2/base/manifests/"), 100);
    assert_eq!(count(&asked, "GET /v2/base/"), 0, "{asked:#?}");
}

fn asked(path: &str) -> Asked {
    Asked { method: "GET".into(), path: path.into(), headers: Vec::new(), body: Vec::new() }
}

#[test]
fn two_runs_at_once_keep_whole_files() {
    let server = serving(&two_platforms());
    let scratch = starting_from(&server);
    let cache = scratch.root().join(".git/cache");
    let (expected, root) = (run(&scratch, &READ).done().stdout, scratch.root());
    std::thread::scope(|scope| {
        let one = || assert_eq!(run_keeping(root, &cache, &READ).done().stdout, expected);
        for _ in 0..4 {
            scope.spawn(one);
        }
    });
    server.take();
    assert_eq!(run_keeping(scratch.root(), &cache, &READ).done().stdout, expected);
    assert_eq!(server.lines(), ["GET /v2/", "HEAD /v2/base/manifests/1"]);
}

/// A registry whose tag can be moved.
fn movable() -> (Server, Arc<Mutex<Images>>) {
    let images = Arc::new(Mutex::new(two_platforms()));
    let served = Arc::clone(&images);
    (Server::start(move |asked| served.lock().unwrap().answer(asked)), images)
}

fn move_tag(images: &Mutex<Images>, layer: &[u8]) {
    let mut images = images.lock().unwrap();
    let image = images.image("amd64", &[(&format!("{OCI_LAYER}+gzip"), &gzip(layer))]);
    let index = images.index(&[image]);
    images.tag("1", &index);
}

#[test]
fn a_tag_that_moves_changes_the_verdicts_of_its_facts_alone() {
    let (server, images) = movable();
    let scratch = starting_from(&server);
    let saved = plan(&scratch, &["--save"]).done().json();
    server.take();
    let again = plan(&scratch, &[]).done();
    assert_eq!((again.json(), again.stderr.contains("moved")), (saved.clone(), false));
    let asked = server.lines();
    assert!(asked.iter().all(|line| !line.contains("/blobs/")), "nothing is read: {asked:#?}");
    // A question that the facts do not answer is read.
    scratch.write("b/Dockerfile", format!("FROM {}/base:1\nCOPY x /tmp/x\n", server.host())).write("b/x", "");
    scratch.commit("Another");
    assert_eq!(plan(&scratch, &[]).done().json()["files"][1]["sites"][0]["proved"], json!(true));
    assert!(server.lines().iter().any(|line| line.contains("/blobs/")));
    plan(&scratch, &["--save"]).done();
    // `/srv` becomes a symlink; the rest stays.
    let moved = Tar::new()
        .dir("etc", 0o755)
        .file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n")
        .file("etc/group", 0o644, b"root:x:0:\n")
        .dir("root", 0o700)
        .dir("tmp", 0o1777)
        .dir("usr", 0o755)
        .dir("usr/bin", 0o755)
        .dir("opt", 0o700)
        .symlink("bin", "usr/bin")
        .symlink("srv", "data")
        .dir("data", 0o755)
        .bytes();
    move_tag(&images, &moved);
    let run = plan(&scratch, &[]).done();
    let told = format!("note: {}/base:1 moved from ", server.host());
    assert!(
        run.stderr.contains(&told) && run.stderr.contains("2 instructions have another verdict"),
        "{}",
        run.stderr
    );
    for line in ["  Dockerfile:2: ", "  Dockerfile:7: "] {
        assert!(run.stderr.contains(line), "{line}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("Dockerfile:3") && !run.stderr.contains("b/Dockerfile"), "{}", run.stderr);
    assert_ne!(verdicts(&run.json())[0], "link");
    // Without the registry, the plan is as it was saved.
    assert_eq!(scratch.plan(&[])["files"][0], saved["files"][0]);
}

#[test]
fn a_check_finds_the_merged_lines_that_a_moved_base_breaks() {
    let (server, images) = movable();
    let scratch = starting_from(&server);
    plan(&scratch, &["--save"]).done();
    scratch.run(&["migrate", "--write", "--wave", "0"]).done();
    scratch.commit("Linked");
    let check = ["check", "--bases", "registry", "--allow-host", "127.0.0.1"];
    run(&scratch, &check).done();
    move_tag(&images, &Tar::new().dir("srv", 0o700).dir("etc", 0o755).bytes());
    let broken = run(&scratch, &check);
    assert_eq!(broken.code, Some(1), "{broken:#?}");
    assert!(broken.stdout.contains("`/srv` is 0700 and would become 0755"), "{}", broken.stdout);
    assert!(broken.stderr.contains("base:1 moved from"), "{}", broken.stderr);
    scratch.run(&["check"]).done();
}

#[test]
fn a_registry_with_its_own_certificates_is_reached_through_the_proxy() {
    let images = two_platforms();
    let server = Server::start_tls(move |asked| images.answer(asked));
    let (proxy, asked) = crate::proxy::proxy(server.at);
    let scratch = Scratch::with(&[("Dockerfile", &format!("FROM api.test/base:1\n{LINES}")), ("x", "")]);
    fs::create_dir_all(scratch.root().join(".git/user/layerwright")).unwrap();
    let plan = || {
        let mut command = command(scratch.root());
        command.args(["plan", "--format", "json", "--bases", "registry"]);
        command
            .env("XDG_CONFIG_HOME", scratch.root().join(".git/user"))
            .env("XDG_CACHE_HOME", "/dev/null/none");
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
        Run::of(command.output().unwrap()).done()
    };
    let refused = plan();
    assert_eq!(verdicts(&refused.json())[0], "unknown");
    assert!(refused.stderr.contains("api.test cannot be reached"), "{}", refused.stderr);
    assert!(server.take().is_empty());
    let authority = crate::proxy::data("certificate.pem");
    configure(&scratch, &format!("[registries.'api.test']\nca = '{}'\n", authority.display()));
    assert_eq!(verdicts(&plan().json())[0], "link");
    assert_eq!(server.take().len(), 6);
    assert!(asked.lock().unwrap().iter().all(|head| head.starts_with("CONNECT api.test:443 ")));
}
