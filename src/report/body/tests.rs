use serde_json::json;

use super::*;
use crate::campaign::progress::FileState;
use crate::edit::header::Header;
use crate::report::template;

/// Hostile text for a Dockerfile or a path.
const EVIL: &str = "@everyone|`x` <script>alert(1)</script> --> #1 \u{202e}\u{200b}\n## Heading";

fn site(line: usize, text: &str, selected: bool) -> serde_json::Value {
    // A safe line has a reason only if a waiver accepts a difference.
    let reason = json!({"rule": "ancestor-mode", "path": "/x", "message": text});
    let reasons = if selected { json!([]) } else { json!([reason]) };
    json!({
        "line": line, "end_line": line, "keyword": "COPY", "onbuild": false, "stage": 0, "flags": [], "sources": ["x"],
        "heredocs": 0, "destination": "/x", "verdict": if selected { "link" } else { "hold" }, "proved": false,
        "replacement": text, "assumptions": [{"line": 2, "path": "/x", "message": text}],
        "reasons": reasons, "benefit": "pays", "selected": selected,
        "audit": null,
    })
}

fn file(path: &str, sites: &[serde_json::Value]) -> File {
    serde_json::from_value(json!({
        "path": path, "blob": "b", "class": {"kind": "plain"}, "skip": null, "contexts": [], "bases": [], "errors": [],
        "syntax": {"current": null, "required": "1.4"}, "header": {"kind": "insert", "value": "docker/dockerfile:1"},
        "sites": sites, "wave": 0, "decided": null, "owners": [], "rewritten": "r",
    }))
    .unwrap()
}

fn text(file: &File) -> String {
    text_with(file, None)
}

fn text_with(file: &File, evidence: Option<&Evidence>) -> String {
    let parts = Parts {
        file,
        state: &FileState::Ready,
        evidence,
        is_signed: false,
        evidence_file: "plans/x.json",
        campaign: "copy-link",
        measured_before: None,
        issues: None,
        install: None,
    };
    parts.text(&template::read(None).unwrap(), limits::BODY)
}

/// Returns the text without its code spans and escaped characters: the part that GitHub interprets.
fn live(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
            rest = &rest[1 + escaped..];
            continue;
        }
        if c == '`' {
            let fence: String = rest.chars().take_while(|&c| c == '`').collect();
            let inner = &rest[fence.len()..];
            let mut runs = inner
                .match_indices(&fence)
                .map(|(at, _)| at)
                .filter(|&at| !inner[..at].ends_with('`') && !inner[at + fence.len()..].starts_with('`'));
            let end = runs.next().unwrap_or_else(|| panic!("a code span without its end: {rest}"));
            rest = &inner[end + fence.len()..];
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[test]
fn what_a_repository_says_starts_nothing() {
    let text = text(&file(&format!("{EVIL}/Dockerfile"), &[site(3, EVIL, true), site(4, EVIL, false)]));
    let live = live(&text);
    for started in ["@everyone", "<script", "#1", "\u{202e}", "-->"] {
        assert!(!live.contains(started), "{started}: {live}");
    }
    assert!(!text.lines().any(|line| line.starts_with("## ")), "{text}");
    assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text}");
}

