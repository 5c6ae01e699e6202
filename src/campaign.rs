//! A campaign: the decisions for each Dockerfile of a repository, the results of verification, and the progress. It
//! never builds an image and never contacts a forge.

pub mod base_facts;
pub mod check;
pub mod evidence;
pub(crate) mod message;
pub mod names;
pub mod plan;
pub mod policy;
pub mod progress;
pub(crate) mod trailer;
