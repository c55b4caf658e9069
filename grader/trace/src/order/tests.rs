//! The orders of programs of the course, and brute force on generated ones.

mod brute;
mod generated;
mod programs;
mod worlds;
