//! The command lines that build an image from a Dockerfile: those of docker and of tools with the same flags. It never
//! looks at files.

use super::{Declared, Place, Tool};
use crate::text::cut;
use crate::text::pattern::{Part, Pattern};

/// The names of commands that build images.
const TOOLS: [&str; 6] = ["docker", "podman", "nerdctl", "buildah", "docker-buildx", "finch"];

/// Commands whose arguments are text, or run on another machine.
const SPEAKERS: [&str; 9] =
    ["echo", "printf", "print", "ssh", "kubectl", "vagrant", "grep", "alias", "complete"];

/// Flags of the tools themselves, before the command, that take a value.
const GLOBAL: [&str; 21] = [
    "--config",
    "-c",
    "--context",
    "-H",
    "--host",
    "-l",
    "--log-level",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--builder",
    "-n",
    "--namespace",
    "-a",
    "--address",
    "--root",
    "--runroot",
    "--storage-driver",
    "--storage-opt",
    "--connection",
    "--url",
];

/// Flags of `build` that take a value, those of `docker buildx build` first (docker/buildx `commands/build.go`),
/// then those that podman, buildah and nerdctl add.
const VALUED: [&str; 102] = [
    "add-host",
    "allow",
    "annotation",
    "attest",
    "build-arg",
    "build-context",
    "builder",
    "cache-from",
    "cache-to",
    "call",
    "cgroup-parent",
    "cpu-period",
    "cpu-quota",
    "cpu-shares",
    "cpuset-cpus",
    "cpuset-mems",
    "file",
    "iidfile",
    "isolation",
    "label",
    "memory",
    "memory-swap",
    "metadata-file",
    "network",
    "no-cache-filter",
    "output",
    "platform",
    "policy",
    "print",
    "progress",
    "provenance",
    "resource",
    "sbom",
    "secret",
    "security-opt",
    "shm-size",
    "ssh",
    "tag",
    "target",
    "ulimit",
    "invoke",
    "on",
    "root",
    "server-config",
    "source-policy-file",
    "arch",
    "authfile",
    "blob-cache",
    "build-arg-file",
    "buildkit-host",
    "cache-ttl",
    "cap-add",
    "cap-drop",
    "cert-dir",
    "cni-config-dir",
    "cni-plugin-path",
    "compat-volumes",
    "cpp-flag",
    "creds",
    "decryption-key",
    "device",
    "dns",
    "dns-option",
    "dns-search",
    "env",
    "format",
    "from",
    "group-add",
    "hooks-dir",
    "ignorefile",
    "ipc",
    "jobs",
    "layer-label",
    "logfile",
    "logsplit",
    "manifest",
    "namespace",
    "os",
    "os-feature",
    "os-version",
    "pid",
    "retry",
    "retry-delay",
    "runtime",
    "runtime-flag",
    "sbom-image-output",
    "sbom-merge-strategy",
    "sbom-output",
    "sbom-preset",
    "sbom-purl-output",
    "sbom-scanner-command",
    "sbom-scanner-image",
    "sign-by",
    "source-date-epoch",
    "timestamp",
    "unsetenv",
    "unsetlabel",
    "userns",
    "userns-gid-map",
    "userns-uid-map",
    "variant",
    "volume",
];

/// One-letter flags of `build` that take a value.
const SHORT_VALUED: &str = "cfmotv";

/// One-letter flags of `build` that do not take a value.
const SHORT: &str = "Dq";

