//! The short texts of `bases.json`: paths, their states, digests, and questions about accounts with their answers. Each is
//! read back as exactly what was written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::images::reference::is_digest;
use crate::rootfs::{Account, AccountEntry, Directory, Known};
use crate::text::path::clean;

/// The longest path: Linux's `PATH_MAX`.
const LONGEST_PATH: usize = 4096;

/// An absolute, clean path of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ImagePath(pub(super) String);

/// The state of a path: `absent`, `file`, `other`, `symlink TARGET`, or `directory MODE UID:GID`, with `xattrs` behind it
/// if it has extended attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct PathState(pub(super) Known);

/// A digest, `sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Digest(pub(super) String);

/// A question about accounts: `user NAME`, `uid NUMBER` or `group NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct AccountQuestion(pub(super) Account);

/// The numbers of an account, `UID:GID`, or `GID` for a group; `?` for one that is not a number. `missing` if there is no
/// such account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct AccountAnswer(pub(super) AccountEntry);

/// Implements the schema of a type that is written as a text with a pattern.
macro_rules! with_pattern {
    ($($type:ident: $pattern:literal,)*) => {
        $(impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        })*
    };
}

with_pattern! {
    ImagePath: "^/",
    PathState: r"^(absent|file|other|symlink [\s\S]*|directory [0-7]{4} \d+:\d+( xattrs)?)$",
    Digest: "^sha256:[0-9a-f]{64}$",
    AccountQuestion: r"^(user|group) |^uid \d+$",
    AccountAnswer: r"^(missing|(\d+|\?)(:(\d+|\?))?)$",
}

/// A text is not what its place needs.
#[derive(Debug)]
pub(super) struct Unreadable {
    text: String,
    expected: &'static str,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.expected)
    }
}

impl TryFrom<String> for ImagePath {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        let is_path = text.starts_with('/')
            && text.len() <= LONGEST_PATH
            && clean(&text) == text
            && !text.contains('\0');
        if is_path { Ok(Self(text)) } else { Err(Unreadable { text, expected: "a clean absolute path" }) }
    }
}

impl TryFrom<String> for Digest {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        if is_digest(&text) { Ok(Self(text)) } else { Err(Unreadable { text, expected: "a sha256 digest" }) }
    }
}

impl PathState {
    /// Returns the text of a state; `None` if not all of it is known.
    pub(super) fn new(known: Known) -> Option<Self> {
        let is_whole = match &known {
            Known::Dir(Directory { mode, owner, xattrs }) => {
                mode.is_some() && owner.is_some() && xattrs.is_some()
            }
            Known::Unknown(_) => false,
            _ => true,
        };
        is_whole.then_some(Self(known))
    }
}

impl From<PathState> for String {
    fn from(PathState(known): PathState) -> Self {
        match known {
            Known::Absent => "absent".into(),
            Known::File => "file".into(),
            Known::Symlink(target) => format!("symlink {target}"),
            Known::Dir(Directory { mode: Some(mode), owner: Some((uid, gid)), xattrs: Some(xattrs) }) => {
                format!("directory {mode:04o} {uid}:{gid}{}", if xattrs { " xattrs" } else { "" })
            }
            Known::Other => "other".into(),
            // Never made, and never read back.
            Known::Dir(_) | Known::Unknown(_) => "unknown".into(),
        }
    }
}

impl TryFrom<String> for PathState {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        let directory = |words: &str| {
            let (words, xattrs) = match words.strip_suffix(" xattrs") {
                Some(words) => (words, true),
                None => (words, false),
            };
            let (mode, owner) = words.split_once(' ')?;
            let is_mode = mode.len() == 4 && mode.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
            let mode = is_mode.then(|| u32::from_str_radix(mode, 8).ok())??;
            let (uid, gid) = owner.split_once(':')?;
            let owner = (number(uid)?, number(gid)?);
            Some(Known::Dir(Directory { mode: Some(mode), owner: Some(owner), xattrs: Some(xattrs) }))
        };
        let known = match text.split_once(' ') {
            None if text == "absent" => Some(Known::Absent),
            None if text == "file" => Some(Known::File),
            None if text == "other" => Some(Known::Other),
            Some(("symlink", target)) => Some(Known::Symlink(target.to_owned())),
            Some(("directory", words)) => directory(words),
            _ => None,
        };
        known.map(Self).ok_or(Unreadable { text, expected: "the state of a path" })
    }
}

