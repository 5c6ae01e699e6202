//! The status page: one HTML file that needs neither a network nor a script. It never reads files or the clock.
//!
//! All text of the repository is escaped, and invisible characters and those that change the reading direction are
//! shown. The page's policy allows its own style only, and no script. Each figure on the page names its place in the
//! data that the page contains in the element `data`: a [`StatusPage`] as JSON.

mod collect;
pub mod data;
mod evidence;
mod figures;
mod html;
mod sections;
mod state;
mod totals;
mod waves;
mod words;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub use collect::{Facts, MOST_DIFFERENCES};
pub use data::{Criterion, CriterionState, StatusPage};

use html::{At, Html};

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// Returns the page as HTML. The same data give the same bytes.
///
/// # Errors
///
/// An error of `serde_json`.
pub fn render(page: &StatusPage) -> serde_json::Result<String> {
    let json = html::inline_json(&serde_json::to_string_pretty(page)?);
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'");
    let at = At::default();
    let mut title = Html::default();
    title.text(&page.campaign).text(" · ").text(page.repository.as_deref().unwrap_or("Layerwright"));
    let mut content = Html::default();
    sections::head(&mut content, &at, page);
    content.element("main", &[("id", "content")], |html| {
        sections::glance(html, &at, page);
        sections::people(html, &at, page);
        sections::criteria(html, &at, page);
        sections::gain(html, &at, page);
        waves::waves(html, &at, page);
        sections::left(html, &at, page);
    });
    Ok(html::fill(
        TEMPLATE,
        &[
            ("policy", &policy),
            ("title", &title.into_string()),
            ("style", STYLE),
            ("content", &content.into_string()),
            ("data", &json),
        ],
    ))
}
