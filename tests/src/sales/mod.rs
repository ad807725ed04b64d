//! Sales as their users see them, through the client.

mod attempts;
mod blocking;
mod bundles;
mod events;
mod gone_sales;
mod many_buyers;
mod many_readers;
mod orders;
mod readers;
mod window;
