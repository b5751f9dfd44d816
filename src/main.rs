//! Command line of studio-gateway.

fn main() {}
