//! Sums of measurements. Before and after of a sum are of the same builds; it never mixes them.

use super::data::{Layers, Measured, Rebuilt, Times};
use crate::campaign::evidence::Rebuild;

/// Returns the sum of the measurements.
pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Measured>) -> Measured {
    all.fold(Measured::default(), |mut sum, one| {
        add_times(&mut sum.whole, one.whole.as_ref());
        add(&mut sum.moved_base, &one.moved_base);
        add(&mut sum.early_step, &one.early_step);
        sum
    })
}

fn add(sum: &mut Rebuilt, one: &Rebuilt) {
    add_times(&mut sum.times, one.times.as_ref());
    if let Some(Layers { builds, cost }) = &one.layers {
        let sum = sum.layers.get_or_insert_default();
        sum.builds += builds;
        add_rebuild(&mut sum.cost.before, &cost.before);
        add_rebuild(&mut sum.cost.after, &cost.after);
    }
}

fn add_times(sum: &mut Option<Times>, one: Option<&Times>) {
    if let Some(Times { builds, before_ms, after_ms }) = one {
        let sum = sum.get_or_insert_default();
        sum.builds += builds;
        sum.before_ms = sum.before_ms.saturating_add(*before_ms);
        sum.after_ms = sum.after_ms.saturating_add(*after_ms);
    }
}

fn add_rebuild(sum: &mut Rebuild, one: &Rebuild) {
    sum.layers += one.layers;
    sum.kept += one.kept;
    sum.pushed_bytes = sum.pushed_bytes.saturating_add(one.pushed_bytes);
    sum.steps += one.steps;
}
