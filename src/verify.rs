//! Checks that two builds produce the same image: path by path, and in the configuration. [`run`] verifies a file: it
//! prepares the texts with [`variants`] and the files with [`context`], and builds both with a [`builder`]. [`image`]
//! and [`compare`] read the exported images. [`mod@line`] compares right after the edited instructions, without later steps.
//! Of whole images, [`noise`] and [`attribution`] find the cause of each difference.
//! [`smoke`] runs commands in the images, [`cache`] measures rebuilds, and
//! [`Evidence`](crate::campaign::evidence::Evidence) records the result.

pub(crate) mod attribution;
pub mod builder;
pub mod cache;
pub mod compare;
pub(crate) mod context;
pub mod image;
pub(crate) mod line;
pub(crate) mod needs;
pub mod noise;
pub mod probe;
pub(crate) mod run;
pub mod smoke;
pub(crate) mod temporary;
pub mod variant_builds;
pub(crate) mod variants;
pub mod vertices;
