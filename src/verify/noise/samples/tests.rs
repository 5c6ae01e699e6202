use serde_json::{Value, json};

use super::*;
use crate::verify::image::tests::{image, layer};

/// An image of lines as `path mode content`; a path with a slash at its end is a directory, `->` makes a symlink.
fn made(lines: &[&str]) -> Image {
    let mut tar = layer();
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let (path, mode, content) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
        tar = match (path.strip_suffix('/'), mode) {
            (None, "->") => tar.symlink(path, content),
            (Some(path), mode) => tar.dir(path, u32::from_str_radix(mode, 8).unwrap()),
            (None, mode) => tar.file_with(path, u32::from_str_radix(mode, 8).unwrap(), content),
        };
    }
    image([tar], &Value::Null)
}

fn samples(images: &[&[&str]]) -> Samples {
    let mut images = images.iter().map(|lines| made(lines));
    let mut samples = Samples::new(images.next().unwrap());
    images.for_each(|image| samples.push(image));
    samples
}

/// Returns the differences of an image, without digests and entries.
fn judged(images: &[&[&str]], edited: &[&str]) -> Vec<String> {
    let samples = samples(images);
    for sample in &samples.images {
        assert_eq!(samples.judge(sample), [], "a sample is explained by the samples");
    }
    let short = |difference: &Difference| {
        let said = difference.to_string();
        let end = said.find(" sha256:").or_else(|| said.find(": ")).unwrap_or(said.len());
        said[..end].to_owned()
    };
    samples.judge(&made(edited)).iter().map(short).collect()
}

#[test]
fn a_content_that_differs_excuses_content_and_size_alone() {
    let samples: [&[&str]; 2] = [&["f 644 one"], &["f 644 two"]];
    assert_eq!(judged(&samples, &["f 644 three"]), [""; 0]);
    assert_eq!(judged(&samples, &["f 600 three"]), ["`/f` mode 0644 → 0600"]);
    assert_eq!(judged(&samples, &[]), ["`/f` is gone"]);
    assert_eq!(judged(&samples, &["f -> g"])[0], "`/f` type file → symbolic link");
    assert_eq!(judged(&samples[..1], &["f 644 three"]), ["`/f` size 3 → 5", "`/f` content"]);
}

#[test]
fn each_aspect_needs_its_own_evidence() {
    let mode: [&[&str]; 2] = [&["f 644 a"], &["f 600 a"]];
    assert_eq!(judged(&mode, &["f 640 a"]), [""; 0]);
    assert_eq!(judged(&mode, &["f 640 b"]), ["`/f` content"]);
    let target: [&[&str]; 2] = [&["s -> a"], &["s -> b"]];
    assert_eq!(judged(&target, &["s -> c"]), [""; 0]);
    let kind: [&[&str]; 2] = [&["s -> a"], &["s 777 a"]];
    assert_eq!(judged(&kind, &["s 777 a"]), [""; 0]);
    assert_eq!(judged(&kind, &["s/ 777"]), ["`/s` type symbolic link → directory"], "no sample has one");
}

#[test]
fn what_is_there_now_and_then_may_be_and_has_to_be_as_it_is_where_it_is() {
    let now_and_then: [&[&str]; 2] =
        [&["d/ 755", "d/a 644 x"], &["d/ 755", "d/a 644 x", "d/b/ 700", "d/b/c 600 y"]];
    assert_eq!(judged(&now_and_then, &["d/ 755", "d/a 644 x"]), [""; 0]);
    assert_eq!(judged(&now_and_then, &["d/ 755", "d/a 644 x", "d/b/ 700", "d/b/c 600 y"]), [""; 0]);
    assert_eq!(
        judged(&now_and_then, &["d/ 755", "d/a 644 x", "d/b/ 755", "d/b/c 600 z"]),
        ["`/d/b` mode 0700 → 0755", "`/d/b/c` content"]
    );
    assert_eq!(judged(&now_and_then, &["d/ 755", "d/a 644 x", "d/b/ 700"]), ["`/d/b/c` is gone"]);
    assert_eq!(
        judged(&now_and_then, &["d/ 755", "d/a 644 x", "d/n 644 x"]),
        ["`/d/n` is new"],
        "no two samples have names of their own"
    );
}

/// Two builds that leave a file of a random name each.
const NAMES: [&[&str]; 2] =
    [&["d/ 755", "d/fixed 644 x", "d/tmp.a1 600 one"], &["d/ 755", "d/fixed 644 x", "d/tmp.b2 600 two"]];

