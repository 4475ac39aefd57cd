"""What an extension claims, which types one extension may stand for, and each type's category.

The rules are explained in ``docs/identification.md``.
"""

from __future__ import annotations

_OOXML = "application/vnd.openxmlformats-officedocument."
XLSX = _OOXML + "spreadsheetml.sheet"
_ODF = "application/vnd.oasis.opendocument."

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
EMPTY = "application/x-empty"
OLE = "application/x-ole-storage"
ENCRYPTED_OOXML = "application/x-tika-ooxml-protected"
MAIL = "message/rfc822"
MBOX = "application/mbox"
ZIP = "application/zip"
HTML = "text/html"
XML = "application/xml"


def _grouped(text: str) -> dict[str, str]:
    """``group: member member ... group: ...`` as member -> group."""
    pairs: dict[str, str] = {}
    group = ""
    for word in text.split():
        if word.endswith(":"):
            group = word[:-1]
        else:
            pairs[word] = group
    return pairs


# What an extension claims. Extensions that promise nothing (dat, bin, tmp, bak) are left out.
EXTENSIONS: dict[str, str] = _grouped(f"""
    {MAIL}: eml nws rsmf mht mhtml
    {MBOX}: mbox mbx
    message/x-emlx: emlx
    application/ms-tnef: tnef
    application/vnd.ms-outlook: msg oft
    application/vnd.ms-outlook-pst: pst ost
    application/x-outlook-express-dbx: dbx
    application/vnd.lotus-notes: nsf
    application/pkcs7-mime: p7m p7s p7c p7b p7z
    application/pgp-encrypted: pgp gpg
    application/x-pem-file: pem
    text/calendar: ics ical ifb vcs
    text/vcard: vcf
    {ZIP}: zip
    application/x-7z-compressed: 7z
    application/vnd.rar: rar
    application/x-tar: tar
    application/gzip: gz tgz svgz emz wmz
    application/x-bzip2: bz2 tbz tbz2
    application/x-xz: xz txz
    application/zstd: zst tzst
    application/x-lzma: lzma tlz
    application/x-compress: z
    application/vnd.ms-cab-compressed: cab
    application/x-archive: ar deb
    application/x-cpio: cpio
    application/msword: doc dot
    application/vnd.ms-excel: xls xlt xlm
    application/vnd.ms-powerpoint: ppt pps pot
    {_OOXML}wordprocessingml.document: docx
    {_OOXML}wordprocessingml.template: dotx
    application/vnd.ms-word.document.macroenabled.12: docm
    application/vnd.ms-word.template.macroenabled.12: dotm
    {_OOXML}spreadsheetml.sheet: xlsx
    {_OOXML}spreadsheetml.template: xltx
    application/vnd.ms-excel.sheet.macroenabled.12: xlsm
    application/vnd.ms-excel.template.macroenabled.12: xltm
    application/vnd.ms-excel.sheet.binary.macroenabled.12: xlsb
    {_OOXML}presentationml.presentation: pptx
    {_OOXML}presentationml.template: potx
    {_OOXML}presentationml.slideshow: ppsx
    application/vnd.ms-powerpoint.presentation.macroenabled.12: pptm
    application/vnd.ms-powerpoint.template.macroenabled.12: potm
    application/vnd.ms-powerpoint.slideshow.macroenabled.12: ppsm
    {_ODF}text: odt
    {_ODF}text-template: ott
    {_ODF}spreadsheet: ods
    {_ODF}spreadsheet-template: ots
    {_ODF}presentation: odp
    {_ODF}presentation-template: otp
    {_ODF}graphics: odg
    {_ODF}formula: odf
    {_ODF}text-flat-xml: fodt
    {_ODF}spreadsheet-flat-xml: fods
    {_ODF}presentation-flat-xml: fodp
    application/vnd.apple.pages: pages
    application/vnd.apple.numbers: numbers
    application/vnd.apple.keynote: key
    application/epub+zip: epub
    application/java-archive: jar war ear
    application/vnd.android.package-archive: apk
    application/vnd.google-earth.kmz: kmz
    application/vnd.ms-xpsdocument: xps oxps
    application/vnd.ms-visio.drawing: vsdx vsdm vssx vssm vstx vstm
    application/vnd.visio: vsd vss vst
    application/x-mspublisher: pub
    application/vnd.ms-project: mpp
    application/onenote: one
    application/vnd.wordperfect: wpd
    application/rtf: rtf
    application/pdf: pdf
    application/postscript: ps eps
    {HTML}: html htm xhtml
    {XML}: xml
    application/rss+xml: rss
    application/atom+xml: atom
    application/vnd.google-earth.kml+xml: kml
    image/svg+xml: svg
    {TEXT}: txt text log md rst ini cfg conf yaml yml json jsonl py js css java c h cpp sh bat
        sql srt vtt tex
    text/csv: csv
    text/tab-separated-values: tsv tab
    image/png: png
    image/jpeg: jpg jpeg jpe jfif
    image/tiff: tif tiff dng nef arw pef
    image/gif: gif
    image/bmp: bmp dib
    image/webp: webp
    image/jp2: jp2 j2k jpf
    image/heif: heic heif
    image/vnd.adobe.photoshop: psd
    image/emf: emf
    image/wmf: wmf
    image/vnd.microsoft.icon: ico
    image/vnd.dwg: dwg
    audio/mpeg: mp3
    audio/wav: wav
    audio/ogg: ogg oga opus
    audio/flac: flac
    audio/mp4: m4a
    audio/amr: amr
    video/mp4: mp4 m4v
    video/quicktime: mov
    video/3gpp: 3gp
    video/x-msvideo: avi
    video/x-ms-asf: wmv wma asf
    video/x-matroska: mkv webm
    application/vnd.sqlite3: sqlite sqlite3
    application/x-msaccess: mdb accdb
    application/vnd.microsoft.portable-executable: exe dll scr sys
    application/x-ms-shortcut: lnk
    application/vnd.ms-htmlhelp: chm
""")

