//! The line of each key of a TOML text.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::de::{DeArray, DeTable, DeValue};

use super::{Config, ConfigError, FILE_NAME};
use crate::text::LineIndex;

/// The line of each key, by its dotted path: `files.skip[0].reason`.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        let index = LineIndex::new(text.as_bytes());
        of_table(table.get_ref(), "", &index, &mut lines);
    }
    lines
}

fn of_table(table: &DeTable<'_>, above: &str, index: &LineIndex, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name = quoted(key.get_ref());
        let path = if above.is_empty() { name } else { format!("{above}.{name}") };
        lines.insert(path.clone(), index.position(key.span().start).line);
        of_value(value.get_ref(), &path, index, lines);
    }
}

/// Returns a key in the form of a dotted path: quoted where TOML needs it.
pub(super) fn quoted(name: &str) -> String {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.to_owned() } else { format!("{name:?}") }
}

fn of_value(value: &DeValue<'_>, path: &str, index: &LineIndex, lines: &mut BTreeMap<String, usize>) {
    match value {
        DeValue::Table(table) => of_table(table, path, index, lines),
        DeValue::Array(array) => of_array(array, path, index, lines),
        _ => {}
    }
}

fn of_array(array: &DeArray<'_>, path: &str, index: &LineIndex, lines: &mut BTreeMap<String, usize>) {
    for (at, item) in array.iter().enumerate() {
        of_value(item.get_ref(), &format!("{path}[{at}]"), index, lines);
    }
}

/// Returns the effective configuration as TOML; a comment behind each key names the source of its value.
///
/// # Errors
///
/// [`ConfigError`] if `bytes` are not a valid configuration.
pub(crate) fn effective(bytes: &[u8]) -> Result<String, ConfigError> {
    let config = Config::read(bytes)?;
    let said = lines(&String::from_utf8_lossy(bytes));
    let whole = toml::to_string(&config).map_err(|error| ConfigError::Unwritable(error.to_string()))?;
    let origin: BTreeMap<usize, String> = lines(&whole)
        .into_iter()
        .map(|(path, line)| match said.get(&path) {
            Some(at) => (line, format!("{FILE_NAME}:{at}")),
            None => (line, "default".to_owned()),
        })
        .collect();
    let mut shown = String::new();
    for (at, line) in whole.lines().enumerate() {
        match origin.get(&(at + 1)).filter(|_| line.contains(" = ")) {
            // Behind the opening quotes of a multi-line string, the comment would be part of the string.
            Some(origin) if line.ends_with("\"\"\"") => writeln!(shown, "# {origin}\n{line}"),
            Some(origin) => writeln!(shown, "{line}  # {origin}"),
            None => writeln!(shown, "{line}"),
        }
        .map_err(|error| ConfigError::Unwritable(error.to_string()))?;
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_says_where_its_value_is_from() {
        let text = "[waves]\npoc = 'a/Dockerfile'\n\n[[waivers]]\nrule = 'ancestor-mode'\nreason = 'why'\n\n\
                    [build.'a/Dockerfile']\nargs = { A = 'b' }\n";
        let shown = effective(text.as_bytes()).unwrap();
        let has = |line: &str| assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
        has("poc = \"a/Dockerfile\"  # layerwright.toml:2");
        has("sizes = [3, 9, 27]  # default");
        has("rule = \"ancestor-mode\"  # layerwright.toml:5");
        has("file = \"**\"  # default");
        has("A = \"b\"  # layerwright.toml:9");
        assert!(shown.contains("\n# default\nmessage = \"\"\"\n"), "{shown}");
        let again: Config = toml::from_str(&shown).unwrap();
        let mut read = Config::read(text.as_bytes()).unwrap();
        read.lines.clear();
        assert_eq!(again, read, "what is printed is a configuration");
    }
}
