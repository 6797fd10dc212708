//! Pictures: what is sent is looked at as what it is, and written anew.
//!
//! Nothing of the file itself is kept: the pixels are read within bounds, turned upright, made small, and written as a
//! new file. So no place of a photograph, no name of a camera and nothing that was hidden behind the picture stays.

use super::Flaw;
use aws_lc_rs::digest::{SHA256, digest};
use events::{Picture, PictureType};
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};
use std::io::Cursor;

/// The largest file, in bytes. Its route takes no more.
const MAX_BYTES: usize = 1024 * 1024;
/// The most pixels along each side, and altogether, before anything is decoded.
const MAX_SIDE: u32 = 8_192;
const MAX_PIXELS: u64 = 16 * 1024 * 1024;
/// The most memory for decoding: sixteen million pixels at eight bytes.
const MAX_DECODED_BYTES: u64 = 128 * 1024 * 1024;
/// The longest side of what is kept.
const KEPT_SIDE: u32 = 512;
/// How much of a JPEG is kept: more cannot be seen at this size.
const JPEG_QUALITY: u8 = 85;

/// A picture as it is kept.
#[derive(Debug)]
pub(crate) struct PictureFile {
    pub(crate) picture: Picture,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a PNG, a JPEG or a WebP, by its content, and writes it anew.
///
/// Takes a processor some hundred milliseconds: not to be called where others wait.
pub(crate) fn picture(file: &[u8]) -> Result<PictureFile, Flaw> {
    if file.len() > MAX_BYTES {
        return Err(Flaw::new("picture_too_large", format!("A picture has at most {MAX_BYTES} bytes.")));
    }
    let (decoder, orientation) = opened(file)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    image.apply_orientation(orientation);
    if image.width().max(image.height()) > KEPT_SIDE {
        image = image.thumbnail(KEPT_SIDE, KEPT_SIDE);
    }
    let (width, height) = (image.width(), image.height());
    let mut bytes = Vec::new();
    let media_type = match image.color().has_alpha() {
        true => {
            let image = DynamicImage::from(image.into_rgba8());
            image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(broken)?;
            PictureType::Png
        }
        false => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            image.into_rgb8().write_with_encoder(encoder).map_err(broken)?;
            PictureType::Jpeg
        }
    };
    let sha256 = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(PictureFile { picture: Picture { sha256, media_type, width, height }, bytes })
}

fn opened(file: &[u8]) -> Result<(impl ImageDecoder + '_, Orientation), Flaw> {
    let unknown = || Flaw::new("picture_type", "A picture is a PNG, a JPEG or a WebP file.");
    let format = image::guess_format(file).map_err(|_| unknown())?;
    if ![ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].contains(&format) {
        return Err(unknown());
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    // Its dimensions are looked at below, so that they have a reason of their own.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        let detail =
            format!("A picture has at most {MAX_SIDE} pixels along a side, and {MAX_PIXELS} altogether.");
        return Err(Flaw::new("picture_too_large", detail));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation))
}

fn broken(error: ImageError) -> Flaw {
    if matches!(error, ImageError::Limits(_)) {
        return huge();
    }
    Flaw::new("picture_broken", "This file is not whole, or not what it seems to be.")
}

