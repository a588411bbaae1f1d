//! The binary: everything is in the library.

use gainsay::{cli, exit::Exit};

/// A call through the clients makes hundreds of small strings.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Exit {
    cli::main(std::env::args_os())
}
