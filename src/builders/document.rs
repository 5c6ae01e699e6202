//! The documentation of the table of builders, in Markdown. It decides nothing.

use std::fmt::Write as _;

use super::{ALL, BuilderRule};

/// The head of the page.
const HEAD: &str = "\
# Builders

What each builder does with `COPY --link` and `ADD --link`. `layerwright plan` and `layerwright check` find the builders
that a repository uses in its own files, and judge each by one of these rules. This page is generated from the table in
`src/builders/table`: run `UPDATE_SNAPSHOTS=1 cargo test builders`.

| effect | meaning |
|---|---|
| links | the copy is a layer of its own |
| links, not compared | the builder links by code of its own, which no verification compares |
| ignores --link | the image is the same as without the flag |
| rejects --link | the build fails |
| unknown | no file of the repository says which builder it is |

| rule | builder | effect |
|---|---|---|
";

/// Returns the page `docs/builders.md`.
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    for rule in ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} | {2} |", rule.name, rule.summary, rule.effect.words());
    }
    for rule in ALL {
        let _ = write!(page, "\n## {}\n\n{}", rule.name, rule.documentation());
    }
    page
}

impl BuilderRule {
    /// Returns the documentation of the rule, in Markdown.
    pub fn documentation(&self) -> String {
        let mut text = format!("{}: **{}**.\n\n{}\n", self.summary, self.effect.words(), self.explanation);
        if let Some(remedy) = self.remedy {
            let _ = write!(text, "\nWhat to change: {remedy}.\n");
        }
        let _ = write!(text, "\nSources, read on {}:\n\n", self.read);
        for source in self.sources {
            let _ = writeln!(text, "- {source}");
        }
        text
    }
}
