//! A server that answers with what a test says, writes down what it is asked, and fails where it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use crate::proxy;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Reads a request; `None` if the connection ends before one.
    pub fn read(stream: &mut impl Read) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut asked = Self { method, path, headers, body: Vec::new() };
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        asked.body.resize(length, 0);
        reader.read_exact(&mut asked.body).ok()?;
        Some(asked)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The bytes of the body after which the connection ends; `None` for all of it.
    pub cut: Option<usize>,
    /// The time that passes before each byte of the body.
    pub drip: Option<Duration>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None, drip: None }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn to(location: &str) -> Self {
        Self::new(307, "").with("location", location)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn write(&self, stream: &mut impl Write, is_head: bool) {
        let mut head = format!("HTTP/1.1 {} Said\r\nconnection: close\r\n", self.status);
        if self.header("content-length").is_none() {
            head.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        for (name, value) in &self.headers {
            head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        let body = &self.body[..self.cut.unwrap_or(self.body.len())];
        // A client that has read enough closes the connection.
        let _ = stream.write_all(format!("{head}\r\n").as_bytes());
        match self.drip {
            _ if is_head => {}
            None => drop(stream.write_all(body)),
            Some(pause) => {
                for byte in body {
                    thread::sleep(pause);
                    if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
                        return;
                    }
                }
            }
        }
        let _ = stream.flush();
    }
}

/// A server on this machine, until the end of the tests.
pub struct Server {
    pub at: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that answers with the result of `answer`.
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let (listener, asked) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::<Mutex<Vec<Asked>>>::default());
        let at = listener.local_addr().unwrap();
        let (noted, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(asked) = Asked::read(&mut stream) else { return };
                    noted.lock().unwrap().push(asked.clone());
                    answer(&asked).write(&mut stream, asked.method == "HEAD");
                });
            }
        });
        Self { at, asked }
    }

    /// The same, with TLS and the certificate of `api.test`.
    pub fn start_tls(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let (listener, asked) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::<Mutex<Vec<Asked>>>::default());
        let (at, config) = (listener.local_addr().unwrap(), proxy::tls());
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                let Some(asked) = Asked::read(&mut stream) else { continue };
                noted.lock().unwrap().push(asked.clone());
                answer(&asked).write(&mut stream, asked.method == "HEAD");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { at, asked }
    }

    /// The name of the server in a reference.
    pub fn host(&self) -> String {
        self.at.to_string()
    }

    /// Takes the requests so far.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Takes the requests so far, each as `GET /v2/`, sorted.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.take().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
        lines.sort();
        lines
    }
}

/// Passes a request on to another server.
pub fn pass_on(asked: &Asked, to: SocketAddr) -> Answer {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", asked.method, asked.path);
    for (name, value) in asked.headers.iter().filter(|(name, _)| name != "connection") {
        head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(&asked.body).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut answer = Answer::new(line.split(' ').nth(1).unwrap().parse().unwrap(), "");
    let mut is_chunked = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "connection" => {}
            "transfer-encoding" => is_chunked = true,
            name => answer = answer.with(name, value),
        }
    }
    assert!(!is_chunked, "{} {}", asked.method, asked.path);
    reader.read_to_end(&mut answer.body).unwrap();
    answer
}
