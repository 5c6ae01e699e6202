//! Whether two builds are the same image: path by path, and in what the image says about running it. [`run`] verifies a
//! file: it builds what [`variants`] and [`context`] make of it with a [`builder`], [`image`] and [`compare`] read what was
//! built, [`noise`] and [`attribution`] tell what a difference means, [`smoke`] and [`cache`] what runs in
//! the images and what changes cost, and [`Evidence`](crate::campaign::evidence::Evidence) is what remains.

pub mod attribution;
pub mod builder;
pub mod cache;
pub mod compare;
pub mod context;
pub mod image;
pub mod needs;
pub mod noise;
pub mod probe;
pub mod run;
pub mod smoke;
pub mod variant_builds;
pub mod variants;
pub mod vertices;
