//! The facts about base images that a campaign remembers: `bases.json` in its folder. It holds what was asked of the
//! images for a plan, and the answers, so that the same lines are judged in the same way without the images. It never
//! reads an image, and never answers a question that was not asked.

mod format;
mod read;
mod remembered;
mod words;

pub use format::BaseFacts;
pub(crate) use read::BaseFactsError;
pub use remembered::RememberedImages;
