"""What begins how, and what inside a wrapper tells its type.

The rules are explained in ``docs/identification.md``.
"""

from __future__ import annotations

from ediscovery.extract.types import ENCRYPTED_OOXML, HTML, OLE, TEXT, XML, ZIP

_OOXML = "application/vnd.openxmlformats-officedocument."

# A file that begins with these bytes is of this type. Longer beginnings stand before shorter ones.
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"%FDF-", "application/vnd.fdf"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"\xcf\xad\x12\xfe", "application/x-outlook-express-dbx"),
    (b"\x1a\x00\x00\x04\x00\x00", "application/vnd.lotus-notes"),
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00\x10\x00\x00\x00CR", "image/x-canon-cr2"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"AC10", "image/vnd.dwg"),
    (b"%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    *((bytes((n,)) + b"*M\x18", "application/zstd") for n in range(0x50, 0x60)),
    (b"]\x00\x00", "application/x-lzma"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"\x04\x22\x4d\x18", "application/x-lz4"),
    (b"LZIP", "application/x-lzip"),
    (b"\x89LZO\x00\r\n\x1a\n", "application/x-lzop"),
    (b"\xff\x06\x00\x00sNaPpY", "application/x-snappy-framed"),
    (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\n", "application/x-archive"),
    (b"xar!", "application/x-xar"),
    (b"070701", "application/x-cpio"),
    (b"070702", "application/x-cpio"),
    (b"070707", "application/x-cpio"),
    (b"\xc7\x71", "application/x-cpio"),
    (b"\x71\xc7", "application/x-cpio"),
    (b"\xed\xab\xee\xdb", "application/x-rpm"),
    (b"EVF\x09\x0d\x0a\xff\x00", "application/x-ewf"),
    (b"LVF\x09\x0d\x0a\xff\x00", "application/x-ewf"),
    (b"vhdxfile", "application/x-vhdx"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"MThd", "audio/midi"),
    (b".snd", "audio/basic"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR", "audio/amr"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"FLV\x01", "video/x-flv"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x00\x01\x00\x00Standard Jet DB", "application/x-msaccess"),
    (b"\x00\x01\x00\x00Standard ACE DB", "application/x-msaccess"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "application/onenote"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"\xffWPC", "application/vnd.wordperfect"),
    (b"\xdb\xa5\x2d\x00", "application/msword"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x00\x00\x02\x00\x06\x04\x06\x00", "application/vnd.lotus-1-2-3"),
    (b"\x00\x00\x02\x00\x20\x51", "application/x-quattro-pro"),
    (b"\x00\x00\x02\x00\x21\x51", "application/x-quattro-pro"),
    (b"\x00\x00\x02\x00\x01\x10", "application/x-quattro-pro"),
    (b"\x00\x00\x02\x00\x02\x10", "application/x-quattro-pro"),
    (b"\x00\x00\x1a\x00", "application/vnd.lotus-1-2-3"),
    (b"\x09\x00\x04\x00", "application/vnd.ms-excel"),
    (b"\x09\x02\x06\x00", "application/vnd.ms-excel"),
    (b"\x09\x04\x06\x00", "application/vnd.ms-excel"),
    (b"\x09\x08\x08\x00\x00\x05", "application/vnd.ms-excel"),
    (b"\x09\x08\x10\x00\x00\x06", "application/vnd.ms-excel"),
    (b"bplist0", "application/x-bplist"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-o"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-o"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-o"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-o"),
    (b"\xca\xfe\xd0\x0d", "application/x-java-pack200"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO\x00", "font/otf"),
    (b"\x00\x01\x00\x00\x00", "font/ttf"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"PK\x07\x08PK\x03\x04", ZIP),
    (b"PK00PK\x03\x04", ZIP),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"BM", "image/bmp"),
)

# Beginnings of text, matched without regard to case after blanks and byte order marks.
TEXT_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"begin:vcalendar", "text/calendar"),
    (b"begin:vcard", "text/vcard"),
    (b"begin:vevent", "text/calendar"),
    (b"begin:vtodo", "text/calendar"),
    (b"begin:vjournal", "text/calendar"),
    (b"begin:vfreebusy", "text/calendar"),
    (b"begin:vtimezone", "text/calendar"),
    (b"begin:valarm", "text/calendar"),
    (b"begin:vavailability", "text/calendar"),
    (b"-----begin pgp message", "application/pgp-encrypted"),
    (b"-----begin pgp signed message", TEXT),
    (b"-----begin pgp signature", "application/pgp-signature"),
    (b"-----begin pgp public key", "application/pgp-keys"),
    (b"-----begin pgp private key", "application/pgp-keys"),
    (b"-----begin pkcs7", "application/pkcs7-mime"),
    (b"-----begin cms", "application/pkcs7-mime"),
    (b"-----begin ", "application/x-pem-file"),
    (b"warc/1.", "application/warc"),
)

# Root elements of XML, without a prefix; what is not listed is application/xml.
XML_ROOTS: dict[bytes, str] = {
    b"html": HTML,
    b"svg": "image/svg+xml",
    b"rss": "application/rss+xml",
    b"feed": "application/atom+xml",
    b"kml": "application/vnd.google-earth.kml+xml",
    b"xmpmeta": "application/rdf+xml",
    b"rdf": "application/rdf+xml",
    b"xfdf": "application/vnd.adobe.xfdf",
    b"xdp": "application/vnd.adobe.xdp+xml",
    b"worddocument": "application/vnd.ms-wordml",
    b"workbook": "application/vnd.ms-spreadsheetml",
}

