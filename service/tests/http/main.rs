//! The frame and the socket under it, as a client meets them.

mod app;
mod bodies;
mod edges;
mod queries;
mod sockets;
