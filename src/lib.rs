//! Layerwright migrates the Dockerfiles of a repository to `COPY --link` and proves that no image changes.

pub mod discover;
pub mod dockerfile;
pub mod images;
pub mod git;
pub mod rootfs;
pub mod text;
