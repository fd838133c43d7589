//! How the shared library is linked: under a name of its own, so that it can stand beside another `libmapistore`, and
//! never to be unloaded, since a thread runs in it and handlers for fork and exit point into it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libintendant_mapistore.so.1");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
