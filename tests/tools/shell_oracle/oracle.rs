//! Judges a sample, runs it, and compares.

use super::claims::{FalseClaim, Images};
use super::protocol::Outcome;
use super::root::ROOTS;
use super::sample::{Run, SCRIPT_NAME, Sample};
use super::sandbox::Sandbox;
use super::shrink;

type Failure = Box<dyn std::error::Error>;

/// A sandbox with the analysis of what runs in it.
pub struct Oracle {
    sandbox: Sandbox,
    images: Images,
}

/// What a sample showed.
pub enum Verdict {
    /// BuildKit refuses the Dockerfile.
    Refused,
    /// No fact is certain after it, so that none can be wrong. It did not run.
    NothingCertain,
    /// A script failed or ran for too long: a build ends there.
    Failed,
    /// All that is certain is so. So many facts are certain that the root does not have.
    True(usize),
    /// Certain facts that are not so.
    False(Vec<FalseClaim>),
}

impl Oracle {
    pub fn start() -> Result<Self, Failure> {
        let sandbox = Sandbox::start()?;
        let images = Images::new(&sandbox.roots);
        Ok(Self { sandbox, images })
    }

    pub fn judge(&mut self, sample: &Sample) -> Result<Verdict, Failure> {
        let Some(judged) = self.images.judge(sample) else { return Ok(Verdict::Refused) };
        if !judged.is_certain_of_anything(&self.sandbox.roots[sample.root].tree) {
            return Ok(Verdict::NothingCertain);
        }
        let (changes, accounts) = match self.sandbox.run(&sample.job())? {
            Outcome::Done { changes, accounts } => (changes, accounts),
            Outcome::Failed => return Ok(Verdict::Failed),
        };
        let before = &self.sandbox.roots[sample.root];
        let mut found = judged.false_claims(&before.tree, &changes);
        found.extend(judged.false_accounts(before, &accounts));
        let is_true = found.is_empty();
        Ok(if is_true { Verdict::True(judged.certain_changes(&before.tree)) } else { Verdict::False(found) })
    }

    /// The smallest sample that still shows a false claim, with what is claimed.
    pub fn shrunk(&mut self, sample: &Sample) -> Result<Finding, Failure> {
        let mut failure = None;
        let small = shrink::shrink(sample, &mut |sample| match self.judge(sample) {
            Ok(verdict) => matches!(verdict, Verdict::False(_)),
            Err(error) => {
                failure = Some(error);
                false
            }
        });
        match (failure, self.judge(&small)?) {
            (Some(error), _) => Err(error),
            (None, Verdict::False(claims)) => Ok(Finding { sample: small, claims }),
            (None, _) => Ok(Finding { sample: small, claims: Vec::new() }),
        }
    }
}

/// A sample that shows a false claim.
pub struct Finding {
    pub sample: Sample,
    /// None, where it shows them now and then.
    pub claims: Vec<FalseClaim>,
}

impl Finding {
    /// The scripts with every path replaced, so that findings of one kind look alike.
    pub fn kind(&self) -> String {
        let text = |run: &Run| match run {
            Run::Script(script) => script.clone(),
            Run::Exec(words) => words.join(" "),
        };
        let scripts: Vec<String> =
            self.sample.runs.iter().map(text).chain(self.sample.script.clone()).collect();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let word = |word: &str| {
            let is_path = word.starts_with(['/', '.']) || word.contains('/');
            if is_path && word.chars().all(is_plain) { "PATH".to_owned() } else { word.to_owned() }
        };
        scripts.join("\n").split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sample.dockerfile(ROOTS[self.sample.root].name))?;
        for line in self.sample.script.iter().flat_map(|script| script.lines()) {
            writeln!(f, "# {SCRIPT_NAME}: {line}")?;
        }
        for claim in self.claims.iter().take(4) {
            writeln!(f, "# {claim}")?;
        }
        if self.claims.is_empty() {
            writeln!(f, "# It shows a false claim now and then.")?;
        }
        Ok(())
    }
}
