//! Whether two builds are the same image: path by path, and in what the image says about running it. [`builder`]
//! builds, [`image`] and [`compare`] read what it built, [`evidence`] is what remains of it, [`standing`] what that says of
//! a file as it is planned now, and [`policy`] what may go out by it.

pub mod builder;
pub mod compare;
pub mod evidence;
pub mod image;
pub mod policy;
pub mod standing;

#[cfg(test)]
mod tests;