# Types that one extension may stand for without being a lie.
_FAMILIES = f"""
    word: application/msword
    word-package: {_OOXML}wordprocessingml.document {_OOXML}wordprocessingml.template
        application/vnd.ms-word.document.macroenabled.12
        application/vnd.ms-word.template.macroenabled.12
    excel-package: {_OOXML}spreadsheetml.sheet {_OOXML}spreadsheetml.template
        application/vnd.ms-excel.sheet.macroenabled.12
        application/vnd.ms-excel.template.macroenabled.12
        application/vnd.ms-excel.addin.macroenabled.12
        application/vnd.ms-excel.sheet.binary.macroenabled.12
    powerpoint-package: {_OOXML}presentationml.presentation {_OOXML}presentationml.template
        {_OOXML}presentationml.slideshow application/vnd.ms-powerpoint.presentation.macroenabled.12
        application/vnd.ms-powerpoint.template.macroenabled.12
        application/vnd.ms-powerpoint.slideshow.macroenabled.12
    text: text/plain text/csv text/tab-separated-values
    xml: application/xml application/rss+xml application/atom+xml application/rdf+xml
        image/svg+xml application/vnd.google-earth.kml+xml application/vnd.adobe.xfdf
        application/vnd.adobe.xdp+xml
    iwork: application/vnd.apple.iwork application/vnd.apple.pages application/vnd.apple.numbers
        application/vnd.apple.keynote
    java: application/java-archive application/vnd.android.package-archive
    tiff: image/tiff image/x-canon-cr2
    film: video/mp4 video/quicktime video/3gpp audio/mp4
    amr: audio/amr audio/amr-wb
    pkcs7: application/pkcs7-mime application/pkcs7-signature application/x-pkcs7-certificates
    pgp: application/pgp-encrypted application/pgp-signature application/pgp-keys
    odt: {_ODF}text {_ODF}text-template {_ODF}text-master
    ods: {_ODF}spreadsheet {_ODF}spreadsheet-template
    odp: {_ODF}presentation {_ODF}presentation-template
"""
FAMILY: dict[str, str] = _grouped(_FAMILIES)