fn huge() -> Flaw {
    let detail =
        format!("A picture has at most {MAX_SIDE} pixels along a side, and {MAX_PIXELS} altogether.");
    Flaw::new("picture_too_large", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GenericImageView, Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    const SECRET: &[u8] = b"taken at 52.520N 13.405E";

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), format).expect("written");
        bytes
    }

    /// Red on the left, blue on the right.
    fn photo(width: u32, height: u32) -> DynamicImage {
        let colour = |x| if x < width / 2 { Rgb([220, 30, 30]) } else { Rgb([30, 30, 220]) };
        RgbImage::from_fn(width, height, |x, _| colour(x)).into()
    }

    /// A JPEG that says to be turned by a quarter, in an EXIF segment that says more besides (JEITA CP-3451).
    fn turned(jpeg: &[u8]) -> Vec<u8> {
        let tiff = [
            &b"MM\0\x2A\0\0\0\x08\0\x02"[..],
            b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0",
            b"\x01\x0E\0\x02\0\0\0\x18\0\0\0\x26\0\0\0\0",
            SECRET,
        ]
        .concat();
        let segment = [&b"Exif\0\0"[..], &tiff].concat();
        let length = u16::try_from(segment.len() + 2).expect("short").to_be_bytes();
        [&jpeg[..2], b"\xFF\xE1", &length, &segment, &jpeg[2..]].concat()
    }

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    fn code(file: &[u8]) -> Option<&'static str> {
        picture(file).err().map(|flaw| flaw.code)
    }

    #[test]
    fn what_is_kept_is_small_and_of_the_same_look() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let PictureFile { picture, bytes } = picture(&written(&photo(1_200, 600), format)).expect("kept");
            assert_eq!((picture.width, picture.height, picture.media_type), (512, 256, PictureType::Jpeg));
            let kept = image::load_from_memory(&bytes).expect("a picture");
            let (left, right) = (kept.get_pixel(100, 100).0, kept.get_pixel(400, 100).0);
            assert!(left[0] > 180 && left[2] < 80 && right[2] > 180 && right[0] < 80, "{left:?} {right:?}");
        }
        let small = picture(&written(&photo(64, 32), ImageFormat::Png)).expect("kept").picture;
        assert_eq!((small.width, small.height), (64, 32));
    }

    #[test]
    fn what_shows_through_stays_so() {
        let clear: DynamicImage = RgbaImage::from_pixel(32, 32, Rgba([10, 20, 30, 0])).into();
        let PictureFile { picture, bytes } = picture(&written(&clear, ImageFormat::WebP)).expect("kept");
        assert_eq!(picture.media_type, PictureType::Png);
        assert_eq!(image::load_from_memory(&bytes).expect("a picture").get_pixel(1, 1).0[3], 0);
    }

    #[test]
    fn nothing_but_the_picture_is_left_and_it_stands_upright() {
        let file = turned(&written(&photo(600, 300), ImageFormat::Jpeg));
        let file = [&file[..], SECRET, b"<script>"].concat();
        assert!(holds(&file, SECRET));
        let PictureFile { picture, bytes } = picture(&file).expect("kept");
        assert!(!holds(&bytes, SECRET) && !holds(&bytes, b"Exif") && !holds(&bytes, b"<script>"));
        assert_eq!((picture.width, picture.height), (256, 512), "turned by a quarter");
    }

    #[test]
    fn what_is_no_picture_is_told_by_its_content() {
        let png = written(&photo(64, 64), ImageFormat::Png);
        for wrong in
            [&b""[..], b"GIF89a\x01\0\x01\0", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"]
        {
            assert_eq!(code(wrong), Some("picture_type"), "{wrong:?}");
        }
        assert_eq!(code(&png[..png.len() / 2]), Some("picture_broken"));
        assert_eq!(code(&[&png[..], &vec![0; MAX_BYTES]].concat()), Some("picture_too_large"));
    }

    #[test]
    fn a_picture_that_says_to_be_huge_is_refused_before_it_is_decoded() {
        let mut png = written(&photo(64, 64), ImageFormat::Png);
        // Width and height stand in the header (PNG §11.2.1), with a checksum behind them.
        png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        let checksum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(code(&png), Some("picture_too_large"));
    }

    /// As PNG Annex D.
    fn crc(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| {
            (0..8)
                .fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
        };
        !bytes.iter().fold(u32::MAX, step)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_damage_does_more_than_spoil_the_picture(at in 0_usize..600, byte: u8, webp: bool) {
            let format = if webp { ImageFormat::WebP } else { ImageFormat::Jpeg };
            let mut file = written(&photo(32, 32), format);
            let at = at % file.len();
            file[at] = byte;
            if let Ok(kept) = picture(&file) {
                prop_assert!(kept.picture.width <= KEPT_SIDE && kept.picture.height <= KEPT_SIDE);
            }
        }
    }
}
