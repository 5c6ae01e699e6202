//! The exact human-readable output for plans made by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anstream::adapter::strip_str;

use super::screen::Screen;
use super::{diffs, excerpt, rule, summary};
use crate::analysis::rule as rules;
use crate::analysis::{Benefit, Verdict};
use crate::campaign::evidence::EvidenceStates;
use crate::campaign::plan::file::{
    Assumption, Assumptions, Base, Class, File, FileReport, Gone, Inspection, ListReport, Plan, Reason,
    Refused, Site, Syntax, Waiver, Wave,
};
use crate::dockerfile::TransferKind;
use crate::edit::header::Header;
use crate::ops::{Change, Saved};

/// Returns true if the text contains more than text, line breaks and colours.
fn acts_on_a_terminal(text: &str) -> bool {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let bare = parts.map(|part| {
        let colour = part.strip_prefix('[').and_then(|part| part.split_once('m'));
        let known = |codes: &str| codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
        colour.filter(|(codes, _)| known(codes)).map(|(_, rest)| rest)
    });
    std::iter::once(Some(first)).chain(bare).any(|text| {
        text.is_none_or(|text| text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'))
    })
}

fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

fn screen(plan: &Plan, saved: &Saved, verbose: bool) -> String {
    let mut screen = Screen::new(80);
    let shown =
        summary::Shown { saved, uncommitted: None, verbose, sources: &[], incomplete: &[], step: None };
    summary::write(&mut screen, plan, &EvidenceStates::new(), shown);
    screen.finish()
}

fn reason(rule: &str, path: &str, message: &str) -> Reason {
    Reason {
        rule: rules::RuleId::find(rule).expect("there is such a rule"),
        path: path.into(),
        message: message.into(),
    }
}

fn site(line: usize, verdict: Verdict, proved: Option<bool>, benefit: Benefit) -> Site {
    Site {
        line,
        end_line: line,
        keyword: TransferKind::Copy,
        onbuild: false,
        stage: Some(0),
        flags: Vec::new(),
        sources: vec!["x".into()],
        heredocs: 0,
        destination: Some("/y".into()),
        verdict,
        proved,
        replacement: None,
        assumptions: Assumptions::default(),
        reasons: Vec::new(),
        benefit,
        selected: matches!(verdict, Verdict::Link | Verdict::Edit) && benefit != Benefit::None,
        audit: None,
    }
}

fn hold(line: usize) -> Site {
    Site {
        reasons: vec![reason("ancestor-mode", "/root", "`/root` is 0700 and would become 0755")],
        ..site(line, Verdict::Hold, Some(true), Benefit::Neutral)
    }
}

fn unknown(line: usize) -> Site {
    Site {
        reasons: vec![reason("unknown-filesystem", "/y", "what is at `/y` is not known")],
        ..site(line, Verdict::Unknown, None, Benefit::Neutral)
    }
}

fn file(path: &str, sites: Vec<Site>) -> File {
    let rewritten = sites.iter().any(|site| site.selected).then(|| "b".to_owned());
    File {
        path: path.into(),
        blob: String::new(),
        class: Class::Plain,
        skip: None,
        contexts: Vec::new(),
        bases: vec![Base { image: "debian:12".into(), known: false, source: None, digest: None }],
        errors: Vec::new(),
        syntax: Syntax { current: None, required: None },
        header: Header::Keep,
        sites,
        wave: None,
        decided: None,
        owners: Vec::new(),
        built_by: Vec::new(),
        rewritten,
    }
}

fn plan(files: Vec<File>) -> Plan {
    Plan {
        schema: 1,
        commit: None,
        build_args: BTreeMap::new(),
        syntax: "docker/dockerfile:1".into(),
        syntax_everywhere: false,
        selects: vec![Benefit::Pays, Benefit::Neutral],
        waivers: Vec::new(),
        list: None,
        left_out: BTreeMap::new(),
        refused: Vec::new(),
        unread: Vec::new(),
        builders: Vec::new(),
        cycles: Vec::new(),
        waves: Vec::new(),
        files,
    }
}

#[test]
fn without_anything_to_do_the_first_lines_say_so() {
    assert_eq!(
        plain(&screen(&plan(Vec::new()), &Saved::No, false)),
        "0 Dockerfiles, 0 COPY/ADD.  Nothing was changed.\nNothing to do: no Dockerfile was found.\n"
    );
    let none = plan(vec![file("Dockerfile", Vec::new())]);
    assert_eq!(
        plain(&screen(&none, &Saved::No, false)),
        "1 Dockerfile, 0 COPY/ADD.  Nothing was changed.\n\
         Nothing to do: no Dockerfile has a COPY or an ADD.\n"
    );
    let linked = plan(vec![file("a", vec![site(2, Verdict::Linked, Some(true), Benefit::Pays)])]);
    assert!(plain(&screen(&linked, &Saved::No, false)).contains("every COPY and ADD is already linked."));
}

#[test]
fn a_campaign_of_headers_alone_says_so() {
    let mut headed = file("a", Vec::new());
    headed.rewritten = Some("b".into());
    let mut plan = plan(vec![headed]);
    plan.waves = vec![Wave { number: 0, reason: String::new(), files: vec!["a".into()] }];
    let said = plain(&screen(&plan, &Saved::No, false));
    assert!(said.contains("Result: 1 file gets the header and no other edit."), "{said}");
    assert!(said.contains("Start: a (the header alone)."), "{said}");
}

#[test]
fn a_campaign_that_brings_little_says_why() {
    let neutral = site(3, Verdict::Link, Some(true), Benefit::Neutral);
    let mut plan = plan(vec![file("a", vec![neutral]), file("b", vec![hold(2), hold(4), unknown(7)])]);
    plan.waves = vec![Wave { number: 0, reason: String::new(), files: vec!["a".into()] }];
    assert_eq!(
        plain(&screen(&plan, &Saved::No, false)),
        "\
2 Dockerfiles, 4 COPY/ADD.  Nothing was changed.
So far: 1 of 4 lines may be linked, in 1 file (no build gets faster by that
  alone); 2 are unsafe; 1 is unknown. The first rule to look at, with 2 lines:
  layerwright explain ancestor-mode

  1  safe, no gain  proved
  2  unsafe         ancestor-mode 2
  1  not known      unknown-filesystem 1
Each line with its reason:  layerwright plan --verbose
Without the lines that bring no gain:  layerwright plan --only pays

1 base image was not read (1 instruction):
  layerwright plan --bases registry, or pass --rootfs IMAGE=PATH
  1  line in 1 file  debian:12

  Wave  files  lines  proved
     0      1      1       1

Start: a (1 line proved). See it:  layerwright migrate --wave 0 --diff
"
    );
}

/// Returns a plan that uses every field.
fn rich() -> Plan {
    let pays = |line| site(line, Verdict::Link, Some(true), Benefit::Pays);
    let mut first = file("services/auth/Dockerfile", (1..=1_200).map(pays).collect());
    first.header = Header::Insert { value: "docker/dockerfile:1".into() };
    let generated = File {
        class: Class::Generated { line: 1, by: "GENERATED".into(), template: None },
        skip: Some("generated".into()),
        ..file("gen/Dockerfile", vec![site(2, Verdict::NoEffect, None, Benefit::None)])
    };
    let broken = File { skip: Some("BuildKit refuses it: line 1: bad".into()), ..file("bad", Vec::new()) };
    let mut plan = plan(vec![first, generated, broken]);
    plan.build_args = BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]);
    plan.left_out = BTreeMap::from([("in vendor/".to_owned(), 13)]);
    plan.refused =
        vec![Refused { path: "odd".into(), reason: "it is not UTF-8 in line 3, at offset 9".into() }];
    plan.waivers = vec![Waiver {
        file: "**".into(),
        rule: rules::RuleId::find("ancestor-mode").expect("there is such a rule"),
        path: "/root".into(),
        reason: "alone".into(),
    }];
    plan.list = Some(ListReport {
        found: vec!["services/auth/Dockerfile".into()],
        gone: vec![Gone {
            path: "old/Dockerfile".into(),
            removed_in: Some("aba7ec4e5174bf0d40db2461396659ae7c4700b3".into()),
            guess: Some("new/Dockerfile".into()),
            why: Some("renamed in aba7ec4e5174bf0d40db2461396659ae7c4700b3".into()),
        }],
        unlisted: vec!["elsewhere/Dockerfile".into()],
        ..ListReport::default()
    });
    plan.waves = (0..7)
        .map(|number| Wave {
            number,
            reason: String::new(),
            files: if number == 0 { vec!["services/auth/Dockerfile".into()] } else { Vec::new() },
        })
        .collect();
    plan
}

