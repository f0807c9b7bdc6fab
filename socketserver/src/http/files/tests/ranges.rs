use super::*;

#[allow(clippy::single_range_in_vec_init)]
#[test]
fn ranges_are_chosen_as_the_standard_has_it() {
    let parts = |parts: &[Range<u64>]| Choice::Parts(parts.to_vec());
    let expected = [
        ("bytes=0-0", parts(&[0..1])),
        ("bytes=-1", parts(&[9..10])),
        ("bytes=5-", parts(&[5..10])),
        ("bytes=5-99", parts(&[5..10])),
        ("bytes=-99", parts(&[0..10])),
        ("bytes=0-", parts(&[0..10])),
        ("BYTES=1-2", parts(&[1..3])),
        ("bytes= 1-2 ,\t4-4, ", parts(&[1..3, 4..5])),
        ("bytes=0-0,2-2", parts(&[0..1, 2..3])),
        ("bytes=8-8,2-2", parts(&[8..9, 2..3])),
        ("bytes=0-0,1-1", parts(&[0..2])),
        ("bytes=5-7,0-1,6-9", parts(&[5..10, 0..2])),
        ("bytes=8-9,0-1,2-7", parts(&[0..10])),
        ("bytes=4-4,0-0,8-8,0-1", parts(&[4..5, 0..2, 8..9])),
        ("bytes=0-0,99-", parts(&[0..1])),
        ("bytes=18446744073709551616-", Choice::Unsatisfiable),
        ("bytes=0-18446744073709551615", parts(&[0..10])),
        ("bytes=-99999999999999999999999", parts(&[0..10])),
        ("bytes=10-", Choice::Unsatisfiable),
        ("bytes=99-,10-11", Choice::Unsatisfiable),
        ("bytes=-0", Choice::Unsatisfiable),
        ("bytes=9-3", Choice::Whole),
        ("bytes=0-0,9-3", Choice::Whole),
        ("bytes=", Choice::Whole),
        ("bytes=-", Choice::Whole),
        ("bytes=,", Choice::Whole),
        ("bytes=a-b", Choice::Whole),
        ("bytes=+1-2", Choice::Whole),
        ("bytes=1 - 2", Choice::Whole),
        ("bytes=1-2-3", Choice::Whole),
        ("bytes 0-0", Choice::Whole),
        ("lines=0-0", Choice::Whole),
        ("", Choice::Whole),
    ];
    for (field, choice) in expected {
        assert_eq!(choose(field, 10), choice, "{field}");
    }
}

#[test]
fn an_empty_file_has_no_ranges() {
    assert_eq!(choose("bytes=0-", 0), Choice::Unsatisfiable);
    assert_eq!(choose("bytes=0-0", 0), Choice::Unsatisfiable);
    assert_eq!(choose("bytes=-5", 0), Choice::Whole);
}

#[test]
fn too_many_ranges_are_none() {
    let field = |count: u64| {
        let ranges: Vec<String> = (0..count).map(|n| format!("{0}-{0}", 2 * n)).collect();
        format!("bytes={}", ranges.join(","))
    };
    assert!(matches!(choose(&field(32), 1_000_000), Choice::Parts(parts) if parts.len() == 32));
    assert_eq!(choose(&field(33), 1_000_000), Choice::Whole);
    assert_eq!(choose(&field(1_000), 1_000_000), Choice::Whole);
}

/// Whatever is asked for, no byte is sent twice.
#[test]
fn parts_never_overlap() {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..2_000 {
        let mut ranges = Vec::new();
        for _ in 0..=next(31) {
            let first = next(100);
            ranges.push(format!("{first}-{}", first + next(20)));
        }
        let Choice::Parts(mut parts) = choose(&format!("bytes={}", ranges.join(",")), 90) else {
            continue;
        };
        let asked = |byte: u64| {
            ranges.iter().any(|range| {
                let (first, last) = range.split_once('-').expect("a range");
                (first.parse().expect("a number")..=last.parse().expect("a number")).contains(&byte)
            })
        };
        for byte in 0..90 {
            let count = parts.iter().filter(|part| part.contains(&byte)).count();
            assert_eq!(count, usize::from(asked(byte)), "{byte} of {ranges:?}");
        }
        parts.sort_by_key(|part| part.start);
        assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start), "{parts:?}");
    }
}
