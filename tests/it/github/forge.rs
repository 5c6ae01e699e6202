//! A repository on GitHub as the forge of a campaign, on a GitHub that fails in every way.

use std::collections::BTreeSet;
use std::time::Duration;

use layerwright::github::{App, Client, GitHubForge};
use layerwright::rollout::forge::{Forge, ForgeError, NewCommit, NewPull};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::fake::{Fake, Reply, Request, says};
use super::{NOW, Still, TOKEN, contract, with};
use crate::support::Scratch;

/// What came of using a forge.
struct Used<T> {
    result: T,
    waits: Vec<f64>,
    requests: Vec<Request>,
}

fn client(url: &str, clock: &Still) -> Client {
    let token = Some(SecretString::from(TOKEN));
    Client::new(url.parse().unwrap(), token, Box::new(clock.clone()), Duration::from_secs(2)).unwrap()
}

fn used<T: std::fmt::Debug>(server: Fake, call: impl FnOnce(&GitHubForge<'_>) -> T) -> Used<T> {
    let scratch = Scratch::with(&[("a", "")]);
    let (clock, clone) = (Still::default(), scratch.open());
    let client = client(&server.url, &clock);
    let result = call(&GitHubForge::new(&client, "o/r".parse().unwrap(), &clone));
    let shown = format!("{result:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    Used { result, waits: clock.0.take(), requests: server.asked() }
}

/// GitHub's answer to a call, with these fields.
fn ok(method: &str, route: &str, status: u16, fields: Value) -> Reply {
    Reply::GitHub(status, Vec::new(), contract::answer(method, &format!("/repos/o/r{route}"), status, fields))
}

/// A pull request of the repository itself.
fn pull(number: u64, fields: &Value) -> Value {
    let end = |name: &str| json!({"ref": name, "repo": {"full_name": "o/r"}});
    let mut whole =
        json!({"number": number, "state": "open", "head": end("x"), "base": end("main"), "body": "text"});
    whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    whole
}

const NEW: NewPull<'static> = NewPull { branch: "x", base: "main", title: "t", body: "b", draft: false };

fn open(replies: Vec<Reply>) -> Used<Result<u64, ForgeError>> {
    used(Fake::new(replies), |forge| forge.open_pull(&NEW))
}

fn opened() -> Reply {
    ok("POST", "/pulls", 201, pull(7, &json!({})))
}

fn html() -> Reply {
    Reply::Foreign(502, "text/html", b"<html>Unicorn!</html>".to_vec())
}

#[test]
fn a_pull_request_that_is_there_is_not_opened_again() {
    let body = json!({"message": "Validation Failed", "errors": [
        {"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for o:b."},
    ], "documentation_url": "https://docs.github.com/rest"});
    let used = open(vec![Reply::GitHub(422, Vec::new(), body)]);
    let Err(ForgeError::Refused(said)) = used.result else { panic!("{:?}", used.result) };
    assert!(said.contains("already exists for o:b"), "{said}");
    assert_eq!(used.requests.len(), 1);
}

#[test]
fn a_write_of_unknown_effect_is_not_sent_again() {
    let garbage = || Reply::Foreign(201, "application/json", b"{\"number\": 7".to_vec());
    for reply in [html(), Reply::Reset, Reply::Truncated, garbage(), says(500, "Server Error")] {
        let used = open(vec![reply, opened()]);
        assert!(matches!(used.result, Err(ForgeError::Unclear(_))), "{:?}", used.result);
        assert_eq!((used.requests.len(), used.waits.len()), (1, 0));
    }
    // Whoever looks then finds it, or finds that it is safe to do it.
    let listed = json!([pull(7, &json!({}))]);
    let found = |replies| {
        used(Fake::new(replies), |forge| {
            forge.open_pull(&NEW).unwrap_err();
            forge.pulls_from("x").unwrap().len()
        })
    };
    let refs = || ok("GET", "/git/matching-refs/heads/gh-readonly-queue/", 200, json!([]));
    assert_eq!(found(vec![html(), refs(), ok("GET", "/pulls?state=all", 200, listed)]).result, 1);
    assert_eq!(found(vec![html(), refs(), ok("GET", "/pulls?state=all", 200, json!([]))]).result, 0);
}

#[test]
fn what_is_harmless_twice_is_sent_again() {
    let tree = || ok("POST", "/git/trees", 201, json!({"sha": "tree"}));
    let commit = |method: &str, status| {
        let route = if method == "GET" { "/git/commits/p" } else { "/git/commits" };
        ok(method, route, status, json!({"sha": "new", "tree": {"sha": "base"}}))
    };
    let entry = json!({"path": "a", "mode": "100755", "sha": "blob", "type": "blob"});
    let listed = || ok("GET", "/git/trees/base", 200, json!({"tree": [entry], "truncated": false}));
    let replies = vec![commit("GET", 200), listed(), html(), tree(), Reply::Reset, commit("POST", 201)];
    let new = NewCommit { message: "m", parents: &["p"], texts: &[("a", b"text")] };
    let used = used(Fake::new(replies), |forge| forge.write_commit(&new).unwrap());
    assert_eq!((used.result.as_str(), used.waits), ("new", vec![0.5, 0.5]));
    let sent: Value = serde_json::from_slice(&used.requests[3].body).unwrap();
    assert_eq!(sent["tree"][0]["mode"], "100755", "the mode is kept");
    let sent: Value = serde_json::from_slice(&used.requests[5].body).unwrap();
    assert_eq!((&sent["tree"], &sent["parents"]), (&json!("tree"), &json!(["p"])));
}

#[test]
fn bytes_that_are_no_text_go_as_a_blob() {
    let commit = |method: &str, route: &str, status| ok(method, route, status, json!({"sha": "new"}));
    let replies = vec![
        commit("GET", "/git/commits/p", 200),
        ok("GET", "/git/trees/x", 200, json!({"tree": [], "truncated": false})),
        ok("POST", "/git/blobs", 201, json!({"sha": "blob"})),
        ok("POST", "/git/trees", 201, json!({"sha": "tree"})),
        commit("POST", "/git/commits", 201),
    ];
    let new = NewCommit { message: "m", parents: &["p"], texts: &[("a", b"\xff\0")] };
    let used = used(Fake::new(replies), |forge| forge.write_commit(&new).unwrap());
    let sent = |at: usize| -> Value { serde_json::from_slice(&used.requests[at].body).unwrap() };
    assert_eq!(sent(2)["content"], "/wA=");
    assert_eq!((&sent(3)["tree"][0]["sha"], &sent(3)["tree"][0]["content"]), (&json!("blob"), &Value::Null));
}

#[test]
fn what_github_forbids_ends_it_and_what_is_not_there_does_not() {
    for (status, stops) in [(401, true), (403, true), (404, false), (410, false)] {
        let used = open(vec![says(status, "no"), opened()]);
        match used.result {
            Err(ForgeError::Stopped(said)) if stops => assert!(!said.is_empty()),
            Err(ForgeError::Refused(_)) if !stops => {}
            other => panic!("{status}: {other:?}"),
        }
        assert_eq!(used.requests.len(), 1, "{status}");
    }
}

#[test]
fn a_limit_is_waited_for_and_then_the_write_is_sent() {
    let secondary = || {
        let page = "https://docs.github.com/rest/using/rate-limits#about-secondary-rate-limits";
        let body = json!({"message": "You have exceeded a secondary rate limit", "documentation_url": page});
        Reply::GitHub(403, Vec::new(), body)
    };
    for (reply, waits) in [
        (with(says(403, "slow down"), &[("retry-after", "7".into())]), vec![7.0]),
        (with(says(429, "slow down"), &[("retry-after", "9".into())]), vec![9.0]),
        (secondary(), vec![60.0]),
    ] {
        let used = open(vec![reply, opened()]);
        assert_eq!((used.result.unwrap(), used.requests.len()), (7, 2));
        assert_eq!(used.waits, waits);
    }
    let reset = (NOW + 3_000).to_string();
    let gone = with(says(403, "no"), &[("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset", reset)]);
    let used = open(vec![gone, opened()]);
    let Err(ForgeError::Stopped(said)) = used.result else { panic!("{:?}", used.result) };
    assert!(said.contains("rate limit is reached until 2023-"), "{said}");
    assert_eq!(used.requests.len(), 1);
}

#[test]
fn pages_are_followed_on_the_same_server_with_the_token() {
    let run = |number: u64, status: &str| json!({"id": number, "status": status});
    let page =
        |runs: Value| ok("GET", "/commits/c/check-runs", 200, json!({"total_count": 31, "check_runs": runs}));
    let first: Vec<Value> = (0..30).map(|number| run(number, "completed")).collect();
    let next = |host: &str| {
        vec![("link", format!("<http://{host}/repositories/7/commits/c/check-runs?page=2>; rel=\"next\""))]
    };
    let replies = vec![with(page(json!(first)), &next("HOST")), page(json!([run(31, "in_progress")]))];
    let found = used(Fake::new(replies), |forge| forge.has_pending_checks("c").unwrap());
    assert!(found.result, "the check that is under way is on the second page");
    assert_eq!(found.requests[1].route, "/repositories/7/commits/c/check-runs?page=2");
    assert_eq!(found.requests[1].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let elsewhere = vec![with(page(json!(first)), &next("elsewhere.example"))];
    let found = used(Fake::new(elsewhere), |forge| forge.has_pending_checks("c"));
    assert!(matches!(found.result, Err(ForgeError::Stopped(_))), "{:?}", found.result);
}

#[test]
fn what_people_removed_is_not_there() {
    let used = used(Fake::new(vec![says(404, "Not Found")]), |forge| {
        (forge.branch("gone").unwrap(), forge.text_id("c", "gone/Dockerfile").unwrap())
    });
    assert_eq!(used.result, (None, None));
    let body =
        json!({"message": "Reference does not exist", "documentation_url": "https://docs.github.com/rest"});
    let moved = super::forge::used(Fake::new(vec![Reply::GitHub(422, Vec::new(), body)]), |forge| {
        forge.advance_branch("gone", "c")
    });
    assert!(matches!(moved.result, Err(ForgeError::Refused(_))), "{:?}", moved.result);
    let sent: Value = serde_json::from_slice(&moved.requests[0].body).unwrap();
    assert_eq!(sent["force"], false, "nobody's commit is ever pushed over");
}

/// GitHub answers at once and tries the merge behind that.
#[test]
fn whether_it_can_be_merged_is_known_later() {
    let answers = [json!(null), json!(false), json!(true)];
    let mut replies = vec![];
    for mergeable in answers {
        replies.push(ok("GET", "/pulls/7", 200, pull(7, &json!({"mergeable": mergeable}))));
        replies.push(ok("GET", "/git/matching-refs/heads/gh-readonly-queue/", 200, json!([])));
    }
    let used =
        used(Fake::new(replies), |forge| [7, 7, 7].map(|number| forge.pull(number).unwrap().mergeable));
    assert_eq!(used.result, [None, Some(false), Some(true)]);
    assert_eq!(used.waits, [0.0; 0], "nobody waits for it");
}

/// A report that does not know whether it opened the issue looks for it.
#[test]
fn an_issue_that_came_since_is_found() {
    let issue = json!([{"number": 7, "state": "open"}]);
    let lists = vec![json!([]), issue.clone(), issue];
    let mut replies: Vec<Reply> = lists.into_iter().map(|list| ok("GET", "/issues", 200, list)).collect();
    replies.insert(0, ok("GET", "/git/matching-refs/heads/x", 200, json!([])));
    let used = used(Fake::new(replies), |forge| {
        assert_eq!(forge.pulls_labelled("l").unwrap(), []);
        let found = || forge.issues_labelled("l").unwrap();
        (found(), found(), found())
    });
    assert_eq!(used.result, (vec![], vec![7], vec![7]));
    assert_eq!(used.requests.len(), 4, "the list of pull requests answers the first question");
}

/// A repository with 300 pull requests of a campaign, the last ten of them open, its tracking issue, and 40,000 others
/// that are never asked for. It knows what it said before.
fn busy() -> Fake {
    Fake::by(Box::new(|_, request| {
        let plain = request.plain();
        let (path, query) = plain.split_once('?').unwrap_or((&plain, ""));
        let page = |query: &str| -> usize {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix("page="))
                .map_or(1, |page| page.parse().unwrap())
        };
        let number = || -> u64 { path.rsplit('/').next().unwrap().parse().unwrap() };
        let is_open = |number: u64| number > 39_990;
        let state = |number: u64| if is_open(number) { "open" } else { "closed" };
        let merged = |number: u64| if is_open(number) { Value::Null } else { json!("2026-11-22T00:00:00Z") };
        let (status, fields, more) = match path.strip_prefix("/repos/o/r").unwrap() {
            "/issues" => {
                assert!(query.contains("labels=layerwright%2Fcopy-link"), "{query}");
                let listed = (39_701..=40_000).rev().map(|number| {
                    json!({"number": number, "state": state(number), "pull_request": {"merged_at": merged(number)}})
                });
                let all: Vec<Value> = listed.chain([json!({"number": 1, "state": "open"})]).collect();
                let at = page(query);
                let part: Vec<Value> = all.chunks(100).nth(at - 1).unwrap().to_vec();
                let next = format!(
                    "<http://HOST/repositories/7/issues?{}&page={}>; rel=\"next\"",
                    query.replace(&format!("&page={at}"), ""),
                    at + 1
                );
                (200, json!(part), (at < 4).then_some(("link", next)))
            }
            "/issues/1" => (200, json!({"number": 1, "state": "open", "body": "text"}), None),
            rest if rest.starts_with("/pulls/") => {
                let fields = json!({
                    "state": state(number()), "merged_at": merged(number()), "merge_commit_sha": "m", "mergeable": null,
                });
                (200, pull(number(), &fields), None)
            }
            rest if rest.starts_with("/git/matching-refs/") => (200, json!([]), None),
            rest => panic!("nobody should ask for {rest}"),
        };
        let body = contract::answer(&request.method, &plain, status, fields);
        let etag = format!("W/\"{:x}\"", body.to_string().len() + plain.len());
        let known = request.header("if-none-match") == Some(etag.as_str());
        Reply::GitHub(
            if known { 304 } else { status },
            more.into_iter().chain([("etag", etag)]).collect(),
            body,
        )
    }))
}

#[test]
fn a_campaign_among_many_others_is_read_in_few_requests() {
    let server = busy();
    let scratch = Scratch::with(&[("a", "")]);
    let (clock, clone) = (Still::default(), scratch.open());
    let folder = tempfile::tempdir().unwrap();
    let read = || {
        let client = client(&server.url, &clock).keeping(folder.path().to_owned());
        let forge = GitHubForge::new(&client, "o/r".parse().unwrap(), &clone);
        let before = server.count();
        let branches = forge.branches("layerwright/copy-link/").unwrap();
        let pulls = forge.pulls_labelled("layerwright/copy-link").unwrap();
        assert_eq!(
            forge.issues_labelled("layerwright/copy-link").unwrap(),
            [1],
            "a pull request is no issue"
        );
        assert_eq!(forge.issue_body(1).unwrap(), "text");
        assert_eq!((branches.len(), pulls.len()), (0, 300));
        let open: BTreeSet<u64> = pulls.iter().filter(|pull| pull.open).map(|pull| pull.number).collect();
        assert_eq!(open, (39_991..=40_000).collect());
        assert!(
            pulls.iter().all(|pull| pull.mergeable.is_none() && pull.open == pull.merge_commit.is_none())
        );
        server.count() - before
    };
    let first = read();
    assert!(first > 300, "{first}");
    let (again, seen) = (read(), server.seen());
    assert!(again <= 20, "{again} requests");
    let tagged = seen[first..].iter().filter(|request| request.header("if-none-match").is_some()).count();
    assert_eq!(tagged, again, "each of them asks whether something has changed");
    assert!(clock.0.take().is_empty());
}

#[test]
fn changes_keep_githubs_pace() {
    let scratch = Scratch::with(&[("a", "")]);
    let (clock, clone) = (super::Running::default(), scratch.open());
    let server = Fake::new(vec![ok("PATCH", "/issues/1", 200, json!({"number": 1}))]);
    let token = Some(SecretString::from(TOKEN));
    let client =
        Client::new(server.url.parse().unwrap(), token, Box::new(clock.clone()), Duration::from_secs(2));
    let client = client.unwrap();
    let forge = GitHubForge::new(&client, "o/r".parse().unwrap(), &clone);
    let mut sent = Vec::new();
    let stopped = loop {
        match forge.set_issue_body(1, "text") {
            Ok(()) => sent.push(clock.seconds()),
            Err(error) => break error,
        }
    };
    assert!(matches!(&stopped, ForgeError::Stopped(said) if said.contains("rate limit")), "{stopped}");
    assert_eq!(sent.len(), 500, "no more in an hour");
    assert!(sent.windows(2).all(|two| two[1] - two[0] >= 1.0), "a second between two");
    clock.pass(3_600.0);
    forge.set_issue_body(1, "text").unwrap();
}

#[test]
fn an_app_gets_a_token_of_its_installation() {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    let pem = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/github/app.pem")).unwrap();
    let app = App::new("Iv1.7", &pem).unwrap();
    let token = json!({"token": "ghs_ofinstallation", "expires_at": "2026-11-22T01:00:00Z"});
    let made = contract::answer("POST", "/app/installations/9/access_tokens", 201, token);
    let server = Fake::new(vec![
        Reply::GitHub(
            200,
            Vec::new(),
            contract::answer("GET", "/repos/o/r/installation", 200, json!({"id": 9})),
        ),
        Reply::GitHub(201, Vec::new(), made),
    ]);
    let api = server.url.parse().unwrap();
    let timeout = Duration::from_secs(2);
    let found =
        app.installation_token(api, Box::new(Still::default()), timeout, &"o/r".parse().unwrap()).unwrap();
    assert_eq!(found.expose_secret(), "ghs_ofinstallation");
    assert!(!format!("{found:?}").contains("ghs_"));
    let requests = server.asked();
    let jwt = requests[0].header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let claims: Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
    assert_eq!(claims, json!({"iat": NOW - 60, "exp": NOW + 540, "iss": "Iv1.7"}));
    let der: Vec<u8> = {
        let text: String =
            String::from_utf8(pem).unwrap().lines().filter(|line| !line.starts_with("---")).collect();
        base64::prelude::BASE64_STANDARD.decode(text).unwrap()
    };
    let key = RsaKeyPair::from_der(&der).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    public.verify(signed.as_bytes(), &decode(signature)).unwrap();
    assert!(App::new("1", b"x").is_err() && App::new("", b"x").is_err());
}
