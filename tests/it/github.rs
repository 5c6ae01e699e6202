//! `plan --issue`: against a GitHub that fails in every way, and against an emulator that others wrote.

pub mod contract;
mod emulator;
mod fake;
mod forge;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fake::{Fake, Reply, says};
use layerwright::github::{Client, Clock, GitHubError, Issue};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Run, Scratch, command, linkable};

const TOKEN: &str = "ghp_verysecret";
const NOW: u64 = 1_700_000_000;

/// An issue with all that GitHub's description asks for.
fn issue(number: u64, body: impl Into<Value>) -> Value {
    let place = format!("https://api.github.com/repos/o/r/issues/{number}");
    json!({
        "id": 1, "node_id": "I_1", "url": place, "repository_url": "https://api.github.com/repos/o/r",
        "labels_url": format!("{place}/labels{{/name}}"), "comments_url": format!("{place}/comments"),
        "events_url": format!("{place}/events"), "html_url": format!("https://github.com/o/r/issues/{number}"),
        "number": number, "state": "open", "title": "COPY --link", "body": body.into(), "user": null, "labels": [],
        "assignee": null, "milestone": null, "locked": false, "comments": 0, "closed_at": null,
        "created_at": "2026-11-22T00:00:00Z", "updated_at": "2026-11-22T00:00:00Z", "author_association": "OWNER",
    })
}

fn found(body: &str) -> Reply {
    Reply::GitHub(200, Vec::new(), issue(1, json!(body)))
}

