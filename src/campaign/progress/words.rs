//! The state of a file in words.

use super::state::{FileProgress, FileState, OpenState};
use crate::campaign::policy::Refusal;
use crate::text::words::{first_line, short_id};

/// Returns the state of a file, in a few words on one line. `escaped` escapes the text of people and of the repository
/// for the output format.
pub(crate) fn state_words(file: &FileProgress, escaped: &dyn Fn(&str) -> String) -> String {
    let pull = file.pull.map(|number| format!("#{number} ")).unwrap_or_default();
    let by =
        |who: &Option<String>| who.as_ref().map(|who| format!(" by {}", escaped(who))).unwrap_or_default();
    let held = |why: &Refusal| held(why, escaped);
    match &file.state {
        FileState::Done if file.pull.is_some() => format!("{pull}merged"),
        FileState::Done => "done".to_owned(),
        FileState::Merged => format!("{pull}merged; not fetched into the clone yet"),
        FileState::Open(OpenState::Current) => format!("{pull}open"),
        FileState::Open(OpenState::OtherCommits) => format!("{pull}open, with commits by other people"),
        FileState::Open(OpenState::Stale) => {
            format!("{pull}open; the file has changed since the plan: plan again")
        }
        FileState::Open(OpenState::Held { why }) => format!("{pull}open, do not merge: {}", held(why)),
        FileState::Declined { by: who } => format!("{pull}declined{}", by(who)),
        FileState::Reverted { by: None } => format!("{pull}reverted"),
        FileState::Reverted { by: Some(change) } => {
            format!("{pull}reverted in {} by {}", short_id(&change.commit), escaped(&change.author))
        }
        FileState::Partly => format!("{pull}merged, now only partly linked"),
        FileState::Stale => "changed since the plan: plan again".to_owned(),
        FileState::Gone => "gone".to_owned(),
        FileState::Held { why } => held(why),
        FileState::OtherCommits => "its branch has commits by other people".to_owned(),
        FileState::Ready => format!("in wave {}", file.wave),
    }
}

/// Returns the reason why a file is blocked, in a few words.
fn held(why: &Refusal, escaped: &dyn Fn(&str) -> String) -> String {
    match why {
        Refusal::Contradiction { .. } => "a verification contradicts a proof".to_owned(),
        Refusal::Builder { builder, .. } => format!("{} rejects --link", escaped(builder)),
        Refusal::Different { evidence, .. }
        | Refusal::NoEvidence { evidence, .. }
        | Refusal::Context { evidence, .. } => escaped(first_line(&evidence.to_string())),
    }
}
