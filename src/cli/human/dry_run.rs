//! Shows the steps that a verification would execute.

use std::time::Duration;

use anstyle::Style;

use super::screen::Screen;
use super::style;
use crate::campaign::evidence::Depth;
use crate::ops::{DryRun, PlannedFile};
use crate::text::figures::duration;

/// Returns the builder, and the steps of each file.
pub(crate) fn planned(planned: &DryRun) -> String {
    let mut screen = Screen::new(style::width());
    let builder = &planned.builder;
    let version =
        builder.buildkit.as_ref().map(|version| format!(", BuildKit {version}")).unwrap_or_default();
    screen.prose(style::STRONG, "Builder:", &format!("{} ({}{version})", builder.name, builder.driver));
    for file in &planned.files {
        show(&mut screen, file);
    }
    screen.finish()
}

fn show(screen: &mut Screen, file: &PlannedFile) {
    let depth = match file.depth {
        Depth::Line => "line",
        Depth::Full => "full",
    };
    let platforms = match file.platforms.as_slice() {
        [] => "the builder's own platform".to_owned(),
        named => named.join(", "),
    };
    let took = file.earlier_ms.map(|ms| format!(", took {} before", duration(Duration::from_millis(ms))));
    let head = format!("depth {depth}, {platforms}{}", took.unwrap_or_default());
    screen.prose(style::STRONG, &format!("{}:", file.path), &head);
    for build in &file.builds {
        let target = build.target.as_ref().map(|target| format!(", target {target}")).unwrap_or_default();
        screen.paint(style::FAINT, &format!("  context {}{target}", build.context)).end();
        for step in &build.steps {
            let is_edited = if step.is_edited { " (and edited)" } else { "" };
            let text = format!("{}{is_edited}", step.instruction);
            screen.prose(Style::new(), &format!("    line {}:", step.line), &text);
        }
    }
}
