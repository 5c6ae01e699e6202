//! Random Dockerfiles, each built as it is and with all that is proved: the images must be the same.
//!
//! `LAYERWRIGHT_SEED` is the seed of the first Dockerfile, the next ones count on from it, and
//! `LAYERWRIGHT_DIFFERENTIAL` says how many there are. A seed gives the same Dockerfile on every engine that has the
//! same means: see [`Means`]. See [`crate::engine`] for what allows the builds.

pub mod folder;
pub mod random;
pub mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use layerwright::analysis::Verdict;
use layerwright::analysis::end_state::NoNeighbours;
use layerwright::analysis::named_context::{NamedContext, NamedContexts};
use layerwright::analysis::rule::{self, Rule, RuleId};
use layerwright::analysis::{Inputs, analyze};
use layerwright::builds::FolderContext;
use layerwright::campaign::plan::file::Site;
use layerwright::campaign::plan::line_plans;
use layerwright::campaign::plan::sites_report;
use layerwright::config::Config;
use layerwright::dockerfile::Dockerfile;
use layerwright::edit::header::Header;
use layerwright::edit::rewrite;
use layerwright::images::file::FileSource;

use crate::cases::options;
use crate::engine::{self, AT_ONCE, Image, differences};
use crate::mutation;
use crate::support::{left_out, say};
use random::Random;
use text::Means;

const WHAT: &str = "the differential check";
const FIRST_SEED: u64 = 1;
const DOCKERFILES: usize = 25;
/// How often a Dockerfile that fails loses the line that fails.
const MENDS: usize = 6;

/// From so many Dockerfiles on, shares say something.
const MANY: usize = 200;
/// How many of a hundred Dockerfiles have to differ when every line is linked: otherwise nothing is tested.
const LEAST_DIFFERING: usize = 20;
/// How many of a hundred sites have to be proved, in Dockerfiles where all of them may be linked.
const LEAST_PROVED: usize = 40;

