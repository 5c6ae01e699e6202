//! The way in which a registry wants requests to be authorized: RFC 9110, section 11, and the distribution
//! specification's "token authentication". It never sends a request.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http_auth::{ChallengeRef, parse_challenges};

/// The way in which a registry wants requests to be authorized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By a name and a password.
    Basic,
    /// By a token of a server of tokens.
    Bearer {
        /// The address of the server.
        realm: String,
        /// The name by which that server knows the registry.
        service: Option<String>,
    },
}

impl Challenge {
    /// Returns the challenge of an answer, a token rather than a password. `None` if there is none that is known.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<ChallengeRef<'_>> =
            texts.filter_map(|text| parse_challenges(text).ok()).flatten().collect();
        let is = |scheme: &'static str| {
            move |challenge: &&ChallengeRef<'_>| challenge.scheme.eq_ignore_ascii_case(scheme)
        };
        let bearer = all.iter().filter(is("bearer")).find_map(|challenge| {
            let parameter = |name: &str| {
                let mut named = challenge.params.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
                named.next().map(|(_, value)| value.to_unescaped())
            };
            Some(Self::Bearer { realm: parameter("realm")?, service: parameter("service") })
        });
        bearer.or_else(|| all.iter().any(|challenge| is("basic")(&challenge)).then_some(Self::Basic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_preferred_and_nonsense_is_none() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(WWW_AUTHENTICATE, http::HeaderValue::from_static(value));
            }
            Challenge::of(&headers)
        };
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
        };
        let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"";
        assert_eq!(of(&[hub]), bearer("https://auth.docker.io/token", Some("registry.docker.io")));
        assert_eq!(of(&["Basic realm=\"a, b\", bearer REALM=\"https://x\""]), bearer("https://x", None));
        assert_eq!(of(&["Basic realm=\"x\"", hub]), of(&[hub]));
        assert_eq!(of(&["basic"]), Some(Challenge::Basic));
        assert_eq!(of(&["Bearer service=\"x\", Basic realm=\"y\""]), Some(Challenge::Basic));
        for nonsense in ["", "Negotiate", "Bearer", "=", "Bearer realm=\"", "\"\"", ","] {
            assert_eq!(of(&[nonsense]), None, "{nonsense}");
        }
        assert_eq!(of(&[]), None);
    }
}
