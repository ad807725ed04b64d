//! A sale in two ways: by the commands of the module, and by Lua scripts. Both get the same requests and must
//! give the same replies, so that the measured work is the same.

mod backend;
mod lua;
mod module;
mod scripts;

pub(crate) use backend::{Guard, HOUR, LIMIT, Purchase, PurchaseOfAll, SaleBackend};
pub(crate) use lua::LuaSale;
pub(crate) use module::ModuleSale;
pub(crate) use scripts::{CHECK_AND_DECREMENT, COMPARE_AND_DELETE, COMPARE_AND_EXPIRE, call, load};
