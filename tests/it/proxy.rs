//! A server that is reached through a proxy: a tunnel to a server with TLS, both of them here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Run, Scratch, command, linkable};

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/proxy").join(name)
}

/// The head of a request.
fn head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// The settings of a server with the certificate of `api.test`.
pub fn tls() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(data("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(data("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// Starts `api.test`, which has one issue.
fn server() -> SocketAddr {
    let (config, listener) = (tls(), TcpListener::bind("127.0.0.1:0").unwrap());
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            assert!(head(&mut stream).starts_with("GET /api/v3/repos/o/r/issues/1 HTTP/1.1\r\n"));
            let body = r#"{"number": 1, "body": "- [ ] a/Dockerfile"}"#;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    at
}

/// Starts a proxy whose every tunnel leads to `to`, and returns what it is asked.
pub fn proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let (listener, asked) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::default());
    let at = listener.local_addr().unwrap();
    let noted: Arc<Mutex<Vec<String>>> = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut near = stream.unwrap();
            noted.lock().unwrap().push(head(&mut near));
            near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let mut far = TcpStream::connect(to).unwrap();
            let (mut back, mut forth) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut back, &mut forth));
            thread::spawn(move || io::copy(&mut near, &mut far));
        }
    });
    (at, asked)
}

#[test]
fn a_server_is_reached_through_the_proxy_of_the_environment() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", "")]);
    let (at, asked) = proxy(server());
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let mut plan = command(scratch.root());
        plan.args(["plan", "--format", "json", "--issue", "o/r#1", "--api", "https://api.test/api/v3"]);
        plan.env(variable, format!("http://ann:hunter2@{at}")).env("NO_PROXY", "other.test");
        plan.env("SSL_CERT_FILE", data("certificate.pem"));
        let plan = Run::of(plan.output().unwrap()).done().json();
        assert_eq!(plan["files"][0]["path"], "a/Dockerfile", "{variable}");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    for head in &*asked {
        assert!(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Basic YW5uOmh1bnRlcjI="), "{head}");
    }
}
