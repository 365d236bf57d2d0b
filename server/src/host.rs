//! Who runs the buyers: this program and this machine, for the record of every run.

use onsale::Host;

/// The version and commit of this program, and the machine it runs on.
pub fn host() -> Host {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    let build = if cfg!(debug_assertions) { ", debug build" } else { "" };
    Host {
        worldseat: format!("WorldSeat {}, {}{build}", env!("CARGO_PKG_VERSION"), env!("WORLDSEAT_COMMIT")),
        machine: format!("{} {}, {cores}", std::env::consts::OS, std::env::consts::ARCH),
    }
}
