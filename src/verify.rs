//! Whether two builds are the same image: path by path, and in what the image says about running it.
//!
//! [`context`] and [`texts`] make what is built of a file, [`stages`] tells what each stage needs, and a [`builder`] builds
//! it on the [`workbench`]. [`probe`] and [`reached`] tell what was linked at all, [`image`] and [`compare`] what was
//! built. [`noise`] and [`attribution`] tell what a difference means, [`cache`] what changes cost, [`smoke`] what commands
//! say, and [`evidence`] is what remains. [`standing`] says what that tells of a file as it is planned now, and [`policy`]
//! what may go out by it.

pub mod attribution;
pub mod builder;
pub mod cache;
pub mod compare;
pub mod context;
pub mod evidence;
pub mod image;
pub mod noise;
pub mod policy;
pub mod probe;
pub mod reached;
pub mod smoke;
pub mod stages;
pub mod standing;
pub mod texts;
pub mod workbench;

#[cfg(test)]
mod tests;