fn with(reply: Reply, more: &[(&'static str, String)]) -> Reply {
    match reply {
        Reply::GitHub(status, mut headers, body) => {
            headers.extend_from_slice(more);
            Reply::GitHub(status, headers, body)
        }
        _ => panic!("only GitHub sends such headers"),
    }
}

/// As GitHub tells that an issue was transferred.
fn moved(to: &str) -> Reply {
    let body =
        json!({"message": "Moved Permanently", "url": to, "documentation_url": "https://docs.github.com"});
    Reply::GitHub(301, vec![("location", to.to_owned())], body)
}

/// A clock that stands still, and notes what it is asked to wait for.
#[derive(Clone, Default)]
struct Still(Rc<RefCell<Vec<f64>>>);

impl Clock for Still {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn wait(&self, pause: Duration, why: &str) {
        assert!(!why.contains(TOKEN));
        self.0.borrow_mut().push(pause.as_secs_f64());
    }

    fn pace(&self, _: Duration) {}
}

/// A clock that runs only when somebody waits.
#[derive(Clone, Default)]
struct Running(Rc<RefCell<f64>>);

impl Running {
    fn seconds(&self) -> f64 {
        *self.0.borrow()
    }

    fn pass(&self, seconds: f64) {
        *self.0.borrow_mut() += seconds;
    }
}

impl Clock for Running {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + Duration::from_secs_f64(self.seconds())
    }

    fn wait(&self, pause: Duration, _: &str) {
        self.pass(pause.as_secs_f64());
    }

    fn pace(&self, pause: Duration) {
        self.pass(pause.as_secs_f64());
    }
}

/// What came of asking for `o/r#1`.
struct Asked {
    result: Result<Issue, GitHubError>,
    waits: Vec<f64>,
    requests: Vec<fake::Request>,
}

fn ask_below(base: &str, replies: Vec<Reply>) -> Asked {
    let server = Fake::new(replies);
    let clock = Still::default();
    let api = format!("{}{base}", server.url).parse().unwrap();
    let token = Some(SecretString::from(TOKEN));
    let client = Client::new(api, token, Box::new(clock.clone()), Duration::from_millis(400)).unwrap();
    assert!(!format!("{client:?}").contains(TOKEN));
    let result = client.issue(&"o/r#1".parse().unwrap());
    let shown = format!("{result:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    Asked { result, waits: clock.0.take(), requests: server.asked() }
}

fn ask(replies: Vec<Reply>) -> Asked {
    ask_below("", replies)
}

#[test]
fn the_text_of_an_issue_is_read_and_the_token_goes_along() {
    for base in ["", "/api/v3"] {
        let asked = ask_below(base, vec![found("a\r\nb")]);
        let Issue { number, url, moved, body, author: _ } = asked.result.unwrap();
        assert_eq!((number, moved, body.as_str()), (1, false, "a\r\nb"));
        assert_eq!(url.as_deref(), Some("https://github.com/o/r/issues/1"));
        assert_eq!(asked.requests.len(), 1);
        assert_eq!(asked.requests[0].route, format!("{base}/repos/o/r/issues/1"));
        assert_eq!(asked.requests[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert!(asked.requests[0].header("user-agent").is_some());
    }
    assert_eq!(ask(vec![Reply::GitHub(200, Vec::new(), issue(1, Value::Null))]).result.unwrap().body, "");
}

#[test]
fn a_pull_request_is_an_issue_too() {
    let mut pull = issue(1, json!("text"));
    let at = json!("https://api.github.com/repos/o/r/pulls/1");
    pull["pull_request"] = json!({"url": at, "html_url": at, "diff_url": at, "patch_url": at});
    assert_eq!(ask(vec![Reply::GitHub(200, Vec::new(), pull)]).result.unwrap().body, "text");
}

#[test]
fn what_fails_for_a_moment_is_asked_again() {
    let html = || Reply::Foreign(502, "text/html", b"<html>Unicorn!</html>".to_vec());
    for (replies, waits) in [
        (vec![says(500, "Server Error"), found("x")], vec![0.5]),
        (vec![html(), Reply::Reset, Reply::Truncated, found("x")], vec![0.5, 1.0, 2.0]),
        (vec![Reply::Silence(Duration::from_millis(900)), found("x")], vec![0.5]),
        (vec![with(says(403, "slow down"), &[("retry-after", "7".into())]), found("x")], vec![7.0]),
        (vec![with(says(429, "slow down"), &[("retry-after", "60".into())]), found("x")], vec![60.0]),
    ] {
        let asked = ask(replies);
        assert_eq!(asked.result.unwrap().body, "x");
        assert_eq!(asked.waits, waits);
        assert_eq!(asked.requests.len(), waits.len() + 1);
    }
}

#[test]
fn what_fails_on_and_on_is_told() {
    let asked = ask(vec![says(503, "No server is available")]);
    let message = asked.result.unwrap_err().to_string();
    assert!(message.contains("503") && message.contains("No server is available"), "{message}");
    assert_eq!((asked.requests.len(), asked.waits), (4, vec![0.5, 1.0, 2.0]));
    let asked = ask(vec![Reply::Reset]);
    assert!(matches!(asked.result, Err(GitHubError::Unreachable { attempts: 4, .. })), "{:?}", asked.result);
    let asked = ask(vec![Reply::Silence(Duration::from_millis(900))]);
    assert!(matches!(asked.result, Err(GitHubError::TimedOut { attempts: 4, .. })), "{:?}", asked.result);
}

#[test]
fn a_long_limit_is_told_with_its_end() {
    let reset = (NOW + 3_000).to_string();
    let headers = [("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset)];
    let asked = ask(vec![with(says(403, "API rate limit exceeded"), &headers)]);
    let message = asked.result.unwrap_err().to_string();
    assert!(message.contains("until 2023-11-14T23:03:20Z"), "{message}");
    assert_eq!((asked.requests.len(), asked.waits.len()), (1, 0));
}

#[test]
fn each_refusal_says_what_to_do() {
    for (reply, words) in [
        (says(401, "Bad credentials"), ["Bad credentials", "GITHUB_TOKEN"]),
        (says(403, "Resource protected by SAML"), ["Resource protected by SAML", "read access"]),
        (says(404, "Not Found"), ["does not have o/r#1", "private"]),
        (says(410, "This issue was deleted"), ["was deleted", "--list"]),
        (says(422, &format!("you sent {TOKEN}")), ["refuses o/r#1", "[secret]"]),
        (
            Reply::Foreign(200, "text/html", b"<html>login</html>".to_vec()),
            ["not an answer of GitHub", "--api"],
        ),
        (Reply::Foreign(200, "application/json", b"{}".to_vec()), ["not an answer of GitHub", "number"]),
        (
            Reply::Foreign(200, "application/json", vec![b' '; 5 << 20]),
            ["larger than any answer of GitHub", "--api"],
        ),
    ] {
        let asked = ask(vec![reply]);
        let message = asked.result.unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert_eq!((asked.requests.len(), asked.waits.len()), (1, 0), "{message}");
    }
}

#[test]
fn a_transferred_issue_is_followed_on_its_server_alone() {
    let there = Reply::GitHub(200, Vec::new(), issue(9, json!("there")));
    for to in ["http://HOST/repositories/7/issues/9", "/repositories/7/issues/9"] {
        let asked = ask(vec![moved(to), there.clone()]);
        let found = asked.result.unwrap();
        assert_eq!((found.number, found.moved), (9, true));
        assert_eq!(asked.requests[1].route, "/repositories/7/issues/9");
    }
    let elsewhere = Fake::new(vec![there]);
    let asked = ask(vec![moved(&format!("{}/repos/o/r/issues/9", elsewhere.url))]);
    assert!(matches!(asked.result, Err(GitHubError::MovedAway { .. })), "{:?}", asked.result);
    assert_eq!(elsewhere.asked().len(), 0, "a token goes to one server alone");
    let asked = ask(vec![moved("/repositories/7/issues/9")]);
    assert!(matches!(asked.result, Err(GitHubError::MovedTooOften { .. })), "{:?}", asked.result);
    assert_eq!(asked.requests.len(), 6);
}

#[test]
fn a_token_that_no_header_can_carry_is_an_error() {
    for token in ["", "a b", "a\nb", "a\u{e9}"] {
        let api = "https://api.github.com".parse().unwrap();
        let client = Client::new(api, Some(token.into()), Box::new(Still::default()), Duration::from_secs(1));
        assert!(matches!(client, Err(GitHubError::Token)), "{token}");
    }
}

/// Two Dockerfiles.
fn two() -> Scratch {
    Scratch::with(&[("a/Dockerfile", &linkable("x")), ("b/Dockerfile", &linkable("x")), ("x", "")])
}

/// `plan --issue` with a token in a variable of the environment.
fn plan(scratch: &Scratch, url: &str, variable: &str, more: &[&str]) -> Run {
    let mut command = command(scratch.root());
    command.env(variable, TOKEN).args(["plan", "--issue", "o/r#1", "--api", url]).args(more);
    let run = Run::of(command.output().unwrap());
    assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN), "{run:?}");
    run
}

#[test]
fn the_plan_holds_what_the_issue_lists() {
    let scratch = two();
    for (more, files) in [(&["--format", "json"][..], 1), (&["--format", "json", "--all"], 2)] {
        let server = Fake::new(vec![found("- [ ] `a/Dockerfile`\n- [x] gone/Dockerfile\n")]);
        let variable = if files == 1 { "GITHUB_TOKEN" } else { "GH_TOKEN" };
        let plan = plan(&scratch, &server.url, variable, more).done().json();
        assert_eq!(plan["list"]["found"], json!(["a/Dockerfile"]));
        assert_eq!(plan["list"]["gone"][0]["path"], "gone/Dockerfile");
        assert_eq!(plan["list"]["unlisted"], json!(["b/Dockerfile"]));
        assert_eq!(plan["files"].as_array().unwrap().len(), files);
        assert_eq!(server.asked()[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
    let list = "a/Dockerfile\ngone/Dockerfile\n";
    scratch.write("list.md", list);
    let server = Fake::new(vec![found(list)]);
    let by_issue = plan(&scratch, &server.url, "GITHUB_TOKEN", &["--format", "json"]).done().stdout;
    let remembered = "    \"issue\": \"o/r#1\",\n";
    assert!(by_issue.contains(remembered), "report takes it from there");
    let by_issue = by_issue.replace(remembered, "");
    assert_eq!(by_issue, scratch.run(&["plan", "--list", "list.md", "--format", "json"]).done().stdout);
    assert_eq!(scratch.changed(), ["list.md"], "nothing is written");
}

#[test]
fn the_command_waits_and_says_why_and_where_an_issue_went() {
    let there = Reply::GitHub(200, Vec::new(), issue(9, json!("a/Dockerfile")));
    let server = Fake::new(vec![says(500, "Server Error"), moved("/repositories/7/issues/9"), there]);
    let run = plan(&two(), &server.url, "GITHUB_TOKEN", &[]).done();
    assert!(run.stderr.contains("GitHub answered 500; retrying in 500ms"), "{run:?}");
    assert!(
        run.stderr.contains("o/r#1 was transferred; it is now https://github.com/o/r/issues/9"),
        "{run:?}"
    );
}

#[test]
fn a_token_of_actions_opens_nothing_that_no_check_would_run_on() {
    let scratch = two();
    scratch.save(&crate::support::Base::new());
    let head = scratch.git.head().unwrap().peel_to_commit().unwrap().id().to_string();
    let checks = json!({"enabled": true, "required_status_checks": {"contexts": ["test"], "checks": []}});
    let rule = json!([{"type": "required_status_checks", "parameters": {
        "required_status_checks": [{"context": "lint"}], "strict_required_status_checks_policy": false,
    }}]);
    let fake = || {
        let (head, checks, rule) = (head.clone(), checks.clone(), rule.clone());
        Fake::by(Box::new(move |_, request| {
            let route = request.plain();
            let fields = match route.split('?').next().unwrap() {
                "/repos/o/r" => json!({"default_branch": "main"}),
                "/repos/o/r/branches/main" => json!({"commit": {"sha": head}, "protection": checks}),
                "/repos/o/r/rules/branches/main" => rule.clone(),
                _ => json!([]),
            };
            Reply::GitHub(200, Vec::new(), contract::answer(&request.method, &route, 200, fields))
        }))
    };
    let report = |token: &str, more: &[&str]| {
        let server = fake();
        let mut command = command(scratch.root());
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_TOKEN", token);
        let run = Run::of(
            command.args(["report", "--api", &server.url, "--repo", "o/r"]).args(more).output().unwrap(),
        );
        assert!(server.asked().iter().all(|request| request.method == "GET"));
        assert!(!run.stderr.contains(token) && !run.stdout.contains(token), "{run:?}");
        run
    };
    report("ghs_ofactions", &[]).refused(&["requires checks (lint, test)", "--app-id", "--allow-no-checks"]);
    let allowed = report("ghs_ofactions", &["--allow-no-checks"]).done();
    assert!(allowed.stderr.contains("start no workflow"), "{allowed:?}");
    let other = report("ghp_ofaperson", &[]).done();
    assert!(!other.stderr.contains("workflow"), "{other:?}");
}

#[test]
fn what_can_not_be_asked_for_is_an_error() {
    let scratch = two();
    let server = Fake::new(vec![found("nothing here")]);
    plan(&scratch, &server.url, "GITHUB_TOKEN", &[]).failed(&["o/r#1 lists no Dockerfile"]);
    plan(&scratch, "https://me:hunter2@ghe.example", "GITHUB_TOKEN", &[]).failed(&["password", "api/v3"]);
    plan(&scratch, "http://ghe.example", "GITHUB_TOKEN", &[]).failed(&["only https"]);
    scratch.run(&["plan", "--issue", "o/r"]).failed(&["OWNER/REPO#NUMBER"]);
    scratch.run(&["plan", "--issue", "o/r#1", "--list", "x"]).failed(&["cannot be used with"]);
}
