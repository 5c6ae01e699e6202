//! The texts that are built to compare the filesystems after a group: all before the group as in the original, then a
//! stage of its own that starts there and holds the group, so that its instructions are executed while all before them is
//! replayed.
//!
//! The cache may hold several results of one step, and two builds may take two of them. So a layer that is in no cache, the
//! pin, stands between both: the second build finds only the result that the first one put it on. A pin is a file of its
//! own in the root, which is left out of the comparison. On an empty filesystem there is nothing to pin.

use super::group::Group;
use crate::dockerfile::stages::{Reference, Stages};
use crate::dockerfile::{Body, Dockerfile};
use crate::text::Span;
use crate::verify::variant_builds::layer;

/// The path of the pin before a group.
pub(crate) const PIN: &str = "/.layerwright-pin";

/// The path of the pins at the ends of earlier stages. A group may copy them, and both texts copy the same.
const STAGE_PIN: &str = "/.layerwright-stage";

/// The path of the file that a copy behind the group writes.
pub(crate) const MERGED: &str = "/.layerwright-merged";

/// Both texts of a file, which differ in the edited instructions alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupTexts<'a> {
    /// The original, with the header of the edited text.
    pub(crate) original: &'a Dockerfile,
    /// The edited text.
    pub(crate) edited: &'a Dockerfile,
    /// The stages of the original.
    pub(crate) stages: &'a Stages,
}

/// The places of the pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pins {
    /// Before the group.
    Group,
    /// Also at the end of each earlier stage, whose results the group may copy.
    Stages,
}

/// A text that ends with a group.
#[derive(Clone, Debug)]
pub(crate) struct GroupText {
    /// The text.
    pub(crate) dockerfile: Dockerfile,
    /// The places of the edited instructions in it.
    pub(crate) sites: Vec<usize>,
    /// True if a pin stands before the group.
    pub(crate) is_pinned: bool,
}

/// A part of a text and what replaces it.
type Replaced<'t> = (Span, &'t [u8]);

impl<'a> GroupTexts<'a> {
    /// Returns the original and the edited text of a group; `None` if its stage has no name. `nonce` is in no cache, and no
    /// stage is called `child`.
    pub(crate) fn pair(&self, group: &Group, child: &str, pins: Pins, nonce: &str) -> Option<[GroupText; 2]> {
        let name = self.stages.name(group.stage)?;
        let start = format!("\nFROM {name} AS {child}");
        Some([false, true].map(|edited| {
            let text = if group.onbuild {
                self.with_triggers(group, &start, pins, nonce, edited)
            } else {
                self.with_instructions(group, &start, pins, nonce, edited)
            };
            let is_merged = edited && self.is_before_a_run(group);
            let merged = if is_merged { layer(MERGED, nonce) } else { String::new() };
            let dockerfile = Dockerfile::read([&text, merged.as_bytes(), b"\n"].concat());
            let count = dockerfile.instructions().len() - usize::from(is_merged);
            let place = |site: &usize| match (group.onbuild, pins) {
                (true, Pins::Group) => *site,
                (true, Pins::Stages) => site + group.stage,
                (false, _) => count - 1 - (group.last() - site),
            };
            let sites = group.sites.iter().map(place).collect();
            GroupText { dockerfile, sites, is_pinned: self.is_pinned(group) }
        }))
    }

    /// Returns a text up to the end of a group, without anything added.
    pub(crate) fn cut_off(dockerfile: &Dockerfile, group: &Group) -> Vec<u8> {
        let end = dockerfile.instructions()[group.last()].span.end;
        [&dockerfile.text()[..end], b"\n"].concat()
    }

    /// Returns the text with the instructions of a group in a stage of their own.
    fn with_instructions(
        &self,
        group: &Group,
        start: &str,
        pins: Pins,
        nonce: &str,
        edited: bool,
    ) -> Vec<u8> {
        let instructions = self.original.instructions();
        let before = group.first() - 1;
        let cut = instructions[before].span.end;
        // A trigger of the stage would run in the stage that starts from it. It does not change its own stage.
        let triggers = (0..=before).filter(|at| {
            instructions[*at].stage == Some(group.stage) && matches!(instructions[*at].body, Body::Onbuild(_))
        });
        let triggers = triggers.map(|at| (instructions[at].span, &b""[..])).collect();
        let head = self.head(cut, triggers, pins, nonce);
        let rest = Span::new(cut, instructions[group.last()].span.end);
        let rest = self.replaced(rest, self.sites(group, edited));
        [head, self.pin(group, nonce), start.as_bytes().to_vec(), rest].concat()
    }

