//! The process itself: its pipes, its end, its log, its secrets.

mod endings;
mod logs;
mod no_std;
mod secrets;
mod stdio;
