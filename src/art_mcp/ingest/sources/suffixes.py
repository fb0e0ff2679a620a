"""Endings of picture files."""

from __future__ import annotations

PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".mpo", ".ico"),
        *(".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpf", ".jpx"),
    )
)
RAW_SUFFIXES = frozenset(
    (
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2", ".raf", ".pef"),
        *(".srw", ".3fr", ".fff", ".iiq", ".x3f", ".erf", ".mef", ".mos", ".rwl"),
    )
)
"""Files of the light that a camera measured, which a program must develop into a picture."""
OTHER_PICTURES = RAW_SUFFIXES | {".jxl", ".svg", ".psd", ".psb", ".eps", ".pdf", ".xcf", ".ai", ".indd", ".djvu"}
"""Pictures that the decoder does not support; they are refused explicitly instead of silently skipped."""
