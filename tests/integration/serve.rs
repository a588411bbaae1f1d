//! `gainsay serve` as a process: its command line, its wire, and many clients at once.

mod command;
mod gaps;
mod many;
mod run;
mod wire;
