//! Whether two builds are the same image: path by path, and in what the image says about running it. [`builder`]
//! builds, [`image`] and [`compare`] read what it built, and [`evidence`] is what remains of it. [`workbench`] is where
//! one file's builds are made: [`noise`] tells what a difference is worth, [`attribution`] what makes it, [`cache`] what
//! changes cost, [`smoke`] what commands say.

pub mod attribution;
pub mod builder;
pub mod cache;
pub mod compare;
pub mod context;
pub mod evidence;
pub mod image;
pub mod noise;
pub mod smoke;
pub mod stages;
pub mod texts;
pub mod workbench;
