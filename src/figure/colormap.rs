//! [`Colormap`]: 256 colours for values in [0, 1]; one table for the window, the GPU and the figures.

use std::sync::LazyLock;

use super::palette::Rgb;
use flatland_core::result::LossSurface;
use flatland_core::session::ColorSettings;
pub use flatland_core::session::Colormap;

/// The colours that `settings` ask for; by default viridis, for differences blue over white to red.
pub fn chosen(surface: &LossSurface, settings: &ColorSettings) -> Colormap {
    let is_difference = surface.baseline.is_some() && surface.error_shown.is_none();
    settings.map.unwrap_or(if is_difference { Colormap::Difference } else { Colormap::Viridis })
}

/// The colours of a [`Colormap`], of which the session holds only the name.
pub trait ColormapTable {
    /// The 256 colours.
    fn table(self) -> &'static [Rgb; 256];

    /// Colour of `t`, clamped to [0, 1]; NaN gets the first colour.
    fn color(self, t: f64) -> Rgb;
}

impl ColormapTable for Colormap {
    fn table(self) -> &'static [Rgb; 256] {
        static TABLES: LazyLock<[[Rgb; 256]; 5]> = LazyLock::new(|| {
            let mut tables = [[[0; 3]; 256]; 5];
            Colormap::ALL.into_iter().for_each(|map| tables[map as usize] = make(map));
            tables
        });
        &TABLES[self as usize]
    }

    fn color(self, t: f64) -> Rgb {
        self.table()[(t.clamp(0.0, 1.0) * 255.0).round() as usize]
    }
}

fn make(map: Colormap) -> [Rgb; 256] {
    let gradient = match map {
        Colormap::Viridis => colorous::VIRIDIS,
        Colormap::Magma => colorous::MAGMA,
        Colormap::Inferno => colorous::INFERNO,
        Colormap::Cividis => colorous::CIVIDIS,
        Colormap::Difference => colorous::RED_BLUE,
    };
    std::array::from_fn(|i| {
        // colorous runs from red to blue; here an increased loss is red.
        let i = if map == Colormap::Difference { 255 - i } else { i };
        let color = gradient.eval_rational(i, 256);
        [color.r, color.g, color.b]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viridis_is_matplotlibs() {
        assert_eq!(Colormap::Viridis.color(0.0), [0x44, 0x01, 0x54]);
        assert_eq!(Colormap::Viridis.color(1.0), [0xFD, 0xE7, 0x25]);
        // colorous rounds the middle one step lower in red.
        assert_eq!(Colormap::Viridis.table()[128], [0x20, 0x91, 0x8C]);
    }

    #[test]
    fn the_middle_of_a_difference_is_white_and_its_ends_are_blue_and_red() {
        let [r, g, b] = Colormap::Difference.color(0.5);
        assert!(r.min(g).min(b) > 0xE8, "{r} {g} {b}");
        let (low, high) = (Colormap::Difference.color(0.0), Colormap::Difference.color(1.0));
        assert!(low[2] > low[0] && high[0] > high[2]);
    }

    #[test]
    fn values_outside_are_clamped() {
        for map in Colormap::ALL {
            assert_eq!(map.color(-3.0), map.table()[0]);
            assert_eq!(map.color(f64::INFINITY), map.table()[255]);
        }
    }
}
