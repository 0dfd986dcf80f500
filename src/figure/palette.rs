//! Colours of data: one per checkpoint, one per role, the same in every view.
//!
//! Checkpoints take the Okabe-Ito set (safe for the common kinds of colour blindness), its strong members first; roles take
//! Paul Tol's vibrant set, cool for the ID classes (ID, CS) and warm for other classes (near, far SS), so that the two sets
//! are distinguishable. Each has a variant for print (on white) and for dark backgrounds, darkened or lightened until
//! the contrast is at least 3 : 1 (WCAG's bound for graphics). Sessions store indices, never colours.

use super::Theme;
use flatland_core::session::{COLORS, Role};

/// sRGB, 8 bits a channel.
pub type Rgb = [u8; 3];

/// Blue, vermillion, bluish green, reddish purple, orange, sky blue, yellow, black.
const CHECKPOINTS_PRINT: [Rgb; COLORS] = [
    [0x00, 0x72, 0xB2],
    [0xD5, 0x5E, 0x00],
    [0x00, 0x93, 0x6B],
    [0xC0, 0x65, 0x95],
    [0xBE, 0x83, 0x00],
    [0x2C, 0x90, 0xCB],
    [0x8F, 0x85, 0x00],
    [0x3A, 0x3A, 0x3A],
];

const CHECKPOINTS_DARK: [Rgb; COLORS] = [
    [0x3F, 0xA0, 0xDC],
    [0xEE, 0x7A, 0x23],
    [0x1F, 0xB9, 0x8C],
    [0xD9, 0x8C, 0xB9],
    [0xE6, 0x9F, 0x00],
    [0x7F, 0xC8, 0xF2],
    [0xF0, 0xE4, 0x42],
    [0xD8, 0xD8, 0xD8],
];

/// Colour of the checkpoint at this place in the session; the ninth gets the first colour again.
pub fn checkpoint(index: usize, theme: Theme) -> Rgb {
    match theme {
        Theme::Print | Theme::Light => CHECKPOINTS_PRINT[index % CHECKPOINTS_PRINT.len()],
        Theme::Dark => CHECKPOINTS_DARK[index % CHECKPOINTS_DARK.len()],
    }
}

/// Colour of a role.
pub fn role(role: Role, theme: Theme) -> Rgb {
    match (role, theme) {
        (Role::Id, Theme::Print | Theme::Light) => [0x00, 0x5A, 0xA8],
        (Role::Id, Theme::Dark) => [0x5B, 0x8D, 0xF0],
        (Role::Cs, Theme::Print | Theme::Light) => [0x1C, 0x97, 0xB8],
        (Role::Cs, Theme::Dark) => [0x6F, 0xE0, 0xE6],
        (Role::Near, Theme::Print | Theme::Light) => [0xE0, 0x6A, 0x10],
        (Role::Near, Theme::Dark) => [0xF7, 0xA2, 0x55],
        (Role::Far, Theme::Print | Theme::Light) => [0x9E, 0x1B, 0x5C],
        (Role::Far, Theme::Dark) => [0xE8, 0x5C, 0x9E],
        (Role::Train, Theme::Print | Theme::Light) => [0x6B, 0x74, 0x80],
        (Role::Train, Theme::Dark) => [0x9A, 0xA4, 0xB0],
        (Role::Outliers, Theme::Print | Theme::Light) => [0x80, 0x80, 0x2B],
        (Role::Outliers, Theme::Dark) => [0xBD, 0xBD, 0x5E],
    }
}

/// Colour of the role written as `key` (`id`, `cs`, ...); grey when there is no such role.
pub fn role_key(key: &str, theme: Theme) -> Rgb {
    Role::of_key(key).map_or([0x80, 0x80, 0x80], |r| role(r, theme))
}

/// Indigo, olive, cyan, wine, teal, sand, purple, green, rose, brown: Paul Tol's muted set, in an order in which neighbours differ.
const CLASSES_PRINT: [Rgb; 10] = [
    [0x33, 0x22, 0x88],
    [0x88, 0x88, 0x20],
    [0x2E, 0x8F, 0xC0],
    [0x88, 0x22, 0x55],
    [0x2B, 0x92, 0x83],
    [0xB0, 0x84, 0x20],
    [0xAA, 0x44, 0x99],
    [0x11, 0x77, 0x33],
    [0xC8, 0x5A, 0x6B],
    [0x7A, 0x52, 0x30],
];

const CLASSES_DARK: [Rgb; 10] = [
    [0x8C, 0x82, 0xE6],
    [0xC0, 0xC0, 0x45],
    [0x88, 0xCC, 0xEE],
    [0xC2, 0x52, 0x88],
    [0x44, 0xBB, 0xA4],
    [0xDD, 0xCC, 0x77],
    [0xD2, 0x82, 0xC4],
    [0x4F, 0xA8, 0x5E],
    [0xE8, 0x90, 0x9C],
    [0xB3, 0x8A, 0x66],
];

/// Classes with a colour of their own.
pub const CLASS_COLORS: usize = 30;

