//! The decision to retry a request, and when, by the rate limits that GitHub answers with. It never waits itself: the
//! client does, in `call`. Sources: GitHub, "Rate limits for the REST API" and "Best practices".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Trouble;
use super::call::Answer;

/// The maximum number of attempts.
pub(super) const MOST_ATTEMPTS: usize = 4;
/// The first pause after a failure; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest time that a command waits for a rate limit. Also the pause for a limit that names no time.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The next step after an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The answer is final.
    Take,
    /// Retry. A rate-limited request had no effect; for all others it is unknown.
    Again { after: Duration, why: String, limited: bool },
    /// The rate limit lasts longer than a command may wait.
    Limited { until: SystemTime },
}

/// Returns the next step after `attempt` attempts, counted from 1.
pub(super) fn next(tried: &Result<Answer, Trouble>, attempt: usize, now: SystemTime) -> Next {
    let pause =
        FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(attempt).unwrap_or(u32::MAX).saturating_sub(1));
    let (after, why) = match tried {
        Err(Trouble::TooLarge) => return Next::Take,
        Err(Trouble::TimedOut) => (pause, "GitHub did not answer in time".to_owned()),
        Err(Trouble::Connection(_)) => (pause, "the connection to GitHub failed".to_owned()),
        Ok(answer) => match limit(answer, attempt, now) {
            Some(wait) if wait > LONGEST_WAIT || attempt >= MOST_ATTEMPTS => {
                return Next::Limited { until: now + wait };
            }
            Some(after) => {
                let why = "GitHub's rate limit is reached".to_owned();
                return Next::Again { after, why, limited: true };
            }
            None if answer.status < 500 => return Next::Take,
            None => (pause, format!("GitHub answered {}", answer.status)),
        },
    };
    if attempt >= MOST_ATTEMPTS { Next::Take } else { Next::Again { after, why, limited: false } }
}

/// Returns the duration of a rate limit. Without a time in the answer: a minute, doubled at each attempt.
fn limit(answer: &Answer, attempt: usize, now: SystemTime) -> Option<Duration> {
    if !matches!(answer.status, 403 | 429) {
        return None;
    }
    let reset = || {
        let reset = UNIX_EPOCH.checked_add(Duration::from_secs(answer.reset?))?;
        Some(reset.duration_since(now).unwrap_or_default().max(Duration::from_secs(1)))
    };
    let doubled = LONGEST_WAIT * 2_u32.saturating_pow(u32::try_from(attempt).unwrap_or(1).saturating_sub(1));
    match (answer.retry_after, answer.remaining) {
        (Some(seconds), _) => Some(Duration::from_secs(seconds.min(86_400))),
        (None, Some(0)) => reset().or(Some(doubled)),
        _ if answer.status == 429 => Some(doubled),
        // A secondary limit may come without any header; only its documentation URL distinguishes it from a refusal.
        _ => answer.said().documentation_url.contains("rate-limit").then_some(doubled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            retry_after: None,
            remaining: None,
            reset: None,
            location: None,
            etag: None,
            link: None,
            body: Vec::new(),
        }
    }

    fn asked(answer: Answer, attempt: usize) -> Next {
        next(&Ok(answer), attempt, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[track_caller]
    fn assert_waits(next: &Next, seconds: f64) {
        assert!(
            matches!(next, Next::Again { after, .. } if *after == Duration::from_secs_f64(seconds)),
            "{next:?}"
        );
    }

    #[test]
    fn failures_are_asked_again_with_longer_pauses_and_then_told() {
        for (attempt, seconds) in [(1, 0.5), (2, 1.0), (3, 2.0)] {
            assert_waits(&asked(answer(502), attempt), seconds);
            assert_waits(&next(&Err(Trouble::TimedOut), attempt, UNIX_EPOCH), seconds);
            assert_waits(&next(&Err(Trouble::Connection("".into())), attempt, UNIX_EPOCH), seconds);
        }
        assert_eq!(asked(answer(500), MOST_ATTEMPTS), Next::Take);
        assert_eq!(next(&Err(Trouble::TimedOut), MOST_ATTEMPTS, UNIX_EPOCH), Next::Take);
    }

    #[test]
    fn what_would_fail_again_is_not_asked_again() {
        for status in [200, 301, 401, 403, 404, 410, 422] {
            assert_eq!(asked(answer(status), 1), Next::Take, "{status}");
        }
        assert_eq!(next(&Err(Trouble::TooLarge), 1, UNIX_EPOCH), Next::Take);
    }

    #[test]
    fn a_limit_is_waited_for_as_long_as_github_says_if_that_is_short() {
        assert_waits(&asked(Answer { retry_after: Some(7), ..answer(403) }, 1), 7.0);
        assert_waits(&asked(Answer { remaining: Some(0), reset: Some(NOW + 9), ..answer(403) }, 1), 9.0);
        assert_waits(&asked(Answer { remaining: Some(0), reset: Some(NOW - 9), ..answer(429) }, 1), 1.0);
        assert_waits(&asked(answer(429), 1), 60.0);
        let page = br#"{"documentation_url": "https://docs.github.com/rest/x#about-secondary-rate-limits"}"#;
        assert_waits(&asked(Answer { body: page.to_vec(), ..answer(403) }, 1), 60.0);
        let until = |seconds| Next::Limited { until: UNIX_EPOCH + Duration::from_secs(NOW + seconds) };
        assert_eq!(asked(answer(429), 2), until(120));
        assert_eq!(asked(Answer { retry_after: Some(61), ..answer(429) }, 1), until(61));
        assert_eq!(asked(Answer { retry_after: Some(7), ..answer(429) }, MOST_ATTEMPTS), until(7));
        let far = Answer { remaining: Some(0), reset: Some(NOW + 3_000), ..answer(403) };
        assert_eq!(asked(far, 1), until(3_000));
    }

    #[test]
    fn no_number_of_a_header_is_too_large() {
        let next = asked(Answer { retry_after: Some(u64::MAX), ..answer(403) }, 1);
        assert!(matches!(next, Next::Limited { .. }), "{next:?}");
        assert_waits(&asked(Answer { remaining: Some(0), reset: Some(u64::MAX), ..answer(403) }, 1), 60.0);
    }
}