#[test]
fn everything_that_a_plan_knows_has_its_line() {
    let saved = Saved::Elsewhere(PathBuf::from("p.json"));
    let text = plain(&screen(&rich(), &saved, false));
    assert_eq!(
        text,
        "\
3 Dockerfiles, 1,201 COPY/ADD.  The plan is in p.json.

  1,200  worth linking   proved
      1  without effect  the builder would ignore --link

Not edited: 1 generated (edit their template, or pass --edit-generated), 1
  other.
  bad: BuildKit refuses it: line 1: bad
Left out: in vendor/ (13).
Refused: 1 file
  odd: it is not UTF-8 in line 3, at offset 9
List: 1 of 2 listed files found, 1 gone.
  old/Dockerfile is gone; perhaps now new/Dockerfile (renamed in aba7ec4e51)
  1 Dockerfile is not listed and left out; pass --all to plan them.

  Wave  files  lines  proved
     0      1  1,200   1,200
     1      0      0       0
     2      0      0       0
     3      0      0       0
   4–6      0      0       0

Header: with the edit, this build fetches docker/dockerfile:1 (1 file).
Bound to: --build-arg TOKEN.
Accepted: 1 waiver in layerwright.toml
  ancestor-mode:/root in **: alone
Start: services/auth/Dockerfile (1,200 lines proved). See it:
  layerwright migrate --wave 0 --diff --plan p.json
"
    );
}

