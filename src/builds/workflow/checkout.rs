//! Where a job has the repository: in its workspace, or in a folder of that. It never reads the step's other inputs.

use crate::builds::document::Node;
use crate::builds::invocation::{Call, Invocation};
use crate::builds::resolve::below;
use crate::builds::{Declared, is_remote, settled};
use crate::text::cut;
use crate::text::pattern::Pattern;

/// The checkout of a job.
#[derive(Debug, Default)]
pub(super) struct Checkout {
    /// The folder of the workspace that holds the repository.
    path: Option<String>,
    /// The reason why that is not settled.
    unsettled: Option<String>,
}

impl Checkout {
    /// Returns the checkout of the steps of a job. Without one, the workspace is the repository.
    pub(crate) fn of(steps: &[Node]) -> Self {
        let is_checkout = |step: &&Node| {
            step.get("uses")
                .and_then(Node::text)
                .is_some_and(|uses| uses.to_ascii_lowercase().starts_with("actions/checkout@"))
        };
        let input =
            |step: &Node, key: &str| step.get("with")?.get_in_any_case(key)?.text().map(str::to_owned);
        let all: Vec<&Node> = steps.iter().filter(is_checkout).collect();
        let own: Vec<&&Node> = all
            .iter()
            .filter(|step| {
                input(step, "repository").is_none_or(|repository| repository.contains("github.repository"))
            })
            .collect();
        let Some(first) = own.first() else {
            let unsettled = (!all.is_empty()).then(|| "the job checks out another repository".to_owned());
            return Self { path: None, unsettled };
        };
        let path = input(first, "path").map(|path| path.trim_matches(['.', '/']).to_owned());
        let path = path.filter(|path| !path.is_empty());
        let is_open = own.len() > 1 && own.iter().any(|step| input(step, "path") != input(first, "path"))
            || path.as_ref().is_some_and(|path| path.contains("${{"));
        Self { path, unsettled: is_open.then(|| "where the job checks the repository out".to_owned()) }
    }

    /// Makes the paths of a build, which are those of the workspace, relative to the repository.
    pub(crate) fn place(&self, build: &mut Declared) {
        build.unsettled.extend(self.unsettled.clone());
        if build.from_git {
            return;
        }
        let folder = match build.folders.as_slice() {
            [folder] => folder.clone(),
            _ => Pattern::default(),
        };
        let contexts = build.contexts.iter_mut().map(|(_, context)| context);
        for path in [&mut build.dockerfile].into_iter().chain(&mut build.context).chain(contexts) {
            let at_runner = from_runner(&settled::encoded(path), ".");
            if at_runner != settled::encoded(path) {
                *path = settled::pattern(&at_runner);
            }
            if self.path.is_some() && !is_remote(path) && !path.to_string().contains(':') {
                *path = self.placed(&folder, path);
            }
        }
        if self.path.is_some() {
            build.folders = vec![Pattern::default()];
        }
    }

    /// Makes the paths of calls relative to the repository.
    pub(crate) fn place_invocations(&self, invocations: &mut Vec<Invocation>) {
        for invocation in invocations.iter_mut() {
            invocation.unsettled.extend(self.unsettled.clone());
        }
        let Some(root) = &self.path else { return };
        invocations.retain_mut(|invocation| {
            let folder = match &mut invocation.call {
                Call::Compose(run) => &mut run.folder,
                Call::Bake(run) => &mut run.folder,
                Call::Make(make) => &mut make.folder,
                Call::Script(script) => &mut script.folder,
            };
            let Some(inside) = inside(folder, root) else { return false };
            *folder = inside.to_owned();
            if let Call::Script(script) = &mut invocation.call {
                let Some(path) = self::inside(&script.path, root).map(str::to_owned) else { return false };
                script.path = path;
            }
            true
        });
    }

    fn placed(&self, folder: &Pattern, path: &Pattern) -> Pattern {
        let root = self.path.as_deref().unwrap_or_default();
        let outside = || Pattern::text("/outside of the repository");
        let Some(whole) = below(folder, path) else { return outside() };
        let encoded = settled::encoded(&whole);
        match inside(&encoded, root) {
            Some("") => Pattern::text("."),
            Some(path) => settled::pattern(path),
            None => outside(),
        }
    }
}

fn inside<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// Returns a text with the absolute path of the workspace replaced: `/home/runner/work/NAME/NAME` on a runner, and
/// `/github/workspace` in a container.
pub(super) fn from_runner(text: &str, workspace: &str) -> String {
    const WORK: &str = "/home/runner/work/";
    let mut out = text.replace("/github/workspace", workspace);
    let mut from = 0;
    while let Some(at) = cut::from(&out, from).find(WORK).map(|at| at + from) {
        let rest = cut::from(&out, at + WORK.len());
        let mut names = rest.splitn(3, '/');
        let (one, two) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
        let (two, _) = cut::where_ends(two, |c| !(c.is_alphanumeric() || "._-".contains(c)));
        if one.is_empty() || one != two {
            from = at + WORK.len();
            continue;
        }
        let length = WORK.len() + one.len() + 1 + two.len();
        out.replace_range(at..at + length, workspace);
        from = at + workspace.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_of_a_runner_is_known_by_its_path() {
        for (text, expected) in [
            ("/home/runner/work/repo/repo/svc", "./svc"),
            ("cd /home/runner/work/a/a && ls /home/runner/work/a/b", "cd . && ls /home/runner/work/a/b"),
            ("/github/workspace/x", "./x"),
            ("/home/runner/work", "/home/runner/work"),
        ] {
            assert_eq!(from_runner(text, "."), expected);
        }
    }
}
