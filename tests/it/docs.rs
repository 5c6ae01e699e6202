//! The commands of README and docs: each console block is executed, and gives the output that stands there. `…` stands for
//! any text; on a line of its own, for any lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use layerwright::campaign::evidence::{self, Outcome, Reached, SiteEvidence};
use layerwright::campaign::names::evidence_files;
use layerwright::campaign::plan::file::Plan;
use layerwright::git::RepoPath;

use crate::evidence::differing;
use crate::support::{BINARY, Scratch, Tar, is_set, left_out};

/// The Dockerfile of the README.
const AUTH: &str =
    "FROM debian:bookworm-slim\nCOPY auth /usr/local/bin/auth\nCOPY conf /etc/auth/\nCOPY keys /root/.keys\n";

/// A command with the output that stands below it.
#[derive(Debug)]
struct Shown {
    command: String,
    output: Vec<String>,
}

/// The commands of the console blocks of a file, in order.
fn commands(file: &Path) -> Vec<Shown> {
    let text = fs::read_to_string(file).unwrap();
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            line if inside => match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown { command: command.to_owned(), output: Vec::new() }),
                None => shown.last_mut().unwrap().output.push(line.to_owned()),
            },
            _ => {}
        }
    }
    shown
}

/// The files with console blocks.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    files.push(root.join("README.md"));
    files.sort();
    files
}

/// The repository of the examples, with `debian.tar` beside the files that git tracks.
fn shop() -> Scratch {
    let scratch = Scratch::with(&[
        ("services/auth/Dockerfile", AUTH),
        ("services/auth/auth", "#!/bin/sh\n"),
        ("services/auth/conf/auth.conf", ""),
        ("services/auth/keys/key", ""),
        ("compose.yaml", "services:\n  auth:\n    build: services/auth\n"),
        (".gitignore", "debian.tar\nproposals/\n"),
    ]);
    let mut tar = Tar::new();
    tar.dir("etc", 0o755).file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/bash\n");
    tar.file("etc/group", 0o644, b"root:x:0:\n").dir("root", 0o700).dir("usr", 0o755);
    tar.dir("usr/bin", 0o755).dir("usr/local", 0o755).dir("usr/local/bin", 0o755).symlink("bin", "usr/bin");
    scratch.write("debian.tar", tar.bytes());
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    scratch
}

/// The evidence of `verify` where nothing can be built: the image stays the same.
fn verify_by_hand(scratch: &Scratch) {
    let plan = Plan::read(&scratch.read("plans/copy-link/plan.json")).unwrap();
    let file = plan.file("services/auth/Dockerfile").unwrap();
    let repository = scratch.open();
    let commit = repository.resolve(None).unwrap();
    let own = evidence::own_paths(&plan, &layerwright::config::Config::default());
    let mut made = differing(&file.path);
    made.commit = Some(commit.to_string());
    made.before.clone_from(&file.blob);
    made.after = file.rewritten.clone().unwrap();
    made.outcome = Outcome::Same;
    let (build, context) = (&mut made.builds[0], &file.contexts[0]);
    build.context.clone_from(&context.root);
    build.tree =
        evidence::tree_of_context(&repository, &commit, &context.root, &context.contexts, &own).unwrap();
    build.outcome = Outcome::Same;
    build.bases = [("debian:bookworm-slim".to_owned(), None)].into();
    build.differences.clear();
    let reached = Reached::Linked;
    build.sites =
        file.selected().map(|site| SiteEvidence { line: site.line, reached, compared: None }).collect();
    let name = evidence_files(&RepoPath::new(&file.path).unwrap()).unwrap().present;
    let mut bytes = Vec::new();
    made.write(&mut bytes).unwrap();
    scratch.write(&format!(".git/layerwright/copy-link/evidence/{name}"), bytes);
}

/// Whether the lines of an output are those that are shown.
fn reads(shown: &[String], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "…" => {
            (0..=lines.len()).any(|skipped| reads(rest, &lines[skipped..]))
        }
        (Some((first, rest)), Some((line, others))) => is_like(first, line) && reads(rest, others),
        _ => false,
    }
}

/// Whether a line is the shown one, in which `…` stands for any text.
fn is_like(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        let end = if at + 1 == parts.len() { rest.rfind(part) } else { rest.find(part) };
        let Some(end) = end else { return false };
        rest = &rest[end + part.len()..];
    }
    rest.trim_end().is_empty()
}

#[test]
fn every_console_block_gives_what_it_shows() {
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(BINARY, bin.path().join("layerwright")).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let mut executed = 0;
    for file in files() {
        let scratch = shop();
        for Shown { command, output } in commands(&file) {
            let program = command.split(' ').next().unwrap();
            let has_engine = is_set("LAYERWRIGHT_ENGINE");
            let is_executed =
                ["layerwright", "git", "cat"].contains(&program) || program == "docker" && has_engine;
            if !is_executed {
                left_out(
                    &format!("`{command}` of {}", file.display()),
                    "only commands of this repository are executed",
                );
                continue;
            }
            if command.starts_with("layerwright verify") && !has_engine {
                left_out(&format!("`{command}` of {}", file.display()), "it needs an engine");
                verify_by_hand(&scratch);
                continue;
            }
            let mut run = Command::new("/bin/sh");
            // Without a network, the frontend of the header cannot be pulled.
            let more = if command.starts_with("layerwright verify") { " --frontend builtin" } else { "" };
            run.args(["-c", &format!("{command}{more} 2>&1")]).current_dir(scratch.root()).env_clear();
            for name in ["DOCKER_HOST", "DOCKER_CONFIG"] {
                run.envs(std::env::var(name).map(|value| (name, value)));
            }
            run.env("PATH", &path).env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
            let run = run.output().unwrap();
            let said = String::from_utf8(run.stdout).unwrap();
            let lines: Vec<&str> = said.lines().collect();
            assert!(
                reads(&output, &lines),
                "{}: `{command}` says:\n{said}\nnot:\n{}",
                file.display(),
                output.join("\n")
            );
            executed += 1;
        }
    }
    assert!(executed >= 6, "only {executed} commands were executed");
}

#[test]
fn the_readme_is_two_screens_and_its_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        // What is in a code span is no link.
        let prose: String = text.lines().flat_map(|line| line.split('`').step_by(2).chain(["\n"])).collect();
        let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = file.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{}: {link}", file.display());
        }
    }
}
