//! One COPY or ADD, with everything that the rules need to know of it, and its verdict.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::analysis::destination::{self, Destination, Followed, join};
use crate::analysis::owner::Owner;
use crate::analysis::rule::{Finding, Remedy, Rule, Weight};
use crate::analysis::source::{self, Source, SourceKind};
use crate::analysis::transfer::DirectoryModes;
use crate::dockerfile::{Transfer, TransferKind, Word};
use crate::rootfs::{Assumption, Fact, Known, Leans, Rootfs, ancestors};

/// May `--link` be inserted?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Yes, alone.
    Link,
    /// Yes, with other changes to flags or words.
    Edit,
    /// No: the image would change.
    Hold,
    /// It can not be told.
    Unknown,
    /// The builder would ignore it.
    NoEffect,
    /// It is there already.
    Linked,
    /// `--link=false` says no.
    OptedOut,
}

impl Verdict {
    /// As in the plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Link => "link",
            Verdict::Edit => "edit",
            Verdict::Hold => "hold",
            Verdict::Unknown => "unknown",
            Verdict::NoEffect => "no-effect",
            Verdict::Linked => "linked",
            Verdict::OptedOut => "opted-out",
        }
    }

    /// Whether it can be proved at all.
    pub fn is_provable(self) -> bool {
        matches!(self, Verdict::Link | Verdict::Edit | Verdict::Hold | Verdict::Linked)
    }
}

/// What `--chmod` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chmod {
    /// Nothing: absent, or provably empty.
    Empty,
    /// Something: BuildKit ignores `--link` then.
    Effective,
    /// A variable that may be empty.
    Perhaps,
}

/// What the base says of the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux, for certain.
    Linux,
    /// Nothing says otherwise: an assumption.
    AssumedLinux(Leans),
    /// Windows, and what says so.
    Windows(String),
}

impl Os {
    /// Nobody has said what the image is.
    pub fn assumed(what: &str, line: usize) -> Self {
        let mut leans = Leans::default();
        let message = format!("{what} (line {line}) is a Linux image");
        leans.add(Arc::new(Assumption::new(line, "/", message)));
        Os::AssumedLinux(leans)
    }
}

/// A site as the rules see it: the line, and what lies below it.
#[derive(Debug)]
pub struct View<'a> {
    /// The rules that judge it.
    pub rules: &'a [&'static Rule],
    /// The line.
    pub line: Line<'a>,
    /// What is known below it.
    pub rootfs: &'a Rootfs,
    /// The operating system.
    pub os: &'a Os,
    /// The directories that a linked copy would write, from the top, with what is there now: `A(D)` of the
    /// model. It ends with the first that is not a directory.
    pub written: Vec<(String, Fact)>,
    /// What is at the destination itself, if the way there is directories all along.
    pub at_destination: Option<Fact>,
    /// What [`interior`](Self::interior) found.
    interior: OnceCell<Vec<(String, Known, Fact)>>,
}

/// The line of a [`View`] and what its words mean.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The line.
    pub transfer: &'a Transfer,
    /// Where it goes; the reason where that is not known.
    pub destination: Result<Destination, String>,
    /// Who owns what it creates.
    pub owner: Owner,
    /// `--chmod`.
    pub chmod: Chmod,
    /// What it copies, in order, heredocs last.
    pub sources: Vec<Source>,
    /// What it copies where accepted differences have been linked; None where that is the same.
    pub linked_sources: Option<Vec<Source>>,
}

impl Line<'_> {
    /// The same line where accepted differences have been linked.
    #[must_use]
    pub fn where_linked(&self) -> Self {
        let mut line = self.clone();
        if let Some(sources) = line.linked_sources.take() {
            line.sources = sources;
        }
        line
    }

    /// Which modes directories from sources get. Frontends before 1.10 expand no variable in `--chmod`, so what one gives
    /// is not known (`dispatchCopy`).
    pub fn directory_modes(&self) -> DirectoryModes {
        let written = self.transfer.options.chmod.as_deref().unwrap_or_default();
        let octal = u32::from_str_radix(written, 8).ok().filter(|mode| *mode <= 0o7777);
        match (self.chmod, octal) {
            (Chmod::Empty, _) => DirectoryModes::Own,
            (Chmod::Effective, Some(mode)) => DirectoryModes::All(mode),
            (Chmod::Effective | Chmod::Perhaps, _) => DirectoryModes::Unknown,
        }
    }

    /// That the sources are looked for in the right build context; None where no source comes from one.
    pub fn lean_on_context(&self, message: &str, line: usize) -> Option<Arc<Assumption>> {
        let local = |word: &Word| !source::is_url(&word.text) && !source::is_git(&word.text);
        let from_context = self.transfer.options.from.is_none() && self.transfer.sources.iter().any(local);
        let assumption = || Assumption::new(line, "/", format!("{message} (line {line})"));
        from_context.then(|| Arc::new(assumption()))
    }
}

