//! The directory of kept data: made, recognised, and claimed by one process at a time.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, io_error};

/// What the marker says; the number changes when older data can no longer be read.
const FORMAT: &str = "WorldSeat data, format 1\n";
const MARKER: &str = "WORLDSEAT";

/// Our claim on a directory, given up when dropped or when we die.
#[derive(Debug)]
pub(crate) struct DataDir {
    directory: PathBuf,
    marker: File,
}

impl DataDir {
    /// Makes the directory, or recognises one of ours, and locks its marker.
    pub(crate) fn claim(directory: &Path) -> Result<Self, Error> {
        let directory =
            std::path::absolute(directory).map_err(io_error(format!("resolving {}", directory.display())))?;
        let doing = || io_error(format!("opening {}", directory.display()));
        fs::create_dir_all(&directory).map_err(doing())?;
        let marker = directory.join(MARKER);
        if !marker.exists() && fs::read_dir(&directory).map_err(doing())?.next().is_some() {
            return Err(Error::NotOurs { directory });
        }
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&marker).map_err(doing())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Error::InUse { directory }),
            Err(fs::TryLockError::Error(error)) => return Err(doing()(error)),
        }
        let mut found = String::new();
        file.read_to_string(&mut found).map_err(doing())?;
        if found.is_empty() {
            file.write_all(FORMAT.as_bytes()).and_then(|()| file.sync_all()).map_err(doing())?;
        } else if found != FORMAT {
            let (found, ours) = (found.trim().to_owned(), FORMAT.trim().to_owned());
            return Err(Error::OtherFormat { directory, found, ours });
        }
        Ok(Self { directory, marker: file })
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(crate) fn dynamodb(&self) -> PathBuf {
        self.directory.join("dynamodb")
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Closing the file is not enough while a process that another thread is just starting still has a copy.
        let _ = self.marker.unlock();
    }
}
