//! GitHub, through its REST API. This is the only user of octocrab; its functions are synchronous. It
//! never prints anything, and never exposes the token.

mod address;
mod app;
mod cache;
mod call;
mod checks;
mod connection;
mod error;
mod forge;
mod issues;
mod page;
mod pulls;
mod refs;
mod retry;
mod throttle;

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::{Builder, Runtime};

pub use address::RepositoryName;
pub(crate) use address::{Api, IssueAddress, quoted};
pub use app::App;
pub(crate) use checks::BaseBranch;
pub use error::GitHubError;
pub use forge::GitHubForge;
pub use issues::Issue;
pub(crate) use pulls::Pull;
pub(crate) use refs::TreeEntry;

use crate::network::Cause;
use crate::text::secret::Secrets;
use cache::Keep;
use throttle::Pace;

/// The size limit of an answer in bytes. The text of an issue has up to 65,536 characters, each up to 12 bytes in JSON.
const MOST_BYTES: usize = 4 << 20;
/// The maximum number of redirects.
const MOST_MOVES: usize = 5;
/// The maximum number of characters shown of a message from GitHub.
const MOST_SAID: usize = 300;

/// A clock that tells the time and waits, so that tests need not wait.
pub trait Clock {
    /// Returns the time now.
    fn now(&self) -> SystemTime;
    /// Waits, for a reason that is shown to the user.
    fn wait(&self, pause: Duration, why: &str);
    /// Waits for a moment between two changes, without a message.
    fn pace(&self, pause: Duration);
}

impl<C: Clock + ?Sized> Clock for Rc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn wait(&self, pause: Duration, why: &str) {
        (**self).wait(pause, why);
    }

    fn pace(&self, pause: Duration) {
        (**self).pace(pause);
    }
}

/// A client of one server's API.
pub struct Client {
    runtime: Runtime,
    octocrab: Octocrab,
    api: Api,
    token: Option<SecretString>,
    /// The token, in each form in which a text may hold it.
    hidden: Secrets,
    clock: Box<dyn Clock>,
    timeout: Duration,
    keep: Option<Keep>,
    pace: RefCell<Pace>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("api", &self.api).finish_non_exhaustive()
    }
}

/// The reason why there is no answer.
pub(crate) enum Trouble {
    TimedOut,
    TooLarge,
    Connection(Cause),
}

impl Client {
    /// Returns a client of the API at `api`. Requests time out after `timeout`.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Token`] if a header cannot carry the token, [`GitHubError::Start`] if there are no root
    /// certificates or threads.
    pub fn new(
        api: Api,
        token: Option<SecretString>,
        clock: Box<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, GitHubError> {
        // octocrab panics on a token that is not a valid header value.
        let is_sound = |token: &SecretString| {
            let text = token.expose_secret();
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !token.as_ref().is_none_or(is_sound) {
            return Err(GitHubError::Token);
        }
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| GitHubError::Start(error.into()))?;
        let octocrab = {
            // octocrab starts a task as soon as its client is built.
            let _entered = runtime.enter();
            connection::octocrab(&api, token.as_ref()).map_err(GitHubError::Start)?
        };
        let mut hidden = Secrets::default();
        hidden.add(token.as_ref().map_or(&[][..], |token| token.expose_secret().as_bytes()));
        let (keep, pace) = (None, RefCell::default());
        Ok(Self { runtime, octocrab, api, token, hidden, clock, timeout, keep, pace })
    }

    /// Caches answers in a folder, and sends conditional requests for them.
    #[must_use]
    pub fn keeping(self, folder: PathBuf) -> Self {
        Self { keep: Some(Keep::new(folder)), ..self }
    }
}