impl<'a> View<'a> {
    /// Looks at a line.
    pub fn new(line: Line<'a>, rootfs: &'a Rootfs, os: &'a Os, rules: &'a [&'static Rule]) -> Self {
        let interior = OnceCell::new();
        let mut view = Self { rules, line, rootfs, os, written: Vec::new(), at_destination: None, interior };
        if let Ok(destination) = view.line.destination.clone() {
            let as_directory = destination.slashed || view.line.sources.iter().any(makes_directory);
            view.walk(&destination.path, as_directory);
        }
        view
    }

    fn walk(&mut self, path: &str, as_directory: bool) {
        for ancestor in ancestors(path).skip(1) {
            let fact = self.rootfs.get(ancestor);
            let is_directory = matches!(fact.known, Known::Dir(_));
            let is_absent = fact.known == Known::Absent;
            self.written.push((ancestor.to_owned(), fact.clone()));
            if is_absent {
                self.at_destination = Some(fact);
            }
            if !is_directory {
                return;
            }
        }
        let fact = self.rootfs.get(path);
        if as_directory && path != "/" {
            self.written.push((path.to_owned(), fact.clone()));
        }
        self.at_destination = Some(fact);
    }

    /// Whether the destination is a directory in both builds, whatever is there: slashed, or a directory comes
    /// to it before any file.
    pub fn is_directory_anyway(&self) -> bool {
        let slashed = self.line.destination.as_ref().is_ok_and(|destination| destination.slashed);
        let first_that_counts =
            self.line.sources.iter().find(|source| !matches!(source.kind, SourceKind::Archive(_)));
        slashed || self.line.sources.is_empty() || first_that_counts.is_none_or(makes_directory)
    }

    /// The same line with another destination.
    #[must_use]
    pub fn towards(&self, destination: Destination) -> View<'a> {
        let line = Line { destination: Ok(destination), ..self.line.clone() };
        View::new(line, self.rootfs, self.os, self.rules)
    }

    /// The numeric owner of what a linked copy creates, a name looked up in the image.
    pub fn owner_ids(&self) -> Option<(u32, u32)> {
        self.line.owner.resolve(self.rootfs).map(|(ids, _)| ids)
    }

    /// Whether it counts what the sources are: nothing does for a COPY to a place where nothing is.
    pub fn hangs_on_sources(&self) -> bool {
        let absent = self.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
        !absent || self.line.transfer.kind == TransferKind::Add
    }

    /// Whether `path` lies below the destination and is not the destination itself.
    pub fn is_inside(&self, path: &str) -> bool {
        self.line.destination.as_ref().is_ok_and(|destination| destination.path != path)
    }

    /// Whether `--chown` is there and not empty.
    pub fn has_chown(&self) -> bool {
        !matches!(self.line.owner, Owner::Default)
    }

    /// What goes into the destination and meets something there, or may: its path in the image, what it is, and
    /// what is there now. Nothing can be below what is absent, and nothing is known below what is not.
    pub fn interior(&self) -> &[(String, Known, Fact)] {
        self.interior.get_or_init(|| {
            let nothing_there = self.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
            if nothing_there { Vec::new() } else { self.met_by_sources() }
        })
    }

    fn met_by_sources(&self) -> Vec<(String, Known, Fact)> {
        let place = self.line.destination.as_ref().ok().map(|destination| destination.path.clone());
        let into_directory = self.is_directory_anyway()
            || self.at_destination.as_ref().is_some_and(|fact| matches!(fact.known, Known::Dir(_)));
        let pairs = self.line.sources.iter().flat_map(move |source| match (&source.kind, place.as_deref()) {
            (SourceKind::Dir(listing), Some(place)) => {
                listing.entries.iter().map(|(path, known)| (join(place, path), known.clone())).collect()
            }
            (SourceKind::File, Some(place)) if into_directory => {
                vec![(join(place, &source.name), Known::File)]
            }
            (SourceKind::File, Some(place)) => vec![(place.to_owned(), Known::File)],
            _ => Vec::new(),
        });
        let mut met = Vec::new();
        let mut settled: Option<String> = None;
        for (path, known) in pairs {
            if settled.as_ref().is_some_and(|above| path.starts_with(above.as_str())) {
                continue;
            }
            let fact = self.rootfs.get(&path);
            if matches!(fact.known, Known::Absent | Known::Unknown(_)) {
                settled = Some(format!("{path}/"));
            }
            if fact.known != Known::Absent {
                met.push((path, known, fact));
            }
        }
        met
    }

    /// All that the facts of this view lean on.
    pub fn leans(&self) -> Leans {
        let mut leans = Leans::default();
        let facts = self.written.iter().map(|(_, fact)| fact).chain(&self.at_destination);
        facts.for_each(|fact| leans.merge(&fact.leans));
        self.line.sources.iter().for_each(|source| leans.merge(&source.leans));
        if let Os::AssumedLinux(os) = self.os {
            leans.merge(os);
        }
        leans
    }
}

/// Whether a source is certain to make its destination a directory.
fn makes_directory(source: &Source) -> bool {
    matches!(source.kind, SourceKind::Dir(_) | SourceKind::Archive(_) | SourceKind::Git)
}