#[test]
fn a_comparison_at_the_line_says_what_it_leaves_open() {
    let mut site = site(3, "COPY --link x /x", true);
    let messages = [
        "the context's directories are 0755, as a checkout with umask 022 makes them: those that COPY (line 2) copies to /x",
        "`make` (line 9) does not look at link counts and times of linked files",
        "`make` (line 2) leaves /x a plain directory of root",
    ];
    let assumptions = messages.map(|message| json!({"line": 2, "path": "/x", "message": message}));
    site["assumptions"] = json!(assumptions);
    let file = file("a/Dockerfile", &[site]);
    let evidence = |depth: &str| -> Evidence {
        let builder =
            json!({"name": "b", "driver": "docker", "buildkit": null, "buildx": "0.29.1", "rootless": null});
        let build = json!({
            "context": ".", "tree": null, "target": null, "platform": "linux/amd64", "build_args": {}, "contexts": {},
            "bases": {}, "builder": builder, "frontend": "builtin", "assumptions": [], "depth": depth, "outcome": "same",
            "reason": null, "sites": [{"line": 3, "reached": "linked"}], "differences": [], "noise": 0, "smoke": [],
            "cache": null,
        });
        let figures =
            json!({"began": "2026-11-22T04:00:00Z", "total_ms": 1, "written_bytes": 1, "builds": []});
        serde_json::from_value(json!({
            "schema": 1, "path": "a/Dockerfile", "commit": null, "before": "b", "after": "r", "outcome": "same",
            "reason": null, "builds": [build], "figures": figures,
        }))
        .unwrap()
    };
    let at_the_line = text_with(&file, Some(&evidence("line")));
    let images = "**Compared:** each edited instruction was built before and after this change, on the same filesystem, and gives";
    assert!(at_the_line.contains(images), "{at_the_line}");
    let unchecked = |text: &str| -> Vec<bool> {
        let text = text.split_once("**Not checked:**").unwrap().1.replace('\\', "");
        messages.iter().map(|message| text.contains(&message.replace('`', ""))).collect()
    };
    let is_there = |text: &str| unchecked(&text.replace('`', ""));
    assert_eq!(is_there(&at_the_line), [true, true, false], "{at_the_line}");
    let full = text_with(&file, Some(&evidence("full")));
    assert!(
        full.contains(
            "**Compared:** the image was built before and after this change, and both are the same"
        ),
        "{full}"
    );
    assert_eq!(is_there(&full), [false; 3], "{full}");
}

#[test]
fn a_single_layer_has_no_plural() {
    let gain = |lines: usize| {
        let sites: Vec<_> = (1..=lines).map(|line| site(line, "COPY --link x /x", true)).collect();
        let text = text(&file("a/Dockerfile", &sites));
        text.lines().find(|line| line.starts_with("**Gain:**")).unwrap().to_owned()
    };
    let when = "from the builder's cache when the base image or an earlier step changes. Not measured for this file.";
    assert_eq!(gain(1), format!("**Gain:** this layer is reused {when}"));
    assert_eq!(gain(2), format!("**Gain:** these 2 layers are reused {when}"));
}

#[test]
fn a_text_has_its_parts_in_order_and_is_short() {
    let sites: Vec<_> = (1..=200).map(|line| site(line, "COPY --link x /x", line % 2 == 0)).collect();
    let text = text(&file("a/Dockerfile", &sites));
    let mut from = 0;
    for part in [
        "Adds [`--link`](https://docs.docker.com/reference/dockerfile/#copy---link) to 100 lines of `a/Dockerfile`. A linked \
         COPY becomes a layer that does not depend on the layers below it, so",
        "It also changes:\n- the first line is new: `# syntax=docker/dockerfile:1`.",
        "**Compared:** no image was built. The lines depend on the assumptions under \"Not checked\".",
        "**Gain:** these 100 layers are reused from",
        "**Lines,** as they are numbered before the change.",
        "- line 2: `COPY --link x /x`: assumed, see \"Not checked\"",
        "**Not checked:**",
        "**Not edited:**",
        "**Campaign:** this is wave 0, the proof of concept, of `copy-link`",
        "**Check it:** `layerwright verify a/Dockerfile` builds before and after the change",
        "**Undo it:**",
        "**Stop the bot:**",
    ] {
        let at = text[from..].find(part).unwrap_or_else(|| panic!("{part} is not behind {from} in {text}"));
        from += at;
    }
    let seen = text.split("<details>").enumerate().map(|(at, part)| match at {
        0 => part.lines().count(),
        _ => part.split_once("</details>").unwrap().1.lines().count() + 1,
    });
    let seen: usize = seen.sum();
    assert!(seen < 60, "{seen} lines are seen at once:\n{text}");
}

