//! A campaign: what was decided for each Dockerfile of a repository, what verification showed of it, and how far it is.
//! It never builds an image and never contacts a forge.

pub mod check;
pub mod evidence;
pub mod message;
pub mod names;
pub mod plan;
pub mod policy;
pub mod status;
pub mod trailer;
