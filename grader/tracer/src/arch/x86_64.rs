//! x86-64. See syscall(2), "Architecture calling conventions".

mod names;

pub(crate) use names::name;

#[cfg(feature = "controlled")]
use grader_program::accesses::Values;
use libc::user_regs_struct;

/// The `AUDIT_ARCH_…` value that a seccomp filter sees.
pub(crate) const AUDIT_ARCH: u32 = 0xc000_003e;

/// Numbers from here on are the x32 ABI's.
pub(crate) const X32_BIT: u32 = 0x4000_0000;

/// The number of the call that a task enters.
pub(crate) fn number(registers: &user_regs_struct) -> i64 {
    registers.orig_rax as i64
}

/// The address of the next instruction.
pub(crate) fn instruction(registers: &user_regs_struct) -> u64 {
    registers.rip
}

/// The stack pointer.
pub(crate) fn stack(registers: &user_regs_struct) -> u64 {
    registers.rsp
}

/// What a task's thread-local data is found by: the base of FS. See arch_prctl(2).
pub(crate) fn thread_pointer(registers: &user_regs_struct) -> u64 {
    registers.fs_base
}

/// How long the instruction is that makes a call.
pub(crate) const CALL_BYTES: u64 = 2;

/// The arguments of the call that a task enters.
pub(crate) fn arguments(registers: &user_regs_struct) -> [u64; 6] {
    [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9]
}

/// Whether the call ends its own task only: exit(2), not exit_group(2).
pub(crate) fn ends_one_task(registers: &user_regs_struct) -> bool {
    number(registers) == libc::SYS_exit
}

/// What the call that a task leaves has answered.
pub(crate) fn result(registers: &user_regs_struct) -> i64 {
    registers.rax as i64
}

/// Replaces the first argument of a call. The register belongs to the program afterwards, too.
pub(crate) fn set_first_argument(registers: &mut user_regs_struct, value: u64) {
    registers.rdi = value;
}

/// Makes the call be skipped and answer `-errno`.
pub(crate) fn refuse(registers: &mut user_regs_struct, errno: i32) {
    registers.orig_rax = u64::MAX;
    registers.rax = i64::from(-errno) as u64;
}

/// Makes the call be skipped and answer `value`.
#[cfg(feature = "controlled")]
pub(crate) fn answer(registers: &mut user_regs_struct, value: i64) {
    registers.orig_rax = u64::MAX;
    registers.rax = value as u64;
}

/// Makes the call be another one: a clone that copies the process for its parent, and stores the copy's number at `tid`
/// if that is not 0. See clone(2).
#[cfg(feature = "controlled")]
pub(crate) fn clone_instead(registers: &mut user_regs_struct, tid: u64) {
    let stores = if tid == 0 { 0 } else { libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID };
    registers.orig_rax = libc::SYS_clone as u64;
    registers.rdi = (libc::CLONE_PARENT | stores | libc::SIGCHLD) as u64;
    (registers.rsi, registers.rdx, registers.r10, registers.r8) = (0, 0, tid, 0);
}

/// Makes the call be another one: a close_range that closes all descriptors. See close_range(2).
#[cfg(feature = "controlled")]
pub(crate) fn close_all_instead(registers: &mut user_regs_struct) {
    registers.orig_rax = libc::SYS_close_range as u64;
    (registers.rdi, registers.rsi, registers.rdx) = (0, u32::MAX.into(), 0);
}

/// Makes the call be another one: an mmap of memory for code at this address. See mmap(2).
#[cfg(feature = "controlled")]
pub(crate) fn map_code_instead(registers: &mut user_regs_struct, at: u64, bytes: u64) {
    registers.orig_rax = libc::SYS_mmap as u64;
    (registers.rdi, registers.rsi, registers.rdx) = (at, bytes, (libc::PROT_READ | libc::PROT_EXEC) as u64);
    registers.r10 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE) as u64;
    (registers.r8, registers.r9) = (u64::MAX, 0);
}

/// Makes a task go on elsewhere.
#[cfg(feature = "controlled")]
pub(crate) fn go_to(registers: &mut user_regs_struct, address: u64) {
    registers.rip = address;
}

