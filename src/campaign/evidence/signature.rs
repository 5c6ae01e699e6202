//! The signature of evidence: a MAC by a key that only the makers of evidence and those who check it have. It never says
//! that the evidence is right, but that no one without the key wrote it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ring::hmac;

use super::format::Evidence;

/// The environment variable that holds the key. No command and no build gets it.
pub(crate) const KEY_VARIABLE: &str = "LAYERWRIGHT_EVIDENCE_KEY";

/// The fewest bytes of a key: as many as its hash has, since anyone can try keys on published evidence.
const SHORTEST: usize = 32;

/// The most bytes of a key.
const LONGEST: usize = 4096;

/// The start of a signature, which names the method, and of the text that is signed: no other use of the key gives the
/// same.
const METHOD: &str = "hmac-sha256:";
const PURPOSE: &[u8] = b"layerwright evidence\n";

/// A key that signs evidence and checks signatures. Its debug form does not show it.
#[derive(Clone, Debug)]
pub struct EvidenceKey(hmac::Key);

/// A text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key for evidence has {bytes} bytes, and {SHORTEST} to {LONGEST} are needed: `openssl rand -base64 32`"
)]
pub struct KeyError {
    bytes: usize,
}

/// The trust in signatures of evidence.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// The key that checks them; without it, none is valid.
    pub key: Option<EvidenceKey>,
    /// True if evidence verifies a file only with a valid signature.
    pub required: bool,
}

impl Signatures {
    /// Returns true if evidence has a valid signature.
    pub(crate) fn is_valid_for(&self, evidence: &Evidence) -> bool {
        self.key.as_ref().is_some_and(|key| evidence.is_signed_by(key))
    }
}

impl EvidenceKey {
    /// Returns the key of a text, without the whitespace around it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is too short to be safe, or too long to be a key.
    pub fn new(text: &[u8]) -> Result<Self, KeyError> {
        let key = text.trim_ascii();
        match key.len() {
            SHORTEST..=LONGEST => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key))),
            bytes => Err(KeyError { bytes }),
        }
    }
}

impl Evidence {
    /// Returns the evidence with a signature by the key.
    #[must_use]
    pub fn signed(mut self, key: &EvidenceKey) -> Self {
        let mac = |text: Vec<u8>| BASE64_STANDARD_NO_PAD.encode(hmac::sign(&key.0, &text));
        self.signature = self.signed_text().map(|text| format!("{METHOD}{}", mac(text)));
        self
    }

    /// Returns true if the evidence has a signature by the key, and has not changed since.
    pub(crate) fn is_signed_by(&self, key: &EvidenceKey) -> bool {
        let found = self.signature.as_deref().and_then(|signature| signature.strip_prefix(METHOD));
        let found = found.and_then(|found| BASE64_STANDARD_NO_PAD.decode(found).ok());
        let signed = self.signed_text().zip(found);
        signed.is_some_and(|(text, found)| hmac::verify(&key.0, &text, &found).is_ok())
    }

    /// Returns the text that is signed: all but the signature. `None` if it cannot be written as JSON.
    fn signed_text(&self) -> Option<Vec<u8>> {
        let mut bytes = PURPOSE.to_vec();
        let unsigned = Self { signature: None, ..self.clone() };
        unsigned.write(&mut bytes).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::evidence::{Figures, Outcome, SCHEMA};

    fn evidence() -> Evidence {
        Evidence {
            schema: SCHEMA,
            path: "a/Dockerfile".into(),
            commit: None,
            before: "1".into(),
            after: "2".into(),
            outcome: Outcome::Same,
            reason: None,
            builds: Vec::new(),
            figures: Figures::default(),
            signature: None,
        }
    }

    fn key(with: &str) -> EvidenceKey {
        EvidenceKey::new(format!("{}\n", with.repeat(SHORTEST)).as_bytes()).unwrap()
    }

    #[test]
    fn only_the_same_evidence_by_the_same_key_is_signed() {
        let (own, other) = (key("k"), key("o"));
        let signed = evidence().signed(&own);
        assert!(signed.is_signed_by(&own) && !signed.is_signed_by(&other) && !evidence().is_signed_by(&own));
        // As it is read again.
        let mut bytes = Vec::new();
        signed.write(&mut bytes).unwrap();
        let read: Evidence = serde_json::from_slice(&bytes).unwrap();
        assert!(read.is_signed_by(&own));
        let signature = signed.signature.clone();
        for changed in [
            Evidence { path: "b/Dockerfile".into(), ..signed.clone() },
            Evidence { outcome: Outcome::Different, ..signed.clone() },
            Evidence { commit: Some("3".into()), ..signed.clone() },
            Evidence {
                signature: signature.as_ref().map(|it| it.replace("sha256", "sha1")),
                ..signed.clone()
            },
            Evidence {
                signature: signature.as_ref().map(|it| it[..it.len() - 4].to_owned()),
                ..signed.clone()
            },
            Evidence { signature: Some(METHOD.to_owned()), ..signed },
        ] {
            assert!(!changed.is_signed_by(&own), "{changed:?}");
        }
        assert!(evidence().signed(&other).signed(&own).is_signed_by(&own));
    }

    /// RFC 4231 has the test vectors of the method; this holds what is signed and how it is written.
    #[test]
    fn a_signature_stays_as_it_is() {
        let mut bytes = PURPOSE.to_vec();
        evidence().write(&mut bytes).unwrap();
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[b'k'; SHORTEST]), &bytes);
        let expected = format!("{METHOD}{}", BASE64_STANDARD_NO_PAD.encode(mac));
        assert_eq!(evidence().signed(&key("k")).signature.as_deref(), Some(expected.as_str()));
        assert!(
            !String::from_utf8(bytes).unwrap().contains("signature"),
            "evidence without one is as it was"
        );
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!(EvidenceKey::new(&[b'a'; SHORTEST - 1]).is_err());
        assert!(EvidenceKey::new(format!("a{}", " ".repeat(SHORTEST)).as_bytes()).is_err());
        assert!(EvidenceKey::new(&vec![b'a'; LONGEST + 1]).unwrap_err().to_string().contains("openssl rand"));
        assert!(!format!("{:?}", key("k")).contains("kkk"));
    }
}
