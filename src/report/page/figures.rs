//! Numbers as people read them, and bars. What was not measured is said, never drawn as nothing.

use super::data::{Layers, Measured, Rebuilt, Times};
use super::html::{At, Html};
use crate::campaign::evidence::Rebuild;
use crate::text::display::{count, number};

/// What is shown where nothing was measured.
pub const NOT_MEASURED: &str = "not measured";

/// A time: `0.42 s`, `12.3 s`, `3 min 05 s`, `1 h 02 min`.
pub fn seconds(ms: u64) -> String {
    let whole = (ms + 500) / 1000;
    match ms {
        ..995 => format!("0.{:02} s", (ms + 5) / 10),
        995..59_950 => format!("{}.{} s", (ms + 50) / 1000, (ms + 50) % 1000 / 100),
        59_950..3_599_500 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", (whole + 30) / 3600, (whole + 30) % 3600 / 60),
    }
}

/// A size: `512 B`, `1.2 kB`, `34.5 MB`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let tenths = |unit: u128| (u128::from(bytes) * 10 + unit / 2) / unit;
    let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let (name, unit) =
        units.into_iter().find(|(_, unit)| tenths(*unit) < 10_000).unwrap_or(("TB", 1_000_000_000_000));
    format!("{}.{} {name}", tenths(unit) / 10, tenths(unit) % 10)
}

/// One row of bars: the number, what it is a part of, and where it stands in the data.
struct Bar<'a> {
    at: At,
    value: u64,
    most: u64,
    text: String,
    /// A figure that belongs behind it, as in `of 8`.
    of: Option<(At, usize)>,
    side: &'a str,
}

/// The whole build, and the rebuilds after a moved base and an early change.
pub fn measured(html: &mut Html, at: &At, measured: &Measured) {
    html.element("div", &[("class", "measured")], |html| {
        block(html, "Whole build", |html| times(html, &at.key("whole"), measured.whole.as_ref()));
        let rebuilds = [
            ("Rebuild after the base moved", at.key("moved_base"), &measured.moved_base),
            ("Rebuild after an early step changed", at.key("early_step"), &measured.early_step),
        ];
        for (title, at, cost) in rebuilds {
            block(html, title, |html| {
                if *cost == Rebuilt::default() {
                    html.words("p", "quiet", NOT_MEASURED);
                    return;
                }
                times(html, &at.key("times"), cost.times.as_ref());
                layers(html, &at.key("layers"), cost.layers.as_ref());
            });
        }
    });
}

/// A title and what it is about.
fn block(html: &mut Html, title: &str, content: impl FnOnce(&mut Html)) {
    html.element("section", &[("class", "block")], |html| {
        html.words("p", "title", title);
        content(html);
    });
}

fn times(html: &mut Html, at: &At, times: Option<&Times>) {
    let Some(times) = times else {
        absent(html, "Time");
        return;
    };
    let most = times.before_ms.max(times.after_ms);
    let bar = |key, value, side| Bar { at: at.key(key), value, most, text: seconds(value), of: None, side };
    let bars = [bar("before_ms", times.before_ms, "before"), bar("after_ms", times.after_ms, "after")];
    metric(html, "Time", &at.key("builds"), times.builds, bars);
}

fn layers(html: &mut Html, at: &At, layers: Option<&Layers>) {
    let Some(Layers { builds, cost }) = layers else {
        absent(html, "Layers kept");
        return;
    };
    let sides = [("before", &cost.before), ("after", &cost.after)];
    let cost_at = at.key("cost");
    let kept = sides.map(|(side, of)| Bar {
        of: Some((cost_at.key(side).key("layers"), of.layers)),
        ..bar(cost_at.key(side).key("kept"), wide(of.kept), wide(of.layers), number(of.kept), side)
    });
    metric(html, "Layers kept", &at.key("builds"), *builds, kept);
    let most = |part: fn(&Rebuild) -> u64| part(&cost.before).max(part(&cost.after));
    let pushed = |of: &Rebuild| of.pushed_bytes;
    let pushed = sides.map(|(side, of)| {
        bar(
            cost_at.key(side).key("pushed_bytes"),
            of.pushed_bytes,
            most(pushed),
            bytes(of.pushed_bytes),
            side,
        )
    });
    metric(html, "To push again, uncompressed", &at.key("builds"), *builds, pushed);
    let steps = |of: &Rebuild| wide(of.steps);
    let steps = sides.map(|(side, of)| {
        bar(cost_at.key(side).key("steps"), wide(of.steps), most(steps), number(of.steps), side)
    });
    metric(html, "Steps executed", &at.key("builds"), *builds, steps);
}

