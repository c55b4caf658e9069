//! Reading the memory of a stopped task.
//!
//! process_vm_readv(2) is quick. Where a container's rules deny it, /proc/PID/mem
//! is read; where that is denied too, PEEKDATA (which a tracer may always use)
//! does the same word by word.

use super::ptrace;
use libc::pid_t;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

static READV_DENIED: AtomicBool = AtomicBool::new(false);

/// Whether process_vm_readv(2) has worked up to now. Where it is denied, slower ways take its place.
pub fn reads_memory_in_bulk() -> bool {
    !READV_DENIED.load(Ordering::Relaxed)
}

const PAGE: u64 = 4096;

/// The memory of one stopped task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory(pub(crate) pid_t);

/// Replaces memory of a stopped task, also where the task itself may not write.
#[cfg(feature = "controlled")]
pub(crate) fn write(pid: pid_t, at: u64, bytes: &[u8]) -> io::Result<()> {
    let memory = File::options().write(true).open(format!("/proc/{pid}/mem"))?;
    memory.write_all_at(bytes, at)
}

impl Memory {
    /// Up to `length` bytes from `addr`; fewer where the mapping ends.
    pub(crate) fn bytes(self, addr: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let count = self.fill(addr, &mut bytes);
        bytes.truncate(count);
        bytes
    }

    /// A little-endian number of 4 bytes.
    #[cfg(feature = "controlled")]
    pub(crate) fn u32(self, addr: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        (self.fill(addr, &mut bytes) == 4).then(|| u32::from_le_bytes(bytes))
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
    pub(crate) fn fill(self, addr: u64, into: &mut [u8]) -> usize {
        if !READV_DENIED.load(Ordering::Relaxed) {
            match self.fill_at_once(addr, into) {
                Ok(count) => return count,
                Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
                    READV_DENIED.store(true, Ordering::Relaxed);
                }
                Err(_) => return 0,
            }
        }
        match self.fill_from_proc(addr, into) {
            Ok(count) => count,
            Err(error) if error.raw_os_error() == Some(libc::EIO) => 0,
            Err(_) => self.fill_by_words(addr, into),
        }
    }

    /// See proc_pid_mem(5). What is not mapped answers EIO, or ends what is read.
    fn fill_from_proc(self, addr: u64, into: &mut [u8]) -> io::Result<usize> {
        File::open(format!("/proc/{}/mem", self.0))?.read_at(into, addr)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::DESCRIPTORS;
    use std::ptr;

    /// A page of memory with nothing behind it, full of `x`; its address.
    fn page_at_an_edge() -> u64 {
        let length = 2 * PAGE as usize;
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address of the kernel's choice.
        let pages = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
        assert_ne!(pages, libc::MAP_FAILED);
        // SAFETY: the first page of the mapping is writable and nobody else's.
        unsafe { ptr::write_bytes(pages.cast::<u8>(), b'x', PAGE as usize) };
        // SAFETY: the second page of the mapping is made above.
        let second = unsafe { pages.cast::<u8>().add(PAGE as usize) };
        // SAFETY: nobody uses the second page.
        assert_eq!(unsafe { libc::munmap(second.cast(), PAGE as usize) }, 0);
        pages as u64
    }

    /// A stopped tracee with the same memory; killed when the tracer's thread ends.
    fn stopped_copy() -> pid_t {
        // SAFETY: the child makes async-signal-safe calls only, and stops.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: TRACEME takes nothing.
            unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
            // SAFETY: raise takes a number.
            unsafe { libc::raise(libc::SIGSTOP) };
        }
        // SAFETY: the status is not asked for.
        assert_eq!(unsafe { libc::waitpid(pid, ptr::null_mut(), 0) }, pid);
        pid
    }

    #[test]
    fn all_ways_read_the_same_and_end_at_the_edge() {
        let _alone = DESCRIPTORS.lock();
        let page = page_at_an_edge();
        let pid = stopped_copy();
        let memory = Memory(pid);
        for (before_edge, length) in [(100, 50), (100, 100), (100, 200), (3, 20), (5000, 10), (0, 8)] {
            let addr = page + PAGE - before_edge;
            let fill = |way, into: &mut [u8]| match way {
                0 => memory.fill_at_once(addr, into).unwrap_or(0),
                1 => memory.fill_from_proc(addr, into).unwrap_or(0),
                _ => memory.fill_by_words(addr, into),
            };
            let expected = if before_edge > PAGE { None } else { Some(length.min(before_edge as usize)) };
            for way in 0..3 {
                let mut bytes = vec![0; length];
                let count = fill(way, &mut bytes);
                if let Some(expected) = expected {
                    assert_eq!(
                        count, expected,
                        "way {way}, {length} bytes from {before_edge} before the edge"
                    );
                    assert!(bytes[..count].iter().all(|byte| *byte == b'x'), "way {way}: {bytes:?}");
                }
            }
        }
        crate::sys::process::kill(pid, libc::SIGKILL);
        // SAFETY: the status is not asked for.
        assert_eq!(unsafe { libc::waitpid(pid, ptr::null_mut(), 0) }, pid);
    }
}