#[test]
fn verbose_shows_each_site_with_its_reason() {
    let assumed = Site {
        assumptions: vec![
            Assumption {
                line: 4,
                path: "/".into(),
                message: "`make` (line 4) leaves / alone".into(),
                dockerfile: None,
                of_context: false,
            },
            Assumption {
                line: 5,
                path: "/".into(),
                message: "more".into(),
                dockerfile: None,
                of_context: false,
            },
        ]
        .into(),
        ..site(9, Verdict::Link, Some(false), Benefit::Pays)
    };
    let text = plain(&screen(&plan(vec![file("a", vec![hold(3), assumed])]), &Saved::No, true));
    assert!(
        text.contains(
            "\na
  3  ✓ unsafe  neutral  COPY x /y  `/root` is 0700 and would become 0755
  9  ~ link    pays     COPY x /y  assumes [1–2]
Assumed:
  [1]  `make` (line 4) leaves / alone
  [2]  more

✓ proved. ~ assumed: it is so if the assumptions with these numbers hold. pays:
"
        ),
        "{text}"
    );
}

fn inspected(text: &[u8], path: &str, sites: Vec<Site>) -> String {
    let report = FileReport {
        path: path.into(),
        errors: Vec::new(),
        syntax: Syntax { current: None, required: None },
        sites,
    };
    excerpt::write(&Inspection { schema: 1, files: vec![report] }, &[text], 80)
}

