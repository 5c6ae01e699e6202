//! Options of commands. It refuses what it does not know, so that no option is taken for something else.

use super::field::Field;
use crate::text::cut;

/// The options of a command: short letters, those with a value followed by `:`, and long names with the letter
/// that they stand for.
pub(super) struct Options {
    pub(crate) short: &'static str,
    pub(crate) long: &'static [(&'static str, char)],
}

/// The words of a command, told apart.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    flags: Vec<(char, Option<String>)>,
    pub(crate) operands: Vec<&'a Field>,
}

impl Parsed<'_> {
    pub(crate) fn has(&self, flag: char) -> bool {
        self.flags.iter().any(|(name, _)| *name == flag)
    }

    /// Returns the values of all such options.
    pub(crate) fn values(&self, flag: char) -> Vec<&str> {
        let all = self.flags.iter().filter(|(name, _)| *name == flag);
        all.filter_map(|(_, value)| value.as_deref()).collect()
    }

    /// Returns the value of the last such option.
    pub(crate) fn value(&self, flag: char) -> Option<&str> {
        self.flags.iter().rev().find(|(name, _)| *name == flag).and_then(|(_, value)| value.as_deref())
    }
}

impl Options {
    /// Reads `words`; `None` if an option is not known, may hide in an unknown word, or stands where not every
    /// implementation reads it.
    pub(crate) fn parse<'a>(&self, words: &'a [Field]) -> Option<Parsed<'a>> {
        self.read(words, false)
    }

    /// Reads `words` of a command that takes options behind its operands too.
    pub(crate) fn parse_mixed<'a>(&self, words: &'a [Field]) -> Option<Parsed<'a>> {
        self.read(words, true)
    }

    fn read<'a>(&self, words: &'a [Field], mixed: bool) -> Option<Parsed<'a>> {
        let mut parsed = Parsed::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let known = word.known();
            if known == "--" && word.literal().is_some() {
                parsed.operands.extend(words.by_ref());
                break;
            }
            let is_option = known.starts_with('-') && (known != "-" || word.literal().is_none());
            if !is_option {
                if known.is_empty() && word.literal().is_none() {
                    return None;
                }
                parsed.operands.push(word);
                continue;
            }
            if !mixed && !parsed.operands.is_empty() {
                return None;
            }
            let option = word.literal()?;
            match option.strip_prefix("--") {
                Some(long) => parsed.flags.push(self.long(long, &mut words)?),
                None => self.short(option.trim_start_matches('-'), &mut words, &mut parsed.flags)?,
            }
        }
        Some(parsed)
    }

    fn takes_value(&self, letter: char) -> Option<bool> {
        let (_, after) = self.short.split_once(letter).filter(|_| letter != ':')?;
        Some(after.starts_with(':'))
    }

    fn long<'a>(
        &self,
        option: &str,
        words: &mut impl Iterator<Item = &'a Field>,
    ) -> Option<(char, Option<String>)> {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let (_, letter) = self.long.iter().find(|(long, _)| *long == name)?;
        match (self.takes_value(*letter)?, value) {
            (false, None) => Some((*letter, None)),
            (false, Some(_)) => None,
            (true, Some(value)) => Some((*letter, Some(value.to_owned()))),
            (true, None) => Some((*letter, Some(words.next()?.literal()?.to_owned()))),
        }
    }

    fn short<'a>(
        &self,
        letters: &str,
        words: &mut impl Iterator<Item = &'a Field>,
        flags: &mut Vec<(char, Option<String>)>,
    ) -> Option<()> {
        let mut rest = letters;
        while let Some((letter, attached)) = cut::first(rest) {
            rest = attached;
            if !self.takes_value(letter)? {
                flags.push((letter, None));
                continue;
            }
            let value = if attached.is_empty() { words.next()?.literal()? } else { attached };
            flags.push((letter, Some(value.to_owned())));
            break;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MKDIR: Options = Options { short: "pvm:", long: &[("parents", 'p'), ("mode", 'm')] };

    fn fields(words: &str) -> Vec<Field> {
        words.split(' ').map(|word| Field::Literal(word.into())).collect()
    }

    #[test]
    fn options_are_told_from_operands() {
        for (words, mode, operands) in [
            ("-pv a", None, 1),
            ("-pm 755 a b", Some("755"), 2),
            ("-pm755 a", Some("755"), 1),
            ("--parents --mode=700 a", Some("700"), 1),
            ("--mode 700 -- -a", Some("700"), 1),
        ] {
            let words = fields(words);
            let parsed = MKDIR.parse(&words).expect("known options");
            assert_eq!((parsed.value('m'), parsed.operands.len()), (mode, operands), "{words:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for words in ["-x a", "--unknown", "a -p", "-m", "--parents=yes", "-p:"] {
            assert!(MKDIR.parse(&fields(words)).is_none(), "{words}");
        }
        assert!(MKDIR.parse(&[Field::Prefix(String::new())]).is_none());
        assert!(MKDIR.parse(&[Field::Prefix("-".into())]).is_none());
        assert!(MKDIR.parse(&[Field::Prefix("/a".into())]).is_some());
    }
}