impl From<AccountQuestion> for String {
    fn from(AccountQuestion(account): AccountQuestion) -> Self {
        match account {
            Account::User(name) => format!("user {name}"),
            Account::Uid(uid) => format!("uid {uid}"),
            Account::Group(name) => format!("group {name}"),
        }
    }
}

impl TryFrom<String> for AccountQuestion {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        let account = match text.split_once(' ') {
            Some(("user", name)) => Some(Account::User(name.to_owned())),
            Some(("group", name)) => Some(Account::Group(name.to_owned())),
            Some(("uid", uid)) => number(uid).map(Account::Uid),
            _ => None,
        };
        account.map(Self).ok_or(Unreadable { text, expected: "a question about an account" })
    }
}

impl From<AccountAnswer> for String {
    fn from(AccountAnswer(entry): AccountAnswer) -> Self {
        let said = |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        match entry {
            AccountEntry::Missing => "missing".into(),
            AccountEntry::Numbers { id, gid: None } => said(id),
            AccountEntry::Numbers { id, gid } => format!("{}:{}", said(id), said(gid)),
        }
    }
}

impl TryFrom<String> for AccountAnswer {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        let read = |word: &str| if word == "?" { Some(None) } else { number(word).map(Some) };
        let entry = match text.split_once(':') {
            None if text == "missing" => Some(AccountEntry::Missing),
            None => read(&text).map(|id| AccountEntry::Numbers { id, gid: None }),
            Some((id, gid)) => read(id).zip(read(gid)).map(|(id, gid)| AccountEntry::Numbers { id, gid }),
        };
        entry.map(Self).ok_or(Unreadable { text, expected: "the numbers of an account" })
    }
}

/// Parses a number as it is written here: digits alone.
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_read_back_as_it_was_written() {
        let directory = |mode, xattrs| {
            Known::Dir(Directory { mode: Some(mode), owner: Some((0, 4_294_967_295)), xattrs: Some(xattrs) })
        };
        for (known, text) in [
            (Known::Absent, "absent"),
            (Known::File, "file"),
            (Known::Other, "other"),
            (Known::Symlink("usr/bin".into()), "symlink usr/bin"),
            (Known::Symlink(" a\nb ".into()), "symlink  a\nb "),
            (Known::Symlink(String::new()), "symlink "),
            (directory(0o1777, false), "directory 1777 0:4294967295"),
            (directory(0, true), "directory 0000 0:4294967295 xattrs"),
        ] {
            assert_eq!(String::from(PathState(known.clone())), text);
            assert_eq!(PathState::try_from(text.to_owned()).unwrap().0, known);
        }
        for (account, text) in [
            (Account::User("a b".into()), "user a b"),
            (Account::Uid(7), "uid 7"),
            (Account::Group(String::new()), "group "),
        ] {
            assert_eq!(String::from(AccountQuestion(account.clone())), text);
            assert_eq!(AccountQuestion::try_from(text.to_owned()).unwrap().0, account);
        }
        let numbers = |id, gid| AccountEntry::Numbers { id, gid };
        for (entry, text) in [
            (AccountEntry::Missing, "missing"),
            (numbers(Some(1), Some(2)), "1:2"),
            (numbers(None, Some(2)), "?:2"),
            (numbers(Some(1), None), "1"),
            (numbers(None, None), "?"),
        ] {
            assert_eq!(String::from(AccountAnswer(entry)), text);
            assert_eq!(AccountAnswer::try_from(text.to_owned()).unwrap().0, entry);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "a", "/a/", "/a/../b", "/a//b", "/a/./b", "/a\0"] {
            assert!(ImagePath::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in
            ["", "dir", "directory", "directory 755 0:0", "directory 0799 0:0", "directory 0755 0", "file x"]
        {
            assert!(PathState::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["", "user", "uid x", "uid +1", "uid 4294967296", "person x"] {
            assert!(AccountQuestion::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["", "x", ":", "1:", "-1:2", "1:2:3"] {
            assert!(AccountAnswer::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(Digest::try_from("sha256:a".to_owned()).is_err());
    }
}