    /// Returns the text up to the end of a stage, and a stage that starts from it, in which its triggers run.
    fn with_triggers(&self, group: &Group, start: &str, pins: Pins, nonce: &str, edited: bool) -> Vec<u8> {
        let of_stage = |at: &usize| self.original.instructions()[*at].stage == Some(group.stage);
        let last = (0..self.original.instructions().len()).rfind(of_stage).unwrap_or_default();
        let end = self.original.instructions()[last].span.end;
        let head = self.head(end, self.sites(group, edited), pins, nonce);
        [head, self.pin(group, nonce), start.as_bytes().to_vec()].concat()
    }

    /// Returns the edited instructions of a group as replacements; none for the original.
    fn sites(&self, group: &Group, edited: bool) -> Vec<Replaced<'a>> {
        let (original, after) = (self.original, self.edited);
        let replaced = |site: &usize| {
            let text = &after.text()[after.instructions()[*site].span.range()];
            (original.instructions()[*site].span, text)
        };
        if edited { group.sites.iter().map(replaced).collect() } else { Vec::new() }
    }

    /// Returns the original up to `end`, with replacements, and with the pins of earlier stages.
    fn head(&self, end: usize, replaced: Vec<Replaced<'_>>, pins: Pins, nonce: &str) -> Vec<u8> {
        let pin = layer(STAGE_PIN, nonce);
        let mut replaced: Vec<Replaced<'_>> = replaced;
        if pins == Pins::Stages {
            let instructions = self.original.instructions();
            let from = |at: &usize| {
                let is_later = instructions[*at].stage > Some(0) && instructions[*at].span.start < end;
                is_later && matches!(instructions[*at].body, Body::From(_))
            };
            let ends = (1..instructions.len()).filter(from).map(|at| Span::at(instructions[at - 1].span.end));
            replaced.extend(ends.map(|end| (end, pin.as_bytes())));
            replaced.sort_by_key(|(span, _)| *span);
        }
        self.replaced(Span::new(0, end), replaced)
    }

    /// Returns a part of the original with replacements, which are in order.
    fn replaced(&self, part: Span, replaced: Vec<Replaced<'_>>) -> Vec<u8> {
        let (original, mut text, mut done) = (self.original.text(), Vec::new(), part.start);
        for (span, by) in replaced {
            text.extend_from_slice(&original[done..span.start]);
            text.extend_from_slice(by);
            done = span.end;
        }
        text.extend_from_slice(&original[done..part.end]);
        text
    }

    fn pin(&self, group: &Group, nonce: &str) -> Vec<u8> {
        if self.is_pinned(group) { layer(PIN, nonce).into_bytes() } else { Vec::new() }
    }

    /// Returns true if something may write before a group. The first change on `scratch` is not linked, and a pin would
    /// make it the second.
    fn is_pinned(&self, group: &Group) -> bool {
        let end = if group.onbuild { usize::MAX } else { group.first() };
        let mut chain = self.stages.chain(group.stage);
        let is_empty = |stage: usize| {
            let writes = |(at, instruction): (usize, &crate::dockerfile::Instruction)| {
                let is_below = instruction.stage == Some(stage) && (stage != group.stage || at < end);
                is_below && matches!(instruction.body, Body::Transfer(_) | Body::Run(_) | Body::Workdir(_))
            };
            let base = self.stages.get(stage).map(|stage| &stage.base);
            let is_own = matches!(base, Some(Reference::Scratch | Reference::Stage(_)));
            is_own && !self.original.instructions().iter().enumerate().any(writes)
        };
        !chain.all(is_empty)
    }

    /// Returns true if a RUN follows a group in its stage or in one that starts from it: the builder then prepares the
    /// merged filesystem, which only a copy that is not linked makes it do here. A step behind a trigger would hide which
    /// step is the trigger's.
    fn is_before_a_run(&self, group: &Group) -> bool {
        let runs = |(at, instruction): (usize, &crate::dockerfile::Instruction)| {
            let Some(stage) = instruction.stage.filter(|_| at > group.last()) else { return false };
            matches!(instruction.body, Body::Run(_)) && self.stages.chain(stage).any(|own| own == group.stage)
        };
        !group.onbuild && self.original.instructions().iter().enumerate().any(runs)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::verify::line::group::groups;
    use crate::verify::variant_builds::stages;

    /// Returns the texts of the group with this number, with `P` and `S` for pins and `M` for the copy behind the
    /// group.
    fn texts(marked: &str, number: usize, pins: Pins) -> ([String; 2], [Vec<usize>; 2], bool) {
        let [original, edited] = ["", " --link"].map(|flag| Dockerfile::read(marked.replace('@', flag)));
        let stages = stages(&original, &BTreeMap::new());
        let all = (0..stages.len()).collect();
        let group = groups(&original, &edited, &all).remove(number);
        let texts = GroupTexts { original: &original, edited: &edited, stages: &stages };
        let pair = texts.pair(&group, "child", pins, "n").expect("the stage has a name");
        let shown = |text: &GroupText| {
            assert_eq!(text.dockerfile.errors(), []);
            let text = String::from_utf8(text.dockerfile.text().to_vec()).unwrap();
            let text = text.replace(layer(PIN, "n").trim(), "P").replace(layer(STAGE_PIN, "n").trim(), "S");
            text.replace(layer(MERGED, "n").trim(), "M")
        };
        (pair.each_ref().map(shown), pair.each_ref().map(|text| text.sites.clone()), pair[0].is_pinned)
    }

    #[test]
    fn a_group_stands_in_a_stage_of_its_own() {
        let text = "FROM a AS x\nONBUILD RUN t\nRUN b\nCOPY@ c /c\nENV d=e\nCOPY@ f /f # g\nRUN h\n";
        let ([plain, linked], [sites, linked_sites], is_pinned) = texts(text, 0, Pins::Group);
        let head = "FROM a AS x\n\nRUN b\nP\nFROM x AS child\n";
        assert_eq!(plain, format!("{head}COPY c /c\nENV d=e\nCOPY f /f # g\n"));
        assert_eq!(linked, format!("{head}COPY --link c /c\nENV d=e\nCOPY --link f /f # g\nM\n"));
        assert_eq!((sites, linked_sites, is_pinned), (vec![4, 6], vec![4, 6], true));
        let ([_, linked], ..) = texts("FROM a AS x\nCOPY@ c /c\nFROM x AS y\nRUN b\n", 0, Pins::Group);
        assert!(linked.ends_with("\nM\n"), "a stage that starts from it has the RUN: {linked}");
        let ([_, linked], ..) = texts("FROM a AS x\nRUN b\nCOPY@ c /c\n", 0, Pins::Group);
        assert!(linked.ends_with("\nCOPY --link c /c\n"), "{linked}");
    }

    #[test]
    fn nothing_is_pinned_where_nothing_is() {
        let text = "FROM scratch AS x\nENV a=b\nFROM x AS y\nCOPY@ c /c\nRUN d\nCOPY@ e /e\n";
        let ([plain, _], _, is_pinned) = texts(text, 0, Pins::Group);
        assert_eq!(plain, "FROM scratch AS x\nENV a=b\nFROM x AS y\nFROM y AS child\nCOPY c /c\n");
        assert!(!is_pinned && texts(text, 1, Pins::Group).2);
    }

    #[test]
    fn the_results_of_earlier_stages_can_be_pinned_too() {
        let text = "FROM a AS x\nRUN b\nFROM a AS y\nRUN c\nCOPY@ --from=x /d /d\n";
        let ([plain, _], [sites, _], _) = texts(text, 0, Pins::Stages);
        let expected = "FROM a AS x\nRUN b\nS\nFROM a AS y\nRUN c\nP\nFROM y AS child\nCOPY --from=x /d /d\n";
        assert_eq!((plain.as_str(), sites), (expected, vec![7]));
    }

    #[test]
    fn a_trigger_runs_in_a_stage_that_starts_from_its_own() {
        let text = "FROM a AS x\nONBUILD COPY@ b /b\nRUN c\nFROM a AS y\nONBUILD COPY@ d /d\n";
        let ([plain, linked], [sites, _], _) = texts(text, 0, Pins::Group);
        assert_eq!(plain, "FROM a AS x\nONBUILD COPY b /b\nRUN c\nP\nFROM x AS child\n");
        assert_eq!(linked, "FROM a AS x\nONBUILD COPY --link b /b\nRUN c\nP\nFROM x AS child\n");
        assert_eq!(sites, [1]);
        let ([_, linked], [_, sites], _) = texts(text, 1, Pins::Stages);
        let head = "FROM a AS x\nONBUILD COPY b /b\nRUN c\nS\nFROM a AS y\n";
        assert_eq!(linked, format!("{head}ONBUILD COPY --link d /d\nP\nFROM y AS child\n"));
        assert_eq!(sites, [5]);
    }
}
