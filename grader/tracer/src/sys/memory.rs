//! Reading the memory of a stopped task.
//!
//! process_vm_readv(2) is quick; where a container's rules deny it, PEEKDATA
//! (which a tracer may always use) does the same word by word.

use super::ptrace;
use libc::pid_t;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static READV_DENIED: AtomicBool = AtomicBool::new(false);

/// Whether process_vm_readv(2) has worked up to now. Where it is denied, PEEKDATA takes its place.
pub fn reads_memory_in_bulk() -> bool {
    !READV_DENIED.load(Ordering::Relaxed)
}

const PAGE: u64 = 4096;

/// The memory of one stopped task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory(pub(crate) pid_t);

impl Memory {
    /// Up to `length` bytes from `addr`; fewer where the mapping ends.
    pub(crate) fn bytes(self, addr: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let count = self.fill(addr, &mut bytes);
        bytes.truncate(count);
        bytes
    }

    /// A little-endian number of 8 bytes.
    pub(crate) fn u64(self, addr: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        (self.fill(addr, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
    }

    /// A little-endian number of 4 bytes.
    pub(crate) fn i32(self, addr: u64) -> Option<i32> {
        let mut bytes = [0; 4];
        (self.fill(addr, &mut bytes) == 4).then(|| i32::from_le_bytes(bytes))
    }

    /// The bytes from `addr` up to the first NUL, or up to `limit`.
    pub(crate) fn string(self, addr: u64, limit: usize) -> Vec<u8> {
        let mut text = Vec::new();
        while text.len() < limit {
            let at = addr.wrapping_add(text.len() as u64);
            let to_page_end = (PAGE - at % PAGE) as usize;
            let wanted = to_page_end.min(limit - text.len()).min(256);
            let chunk = self.bytes(at, wanted);
            if let Some(nul) = chunk.iter().position(|byte| *byte == 0) {
                text.extend_from_slice(&chunk[..nul]);
                break;
            }
            text.extend_from_slice(&chunk);
            if chunk.len() < wanted {
                break;
            }
        }
        text
    }

    /// Fills `into` from `addr`; how many bytes could be read.
    fn fill(self, addr: u64, into: &mut [u8]) -> usize {
        if !READV_DENIED.load(Ordering::Relaxed) {
            match self.fill_at_once(addr, into) {
                Ok(count) => return count,
                Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
                    READV_DENIED.store(true, Ordering::Relaxed);
                }
                Err(_) => return 0,
            }
        }
        self.fill_by_words(addr, into)
    }

    fn fill_at_once(self, addr: u64, into: &mut [u8]) -> io::Result<usize> {
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        // One piece a page: the call stops at the first piece that it cannot read.
        let mut pieces = Vec::with_capacity(into.len() / PAGE as usize + 2);
        let mut at = addr;
        let end = addr.saturating_add(into.len() as u64);
        while at < end {
            let next = end.min((at / PAGE + 1).saturating_mul(PAGE));
            pieces.push(libc::iovec { iov_base: at as *mut _, iov_len: (next - at) as usize });
            at = next;
        }
        let count = pieces.len().min(1024) as libc::c_ulong;
        // SAFETY: the local piece is `into`, alive and writable; the remote ones are only addresses of the
        // other task, which the kernel checks.
        let read = unsafe { libc::process_vm_readv(self.0, &raw const local, 1, pieces.as_ptr(), count, 0) };
        if read < 0 { Err(io::Error::last_os_error()) } else { Ok(read as usize) }
    }

    fn fill_by_words(self, addr: u64, into: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < into.len() {
            let at = addr.wrapping_add(filled as u64);
            let start = at & !7;
            let Ok(word) = ptrace::peek_data(self.0, start) else { break };
            let bytes = &word.to_le_bytes()[(at - start) as usize..];
            let count = bytes.len().min(into.len() - filled);
            into[filled..filled + count].copy_from_slice(&bytes[..count]);
            filled += count;
        }
        filled
    }
}