/// Returns the build that a command line runs, as written: paths are relative to its working directory. `stdin` is
/// the file that standard input comes from. The caller, which knows the directory, sets `folders`. `None` for other
/// commands, and for builds of a Dockerfile that is not a file.
pub(crate) fn declared(words: &[Pattern], stdin: Option<&Pattern>, place: &Place) -> Option<Declared> {
    let args = arguments(words)?;
    let mut options = Options::default();
    let mut rest = args.iter();
    let mut flags = true;
    while let Some(word) = rest.next() {
        let (head, tail) = head(word);
        match head {
            "--" if flags && tail.is_empty() => flags = false,
            _ if flags && head.starts_with("--") => {
                let (name, value) = split_flag(word);
                let valued = VALUED.contains(&name.as_str());
                let value = value.or_else(|| if valued { rest.next().cloned() } else { None });
                options.take(&name, value);
            }
            _ if flags && head.len() > 1 && head.starts_with('-') => {
                let letters = head.trim_start_matches('-').trim_start_matches(|c| SHORT.contains(c));
                let Some((letter, value)) = cut::first(letters).filter(|(c, _)| SHORT_VALUED.contains(*c))
                else {
                    continue;
                };
                let mut value = Pattern::text(value.strip_prefix('=').unwrap_or(value));
                value.push(&tail);
                let value = if value.is_empty() { rest.next().cloned() } else { Some(value) };
                options.take(&letter.to_string(), value);
            }
            _ => options.operands.push(word.clone()),
        }
    }
    let mut declared = options.declared(stdin, place)?;
    declared.tool = Tool::of_words(words);
    Some(declared)
}

/// Returns the tool that a command line runs; empty if only the name of its variable shows that it is one.
pub(super) fn tool_of(words: &[Pattern]) -> Option<&str> {
    words.iter().enumerate().find_map(|(at, word)| tool(word, words.get(at + 1)))
}

#[derive(Default)]
struct Options {
    file: Option<Pattern>,
    target: Option<Pattern>,
    args: Vec<(String, Option<Pattern>)>,
    contexts: Vec<(String, Pattern)>,
    tags: Vec<Pattern>,
    platforms: Vec<Pattern>,
    operands: Vec<Pattern>,
}

impl Options {
    fn take(&mut self, name: &str, value: Option<Pattern>) {
        let Some(value) = value else { return };
        match name {
            "f" | "file" => self.file = Some(value),
            "t" | "tag" => self.tags.push(value),
            "target" => self.target = Some(value),
            "platform" => self.platforms.extend(split(&value, ',')),
            "build-arg" => {
                let (name, value) = assignment(&value);
                self.args.extend(name.map(|name| (name, value)));
            }
            "build-context" => {
                if let (Some(name), Some(value)) = assignment(&value) {
                    self.contexts.push((name, value));
                }
            }
            // `buildx build --output type=image,name=…` names the image too.
            "o" | "output" => {
                let named = split(&value, ',').into_iter().filter_map(|part| match assignment(&part) {
                    (Some(name), Some(value)) if name == "name" => Some(value),
                    _ => None,
                });
                self.tags.extend(named);
            }
            _ => {}
        }
    }

    fn declared(self, stdin: Option<&Pattern>, place: &Place) -> Option<Declared> {
        // A fully unknown word may be more flags.
        let is_flags = |word: &&Pattern| matches!(word.parts(), [Part::Hole(_)]) && !is_place(word);
        let at = self.operands.iter().rposition(|word| !is_flags(&word));
        let at = at.or(self.operands.len().checked_sub(1))?;
        let operand = &self.operands[at];
        let others = self.operands.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, word)| word);
        let flags: Vec<String> =
            others.filter(is_flags).map(|word| format!("the options in {word}")).collect();
        let from_stdin = |word: &Pattern| word.known() == Some("-");
        let dockerfile = match &self.file {
            Some(file) if from_stdin(file) => stdin?.clone(),
            _ if from_stdin(operand) => stdin?.clone(),
            Some(file) => file.clone(),
            None if is_remote(operand) => return None,
            None => {
                let mut file = operand.clone();
                file.push_text(if operand.is_empty() { "Dockerfile" } else { "/Dockerfile" });
                file
            }
        };
        let mut declared = Declared::new(place.clone(), Vec::new(), dockerfile);
        declared.context = Some(operand.clone());
        declared.unsettled = flags;
        declared.target = self.target;
        declared.args = self.args;
        declared.contexts = self.contexts;
        declared.tags = self.tags;
        declared.platforms = self.platforms;
        Some(declared)
    }
}

/// Returns true if a context is not a folder: a remote repository or archive.
pub(super) fn is_remote(context: &Pattern) -> bool {
    let Some(Part::Text(start)) = context.parts().first() else { return false };
    start.contains("://") || start.starts_with("git@") || start.starts_with("github.com/")
}

/// Returns true if an unknown word is a folder known to the script.
fn is_place(word: &Pattern) -> bool {
    crate::shell::below_root(word).is_some() || crate::shell::below_start(word).is_some()
}

