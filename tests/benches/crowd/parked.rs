//! Green threads of this process that all wait for the same event.

use tests::prelude::*;

use crate::report;

pub(crate) fn run(count: usize) -> io::Result<()> {
    // The first green thread starts the schedulers.
    green::spawn(|| ()).join().expect("no panic");
    let before = memory()?;
    let began = Instant::now();
    let open = Arc::new((green::Mutex::new(false), green::Condvar::new()));
    let (parked, all_parked) = unbounded();
    let (resumed, all_resumed) = unbounded();
    for _ in 0..count {
        let (open, parked, resumed) = (open.clone(), parked.clone(), resumed.clone());
        green::try_spawn(64 * 1024, move || {
            let mut is_open = open.0.lock();
            let _ = parked.send(());
            while !*is_open {
                is_open = open.1.wait(is_open);
            }
            let _ = resumed.send(());
        })?;
    }
    assert_eq!(all_parked.iter().take(count).count(), count);
    let created = began.elapsed();
    let each = (memory()? - before) as f64 / count as f64 / 1024.0;
    let mappings = fs::read_to_string("/proc/self/maps")?.lines().count();
    let began = Instant::now();
    *open.0.lock() = true;
    open.1.notify_all();
    assert_eq!(all_resumed.iter().take(count).count(), count);
    println!("{count} green threads parked in one process");
    let reached = each <= 5.0;
    let bar = Some(("at most 5 KiB".to_owned(), reached));
    report("memory, page tables included", format!("{each:.2} KiB each"), bar);
    let bar = Some(("under 30 s".to_owned(), created.as_secs() < 30));
    report("created and parked", format!("{:.1} s", created.as_secs_f64()), bar);
    report("all resumed", format!("{:.1} s", began.elapsed().as_secs_f64()), None);
    report("mappings", mappings, None);
    Ok(())
}

fn memory() -> io::Result<u64> {
    let own = std::process::id();
    Ok(memory_of(own, "VmRSS")? + memory_of(own, "VmPTE")?)
}
