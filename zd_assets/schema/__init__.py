"""JSON to Arrow and back: decode, convert, keys, privacy. No I/O."""
