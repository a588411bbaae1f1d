//! The binary: everything is in the library.

use gainsay::{cli, exit::Exit};

fn main() -> Exit {
    cli::main(std::env::args_os())
}
