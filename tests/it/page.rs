//! The status page: what it is made of, and what a real browser makes of it.

pub mod campaign;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use campaign::{campaign, hostile};
use layerwright::analysis::Verdict;
use layerwright::campaign::evidence::{Pair, Rebuild};
use layerwright::campaign::plan::file::Plan;
use layerwright::campaign::progress::{Base, Progress};
use layerwright::report::page::data::{Layers, Measured, Rebuilt, State, Times, WaveState};
use layerwright::report::page::{Facts, StatusPage, render};
use layerwright::text::escape::shown;
use serde_json::{Value, json};

use crate::browser::{self, Browser};
use crate::support::say;

/// The JSON inside a page.
#[track_caller]
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_page_shows_what_plan_evidence_and_progress_say() {
    let page = campaign().page();
    let states: Vec<(State, usize)> =
        page.totals.states.iter().map(|count| (count.state, count.files)).collect();
    let once =
        [State::Done, State::Merged, State::Open, State::Theirs, State::Ready, State::Waits, State::Held];
    let mut expected: Vec<(State, usize)> = once.into_iter().map(|state| (state, 1)).collect();
    expected.extend([(State::Declined, 2), (State::Reverted, 1), (State::Partly, 1), (State::Taken, 1)]);
    expected.extend([(State::Stale, 2), (State::Gone, 1)]);
    assert_eq!(states, expected);
    let totals = &page.totals;
    assert_eq!((totals.files, totals.verified, totals.selected, totals.proved), (15, 2, 30, 15));
    let verdicts = [Verdict::Link, Verdict::Edit, Verdict::Hold, Verdict::Unknown, Verdict::NoEffect];
    let counted: Vec<(Verdict, usize)> =
        totals.verdicts.iter().map(|count| (count.verdict, count.lines)).collect();
    assert_eq!(counted, verdicts.map(|verdict| (verdict, 15)));
    let waves: Vec<(WaveState, usize, usize)> =
        page.waves.iter().map(|wave| (wave.state, wave.done, wave.of)).collect();
    assert_eq!(waves, [(WaveState::Done, 1, 1), (WaveState::Open, 0, 7), (WaveState::Waits, 0, 7)]);
    assert_eq!(page.contradicted.as_deref(), Some("d/Dockerfile"));
    let left: Vec<Option<&str>> = page.left.iter().map(|file| file.why.as_deref()).collect();
    assert_eq!(left, [Some(hostile("retired").as_str()), None]);
}

#[test]
fn who_did_what_and_why_stands_beside_the_state() {
    let page = campaign().page();
    let file =
        |path: &str| page.waves.iter().flat_map(|wave| &wave.files).find(|file| file.path == path).unwrap();
    assert_eq!(file("services/mail/Dockerfile").by.as_deref(), Some("mallory"));
    let reverted = file("services/image/Dockerfile").by.as_deref().unwrap();
    assert_eq!(reverted, hostile("Eve"));
    let json = serde_json::to_value(file("services/image/Dockerfile")).unwrap();
    assert_eq!(json["commit"], "0123456789abcdef");
    let held = file("services/search/Dockerfile");
    assert!(held.why.as_deref().unwrap().contains("differs in 102 places"), "{:?}", held.why);
    assert_eq!(held.says, "differs in 102 places");
    let builds = &held.evidence.as_ref().unwrap().builds;
    assert_eq!((builds[0].differs, builds[0].differences.len()), (Some(103), 100));
    assert_eq!((builds[1].differs, builds[1].noise), (None, None), "what did not build was not compared");
    let failed = &builds[2];
    assert_eq!(
        (failed.differs, &failed.measured),
        (None, &Measured::default()),
        "nor an edited file that fails"
    );
    assert_eq!((builds[0].linked, builds[0].edited, &builds[0].not_exercised[..]), (1, 2, &[9][..]));
    assert_eq!(builds[0].builder, "default (docker, BuildKit v0.25.1, buildx v0.29.1)");
}

#[test]
fn sums_are_of_what_was_measured_alone() {
    let page = campaign().page();
    let measured = &page.totals.measured;
    // Two files with two builds each, and one build that differs; that of a file that did not build counts nothing.
    let (before_ms, after_ms) = (2 * (185_300 + 201_000) + 800, 2 * (121_000 + 130_500) + 990);
    assert_eq!(measured.whole, Some(Times { builds: 5, before_ms, after_ms }));
    let rebuild = |kept, pushed_bytes, steps| Rebuild { layers: 16, kept, pushed_bytes, steps };
    let cost = Pair { before: rebuild(2, 2_569_000_000, 24), after: rebuild(14, 5_120_000, 6) };
    let times = Times { builds: 2, before_ms: 184_800, after_ms: 16_300 };
    let expected = Rebuilt { times: Some(times), layers: Some(Layers { builds: 2, cost }) };
    assert_eq!(measured.moved_base, expected);
    let file = |wave: usize, index: usize| &page.waves[wave].files[index];
    assert_eq!(file(0, 0).measured.moved_base.times.as_ref().unwrap().builds, 1);
    assert_eq!(file(2, 0).measured.moved_base, Rebuilt::default());
    assert_eq!(file(2, 0).evidence.as_ref().unwrap().builds[1].measured.whole, None);
    let html = render(&page).unwrap();
    assert!(html.contains("Whole build") && html.contains("not measured"));
}

