//! The templates and words that scripts are made of, as `grammar.txt` and `tools.txt` list them.

use std::collections::BTreeMap;

use super::random::Random;

/// Everything that scripts are made of.
pub struct Grammar {
    templates: BTreeMap<&'static str, Vec<(usize, String)>>,
    words: BTreeMap<&'static str, Words>,
    pub tools: Vec<Tool>,
}

struct Words {
    is_quotable: bool,
    words: Vec<&'static str>,
}

/// A command: how often it is drawn, its options, and its operands in several forms.
pub struct Tool {
    pub name: &'static str,
    pub weight: usize,
    pub options: Vec<&'static str>,
    pub operands: Vec<&'static str>,
}

/// A word, and whether it may be written in other ways.
pub struct Drawn {
    pub text: &'static str,
    pub is_quotable: bool,
}

impl Grammar {
    pub fn read() -> Self {
        let mut grammar = Self { templates: BTreeMap::new(), words: BTreeMap::new(), tools: Vec::new() };
        for (heading, kind, body) in sections(include_str!("grammar.txt")) {
            if kind.starts_with("words") {
                let words = Words { is_quotable: kind.contains("quotable"), words: members(&body) };
                grammar.words.insert(heading, words);
            } else {
                let line = |line: &&str| {
                    let (weight, template) = line.split_once(' ').unwrap();
                    (weight.parse().unwrap(), template.replace('⏎', "\n"))
                };
                grammar.templates.insert(heading, body.iter().map(line).collect());
            }
        }
        for (name, weight, body) in sections(include_str!("tools.txt")) {
            let end = body.iter().position(|line| line.is_empty()).unwrap();
            let (options, operands) = (members(&body[..end]), members(&body[end..]));
            grammar.tools.push(Tool { name, weight: weight.parse().unwrap(), options, operands });
        }
        grammar
    }

    /// One of the templates of a section.
    pub fn template(&self, random: &mut Random, section: &str) -> Option<&str> {
        let templates = self.templates.get(section)?;
        weighted(random, templates, |(weight, _)| *weight).map(|(_, template)| template.as_str())
    }

    /// One of the words of a section.
    pub fn word(&self, random: &mut Random, section: &str) -> Drawn {
        let words = self.words.get(section).unwrap_or_else(|| panic!("there is no section [{section}]"));
        Drawn { text: random.one(&words.words), is_quotable: words.is_quotable }
    }
}

/// One of several things that are drawn as often as their weights say.
pub fn weighted<'t, T>(random: &mut Random, of: &'t [T], weight: impl Fn(&T) -> usize) -> Option<&'t T> {
    let mut at = random.below(of.iter().map(&weight).sum::<usize>().max(1));
    of.iter().find(|one| {
        let is_here = at < weight(one);
        at = at.saturating_sub(weight(one));
        is_here
    })
}

/// The name, the rest of the heading, and the lines of each section; comments and the last blank lines left out.
fn sections(text: &'static str) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let mut sections: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, rest)) = line
            .strip_prefix('[')
            .and_then(|line| line.split_once("] ").or(line.strip_suffix(']').map(|name| (name, ""))))
        {
            sections.push((name, rest, Vec::new()));
        } else if let Some((_, _, body)) = sections.last_mut() {
            body.push(line);
        }
    }
    for (_, _, body) in &mut sections {
        while body.last().is_some_and(|line| line.is_empty()) {
            body.pop();
        }
    }
    sections
}

/// The members of a list, with two blanks between them. `-` stands for nothing.
fn members(lines: &[&'static str]) -> Vec<&'static str> {
    let members = lines.iter().flat_map(|line| line.split("  ")).filter(|member| !member.is_empty());
    members.map(|member| if member == "-" { "" } else { member }).collect()
}
