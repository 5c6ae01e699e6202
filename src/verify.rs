//! Whether two builds are the same image: path by path, and in what the image says about running it. [`builder`]
//! builds, [`probe`] and [`reached`] tell what was linked at all, [`image`] and [`compare`] read what it built, and
//! [`evidence`] is what remains of it.

pub mod builder;
pub mod compare;
pub mod evidence;
pub mod image;
pub mod probe;
pub mod reached;