/// Returns the words after `build` in a command line that builds an image.
fn arguments(words: &[Pattern]) -> Option<&[Pattern]> {
    if words.first().and_then(Pattern::known).is_some_and(|name| SPEAKERS.contains(&name)) {
        return None;
    }
    let (at, tool) =
        words.iter().enumerate().find_map(|(at, word)| Some((at, tool(word, words.get(at + 1))?)))?;
    let mut rest = &words[at + 1..];
    loop {
        let (word, after) = rest.split_first()?;
        rest = match word.known() {
            None | Some("image" | "builder" | "buildx") => after,
            Some("build" | "build-using-dockerfile") => return Some(after),
            Some("bud") if matches!(tool, "buildah" | "") => return Some(after),
            Some("b") if words[at..].iter().any(|word| word.known() == Some("buildx")) => return Some(after),
            Some(flag) if GLOBAL.contains(&flag) => after.get(1..)?,
            Some(flag) if flag.starts_with('-') => after,
            Some(_) => return None,
        };
    }
}

/// Returns the tool that a word names; empty if only the name of its variable shows that it is one.
fn tool<'w>(word: &'w Pattern, next: Option<&Pattern>) -> Option<&'w str> {
    let name = match word.parts() {
        [Part::Text(text)] => text.rsplit('/').next().unwrap_or(text),
        [.., Part::Text(text)] => text.rsplit_once('/')?.1,
        [Part::Hole(hole)] => {
            let hole = hole.to_lowercase();
            let known = ["docker", "podman", "container", "engine", "nerdctl", "buildah", "buildx", "oci"];
            let builds = next.and_then(Pattern::known).is_some_and(|next| {
                matches!(next, "build" | "buildx" | "image" | "builder" | "bud") || next.starts_with('-')
            });
            return (builds && known.iter().any(|known| hole.contains(known))).then_some("");
        }
        _ => return None,
    };
    TOOLS.contains(&name).then_some(name)
}

/// Returns the text that a word starts with, and the rest.
fn head(word: &Pattern) -> (&str, Pattern) {
    match word.parts().split_first() {
        Some((Part::Text(text), rest)) => (
            text,
            rest.iter().cloned().map(Pattern::from).fold(Pattern::default(), |mut whole, part| {
                whole.push(&part);
                whole
            }),
        ),
        _ => ("", word.clone()),
    }
}

/// Parses `--name=value` or `--name`.
fn split_flag(word: &Pattern) -> (String, Option<Pattern>) {
    match assignment(word) {
        (Some(name), value) => (name.trim_start_matches('-').to_owned(), value),
        (None, _) => (String::new(), None),
    }
}

/// Parses `NAME=value` or `NAME`; no name if it is not known.
fn assignment(word: &Pattern) -> (Option<String>, Option<Pattern>) {
    let (text, tail) = head(word);
    match text.split_once('=') {
        Some((name, value)) => {
            let mut value = Pattern::text(value);
            value.push(&tail);
            (Some(name.to_owned()), Some(value))
        }
        None if tail.is_empty() && !text.is_empty() => (Some(text.to_owned()), None),
        None => (None, None),
    }
}

