//! The world, looked at from outside: every test speaks to it over its sockets.

mod aws;
mod client;
mod config;
mod ecr;
mod faults;
mod functions;
mod kubernetes;
mod protobuf;
mod token;
mod worlds;