/// Colour of class `class`, the same wherever it appears; the eleventh gets the first colour again, a step nearer to grey.
pub fn class(class: usize, theme: Theme) -> Rgb {
    let of = |set: &[Rgb; 10]| set[class % set.len()];
    let base = match theme {
        Theme::Print | Theme::Light => of(&CLASSES_PRINT),
        Theme::Dark => of(&CLASSES_DARK),
    };
    let share = [1.0, 0.6, 0.35][(class / 10) % 3];
    mixed(base, [0x80; 3], share)
}

/// Colour of items without a category.
pub fn unknown(theme: Theme) -> Rgb {
    match theme {
        Theme::Print | Theme::Light => [0x8C; 3],
        Theme::Dark => [0x78; 3],
    }
}

/// Colour of predictions that are `right`, `wrong` or neither: mistakes stand out.
pub fn correctness(value: &str, theme: Theme) -> Rgb {
    match (value, theme) {
        ("right", Theme::Print | Theme::Light) => [0x7C, 0x93, 0xA8],
        ("right", Theme::Dark) => [0x6E, 0x86, 0x9C],
        ("wrong", Theme::Print | Theme::Light) => [0xC2, 0x28, 0x1C],
        ("wrong", Theme::Dark) => [0xFF, 0x6B, 0x57],
        _ => mixed(unknown(theme), chrome(theme).background, 0.5),
    }
}

/// Colour of the `nth` dataset of a role: each lighter than the one before.
pub fn faded(role: Rgb, nth: usize, theme: Theme) -> Rgb {
    mixed(role, chrome(theme).background, [1.0, 0.62, 0.4][nth.min(2)])
}

/// `share` of `a`, the rest of `b`.
fn mixed(a: Rgb, b: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|k| (f64::from(a[k]) * share + f64::from(b[k]) * (1.0 - share)).round() as u8)
}

/// The colours of a figure that show no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chrome {
    /// Behind everything.
    pub background: Rgb,
    /// Titles and labels.
    pub text: Rgb,
    /// Tick labels and notes.
    pub muted: Rgb,
    /// Frames and ticks.
    pub line: Rgb,
    /// Behind cells without a value.
    pub empty: Rgb,
    /// Hatching of cells without a value.
    pub hatch: Rgb,
}

/// The colours of a theme that show no data: neutral greys only.
pub fn chrome(theme: Theme) -> Chrome {
    match theme {
        Theme::Print => {
            Chrome { background: [255; 3], text: [0x1A; 3], muted: [0x55; 3], line: [0x77; 3], empty: [0xF4; 3], hatch: [0xBB; 3] }
        }
        Theme::Light => Chrome { background: [0xFA; 3], ..chrome(Theme::Print) },
        Theme::Dark => {
            Chrome { background: [0x16; 3], text: [0xE8; 3], muted: [0xA6; 3], line: [0x80; 3], empty: [0x22; 3], hatch: [0x55; 3] }
        }
    }
}

/// Black or white, whichever reads better on `background`.
pub fn ink_on(background: Rgb) -> Rgb {
    if luminance(background) > 0.18 { [0; 3] } else { [255; 3] }
}

/// WCAG's relative luminance in [0, 1].
fn luminance(color: Rgb) -> f64 {
    let linear = color.map(|c| f64::from(c) / 255.0).map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn data_colors(theme: Theme) -> Vec<Rgb> {
        (0..8).map(|i| checkpoint(i, theme)).chain(Role::ALL.map(|r| role(r, theme))).collect()
    }

    #[test]
    fn every_colour_is_legible_on_its_background() {
        for theme in Theme::ALL {
            let chrome = chrome(theme);
            for color in data_colors(theme) {
                let found = contrast(color, chrome.background);
                assert!(found >= 3.0, "{theme:?} {color:02X?}: expected a contrast of 3, found {found:.2}");
            }
            assert!(contrast(chrome.text, chrome.background) > 12.0);
            assert!(contrast(chrome.muted, chrome.background) > 4.5);
        }
    }

    #[test]
    fn no_colour_means_two_things() {
        for theme in Theme::ALL {
            let colors = data_colors(theme);
            for (i, a) in colors.iter().enumerate() {
                for b in &colors[..i] {
                    let distance: i32 = a.iter().zip(b).map(|(&x, &y)| (i32::from(x) - i32::from(y)).pow(2)).sum();
                    assert!(distance > 20 * 20, "{theme:?}: {a:02X?} and {b:02X?}");
                }
            }
        }
    }

    #[test]
    fn classes_are_told_apart_and_legible() {
        for theme in [Theme::Print, Theme::Dark] {
            let colors: Vec<Rgb> = (0..10).map(|k| class(k, theme)).collect();
            for (k, color) in colors.iter().enumerate() {
                let found = contrast(*color, chrome(theme).background);
                assert!(found >= 3.0, "{theme:?} class {k}: expected a contrast of 3, found {found:.2}");
                assert!(colors[..k].iter().all(|other| other.iter().zip(color).any(|(a, b)| a.abs_diff(*b) > 24)), "{theme:?} class {k}");
            }
            assert_ne!(class(3, theme), class(13, theme));
        }
    }

    #[test]
    fn colours_are_stable_and_repeat_after_eight() {
        assert_eq!(checkpoint(0, Theme::Print), [0x00, 0x72, 0xB2]);
        assert_eq!(checkpoint(8, Theme::Print), checkpoint(0, Theme::Print));
        assert_eq!(role_key("near", Theme::Dark), role(Role::Near, Theme::Dark));
    }
}
