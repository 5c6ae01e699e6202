//! What `migrate` prints is what `git apply` takes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(folder: &Path, program: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads nothing closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn git(folder: &Path, arguments: &[&str], input: &[u8]) {
    let output = run(folder, "git", arguments, input);
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn git_applies_the_diff_of_every_wave() {
    let layerwright = env!("CARGO_BIN_EXE_layerwright");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let texts: [(&str, &str); 3] = [
        ("Dockerfile", "FROM scratch\nCOPY a /a\nCOPY b /b/\n"),
        ("a b/Dockerfile", "FROM scratch\r\nCOPY a /a\r\nCOPY b /b/"),
        ("c\"d/Dockerfile", "#!/bin/x\nFROM scratch\nCOPY a /a\nCOPY \\\n  b \\\n  \u{1b}[31m /b/\n\n"),
    ];
    for (path, text) in texts {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    git(root, &["init", "--quiet"], b"");
    git(root, &["add", "--all"], b"");
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    git(root, &[&identity[..], &["commit", "--quiet", "--message=x"]].concat(), b"");
    for wave in ["0", "1"] {
        let diff = run(root, layerwright, &["migrate", "--wave", wave], b"");
        assert!(diff.status.success(), "{}", String::from_utf8_lossy(&diff.stderr));
        git(root, &["apply", "--whitespace=nowarn"], &diff.stdout);
    }
    for (path, text) in texts {
        let new = std::fs::read_to_string(root.join(path)).unwrap();
        assert!(new.contains("COPY --link "), "{path}: {new}");
        assert_eq!(new.contains("\r\n"), text.contains("\r\n"), "{path}");
        assert_eq!(new.ends_with('\n'), text.ends_with('\n'), "{path}");
    }
}
