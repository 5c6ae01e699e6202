//! The same command against a stateful GitHub that others wrote: the npm package `emulate`, which `.ci/run`
//! starts. `LAYERWRIGHT_EMULATOR` is its address; with `LAYERWRIGHT_REQUIRE_EMULATOR` set, it must be there.

use serde_json::{Value, json};

use crate::support::{Run, Scratch, command, left_out, linkable, say};

/// A token that the emulator knows, and its repository.
const TOKEN: &str = "test_token_admin";
const REPOSITORY: &str = "admin/monorepo";

/// Each test of the emulator.
const TESTS: [fn(&Emulator); 4] = [reads_a_list, reads_null, has_no_such_issue, reads_without_a_token];

struct Emulator {
    url: String,
}

impl Emulator {
    /// Opens an issue through the API itself, and gives back its number.
    fn open(&self, issue: &Value) -> u64 {
        let url = format!("{}/repos/{REPOSITORY}/issues", self.url);
        let mut curl = std::process::Command::new("curl");
        curl.args(["--silent", "--fail", "--header", &format!("Authorization: Bearer {TOKEN}"), "--data"]);
        let made = curl.arg(issue.to_string()).arg(url).output().unwrap();
        let made: Value =
            serde_json::from_slice(&made.stdout).unwrap_or_else(|error| panic!("{error}: {made:?}"));
        made["number"].as_u64().unwrap()
    }

    fn plan(&self, number: u64, token: Option<&str>) -> Run {
        let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("b/Dockerfile", &linkable("x"))]);
        let mut command = command(scratch.root());
        command.args([
            "plan",
            "--format",
            "json",
            "--api",
            &self.url,
            "--issue",
            &format!("{REPOSITORY}#{number}"),
        ]);
        command.envs(token.map(|token| ("GITHUB_TOKEN", token)));
        Run::of(command.output().unwrap())
    }
}

fn reads_a_list(emulator: &Emulator) {
    let text = "Dockerfiles to update:\n\n- [ ] `a/Dockerfile`\n- [ ] old/Dockerfile\n";
    let number = emulator.open(&json!({"title": "COPY --link", "body": text}));
    let plan = emulator.plan(number, Some(TOKEN)).done().json();
    assert_eq!(plan["list"]["found"], json!(["a/Dockerfile"]));
    assert_eq!(plan["list"]["gone"][0]["path"], "old/Dockerfile");
    assert_eq!(plan["list"]["unlisted"], json!(["b/Dockerfile"]));
}

fn reads_null(emulator: &Emulator) {
    let number = emulator.open(&json!({"title": "nothing"}));
    emulator.plan(number, Some(TOKEN)).failed(&["lists no Dockerfile"]);
}

fn has_no_such_issue(emulator: &Emulator) {
    emulator.plan(999_999, Some(TOKEN)).failed(&["admin/monorepo#999999", "does not show it"]);
}

fn reads_without_a_token(emulator: &Emulator) {
    let number = emulator.open(&json!({"title": "public", "body": "b/Dockerfile"}));
    let plan = emulator.plan(number, None).done().json();
    assert_eq!(plan["list"]["found"], json!(["b/Dockerfile"]));
}

#[test]
fn the_command_works_with_the_emulator() {
    let required = std::env::var_os("LAYERWRIGHT_REQUIRE_EMULATOR").is_some();
    let Some(url) = std::env::var("LAYERWRIGHT_EMULATOR").ok() else {
        assert!(!required, "LAYERWRIGHT_EMULATOR is not set, and is required");
        return left_out("the GitHub emulator", "LAYERWRIGHT_EMULATOR is not set; `.ci/run` starts one");
    };
    let emulator = Emulator { url };
    for test in TESTS {
        test(&emulator);
    }
    say(&format!("{} emulator tests ran", TESTS.len()));
}
