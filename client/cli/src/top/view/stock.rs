//! The bar that shows what the stock is.

use ratatui::text::{Line, Span};
use seckill_client::Info;

use super::theme::Theme;

/// Sold, held and available units, told apart also without colours.
pub(super) fn bar(info: &Info, width: usize, theme: Theme) -> Line<'static> {
    let [sold, held, left] = shares([info.sold, info.held, info.available], width);
    Line::from(vec![
        Span::styled("█".repeat(sold), theme.sold()),
        Span::styled("▒".repeat(held), theme.held()),
        Span::styled("·".repeat(left), Theme::quiet()),
    ])
}

/// The units in total.
pub(super) fn total(info: &Info) -> u64 {
    info.sold + info.held + info.available
}

/// Shares of a width. What is not empty gets a place, as long as there is one.
fn shares(units: [u64; 3], width: usize) -> [usize; 3] {
    let total: u64 = units.iter().sum();
    if total == 0 {
        return [0; 3];
    }
    let share = |units: u64| (u128::from(units) * width as u128 / u128::from(total)) as usize;
    let mut shares = units.map(|units| share(units).max(usize::from(units > 0)));
    // The widest one takes what is left, or gives what is missing.
    loop {
        let sum: usize = shares.iter().sum();
        let Some(widest) = shares.iter_mut().max() else { break };
        match sum {
            sum if sum < width => *widest += width - sum,
            sum if sum > width => *widest -= 1,
            _ => break,
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_full_and_shows_every_part() {
        assert_eq!(shares([30, 10, 60], 10), [3, 1, 6]);
        assert_eq!(shares([1, 0, 999_999], 10), [1, 0, 9]);
        assert_eq!(shares([1, 1, 999_999], 2), [1, 1, 0]);
        assert_eq!(shares([1, 1, 1], 0), [0, 0, 0]);
        assert_eq!(shares([0, 0, 0], 10), [0, 0, 0]);
        assert_eq!(shares([u64::MAX / 2, 0, u64::MAX / 2], 9).iter().sum::<usize>(), 9);
    }
}
