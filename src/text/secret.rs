//! Values that are never shown: a text is printed or stored without them. It never knows where a value comes from.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// The text in place of a value.
const HIDDEN: &str = "[secret]";

/// The shortest value that is hidden: a shorter one is part of too many words.
const SHORTEST: usize = 4;

/// The shortest line of a value that is hidden by itself.
const SHORTEST_LINE: usize = 8;

/// The longest value that is hidden. BuildKit refuses a secret of more than 500 KiB (`session/secrets.MaxSecretSize`).
pub(crate) const LONGEST: u64 = 500 << 10;

/// The values to hide, each also in base64 and as part of a URL.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The texts that are replaced, the longest first.
    texts: Vec<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} hidden texts", self.texts.len())
    }
}

impl Secrets {
    /// Hides a value from now on, and each line of it.
    pub(crate) fn add(&mut self, value: &[u8]) {
        let trimmed = value.trim_ascii();
        if trimmed.len() < SHORTEST {
            return;
        }
        self.add_forms(trimmed);
        for line in trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            if line.len() >= SHORTEST_LINE && line.len() < trimmed.len() {
                self.add_forms(line);
            }
        }
        self.texts.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.texts.dedup();
    }

    fn add_forms(&mut self, value: &[u8]) {
        if let Ok(text) = std::str::from_utf8(value) {
            self.texts.push(text.to_owned());
        }
        let encoded = |lower: bool| {
            let byte = |byte: &u8| match byte {
                b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
                byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
                byte if lower => format!("%{byte:02x}"),
                byte => format!("%{byte:02X}"),
            };
            value.iter().map(byte).collect::<String>()
        };
        self.texts.extend([encoded(false), encoded(true)]);
        // A value that follows other bytes, as after `user:`, starts in the middle of a group of four characters.
        for before in 0..3 {
            let padded = [&vec![0; before][..], value].concat();
            // Characters that also depend on the bytes beside the value are left out.
            let characters = (before * 8).div_ceil(6);
            let whole = padded.len() * 8 / 6;
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let text = engine.encode(&padded);
                self.texts.extend(
                    text.get(characters..whole).filter(|text| text.len() >= SHORTEST).map(str::to_owned),
                );
            }
        }
    }

    /// Returns a text without the values.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.texts {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(clean.replace(secret.as_str(), HIDDEN));
            }
        }
        clean
    }

    /// Removes the values from all texts of a JSON value.
    pub(crate) fn hide_in(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                if let Cow::Owned(clean) = self.hide(text) {
                    *text = clean;
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| self.hide_in(field)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;

    fn secrets(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for value in values {
            secrets.add(value.as_bytes());
        }
        secrets
    }

    #[test]
    fn a_value_is_hidden_as_it_is_in_base64_and_in_a_url() {
        let secrets = secrets(&["s3cr3t/+v=lue\n"]);
        for before in ["", "a", "ab", "abc"] {
            let text = BASE64_STANDARD.encode(format!("{before}s3cr3t/+v=lue"));
            let shown = secrets.hide(&text).into_owned();
            assert!(shown.contains(HIDDEN) && shown.len() < HIDDEN.len() + 8, "{before}: {text} → {shown}");
        }
        for text in ["s3cr3t/+v=lue", "s3cr3t%2F%2Bv%3Dlue", "s3cr3t%2f%2bv%3dlue"] {
            assert_eq!(secrets.hide(&format!("<{text}>")), format!("<{HIDDEN}>"));
        }
        assert_eq!(secrets.hide("nothing"), "nothing");
    }

    #[test]
    fn each_line_of_a_key_is_hidden_and_short_texts_are_not() {
        let key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nab\n-----END KEY-----\n";
        let secrets = secrets(&[key, "abc", " \n"]);
        assert_eq!(secrets.hide("got MIIEpAIBAAKCAQEA"), "got [secret]");
        assert_eq!(secrets.hide("abc ab"), "abc ab");
        let mut value = serde_json::json!({"a": ["x MIIEpAIBAAKCAQEA", 1]});
        secrets.hide_in(&mut value);
        assert_eq!(value, serde_json::json!({"a": ["x [secret]", 1]}));
    }
}
