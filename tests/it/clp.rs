//! A whole campaign after the manner of `y-scope/clp`: planned, verified on an engine where there is one, and migrated
//! wave by wave.

use serde_json::{Value, json};

use crate::campaign::{
    CENTOS, CORE, Clp, EXECUTION, MANYLINUX, MUSLLINUX, PACKAGE, UBUNTU, evidence, selected, wave,
};
use crate::engine;

const TOOLS: &str = "./tools-scripts";
const TOOLS_BELOW: &str = "./tools-scripts/lib_install/";

/// The files in which an open `/root` is to be seen, by the model: a plain copy leaves it 0700, a linked one below it
/// makes it 0755. The one that does not build is among them, and nobody will see it there.
const OPENED: [&str; 7] = [CORE, EXECUTION, CENTOS, MANYLINUX[0], MANYLINUX[1], MUSLLINUX[0], MUSLLINUX[1]];

/// What holds each line back, as `RULE PATH`.
fn held(plan: &Value) -> Vec<(String, String)> {
    let mut held = Vec::new();
    for file in plan["files"].as_array().unwrap() {
        for site in file["sites"].as_array().unwrap().iter().filter(|site| site["verdict"] == "hold") {
            let reason = &site["reasons"][0];
            let of = |key: &str| reason[key].as_str().unwrap();
            held.push((file["path"].as_str().unwrap().to_owned(), format!("{} {}", of("rule"), of("path"))));
        }
    }
    held
}

#[test]
fn without_a_waiver_root_holds_most_of_it_back() {
    let plan = Clp::new().save();
    assert_eq!(plan["files"].as_array().unwrap().len(), 9);
    let mut expected: Vec<_> =
        OPENED.iter().map(|path| ((*path).to_owned(), "ancestor-mode /root".to_owned())).collect();
    expected.sort();
    assert_eq!(held(&plan), expected);
    for path in OPENED.iter().chain([&PACKAGE]).filter(|path| **path != CORE) {
        assert!(selected(&plan, path).is_empty(), "{path}");
    }
    assert_eq!(
        (selected(&plan, CORE), selected(&plan, UBUNTU)),
        (vec!["/usr/bin/".to_owned()], vec!["/opt/lib_install".to_owned()])
    );
}

/// What is edited once an open `/root` is accepted. The flattened stages begin with a copy upon nothing, which a link
/// would leave as it is, and one file is linked already.
fn assert_selected(plan: &Value) {
    let of = |path: &str| selected(plan, path);
    assert_eq!(of(CORE), ["./tools-scripts/lib_install", "/usr/bin/"]);
    assert_eq!(of(EXECUTION), ["./setup-scripts/"]);
    assert_eq!(of(CENTOS), [TOOLS]);
    for path in MANYLINUX {
        assert_eq!(of(path), [TOOLS], "{path}");
    }
    for path in MUSLLINUX {
        assert_eq!(of(path), [TOOLS_BELOW], "{path}");
    }
    assert_eq!(of(UBUNTU), ["/opt/lib_install"]);
    assert!(of(PACKAGE).is_empty());
    let sizes: Vec<usize> = (0..3).map(|number| wave(plan, number).len()).collect();
    assert_eq!((sizes, plan["waves"].as_array().unwrap().len()), (vec![1, 3, 4], 3));
}

/// How far the campaign is: the next wave and the states of all files.
fn status(clp: &Clp) -> Value {
    clp.scratch.run(&["status", "--offline", "--format", "json"]).done().json()
}

/// Writes a wave and commits it, as its merged pull requests would.
fn merge(clp: &Clp, plan: &Value, number: usize) {
    clp.scratch.run(&["migrate", "--write", "--wave", &number.to_string()]).done();
    for path in wave(plan, number) {
        let text = clp.scratch.text(&path);
        assert!(text.starts_with("# syntax=docker/dockerfile:1\n"), "{path}: {text}");
        assert_eq!(text.matches("COPY --link ").count(), selected(plan, &path).len(), "{path}: {text}");
        assert!(!text.contains("ADD "), "{path}: a local ADD becomes COPY: {text}");
    }
    clp.scratch.commit(&format!("Wave {number}"));
}

#[test]
fn it_migrates_wave_by_wave() {
    let clp = Clp::new();
    clp.accept_root();
    let plan = clp.save();
    assert_selected(&plan);
    let linked = clp.scratch.text(PACKAGE);
    let open = |status: &Value| {
        let waves = status["waves"].as_array().unwrap().iter();
        let mut open =
            waves.filter(|wave| wave["files"].as_array().unwrap().iter().any(|file| file["state"] != "done"));
        open.next().map(|wave| wave["number"].clone())
    };
    for number in 0..3 {
        assert_eq!(open(&status(&clp)), Some(json!(number)));
        merge(&clp, &plan, number);
    }
    assert_eq!(status(&clp)["next"], Value::Null);
    assert_eq!(clp.scratch.text(PACKAGE), linked);
}

/// Verifies a wave on the engine, where steps need the network of the host and no frontend can be pulled.
fn verify(clp: &Clp, wave: usize) {
    let number = wave.to_string();
    let arguments =
        ["verify", "--wave", &number, "--network", "host", "--frontend", "builtin", "--depth", "line"];
    let run = engine::command(clp.scratch.root(), &arguments);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// The places in which the images of a file differ, each with what it is put down to.
fn differences(evidence: &Value) -> Vec<Value> {
    let builds = evidence["builds"].as_array().unwrap().iter();
    builds.flat_map(|build| build["differences"].as_array().unwrap().clone()).collect()
}

#[test]
fn an_engine_shows_what_the_plan_said() {
    if !engine::is_there("a campaign on the engine") {
        return;
    }
    let clp = Clp::on_engine();
    clp.accept_root();
    let plan = clp.save();
    assert_selected(&plan);
    let line = |path: &str| {
        let file = plan["files"].as_array().unwrap().iter().find(|file| file["path"] == path).unwrap();
        let sites = file["sites"].as_array().unwrap();
        sites.iter().find(|site| site["selected"] == true).unwrap()["line"].clone()
    };
    let mut built = 0;
    for number in 0..3 {
        verify(&clp, number);
        for path in wave(&plan, number) {
            let found = evidence(clp.scratch.root(), &path).unwrap();
            let expected = match path.as_str() {
                CENTOS => ("blocked", vec![]),
                UBUNTU => ("same", vec![]),
                _ => {
                    let cause = json!({"kind": "rule", "rule": "ancestor-mode", "line": line(&path), "accepted": true});
                    let open = json!({"path": "/root", "aspect": "mode", "before": "0700", "after": "0755", "cause": cause});
                    ("different", vec![open])
                }
            };
            assert_eq!(
                (found["outcome"].as_str().unwrap(), differences(&found)),
                expected,
                "{path}: {found:#}"
            );
            built += 1;
        }
        let status = status(&clp);
        for file in status["waves"][number]["files"].as_array().unwrap() {
            let expected = if file["path"] == CENTOS { "blocked" } else { "stands" };
            assert_eq!(file["evidence"]["says"], expected, "{file:#}");
        }
        merge(&clp, &plan, number);
    }
    let over = status(&clp);
    assert_eq!((&over["next"], &over["contradicted"]), (&Value::Null, &Value::Null));
    engine::finish("a campaign on the engine", 2 * built);
}
