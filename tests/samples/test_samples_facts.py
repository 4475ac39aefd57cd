"""That the collection is the same each time, and that what is said to be wrong is wrong."""

from __future__ import annotations

import email
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pymupdf
import pytest
import pyzipper
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs7
from PIL import Image

from samples import make


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of each file."""
    return {
        p.relative_to(root).as_posix(): (
            hashlib.sha256(p.read_bytes()).hexdigest(),
            int(p.stat().st_mtime) if p.parent != root else 0,
        )
        for p in root.rglob("*")
        if p.is_file()
    }


def test_two_runs_give_the_same_bytes(sample: Any, tmp_path: Path) -> None:
    again = make(tmp_path / "again")
    assert tree(tmp_path / "again") == tree(sample.root)
    assert again == sample.facts


def test_zone_language_and_hash_seed_do_not_matter(sample: Any, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONHASHSEED": "4242", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-m", "samples", str(tmp_path / "out")]
    checkout = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("total: ")
    assert tree(tmp_path / "out") == tree(sample.root)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"thesis\.docx"):
        make(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_the_file_says_what_the_function_says(sample: Any) -> None:
    written = json.loads((sample.root / "facts.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(sample.facts.as_dict()))


def test_counts_add_up(sample: Any) -> None:
    facts = sample.facts
    for mode in ("with_passwords", "without_passwords"):
        counts = facts.counts[mode]
        for row in counts.values():
            assert row["seen"] == sum(
                row[k] for k in ("documents", "containers", "suppressed", "failed")
            )
            for split in ("by_state", "by_relation", "by_kind"):
                assert sum(row[split].values()) == row["documents"]
        for key in ("source_files", "seen", "documents", "containers", "families"):
            assert counts["total"][key] == sum(counts[o][key] for o in facts.custodians)
    total = facts.counts["with_passwords"]["total"]
    assert 380 <= total["documents"] <= 420
    assert len({i.id for i in facts.items}) == total["seen"] == len(facts.items)
    files = sum(p.is_file() for o in facts.custodians for p in (sample.root / o).rglob("*"))
    assert total["source_files"] == files
    assert len(facts.languages) >= 4
    assert len(facts.charsets) >= 6


def test_the_readme_gives_the_right_size(sample: Any) -> None:
    total = sample.facts.counts["with_passwords"]["total"]
    readme = (Path(__file__).resolve().parents[2] / "samples" / "README.md").read_text("utf-8")
    size = f"{total['source_files']} source files, {total['documents']} documents"
    assert size in readme.replace("\n", " ")
    for key in sample.facts.as_dict():
        assert f"`{key}" in readme, key


def test_families_are_trees_under_one_top(sample: Any) -> None:
    items = {i.id: i for i in sample.facts.items}
    for top, members in sample.facts.families.items():
        assert items[top].family == top
        for member in members:
            above = items[member]
            while above.parent and above.id != top:
                above = items[above.parent]
            assert above.id == top


def data_of(sample: Any, item: Any) -> bytes:
    return bytes((sample.root / item.folder / item.source).read_bytes())


def test_digests_of_source_files(sample: Any) -> None:
    tops = [i for i in sample.facts.items if not i.parent]
    for item in tops:
        data = data_of(sample, item)
        assert (item.size, item.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_digests_of_attachments(sample: Any) -> None:
    by_parent: dict[str, Counter[str]] = {}
    for item in sample.facts.items:
        if item.parent and item.sha256:
            by_parent.setdefault(item.parent, Counter())[item.sha256] += 1
    checked = 0
    for item in sample.facts.items:
        if item.parent or item.mime != "message/rfc822" or item.id not in by_parent:
            continue
        message = email.message_from_bytes(data_of(sample, item))
        found = Counter(
            hashlib.sha256(part.get_payload(decode=True)).hexdigest()
            for part in message.walk()
            if part.get_filename() and not part.is_multipart()
        )
        assert found == by_parent[item.id], item.source
        checked += 1
    assert checked > 5


def by_name(sample: Any, name: str) -> Any:
    found = [i for i in sample.facts.items if i.name == name]
    assert found, name
    return found[0]


def test_broken_things_are_broken(sample: Any) -> None:
    corrupt = by_name(sample, "Price schedule final.docx")
    truncated = by_name(sample, "furnace logs.zip")
    for item in (corrupt, truncated):
        data = data_of(sample, item)
        assert data.startswith(b"PK\3\4")
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(data))
        assert {"corrupt", "truncated"} <= set(item.states)
    assert by_name(sample, "furnace log.txt").states[0] == "truncated"
    assert data_of(sample, by_name(sample, "new document.txt")) == b""
    assert by_name(sample, "RH-7 pattern.kxd").states == ["unsupported"]
    broken = next(i for i in sample.facts.items if i.mail and i.mail["subject"] == "scanner list")
    assert "warnings" in broken.states
    raw = (sample.root / "john" / broken.source).read_bytes()
    start = raw.index(broken.mail["message_id"].encode())
    boundary = re.search(rb'boundary="([^"]+)"', raw[start:])
    assert boundary
    assert raw.count(boundary[1]) == 3  # named once, used twice, never closed
    assert b"--" + boundary[1] + b"--" not in raw


def test_locked_things_are_locked(sample: Any) -> None:
    items = {i.id: i for i in sample.facts.items}
    bank = sample.facts.passwords["bank"]
    assert (sample.root / "passwords.txt").read_text().split("\n")[:-1] == bank
    state = {True: 0, False: 0}
    for opened, ids in ((True, sample.facts.passwords["opened"]),
                        (False, sample.facts.passwords["closed"])):  # fmt: skip
        for item in (items[i] for i in ids):
            if item.relation != "file":
                continue
            data = data_of(sample, item)
            if item.kind == "pdf":
                document = pymupdf.open(stream=data)
                assert document.needs_pass
                tries = [bool(document.authenticate(p)) for p in bank]
            else:
                archive = pyzipper.AESZipFile(io.BytesIO(data))
                name = archive.namelist()[0]
                with pytest.raises(RuntimeError):
                    archive.read(name)
                tries = [_opens(archive, name, p) for p in bank]
            assert any(tries) is opened, item.source
            assert (item.states == ["encrypted"]) is not opened
            assert item.without_passwords == ["document", "encrypted"]
            state[opened] += 1
    assert state == {True: 2, False: 2}


def _opens(archive: Any, name: str, password: str) -> bool:
    try:
        archive.setpassword(password.encode())
        return bool(archive.read(name))
    except RuntimeError:
        return False


def test_pictures_hold_ink_and_no_text(sample: Any) -> None:
    scans = [i for i in sample.facts.items if i.text_in_picture and not i.parent]
    assert {i.kind for i in scans} == {"pdf", "image"}
    for item in scans:
        data = data_of(sample, item)
        if item.kind == "pdf":
            page = pymupdf.open(stream=data)[0]
            assert page.get_text().strip() == ""
            image = Image.frombytes("RGB", *_pixels(page))
        else:
            image = Image.open(io.BytesIO(data))
        histogram = image.convert("L").histogram()
        assert 0.002 < sum(histogram[:100]) / sum(histogram) < 0.2


def _pixels(page: Any) -> tuple[tuple[int, int], bytes]:
    pixels = page.get_pixmap(dpi=72)
    return (pixels.width, pixels.height), pixels.samples


def test_the_signature_is_good(sample: Any) -> None:
    raw = (sample.root / "jane" / "mail" / "inbox.mbox").read_bytes()
    start = raw.rindex(b"\nFrom ", 0, raw.index(b"smime.p7m"))
    message = email.message_from_bytes(raw[start:].split(b"\n", 2)[2].split(b"\n\nFrom ")[0])
    der = message.get_payload(decode=True)
    certificate = pkcs7.load_der_pkcs7_certificates(der)[0]
    content = der[der.index(b"Content-Type: multipart/mixed") : der.rindex(b"--\r\n") + 4]
    certificate.public_key().verify(der[-256:], content, padding.PKCS1v15(), SHA256())


def test_wrong_extensions(sample: Any) -> None:
    items = {i.id: i for i in sample.facts.items}
    starts = {data_of(sample, items[i])[:5] for i in sample.facts.mismatched}
    assert starts == {b"%PDF-", b"{\\rtf"}
    assert all(items[i].name.endswith(".doc") for i in sample.facts.mismatched)


def test_copies_of_one_mail(sample: Any) -> None:
    items = {i.id: i for i in sample.facts.items}
    kinds: Counter[str] = Counter()
    for group in sample.facts.duplicates["mail"]:
        members = [items[i] for i in group["items"]]
        assert {i.mail["message_id"] for i in members} == {group["message_id"]}
        kinds[group["kind"]] += 1
        if group["kind"] == "bytes":
            assert len({data_of(sample, i) for i in members}) == 1
        bodies = {_body(data_of(sample, i), group["message_id"]) for i in members
                  if i.mime != "application/vnd.ms-outlook"}  # fmt: skip
        assert (len(bodies) == 1) is (group["kind"] != "gateway"), group
    assert set(kinds) == {"bytes", "transport", "bcc", "format", "gateway"}
    assert sum(g["both_custodians"] for g in sample.facts.duplicates["mail"]) > 60


def _body(data: bytes, message_id: str) -> bytes:
    """What stands below the header of the message, up to the end of its outermost part."""
    data = data.replace(b"\r\n", b"\n")
    start = data.index(f"Message-ID: {message_id}".encode())
    body = data[data.index(b"\n\n", start) :]
    body = re.split(rb"\nFrom \S+@\S+ \w{3} |<\?xml version|\Z", body)[0]
    return re.sub(rb"(?m)^>(From )", rb"\1", body).strip()


def test_loose_duplicates_and_system_files(sample: Any) -> None:
    items = {i.id: i for i in sample.facts.items}
    for group in sample.facts.duplicates["files"]:
        assert {items[i].sha256 for i in group["items"]} == {group["sha256"]}
        assert all(items[i].family == i for i in group["items"])
    listed = (sample.root / "denist.txt").read_text().split()
    assert [i.sha256 for i in sample.facts.items if i.sha256 in listed] == listed * 3
    assert len(sample.facts.denist["items"]) == 3


def test_threads(sample: Any) -> None:
    known = {i.mail["message_id"] for i in sample.facts.items if i.mail}
    threads = sample.facts.threads
    assert len(threads["missing"]) == 1
    assert not set(threads["missing"]) & known
    assert set(threads["parents"]) <= known
    assert set(threads["parents"].values()) - known == set(threads["missing"])


def test_drafts_are_near_duplicates(sample: Any) -> None:
    import docx

    texts = []
    for version in (1, 2, 3):
        item = by_name(sample, f"SC-2024-117 supply agreement v{version}.docx")
        document = docx.Document(io.BytesIO(data_of(sample, item)))
        text = " ".join(p.text for p in document.paragraphs).split()
        texts.append(set(zip(text, text[1:], text[2:], strict=False)))
    for one, two in pairwise(texts):
        assert 0.7 < len(one & two) / len(one | two) < 1


def test_personal_data_is_what_it_claims(sample: Any) -> None:
    text = data_of(sample, by_name(sample, "Starter form R Field.txt")).decode()
    for row in sample.facts.personal:
        assert row["value"] in text
        digits = re.sub(r"\W", "", row["value"])
        if row["kind"] == "card":
            doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
            assert (sum(d // 10 + d % 10 for d in doubled) % 10 == 0) is row["valid"]
        if row["kind"] == "iban":
            turned = "".join(str(int(c, 36)) for c in digits[4:] + digits[:4])
            assert (int(turned) % 97 == 1) is row["valid"]


def test_privileged_mail_has_a_lawyer_or_her_words(sample: Any) -> None:
    mails = {i.mail["message_id"]: i.mail for i in sample.facts.items if i.mail}
    assert len(sample.facts.privileged) >= 6
    for message_id in sample.facts.privileged:
        mail = mails[message_id]
        everybody = " ".join([mail["from"], *mail["to"], *mail["cc"], mail["subject"]])
        assert re.search(r"lawfirm\.example|Whitcombe", everybody), mail