#[test]
fn a_page_carries_its_data_and_no_other_script() {
    let page = campaign().page();
    let html = render(&page).unwrap();
    assert_eq!(data(&html), serde_json::to_value(&page).unwrap());
    assert_eq!(serde_json::from_value::<StatusPage>(data(&html)).unwrap(), page);
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(html.matches("<style").count(), 1);
    for marker in ["<img", "style=", "onerror=\"", "\u{202e}", "\u{200b}", "-->"] {
        assert!(!html.contains(marker), "{marker:?} stands on the page");
    }
    let policy = "content=\"default-src 'none'; style-src 'sha256-";
    assert!(html.contains(policy), "{}", &html[..600]);
}

#[test]
fn a_campaign_that_has_nothing_yet_has_a_page() {
    let plan = json!({
        "schema": 1, "commit": null, "build_args": {}, "syntax": "docker/dockerfile:1", "selects": [], "waivers": [],
        "list": null, "left_out": {}, "refused": [], "unread": [], "cycles": [], "waves": [], "files": [],
    });
    let plan: Plan = serde_json::from_value(plan).unwrap();
    let page = StatusPage::new(&Facts {
        max_open: 10,
        campaign: "copy-link",
        repository: None,
        url: None,
        issue: None,
        base: &Base::default(),
        made: "2026-11-22T04:00:00Z",
        plan: &plan,
        evidence: &BTreeMap::new(),
        states: &BTreeMap::new(),
        progress: &Progress {
            waves: Vec::new(),
            files: Vec::new(),
            contradicted: None,
            past: BTreeSet::new(),
        },
        criteria: &[],
    });
    let html = render(&page).unwrap();
    for said in ["not on a forge", "Nothing.", "None were computed.", "not measured", ">0 files</data>"] {
        assert!(html.contains(said), "{said} is not said");
    }
}

#[test]
fn a_browser_shows_the_page_as_it_is_meant() {
    let what = "the status page in a browser";
    if !browser::is_there(what) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status.html");
    let page = campaign().page();
    let html = render(&page).unwrap();
    std::fs::write(&file, &html).unwrap();
    let mut browser = Browser::start();
    browser.resize(1280, 900);
    browser.open(&file);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests(), [format!("file://{}", file.display())], "the page asks for nothing else");
    let title = format!("{} · acme/shop", shown(&hostile("copy-link")));
    assert_eq!(browser.evaluate("document.title"), title, "no script of a hostile name ran");
    assert_figures(&mut browser, &serde_json::to_value(&page).unwrap());
    assert_texts(&mut browser, &serde_json::to_value(&page).unwrap());
    assert_keyboard(&mut browser);
    assert_bars(&mut browser);
    for scheme in ["light", "dark"] {
        browser.medium("screen", scheme);
        for (width, height) in [(320, 640), (390, 844), (768, 1024), (1280, 900)] {
            assert_fits(&mut browser, &file, width, height);
            picture(&mut browser, &format!("{width}-{scheme}"));
        }
        assert_contrast(&mut browser, scheme);
    }
    assert_prints(&mut browser, &file);
    assert_policy(&mut browser, folder.path(), &html);
    say(&format!("{what}: {} pages were opened", browser.pages()));
}

/// Each figure equals the number in the data and reads like it, and each number of the data is there.
fn assert_figures(browser: &mut Browser, page: &Value) {
    let figures = browser.evaluate(
        "[...document.querySelectorAll('data')].map(it => {
            const json = JSON.parse(document.getElementById('data').textContent);
            const path = it.dataset.at.split('/').slice(1);
            return [it.dataset.at, it.value, it.textContent, path.reduce((value, key) => value[key], json)];
        })",
    );
    let mut seen = BTreeSet::new();
    for figure in figures.as_array().unwrap() {
        let [at, value, text] = [0, 1, 2].map(|part| figure[part].as_str().unwrap());
        let number = figure[3].as_i64().unwrap_or_else(|| panic!("{at} is no number in the data: {figure}"));
        assert_eq!(page.pointer(at), Some(&figure[3]), "{at}");
        assert_eq!(value, number.to_string(), "{at}");
        assert!(reads(text, number), "{at}: {text} does not read like {number}");
        seen.insert(at.to_owned());
    }
    let mut numbers = BTreeSet::new();
    leaves(page, "", &mut |at, _, leaf| {
        // One build is not counted, and the sums of a file stand there in short.
        let is_silent = (at.ends_with("/builds") && *leaf == 1) || at == "/schema" || is_sum_of_a_file(at);
        if leaf.is_number() && !is_silent {
            numbers.insert(at.to_owned());
        }
    });
    let unseen: Vec<&String> = numbers.difference(&seen).collect();
    assert!(unseen.is_empty(), "{unseen:?} are not on the page");
    assert!(seen.len() > 200, "only {} figures were found", seen.len());
}

