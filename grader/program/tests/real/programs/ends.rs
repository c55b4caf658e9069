//! Ends in the way that its argument says. The line that ends it says so in its comment.

unsafe extern "C" {
    fn raise(number: i32) -> i32;
}

#[inline(never)]
fn end(way: &str) {
    let address = std::hint::black_box(8usize);
    match way {
        "store" => {
            let place = address as *mut u64;
            unsafe { place.write_volatile(1) } // store
        }
        "jump" => {
            let function: fn() = unsafe { std::mem::transmute(address) };
            function(); // jump
            std::hint::black_box(());
        }
        "abort" => std::process::abort(), // abort
        "exit" => std::process::exit(7), // exit
        _ => {
            let sent = unsafe { raise(9) }; // kill
            std::hint::black_box(sent);
        }
    }
}

fn main() {
    end(&std::env::args().nth(1).unwrap());
}
