//! What the threads of a pool are called.

/// A type's name without its path and parameters, and a number. It has at most 15 bytes, the most
/// that Linux keeps, so that the number is not cut off.
pub(super) fn thread_name(work: &str, number: u64) -> String {
    let path = work.split('<').next().unwrap_or_default();
    let mut segments = path.rsplit("::");
    let short = segments.find(|segment| !segment.is_empty() && !segment.starts_with('{'));

    let number = format!("-{number}");
    let mut name = String::new();
    // With a zero byte in its name a thread would panic when it is started.
    for character in short.unwrap_or("worker").chars().filter(|&c| c != '\0') {
        if name.len() + character.len_utf8() + number.len() > 15 {
            break;
        }
        name.push(character);
    }
    name + &number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_named_after_the_type() {
        assert_eq!(thread_name("Chat", 7), "Chat-7");
        assert_eq!(thread_name("demo::chat::Chat<demo::State>", 7), "Chat-7");
        assert_eq!(thread_name("demo::main::{{closure}}", 7), "main-7");
        assert_eq!(thread_name("<impl demo::Chat>::handle", 7), "worker-7");
        assert_eq!(thread_name("", 7), "worker-7");
        assert_eq!(thread_name("a\0b", 7), "ab-7");
        assert_eq!(thread_name("AnExtraordinarilyLongName", 12_345), "AnExtraor-12345");
        assert_eq!(thread_name("日本語日本語", 12), "日本語日-12");
        assert_eq!(thread_name("Chat", u64::MAX), format!("-{}", u64::MAX));
    }
}