fn is_sum_of_a_file(at: &str) -> bool {
    let parts: Vec<&str> = at.split('/').collect();
    matches!(parts[..], ["", "waves", _, "files", _, "measured", ..])
}

/// Calls `seen` with the place, the nearest key and the value of all that holds nothing else.
fn leaves(value: &Value, at: &str, seen: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), seen);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                leaves(field, &format!("{at}/{key}"), seen);
            }
        }
        leaf => {
            let key = at.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap();
            seen(at, key, leaf);
        }
    }
}

/// Each bar is as long as its number says: of the number behind it, or else of the greater one of its pair.
fn assert_bars(browser: &mut Browser) {
    browser.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })");
    let bars = browser.evaluate(
        "[...document.querySelectorAll('table.bars')].flatMap(table => {
            const rows = [...table.rows].map(row => [...row.querySelectorAll('data')].map(it => +it.value));
            const most = Math.max(...rows.map(row => row[0]));
            return [...table.rows].map((row, index) => {
                const [track, fill] = ['.track', '.fill'].map(it => row.querySelector(it).getBoundingClientRect().width);
                const whole = rows[index][1] ?? most;
                return [fill / track, whole ? rows[index][0] / whole : 0, row.querySelector('svg').ariaLabel];
            });
        })",
    );
    let bars = bars.as_array().unwrap();
    assert!(bars.len() >= 40, "only {} bars were found", bars.len());
    for bar in bars {
        let distance = bar[0].as_f64().unwrap() - bar[1].as_f64().unwrap();
        assert!(distance.abs() < 0.005, "a bar is as long as its number says: {bar}");
    }
}

/// Whether a text reads like a number, to its last digit.
fn reads(text: &str, number: i64) -> bool {
    let text = text.trim_start_matches('#').replace(',', "");
    let words: Vec<&str> = text.split(' ').collect();
    let exactly = |digits: &str| digits.parse() == Ok(number);
    let nearly = |digits: &str, unit: f64| {
        let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
        let step = unit / 10_f64.powi(i32::try_from(places).unwrap());
        #[allow(clippy::cast_precision_loss)]
        let distance = (digits.parse::<f64>().unwrap() * unit - number as f64).abs();
        distance <= step / 2.0 + 1e-6
    };
    let two = |first: &str, second: &str, small: i64| {
        let read = first.parse::<i64>().unwrap() * 60 * small + second.parse::<i64>().unwrap() * small;
        (read - number).abs() <= small / 2
    };
    match words[..] {
        [minutes, "min", seconds, "s"] => two(minutes, seconds, 1000),
        [hours, "h", minutes, "min"] => two(hours, minutes, 60_000),
        [digits, "s" | "kB"] => nearly(digits, 1e3),
        [digits, "MB"] => nearly(digits, 1e6),
        [digits, "GB"] => nearly(digits, 1e9),
        [digits] | [digits, "B"] | [digits, "edited", "line" | "lines"] => exactly(digits),
        [digits, noun] => exactly(digits) && noun.parse::<f64>().is_err(),
        _ => false,
    }
}

/// Each text of the data stands on the page, with what hides shown. The backticks of code are markup there, so they
/// are left out on both sides.
fn assert_texts(browser: &mut Browser, page: &Value) {
    let all = browser.evaluate(
        "[...document.body.children].filter(it => it.id != 'data').map(it => it.textContent).join('\\n')",
    );
    let all = all.as_str().unwrap().replace('`', "");
    // Words of the page's own, and commits, which are cut.
    let named = ["state", "standing", "verdict", "outcome", "kind", "url", "commit", "planned"];
    let mut count = 0;
    leaves(page, "", &mut |at, key, leaf| {
        if let Some(text) = leaf.as_str().filter(|_| !named.contains(&key)) {
            count += 1;
            assert!(all.contains(&shown(text).replace('`', "")), "{at} is not on the page: {text}");
        }
    });
    assert!(count > 200, "only {count} texts were found");
    assert!(!all.contains('\u{202e}'));
}

