"""Query text to query tree, by recursive descent; the language is described in docs/search.md.

Binding, tightest first: adjacent words (a phrase), ``w/N`` and ``pre/N`` (from the left), NOT,
AND, OR. What the tree says can always be read back with ``describe()``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from ediscovery.search import words
from ediscovery.search.dates import date_range
from ediscovery.search.distribute import expression_of, flat, has_and, lift, near_depth
from ediscovery.search.fields import FIELDS, KEYWORD_FIELDS, WORD_FIELDS, meant
from ediscovery.search.lexer import QueryError, Token, shown, tokens
from ediscovery.search.tree import (
    And,
    Attachment,
    Condition,
    Fuzzy,
    Keyword,
    Match,
    Near,
    Not,
    Or,
    Phrase,
    Term,
    Wildcard,
    Word,
    WordExpression,
    leaves,
    term_count,
)

MAX_CHARACTERS = 500_000
MAX_TERMS = 20_000
MAX_DEPTH = 50
MAX_NESTED_NEAR = 10

_PREFIX = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*):(.*)\Z", re.S)
_FUZZY = re.compile(r"(.*[^\s~])~(\d*)\Z", re.S)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """The tree, and ``notes``: sentences on what in the query is easily meant otherwise."""

    tree: Condition
    notes: tuple[str, ...]

    def describe(self) -> str:
        """How the query was understood: normalised words, every parenthesis written out."""
        return self.tree.describe()


def parse(
    query: str,
    zone: tzinfo = UTC,
    *,
    max_characters: int = MAX_CHARACTERS,
    max_terms: int = MAX_TERMS,
) -> ParsedQuery:
    """Read ``query``; the days of ``date:`` are those of ``zone``.

    Raises :class:`QueryError` with the column and what to write instead, also when the query is
    longer than ``max_characters`` or holds more than ``max_terms`` words, patterns and values.
    """
    if len(query) > max_characters:
        raise QueryError(
            f"the query has {len(query):,} characters and may have {max_characters:,}",
            "Cut it into several queries.",
            max_characters + 1,
            "",
        )
    return _Parser(query, zone, max_terms).parse()


@dataclass(frozen=True, slots=True)
class _Scope:
    """The field in force: outside every field it is the text."""

    field: str = "text"
    label: str = ""
    written: bool = False


class _Parser:
    def __init__(self, query: str, zone: tzinfo, max_terms: int) -> None:
        self.query = query
        self.zone = zone
        self.max_terms = max_terms
        self.tokens = tokens(query)
        self.at = 0
        self.depth = 0
        self.bare_and = False  # whether the last operand of an OR was an AND without parentheses
        self.notes: dict[str, None] = {}

    # -- reading tokens ----------------------------------------------------------------------------

    def error(self, problem: str, advice: str, token: Token | None) -> QueryError:
        column = token.column if token else len(self.query) + 1
        return QueryError(problem, f"{advice}.", column, self.query)

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next_is(self, *kinds: str) -> bool:
        token = self.peek()
        return token is not None and token.kind in kinds

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def parse(self) -> ParsedQuery:
        if not self.tokens:
            raise self.error("the query is empty", "Write a word", None)
        tree = self.either(_Scope())
        token = self.peek()
        if token is not None:
            raise self.error(
                "this parenthesis was never opened", "Leave it out or open one before it", token
            )
        count = term_count(tree)
        if count > self.max_terms:
            raise self.error(
                f"the query holds {count:,} words and may hold {self.max_terms:,}",
                "Cut it into several queries",
                self.tokens[0],
            )
        return ParsedQuery(tree, tuple(self.notes))

    # -- OR, AND, NOT ------------------------------------------------------------------------------

    def either(self, scope: _Scope) -> Condition:
        parts = [self.both(scope)]
        mixed = self.bare_and
        while self.next_is("or"):
            operator = self.take()
            self.operand_follows(operator)
            if self.next_is("not"):
                self.note("OR NOT finds every document without what follows; AND NOT is usual")
            parts.append(self.both(scope))
            mixed = mixed or self.bare_and
        if len(parts) == 1:
            return parts[0]
        if mixed:
            self.note("AND binds tighter than OR; put parentheses where another order is meant")
        return Or(tuple(flat(Or, parts)))

    def both(self, scope: _Scope) -> Condition:
        parts = [self.negation(scope)]
        while True:
            token = self.peek()
            if token is None or token.kind in {")", "or"}:
                break
            if token.kind == "not":
                raise self.bare_not(token)
            self.operand_follows(self.take())
            parts.append(self.negation(scope))
        self.bare_and = len(parts) > 1
        return And(tuple(flat(And, parts))) if self.bare_and else parts[0]

    def bare_not(self, token: Token) -> QueryError:
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        if after is not None and after.kind == "near":
            return self.error(
                f"NOT {after.text} is not supported",
                f"Write: breach AND NOT (breach {after.text} contract), which leaves out every "
                "document where the two are near each other",
                token,
            )
        return self.error("NOT needs AND or OR before it", "Write AND NOT", token)

    def operand_follows(self, operator: Token) -> None:
        token = self.peek()
        if token is None or token.kind in {"and", "or", "near", ")"}:
            what = f"before {shown(token.text)}" if token else "at the end"
            raise self.error(
                f"{operator.text} has nothing to its right {what}",
                f"Write a word after {operator.text}; to find the word itself, put it in quotes",
                operator,
            )

    def negation(self, scope: _Scope) -> Condition:
        if not self.next_is("not"):
            return self.proximity(scope)
        operator = self.take()
        self.operand_follows(operator)
        self.enter(operator)
        condition = self.negation(scope)
        self.depth -= 1
        return Not(condition)

    def enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(
                f"parentheses and NOT are nested more than {MAX_DEPTH} deep",
                "Take out parentheses that are not needed",
                token,
            )

    def note(self, sentence: str) -> None:
        self.notes[sentence + "."] = None

    # -- proximity ---------------------------------------------------------------------------------

    def proximity(self, scope: _Scope) -> Condition:
        start = self.peek()
        left = self.run(scope)
        count = 0
        while self.next_is("near"):
            operator = self.take()
            self.operand_follows(operator)
            if self.next_is("not"):
                raise self.inside("NOT", operator, self.peek())
            right_start = self.peek()
            right = self.run(scope)
            left = self.near(left, right, operator, start, right_start)
            count += 1
            if count == 2:
                self.note(
                    "Proximities without parentheses are read from the left: "
                    "a w/5 b w/9 c is (a w/5 b) w/9 c"
                )
        return left

    def near(
        self,
        left: Condition,
        right: Condition,
        operator: Token,
        left_start: Token | None,
        right_start: Token | None,
    ) -> Condition:
        for side, token in ((left, left_start), (right, right_start)):
            self.check_operand(side, operator, token)
        fields = {
            (leaf.field, leaf.label)
            for side in (left, right)
            for leaf in leaves(side)
            if isinstance(leaf, Match)
        }
        if len(fields) > 1:
            names = " and ".join(sorted(f"{field}:" for field, _ in fields))
            raise self.error(
                f"{operator.text} stands between words of different fields ({names})",
                f"Words are near each other only within one field: "
                f"subject:(breach {operator.text} contract)",
                operator,
            )
        if has_and(left) and has_and(right):
            raise self.error(
                f"AND stands on both sides of {operator.text}, which can be read in several ways",
                f"Write each proximity on its own: (a {operator.text} c) AND (b {operator.text} d)",
                operator,
            )
        if term_count(left) * term_count(right) > self.max_terms and (
            has_and(left) or has_and(right)
        ):
            raise self.error(
                "AND inside a proximity makes this query too large",
                "Write each proximity on its own",
                operator,
            )

        def join(one: WordExpression, other: WordExpression) -> WordExpression:
            near = Near(one, other, operator.distance, operator.ordered)
            if near_depth(near) > MAX_NESTED_NEAR:
                raise self.error(
                    f"proximities are nested more than {MAX_NESTED_NEAR} deep",
                    "Cut the query into parts joined by AND",
                    operator,
                )
            return near

        if has_and(right):
            fixed = expression_of(left)
            return lift(right, lambda match: join(fixed, match))
        fixed = expression_of(right)
        return lift(left, lambda match: join(match, fixed))

    def check_operand(self, side: Condition, operator: Token, token: Token | None) -> None:
        if isinstance(side, Not):
            raise self.inside("NOT", operator, token)
        if isinstance(side, And | Or):
            for child in side.conditions:
                self.check_operand(child, operator, token)
        elif not isinstance(side, Match):
            name = "attachment(...)" if isinstance(side, Attachment) else f"{side.describe()}"
            raise self.inside(shown(name), operator, token)

    def inside(self, what: str, operator: Token, token: Token | None) -> QueryError:
        advice = (
            f"Say it beside the proximity: (breach {operator.text} contract) AND NOT word"
            if what == "NOT"
            else f"Join it by AND: (breach {operator.text} contract) AND {what.strip(chr(39))}"
        )
        return self.error(f"{what} cannot stand inside a proximity", advice, token or operator)

    # -- words, phrases, groups, fields ------------------------------------------------------------

    def run(self, scope: _Scope) -> Condition:
        """One operand; bare words side by side make a phrase."""
        token = self.peek()
        self.expect_operand(token)
        assert token is not None
        if token.kind != "text" or not self.is_bare(token, scope):
            condition = self.primary(scope)
            if self.next_is("text", "quote", "("):
                raise self.adjacent(token, scope)
            return condition
        terms: list[Term] = []
        while self.next_is("text", "quote", "("):
            following = self.tokens[self.at]
            if following.kind != "text" or not self.is_bare(following, scope):
                raise self.adjacent(token, scope)
            terms += self.terms(self.take(), quoted=False)
        return Match(scope.field, _phrase(terms), scope.label)

    def adjacent(self, token: Token, scope: _Scope) -> QueryError:
        following = self.tokens[self.at]
        if following.kind == "(" and token.text.lower() == "attachment":
            return self.error(
                "a space parts attachment from its parenthesis", "Write attachment(...)", following
            )
        if following.glued:
            problem, advice = "a space is missing here", "Write a space and AND, OR or w/5 before"
        elif token.kind == "text" and token.text.endswith(":"):
            problem, advice = "a space follows the colon", f"Write {token.text}word"
        elif scope.field not in WORD_FIELDS:
            problem, advice = "an operator is missing here", "Write OR between the values"
        else:
            problem = "an operator is missing here"
            advice = "Write AND, OR or w/5 before this, or put the whole phrase in quotes"
        return self.error(problem, advice, following)

    def expect_operand(self, token: Token | None) -> None:
        if token is None:
            raise self.error("something is missing at the end", "Write a word", None)
        if token.kind == ")":
            raise self.error(
                "there is nothing before this parenthesis",
                "Write a word before it or leave it out",
                token,
            )
        if token.kind not in {"text", "quote", "("}:
            raise self.error(
                f"{token.text} has nothing to its left",
                f"Write a word before {token.text}; to find the word itself, put it in quotes",
                token,
            )

    def is_bare(self, token: Token, scope: _Scope) -> bool:
        if scope.field not in WORD_FIELDS or _PREFIX.match(token.text):
            return False
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        return not (following and following.glued and following.kind in {"(", "quote"})

    def primary(self, scope: _Scope) -> Condition:
        token = self.take()
        if token.kind == "(":
            return self.group(token, scope)
        if token.kind == "quote":
            return self.value(token, scope, quoted=True)
        following = self.peek()
        opens = following is not None and following.glued and following.kind == "("
        if opens and token.text.lower() == "attachment":
            if scope.written:
                raise self.error(
                    f"attachment(...) stands inside {scope.field}:", "Put it outside", token
                )
            return Attachment(self.group(self.take(), scope))
        prefix = _PREFIX.match(token.text)
        if prefix and scope.field in WORD_FIELDS:
            return self.field(prefix[1], prefix[2], token, scope)
        return self.value(token, scope, quoted=False)

    def group(self, opening: Token, scope: _Scope) -> Condition:
        self.enter(opening)
        if self.next_is(")"):
            raise self.error(
                "there is nothing between the parentheses", "Write a word there", opening
            )
        condition = self.either(scope)
        if not self.next_is(")"):
            raise self.error(
                "this parenthesis is never closed", "Close it after its last word", opening
            )
        self.take()
        self.depth -= 1
        return condition

    def field(self, name: str, rest: str, token: Token, scope: _Scope) -> Condition:
        if scope.written:
            raise self.error(
                f"the field {name}: stands inside the field {scope.field}:",
                "Put it outside the parentheses and join it by AND",
                token,
            )
        field = self.field_name(name, token)
        inner = _Scope(field, written=True)
        column = token.column + len(name) + 1
        if field == "entity":
            label = _PREFIX.match(rest)
            if label:
                inner = replace(inner, label=words.keyword(label[1]))
                rest, column = label[2], column + len(label[1]) + 1
        if rest:
            part = Token("text", rest, column, True)
            return self.value(part, inner, quoted=False)
        following = self.peek()
        if following is None or not following.glued or following.kind not in {"(", "quote"}:
            raise self.error(
                f"nothing follows {name}: directly",
                f'Write the value without a space: {name}:word or {name}:"two words"',
                token,
            )
        if following.kind == "quote":
            self.take()
            return self.value(following, inner, quoted=True)
        return self.group(self.take(), inner)

    def field_name(self, name: str, token: Token) -> str:
        lower = name.lower()
        if lower in FIELDS:
            return lower
        guess = meant(lower)
        advice = (
            f"Did you mean {guess}:? Known fields are {', '.join(FIELDS)}; "
            f"to find the text itself, put it in quotes"
            if guess
            else f"Known fields are {', '.join(FIELDS)}; to find the text itself, put it in quotes"
        )
        raise self.error(f"there is no field {shown(name)}", advice, token)

    # -- values ------------------------------------------------------------------------------------

    def value(self, token: Token, scope: _Scope, *, quoted: bool) -> Condition:
        text = token.text
        if scope.field == "date":
            try:
                return date_range(text.strip(), self.zone)
            except ValueError as error:
                raise self.error(
                    str(error),
                    "Write date:2001, date:2001-06, date:2001-06-30, a range as "
                    "date:2001-01..2001-06, or an open one as date:2001-01.. or date:..2001-06",
                    token,
                ) from None
        if scope.field in KEYWORD_FIELDS:
            value = re.sub(r"\*+", "*", words.keyword(text))
            if not value:
                raise self.error("the value is empty", f"Write {scope.field}:value", token)
            return Keyword(scope.field, value)
        return Match(scope.field, _phrase(self.terms(token, quoted=quoted)), scope.label)

    def terms(self, token: Token, *, quoted: bool) -> list[Term]:
        """The words and patterns of a token; at least one."""
        terms: list[Term] = []
        for piece in token.text.split() if quoted else [token.text]:
            terms += self.piece(piece, token)
        if not terms:
            raise self.error(
                f"{shown(token.text)} holds no letter and no digit, so there is nothing to search",
                "Write a word; punctuation is not indexed",
                token,
            )
        if quoted and token.text.rstrip().endswith("?"):
            self.note("A question mark stands for one character, in quotes too")
        return terms

    def piece(self, piece: str, token: Token) -> list[Term]:
        """The terms of a piece without white space: ``e-mail*`` has two."""
        fuzzy = _FUZZY.match(piece)
        if fuzzy is None:
            return [
                Wildcard(re.sub(r"\*+", "*", word)) if "*" in word or "?" in word else Word(word)
                for word in words.patterns(piece)
            ]
        found = words.patterns(fuzzy[1])
        edits = int(fuzzy[2][:3] or 1)
        if edits not in (1, 2):
            raise self.error(f"{shown(piece)} allows {edits} edits", "Write word~ or word~2", token)
        if len(found) != 1 or "*" in found[0] or "?" in found[0]:
            raise self.error(
                f"~ goes with one word without wildcards, and {shown(fuzzy[1])} is not one",
                "Write word~ or word~2",
                token,
            )
        return [Fuzzy(found[0], edits)]


def _phrase(terms: list[Term]) -> WordExpression:
    """Terms side by side; a lone ``*`` at either end asks for nothing and is left out."""
    known = [
        n for n, term in enumerate(terms) if not (isinstance(term, Wildcard) and term.any_word)
    ]
    kept = terms[known[0] : known[-1] + 1] if known else terms[:1]
    return kept[0] if len(kept) == 1 else Phrase(tuple(kept))
