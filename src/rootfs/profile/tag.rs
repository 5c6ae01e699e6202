//! Tags of the official images, as `official-images` lists them: `3.12-slim-bookworm`. It never guesses the
//! meaning of an unknown word.

use crate::text::cut;

/// The release of Debian from which `/bin`, `/lib` and `/sbin` are symbolic links (debuerreotype
/// `examples/debian.sh`).
pub(super) const MERGED: u32 = 12;

/// The last release of Alpine that was listed; later ones merge `/bin` into `/usr`.
pub(super) const LAST_ALPINE: [u32; 2] = [3, 20];

/// The distribution that an image is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Not in the tag: the default of the repository.
    Default,
    /// Debian of this release; `None` if the tag does not name it.
    Debian(Option<u32>),
    /// Ubuntu of this release, `[24, 4]`.
    Ubuntu([u32; 2]),
    /// Alpine of this release; `None` if the tag does not name it.
    Alpine(Option<[u32; 2]>),
    /// The tag has an unknown word, or there is no tag.
    Unclear,
}

/// A parsed tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// `[3, 12]` of `3.12-slim`; empty for `latest` and for tags without a version.
    pub(super) version: Vec<u32>,
    pub(super) variant: Variant,
    /// The other words.
    pub(super) words: Vec<String>,
}

const DEBIAN: [(&str, u32); 11] = [
    ("wheezy", 7),
    ("jessie", 8),
    ("stretch", 9),
    ("buster", 10),
    ("bullseye", 11),
    ("bookworm", 12),
    ("trixie", 13),
    ("forky", 14),
    ("stable", 13),
    ("testing", 14),
    ("sid", 14),
];

const UBUNTU: [(&str, [u32; 2]); 8] = [
    ("trusty", [14, 4]),
    ("xenial", [16, 4]),
    ("bionic", [18, 4]),
    ("focal", [20, 4]),
    ("jammy", [22, 4]),
    ("noble", [24, 4]),
    ("plucky", [25, 4]),
    ("resolute", [26, 4]),
];

/// Returns the leading numbers of `3.12.1` or `3.14.0rc1`.
pub(super) fn numbers(word: &str) -> Vec<u32> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in word.split('.') {
        let (digits, after) = cut::digits(part);
        let Ok(number) = digits.parse() else { break };
        found.push(number);
        if !after.is_empty() {
            break;
        }
    }
    found
}

fn pair(version: &[u32]) -> Option<[u32; 2]> {
    match version {
        [major, minor, ..] => Some([*major, *minor]),
        _ => None,
    }
}

impl Tag {
    /// Parses a tag. `known` are the words of this repository that do not name a distribution. `None` for Windows.
    pub(super) fn read(tag: Option<&str>, known: &[&str]) -> Option<Self> {
        let Some(tag) = tag else {
            return Some(Self { version: Vec::new(), variant: Variant::Unclear, words: Vec::new() });
        };
        let mut read = Self { version: Vec::new(), variant: Variant::Default, words: Vec::new() };
        for (at, word) in tag.split('-').enumerate() {
            if ["windows", "nanoserver", "ltsc"].iter().any(|windows| word.starts_with(windows)) {
                return None;
            }
            read.word(at, word, known);
        }
        Some(read)
    }

    fn word(&mut self, at: usize, word: &str, known: &[&str]) {
        let debian = DEBIAN.iter().find(|(name, _)| *name == word).filter(|_| !known.contains(&word));
        let ubuntu = UBUNTU.iter().find(|(name, _)| *name == word);
        if let Some((_, release)) = debian {
            self.says(Variant::Debian(Some(*release)));
        } else if let Some((_, release)) = ubuntu {
            self.says(Variant::Ubuntu(*release));
        } else if let Some(release) = word.strip_prefix("alpine") {
            let numbers = numbers(release);
            if release.is_empty() || numbers.len() == 2 {
                self.says(Variant::Alpine(pair(&numbers)));
            } else {
                self.variant = Variant::Unclear;
            }
        } else if at == 0 && !numbers(word).is_empty() {
            self.version = numbers(word);
        } else if word == "slim" || word == "latest" || known.contains(&word) {
            self.words.push(word.to_owned());
        } else {
            self.variant = Variant::Unclear;
        }
    }

    /// Sets the variant. It is unclear if two words contradict each other.
    fn says(&mut self, variant: Variant) {
        self.variant = match self.variant {
            Variant::Default => variant,
            _ => Variant::Unclear,
        };
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|have| have == word)
    }

    /// Returns true if the version is `least` or later. A tag without a version follows the newest; `3` stands for the
    /// newest `3.x`, which is as late as any.
    pub(super) fn is_since(&self, least: &[u32]) -> bool {
        let known = least.len().min(self.version.len());
        self.variant != Variant::Unclear && self.version[..known] >= least[..known]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str) -> Tag {
        Tag::read(Some(tag), &["lts", "fpm"]).unwrap()
    }

    #[test]
    fn tags_tell_the_version_and_what_the_image_is_built_on() {
        for (tag, version, variant) in [
            ("latest", &[][..], Variant::Default),
            ("3.12-slim-bookworm", &[3, 12], Variant::Debian(Some(12))),
            ("3.12.1-slim", &[3, 12, 1], Variant::Default),
            ("3.14.0rc1-alpine3.20", &[3, 14, 0], Variant::Alpine(Some([3, 20]))),
            ("lts-alpine", &[], Variant::Alpine(None)),
            ("17-jdk-focal", &[17], Variant::Unclear),
            ("8.3-fpm-trixie", &[8, 3], Variant::Debian(Some(13))),
            ("17-noble", &[17], Variant::Ubuntu([24, 4])),
            ("3-onbuild", &[3], Variant::Unclear),
            ("bookworm-alpine", &[], Variant::Unclear),
        ] {
            let read = read(tag);
            assert_eq!(read.variant, variant, "{tag}");
            assert!(variant == Variant::Unclear || read.version == version, "{tag}");
        }
        assert_eq!(Tag::read(Some("1.22-windowsservercore-ltsc2022"), &[]), None);
        assert_eq!(Tag::read(Some("1.22-nanoserver"), &[]), None);
        assert_eq!(Tag::read(None, &[]).unwrap().variant, Variant::Unclear);
    }

    #[test]
    fn a_short_version_is_the_newest_of_its_line() {
        assert!(
            read("3").is_since(&[3, 8]) && read("3.8").is_since(&[3, 8]) && read("latest").is_since(&[3, 8])
        );
        assert!(!read("3.7").is_since(&[3, 8]) && !read("2").is_since(&[3, 8]));
    }
}
