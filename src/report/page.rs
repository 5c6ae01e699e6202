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
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest, Sha256};

pub use collect::{Facts, MOST_DIFFERENCES};
pub use data::{Criterion, CriterionState, StatusPage};

use html::At;

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
    let (at, owner) = (At::default(), page.repository.as_deref().unwrap_or("Layerwright"));
    let title = html::visible(html! { (page.campaign) " · " (owner) });
    let content = html::visible(html! {
        (sections::head(&at, page))
        main id="content" {
            (sections::glance(&at, page))
            (sections::people(&at, page))
            (sections::criteria(&at, page))
            (sections::gain(&at, page))
            (waves::waves(&at, page))
            (sections::left(&at, page))
        }
    });
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { "To the content" }
                (content)
                script type="application/json" id="data" { (json) }
            }
        }
    };
    Ok(document.into_string())
}
