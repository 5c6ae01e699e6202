//! A real browser: Chromium without a window, driven through its debugging protocol.
//!
//! It is used where `LAYERWRIGHT_BROWSER=1` allows it: `chromium` from PATH, or `$CHROMIUM`.
//! `LAYERWRIGHT_REQUIRE_BROWSER=1` makes a missing one a failure.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{is_set, left_out};

/// How long a browser may take to answer; others may keep the machine busy.
const PATIENCE: Duration = Duration::from_mins(3);

/// Nothing but the page: no network of its own, no first run, no sandbox, which root has none of.
const ARGUMENTS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A browser with one page open.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Value>,
    session: Option<String>,
    asked: u64,
    events: Vec<Value>,
    pages: usize,
    _profile: tempfile::TempDir,
}

fn program() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into())
}

/// Whether there is a browser and it may be used. Says what is left out otherwise.
pub fn is_there(what: &str) -> bool {
    let required = is_set("LAYERWRIGHT_REQUIRE_BROWSER");
    if !required && !is_set("LAYERWRIGHT_BROWSER") {
        left_out(what, "LAYERWRIGHT_BROWSER=1 does not allow a browser");
        return false;
    }
    let found = Command::new(program()).arg("--version").output();
    let why = match found {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(!required, "{what}: there is no browser: {}: {why}", program());
    left_out(what, &format!("there is no browser: {}: {why}", program()));
    false
}

impl Browser {
    /// Starts one with a profile of its own and an empty page.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The protocol is read from 3 and written to 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>&2", "sh"])
            .arg(program())
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            input,
            answers,
            session: None,
            asked: 0,
            events: Vec::new(),
            pages: 0,
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", &attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Calls a method of the protocol and waits for its result.
    pub fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.input.write_all(&bytes).unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.asked {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn next(&self) -> Value {
        self.answers.recv_timeout(PATIENCE).expect("the browser answers")
    }

    /// Opens a file and waits until it is loaded. What happened before is forgotten.
    pub fn open(&mut self, file: &std::path::Path) {
        self.events.clear();
        let opened = self.ask("Page.navigate", &json!({"url": format!("file://{}", file.display())}));
        assert!(opened["errorText"].is_null(), "{opened}");
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
        self.pages += 1;
    }

    /// What a script in the page says. The policy of the page does not hold for it.
    pub fn evaluate(&mut self, script: &str) -> Value {
        let how = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let said = self.ask("Runtime.evaluate", &how);
        assert!(said["exceptionDetails"].is_null(), "{}", said["exceptionDetails"]);
        said["result"]["value"].clone()
    }

    /// What the console, the log and dialogs said since the page was opened.
    pub fn complaints(&mut self) -> Vec<String> {
        // What the page said comes before this answer.
        self.evaluate("new Promise(done => setTimeout(done, 50))");
        let said = [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
            "Page.javascriptDialogOpening",
        ];
        let mut found: Vec<String> = Vec::new();
        for event in &self.events {
            if said.iter().any(|method| event["method"] == *method) {
                found.push(event["params"].to_string());
            }
        }
        found
    }

    /// The addresses that were asked for since the page was opened.
    pub fn requests(&self) -> Vec<String> {
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes the page as wide as a screen.
    pub fn resize(&mut self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Shows the page as on a `screen` or in `print`, to somebody who prefers `light` or `dark`.
    pub fn medium(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", &json!({"media": medium, "features": features}));
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        let mut event =
            json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
        self.ask("Input.dispatchKeyEvent", &event);
        event["type"] = json!("keyUp");
        self.ask("Input.dispatchKeyEvent", &event);
    }

    /// How many pages were opened.
    pub fn pages(&self) -> usize {
        self.pages
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