# The type of an OLE2 file by what stands directly below its root.
OLE_ENTRIES: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", ENCRYPTED_OOXML),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("__nameid_version1.0", "application/vnd.ms-outlook"),
    ("Quill", "application/x-mspublisher"),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("PP40", "application/vnd.ms-powerpoint"),
    ("PP97_DUALSTORAGE", "application/vnd.ms-powerpoint"),
    ("VisioDocument", "application/vnd.visio"),
    ("MatOST", "application/vnd.ms-works"),
    ("WksSSWorkBook", "application/vnd.ms-works"),
    ("Props9", "application/vnd.ms-project"),
    ("Props12", "application/vnd.ms-project"),
    ("Props14", "application/vnd.ms-project"),
    ("Props", "application/vnd.ms-project"),
    ("\x05HwpSummaryInformation", "application/x-hwp-v5"),
    ("StarWriterDocument", "application/vnd.stardivision.writer"),
    ("StarCalcDocument", "application/vnd.stardivision.calc"),
    ("StarDrawDocument3", "application/vnd.stardivision.draw"),
    ("StarDrawDocument", "application/vnd.stardivision.draw"),
    ("PerfectOffice_MAIN", "application/vnd.wordperfect"),
    ("NativeContent_MAIN", "application/x-quattro-pro"),
    ("SwDocContentMgr", "application/sldworks"),
    ("SwDocMgrTempStorage", "application/sldworks"),
    ("Catalog", "application/x-thumbs-db"),
)
OLE_CLASSES: dict[str, str] = {"000c1084": "application/x-msi", "000c1086": "application/x-msi"}

# The type of an OOXML package by the content type of its main part.
OOXML_PARTS: dict[str, str] = {
    _OOXML + "wordprocessingml.document.main+xml": _OOXML + "wordprocessingml.document",
    _OOXML + "wordprocessingml.template.main+xml": _OOXML + "wordprocessingml.template",
    "application/vnd.ms-word.document.macroenabled.main+xml": (
        "application/vnd.ms-word.document.macroenabled.12"
    ),
    "application/vnd.ms-word.template.macroenabledtemplate.main+xml": (
        "application/vnd.ms-word.template.macroenabled.12"
    ),
    _OOXML + "spreadsheetml.sheet.main+xml": _OOXML + "spreadsheetml.sheet",
    _OOXML + "spreadsheetml.template.main+xml": _OOXML + "spreadsheetml.template",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml": (
        "application/vnd.ms-excel.sheet.macroenabled.12"
    ),
    "application/vnd.ms-excel.template.macroenabled.main+xml": (
        "application/vnd.ms-excel.template.macroenabled.12"
    ),
    "application/vnd.ms-excel.addin.macroenabled.main+xml": (
        "application/vnd.ms-excel.addin.macroenabled.12"
    ),
    "application/vnd.ms-excel.sheet.binary.macroenabled.main": (
        "application/vnd.ms-excel.sheet.binary.macroenabled.12"
    ),
    _OOXML + "presentationml.presentation.main+xml": _OOXML + "presentationml.presentation",
    _OOXML + "presentationml.template.main+xml": _OOXML + "presentationml.template",
    _OOXML + "presentationml.slideshow.main+xml": _OOXML + "presentationml.slideshow",
    "application/vnd.ms-powerpoint.presentation.macroenabled.main+xml": (
        "application/vnd.ms-powerpoint.presentation.macroenabled.12"
    ),
    "application/vnd.ms-powerpoint.template.macroenabled.main+xml": (
        "application/vnd.ms-powerpoint.template.macroenabled.12"
    ),
    "application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml": (
        "application/vnd.ms-powerpoint.slideshow.macroenabled.12"
    ),
    "application/vnd.ms-visio.drawing.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.drawing.macroenabled.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.stencil.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.stencil.macroenabled.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.template.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-visio.template.macroenabled.main+xml": "application/vnd.ms-visio.drawing",
    "application/vnd.ms-package.xps-fixeddocumentsequence+xml": "application/vnd.ms-xpsdocument",
    "application/vnd.ms-package.3dmanufacturing-3dmodel+xml": "model/3mf",
}

# The type of another ZIP by a member that only this type has, in this order.
ZIP_MEMBERS: tuple[tuple[bytes, str], ...] = (
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"Index/Document.iwa", "application/vnd.apple.iwork"),
    (b"Index.zip", "application/vnd.apple.iwork"),
    (b"index.apxl", "application/vnd.apple.keynote"),
    (b"index.apxl.gz", "application/vnd.apple.keynote"),
    (b"index.xml", "application/vnd.apple.iwork"),
    (b"index.xml.gz", "application/vnd.apple.iwork"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)

# Names of the library that differ from ours.
RENAMED: dict[str, str] = {
    "text/rtf": "application/rtf",
    "text/xml": XML,
    "application/xhtml+xml": HTML,
    "application/x-ms-msg": "application/vnd.ms-outlook",
    "application/x-executable": "application/x-elf",
    "application/x-sharedlib": "application/x-elf",
    "application/x-mach-binary": "application/x-mach-o",
    "application/x-rar": "application/vnd.rar",
    "application/x-gzip": "application/gzip",
    "application/x-zstd": "application/zstd",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "image/x-ms-bmp": "image/bmp",
    "image/heic": "image/heif",
    "video/x-msvideo": "video/x-msvideo",
    "application/x-lzh-compressed": "application/x-lha",
    "application/x-lharc": "application/x-lha",
}
