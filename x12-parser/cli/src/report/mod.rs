//! What people read: findings and failures in the manner of rustc, no element's value among them unless it was asked for.

pub mod failure;
pub mod finding;
pub mod mask;
mod reread;
mod snippet;
pub mod source;
