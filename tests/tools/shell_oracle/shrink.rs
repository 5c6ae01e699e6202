//! Makes a sample smaller as long as it shows the same.

use super::sample::{Run, Sample};

/// How many smaller samples are tried.
const TRIES: usize = 250;

/// The smallest sample that was found of which `shows` is true, as it is of `sample`.
pub fn shrink(sample: &Sample, shows: &mut dyn FnMut(&Sample) -> bool) -> Sample {
    let mut shrinker = Shrinker { best: sample.clone(), shows, tries: TRIES };
    loop {
        let before = shrinker.best.clone();
        shrinker.around();
        let runs = (0..shrinker.best.runs.len()).map(Some);
        for place in runs.chain([None]) {
            shrinker.script(place, &tokens);
            shrinker.script(place, &letters);
        }
        if shrinker.best == before || shrinker.tries == 0 {
            return shrinker.best;
        }
    }
}

struct Shrinker<'a> {
    best: Sample,
    shows: &'a mut dyn FnMut(&Sample) -> bool,
    tries: usize,
}

impl Shrinker<'_> {
    /// Takes a change over if it shows the same.
    fn attempt(&mut self, change: impl FnOnce(&mut Sample)) -> bool {
        let mut smaller = self.best.clone();
        change(&mut smaller);
        if self.tries == 0 || smaller == self.best {
            return false;
        }
        self.tries -= 1;
        let shows = (self.shows)(&smaller);
        if shows {
            self.best = smaller;
        }
        shows
    }

    /// Drops what stands around the scripts.
    fn around(&mut self) {
        self.attempt(|sample| sample.shell.clear());
        self.attempt(|sample| sample.user = None);
        self.attempt(|sample| sample.script = None);
        self.attempt(|sample| sample.workdir = "/".into());
        for number in (0..self.best.env.len()).rev() {
            self.attempt(|sample| drop(sample.env.remove(number)));
        }
        for number in (0..self.best.runs.len()).rev() {
            if self.best.runs.len() > 1 {
                self.attempt(|sample| drop(sample.runs.remove(number)));
            }
        }
    }

    /// Drops parts of the script of a RUN, or of the one on disk, long ones first.
    fn script(&mut self, run: Option<usize>, split: &dyn Fn(&str) -> Vec<String>) {
        let script = match run.map(|run| self.best.runs.get(run)) {
            None => self.best.script.as_ref(),
            Some(Some(Run::Script(script))) => Some(script),
            Some(Some(Run::Exec(_)) | None) => None,
        };
        let Some(script) = script else { return };
        let mut parts = split(script);
        let mut length = parts.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at < parts.len() {
                let mut rest = parts.clone();
                rest.drain(at..(at + length).min(parts.len()));
                let text = rest.concat();
                let is_smaller = (run.is_none() || is_script(&text))
                    && self.attempt(|sample| match run {
                        Some(run) => sample.runs[run] = Run::Script(text),
                        None => sample.script = Some(text),
                    });
                if is_smaller { parts = rest } else { at += length }
            }
            length /= 2;
        }
    }
}

/// Whether a text is a script when it follows RUN.
pub fn is_script(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && !text.starts_with("--") && !text.starts_with('[') && !text.ends_with('\\')
}

/// Letters. What stands around a blank stays together, so that words stay apart.
fn letters(script: &str) -> Vec<String> {
    let mut letters: Vec<String> = Vec::new();
    for c in script.chars() {
        match letters.last_mut() {
            Some(last) if c == ' ' || last.ends_with(' ') => last.push(c),
            _ => letters.push(c.into()),
        }
    }
    letters
}

/// Words, and what stands between them.
fn tokens(script: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut was_word = false;
    for c in script.chars() {
        let is_word = c.is_ascii_alphanumeric() || "/._$-".contains(c);
        match tokens.last_mut() {
            Some(last) if is_word && was_word => last.push(c),
            _ => tokens.push(c.into()),
        }
        was_word = is_word;
    }
    tokens
}
