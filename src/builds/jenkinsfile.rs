//! The `sh` and `docker.build` steps of a Jenkinsfile whose arguments are literal texts. They start in the workspace, which is the root of the
//! repository, or in the folder of the `dir` around them. It never runs them, and it does not interpret Groovy.

use std::collections::BTreeSet;

use super::invocation::Assigned;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, compose, names};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;
use crate::text::{LineIndex, cut};

/// The start of the shell variables that stand for expressions of Groovy.
const EXPRESSION: &str = "_jenkins_";
/// The start of an expression in a text.
const OPEN: &str = "$";

/// Returns what the `sh` steps of a Jenkinsfile run.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Runs {
    let mut found = Runs::default();
    if !repository.interests(text) {
        return found;
    }
    let mut reader = Reader::new(text);
    reader.read();
    // Other code than that of the repository, at another place or in its stead.
    let fetches = ["checkout(", "checkout poll", "git url", "git(", "unstash", "ws("];
    let fetched = fetches.into_iter().find(|step| text.contains(step));
    let fetched = fetched.map(|step| format!("{} in {path}", step.trim_end_matches('(')));
    let assigned: BTreeSet<String> = Assigned::of(text).names();
    for step in reader.steps {
        let origin = Origin { kind: BuildFileKind::Jenkinsfile, path, first_line: step.line };
        let given = |name: &str| match name.strip_prefix(EXPRESSION) {
            Some(expression) => Some(Pattern::hole(expression)),
            None => (assigned.contains(name) || names::is_of_pipeline(name)).then(|| Pattern::hole(name)),
        };
        let (folders, unsettled) = match &step.folder {
            Some(folder) => (vec![compose::below("", folder)], fetched.clone()),
            None => (vec![String::new()], Some("the folder of a step".to_owned())),
        };
        let mut runs =
            script::declared_in(repository, &step.script, origin, &Starts { folders, unsettled }, &given);
        for call in &mut runs.invocations {
            call.assigned.extend(assigned.iter().cloned());
        }
        found.add(runs);
    }
    found
}

/// A step that runs a script.
#[derive(Debug, PartialEq)]
struct Step {
    line: usize,
    script: String,
    /// The folder that it runs in; `None` if that is an expression.
    folder: Option<String>,
}