fn split(word: &Pattern, separator: char) -> Vec<Pattern> {
    let mut found = vec![Pattern::default()];
    for part in word.parts() {
        match part {
            Part::Hole(name) => found.last_mut().into_iter().for_each(|last| last.push_hole(name)),
            Part::Text(text) => {
                for (at, piece) in text.split(separator).enumerate() {
                    if at > 0 {
                        found.push(Pattern::default());
                    }
                    found.last_mut().into_iter().for_each(|last| last.push_text(piece));
                }
            }
        }
    }
    found.retain(|piece| !piece.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::super::BuildFileKind;
    use super::*;
    use crate::git::RepoPath;

    /// `$x` is a hole of that name, up to a character that is not allowed in names.
    fn word(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        for (at, part) in text.split('$').enumerate() {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            let hole = if at > 0 { end } else { 0 };
            if hole > 0 {
                pattern.push_hole(&part[..hole]);
            }
            pattern.push_text(&part[hole..]);
        }
        pattern
    }

    fn read(line: &str) -> Option<Declared> {
        let words: Vec<Pattern> = line.split(' ').map(word).collect();
        let place = Place { kind: BuildFileKind::Script, path: RepoPath::new("build.sh").unwrap(), line: 1 };
        declared(&words, None, &place)
    }

    fn shown(line: &str) -> String {
        let declared = read(line).unwrap_or_else(|| panic!("{line} builds nothing"));
        let tags: Vec<String> = declared.tags.iter().map(ToString::to_string).collect();
        format!("{} from {} as {}", declared.dockerfile, declared.context.unwrap(), tags.join(" "))
    }

    #[test]
    fn the_context_is_found_behind_every_flag() {
        for (line, want) in [
            ("docker build -t app .", "./Dockerfile from . as app"),
            ("docker build . -t app --tag app:1", "./Dockerfile from . as app app:1"),
            ("docker image build --tag=app -f x/Dockerfile .", "x/Dockerfile from . as app"),
            ("docker builder build -qt app -f=Dockerfile.x x", "Dockerfile.x from x as app"),
            ("docker buildx build --load --platform linux/amd64 -ftest app", "test from app as "),
            ("docker buildx b --builder x --provenance false app", "app/Dockerfile from app as "),
            ("docker-buildx build --secret id=a,src=b app", "app/Dockerfile from app as "),
            ("docker --context x -H tcp://y build app", "app/Dockerfile from app as "),
            ("podman build --format docker --layers -v /a:/b app", "app/Dockerfile from app as "),
            ("podman buildx build app", "app/Dockerfile from app as "),
            ("buildah bud -t app app", "app/Dockerfile from app as app"),
            ("nerdctl build --namespace k8s.io app", "app/Dockerfile from app as "),
            ("/usr/bin/docker build app", "app/Dockerfile from app as "),
            ("retry 3 docker build app", "app/Dockerfile from app as "),
            ("$DOCKER build app", "app/Dockerfile from app as "),
            ("docker build $flags app", "app/Dockerfile from app as "),
            ("docker build app $flags", "app/Dockerfile from app as "),
            ("docker build -t $image:$tag $dir", "${dir}/Dockerfile from ${dir} as ${image}:${tag}"),
            ("docker build -- app", "app/Dockerfile from app as "),
            ("docker buildx build -o type=image,name=app,push=true .", "./Dockerfile from . as app"),
        ] {
            assert_eq!(shown(line), want, "{line}");
        }
    }

    #[test]
    fn what_is_no_build_of_a_file_is_left_alone() {
        for line in [
            "docker run -v x:y image docker build .",
            "docker compose build .",
            "docker buildx bake app",
            "docker buildx create --name x",
            "docker build -t app -",
            "docker build -f - .",
            "docker build https://example.org/x.git",
            "docker build -t app",
            "echo docker build .",
            "ssh host docker build .",
            "cargo build .",
            "$CARGO build .",
            "podman bud .",
            "docker",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn arguments_contexts_and_platforms_are_read() {
        let build = "docker build --build-arg A=1 --build-arg B --build-arg=C=$x=y --build-arg $d \
                     --build-context src=../src --platform linux/amd64,$p --target dev .";
        let declared = read(build).unwrap();
        let args: Vec<String> = declared
            .args
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_ref().map_or("?".into(), ToString::to_string)))
            .collect();
        assert_eq!(args, ["A=1", "B=?", "C=${x}=y"]);
        assert_eq!(declared.contexts, [("src".to_owned(), word("../src"))]);
        assert_eq!(declared.platforms, [word("linux/amd64"), word("$p")]);
        assert_eq!(declared.target, Some(word("dev")));
    }

    #[test]
    fn a_dockerfile_may_come_through_standard_input() {
        let words: Vec<Pattern> = "docker build -f - app".split(' ').map(Pattern::text).collect();
        let place = Place { kind: BuildFileKind::Script, path: RepoPath::new("build.sh").unwrap(), line: 1 };
        let declared = declared(&words, Some(&Pattern::text("x.Dockerfile")), &place).unwrap();
        assert_eq!(declared.dockerfile.known(), Some("x.Dockerfile"));
        assert_eq!(declared.context.unwrap().known(), Some("app"));
    }
}
