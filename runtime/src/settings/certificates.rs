//! Certificates that are trusted next to the built-in ones: where they are, and reading them.
//!
//! A start names the places only. They are read with the first connection that needs TLS, because a bundle of all public
//! roots costs 2 to 10 ms; `config validate` and `doctor` read them as well.
//!
//! Never here: the built-in roots, connections.

use std::{ffi::OsStr, fmt, fs, path::Path};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, TrustAnchor, pem::PemObject},
};

use super::{
    disclosure::shown_path,
    environment::Environment,
    file_text::{self, ReadError},
    problem::Problem,
};

pub(super) const FILE: &str = "SSL_CERT_FILE";
pub(super) const FOLDER: &str = "SSL_CERT_DIR";

/// A bundle of all public roots has 250 kB.
const BUNDLE_LIMIT: u64 = 8 << 20;

/// Places of certificates in PEM format, as the variables name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    file: Option<String>,
    /// Several folders are separated by a colon, as with OpenSSL.
    folders: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// Each once.
    pub roots: Vec<TrustAnchor<'static>>,
    /// Certificates that cannot be used.
    pub refused: usize,
}

impl Certificates {
    /// Reads the variables, and no file.
    pub(super) fn load(environment: &Environment) -> Result<Self, Problem> {
        Ok(Certificates {
            file: environment.path(FILE)?,
            folders: environment.path(FOLDER)?,
        })
    }

    /// Reads all files. May take milliseconds.
    ///
    /// # Errors
    /// A place that cannot be read or has no usable certificate: as it was named, that is a mistake.
    pub(crate) fn read(&self) -> Result<Trusted, Problem> {
        const PEM: &str = "name a text file with certificates in PEM format (-----BEGIN CERTIFICATE-----), \
                           readable by the user of this process, or unset it";
        let mut store = Store {
            known: Vec::new(),
            roots: RootCertStore::empty(),
            refused: 0,
        };
        if let Some(path) = &self.file {
            let wrong = |why: &dyn fmt::Display| {
                Problem::new(
                    FILE,
                    format!("names {}, which {why}", shown_path(path)),
                    PEM,
                )
            };
            let bytes =
                file_text::read_bytes(Path::new(path), BUNDLE_LIMIT).map_err(|why| wrong(&why))?;
            if store.add(&bytes) == 0 {
                return Err(wrong(&"holds no usable certificate in PEM format"));
            }
        }
        for path in self.folders.iter().flat_map(|it| it.split(':')) {
            let wrong = |why: &dyn fmt::Display| {
                Problem::new(
                    FOLDER,
                    format!("names {}, which {why}", shown_path(path)),
                    "name a folder of files with certificates in PEM format, or unset it",
                )
            };
            let usable = store
                .add_folder(Path::new(path))
                .map_err(|why| wrong(&why))?;
            if usable == 0 {
                return Err(wrong(&"holds no usable certificate in PEM format"));
            }
        }
        Ok(Trusted {
            roots: store.roots.roots,
            refused: store.refused,
        })
    }
}

impl Trusted {
    /// Some certificates were left out.
    pub(crate) fn warning(&self) -> Option<String> {
        let certificates = match self.refused {
            0 => return None,
            1 => "1 certificate",
            count => &format!("{count} certificates"),
        };
        Some(format!(
            "{certificates} of {FILE} and {FOLDER} cannot be used and were left out"
        ))
    }
}

struct Store {
    /// Folders hold most certificates twice: under their names, and as links by hash.
    known: Vec<CertificateDer<'static>>,
    roots: RootCertStore,
    refused: usize,
}

impl Store {
    /// Adds what all files of a folder hold, and returns how many usable certificates that were.
    fn add_folder(&mut self, folder: &Path) -> Result<usize, ReadError> {
        let mut usable = 0;
        for entry in fs::read_dir(folder).map_err(ReadError::Io)? {
            let path = entry.map_err(ReadError::Io)?.path();
            // Links that lead nowhere and folders are usual there.
            if !path.is_file() {
                continue;
            }
            let bytes = file_text::read_bytes(&path, BUNDLE_LIMIT).map_err(|why| {
                ReadError::File(path.file_name().map(OsStr::to_owned), Box::new(why))
            })?;
            usable += self.add(&bytes);
        }
        Ok(usable)
    }

    /// Adds the certificates of a PEM text, and returns how many of them are usable.
    fn add(&mut self, pem: &[u8]) -> usize {
        let mut usable = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let Ok(certificate) = certificate else {
                self.refused += 1;
                continue;
            };
            if self.known.contains(&certificate) {
                usable += 1;
            } else if self.roots.add(certificate.clone()).is_ok() {
                self.known.push(certificate);
                usable += 1;
            } else {
                self.refused += 1;
            }
        }
        usable
    }
}