#[test]
fn a_text_of_any_size_fits_and_counts_what_it_leaves_out() {
    let long = format!("COPY --link {} /x", "very/long/".repeat(40));
    for lines in [1, 100, 340, 900, 5_000] {
        let sites: Vec<_> = (1..=lines).map(|line| site(line, &long, line % 3 != 0)).collect();
        let text = text(&file(&format!("{EVIL}/Dockerfile"), &sites));
        assert!(limits::length(&text) <= limits::BODY, "{lines}: {}", limits::length(&text));
        let selected = sites.iter().filter(|site| site["selected"] == true).count();
        let named =
            text.lines().filter(|line| line.starts_with("- line ") && line.contains("assumed")).count();
        let counted =
            text.lines().find_map(|line| line.strip_suffix(" more lines: the plan names them all."));
        let counted = counted.map_or(0, |n| n.replace(',', "").parse::<usize>().unwrap());
        assert!(named > 0 && named + counted == selected, "{named} and {counted} of {selected}");
    }
}

/// A file whose line 3 is an ADD that becomes a COPY and whose line 4 gets another destination.
fn changed() -> File {
    let mut add = site(3, "COPY --link x /x", true);
    add["keyword"] = json!("ADD");
    add["reasons"] = json!([]);
    add["proved"] = json!(true);
    add["assumptions"] = json!([]);
    let mut moved = site(4, "COPY --link x /usr/bin/", true);
    moved["verdict"] = json!("edit");
    moved["destination"] = json!("/bin");
    moved["reasons"] =
        json!([{"rule": "symlink-destination", "path": "/bin", "message": "`/bin` is a symlink"}]);
    let mut file = file("a/Dockerfile", &[add, moved]);
    file.header = Header::Keep;
    file.wave = Some(2);
    file
}

#[test]
fn the_first_paragraph_names_what_else_changes() {
    let text = text(&changed());
    let part = "It also changes:\n\
                - line 3: `ADD x /x` becomes `COPY --link x /x`, because ADD does nothing else with these sources\n\
                - line 4: `COPY x /bin` becomes `COPY --link x /usr/bin/`: `/bin` is a symlink. If that link leads \
                elsewhere one day, this line has to change with it\n";
    assert!(text.contains(part), "{text}");
    assert!(
        text.contains("- line 3: `COPY --link x /x`: proved, no symlink, mode or owner below takes part\n"),
        "{text}"
    );
    assert!(text.contains("  - `/bin` is a symlink (rule `symlink-destination`)\n"), "{text}");
    assert!(text.contains("**Campaign:** this is wave 2 of `copy-link`"), "{text}");
}

#[test]
fn an_accepted_difference_is_not_called_proved() {
    let mut waived = site(2, "COPY --link x /root/x", true);
    waived["proved"] = json!(true);
    let why = "`/root` is 0700 and would become 0755; accepted: nothing reads it";
    waived["reasons"] = json!([{"rule": "ancestor-mode", "path": "/root", "message": why}]);
    let mut moved = site(4, "COPY --link x /usr/bin/", true);
    (moved["verdict"], moved["proved"]) = (json!("edit"), json!(true));
    let text = text(&file("a/Dockerfile", &[waived, moved]));
    let first = "- line 2: `COPY --link x /root/x`: the image changes, as `layerwright.toml` accepts\n  \
                 - `/root` is 0700 and would become 0755; accepted: nothing reads it (rule `ancestor-mode`)\n";
    assert!(text.contains(first), "{text}");
    let head = "**1 line changes the image,** as `layerwright.toml` accepts:\n- line 2: `/root` is 0700 and would become 0755; \
                accepted: nothing reads it\n\nAdds ";
    assert!(text.starts_with(head), "{text}");
    assert!(
        text.contains("proved not to change the image, or to change it only as `layerwright.toml` accepts."),
        "{text}"
    );
    let second = "- line 4: `COPY --link x /usr/bin/`: proved: as changed, no symlink, mode or owner below takes part\n";
    assert!(text.contains(second), "{text}");
}

