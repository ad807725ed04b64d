//! Sales as their users see them, through the client.

mod attempts;
mod blocking;
mod bundles;
mod events;
mod many_buyers;
mod orders;
mod window;
