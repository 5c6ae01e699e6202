//! The bytes of a tar, decompressed if needed. It never looks at the members of the tar.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::LayerError;
use crate::text::figures::bytes;

/// The compression of a tar, detected from its first bytes. Media types and file names are not used, since they are
/// often wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// No compression.
    #[default]
    None,
    /// RFC 1952, also with several members.
    Gzip,
    /// RFC 8878, also with several frames and skippable ones, as in `zstd:chunked`.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The longest of the magic numbers below.
const MAGIC_LEN: usize = 6;

impl Compression {
    /// Detects the compression from the first bytes of a file, as containerd's `compression.DetectCompression` does.
    fn detect(head: &[u8]) -> Result<Self, LayerError> {
        let unsupported = |name, command| Err(LayerError::Compression { name, command });
        match head {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => unsupported("xz", "xz -d"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => unsupported("bzip2", "bzip2 -d"),
            [0x04, 0x22, 0x4d, 0x18, ..] => unsupported("lz4", "lz4 -d"),
            [b'L', b'Z', b'I', b'P', ..] => unsupported("lzip", "lzip -d"),
            _ => Ok(Self::None),
        }
    }
}

/// A source of tar blocks.
pub(crate) trait LayerSource {
    /// Fills `buffer` as far as there are bytes. Returns the number of bytes.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Skips `count` bytes; returns false if there are fewer.
    fn skip(&mut self, count: u64) -> io::Result<bool>;
}

/// A source that cannot seek.
struct Streamed<R>(R);

impl<R: Read> LayerSource for Streamed<R> {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fill(&mut self.0, buffer)
    }

    fn skip(&mut self, count: u64) -> io::Result<bool> {
        Ok(io::copy(&mut (&mut self.0).take(count), &mut io::sink())? == count)
    }
}

/// A file that can be read at any offset, by several threads at once.
pub(crate) trait ReadAt: Sync {
    /// Reads bytes from `offset` on, as [`Read::read`] does.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns the size in bytes.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        from.unwrap_or_default().read(buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// A file that is read from its start to its end.
pub(crate) struct Reader<'a, F: ?Sized> {
    file: &'a F,
    at: u64,
}

impl<'a, F: ReadAt + ?Sized> Reader<'a, F> {
    pub(crate) fn new(file: &'a F) -> Self {
        Self { file, at: 0 }
    }
}

impl<F: ReadAt + ?Sized> Read for Reader<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The least and the most that is read at once of a file whose contents are skipped.
const CHUNKS: (usize, usize) = (2 * 1024, 64 * 1024);

/// A source that skips file contents by seeking. It knows its length, because a read past the end of a file returns
/// nothing and would hide that the tar is cut off.
///
/// It reads much at once if headers are close together, and little if contents lie between them: a call costs as much
/// as reading some KiB.
struct Passing<'a, F: ?Sized> {
    file: &'a F,
    size: u64,
    at: u64,
    buffer: Vec<u8>,
    /// The offset of the buffer in the file.
    start: u64,
    /// The number of bytes that are read at once.
    chunk: usize,
    /// The number of reads from the buffer since it was filled.
    asked: usize,
}

impl<F: ReadAt + ?Sized> Passing<'_, F> {
    fn refill(&mut self) -> io::Result<()> {
        match self.asked {
            0..=2 => self.chunk = (self.chunk / 2).max(CHUNKS.0),
            3..=5 => {}
            _ => self.chunk = (self.chunk * 2).min(CHUNKS.1),
        }
        self.asked = 0;
        self.start = self.at;
        self.buffer.resize(self.chunk, 0);
        let mut from = Reader { file: self.file, at: self.at };
        let filled = fill(&mut from, &mut self.buffer)?;
        self.buffer.truncate(filled);
        Ok(())
    }
}

impl<F: ReadAt + ?Sized> LayerSource for Passing<'_, F> {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let held = self.at.checked_sub(self.start).and_then(|from| usize::try_from(from).ok());
            let held = held.and_then(|from| self.buffer.get(from..)).unwrap_or_default();
            if held.is_empty() {
                self.refill()?;
                if self.buffer.is_empty() {
                    break;
                }
                continue;
            }
            let count = held.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&held[..count]);
            filled += count;
            self.at += count as u64;
        }
        self.asked += 1;
        Ok(filled)
    }

    fn skip(&mut self, count: u64) -> io::Result<bool> {
        let to = self.at.checked_add(count).filter(|to| *to <= self.size);
        self.at = to.unwrap_or(self.at);
        Ok(to.is_some())
    }
}

