//! The binary `worldseat`.
fn main() {}
