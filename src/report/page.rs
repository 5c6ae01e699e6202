//! The status page: one HTML file that needs nothing else, neither a network nor a script. It reads nothing and knows no
//! time.
//!
//! All text of the repository is escaped, and what hides or turns the reading direction is shown. No style and no script
//! but the page's own style may count, which the page's policy says. Each figure on it names its place in the data that
//! the page carries in the element `data`: a [`StatusPage`] as JSON.

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

/// The page as HTML: the same data, the same bytes.
///
/// # Errors
///
/// What `serde_json` says.
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
