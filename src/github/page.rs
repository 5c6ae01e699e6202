//! Lists that come in pages. It never reads more than the limits below.

use serde::de::DeserializeOwned;

use super::call::Call;
use super::{Client, GitHubError};

/// The maximum number of pages of one list: 100,000 entries.
const MOST_PAGES: usize = 1_000;
/// The size limit of a page in bytes: 100 entries with texts of 65,536 characters, and the JSON around them.
const MOST_BYTES: usize = 64 << 20;
/// The size limit of all pages of a list in bytes: their texts are held together.
const MOST_BYTES_OF_LIST: usize = 256 << 20;

impl Client {
    /// Returns all entries of a list. Its pages are as large as GitHub allows.
    pub(super) fn all<T: DeserializeOwned>(&self, route: &str, what: &str) -> Result<Vec<T>, GitHubError> {
        self.pages(route, what, |page: Vec<T>| page)
    }

    /// Like `all`, for a list that each page holds beside other fields.
    pub(super) fn pages<P: DeserializeOwned, T>(
        &self,
        route: &str,
        what: &str,
        entries: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GitHubError> {
        let separator = if route.contains('?') { '&' } else { '?' };
        self.as_it_comes(format!("{route}{separator}per_page=100"), what, entries)
    }

    /// Like `all`, for a list whose page size GitHub decides.
    pub(super) fn as_it_comes<P: DeserializeOwned, T>(
        &self,
        mut at: String,
        what: &str,
        entries: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GitHubError> {
        let mut found = Vec::new();
        let mut left = MOST_BYTES_OF_LIST;
        for _ in 0..MOST_PAGES {
            let call = Call { most: MOST_BYTES.min(left), ..Call::get(at, what) };
            let (answer, _) = self.followed(call)?;
            left = left.saturating_sub(answer.body.len());
            found.extend(entries(self.parsed(&answer.body, what)?));
            let Some(next) = answer.link.as_deref().and_then(next) else { return Ok(found) };
            at = self
                .api
                .on_same_server(next)
                .ok_or_else(|| GitHubError::MovedAway { what: what.to_owned(), to: next.to_owned() })?;
        }
        Err(GitHubError::TooLarge { api: self.api.clone() })
    }
}

/// Returns the next page, as a `Link` header names it: `<URL>; rel="next", <URL>; rel="last"` (RFC 8288).
fn next(link: &str) -> Option<&str> {
    let mut rest = link;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (url, after) = after.split_once('>')?;
        let (parameters, more) = match after.find('<') {
            Some(at) => after.split_at(at),
            None => (after, ""),
        };
        let is_next = |parameter: &str| {
            let parameter = parameter.trim().trim_end_matches(',').trim_end();
            parameter
                .strip_prefix("rel=")
                .is_some_and(|rel| rel.trim_matches('"').split(' ').any(|rel| rel == "next"))
        };
        if parameters.split(';').any(is_next) {
            return Some(url);
        }
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn a_link_names_the_next_page() {
        let first = r#"<https://api.github.com/repositories/1/issues?page=2>; rel="next", <https://x/?page=9>; rel="last""#;
        assert_eq!(next(first), Some("https://api.github.com/repositories/1/issues?page=2"));
        assert_eq!(
            next(r#"<https://x/?page=1>; rel="prev", <https://x/?a=1,2>; rel="next""#),
            Some("https://x/?a=1,2")
        );
        assert_eq!(next(r#"<https://x/?page=1>; rel="first prev""#), None);
        for odd in ["", "<", "<>", "x; rel=\"next\"", "<x"] {
            assert_eq!(next(odd), None, "{odd}");
        }
    }
}