/// The page is used without a mouse.
fn assert_keyboard(browser: &mut Browser) {
    browser.press("Tab", 9);
    assert_eq!(browser.evaluate("document.activeElement.className"), "skip");
    let opened = "document.querySelector('article details').open";
    assert_eq!(browser.evaluate(opened), false);
    browser.evaluate("document.querySelector('article summary').focus()");
    browser.press("Enter", 13);
    assert_eq!(browser.evaluate(opened), true);
    let unnamed = browser.evaluate(
        "[...document.querySelectorAll('svg, [role=region], nav, section:not(.block)')]
            .filter(it => !it.ariaLabel && !document.getElementById(it.getAttribute('aria-labelledby')))
            .map(it => it.outerHTML.slice(0, 200))",
    );
    assert_eq!(unnamed, json!([]), "all that has a role has a name");
    let levels =
        browser.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(it => +it.tagName[1])");
    let levels: Vec<u64> = levels.as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "no level is left out: {levels:?}");
    let ids = browser.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter(it => !document.querySelector(it.hash)).length",
    );
    assert_eq!(ids, 0, "each link on the page leads somewhere");
}

/// Nothing is wider than the screen, be it closed or open.
fn assert_fits(browser: &mut Browser, file: &Path, width: u32, height: u32) {
    browser.resize(width, height);
    browser.open(file);
    for state in ["closed", "open"] {
        if state == "open" {
            browser.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })");
        }
        let wide = browser.evaluate("[innerWidth, document.documentElement.scrollWidth]");
        assert_eq!(wide, json!([width, width]), "{state} at {width} pixels");
    }
}

/// All text has the contrast that WCAG 2.2 asks for at level AA.
fn assert_contrast(browser: &mut Browser, scheme: &str) {
    let weak = browser.evaluate(
        "(() => {
            const parts = colour => colour.match(/[\\d.]+/g).map(Number);
            const light = colour => {
                const [r, g, b] = parts(colour).map(it => it / 255)
                    .map(it => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ground = it => {
                for (; it; it = it.parentElement) {
                    const colour = getComputedStyle(it).backgroundColor;
                    if ((parts(colour)[3] ?? 1) == 1) return colour;
                }
                return 'rgb(0, 0, 0)';
            };
            const weak = {};
            let count = 0;
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const it = texts.currentNode.parentElement;
                if (!texts.currentNode.data.trim() || it.id == 'data') continue;
                const [a, b] = [light(getComputedStyle(it).color), light(ground(it))];
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                count += 1;
                if (ratio < 4.5) weak[it.outerHTML.slice(0, 120)] = ratio;
            }
            return [count, weak];
        })()",
    );
    assert!(weak[0].as_u64().unwrap() > 500, "only {} texts were looked at", weak[0]);
    assert_eq!(weak[1], json!({}), "{scheme}");
}

/// What is closed on the screen is printed all the same.
fn assert_prints(browser: &mut Browser, file: &Path) {
    browser.medium("screen", "light");
    browser.open(file);
    let height = "[...document.querySelectorAll('.lines')].filter(it => it.checkVisibility()).length";
    let open = browser.evaluate(height).as_u64().unwrap();
    browser.medium("print", "light");
    let printed = browser.evaluate(height).as_u64().unwrap();
    assert_eq!((open, printed), (1, 15), "files whose lines are seen");
    browser.medium("screen", "light");
}

/// A script that came into the page all the same does not run, and the browser tells.
fn assert_policy(browser: &mut Browser, folder: &Path, html: &str) {
    let broken = folder.join("broken.html");
    let script = "<script>document.title='ran'</script><p style=\"color:red\" onclick=\"1\"></main>";
    std::fs::write(&broken, html.replacen("</main>", script, 1)).unwrap();
    browser.open(&broken);
    let said = browser.complaints();
    assert!(said.iter().any(|said| said.contains("Content Security Policy")), "{said:?}");
    assert_ne!(browser.evaluate("document.title"), "ran");
    std::fs::write(&broken, "<title>t</title><script>document.title='ran'; console.error('told')</script>")
        .unwrap();
    browser.open(&broken);
    assert_eq!(browser.evaluate("document.title"), "ran", "without the policy it runs");
    assert!(browser.complaints().iter().any(|said| said.contains("told")));
}

/// A picture of the whole page for people to look at, where `LAYERWRIGHT_PICTURES` names a folder.
fn picture(browser: &mut Browser, name: &str) {
    let Some(folder) = std::env::var_os("LAYERWRIGHT_PICTURES") else { return };
    let all = json!({"format": "png", "captureBeyondViewport": true});
    let png = browser.ask("Page.captureScreenshot", &all);
    let bytes =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, png["data"].as_str().unwrap());
    std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes.unwrap()).unwrap();
}
