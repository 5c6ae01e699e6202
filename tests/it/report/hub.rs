//! A GitHub between the command and the emulator: it counts what is asked, holds it against GitHub's description, and
//! fills a gap of the emulator, for which a pull request is no issue.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::github::contract;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub route: String,
    pub body: Vec<u8>,
}

/// Reads a request; None where the connection ends.
fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ');
    let (method, route) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = header(&lines[1..], "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, route, body })
}

/// The value of a header.
fn header<'a>(headers: &'a [String], name: &str) -> Option<&'a str> {
    headers.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Asks a server that closes the connection behind its answer.
pub fn http(host: &str, token: &str, method: &str, route: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {route} HTTP/1.0\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nuser-agent: tests\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // At once: a second small packet would wait until the first one is acknowledged.
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert!(!head.to_lowercase().contains("transfer-encoding: chunked"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}

/// The GitHub between.
pub struct Hub {
    pub url: String,
    host: String,
    token: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
    wrong: Arc<Mutex<Vec<String>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

/// What somebody does while the command works: as soon as the emulator has answered a request, and before the command
/// gets the answer.
struct Meanwhile {
    method: &'static str,
    /// How the request's route ends.
    route: String,
    act: Box<dyn FnOnce() + Send>,
}

impl Hub {
    /// Before the emulator at this host.
    pub fn before(host: &str, token: &'static str) -> Self {
        let to = host.to_owned();
        Self::with(host, token, move |request| answer(&to, token, request))
    }

    /// One that answers by itself.
    pub fn with(
        host: &str,
        token: &'static str,
        answer: impl Fn(&Request) -> (u16, Vec<u8>) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, wrong, meanwhile) = (Arc::default(), Arc::default(), Arc::default());
        let hub = Self { url, host: host.to_owned(), token, requests, wrong, meanwhile };
        let (requests, wrong) = (Arc::clone(&hub.requests), Arc::clone(&hub.wrong));
        let meanwhile = Arc::clone(&hub.meanwhile);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                while let Some(request) = read(&stream) {
                    requests.lock().unwrap().push(request.clone());
                    let held = || contract::assert_request(&request.method, &request.route, &request.body);
                    if let Err(why) = catch_unwind(AssertUnwindSafe(held)) {
                        wrong.lock().unwrap().push(why.downcast_ref::<String>().cloned().unwrap_or_default());
                    }
                    let (status, body) = answer(&request);
                    let mut meanwhile = meanwhile.lock().unwrap();
                    if let Some(one) = meanwhile.take_if(|one| one.follows(&request)) {
                        (one.act)();
                    }
                    drop(meanwhile);
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    let mut out = &stream;
                    if out.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                        break;
                    }
                }
            }
        });
        hub
    }

    /// The requests since the last time.
    pub fn asked(&self) -> Vec<Request> {
        let wrong = std::mem::take(&mut *self.wrong.lock().unwrap());
        assert!(wrong.is_empty(), "{wrong:#?}");
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// What a person or a test asks, past the counting.
    pub fn api(&self, method: &str, route: &str, body: &Value) -> Value {
        api(&self.host, self.token, method, route, body)
    }

    /// Lets a person send a request behind the first one of the command that has this method and such a route.
    pub fn meanwhile(&self, after: (&'static str, &str), method: &'static str, route: &str, body: Value) {
        let (host, token, to) = (self.host.clone(), self.token, route.to_owned());
        let act = Box::new(move || drop(api(&host, token, method, &to, &body)));
        let all = Meanwhile { method: after.0, route: after.1.to_owned(), act };
        assert!(self.meanwhile.lock().unwrap().replace(all).is_none(), "the last one was never done");
    }

    /// Whether what somebody was to do was done.
    pub fn is_done(&self) -> bool {
        self.meanwhile.lock().unwrap().is_none()
    }
}

impl Meanwhile {
    fn follows(&self, request: &Request) -> bool {
        let route = request.route.split('?').next().unwrap_or_default();
        request.method == self.method && route.ends_with(&self.route)
    }
}

fn api(host: &str, token: &str, method: &str, route: &str, body: &Value) -> Value {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let (status, answer) = http(host, token, method, route, &body);
    assert!(status < 300, "{method} {route}: {status} {}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).unwrap_or(Value::Null)
}

/// What the emulator answers, with pull requests among the issues.
pub fn answer(host: &str, token: &str, request: &Request) -> (u16, Vec<u8>) {
    let (status, body) = http(host, token, &request.method, &request.route, &request.body);
    if status == 404 && request.method == "GET" && request.route.contains("/issues/") {
        return http(host, token, "GET", &request.route.replace("/issues/", "/pulls/"), b"");
    }
    let label = request.route.split_once("/issues?").and_then(|(_, query)| {
        query.split('&').find_map(|pair| pair.strip_prefix("labels=")).map(|label| label.replace("%2F", "/"))
    });
    let Some(label) = label.filter(|_| status == 200) else { return (status, body) };
    let mut listed: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let pulls = request.route.split_once("/issues?").unwrap().0.to_owned() + "/pulls?state=all&per_page=100";
    let (_, found) = http(host, token, "GET", &pulls, b"");
    let found: Vec<Value> = serde_json::from_slice(&found).unwrap();
    for mut pull in found {
        if pull["labels"].as_array().unwrap().iter().any(|one| one["name"] == label.as_str()) {
            pull["pull_request"] = json!({"merged_at": pull["merged_at"]});
            listed.push(pull);
        }
    }
    (status, serde_json::to_vec(&listed).unwrap())
}
