//! Builds that need the results of others of the same definition: `target:NAME` of bake, `service:NAME` of compose. It
//! never looks at another definition.

use std::collections::HashMap;
use std::sync::Arc;

use super::Declared;
use crate::text::pattern::Pattern;

/// The prefixes of a named context that is the result of another build: of bake, and of compose.
pub(super) const PREFIXES: [&str; 2] = ["target:", "service:"];
/// The longest chain of builds of which each needs the next.
const DEEPEST: usize = 16;
/// The most builds that one needs, each counted as often as it is needed.
const MOST: usize = 64;

/// Gives each build of a definition the builds whose results it needs. `names` are those of the targets or services;
/// `is_there` says whether the definition has a name that is not among them. Returns the builds that the tool refuses,
/// each with the reason (buildx `bake.Config.loadLinks`, compose-go `loader.checkConsistency`).
pub(super) fn link(
    names: &[String],
    builds: &mut [Declared],
    is_there: &dyn Fn(&str) -> bool,
) -> Vec<(usize, String)> {
    let mut linking = Linking {
        names,
        builds,
        by_name: names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect(),
        is_there,
        done: HashMap::new(),
    };
    let needs = |build: &Declared| build.contexts.iter().any(|(_, context)| needed(context).is_some());
    let needing: Vec<usize> = (0..builds.len()).filter(|at| needs(&builds[*at])).collect();
    let whole: Vec<(usize, Whole)> = needing.into_iter().map(|at| (at, linking.whole(at, 0))).collect();
    let mut refused = Vec::new();
    for (at, whole) in whole {
        match whole {
            Ok((build, _)) => builds[at].results.clone_from(&build.results),
            Err(why) => refused.push((at, why)),
        }
    }
    refused
}

/// Returns the name of the target or service whose result a named context is.
pub(super) fn needed(context: &Pattern) -> Option<&str> {
    let context = context.known()?;
    PREFIXES.iter().find_map(|prefix| context.strip_prefix(prefix))
}

/// A build with all that it needs, and the number of builds in it; or the reason why the tool refuses it.
type Whole = Result<(Arc<Declared>, usize), String>;

struct Linking<'b> {
    names: &'b [String],
    builds: &'b [Declared],
    by_name: HashMap<&'b str, usize>,
    is_there: &'b dyn Fn(&str) -> bool,
    /// The finished builds; `None` for one that is being linked.
    done: HashMap<usize, Option<Whole>>,
}

impl Linking<'_> {
    fn whole(&mut self, at: usize, depth: usize) -> Whole {
        let (name, build) = (&self.names[at], &self.builds[at]);
        match self.done.get(&at) {
            Some(Some(done)) => return done.clone(),
            Some(None) => return Err(format!("{name} needs its own result")),
            None if depth > DEEPEST => return Err(format!("{name} needs too long a chain of results")),
            None => {}
        }
        self.done.insert(at, None);
        let whole = self.linked(name, build, depth);
        self.done.insert(at, Some(whole.clone()));
        whole
    }

    fn linked(&mut self, name: &str, build: &Declared, depth: usize) -> Whole {
        let mut whole = build.clone();
        let mut size = 1;
        for (context, source) in &build.contexts {
            let Some(source) = needed(source) else { continue };
            match self.by_name.get(source) {
                Some(&child) => {
                    let (child, child_size) = self.whole(child, depth + 1)?;
                    if size + child_size <= MOST {
                        size += child_size;
                        whole.results.push((context.clone(), child));
                    }
                }
                None if (self.is_there)(source) => {}
                None => return Err(format!("{name} needs the result of {source}, which is not there")),
            }
        }
        Ok((Arc::new(whole), size))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BuildFileKind, Place};
    use super::*;
    use crate::git::RepoPath;

    /// A definition with these builds, each with the targets that it needs.
    fn definition(needs: &[(&str, &[&str])]) -> (Vec<String>, Vec<Declared>) {
        let path = RepoPath::new("docker-bake.hcl").unwrap();
        let build = |(name, needs): &(&str, &[&str])| {
            let place = Place { kind: BuildFileKind::Bake, path: path.clone(), line: 1 };
            let mut build = Declared::new(place, vec![Pattern::default()], Pattern::text("Dockerfile"));
            let context =
                |(at, need): (usize, &&str)| (format!("c{at}"), Pattern::text(&format!("target:{need}")));
            build.contexts = needs.iter().enumerate().map(context).collect();
            ((*name).to_owned(), build)
        };
        needs.iter().map(build).unzip()
    }

    fn size(build: &Declared) -> usize {
        1 + build.results.iter().map(|(_, needed)| size(needed)).sum::<usize>()
    }

    #[test]
    fn a_build_gets_all_that_it_needs() {
        let (names, mut builds) =
            definition(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[]), ("d", &["inline"])]);
        assert!(link(&names, &mut builds, &|name| name == "inline").is_empty());
        assert_eq!(builds.iter().map(size).collect::<Vec<_>>(), [4, 2, 1, 1]);
    }

    #[test]
    fn loops_and_missing_names_are_refused_where_they_are_needed() {
        let (names, mut builds) = definition(&[
            ("a", &["b"]),
            ("b", &["a"]),
            ("c", &["gone"]),
            ("d", &["c"]),
            ("e", &["f"]),
            ("f", &[]),
        ]);
        let refused: Vec<usize> =
            link(&names, &mut builds, &|_| false).into_iter().map(|(at, _)| at).collect();
        assert_eq!(refused, [0, 1, 2, 3]);
        assert_eq!(builds.iter().map(size).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 1]);
    }

    #[test]
    fn few_lines_do_not_need_more_than_fits() {
        let names: Vec<String> = (0..16).map(|at| format!("n{at}")).collect();
        let twice: Vec<[&str; 2]> = (0..15).map(|at| [names[at + 1].as_str(); 2]).collect();
        let mut needs: Vec<(&str, &[&str])> = Vec::new();
        for (at, name) in names.iter().enumerate() {
            needs.push((name, twice.get(at).map_or(&[], |needs| needs.as_slice())));
        }
        let (names, mut builds) = definition(&needs);
        assert!(link(&names, &mut builds, &|_| false).is_empty());
        assert!(builds.iter().all(|build| size(build) <= MOST));
    }
}
