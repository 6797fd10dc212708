//! Which characters people do not see, and which make others look like something else.

/// Whether a character has no shape of its own or reorders its neighbours: controls, separators of lines, zero-width
/// and bidirectional marks, fillers and tags (Unicode general categories Cc, Zl, Zp, Cf, and blank letters).
pub(super) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{0600}'..='\u{0605}' | '\u{061C}' | '\u{06DD}' | '\u{070F}' | '\u{08E2}'
            | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_known() {
        for invisible in ['\0', '\r', '\u{85}', '\u{200B}', '\u{202E}', '\u{2066}', '\u{FEFF}', '\u{E0041}'] {
            assert!(is_invisible(invisible), "{:04X}", u32::from(invisible));
        }
        for visible in ['a', ' ', 'é', '\u{301}', '漢', '🦀', '\u{FE0F}'] {
            assert!(!is_invisible(visible), "{:04X}", u32::from(visible));
        }
    }
}
