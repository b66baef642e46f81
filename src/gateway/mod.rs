//! Door 1, the proxy: client connections in, decisions asked, requests forwarded.

mod config;

pub use config::{
    CertificateFiles, Config, ForwardedFamily, IdentityHeaders, Limits, ListenAddress,
    ListenerConfig, Mount, MountTarget, PublicUrl, Timeouts, TlsConfig, TlsVersion,
};
