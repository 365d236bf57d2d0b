//! The adapters: how the seams of `onsale` meet a real database. Each is one folder and knows nothing of the other.

pub mod dsql;
pub mod dynamodb;
mod own_task;