/// Reads the steps of a Jenkinsfile.
struct Reader<'t> {
    text: &'t str,
    lines: LineIndex,
    at: usize,
    /// For each block around the position, the folder of its `dir`; [`OPEN`] is in one that is an expression.
    blocks: Vec<Option<String>>,
    steps: Vec<Step>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let lines = LineIndex::new(text.as_bytes());
        Self { text, lines, at: 0, blocks: Vec::new(), steps: Vec::new() }
    }

    fn rest(&self) -> &'t str {
        cut::from(self.text, self.at)
    }

    fn read(&mut self) {
        // The folder of a `dir` whose block has not started.
        let mut folder: Option<String> = None;
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else if matches!(c, '\'' | '"') {
                self.literal();
            } else if c == '{' {
                self.blocks.push(folder.take());
                self.at += 1;
            } else if c == '}' {
                self.blocks.pop();
                self.at += 1;
            } else if c.is_alphabetic() || c == '_' {
                let (word, _) = cut::where_ends(rest, |c| !(c.is_alphanumeric() || c == '_'));
                let is_member = cut::before(self.text, self.at).ends_with('.');
                self.at += word.len();
                let of_docker = cut::before(self.text, self.at).ends_with("docker.build");
                match word {
                    "sh" if !is_member => self.step(),
                    "build" if of_docker => self.image(),
                    "dir" if !is_member => {
                        let path = self.argument("path").map(|(_, path)| path);
                        folder = Some(path.unwrap_or_else(|| OPEN.to_owned()));
                    }
                    _ => {}
                }
            } else {
                self.at += c.len_utf8();
            }
        }
    }

    /// Reads the step after `sh`.
    fn step(&mut self) {
        if let Some((line, script)) = self.argument("script") {
            self.add(line, script);
        }
    }

    /// Reads the arguments of `docker.build`: a tag, then the rest of the command line, which is `.` by default (Docker
    /// Pipeline plugin, `Docker.groovy`).
    fn image(&mut self) {
        let Some((line, tag)) = self.argument("image") else { return };
        self.blanks();
        let args = match self.rest().chars().next() {
            Some(',') => {
                self.at += 1;
                self.argument("args").map(|(_, args)| args)
            }
            Some(')') => Some(".".to_owned()),
            _ => None,
        };
        if let Some(args) = args {
            self.add(line, format!("docker build -t \"{tag}\" {args}"));
        }
    }

    fn add(&mut self, line: usize, script: String) {
        let mut whole = Some(String::new());
        for folder in self.blocks.iter().flatten() {
            whole = whole.filter(|_| !folder.contains(OPEN)).map(|whole| compose::below(&whole, folder));
        }
        self.steps.push(Step { line, script, folder: whole });
    }

    /// Reads an argument that is a literal text, with its line: `'x'`, `('x')`, `(script: 'x')`. `None` for an expression.
    fn argument(&mut self, label: &str) -> Option<(usize, String)> {
        let start = self.at;
        self.blanks();
        if self.rest().starts_with('(') {
            self.at += 1;
            self.blanks();
        }
        if let Some(after) = self.rest().strip_prefix(label).map(str::trim_start)
            && let Some(after) = after.strip_prefix(':')
        {
            self.at = self.text.len() - after.len();
            self.blanks();
        }
        let line = self.lines.position(self.at).line;
        let text = self.literal();
        let is_whole = !self.rest().trim_start_matches([' ', '\t', '\n', '\r']).starts_with(['+', '.']);
        if text.is_none() {
            self.at = start;
        }
        text.filter(|_| is_whole).map(|text| (line, text))
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Reads a quoted text; `None` if there is none here. Expressions become variables of the shell.
    fn literal(&mut self) -> Option<String> {
        let rest = self.rest();
        let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| rest.starts_with(quote))?;
        let expands = quote.starts_with('"');
        self.at += quote.len();
        let mut out = String::new();
        while let Some(c) = self.rest().chars().next() {
            if self.rest().starts_with(quote) {
                self.at += quote.len();
                return Some(out);
            }
            self.at += c.len_utf8();
            match c {
                '\\' => {
                    let escaped = self.rest().chars().next()?;
                    self.at += escaped.len_utf8();
                    match escaped {
                        'n' => out.push('\n'),
                        't' => out.push('\t'),
                        'r' => out.push('\r'),
                        // The shell joins the lines too, and the numbers of lines stay.
                        '\n' => out.push_str("\\\n"),
                        other => out.push(other),
                    }
                }
                '$' if expands => self.expression(&mut out),
                c => out.push(c),
            }
        }
        Some(out)
    }

    /// Reads the expression after a dollar.
    fn expression(&mut self, out: &mut String) {
        let rest = self.rest();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let inside = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let (plain, _) = cut::where_ends(rest, |c| !is_name(c));
        let (expression, length) =
            inside.map_or((plain, plain.len()), |(inside, _)| (inside, inside.len() + 2));
        self.at += length;
        let name = expression.trim().rsplit('.').next().unwrap_or_default();
        out.push_str("${");
        out.push_str(EXPRESSION);
        out.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::files::tests::with;
    use super::*;

    fn read(text: &str) -> Vec<(String, String, usize, usize)> {
        let path = RepoPath::new("ci/Jenkinsfile").unwrap();
        let files = ["Dockerfile.a", "a/Dockerfile", "b/Dockerfile", "c/d/Dockerfile"].map(|path| (path, ""));
        let scripts = BTreeSet::new();
        let runs = with(&files, |files| runs(Repository { files, scripts: &scripts }, &path, text));
        let builds = runs.builds.into_iter().map(|build| {
            let context = build.context.map(|context| context.to_string()).unwrap_or_default();
            (build.dockerfile.to_string(), context, build.place.line, build.unsettled.len())
        });
        builds.collect()
    }

    #[test]
    fn literal_steps_are_read_where_they_run() {
        let text = "pipeline { stages { stage('a') { steps {\n// sh 'docker build no'\nsh \"docker build \\\n  -t ${IMAGE}:$TAG -f Dockerfile.a .\"\n\
                    sh '''#!/bin/sh\n  set -e\n  docker build b\n'''\ndir('c') { sh(script: \"docker build d\", returnStatus: true) }\n\
                    sh 'docker build ' + folder\nsh \"docker build ${params.DIR}/x\"\n} } } }\n";
        let said =
            |dockerfile: &str, context: &str, line| (dockerfile.to_owned(), context.to_owned(), line, 0);
        assert_eq!(
            read(text),
            [
                said("Dockerfile.a", "", 3),
                said("b/Dockerfile", "b", 7),
                said("c/d/Dockerfile", "c/d", 9),
                said("${DIR}/x/Dockerfile", "${DIR}/x", 11)
            ]
        );
    }

    #[test]
    fn docker_build_runs_a_command_line() {
        let text = "def a = docker.build(\"x:${env.BUILD_ID}\", \"-f Dockerfile.a .\")\ndir('c') { docker.build('y', 'd').push() }\n\
                    docker.build 'z'\ndocker.build('w', args)\nother.build('v', 'b')\n";
        let said =
            |dockerfile: &str, context: &str, line| (dockerfile.to_owned(), context.to_owned(), line, 0);
        assert_eq!(read(text), [said("Dockerfile.a", "", 1), said("c/d/Dockerfile", "c/d", 2)]);
        assert_eq!(read("dir('a') { docker.build('x') }\n"), [said("a/Dockerfile", "a", 1)]);
    }

    #[test]
    fn what_another_checkout_or_folder_holds_is_not_settled() {
        let text = "dir(\"${x}\") { sh 'docker build a' }\nsh 'docker build b'\n";
        let open: Vec<usize> = read(text).iter().map(|(.., unsettled)| *unsettled).collect();
        assert_eq!(open, [1, 0]);
        assert_eq!(read("checkout([x])\nsh 'docker build b'\n")[0].3, 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[shdir(){}'\"$\\\\/* \n.+:a]{0,60}|\\PC{0,40}") {
            Reader::new(&text).read();
        }
    }
}
