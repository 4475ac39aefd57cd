"""The two byte ciphers of [MS-PST] section 5: obfuscation, not protection; no key is needed."""

from __future__ import annotations

# [MS-PST] 5.1: the decoding permutation and the middle table of the cyclic cipher.
_DECODE = bytes.fromhex(
    "47f1b4e60b6a7248854e9eebe2f89453e0bba002e85a09abdbe3bac67cc310dd39059630f5376082"
    "8cc9134a6b1df3fb8f2697ca911701c4322d6e3195ffd923d1005e79dc443b1a28c5615720903d83"
    "b943be67d2464276c06d5b7eb20f16293ca903540dda5ddff6b7c762cd8d06d3695c86d614f7a566"
    "75acb1e94521700c879f74a4224c6fbf1f56aa2eb3783350b0a392bccf191ca763cb1e4d3e4b1b9b"
    "4fe7f0eead3ab55904ea40552551e57a893868527bfc27aed7bdfa07f4cc8e5fef359c842b15d577"
    "3449b6120a7f7188fd9d18417d93d8582ccefe24afdeb836c8a180a69998a82f0e816573e4c2a28a"
    "d4e111d0088b2af2ed9a643fc16cf9ec"
)
_MIDDLE = bytes.fromhex(
    "14530f56b3c87a9ceb65481716159f02cc547c83000d0c0ba262a876dbd9edc7c5a4dcac8574d6d0"
    "a79bae9a967166c36399b8dd73928e847da55ed15d93b1575150808952944f4e0a6bbc8d7f6e4746"
    "4140440111cb033ff7f4e1a98f3c3af9fbf0193082092ec99da08649ee6f4d6dc42d813425871b88"
    "aafc06a11238fd4c4272641337246a757743ffe6b44b365ce4d8353d45b92cecb7312b290768a30e"
    "697b189e2139be281a5b78f523ca2ab0af3efe048ce7e5983295d3f64ae8a6eae9f3d52f7020f21f"
    "0567ad5510cecde3273bdabad7c226d4911dd21c2233f8faf15aefcf90b68bb5bdc0bf08971e6ce2"
    "61e0c6c159abbb58de5fdf60797eb28a"
)
_ENCODE = bytes(_DECODE.index(n) for n in range(256))


def unpermute(data: bytes) -> bytes:
    """``data`` of a store with compressible encryption (method 1), in clear."""
    return data.translate(_DECODE)


def permute(data: bytes) -> bytes:
    """The reverse of :func:`unpermute`."""
    return data.translate(_ENCODE)


def cyclic(data: bytes, key: int) -> bytes:
    """``data`` of a store with high encryption (method 2), in clear; it is its own reverse.

    ``key`` is the low 32 bits of the block's number.
    """
    word = (key ^ (key >> 16)) & 0xFFFF
    result = bytearray(len(data))
    for at, byte in enumerate(data):
        low, high = word & 0xFF, word >> 8
        byte = _ENCODE[(byte + low) & 0xFF]
        byte = _MIDDLE[(byte + high) & 0xFF]
        byte = _DECODE[(byte - high) & 0xFF]
        result[at] = (byte - low) & 0xFF
        word = (word + 1) & 0xFFFF
    return bytes(result)