/// The real path of a destination that leads through symbolic links, written so that a linked copy to it does
/// what the plain copy does now; with what that leans on. None where the real path is no safe place either, and
/// where the destination is written with a variable.
pub fn canonical(view: &View<'_>) -> Option<(String, Leans)> {
    let destination = view.line.destination.as_ref().ok()?;
    let written = view.line.transfer.destination.as_ref()?;
    if written.text.contains('$') {
        return None;
    }
    let Followed::At(real, fact) = destination::follow(view.rootfs, &destination.path) else { return None };
    let decision =
        decide(&view.towards(Destination { path: real.clone(), slashed: destination.slashed }), &|_| false);
    if !matches!(decision.verdict, Verdict::Link | Verdict::Edit) {
        return None;
    }
    let slashed = destination.slashed || decision.remedies().any(|remedy| *remedy == Remedy::AppendSlash);
    let mut leans = decision.leans.clone();
    leans.merge(&fact.leans);
    Some((if slashed && real != "/" { format!("{real}/") } else { real }, leans))
}

/// What the rules say of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// `link`, `edit`, `hold`, `unknown` or `no-effect`.
    pub verdict: Verdict,
    /// The findings that make the verdict, in order of rule.
    pub findings: Vec<Finding>,
    /// What the verdict leans on.
    pub leans: Leans,
    /// Findings that somebody accepted; without that they would have made the verdict heavier.
    pub accepted: Vec<Finding>,
}

impl Decision {
    /// Makes a verdict that lets a line be linked lean on one more assumption.
    pub fn lean_on(&mut self, assumption: &Arc<Assumption>) {
        if matches!(self.verdict, Verdict::Link | Verdict::Edit) {
            self.leans.add(Arc::clone(assumption));
        }
    }

    /// A line whose difference is gone again where its stage ends.
    pub fn healed(leans: Leans) -> Self {
        Self { verdict: Verdict::Link, findings: Vec::new(), leans, accepted: Vec::new() }
    }

    /// Of two decisions about one line, what has to be said: the heavier verdict, and what both accept.
    #[must_use]
    pub fn or_heavier(self, other: Decision) -> Decision {
        let (mut heavy, light) = if other.weight() > self.weight() { (other, self) } else { (self, other) };
        // A slash that is right where a directory is makes one where none is: one text must do for both.
        let one_text = light.verdict == Verdict::Edit && heavy.findings == light.findings;
        if heavy.verdict == Verdict::Edit && !one_text {
            heavy.verdict = Verdict::Unknown;
        }
        if matches!(heavy.verdict, Verdict::Link | Verdict::Edit) {
            heavy.leans.merge(&light.leans);
        }
        for finding in light.accepted {
            if !heavy.accepted.contains(&finding) {
                heavy.accepted.push(finding);
            }
        }
        heavy
    }

    /// How much its verdict counts against another.
    pub(super) fn weight(&self) -> usize {
        match self.verdict {
            Verdict::Link | Verdict::Linked | Verdict::OptedOut => 0,
            Verdict::Edit => 1,
            Verdict::Unknown => 2,
            Verdict::Hold => 3,
            Verdict::NoEffect => 4,
        }
    }

    /// The changes beside the flag, of an `edit`.
    pub fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.findings.iter().filter_map(|finding| finding.remedy.as_ref())
    }
}

/// Decides one line by its rules. What `accepted` lets through counts no more.
///
/// The heaviest finding makes the verdict: no effect before a hold, that before not known, that before an edit.
/// Without any finding the line may be linked as it is.
pub fn decide(view: &View<'_>, accepted: &dyn Fn(&Finding) -> bool) -> Decision {
    let mut findings = Vec::new();
    for rule in view.rules {
        if let Some(check) = rule.check {
            check(view, &mut findings);
        }
    }
    let (accepted, mut findings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.weight == Weight::Hold && accepted(finding));
    let Some(weight) = findings.iter().map(|finding| finding.weight).max() else {
        return Decision { verdict: Verdict::Link, findings, leans: view.leans(), accepted };
    };
    findings.retain(|finding| finding.weight == weight);
    let verdict = match weight {
        Weight::Hold if view.line.chmod == Chmod::Perhaps => Verdict::Unknown,
        Weight::Hold => Verdict::Hold,
        Weight::NoEffect => Verdict::NoEffect,
        Weight::Unknown => Verdict::Unknown,
        Weight::Edit => Verdict::Edit,
    };
    let leans = match weight {
        Weight::Hold => proof_of_hold(&findings),
        Weight::Edit => proof_of_edit(view, &findings),
        Weight::Unknown | Weight::NoEffect => Leans::default(),
    };
    Decision { verdict, findings, leans, accepted }
}

/// An edit leans on what its line leans on, and on what its remedies do.
fn proof_of_edit(view: &View<'_>, findings: &[Finding]) -> Leans {
    let mut leans = view.leans();
    for finding in findings {
        leans.merge(&finding.leans);
    }
    leans
}

/// One reason that leans on nothing proves a hold, whatever the others lean on.
fn proof_of_hold(findings: &[Finding]) -> Leans {
    let mut leans = Leans::default();
    if findings.iter().any(|finding| finding.leans.is_empty()) {
        return leans;
    }
    for finding in findings {
        leans.merge(&finding.leans);
    }
    leans
}
