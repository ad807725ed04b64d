//! The flow of the orders as a picture: bands from state to state, as high as the orders are many.

use seckill_page::numerals;

use super::flow::Flow;

/// The width of the picture.
pub(super) const WIDE: f64 = 1200.0;
/// Above the first node, for its name.
const TOP: f64 = 45.0;
/// All orders together.
const HEIGHT: f64 = 380.0;
/// Between two nodes, for their names.
const GAP: f64 = 96.0;
const WIDTH: f64 = 24.0;
/// What is too low to be seen is drawn as high as this.
const LEAST: f64 = 3.0;
const COLUMNS: [f64; 4] = [0.0, 310.0, 620.0, 930.0];

/// The picture.
pub(super) struct Diagram {
    pub(super) height: f64,
    pub(super) nodes: Vec<Node>,
    pub(super) bands: Vec<Band>,
}

/// A state, or what was done with an order.
pub(super) struct Node {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) orders: String,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Orders that went from one to another: the path of its outline.
pub(super) struct Band {
    pub(super) class: &'static str,
    pub(super) path: String,
}

/// A node that is filled from above, on both of its sides.
struct Slot {
    x: f64,
    bottom_in: f64,
    bottom_out: f64,
}

struct Builder {
    diagram: Diagram,
    /// The height of an order.
    scale: f64,
    /// The lowest point of the last column so far.
    bottom: f64,
}

impl Diagram {
    /// `None` without orders.
    pub(super) fn of(flow: &Flow) -> Option<Self> {
        let placed = flow.placed().orders;
        let scale = HEIGHT / (placed > 0).then_some(placed)? as f64;
        let diagram = Self { height: 0.0, nodes: Vec::new(), bands: Vec::new() };
        let mut to = Builder { diagram, scale, bottom: TOP - GAP };
        let low = |orders: u64| TOP + GAP + orders as f64 * scale;

        let mut all = to.node("placed", "Placed", placed, 0, TOP);
        let mut ever_sold = to.node("sold", "Sold", flow.ever_sold().orders, 2, TOP);
        to.band("sold", &mut all, &mut ever_sold, flow.sold_at_once.orders);
        let held_top = if flow.sold_at_once.orders > 0 { low(flow.sold_at_once.orders) } else { TOP };
        let mut held = to.node("held", "Held", flow.held.orders, 1, held_top);
        to.band("held", &mut all, &mut held, flow.held.orders);
        to.band("sold", &mut held, &mut ever_sold, flow.confirmed.orders);

        let mut sold_now = to.last("sold", "Sold now", flow.sold_now().orders);
        to.band("sold", &mut ever_sold, &mut sold_now, flow.sold_now().orders);
        let mut held_now = to.last("held", "Held now", flow.held_now().orders);
        to.band("held", &mut held, &mut held_now, flow.held_now().orders);
        let mut cancelled = to.last("cancelled", "Cancelled", flow.all_cancelled().orders);
        to.band("cancelled", &mut ever_sold, &mut cancelled, flow.refunded.orders);
        to.band("cancelled", &mut held, &mut cancelled, flow.cancelled.orders);
        let mut expired = to.last("expired", "Expired", flow.expired.orders);
        to.band("expired", &mut held, &mut expired, flow.expired.orders);
        Some(to.diagram)
    }
}

impl Builder {
    fn height(&self, orders: u64) -> f64 {
        if orders == 0 { 0.0 } else { (orders as f64 * self.scale).max(LEAST) }
    }

    /// A node without orders is left out.
    fn node(&mut self, class: &'static str, name: &'static str, orders: u64, column: usize, y: f64) -> Slot {
        let (x, height) = (COLUMNS[column], self.height(orders));
        if orders > 0 {
            let low = (y + height).max(y + height / 2.0 + TOP) + LEAST;
            self.diagram.height = self.diagram.height.max(low);
            let orders = numerals::short(orders as f64);
            self.diagram.nodes.push(Node { class, name, orders, x, y, width: WIDTH, height });
        }
        Slot { x, bottom_in: y, bottom_out: y }
    }

    /// The next node of the last column.
    fn last(&mut self, class: &'static str, name: &'static str, orders: u64) -> Slot {
        let y = self.bottom + GAP;
        if orders > 0 {
            self.bottom = y + self.height(orders);
        }
        self.node(class, name, orders, 3, y)
    }

    fn band(&mut self, class: &'static str, from: &mut Slot, to: &mut Slot, orders: u64) {
        if orders == 0 {
            return;
        }
        let height = self.height(orders);
        let (left, right) = (from.x + WIDTH, to.x);
        let middle = f64::midpoint(left, right);
        let (out, into) = (from.bottom_out, to.bottom_in);
        let (out_low, into_low) = (out + height, into + height);
        self.diagram.bands.push(Band {
            class,
            path: format!(
                "M{left:.1} {out:.1}C{middle:.1} {out:.1} {middle:.1} {into:.1} {right:.1} {into:.1}\
                 V{into_low:.1}C{middle:.1} {into_low:.1} {middle:.1} {out_low:.1} {left:.1} {out_low:.1}Z"
            ),
        });
        (from.bottom_out, to.bottom_in) = (out_low, into_low);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_outside_the_picture() {
        let orders = |numbers: [u64; 6]| {
            let mut flow = Flow::default();
            let amounts = [
                &mut flow.held,
                &mut flow.sold_at_once,
                &mut flow.confirmed,
                &mut flow.cancelled,
                &mut flow.expired,
                &mut flow.refunded,
            ];
            amounts.into_iter().zip(numbers).for_each(|(amount, number)| amount.orders = number);
            flow
        };
        assert!(Diagram::of(&Flow::default()).is_none());
        for numbers in [
            [1, 0, 0, 0, 0, 0],
            [0, 1, 0, 0, 0, 1],
            [10, 10, 5, 2, 2, 3],
            [1_000_000, 1, 999_996, 1, 1, 1],
            [3, 1_000_000, 0, 1, 1, 1],
            [u64::MAX, 0, 1, 1, 1, 1],
        ] {
            let diagram = Diagram::of(&orders(numbers)).unwrap();
            for node in &diagram.nodes {
                assert!(node.x + node.width <= WIDE, "{numbers:?}: {}", node.name);
                // The number stands below the middle of a node.
                let low = (node.y + node.height).max(node.y + node.height / 2.0 + 42.0);
                assert!(node.y >= TOP && low <= diagram.height, "{numbers:?}: {} at {low}", node.name);
            }
        }
    }
}
