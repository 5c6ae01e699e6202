//! The edited instructions that are compared together. It builds nothing.

use std::collections::BTreeSet;

use crate::dockerfile::{Body, Dockerfile};

/// Edited instructions of a stage without a RUN between them, or triggers of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The stage.
    pub(crate) stage: usize,
    /// The edited instructions, as places in [`Dockerfile::instructions`].
    pub(crate) sites: Vec<usize>,
    /// True for triggers (ONBUILD), which run in a stage that starts from this one.
    pub(crate) onbuild: bool,
}

impl Group {
    /// Returns the groups of one instruction each, in order.
    pub(crate) fn singles(&self) -> impl Iterator<Item = Self> {
        self.sites.iter().map(|site| Self { sites: vec![*site], ..self.clone() })
    }

    /// Returns the place of the first edited instruction.
    pub(crate) fn first(&self) -> usize {
        self.sites.first().copied().unwrap_or_default()
    }

    /// Returns the place of the last edited instruction.
    pub(crate) fn last(&self) -> usize {
        self.sites.last().copied().unwrap_or_default()
    }
}

/// Returns the groups in the `reached` stages of two texts that differ in edited instructions alone, in their order. The
/// triggers of a stage follow its other instructions.
pub(crate) fn groups(original: &Dockerfile, edited: &Dockerfile, reached: &BTreeSet<usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (site, onbuild) in edited_places(original, edited) {
        let Some(stage) = original.instructions()[site].stage.filter(|stage| reached.contains(stage)) else {
            continue;
        };
        let is_own = |group: &&mut Group| {
            let apart = !onbuild && has_run(original, group.last(), site);
            (group.stage, group.onbuild) == (stage, onbuild) && !apart
        };
        match groups.iter_mut().rev().find(|group| group.onbuild == onbuild).filter(is_own) {
            Some(group) => group.sites.push(site),
            None => groups.push(Group { stage, sites: vec![site], onbuild }),
        }
    }
    groups.sort_by_key(|group| (group.stage, group.onbuild, group.first()));
    groups
}

/// Returns the places of the edited instructions, and whether each is a trigger.
fn edited_places(original: &Dockerfile, edited: &Dockerfile) -> Vec<(usize, bool)> {
    let pairs = original.instructions().iter().zip(edited.instructions()).enumerate();
    let places = pairs.filter_map(|(at, (before, after))| {
        let onbuild = match &before.body {
            Body::Transfer(_) => false,
            Body::Onbuild(child) if matches!(child.body, Body::Transfer(_)) => true,
            _ => return None,
        };
        let texts = (&original.text()[before.span.range()], &edited.text()[after.span.range()]);
        (texts.0 != texts.1).then_some((at, onbuild))
    });
    places.collect()
}

fn has_run(dockerfile: &Dockerfile, from: usize, to: usize) -> bool {
    dockerfile.instructions()[from..to].iter().any(|instruction| matches!(instruction.body, Body::Run(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_without_a_run_between_them_are_a_group() {
        let text = "FROM a AS x\nCOPY@ a /a\nENV b=c\nCOPY b /b\nCOPY@ c /c\nRUN d\nCOPY@ e /e\n\
                    ONBUILD COPY@ f /f\nONBUILD RUN g\nONBUILD COPY@ h /h\nCOPY@ i /i\n\
                    FROM a AS y\nCOPY@ j /j\nFROM a AS z\nCOPY@ k /k\n";
        let [original, edited] = ["", " --link"].map(|flag| Dockerfile::read(text.replace('@', flag)));
        let found = groups(&original, &edited, &[0, 2].into());
        let group = |stage, sites: &[usize], onbuild| Group { stage, sites: sites.to_vec(), onbuild };
        let expected = [
            group(0, &[1, 4], false),
            group(0, &[6, 10], false),
            group(0, &[7, 9], true),
            group(2, &[14], false),
        ];
        assert_eq!(found, expected);
        assert_eq!(found[0].singles().map(|group| group.sites).collect::<Vec<_>>(), [[1], [4]]);
    }
}