#[test]
fn the_reason_stands_under_its_words() {
    let text = b"FROM debian\r\nWORKDIR /root\r\nCOPY --chown=app x ./y\r\n";
    let mut held = hold(3);
    held.reasons.push(reason("named-chown", "/etc/passwd", "`app` cannot be looked up"));
    assert_eq!(
        plain(&inspected(text, "Dockerfile", vec![held])),
        "\
unsafe: `/root` is 0700 and would become 0755 [ancestor-mode]
 --> Dockerfile:3:20
  |
3 | COPY --chown=app x ./y
  |      -----------   ^^^
  |      |
  |      `app` cannot be looked up [named-chown]
  |
  = proved: no assumption is needed
  = more: layerwright explain ancestor-mode

Dockerfile: 1 COPY/ADD: 1 unsafe.

"
    );
}

#[test]
fn a_hold_by_directories_above_shows_the_way_around() {
    let text = b"FROM debian\nWORKDIR /root\nCOPY x ./y\n";
    let shown = plain(&inspected(text, "Dockerfile", vec![hold(3)]));
    assert!(shown.contains("= instead: in a stage of its own"), "{shown}");
    let mut held = hold(3);
    held.reasons.push(reason("symlink-ancestor", "/l", "`/l` is a symbolic link"));
    let shown = plain(&inspected(text, "Dockerfile", vec![held]));
    assert!(!shown.contains("instead"), "a staged tree would replace the link too: {shown}");
}

#[test]
fn a_new_rule_has_its_own_words_and_advice() {
    static RULE: rules::Rule = rules::Rule {
        instead: Some("write it by hand"),
        ..rules::new_rule(rules::Caret::Flag(&["--parents", "--from"]), rules::Prediction::Unnamed)
    };
    let mut held = hold(2);
    held.reasons[0].rule = RULE.id();
    let shown = plain(&inspected(b"FROM debian\nCOPY --from=b x /y\n", "Dockerfile", vec![held]));
    assert!(shown.contains(" --> Dockerfile:2:6\n"), "{shown}");
    assert!(shown.contains("COPY --from=b x /y\n  |      ^^^^^^^^\n"), "{shown}");
    assert!(shown.contains("= instead: write it by hand\n"), "{shown}");
    assert!(shown.contains("= more: layerwright explain new-rule\n"), "{shown}");
}

#[test]
fn the_new_line_shows_what_changes() {
    let text = b"FROM debian\nCOPY x /usr/bin\n";
    let edit = Site {
        replacement: Some("COPY --link x /usr/bin/".into()),
        reasons: vec![reason("directory-destination", "/usr/bin", "`/usr/bin` is a directory")],
        ..site(2, Verdict::Edit, Some(true), Benefit::Pays)
    };
    assert_eq!(
        plain(&inspected(text, "-", vec![edit])),
        "\
edit: `/usr/bin` is a directory [directory-destination]
 --> <stdin>:2:8
  |
2 | COPY x /usr/bin
  |        ^^^^^^^^
  |
  = proved: no assumption is needed
  = benefit: pays: the layer is reused when an earlier step changes
  = more: layerwright explain directory-destination
help: write
  |
2 | COPY --link x /usr/bin/
  |      ++++++           +

<stdin>: 1 COPY/ADD: 1 may be linked (proved).

"
    );
}

#[test]
fn errors_of_a_file_have_their_excerpt() {
    let text = plain(&inspected(b"FROM a\nCOPY --lnik x /\n", "d", Vec::new()));
    assert!(text.starts_with("error: unknown flag: --lnik (did you mean link?)\n --> d:2:6\n"), "{text}");
    assert!(text.contains("2 | COPY --lnik x /\n  |      ^^^^^^\n"), "{text}");
}

#[test]
fn of_a_broken_line_its_head_and_the_words_are_shown() {
    let text = b"FROM a\nCOPY x \\\n  y \\\n  z \\\n  /root/\n";
    let held = Site { end_line: 5, ..hold(2) };
    let text = plain(&inspected(text, "d", vec![held]));
    assert!(text.contains("2 | COPY x \\\n"), "{text}");
    assert!(text.contains("5 |   /root/\n  |   ^^^^^^\n"), "{text}");
}

/// All hostile characters that a name or a line may contain.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}\u{9b}31m\rb\u{8}";