#[test]
fn names_that_pair_with_nothing_are_counted_by_kind() {
    assert_eq!(judged(&NAMES, &["d/ 755", "d/fixed 644 x", "d/tmp.c3 600 three"]), [""; 0]);
    assert_eq!(
        judged(&NAMES, &["d/ 755", "d/fixed 644 x", "d/tmp.c3 644 three"]),
        ["`/d/tmp.a1` is gone", "`/d/tmp.c3` is new"]
    );
    assert_eq!(judged(&NAMES, &["d/ 755", "d/fixed 644 x"]), ["`/d/tmp.a1` is gone"]);
    assert_eq!(judged(&NAMES, &["d/ 755", "d/tmp.c3 600 three"]), ["`/d/fixed` is gone"]);
    assert_eq!(
        judged(&NAMES, &["d/ 755", "d/fixed 644 x", "d/tmp.c3 600 three", "d/more 600 x"]).len(),
        1,
        "one is too many, whichever"
    );
    assert_eq!(
        judged(&NAMES, &["d/ 755", "d/fixed 644 x", "d/tmp.c3 600 three", "e 600 x"]),
        ["`/e` is new"],
        "another folder has no such names"
    );
}

#[test]
fn what_random_names_have_in_common_has_to_be_there() {
    let same: [&[&str]; 2] = [&["d/ 755", "d/a 600 same"], &["d/ 755", "d/b 600 same"]];
    assert_eq!(judged(&same, &["d/ 755", "d/c 600 same"]), [""; 0]);
    assert_eq!(judged(&same, &["d/ 755", "d/c 600 other"]), ["`/d/a` is gone", "`/d/c` is new"]);
}

#[test]
fn directories_of_random_names_are_compared_with_all_that_is_in_them() {
    let samples: [&[&str]; 2] = [
        &["t/ 1777", "t/a/ 700", "t/a/log 644 one", "t/a/x 644 x"],
        &["t/ 1777", "t/b/ 700", "t/b/log 644 two", "t/b/x 644 x"],
    ];
    assert_eq!(judged(&samples, &["t/ 1777", "t/c/ 700", "t/c/log 644 three", "t/c/x 644 x"]), [""; 0]);
    assert_eq!(
        judged(&samples, &["t/ 1777", "t/c/ 700", "t/c/log 644 three", "t/c/y 644 x"]),
        [
            "`/t/a` is gone",
            "`/t/a/log` is gone",
            "`/t/a/x` is gone",
            "`/t/c` is new",
            "`/t/c/log` is new",
            "`/t/c/y` is new"
        ]
    );
    assert_eq!(
        judged(&samples, &["t/ 755", "t/c/ 700", "t/c/log 644 three", "t/c/x 644 x"]),
        ["`/t` mode 1777 → 0755"]
    );
}

#[test]
fn where_the_number_is_noise_kinds_remain() {
    let samples: [&[&str]; 2] = [&["c/ 755", "c/a 644 1", "c/b 644 2"], &["c/ 755", "c/d 644 3"]];
    assert_eq!(judged(&samples, &["c/ 755", "c/e 644 4", "c/f 644 5", "c/g 644 6"]), [""; 0]);
    assert_eq!(judged(&samples, &["c/ 755", "c/e 644 4", "c/f 4755 5"]), ["`/c/f` is new"]);
    assert_eq!(judged(&samples, &["c/ 755"]), ["`/c/a` is gone", "`/c/b` is gone"]);
}

#[test]
fn a_symlink_in_place_of_a_directory_takes_all_below_along() {
    let samples: [&[&str]; 2] = [&["l/ 755", "l/a 644 1"], &["l/ 755", "l/a 644 2"]];
    assert_eq!(judged(&samples, &["l -> m"]), ["`/l` type directory → symbolic link", "`/l/a` is gone"]);
    let other: [&[&str]; 2] = [&["l -> m", "n 644 1"], &["l -> m", "n 644 2"]];
    assert_eq!(
        judged(&other, &["l/ 755", "l/a 644 1", "n 644 3"]),
        ["`/l` type symbolic link → directory", "`/l/a` is new"]
    );
}

#[test]
fn the_configuration_has_noise_by_key() {
    let config = |label: &str, env: &str| image([layer()], &json!({"Labels": {"at": label}, "Env": [env]}));
    let mut samples = Samples::new(config("1", "A=1"));
    samples.push(config("2", "A=1"));
    assert_eq!(samples.judge(&config("3", "A=1")), []);
    let found = samples.judge(&config("3", "A=2"));
    assert_eq!(found.iter().map(|found| &found.aspect).collect::<Vec<_>>(), [&Aspect::Config("Env".into())]);
    assert!(samples.leaves_open(&Difference { aspect: Aspect::Config("Labels".into()), ..found[0].clone() }));
    assert!(!samples.leaves_open(&found[0]));
}

#[test]
fn what_no_finished_image_shows_is_left_open() {
    let samples = samples(&NAMES.map(|lines| lines));
    let open = |path: &str, aspect: Aspect| {
        let path = ImagePath::from(Box::<BStr>::from(path.as_bytes().to_vec().into_boxed_slice()));
        samples.leaves_open(&Difference { path: Some(path), aspect, before: None, after: None })
    };
    assert!(!open("", Aspect::Mode) && !open("d", Aspect::Mode) && !open("d/fixed", Aspect::Content));
    assert!(open("d/tmp.a1", Aspect::Mode) && open("d/tmp.a1", Aspect::Presence));
    assert!(open("d/any", Aspect::Presence) && open("d/any/deep", Aspect::Content));
    assert!(!open("any", Aspect::Presence) && !open("d/fixed/x", Aspect::Presence));
}
