//! Pages of HTML with plots that need nothing else: no script, no font, no network.
//!
//! [`STYLE`] is the style sheet of a page, for screens in light and dark, phones and print. A [`Figure`] is a plot
//! with its caption and its legend, ready to be put into a page.

pub mod figure;
#[cfg(feature = "strict")]
pub mod html;
pub mod numerals;
pub mod plot;

pub use figure::Figure;
pub use plot::DrawError;

/// The style sheet of a page.
pub const STYLE: &str = include_str!("../templates/page.css");