# (what the extension claims, what the content is), by family: no lie although they differ.
COMPATIBLE: frozenset[tuple[str, str]] = frozenset(
    {
        ("word-package", ENCRYPTED_OOXML),
        ("excel-package", ENCRYPTED_OOXML),
        ("powerpoint-package", ENCRYPTED_OOXML),
        ("xml", HTML),
        ("xml", "application/vnd.ms-wordml"),
        ("xml", "application/vnd.ms-spreadsheetml"),
        ("xml", _ODF + "text-flat-xml"),
        ("iwork", ZIP),
        ("java", ZIP),
        (ZIP, "java"),
        ("application/vnd.google-earth.kmz", ZIP),
        ("application/x-pem-file", "pkcs7"),
        ("pgp", "text"),
        ("pkcs7", "application/x-pem-file"),
        ("audio/ogg", "video/ogg"),
        ("text", "application/x-pem-file"),
        ("text", "pgp"),
        ("text", "xml"),
    }
)

_CATEGORIES = f"""
    mail: message/rfc822 message/x-emlx application/vnd.ms-outlook application/ms-tnef
        application/pkcs7-mime application/pgp-encrypted application/x-mapi-message
    mailstore: application/mbox application/vnd.ms-outlook-pst application/x-outlook-express-dbx
        application/vnd.lotus-notes
    calendar: text/calendar
    contact: text/vcard
    archive: application/zip application/x-7z-compressed application/vnd.rar application/x-tar
        application/gzip application/x-bzip2 application/x-xz application/zstd
        application/x-lzma application/x-compress application/x-lz4 application/x-lzip
        application/x-lzop application/x-snappy-framed application/vnd.ms-cab-compressed
        application/x-archive application/x-xar application/x-cpio application/x-rpm
        application/x-ewf application/x-vhdx application/x-iso9660-image application/x-lha
        application/x-arj application/java-archive application/vnd.android.package-archive
        application/warc
    document: application/vnd.sun.xml.writer application/vnd.sun.xml.writer.template
        application/vnd.fdf application/msword application/rtf application/vnd.ms-wordml
        application/vnd.wordperfect application/vnd.ms-works application/vnd.apple.pages
        application/vnd.apple.iwork application/onenote application/epub+zip
        application/x-mspublisher application/vnd.stardivision.writer application/x-hwp-v5
        application/vnd.ms-xpsdocument application/postscript application/vnd.ms-htmlhelp
        {_ODF}text {_ODF}text-template {_ODF}text-master {_ODF}text-flat-xml {_ODF}formula
    spreadsheet: application/vnd.sun.xml.calc application/vnd.ms-excel
        application/vnd.ms-spreadsheetml application/vnd.lotus-1-2-3 application/x-quattro-pro
        application/vnd.apple.numbers application/vnd.stardivision.calc {_ODF}spreadsheet
        {_ODF}spreadsheet-template {_ODF}spreadsheet-flat-xml text/csv text/tab-separated-values
    presentation: application/vnd.sun.xml.impress application/vnd.ms-powerpoint
        application/vnd.apple.keynote application/vnd.stardivision.impress {_ODF}presentation
        {_ODF}presentation-template {_ODF}presentation-flat-xml
    drawing: application/vnd.sun.xml.draw application/vnd.visio application/vnd.ms-visio.drawing
        application/vnd.stardivision.draw {_ODF}graphics application/sldworks image/vnd.dwg
        image/svg+xml
    pdf: application/pdf
    web: text/html
    project: application/vnd.ms-project
    database: application/vnd.sqlite3 application/x-msaccess application/x-dbf
    program: application/vnd.microsoft.portable-executable application/x-elf
        application/x-mach-o application/x-msi application/x-ms-shortcut
    signature: application/pkcs7-signature application/pgp-signature
        application/x-pkcs7-certificates application/pgp-keys application/x-pem-file
    text: application/xml application/rss+xml application/atom+xml application/rdf+xml
        application/json application/vnd.google-earth.kml+xml
"""
CATEGORIES: dict[str, str] = _grouped(_CATEGORIES)
CATEGORIES.update(
    (mime_type, name)
    for family, name in (
        ("word-package", "document"),
        ("excel-package", "spreadsheet"),
        ("powerpoint-package", "presentation"),
    )
    for mime_type, of in FAMILY.items()
    if of == family
)