/// `gnu:1`: Debian's tools on `tiny:1`, where there is a Debian to take them from.
const GNU: &str = r#"FROM debian:bookworm-slim AS debian
RUN mkdir -p /out/usr/bin /out/usr/sbin /out/etc \
 && cd /usr/bin && cp chmod chown chgrp mkdir cp mv ln rm rmdir install touch /out/usr/bin/ \
 && cp /usr/sbin/useradd /usr/sbin/groupadd /usr/sbin/usermod /out/usr/sbin/ \
 && cp /etc/login.defs /out/etc/ && ln -s usr/lib64 /out/lib64 \
 && for i in /out/usr/bin/* /out/usr/sbin/*; do ldd $i; done | grep -o '/lib[^ ]*' | sort -u \
  | while read -r i; do mkdir -p "/out/usr/${i%/*}" && cp -L "$i" "/out/usr/$i"; done
FROM tiny:1
RUN cd /usr/bin && rm -f chmod chown chgrp mkdir cp mv ln touch rmdir && rm rm
COPY --from=debian /out/ /
"#;

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    let Ok(value) = std::env::var(variable) else { return default };
    value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}"))
}

/// The engine with what the Dockerfiles need of it.
struct Bench {
    work: tempfile::TempDir,
    images: FileSource,
    means: Means,
    salt: String,
}

impl Bench {
    fn new() -> Self {
        let work = tempfile::tempdir().unwrap();
        let empty = work.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let file = work.path().join("Dockerfile");
        fs::write(&file, GNU).unwrap();
        let gnu = engine::is_image("debian:bookworm-slim") && engine::tag(&file, &empty, "gnu:1").is_ok();
        let mut pairs = Vec::new();
        for base in ["tiny", "caps"].into_iter().chain(gnu.then_some("gnu")) {
            // A bare root filesystem has no configuration, and would leave every variable unknown.
            let tar = work.path().join(base).with_extension("tar");
            engine::save(&format!("{base}:1"), &tar).unwrap();
            pairs.push(format!("{base}:1={}", tar.display()));
        }
        let images = FileSource::new(pairs.iter().map(String::as_str)).unwrap();
        fs::write(&file, "FROM tiny:1\nCOPY --exclude=x --parents . /opt/\n").unwrap();
        let means = Means { filters: engine::export(&file, &empty, &[]).is_ok(), gnu };
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        Self { work, images, means, salt: format!("{}", now.as_nanos()) }
    }
}

/// A Dockerfile with its context.
struct Sample {
    text: String,
    folder: PathBuf,
}

impl Sample {
    fn new(bench: &Bench, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let folder = bench.work.path().join(seed.to_string());
        let context = folder.join("context");
        fs::create_dir_all(&context).unwrap();
        let salt = format!("{} {seed}", bench.salt);
        folder::make(&mut random, &context, &salt);
        let named = folder.join("named");
        fs::create_dir(&named).unwrap();
        folder::make(&mut random, &named, &salt);
        let text = text::write(&mut random, bench.means);
        Self { text, folder }
    }

    fn context(&self) -> PathBuf {
        self.folder.join("context")
    }

    fn named(&self) -> PathBuf {
        self.folder.join("named")
    }

    fn build(&self, text: &str) -> Result<Image, String> {
        let file = self.folder.join("Dockerfile");
        fs::write(&file, text).unwrap();
        let named = format!("named={}", self.named().display());
        let options = ["--build-context", &named, "--build-context", "other:1=docker-image://caps:1"];
        engine::build(&file, &self.context(), &options)
    }

    /// Builds it, without the lines that fail. None where it fails still.
    fn mend(&mut self) -> Option<Image> {
        for _ in 0..MENDS {
            let message = match self.build(&self.text) {
                Ok(image) => return Some(image),
                Err(message) => message,
            };
            let failing = failing_lines(&message);
            if failing.is_empty() {
                return None;
            }
            self.text = without(&self.text, &failing);
        }
        None
    }

    fn sites(&self, bench: &Bench, text: &str, rules: &[&'static Rule]) -> Vec<Site> {
        let mut named_contexts = NamedContexts::none();
        let named = FolderContext::new(&self.named()).unwrap();
        named_contexts.insert("named", NamedContext::Folder(&named));
        named_contexts.insert("other:1", NamedContext::Image("caps:1".into()));
        let build_args = BTreeMap::new();
        let inputs = Inputs {
            images: &bench.images,
            context: &FolderContext::new(&self.context()).unwrap(),
            assumed_context: None,
            assumes_build: false,
            targets: &[],
            way: "",
            named_contexts: &named_contexts,
            build_args: &BTreeMap::new(),
            platforms: &[],
            rules,
            neighbours: &NoNeighbours,
            accepted: &|_| false,
        };
        let dockerfile = Dockerfile::read(text.as_bytes().to_vec());
        let judged = analyze(&dockerfile, &[inputs]).sites;
        sites_report(
            &dockerfile,
            &judged,
            &options(&bench.images, &build_args, &Config::default(), rules),
            &|_| None,
        )
    }

    /// What is wrong with a text in place of another; None where both give the same image.
    fn wrong(&self, plain: &Image, text: &str) -> Option<Vec<String>> {
        match self.build(text) {
            Ok(image) => Some(differences(plain, &image)).filter(|differences| !differences.is_empty()),
            Err(message) => Some(message.lines().rev().take(3).map(str::to_owned).collect()),
        }
    }

    /// The same with as few lines as show the same.
    fn reduced(&self, bench: &Bench, rules: &[&'static Rule]) -> String {
        let mut text = self.text.clone();
        let mut at = text.lines().count();
        while at > 0 {
            at -= 1;
            let kept = without(&text, &[at]);
            let Ok(plain) = self.build(&kept) else { continue };
            let proved = proved(&kept, &self.sites(bench, &kept, rules));
            if proved != kept && self.wrong(&plain, &proved).is_some() {
                text = kept;
            }
        }
        text
    }
}

/// The lines that the engine marks in what it shows of a Dockerfile that fails, counted from 0.
fn failing_lines(message: &str) -> Vec<usize> {
    let marked = message.lines().filter(|line| line.contains(" | >>> "));
    let number = |line: &str| line.split_once(" | ").unwrap().0.trim().parse::<usize>();
    marked.map(|line| number(line).unwrap() - 1).collect()
}

fn without(text: &str, left_out: &[usize]) -> String {
    let kept = text.lines().enumerate().filter(|(line, _)| !left_out.contains(line));
    kept.flat_map(|(_, line)| [line, "\n"]).collect()
}

fn is_proved(site: &Site) -> bool {
    matches!(site.verdict, Verdict::Link | Verdict::Edit) && site.proved == Some(true)
}

/// A text with all that is proved.
fn proved(text: &str, sites: &[Site]) -> String {
    let dockerfile = Dockerfile::read(text.as_bytes().to_vec());
    let lines = line_plans(sites.iter().filter(|site| is_proved(site)));
    String::from_utf8(rewrite(&dockerfile, &lines, &Header::Keep).unwrap().text).unwrap()
}

/// The texts that have to give the same image: one with all that is proved, and one with each proved line alone.
fn variants(text: &str, sites: &[Site]) -> Vec<String> {
    let all = proved(text, sites);
    let lines: Vec<usize> = sites.iter().filter(|site| is_proved(site)).map(|site| site.line).collect();
    let mut variants = Vec::new();
    if all != text {
        variants.push(all);
    }
    if lines.len() > 1 {
        for line in lines {
            let alone: Vec<Site> = sites.iter().filter(|site| site.line == line).cloned().collect();
            variants.push(proved(text, &alone));
        }
    }
    variants
}

/// A text with the flag on every line that may have it.
fn all_linked(text: &str, sites: &[Site]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for site in sites.iter().filter(|site| !matches!(site.verdict, Verdict::Linked | Verdict::OptedOut)) {
        let word = if site.onbuild { "ONBUILD ".len() } else { 0 };
        let line = &mut lines[site.line - 1];
        let end = line[word..].find(' ').map_or(line.len(), |end| end + word);
        line.insert_str(end, " --link");
    }
    lines.join("\n") + "\n"
}

#[derive(Debug, Default)]
struct Counts {
    built: usize,
    failed: usize,
    sites: usize,
    proved: usize,
    differing: usize,
    equivalent_sites: usize,
    equivalent_proved: usize,
    wrong: Vec<String>,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.built += other.built;
        self.failed += other.failed;
        self.sites += other.sites;
        self.proved += other.proved;
        self.differing += other.differing;
        self.equivalent_sites += other.equivalent_sites;
        self.equivalent_proved += other.equivalent_proved;
        self.wrong.extend(other.wrong);
    }
}

fn try_one(bench: &Bench, seed: u64) -> Counts {
    let mut sample = Sample::new(bench, seed);
    let mut counts = Counts::default();
    let Some(plain) = sample.mend() else {
        counts.failed = 1;
        fs::remove_dir_all(&sample.folder).unwrap();
        return counts;
    };
    counts.built = 1;
    let sites = sample.sites(bench, &sample.text, rule::ALL);
    let open = |site: &&Site| !matches!(site.verdict, Verdict::Linked | Verdict::OptedOut);
    counts.sites = sites.iter().filter(open).count();
    counts.proved = sites.iter().filter(|site| is_proved(site)).count();
    for text in variants(&sample.text, &sites) {
        let Some(wrong) = sample.wrong(&plain, &text) else { continue };
        let reduced = sample.reduced(bench, rule::ALL);
        let wrong = wrong.join("\n");
        let shown = format!("seed {seed}: a wrong proof:\n{text}\n{wrong}\nreduced:\n{reduced}");
        say(&shown);
        counts.wrong.push(shown);
        break;
    }
    if sample.wrong(&plain, &all_linked(&sample.text, &sites)).is_some() {
        counts.differing = 1;
    } else {
        counts.equivalent_sites = counts.sites;
        counts.equivalent_proved = counts.proved;
    }
    fs::remove_dir_all(&sample.folder).unwrap();
    counts
}

/// Does something for each seed, as many at a time as the engine builds.
fn for_each_seed<T: Send>(run: &(dyn Fn(u64) -> T + Sync)) -> Vec<T> {
    let (first, many) =
        (number("LAYERWRIGHT_SEED", FIRST_SEED), number("LAYERWRIGHT_DIFFERENTIAL", DOCKERFILES));
    say(&format!("{WHAT}: {many} Dockerfiles from LAYERWRIGHT_SEED={first}"));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= many {
                return done;
            }
            done.push(run(first + u64::try_from(at).unwrap()));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

#[test]
fn what_is_proved_changes_no_image() {
    if !engine::is_there(WHAT) {
        return;
    }
    let bench = Bench::new();
    let mut counts = Counts::default();
    for one in for_each_seed(&|seed| try_one(&bench, seed)) {
        counts.add(one);
    }
    let share = |part: usize, whole: usize| part * 100 / whole.max(1);
    let differing = share(counts.differing, counts.built);
    let proved = share(counts.equivalent_proved, counts.equivalent_sites);
    say(&format!(
        "{WHAT}: {} fail plain; {} of {} sites are proved; {differing} % differ with every line linked; \
         of the others' {} sites {proved} % are proved",
        counts.failed, counts.proved, counts.sites, counts.equivalent_sites
    ));
    engine::finish(WHAT, counts.built);
    assert!(counts.wrong.is_empty(), "{} wrong proofs\n{}", counts.wrong.len(), counts.wrong.join("\n\n"));
    if counts.built >= MANY {
        assert!(differing >= LEAST_DIFFERING, "{differing} % differ with every line linked");
        assert!(proved >= LEAST_PROVED, "{proved} % are proved where all may be linked");
    }
}

/// Within so many Dockerfiles each rule is missed.
const ENOUGH: usize = 500;

/// Rules without which some of the Dockerfiles change that [`ENOUGH`] seeds give.
const FOUND: [&str; 13] = [
    "ancestor-mode",
    "ancestor-owner",
    "ancestor-xattrs",
    "archive-hard-link",
    "archive-implied-parents",
    "chown-ancestors",
    "directory-destination",
    "named-chown",
    "symlink-ancestor",
    "symlink-destination",
    "type-conflict",
    "unknown-destination",
    "unknown-filesystem",
];

/// The rules that are not found yet, without which what is proved gives another image than `plain`, or an image where
/// there is none.
fn changes_without(
    bench: &Bench,
    sample: &Sample,
    plain: Option<&Image>,
    found: &Mutex<BTreeMap<RuleId, u64>>,
) -> Vec<RuleId> {
    let all = proved(&sample.text, &sample.sites(bench, &sample.text, rule::ALL));
    let open =
        |rule: &&&'static Rule| rule.check.is_some() && !found.lock().unwrap().contains_key(&rule.id());
    let changes = |id: RuleId| {
        let text = proved(&sample.text, &sample.sites(bench, &sample.text, &mutation::without(id)));
        text != all
            && match plain {
                Some(plain) => sample.wrong(plain, &text).is_some(),
                None => sample.build(&text).is_ok(),
            }
    };
    rule::ALL.iter().filter(open).map(|rule| rule.id()).filter(|id| changes(*id)).collect()
}

#[test]
fn without_a_rule_images_change() {
    let what = "the differential check of each rule";
    if number("LAYERWRIGHT_DIFFERENTIAL", DOCKERFILES) < ENOUGH {
        return left_out(what, &format!("LAYERWRIGHT_DIFFERENTIAL is less than {ENOUGH}"));
    }
    if !engine::is_there(what) {
        return;
    }
    let bench = Bench::new();
    let found: Mutex<BTreeMap<RuleId, u64>> = Mutex::new(BTreeMap::new());
    let built = for_each_seed(&|seed| {
        let mut sample = Sample::new(&bench, seed);
        let mut plain = sample.build(&sample.text).ok();
        let mut changing = changes_without(&bench, &sample, plain.as_ref(), &found);
        if plain.is_none() {
            plain = sample.mend();
            if let Some(plain) = &plain {
                changing.extend(changes_without(&bench, &sample, Some(plain), &found));
            }
        }
        for rule in changing {
            found.lock().unwrap().entry(rule).or_insert(seed);
        }
        fs::remove_dir_all(&sample.folder).unwrap();
        plain.is_some()
    });
    let found = found.into_inner().unwrap();
    for (rule, seed) in &found {
        say(&format!("{what}: seed {seed} changes without {rule}"));
    }
    engine::finish(what, built.into_iter().filter(|built| *built).count());
    let missed: Vec<&str> =
        FOUND.into_iter().filter(|id| !found.keys().any(|rule| rule.as_str() == *id)).collect();
    assert!(missed.is_empty(), "nothing changes without {missed:?}");
}