fn fill(reader: &mut impl Read, mut buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while !buffer.is_empty() {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                buffer = &mut buffer[count..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A decompressed source of tar blocks.
pub(crate) type Blocks<'a> = (Box<dyn LayerSource + 'a>, Compression);

/// Opens a reader that may be a pipe.
pub(crate) fn stream<'a>(mut reader: impl Read + 'a) -> Result<Blocks<'a>, LayerError> {
    let (head, compression) = head(&mut reader)?;
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(reader));
    Ok((decompressed(whole, compression), compression))
}

/// Opens a reader of a tar that is not compressed.
pub(crate) fn plain<'a>(reader: impl Read + 'a) -> Blocks<'a> {
    (Box::new(Streamed(BufReader::with_capacity(BUFFER, reader))), Compression::None)
}

/// Returns the compression of a file.
pub(crate) fn compression_at(file: &(impl ReadAt + ?Sized)) -> Result<Compression, LayerError> {
    head(&mut Reader::new(file)).map(|(_, compression)| compression)
}

/// Opens an uncompressed tar at `offset`, to read it header by header.
pub(crate) fn passing(file: &(impl ReadAt + ?Sized), offset: u64) -> Result<Blocks<'_>, LayerError> {
    let size = file.size().map_err(|source| LayerError::Read { offset, source })?;
    let source = Passing { file, size, at: offset, buffer: Vec::new(), start: 0, chunk: 16 * 1024, asked: 3 };
    Ok((Box::new(source), Compression::None))
}

/// Opens a reader as plain bytes, decompressed; `None` if it is not compressed.
pub(crate) fn decoder<'a>(mut reader: impl Read + 'a) -> Result<Option<Box<dyn Read + 'a>>, LayerError> {
    let (head, compression) = head(&mut reader)?;
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(reader));
    Ok(match compression {
        Compression::None => None,
        Compression::Gzip => Some(Box::new(MultiGzDecoder::new(whole))),
        Compression::Zstd => Some(Box::new(ZstdFrames::new(whole))),
    })
}

const BUFFER: usize = 64 * 1024;

fn head(reader: &mut impl Read) -> Result<(Vec<u8>, Compression), LayerError> {
    let mut head = vec![0; MAGIC_LEN];
    let filled = fill(reader, &mut head).map_err(|source| LayerError::Read { offset: 0, source })?;
    head.truncate(filled);
    let compression = Compression::detect(&head)?;
    Ok((head, compression))
}

fn decompressed<'a>(reader: impl BufRead + 'a, compression: Compression) -> Box<dyn LayerSource + 'a> {
    match compression {
        Compression::None => Box::new(Streamed(reader)),
        Compression::Gzip => Box::new(Streamed(BufReader::new(MultiGzDecoder::new(reader)))),
        Compression::Zstd => Box::new(Streamed(BufReader::new(ZstdFrames::new(reader)))),
    }
}

/// Returns true if an error of a decoder means that its input ends too early: the decoders wrap that error in their
/// own.
pub(crate) fn ends_early(error: &io::Error) -> bool {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return true;
    }
    let mut cause = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The largest window of a zstd frame that is read, in bytes. A decoder keeps a window in memory; `zstd` makes larger
/// ones only with `--ultra` or `--long`.
const MAX_WINDOW: u64 = 32 << 20;

/// A reader of all frames of a zstd stream. The decoder of the crate stops after the first.
struct ZstdFrames<R> {
    reader: R,
    frame: FrameDecoder,
    open: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(reader: R) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(MAX_WINDOW);
        Self { reader, frame, open: false }
    }

    /// Moves to the next frame with data; returns false at the end of the stream.
    fn advance(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.reader).take(length), &mut io::sink())? != length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    let (window, most) = (bytes(requested), bytes(MAX_WINDOW));
                    return Err(io::Error::other(format!(
                        "its zstd window has {window}, of at most {most} that are kept in memory"
                    )));
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if !self.open && !self.advance()? {
                return Ok(0);
            }
            self.open = true;
            if self.frame.can_collect() == 0 && !self.frame.is_finished() {
                self.frame
                    .decode_blocks(&mut self.reader, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let count = self.frame.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.open = !self.frame.is_finished();
        }
        Ok(0)
    }
}
