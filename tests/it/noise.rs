//! Differences hidden in noise, on a real engine: each is found, and noise alone is none. See [`crate::engine`] for what
//! allows the builds.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use layerwright::verify::builder::buildx::{DockerBuildx, Options};
use layerwright::verify::builder::{Interrupt, Request};
use layerwright::verify::compare::Difference;
use layerwright::verify::image::Layers;
use layerwright::verify::noise::{Settled, settle};
use layerwright::verify::variant_builds::{Exports, Failure, Variants, Workbench};

use crate::engine::{self, AT_ONCE};

/// Lines that give something else in each build. `%` is a place for a number.
const NOISE: [&str; 8] = [
    "RUN cat $U > /etc/built%",
    "RUN mkdir -p /var/cache/c% && for i in 1 2 3; do echo same > /var/cache/c%/tmp.$(cat $U); done",
    "RUN mkdir -p /usr/lib/py%/__pycache__ && (echo pyc; cat $U; echo code) > /usr/lib/py%/__pycache__/m.pyc",
    "RUN D=/var/tmp/build%-$(cat $U) && mkdir -p $D/obj && cat $U > $D/obj/log && echo x > $D/x && chmod 700 $D",
    "COPY@ f /notes%/f\nRUN cat $U >> /notes%/f",
    "RUN ln -s $(cat $U) /var/lib/lock%",
    "COPY@ --from=gen /out/ /gen%/",
    "RUN mkdir -p /var/cache/k% && cat $U > /var/cache/k%/$(cat $U) && chmod 600 /var/cache/k%/* && touch /var/cache/k%/index",
];

/// The lines before the stage that becomes the image: a stage whose output is another in each build. No two Dockerfiles
/// share it, for they are built at the same time.
fn generator(number: usize) -> String {
    format!(
        "FROM tiny:1 AS gen\nENV U=/proc/sys/kernel/random/uuid N={number}\nCOPY@ f /in/f\n\
         RUN mkdir /out && cat $U /in/f > /out/program && cp /in/f /out/data\n"
    )
}

/// Lines that link changes, what of the image that is, and whether a RUN can follow.
///
/// `COPY@` gets the flag; of `{a|b}`, `a` stands in the original and `b` in the edited text.
const REAL: [(&str, &[&str], bool); 22] = [
    ("COPY@ f /root/x/f", &["/root mode"], true),
    ("COPY@ f /tmp/f", &["/tmp mode"], true),
    ("COPY@ f /srv/f", &["/srv mode", "/srv group"], true),
    ("COPY@ f /home/app/f", &["/home/app mode", "/home/app owner", "/home/app group"], true),
    ("COPY@ --chown=1000:1000 f /opt/app/f", &["/opt owner", "/opt group"], true),
    ("USER app\nWORKDIR /work\nUSER root\nWORKDIR /\nCOPY@ f /work/f", &["/work owner", "/work group"], true),
    ("COPY@ f /bin/tool", &["/bin type", "/bin/tool presence", "/usr/bin/tool presence"], false),
    (
        "RUN mkdir /real && ln -s /real /alias\nCOPY@ f /alias/f",
        &["/alias type", "/alias/f presence", "/real/f presence"],
        true,
    ),
    (
        "RUN echo old > /real && ln -s /real /alias\nCOPY@ f /alias",
        &["/alias type", "/real size", "/real content"],
        true,
    ),
    ("COPY@ f /opt", &["/opt type", "/opt mode", "/opt/f presence"], false),
    ("COPY@ f /var/lock/f", &["/var/lock type", "/var/lock/f presence", "/run/lock/f presence"], true),
    (
        "RUN mkdir /real && echo old > /real/f && ln -s /real /alias\nCOPY@ f /alias/f\nRUN rm -r /alias",
        &["/real/f size", "/real/f content"],
        true,
    ),
    // The site and noise write the same file: no finished image shows what the site did.
    (
        "RUN mkdir /real && echo old > /real/f && ln -s /real /alias\nCOPY@ f /alias/f\n\
         RUN rm -r /alias && cat $U >> /real/f",
        &["/real/f size", "/real/f content"],
        true,
    ),
    (
        "RUN mkdir /real && ln -s /real /alias\nCOPY@ f /alias/f\nRUN rm -r /alias",
        &["/real/f presence"],
        true,
    ),
    (
        "RUN mkdir /real && ln -s /real /alias && echo 1 > /real/$(cat $U) && echo 2 > /real/$(cat $U)\n\
         COPY@ f /alias/f\nRUN rm -r /alias",
        &["/real/f presence"],
        true,
    ),
    // The mode is noise, but never what the link makes of it.
    (
        "RUN mkdir /odd && case $(cat $U) in [0-7]*) chmod 700 /odd;; *) chmod 750 /odd;; esac\nCOPY@ f /odd/f",
        &["/odd mode"],
        true,
    ),
    (
        "COPY --from=caps:1 /cap/f /cap/f\nRUN ln -s /cap/f /alias\nCOPY@ f /alias\nRUN rm /alias",
        &["/cap/f mode", "/cap/f size", "/cap/f content", "/cap/f attribute security.capability"],
        true,
    ),
    ("COPY@ --chown={app|1000} f /own/f", &["/own group", "/own/f group"], true),
    ("COPY@ f /new/f{|/}", &["/new/f type", "/new/f mode", "/new/f/f presence"], true),
    ("ADD@ implied.tar /", &["/root mode"], true),
    ("COPY tree /app/\nCOPY@ f /app/sub/f", &["/app/sub mode"], true),
    ("COPY --from=build / /out/", &["/out/root mode"], true),
];

/// A stage for the last of [`REAL`].
const BUILD: &str = "FROM tiny:1 AS build\nCOPY@ f /root/f\n";

