//! The rate at which the client itself sends changes. GitHub's secondary limits allow 80 requests that create content in a minute and 500 in an hour,
//! and ask for a second between two (GitHub, "Rate limits for the REST API").

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::{Client, GitHubError};

/// The pause between two changes.
const APART: Duration = Duration::from_secs(1);
/// The maximum number of changes in an hour. With a second between two, no minute has too many.
const MOST_IN_AN_HOUR: usize = 500;
/// An hour.
const HOUR: Duration = Duration::from_hours(1);

/// The times of the changes.
#[derive(Default)]
pub(super) struct Pace {
    sent: VecDeque<SystemTime>,
}

impl Client {
    /// Waits until a change is allowed, and records it.
    pub(super) fn pace(&self) -> Result<(), GitHubError> {
        let mut pace = self.pace.borrow_mut();
        let now = self.clock.now();
        pace.sent.retain(|&sent| sent + HOUR > now);
        if pace.sent.len() >= MOST_IN_AN_HOUR {
            let until = pace.sent.front().map_or(now, |&first| first + HOUR);
            return Err(GitHubError::Limited { until, has_token: self.token.is_some() });
        }
        if let Some(&last) = pace.sent.back() {
            let since = now.duration_since(last).unwrap_or_default();
            if let Some(rest) = APART.checked_sub(since).filter(|rest| !rest.is_zero()) {
                self.clock.pace(rest);
            }
        }
        let now = self.clock.now();
        pace.sent.push_back(now);
        Ok(())
    }
}