#[test]
fn nothing_of_a_repository_acts_on_the_terminal() {
    let mut evil = hold(2);
    evil.reasons = vec![reason("ancestor-mode", HOSTILE, HOSTILE)];
    evil.flags = vec![HOSTILE.into()];
    evil.assumptions = vec![Assumption {
        line: 1,
        path: HOSTILE.into(),
        message: HOSTILE.into(),
        dockerfile: None,
        of_context: false,
    }]
    .into();
    let mut linked = site(2, Verdict::Link, Some(false), Benefit::Pays);
    linked.replacement = Some(format!("COPY --link {HOSTILE} /"));
    linked.assumptions = evil.assumptions.clone();
    let mut bad = file(HOSTILE, vec![evil.clone(), linked.clone()]);
    bad.skip = Some(HOSTILE.into());
    bad.bases[0].image = HOSTILE.into();
    bad.header = Header::Insert { value: HOSTILE.into() };
    let mut plan = rich();
    plan.files.push(bad);
    plan.build_args.insert(HOSTILE.into(), HOSTILE.into());
    plan.left_out.insert(HOSTILE.into(), 1);
    plan.refused = vec![Refused { path: HOSTILE.into(), reason: HOSTILE.into() }];
    plan.waivers[0].reason = HOSTILE.into();
    plan.waves[0].files = vec![HOSTILE.into()];
    if let Some(list) = &mut plan.list {
        list.gone[0].guess = Some(HOSTILE.into());
        list.unusable = plan.refused.clone();
    }
    for verbose in [false, true] {
        let text = screen(&plan, &Saved::Elsewhere(PathBuf::from(HOSTILE)), verbose);
        assert!(!acts_on_a_terminal(&text), "{text:?}");
    }
    let source = format!("FROM a\nCOPY {HOSTILE} /\nHOPY {HOSTILE}\n");
    let mut bytes = source.into_bytes();
    bytes.extend(b"COPY \xff\xfe /\n");
    let text = inspected(&bytes, HOSTILE, vec![evil, linked]);
    assert!(!acts_on_a_terminal(&text), "{text:?}");
    assert!(text.contains("\\x1b[2J"), "{text}");
}

fn changed(path: &str, old: &str, new: &str) -> Change {
    Change { path: path.into(), old: old.into(), new: new.into(), lines: 1, message: String::new() }
}

#[test]
fn a_diff_is_a_patch() {
    let file = "a b/Dockerfile";
    let change = changed(file, "FROM x\r\nCOPY a /\r\nRUN\rx", "# syntax\r\nFROM x\r\nCOPY a /\r\nRUN y");
    assert_eq!(
        diffs(&[change], false),
        "diff --git a/a b/Dockerfile b/a b/Dockerfile\n--- a/a b/Dockerfile\t\n+++ b/a b/Dockerfile\t\n\
         @@ -1,3 +1,4 @@\n+# syntax\r\n FROM x\r\n COPY a /\r\n-RUN\rx\n\\ No newline at end of file\n\
         +RUN y\n\\ No newline at end of file\n"
    );
}

#[test]
fn a_diff_on_a_terminal_has_colours_and_nothing_that_acts() {
    let file = HOSTILE;
    let text = diffs(&[changed(file, &format!("{HOSTILE}\r\n"), "b\n")], true);
    assert!(!acts_on_a_terminal(&text), "{text:?}");
    assert!(text.contains("\u{1b}[32m+b\u{1b}[0m\n"), "{text:?}");
}

#[test]
fn a_rule_reads_like_a_page() {
    let text = plain(&rule(rules::find("ancestor-mode").unwrap()));
    assert!(
        text.starts_with("ancestor-mode: Parent directory mode is reset to 0755\n\nWhat happens\n\nA linked"),
        "{text}"
    );
    assert!(text.contains("\n    COPY f /root/.cfg\n"), "{text}");
    assert!(!text.contains("```") && !text.contains("##"), "{text}");
}