/// What a function that is about to be called gets first. See the System V ABI, "Passing".
#[cfg(feature = "controlled")]
pub(crate) fn first_arguments(registers: &user_regs_struct) -> [u64; 3] {
    [registers.rdi, registers.rsi, registers.rdx]
}

/// Makes room for a word on the stack; its address.
#[cfg(feature = "controlled")]
pub(crate) fn makes_room_on_the_stack(registers: &mut user_regs_struct) -> u64 {
    registers.rsp = registers.rsp.wrapping_sub(8);
    registers.rsp
}

/// What addresses are made of.
#[cfg(feature = "controlled")]
pub(crate) fn values(registers: &user_regs_struct) -> Values {
    let r = registers;
    let general = [
        r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
        r.r14, r.r15,
    ];
    Values { general, fs: r.fs_base, gs: r.gs_base }
}

/// Makes the call be another one: a prctl after which reading the time-stamp counter does not trap. See prctl(2).
#[cfg(feature = "controlled")]
pub(crate) fn free_counter_instead(registers: &mut user_regs_struct) {
    registers.orig_rax = libc::SYS_prctl as u64;
    (registers.rdi, registers.rsi) = (libc::PR_SET_TSC as u64, libc::PR_TSC_ENABLE as u64);
}

/// Makes the call be skipped, and be made again from its beginning.
#[cfg(feature = "controlled")]
pub(crate) fn begin_again(registers: &mut user_regs_struct) {
    registers.rax = registers.orig_rax;
    registers.orig_rax = u64::MAX;
    registers.rip = registers.rip.wrapping_sub(CALL_BYTES);
}

/// How many bytes before its end the usual form of a call begins: `mov $NUMBER, %eax; syscall`.
#[cfg(feature = "controlled")]
pub(crate) const NUMBERED_CALL_BYTES: u64 = 7;

/// Whether these bytes, just before the next instruction, are such a call, of this number. Whoever is set back to their
/// beginning makes the call again, whatever another call has left in `eax`.
#[cfg(feature = "controlled")]
pub(crate) fn is_numbered_call(code: &[u8], number: i64) -> bool {
    let [0xb8, low, second, third, high, 0x0f, 0x05] = code else { return false };
    i64::from(i32::from_le_bytes([*low, *second, *third, *high])) == number
}

/// An instruction that reads the time-stamp counter.
#[cfg(feature = "controlled")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CounterRead {
    /// `rdtsc`.
    Plain,
    /// `rdtscp`, which tells the processor's number as well.
    WithProcessor,
}

/// How many bytes it takes to know such an instruction.
#[cfg(feature = "controlled")]
pub(crate) const COUNTER_READ_BYTES: usize = 3;

/// Whether these are the bytes of an instruction that reads the counter.
#[cfg(feature = "controlled")]
pub(crate) fn counter_read(code: &[u8; COUNTER_READ_BYTES]) -> Option<CounterRead> {
    match code {
        [0x0f, 0x31, _] => Some(CounterRead::Plain),
        [0x0f, 0x01, 0xf9] => Some(CounterRead::WithProcessor),
        _ => None,
    }
}

/// Makes the instruction be skipped, and the counter be this. The processor's number is 0.
#[cfg(feature = "controlled")]
pub(crate) fn answer_counter_read(registers: &mut user_regs_struct, read: CounterRead, counter: u64) {
    (registers.rax, registers.rdx) = (counter & 0xffff_ffff, counter >> 32);
    registers.rip = registers.rip.wrapping_add(match read {
        CounterRead::Plain => 2,
        CounterRead::WithProcessor => 3,
    });
    if read == CounterRead::WithProcessor {
        registers.rcx = 0;
    }
}

/// The registers by their DWARF numbers, as the x86-64 psABI gives them: 0–15, and the return address (16).
pub(crate) fn dwarf(registers: &user_regs_struct) -> Vec<u64> {
    let r = registers;
    vec![
        r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
        r.r14, r.r15, r.rip,
    ]
}
