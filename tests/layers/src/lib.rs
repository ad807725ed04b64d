//! Which file imports which. `make check` runs the tests: no two files import each other, directly or by way
//! of others, and each layer imports only those below it.
//!
//! | file | concept |
//! | --- | --- |
//! | [`package`] | the source files of a package, and the modules that they are |
//! | [`imports`] | the paths that a file names |
//! | [`graph`] | the files as a graph: cycles |

pub mod graph;
pub mod imports;
pub mod package;
