"""What RTF's control words mean for its text: characters, breaks, destinations, charsets."""

from __future__ import annotations

# Control words and symbols that stand for characters.
CHARACTERS: dict[bytes, str] = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"column": "\n", b"row": "\n",
    b"nestrow": "\n", b"softline": "\n", b"softpage": "\n", b"tab": "\t", b"cell": "\t",
    b"nestcell": "\t", b"emdash": "\u2014", b"endash": "\u2013", b"emspace": "\u2003",
    b"enspace": "\u2002", b"qmspace": "\u2005", b"bullet": "\u2022", b"lquote": "\u2018",
    b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"zwj": "\u200d",
    b"zwnj": "\u200c", b"ltrmark": "\u200e", b"rtlmark": "\u200f", b"~": "\u00a0", b"_": "\u2011",
    b"-": "", b"\n": "\n", b"\r": "\n", b"\t": "\t", b"{": "{", b"}": "}", b"\\": "\\",
    b"|": "", b":": "",
}  # fmt: skip

# Destinations whose content is no text of the document.
SKIPPED = frozenset(
    b"colortbl stylesheet listtable listoverridetable revtbl rsidtbl themedata colorschememapping "
    b"datastore latentstyles xmlnstbl filetbl pgptbl nonesttables nonshppict ftnsep ftnsepc ftncn "
    b"aftnsep aftnsepc aftncn pn pnseclvl bkmkstart bkmkend bkmkpub blipuid fontemb fontfile falt "
    b"panose fname objclass objname objalias objsect objtime oleclsid mmathPict mmathPr mdefJc "
    b"nesttableprops atnid atnref atndate atnicn atntime atrfstart atrfend atnparent background "
    b"private passwordhash protusertbl oldcprops oldpprops oldsprops oldtprops wgrffmtfilter "
    b"writereservhash xform keycode nextfile template windowcaption aftnnrlc mailmerge "
    b"ebcstart ebcend factoidname gridtbl datafield fldtype hl hlfr hlloc hlsrc hsv ffname "
    b"ffformat ffstattext ffhelptext ffentrymcr ffexitmcr listname liststylename leveltext "
    b"levelnumbers lfolevel picprop pgp svb".split()
)

# Destinations marked as ignorable whose content a reader sees nevertheless.
SEEN = frozenset(
    b"shppict shpinst shptxt do dptxbxtext annotation atnauthor ud fldinst objdata shprslt "
    b"moMath moMathPara footnote ftnalt generator company manager category userprops "
    b"pict formfield ffdeftext ffl fldrslt listtext pntext hlinkbase xe tc tcn".split()
)

HEADERS = frozenset(b"header headerl headerr headerf footer footerl footerr footerf".split())

# Words of the info group and the fields that they fill.
INFO: dict[bytes, str] = {
    b"title": "title", b"subject": "subject", b"author": "author", b"operator": "last_author",
    b"manager": "manager", b"company": "company", b"category": "category_property",
    b"keywords": "keywords", b"doccomm": "comments", b"comment": "comments",
    b"hlinkbase": "hyperlink_base",
}  # fmt: skip
TIMES: dict[bytes, str] = {
    b"creatim": "created_at", b"revtim": "modified_at", b"printim": "printed_at",
    b"buptim": "backed_up_at",
}  # fmt: skip
TIME_PARTS: dict[bytes, int] = {b"yr": 0, b"mo": 1, b"dy": 2, b"hr": 3, b"min": 4, b"sec": 5}
COUNTS: dict[bytes, str] = {
    b"nofpages": "page_count", b"nofwords": "word_count", b"nofchars": "character_count",
    b"version": "revision", b"edmins": "editing_minutes",
}  # fmt: skip

# Windows charset of a font to code page; 1 means the document's own, 2 is a symbol font.
CHARSETS: dict[int, int] = {
    0: 1252, 77: 10000, 78: 10001, 79: 949, 80: 936, 81: 950, 83: 10006, 84: 1255, 85: 1256,
    86: 10081, 87: 874, 88: 1250, 89: 10007, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950,
    161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 179: 1256, 180: 1256, 181: 1255,
    186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip

PICTURES: dict[bytes, str] = {
    b"pngblip": ".png", b"jpegblip": ".jpg", b"emfblip": ".emf", b"wmetafile": ".wmf",
    b"macpict": ".pict", b"dibitmap": ".bmp", b"wbitmap": ".bmp",
}  # fmt: skip
