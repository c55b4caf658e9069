//! What blocks, what unblocks it, and what each call touches.
