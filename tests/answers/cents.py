"""Answers to the exercise `cents`."""

from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal

from answers import right, wrong


def hand_in(written, back=None):
    """Return the two functions: a class has both, a function needs the way back."""
    if isinstance(written, type):
        return written.to_cents, written.from_cents
    return written, back


def divide(cents):
    return None if cents is None else Decimal(cents) / 100


@right(back=divide)
def by_scaleb(price):
    if price is None:
        return None
    cents = price.scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError(price)
    return int(cents)


@right
class ByQuantize:
    @staticmethod
    def to_cents(price):
        if price is not None:
            if price != price.quantize(Decimal("0.01")):
                raise ValueError("half a cent")
            return int(price.scaleb(2))

    @staticmethod
    def from_cents(cents):
        if cents is not None:
            return Decimal(cents).scaleb(-2)


@right(back=lambda cents: cents if cents is None else Decimal(cents) * Decimal("0.01"))
def by_ratio(price):
    if price is None:
        return None
    top, bottom = (price * 100).as_integer_ratio()
    if bottom != 1:
        raise ValueError
    return top


@wrong("to_cents(Decimal('0.29')) gives 28, not 29", back=divide)
def through_a_float(price):
    return None if price is None else int(float(price) * 100)


@wrong("to_cents(Decimal('12345678901234567.89')) gives", back=divide)
def through_a_rounded_float(price):
    return None if price is None else round(float(price) * 100)


@wrong("to_cents(Decimal('0.29')) gives Decimal('29.00'), which is not an int", back=divide)
def stays_a_decimal(price):
    return None if price is None else price * 100


@wrong("to_cents(Decimal('0.295')) gives 29, and raises no ValueError", back=divide)
def cuts_off(price):
    return None if price is None else int(price * 100)


@wrong("to_cents(Decimal('0.295')) gives 30, and raises no ValueError", back=divide)
def rounds(price):
    if price is None:
        return None
    return int((price * 100).quantize(Decimal(1), ROUND_HALF_UP))


@wrong("to_cents(None) stops with TypeError, in the line `if price * 100 % 1:`", back=divide)
def forgets_none(price):
    if price * 100 % 1:
        raise ValueError
    return int(price * 100)


@wrong("to_cents(Decimal('0')) gives None, which is not an int", back=divide)
def no_price_for_nothing(price):
    return int(price * 100) if price else None


@wrong("from_cents(29) gives 0.29, which is no Decimal", back=lambda cents: cents and cents / 100)
def back_to_a_float(price):
    return None if price is None else int(price * 100)


@wrong("from_cents(29) gives Decimal('0'), not Decimal('0.29')")
class WholeUnits:
    @staticmethod
    def to_cents(price):
        return None if price is None else int(price * 100)

    @staticmethod
    def from_cents(cents):
        return None if cents is None else Decimal(cents // 100)


@wrong("from_cents(29) gives Decimal('0.28999", back=lambda cents: cents and Decimal(cents / 100))
def decimal_of_a_float(price):
    return None if price is None else int(price * 100)


@wrong("from_cents(None) stops with TypeError", back=lambda cents: Decimal(cents) / 100)
def way_back_forgets_none(price):
    return None if price is None else int(price * 100)


@wrong("from_cents(29) gives 29, which is no Decimal", back=lambda cents: cents)
def one_way(price):
    return None if price is None else int(price * 100)


@wrong(
    "to_cents(Decimal('0.29')) stops with ValueError, in the line `raise ValueError`", back=divide
)
def refuses_all(price):
    raise ValueError


@wrong("to_cents(Decimal('-0.01')) stops with ValueError", back=divide)
def refuses_negative(price):
    if price is not None and price < 0:
        raise ValueError
    return None if price is None else int(price * 100)


@wrong("to_cents(Decimal('0.29')) gives None, which is not an int", back=divide)
def catches_its_error(price):
    with suppress(NameError):
        return int(prices * 100)  # noqa: F821


@wrong("to_cents(Decimal('0.295')) stops with AssertionError, not with ValueError", back=divide)
def asserts(price):
    if price is None:
        return None
    assert price * 100 % 1 == 0
    return int(price * 100)


@wrong("to_cents(Decimal('0.295')) stops with Exception, not with ValueError", back=divide)
def raises_another_error(price):
    if price is None:
        return None
    if price * 100 % 1:
        raise Exception("a part of a cent")
    return int(price * 100)
