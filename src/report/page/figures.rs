//! Bars, and the numbers beside them. A missing measurement is stated, and never drawn as zero.

use std::time::Duration;

use super::data::{Layers, Measured, Rebuilt, Times};
use super::html::{At, Html};
use crate::campaign::evidence::Rebuild;
use crate::text::figures::{bytes, duration, number};
use crate::text::words::count;

/// The text for a missing measurement.
pub const NOT_MEASURED: &str = "not measured";

/// One row of bars: the number, its maximum, and its place in the data.
struct Bar<'a> {
    at: At,
    value: u64,
    most: u64,
    text: String,
    /// The total that follows the number, as in `of 8`.
    of: Option<(At, usize)>,
    side: &'a str,
}

/// Writes the whole build, and the rebuilds after a change of the base image and of an early step.
pub fn measured(html: &mut Html, at: &At, measured: &Measured) {
    html.element("div", &[("class", "measured")], |html| {
        block(html, "Whole build", |html| times(html, &at.key("whole"), measured.whole.as_ref()));
        let rebuilds = [
            ("Rebuild after the base image changed", at.key("moved_base"), &measured.moved_base),
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

/// Writes a title and the block below it.
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
    let bar = |key, value, side| Bar {
        at: at.key(key),
        value,
        most,
        text: duration(Duration::from_millis(value)),
        of: None,
        side,
    };
    let bars = [bar("before_ms", times.before_ms, "before"), bar("after_ms", times.after_ms, "after")];
    metric(html, "Time", &at.key("builds"), times.builds, bars);
}

fn layers(html: &mut Html, at: &At, layers: Option<&Layers>) {
    let Some(Layers { builds, cost }) = layers else {
        absent(html, "Layers reused");
        return;
    };
    let sides = [("before", &cost.before), ("after", &cost.after)];
    let cost_at = at.key("cost");
    let kept = sides.map(|(side, of)| Bar {
        of: Some((cost_at.key(side).key("layers"), of.layers)),
        ..bar(cost_at.key(side).key("kept"), wide(of.kept), wide(of.layers), number(of.kept), side)
    });
    metric(html, "Layers reused", &at.key("builds"), *builds, kept);
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

/// Writes two bars on one scale.
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

/// Returns a part of a whole in percent, to one place; zero of zero is 0%.
fn share(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1000).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_a_part_of_its_scale() {
        assert_eq!(share(0, 0), "0.0%");
        assert_eq!(share(1, 3), "33.3%");
        assert_eq!(share(8, 8), "100.0%");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0%");
    }
}
