//! The few commands that the RUN lines of the cases consist of. Anything else is not covered.

use super::decider::build::Stage;
use super::decider::filesystem::{Fails, Filesystem, Metadata, Node, join, split};

/// Runs a script as root; it fails without a shell. None where it has something that is not covered.
pub fn run(script: &str, stage: &mut Stage) -> Option<Result<(), Fails>> {
    let has_shell = match stage.files.root_path("/bin/sh") {
        Ok(real) => matches!(stage.files.get(&real), Some(Node::File(..))),
        Err(_) => false,
    };
    if has_shell { commands(script, stage).map(Ok) } else { Some(Err(Fails("there is no /bin/sh".into()))) }
}

fn commands(script: &str, stage: &mut Stage) -> Option<()> {
    let is_root = matches!(stage.user.as_str(), "" | "0" | "root" | "0:0");
    if !is_root || script.contains(['$', '`', '\'', '"', '|', ';', '*', '?', '(', '\\', '{', '<', '~']) {
        return None;
    }
    let files = &mut stage.files;
    files.make_directories(&files.root_path(&stage.workdir).ok()?, None).ok()?;
    for mounted in ["/dev", "/proc", "/sys"] {
        files.make_directories(mounted, None).ok()?;
    }
    if script.replace("&&", "").contains('&') {
        return None;
    }
    script.split("&&").try_for_each(|command| simple(command.trim(), &stage.workdir, files))
}

fn simple(command: &str, workdir: &str, files: &mut Filesystem) -> Option<()> {
    let (command, written) = match command.split_once('>') {
        Some((command, file)) => (command, Some(file.trim_start_matches('>').trim())),
        None => (command, None),
    };
    let words: Vec<&str> = command.split_whitespace().collect();
    let (name, arguments) = words.split_first()?;
    let (flags, operands): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|word| word.starts_with('-'));
    let at = |word: &str| join(if word.starts_with('/') { "/" } else { workdir }, word);
    let paths = || operands.iter().map(|word| at(word));
    match (*name, &flags[..]) {
        ("true" | "echo", _) => {}
        ("mkdir", [] | ["-p"]) => paths().try_for_each(|path| mkdir(files, &path, !flags.is_empty()))?,
        ("touch", []) => paths().try_for_each(|path| write(files, &path))?,
        ("rm", [] | ["-rf"]) => paths().for_each(|path| {
            if let Ok(parent) = files.root_path(split(&path).0) {
                files.remove(&join(&parent, split(&path).1));
            }
        }),
        ("ln", ["-s"]) => {
            let [target, link] = operands[..] else { return None };
            let link = at(link);
            if files.get(&link).is_some() || !files.is_directory(split(&link).0) {
                return None;
            }
            files.put(&link, Node::Symlink(Metadata::new(0o777, 0, 0), target.to_owned()));
        }
        ("chmod" | "chown" | "chgrp", [] | ["-R"]) => {
            let (value, _) = operands.split_first()?;
            for path in paths().skip(1) {
                let real = files.root_path(&path).ok()?;
                change(name, value, files.metadata_mut(&real)?)?;
                let below: Vec<String> = files.entries().map(|(path, _)| path.to_owned()).collect();
                for path in below.iter().filter(|at| !flags.is_empty() && at.starts_with(&format!("{real}/")))
                {
                    change(name, value, files.metadata_mut(path)?)?;
                }
            }
        }
        _ => return None,
    }
    written.map_or(Some(()), |file| write(files, &at(file)))
}

fn change(command: &str, value: &str, metadata: &mut Metadata) -> Option<()> {
    match command {
        "chmod" => metadata.mode = u32::from_str_radix(value, 8).ok()?,
        "chgrp" => metadata.gid = value.parse().ok()?,
        _ => {
            let (uid, gid) = value.split_once(':')?;
            (metadata.uid, metadata.gid) = (uid.parse().ok()?, gid.parse().ok()?);
        }
    }
    Some(())
}

fn mkdir(files: &mut Filesystem, path: &str, parents: bool) -> Option<()> {
    let real = files.root_path(path).ok()?;
    if parents {
        return files.make_directories(&real, None).ok();
    }
    (files.is_directory(split(&real).0) && files.get(&real).is_none())
        .then(|| files.make_directory(&real, 0o755))
}

/// Writes a file, through a link where one is there.
fn write(files: &mut Filesystem, path: &str) -> Option<()> {
    let real = files.root_path(path).ok()?;
    if files.is_directory(&real) || !files.is_directory(split(&real).0) {
        return None;
    }
    if files.get(&real).is_none() {
        files.put(&real, Node::File(Metadata::new(0o644, 0, 0), format!("written to {path}")));
    }
    Some(())
}
