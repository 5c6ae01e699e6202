//! A small server that fails as GitHub and networks do. What it says as GitHub is held against GitHub's own
//! description; what no GitHub says is marked as such.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::contract;

/// One answer of the fake.
#[derive(Clone)]
pub enum Reply {
    /// As GitHub answers: status, headers, body.
    GitHub(u16, Vec<(&'static str, String)>, Value),
    /// What a proxy or a broken server says: status, content type, body.
    Foreign(u16, &'static str, Vec<u8>),
    /// A part of an answer, and then the connection ends.
    Truncated,
    /// The connection ends before any answer.
    Reset,
    /// Nothing for this long.
    Silence(Duration),
}

/// GitHub's answer with an error.
pub fn says(status: u16, message: &str) -> Reply {
    Reply::GitHub(
        status,
        Vec::new(),
        json!({"message": message, "documentation_url": "https://docs.github.com/rest"}),
    )
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub route: String,
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Request {
    /// The route as GitHub's description names it: a repository's number stands for its name.
    pub fn plain(&self) -> String {
        let plain = self.route.strip_prefix("/api/v3").unwrap_or(&self.route);
        plain
            .strip_prefix("/repositories/7")
            .map_or_else(|| plain.to_owned(), |rest| format!("/repos/o/r{rest}"))
    }
}

/// How a fake finds its answers.
type Answers = Box<dyn Fn(usize, &Request) -> Reply + Send>;

/// A server that gives answers, by the request's number and the request.
pub struct Fake {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// One answer a request, the last one again and again.
    pub fn new(replies: Vec<Reply>) -> Self {
        Self::by(Box::new(move |at, _| replies[at.min(replies.len() - 1)].clone()))
    }

    pub fn by(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let Some(request) = read(&stream) else { return };
                let at = seen.lock().unwrap().len();
                seen.lock().unwrap().push(request.clone());
                answer(stream, &request, &answers(at, &request));
            }
        });
        Self { url, requests, thread: Some(thread) }
    }

    /// How much was asked so far.
    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// What was asked so far, in order.
    pub fn seen(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// What was asked, in order. The fake ends with it, and what it found wrong comes out.
    pub fn asked(mut self) -> Vec<Request> {
        self.stop().unwrap();
        self.requests.lock().unwrap().clone()
    }

    /// A connection without a request ends the server.
    fn stop(&mut self) -> std::thread::Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let address = self.url.strip_prefix("http://").unwrap();
        drop(TcpStream::connect(address));
        thread.join()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // A test that fails says more than its server.
        let _ = self.stop();
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ');
    let (method, route) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut request = Request { method, route, headers: lines[1..].to_vec(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    contract::assert_request(&request.method, &request.plain(), &request.body);
    Some(request)
}

fn answer(mut stream: TcpStream, request: &Request, reply: &Reply) {
    let (status, kind, headers, body) = match reply {
        Reply::GitHub(status, headers, body) => {
            if *status != 304 {
                let complaints = contract::complaints(&request.method, &request.plain(), *status, body);
                assert!(complaints.is_empty(), "{status} is no answer of GitHub's: {complaints:#?}");
            }
            (
                *status,
                "application/json; charset=utf-8",
                headers.clone(),
                if *status == 304 { Vec::new() } else { body.to_string().into_bytes() },
            )
        }
        Reply::Foreign(status, kind, body) => (*status, *kind, Vec::new(), body.clone()),
        Reply::Truncated => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"number\": 1");
            return;
        }
        Reply::Reset => return,
        Reply::Silence(pause) => {
            let pause = *pause;
            drop(std::thread::spawn(move || {
                std::thread::sleep(pause);
                drop(stream);
            }));
            return;
        }
    };
    let mut head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        // Where a move leads is known only now.
        let host = request.header("host").unwrap_or_default();
        head = format!("{head}{name}: {}\r\n", value.replace("HOST", host));
    }
    head.push_str("connection: close\r\n\r\n");
    // A client may have had enough.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let _ = stream.read(&mut [0; 64]);
}
