//! The options that the tools of this machine say they have. A script with another one mostly fails, which shows nothing.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::grammar::Grammar;
use super::root::Tools;

/// The help texts of the tools, GNU's and `BusyBox`'s.
pub struct Manual(BTreeMap<(bool, String), String>);

impl Manual {
    /// Asks every tool.
    pub fn read(grammar: &Grammar) -> Self {
        let mut texts = BTreeMap::new();
        for tool in grammar.tools.iter().filter(|tool| !tool.name.contains('/')) {
            let mut applet = Command::new("busybox");
            applet.args([tool.name, "--help"]);
            let mut program = Command::new(tool.name);
            program.arg("--help");
            for (is_busybox, mut command) in [(true, applet), (false, program)] {
                let output = command.stdin(Stdio::null()).output();
                let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
                texts.insert((is_busybox, tool.name.to_owned()), String::from_utf8_lossy(&text).into_owned());
            }
        }
        Self(texts)
    }

    /// Whether an option is in the help text of a tool.
    pub fn knows(&self, tools: Tools, tool: &str, option: &str) -> bool {
        let Some(text) = self.0.get(&(tools == Tools::Busybox, tool.to_owned())) else { return true };
        let name = option.split([' ', '=']).next().unwrap_or(option);
        if let Some(long) = name.strip_prefix("--").filter(|long| !long.is_empty()) {
            return text.contains(&format!("--{long}"));
        }
        let Some(letter) = name.strip_prefix('-').and_then(|letters| letters.chars().next()) else {
            return true;
        };
        letter == '-'
            || words(text)
                .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
}