fn bar(at: At, value: u64, most: u64, text: String, side: &str) -> Bar<'_> {
    Bar { at, value, most, text, of: None, side }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn absent(html: &mut Html, title: &str) {
    html.element("p", &[("class", "quiet")], |html| {
        html.text(title).text(": ").text(NOT_MEASURED);
    });
}

/// Two bars on one scale.
fn metric(html: &mut Html, title: &str, at: &At, builds: usize, bars: [Bar<'_>; 2]) {
    html.element("table", &[("class", "bars")], |html| {
        html.element("caption", &[], |html| {
            html.text(title);
            if builds != 1 {
                html.text(" (");
                html.figure(at, builds, &count(builds, "build")).text(")");
            }
        });
        html.element("tbody", &[], |html| {
            for bar in bars {
                row(html, title, &bar);
            }
        });
    });
}

fn row(html: &mut Html, title: &str, bar: &Bar<'_>) {
    let of = bar.of.as_ref().map(|(_, of)| format!(" of {}", number(*of))).unwrap_or_default();
    let label = format!("{title}, {}: {}{of}", bar.side, bar.text);
    let class = if bar.side == "before" { "fill before" } else { "fill after" };
    html.element("tr", &[], |html| {
        html.element("th", &[("scope", "row")], |html| {
            html.text(bar.side);
        });
        html.element("td", &[("class", "room")], |html| {
            html.element("svg", &[("class", "bar"), ("role", "img"), ("aria-label", &label)], |html| {
                let all = [("class", "track"), ("width", "100%"), ("height", "100%"), ("rx", "3")];
                html.element("rect", &all, |_| ());
                let width = share(bar.value, bar.most);
                let part = [("class", class), ("width", width.as_str()), ("height", "100%"), ("rx", "3")];
                html.element("rect", &part, |_| ());
            });
        });
        html.element("td", &[("class", "number")], |html| {
            html.figure(&bar.at, bar.value, &bar.text);
            if let Some((at, of)) = &bar.of {
                html.text(" of ").figure(at, of, &number(*of));
            }
        });
    });
}

/// A part of a whole in percent, to one place; nothing of nothing is nothing.
fn share(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1000).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        let shown: Vec<String> =
            [0, 4, 420, 994, 995, 1_000, 12_340, 59_949, 59_950, 185_000, 3_599_499, 3_599_500, 3_725_000]
                .map(seconds)
                .into();
        let expected = [
            "0.00 s",
            "0.00 s",
            "0.42 s",
            "0.99 s",
            "1.0 s",
            "1.0 s",
            "12.3 s",
            "59.9 s",
            "1 min 00 s",
            "3 min 05 s",
            "59 min 59 s",
            "1 h 00 min",
            "1 h 02 min",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        let shown: Vec<String> =
            [0, 999, 1_000, 1_250, 999_949, 999_950, 34_500_000, 2_000_000_000, u64::MAX].map(bytes).into();
        let expected =
            ["0 B", "999 B", "1.0 kB", "1.3 kB", "999.9 kB", "1.0 MB", "34.5 MB", "2.0 GB", "18446744.1 TB"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_bar_is_a_part_of_its_scale() {
        assert_eq!(share(0, 0), "0.0%");
        assert_eq!(share(1, 3), "33.3%");
        assert_eq!(share(8, 8), "100.0%");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0%");
    }
}
