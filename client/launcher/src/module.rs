//! Where the module is.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The directory to which `make install` copies the module. It sets this variable for the program that it builds.
const INSTALLED: &str = match option_env!("SECKILL_MODULE_DIR") {
    Some(directory) => directory,
    None => "/usr/local/lib/redis/modules",
};
/// The name of the module there.
const INSTALLED_FILE: &str = "seckill.so";

/// The name of the file that cargo builds of the module.
#[must_use]
pub fn module_file() -> String {
    format!("{DLL_PREFIX}seckill_module{DLL_SUFFIX}")
}

/// The module that was built or installed with this program.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let places = places(&std::env::current_exe()?.canonicalize()?);
    places.iter().find(|place| place.is_file()).cloned().ok_or(Error::NoModule(places))
}

/// Where the module of this program may be: beside it, where cargo builds both; below the same prefix, so that an
/// installation may move; and where it was installed.
fn places(program: &Path) -> Vec<PathBuf> {
    let folder = program.parent();
    let built = folder.map(|folder| folder.join(module_file()));
    let prefix = folder.and_then(Path::parent);
    let moved = prefix.map(|prefix| prefix.join("lib/redis/modules").join(INSTALLED_FILE));
    let installed = Path::new(INSTALLED).join(INSTALLED_FILE);
    let mut places: Vec<_> = built.into_iter().chain(moved).chain([installed]).collect();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_every_place() {
        let places = places(Path::new("/opt/shop/bin/seckill"));
        let built = Path::new("/opt/shop/bin").join(module_file());
        let moved = Path::new("/opt/shop/lib/redis/modules/seckill.so");
        let installed = Path::new(INSTALLED).join("seckill.so");
        assert_eq!(places, [&built, moved, &installed]);
        let text = Error::NoModule(places.clone()).to_string();
        assert!(places.iter().all(|place| text.contains(place.to_str().unwrap_or_default())), "{text}");
    }
}
