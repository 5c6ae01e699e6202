//! Whether two builds are the same image: path by path, and in what the image says about running it. [`run`] verifies a
//! file: it builds what [`texts`] and [`context`] make of it with a [`builder`], [`image`] and [`compare`] read what was
//! built, [`noise`] and [`attribution`] tell what a difference means, [`smoke`] and [`cache`] what runs in
//! the images and what changes cost, and [`evidence`] is what remains. [`standing`] says
//! what that tells of a file as it is planned now, [`present`] the same of a whole campaign, and [`policy`] what may go out
//! by it.

pub mod attribution;
pub mod builder;
pub mod cache;
pub mod compare;
pub mod context;
pub mod evidence;
pub mod image;
pub mod noise;
pub mod policy;
pub mod present;
pub mod probe;
pub mod reached;
mod read;
pub mod run;
pub mod smoke;
pub mod stages;
pub mod standing;
pub mod texts;
pub mod workbench;

pub use read::{ENDING, EvidenceError};

#[cfg(test)]
mod tests;
