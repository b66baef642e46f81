//! Mail as files, for development.

use std::path::Path;

use lettre::Message;

use super::delivery::{Delivered, DeliveryError};
use crate::store::TakenMail;

/// Writes `TIME-ID.eml`. The file is there whole or not at all, and a second try writes the same
/// file.
pub(super) async fn write(
    folder: &Path,
    mail: &TakenMail,
    message: &Message,
) -> Result<Delivered, DeliveryError> {
    let name = format!("{}-{}", mail.created_at.as_microsecond(), mail.id);
    let half = folder.join(format!(".{name}.part"));
    let whole = folder.join(format!("{name}.eml"));
    let written = async {
        tokio::fs::create_dir_all(folder).await?;
        tokio::fs::write(&half, message.formatted()).await?;
        tokio::fs::rename(&half, &whole).await
    };
    match written.await {
        Ok(()) => Ok(Delivered::default()),
        Err(error) => Err(DeliveryError::passing(&error)),
    }
}
