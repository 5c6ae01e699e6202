//! Bars, and the numbers beside them. A missing measurement is stated, and never drawn as zero.

use std::time::Duration;

use maud::{Markup, html};

use super::data::{Layers, Measured, Rebuilt, Times};
use super::html::{At, figure};
use crate::campaign::evidence::Rebuild;
use crate::text::figures::{bytes, duration, number};
use crate::text::words::count;

/// The text for a missing measurement.
pub(crate) const NOT_MEASURED: &str = "not measured";

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

/// Returns the whole build, and the rebuilds after a change of the base image and of an early step.
pub(crate) fn measured(at: &At, measured: &Measured) -> Markup {
    html! {
        div class="measured" {
            (block("Whole build", &times(&at.key("whole"), measured.whole.as_ref())))
            (block("Rebuild after the base image changed", &rebuilt(&at.key("moved_base"), &measured.moved_base)))
            (block("Rebuild after an early step changed", &rebuilt(&at.key("early_step"), &measured.early_step)))
        }
    }
}

fn rebuilt(at: &At, cost: &Rebuilt) -> Markup {
    html! {
        @if *cost == Rebuilt::default() { p class="quiet" { (NOT_MEASURED) } } @else {
            (times(&at.key("times"), cost.times.as_ref()))
            (layers(&at.key("layers"), cost.layers.as_ref()))
        }
    }
}

/// Returns a title and the block below it.
fn block(title: &str, content: &Markup) -> Markup {
    html! { section class="block" { p class="title" { (title) } (content) } }
}

fn times(at: &At, times: Option<&Times>) -> Markup {
    let Some(times) = times else { return absent("Time") };
    let most = times.before_ms.max(times.after_ms);
    let bar = |key, value, side| bar(at.key(key), value, most, duration(Duration::from_millis(value)), side);
    let bars = [bar("before_ms", times.before_ms, "before"), bar("after_ms", times.after_ms, "after")];
    metric("Time", &at.key("builds"), times.builds, &bars)
}

fn layers(at: &At, layers: Option<&Layers>) -> Markup {
    let Some(Layers { builds, cost }) = layers else { return absent("Layers reused") };
    let cost_at = at.key("cost");
    let sides = [("before", &cost.before), ("after", &cost.after)];
    let kept = sides.map(|(side, of)| {
        let at = cost_at.key(side);
        Bar {
            of: Some((at.key("layers"), of.layers)),
            ..bar(at.key("kept"), wide(of.kept), wide(of.layers), number(of.kept), side)
        }
    });
    let most = |part: fn(&Rebuild) -> u64| part(&cost.before).max(part(&cost.after));
    let pushed = sides.map(|(side, of)| {
        let at = cost_at.key(side).key("pushed_bytes");
        bar(at, of.pushed_bytes, most(|of| of.pushed_bytes), bytes(of.pushed_bytes), side)
    });
    let steps = sides.map(|(side, of)| {
        bar(cost_at.key(side).key("steps"), wide(of.steps), most(|of| wide(of.steps)), number(of.steps), side)
    });
    let builds = |title, bars| metric(title, &at.key("builds"), *builds, bars);
    html! {
        (builds("Layers reused", &kept))
        (builds("To push again, uncompressed", &pushed))
        (builds("Steps executed", &steps))
    }
}

fn bar(at: At, value: u64, most: u64, text: String, side: &str) -> Bar<'_> {
    Bar { at, value, most, text, of: None, side }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn absent(title: &str) -> Markup {
    html! { p class="quiet" { (title) ": " (NOT_MEASURED) } }
}

/// Returns two bars on one scale.
fn metric(title: &str, at: &At, builds: usize, bars: &[Bar<'_>; 2]) -> Markup {
    html! {
        table class="bars" {
            caption {
                (title)
                @if builds != 1 { " (" (figure(at, builds, &count(builds, "build"))) ")" }
            }
            tbody { @for bar in bars { (row(title, bar)) } }
        }
    }
}

fn row(title: &str, bar: &Bar<'_>) -> Markup {
    let of = bar.of.as_ref().map(|(_, of)| format!(" of {}", number(*of))).unwrap_or_default();
    html! {
        tr {
            th scope="row" { (bar.side) }
            td class="room" {
                svg class="bar" role="img" aria-label={ (title) ", " (bar.side) ": " (bar.text) (of) } {
                    rect class="track" width="100%" height="100%" rx="3" {}
                    rect class={ "fill " (bar.side) } width=(share(bar.value, bar.most)) height="100%" rx="3" {}
                }
            }
            td class="number" {
                (figure(&bar.at, bar.value, &bar.text))
                @if let Some((at, of)) = &bar.of { " of " (figure(at, of, &number(*of))) }
            }
        }
    }
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