#[test]
fn a_header_alone_is_named_as_such() {
    let mut left = site(3, "COPY x /x", false);
    left["reasons"][0]["message"] = json!("`/x` is a symlink");
    let text = text(&file("a/Dockerfile", &[left]));
    let first =
        "Adds the first line `# syntax=docker/dockerfile:1` to `a/Dockerfile`, and changes nothing else.";
    assert!(text.starts_with(first), "{text}");
    assert!(
        text.contains("**Compared:** no image was built. The header is not proved to change nothing."),
        "{text}"
    );
    assert!(
        text.contains("**Gain:** the file has the header that this repository wants everywhere."),
        "{text}"
    );
    assert!(text.contains("**Not edited:**\n- line 3:") && text.contains("`/x` is a symlink"), "{text}");
    assert!(!text.contains("**Lines") && !text.contains("A linked COPY"), "{text}");
}

fn rebuilds(path: &str, after_ms: u64) -> Evidence {
    let rebuild =
        |kept: usize, bytes: u64| json!({"layers": 8, "kept": kept, "pushed_bytes": bytes, "steps": 3});
    serde_json::from_value(json!({
        "schema": 1, "path": path, "commit": null, "before": "b", "after": "a", "outcome": "same", "reason": null,
        "builds": [{
            "context": ".", "tree": null, "target": null, "platform": "linux/amd64", "build_args": {}, "contexts": {},
            "bases": {}, "frontend": "docker/dockerfile:1", "outcome": "same", "reason": null,
            "builder": {"name": "b", "driver": "docker", "buildkit": "v0.25.1", "buildx": "v0.29.1", "rootless": null},
            "assumptions": [], "sites": [{"line": 4, "reached": "linked"}], "differences": [], "noise": 0, "smoke": [],
            "cache": {
                "moved_base": {"before": rebuild(1, 9_000_000), "after": rebuild(7, 1_000)},
                "early_step": {"before": rebuild(2, 500), "after": rebuild(2, 500)},
            },
        }],
        "figures": {"began": "2026-11-21T22:00:00Z", "total_ms": 1, "written_bytes": 0, "builds": [
            {"before_ms": 5_000, "after_ms": after_ms, "merge_ms": after_ms - 5_000, "moved_base_ms": [9_000, 2_000], "early_step_ms": [800, 801]},
        ]},
    }))
    .unwrap()
}

#[test]
fn figures_are_of_this_file_or_say_of_which() {
    let file = changed();
    let (own, other) = (rebuilds("a/Dockerfile", 6_000), rebuilds("poc/Dockerfile", 5_000));
    let parts = |evidence, measured_before| Parts {
        file: &file,
        state: &FileState::Ready,
        evidence,
        is_signed: true,
        evidence_file: "plans/x.json",
        campaign: "copy-link",
        measured_before,
        issues: Some("https://forge/issues"),
        install: Some("cargo install --git https://forge/layerwright"),
    };
    let text = |parts: Parts<'_>| parts.text(&template::read(None).unwrap(), limits::BODY);
    let measured = "- When the base image changes, with a warm cache: 1.0 kB to push again instead of 9.0 MB, 7 of 8 layers reused instead of 1, \
                    2.0 s instead of 9.0 s\n- When an early step changes, with a warm cache: no difference was measured\n";
    let cost = "- The first build, without a cache, each measured once: 6.0 s instead of 5.0 s\n\
                - Merging the linked layers, in the first build: 1.0 s\n";
    let with_own = text(parts(Some(&own), Some(&other)));
    assert!(
        with_own.contains("Layerwright (`cargo install --git https://forge/layerwright`)."),
        "{with_own}"
    );
    assert!(
        with_own.contains(&format!("**Gain and cost,** measured for this file:\n{measured}{cost}")),
        "{with_own}"
    );
    assert!(
        with_own.contains(
            "**Compared:** the image was built before and after this change, and both are the same"
        )
    );
    assert!(
        with_own.contains("- line 4: `COPY --link x /usr/bin/`: compared in the builds above\n"),
        "{with_own}"
    );
    assert!(
        with_own.contains("The [tracking issue](https://forge/issues) shows its progress."),
        "{with_own}"
    );
    let with_other = text(parts(None, Some(&other)));
    let said = format!("Measured for the proof of concept, `poc/Dockerfile`:\n{measured}\n");
    assert!(with_other.contains(&said), "equal figures are left out: {with_other}");
}
