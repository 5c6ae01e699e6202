//! What is known of a filesystem, and why. It never decides what to do about it.

pub mod layers;
pub mod tree;

pub use tree::{Entry, Metadata, Tree};
