//! The frame and the socket under it, as a client meets them.

mod app;
mod bodies;
mod edges;
mod limited;
mod queries;
mod sockets;
mod transport;