/// Lines that link leaves as they are.
const SAFE: [&str; 5] = [
    "COPY@ f /app/f",
    "COPY@ tree /usr/local/share/tree/",
    "COPY@ --chown=1000:1001 f /own/",
    "RUN mkdir /made && ln -s /made /to\nCOPY@ f /made/f",
    "COPY@ f /etc/a\nRUN cat /etc/a $U > /etc/b\nCOPY@ tree/sub/x /etc/c",
];

/// A text as it was, or as it is.
fn text(marked: &str, edited: bool) -> Vec<u8> {
    let mut text = marked.replace('@', if edited { " --link" } else { "" });
    while let (Some(start), Some(end)) = (text.find('{'), text.find('}')) {
        let sides = text[start + 1..end].to_owned();
        let (before, after) = sides.split_once('|').unwrap();
        text.replace_range(start..=end, if edited { after } else { before });
    }
    text.into_bytes()
}

/// Some of [`NOISE`], others for each number.
fn noise(number: usize) -> String {
    let chosen: BTreeSet<usize> = [number, number * 3 + 1, number * 5 + 2].map(|at| at % NOISE.len()).into();
    chosen.into_iter().map(|at| NOISE[at].replace('%', &number.to_string()) + "\n").collect()
}

fn context(folder: &Path) -> PathBuf {
    let context = folder.join("context");
    fs::create_dir_all(context.join("tree/sub")).unwrap();
    fs::set_permissions(context.join("tree/sub"), fs::Permissions::from_mode(0o775)).unwrap();
    fs::write(context.join("f"), "a file\n").unwrap();
    fs::write(context.join("tree/sub/x"), "x\n").unwrap();
    let mut tar = tar::Builder::new(fs::File::create(context.join("implied.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(2);
    tar.append_data(&mut header, "root/deep/x", &b"x\n"[..]).unwrap();
    tar.finish().unwrap();
    engine::own_name(folder, &context)
}

pub fn request(text: Vec<u8>, context: &Path, uncached: &[&str]) -> Request {
    Request {
        passed: vec!["--network=host".into()],
        uncached: uncached.iter().map(|name| (*name).to_owned()).collect(),
        ..Request::new(text, context)
    }
}

fn settled(marked: &str, context: &Path) -> Result<Settled, Failure> {
    let builder = DockerBuildx::new(Options::default());
    let (temporary, layers) = (std::env::temp_dir(), Layers::default());
    let exports = Exports { parent: &temporary, layers: &layers, interrupt: &Interrupt::new() };
    let mut bench = Workbench::new(&builder, &|_| {}, "noise".into(), exports);
    let uncached = ["gen", "build", "last"];
    let variants = Variants {
        original: request(text(marked, false), context, &uncached),
        edited: request(text(marked, true), context, &uncached),
    };
    let original = bench.image(&variants.original)?.image;
    let edited = bench.image(&variants.edited)?.image;
    settle(&mut bench, &variants, original, &edited)
}

fn told(difference: &Difference) -> String {
    let path = difference.path.as_ref().map_or_else(|| "config".into(), |path| format!("/{path}"));
    format!("{path} {}", difference.aspect)
}

/// What is wrong with what was found in a text.
fn wrong(marked: &str, expected: &[&str], context: &Path) -> Option<String> {
    let settled = match engine::one_of_few(|| settled(marked, context)) {
        Ok(settled) => settled,
        Err(error) => return Some(format!("{marked}\n{error}")),
    };
    let found: BTreeSet<String> = settled.differences.iter().map(told).collect();
    let expected: BTreeSet<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    // What a stage brings that is no part of the image itself is not looked for below its noise.
    let is_seen = settled.assumptions.is_empty() || marked.contains("=build");
    let is_noisy = settled.noise > 0 && settled.controls > 0 && is_seen;
    (found != expected || !is_noisy).then(|| {
        let Settled { differences, noise, controls, assumptions, .. } = settled;
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        format!(
            "{marked}\n{noise} noise, {controls} controls, {assumptions:?}; not {expected:?} but {lines:#?}"
        )
    })
}

fn check(what: &str, samples: &[(String, &[&str])]) {
    if !engine::is_there(what) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let pending = Mutex::new(samples.iter());
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((marked, expected)) = { pending.lock().unwrap().next() } {
                    found.lock().unwrap().extend(wrong(marked, expected, &context));
                }
            });
        }
    });
    engine::finish(what, samples.len());
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} of {}:\n{}", found.len(), samples.len(), found.join("\n\n"));
}

fn last(number: usize) -> String {
    format!("FROM tiny:1 AS last\nENV U=/proc/sys/kernel/random/uuid N={number}\n")
}

#[test]
fn each_difference_is_found_in_noise() {
    let sample = |(at, (lines, expected, run_follows)): (usize, &(&str, &'static [&'static str], bool))| {
        let (build, noise) = (if lines.contains("=build") { BUILD } else { "" }, noise(at));
        let lines = if *run_follows { format!("{lines}\n{noise}") } else { format!("{noise}{lines}\n") };
        (format!("{}{build}{}{lines}", generator(at), last(at)), *expected)
    };
    let samples: Vec<_> = REAL.iter().enumerate().map(sample).collect();
    check("differences in noise", &samples);
}

#[test]
fn noise_alone_is_no_difference() {
    let sample = |at: usize| {
        let lines = SAFE[at % SAFE.len()];
        // Others before than behind.
        (format!("{}{}{}{lines}\n{}", generator(at), last(at), noise(at), noise(at + 21)), &[][..])
    };
    let samples: Vec<_> = (100..120).map(sample).collect();
    check("noise alone", &samples);
}
