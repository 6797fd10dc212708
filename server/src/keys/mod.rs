//! `evident keys`: what keys there are, and how each is replaced while everything runs.

mod index;
mod list;
mod master;
mod signing;

pub(crate) use index::{Index, rotate_index};
pub(crate) use list::list;
pub(crate) use master::rotate_master;
pub(crate) use signing::{Signing, rotate_signing};
