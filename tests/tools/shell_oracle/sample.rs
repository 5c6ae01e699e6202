//! One Dockerfile whose RUN lines are run: on which root, with which shell, environment, directory and user.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::protocol::{Job, Step};

/// The environment that the root's image sets.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The script that a COPY brings, and its name in the context.
pub const SCRIPT: &str = "/run.sh";
pub const SCRIPT_NAME: &str = "run.sh";

/// The body of a heredoc that is a whole script ends with this line.
const HEREDOC: &str = "END_OF_RUN";

/// One Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The root, by its place in [`super::root::ROOTS`].
    pub root: usize,
    /// `SHELL`; empty for the default.
    pub shell: Vec<String>,
    /// `ENV`. Values have nothing that a Dockerfile expands.
    pub env: Vec<(String, String)>,
    pub workdir: String,
    pub user: Option<(u32, u32)>,
    /// The text of a script that a COPY brings to [`SCRIPT`].
    pub script: Option<String>,
    pub runs: Vec<Run>,
}

/// One RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Shell form. A script of several lines is a heredoc.
    Script(String),
    /// Exec form.
    Exec(Vec<String>),
}

impl Sample {
    /// The text that is judged.
    pub fn dockerfile(&self, image: &str) -> String {
        let mut text = format!("FROM {image}\n");
        if self.script.is_some() {
            writeln!(text, "COPY {SCRIPT_NAME} {SCRIPT}").unwrap();
        }
        if !self.shell.is_empty() {
            writeln!(text, "SHELL {}", json(&self.shell)).unwrap();
        }
        for (name, value) in &self.env {
            writeln!(text, "ENV {name}=\"{value}\"").unwrap();
        }
        if self.workdir != "/" {
            writeln!(text, "WORKDIR {}", self.workdir).unwrap();
        }
        if let Some((uid, gid)) = self.user {
            writeln!(text, "USER {uid}:{gid}").unwrap();
        }
        for run in &self.runs {
            match run {
                Run::Exec(words) => writeln!(text, "RUN {}", json(words)).unwrap(),
                Run::Script(script) if script.contains('\n') || script.contains("<<") => {
                    writeln!(text, "RUN <<'{HEREDOC}'\n{script}\n{HEREDOC}").unwrap();
                }
                Run::Script(script) => writeln!(text, "RUN {script}").unwrap(),
            }
        }
        text
    }

    /// The commands as a builder runs them (`dispatchRun`): the body of a heredoc keeps its last line break, and
    /// runc sets `HOME` where nothing else does.
    pub fn job(&self) -> Job {
        let home = match self.user {
            None | Some((0, _)) => "/root",
            Some((1000, _)) => "/home/app",
            Some(_) => "/",
        };
        let mut env: BTreeMap<String, String> =
            [("HOME", home), ("PATH", PATH)].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        env.extend(self.env.iter().cloned());
        let shell = || {
            let default = ["/bin/sh", "-c"].map(str::to_owned).to_vec();
            if self.shell.is_empty() { default } else { self.shell.clone() }
        };
        let argv = |run: &Run| match run {
            Run::Exec(words) => words.clone(),
            Run::Script(script) if script.contains('\n') || script.contains("<<") => {
                [shell(), vec![format!("{script}\n")]].concat()
            }
            Run::Script(script) => [shell(), vec![script.clone()]].concat(),
        };
        let step = |run| Step {
            argv: argv(run),
            env: env.clone(),
            workdir: self.workdir.clone(),
            user: self.user.unwrap_or((0, 0)),
        };
        Job { root: self.root, script: self.script.clone(), steps: self.runs.iter().map(step).collect() }
    }
}

fn json(words: &[String]) -> String {
    serde_json::to_string(words).unwrap()
}
