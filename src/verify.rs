//! Whether two builds are the same image: path by path, and in what the image says about running it.

pub mod compare;
pub mod image;
