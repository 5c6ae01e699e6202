//! The assumptions of a file: each is listed once, with a number by which the instructions name it. Those about one image
//! stand below its name.

use std::collections::BTreeMap;

use anstyle::Style;

use super::screen::{Align, Screen};
use super::style;
use crate::campaign::plan::file::Site;
use crate::text::cut;
use crate::text::words::count;

/// The most assumptions of a file that are listed.
const MOST: usize = 60;

/// The assumptions of a file's verdicts.
pub(super) struct Assumed<'p> {
    /// Each with its image, in order of number.
    all: Vec<(Option<&'p str>, &'p str)>,
    numbers: BTreeMap<&'p str, usize>,
}

impl<'p> Assumed<'p> {
    /// Collects the assumptions of instructions, in the order in which they are first made, those about one image together.
    pub(super) fn of(sites: &'p [Site]) -> Self {
        let mut all: Vec<(Option<&str>, &str)> = Vec::new();
        let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        for message in sites.iter().flat_map(|site| &site.assumptions).map(|one| one.message.as_str()) {
            if numbers.insert(message, 0).is_none() {
                let image = image(message).map(|(image, _)| image);
                let next = places.len();
                places.entry(image).or_insert(next);
                all.push((image, message));
            }
        }
        all.sort_by_key(|(image, _)| places.get(image).copied());
        for (at, (_, message)) in all.iter().enumerate() {
            numbers.insert(*message, at + 1);
        }
        Self { all, numbers }
    }

    /// Returns the numbers of an instruction's assumptions: `[1–3], [7]`. Empty if it has none.
    pub(super) fn of_site(&self, site: &Site) -> String {
        let mut numbers: Vec<usize> = site
            .assumptions
            .iter()
            .filter_map(|one| self.numbers.get(one.message.as_str()).copied())
            .collect();
        numbers.sort_unstable();
        let runs = numbers.chunk_by(|one, next| one + 1 == *next);
        let run = |run: &[usize]| match run {
            [] => String::new(),
            [one] => format!("[{one}]"),
            [first, .., last] => format!("[{first}–{last}]"),
        };
        runs.map(run).collect::<Vec<_>>().join(", ")
    }

    /// Lists them.
    pub(super) fn list(&self, screen: &mut Screen) {
        if self.all.is_empty() {
            return;
        }
        screen.paint(style::STRONG, "Assumed:").end();
        let shown = self.all.iter().take(MOST).enumerate();
        let numbered: Vec<(usize, Option<&str>, &str)> =
            shown.map(|(at, (of, text))| (at + 1, *of, *text)).collect();
        for group in numbered.chunk_by(|one, next| one.1 == next.1) {
            let of = group.first().and_then(|(_, of, _)| *of);
            if let Some(of) = of {
                screen.say(&format!("  image {of}")).end();
            }
            let indent = if of.is_some() { "  " } else { "" };
            let row = |(number, _, message): &(usize, Option<&str>, &str)| {
                let text = image(message).map_or(*message, |(_, rest)| rest);
                vec![(style::FAINT, format!("{indent}[{number}]")), (Style::new(), text.to_owned())]
            };
            screen.table(&[Align::Left, Align::Left], &group.iter().map(row).collect::<Vec<_>>());
        }
        if self.all.len() > MOST {
            let more = count(self.all.len() - MOST, "assumption");
            screen.paint(style::FAINT, &format!("  and {more} more; --format json shows all")).end();
        }
    }
}

/// Returns the image that an assumption is about, with its line, and the rest of the sentence.
fn image(message: &str) -> Option<(&str, &str)> {
    let about = message.strip_prefix("image ")?;
    let line = about.find(" (line ")?;
    let end = line + cut::from(about, line).find(") ")? + 1;
    Some((cut::before(about, end), cut::from(about, end).trim_start()))
}
