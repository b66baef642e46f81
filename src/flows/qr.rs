//! QR codes for authenticator apps: as PNG for the API (what clients know), as SVG for pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, EcLevel, QrCode};

/// Width and height of the picture, in pixels.
pub const SIDE_PIXELS: u32 = 256;

const QUIET_MODULES: usize = 4;

/// A QR code of `text` as a PNG in a `data:` URI; `None` when the text is too long for one.
#[must_use]
pub fn png_data_uri(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let png = png(&code)?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

/// A QR code of `text` as an SVG in a `data:` URI; `None` when the text is too long for one.
#[must_use]
pub fn svg_data_uri(text: &str) -> Option<String> {
    Some(format!(
        "data:image/svg+xml;base64,{}",
        STANDARD.encode(svg(text)?)
    ))
}

/// A QR code of `text` as an SVG document; `None` when the text is too long for one.
#[must_use]
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET_MODULES;
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(width).enumerate() {
        // One stroke for each run of dark modules keeps the picture small.
        let mut column = QUIET_MODULES;
        for run in modules.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                path.push_str(&format!(
                    "M{column} {}.5h{}",
                    row + QUIET_MODULES,
                    run.len()
                ));
            }
            column += run.len();
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path stroke=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// One bit a pixel, uncompressed inside: small enough, and no encoder to trust.
fn png(code: &QrCode) -> Option<Vec<u8>> {
    let side = usize::try_from(SIDE_PIXELS).ok()?;
    let width = code.width();
    let modules = width + 2 * QUIET_MODULES;
    let scale = (side / modules).max(1);
    let margin = side.checked_sub(scale * width)? / 2;
    let colors = code.to_colors();
    let dark = |x: usize, y: usize| {
        let (Some(x), Some(y)) = (x.checked_sub(margin), y.checked_sub(margin)) else {
            return false;
        };
        let (column, row) = (x / scale, y / scale);
        column < width && row < width && colors.get(row * width + column) == Some(&Color::Dark)
    };
    let mut pixels = Vec::with_capacity((side / 8 + 1) * side);
    for y in 0..side {
        pixels.push(0);
        for byte in 0..side / 8 {
            let bits = (0..8).fold(0_u8, |bits, bit| {
                (bits << 1) | u8::from(!dark(byte * 8 + bit, y))
            });
            pixels.push(bits);
        }
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(SIDE_PIXELS.to_be_bytes());
    header.extend(SIDE_PIXELS.to_be_bytes());
    header.extend([1, 0, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &stored(&pixels)?);
    chunk(&mut file, *b"IEND", &[]);
    Some(file)
}

/// A zlib stream of one stored block.
fn stored(data: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(data.len()).ok()?;
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    let (mut low, mut high) = (1_u32, 0_u32);
    for &byte in data {
        low = (low + u32::from(byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend(((high << 16) | low).to_be_bytes());
    Some(stream)
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    file.extend(length.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    let mut crc = u32::MAX;
    for &byte in kind.iter().chain(data) {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    file.extend((!crc).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "otpauth://totp/conformance:ada@example.org?algorithm=SHA1&digits=6\
                       &issuer=conformance&period=30&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

    #[test]
    fn a_png_has_its_signature_and_fits_one_stored_block() {
        let uri = png_data_uri(URL).unwrap();
        let png = STANDARD
            .decode(uri.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(png.ends_with(b"IEND\xaeB`\x82"));
    }

    /// Lengths of the strokes in a path.
    fn strokes(svg: &str) -> impl Iterator<Item = usize> + '_ {
        let (_, path) = svg.split_once("stroke=\"#000\" d=\"").unwrap();
        let path = path.split('"').next().unwrap();
        path.split('M')
            .skip(1)
            .map(|stroke| stroke.split_once('h').unwrap().1.parse().unwrap())
    }

    #[test]
    fn an_svg_is_one_small_document_with_every_dark_module() {
        let svg = svg(URL).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(svg.len() < 8_000, "{} bytes", svg.len());
        let code = QrCode::with_error_correction_level(URL, EcLevel::M).unwrap();
        let dark = code
            .to_colors()
            .iter()
            .filter(|&&color| color == Color::Dark)
            .count();
        assert_eq!(strokes(&svg).sum::<usize>(), dark);
    }
}
