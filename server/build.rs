//! The folder of the static files must be there when the server is compiled: rust-embed resolves its path then, and in
//! development reads the files from it later.

fn main() {
    let site = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site");
    if let Err(error) = std::fs::create_dir_all(&site) {
        println!("cargo::error={} could not be made: {error}", site.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
}
