//! Symbolic modes applied to the mode bits of a directory, where chmod of GNU coreutils and of BusyBox agree.

use crate::shell::Mode;
use crate::text::cut;

/// The bits that the umask of a RUN clears in modes without `ugoa` (the default of runc, which BuildKit does not
/// change).
const UMASK: u32 = 0o022;

/// Set-user-ID and set-group-ID: for a directory, an octal mode keeps them in GNU chmod and clears them in `BusyBox`.
const SPECIAL: u32 = 0o6000;

/// Returns the new mode of a directory with the mode `now`. `None` if it is not certain.
pub(crate) fn changed(now: u32, mode: &Mode) -> Option<u32> {
    let text = match mode {
        Mode::Octal(bits) => return (now & SPECIAL == 0).then_some(*bits),
        Mode::Symbolic(text) => text,
    };
    if now & SPECIAL != 0 {
        return None;
    }
    text.split(',').try_fold(now, clause)
}

/// Applies one clause: `[ugoa]*([-+=][rwxXt]*)+`.
fn clause(mode: u32, clause: &str) -> Option<u32> {
    let whom = clause.find(|letter: char| !"ugoa".contains(letter))?;
    let (who, mut actions) = clause.split_at(whom);
    let all = who.is_empty() || who.contains('a');
    let mut affected = 0;
    for (letter, bits) in [('u', 0o700), ('g', 0o070), ('o', 0o007)] {
        if all || who.contains(letter) {
            affected |= bits;
        }
    }
    let mut mode = mode;
    while let Some((operator, rest)) = cut::first(actions) {
        let (permissions, later) = cut::where_ends(rest, |c| matches!(c, '+' | '-' | '='));
        let mut bits = 0;
        for letter in permissions.chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' | 'X' => 0o111,
                't' if all => 0o1000,
                _ => return None,
            };
        }
        let masked = if who.is_empty() { !UMASK } else { !0 };
        let bits = bits & (affected | 0o1000) & masked;
        mode = match operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            // Which users `=` names decides if it keeps the sticky bit.
            '=' if mode & 0o1000 == 0 => mode & !affected | bits,
            _ => return None,
        };
        actions = later;
    }
    Some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each case is the output of `mkdir -m NOW d && chmod MODE d && stat -c %a d` of GNU coreutils with umask 022.
    #[test]
    fn symbolic_modes_are_as_chmod_makes_them() {
        let cases = [
            (0o755, "a+rwx", 0o777),
            (0o755, "+w", 0o755),
            (0o700, "+x", 0o711),
            (0o755, "go-rx", 0o700),
            (0o777, "o-w,g-w", 0o755),
            (0o750, "u=rwx,go=rx", 0o755),
            (0o755, "+t", 0o1755),
            (0o1777, "-t", 0o777),
            (0o777, "=rx", 0o555),
            (0o644, "a+X", 0o755),
            (0o700, "g+r+x", 0o750),
        ];
        for (now, mode, expected) in cases {
            assert_eq!(changed(now, &Mode::Symbolic(mode.into())), Some(expected), "{mode} on {now:o}");
        }
        for unclear in ["u+s", "g=u", "1755x", "", "o+t"] {
            assert_eq!(changed(0o755, &Mode::Symbolic(unclear.into())), None, "{unclear}");
        }
        assert_eq!(changed(0o2755, &Mode::Symbolic("a+w".into())), None);
        assert_eq!(changed(0o1777, &Mode::Symbolic("a=rx".into())), None);
    }
}
