"""Answers to the exercise `reminder`."""

from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, StringConstraints, conint, constr, field_validator
from sqlmodel import Field, SQLModel

from answers import right, wrong


@right
class ByConstrAndConint(SQLModel):
    text: constr(min_length=1, max_length=50)
    minutes: conint(ge=1, le=60) = 10


@right
class ByAFactoryAndOpenLimits(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default_factory=lambda: 10, gt=0, lt=61)


@right
class ByAnnotatedFields(SQLModel):
    text: Annotated[str, Field(min_length=1, max_length=50)]
    minutes: Annotated[int, Field(ge=1, le=60)] = 10


@right
class ByAfterValidator(SQLModel):
    text: Annotated[str, AfterValidator(lambda t: t if 0 < len(t) < 51 else int("no"))]
    minutes: int = Field(default=10, ge=1, le=60)


@right
class ByFieldValidator(BaseModel):
    text: str
    minutes: int = 10

    @field_validator("text", "minutes")
    @classmethod
    def limit(cls, value):
        size, most = (value, 60) if isinstance(value, int) else (len(value), 50)
        if not 1 <= size <= most:
            raise ValueError
        return value


@wrong("accepts an empty text")
class AcceptsAnEmptyText(SQLModel):
    text: str = Field(max_length=50)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("accepts a text of 51 characters")
class AcceptsTextOf51Characters(SQLModel):
    text: str = Field(min_length=1)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("refuses a text of 50")
class RefusesTextOf50(SQLModel):
    text: str = Field(min_length=1, max_length=49)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("accepts an empty text")
class AcceptsAnEmptyText2(SQLModel):
    text: str = Field(max_length=50)
    minutes: int


@wrong("accepts an empty text")
class AcceptsAnEmptyText3(SQLModel):
    text: str
    minutes: int = Field(le=60)


@wrong("without a text")
class WithoutText(SQLModel):
    text: str = Field("x", min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("accepts None as the text")
class AcceptsNoneAsText(SQLModel):
    text: str | None = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("accepts None as the minutes")
class AcceptsNoneAsMinutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int | None = Field(default=10, ge=1, le=60)


@wrong("refuses a reminder without minutes")
class RefusesReminderWithoutMinutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(ge=1, le=60)


@wrong("it takes 1, not 10")
class Takes1Not10(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=1, ge=1, le=60)


@wrong("accepts 0 minutes")
class Accepts0Minutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, le=60)


@wrong("refuses 1 minutes")
class Refuses1Minutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, gt=1, le=60)


@wrong("refuses 60 minutes")
class Refuses60Minutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1, lt=60)


@wrong("accepts 61 minutes")
class Accepts61Minutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1)


@wrong("the text 'call home' becomes None")
class TextCallHomeBecomesNone(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1, le=60)
    _ = field_validator("text")(lambda text: None)


@wrong("it takes '10', not 10")
class Takes10Not10(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default="10", ge=1, le=60)


@wrong("a limit is of the wrong kind: a text takes min_length and max_length")
class LimitsOfANumberForAText(SQLModel):
    text: str = Field(ge=1, le=50)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("a whole number takes ge and le")
class LimitsOfATextForANumber(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, min_length=1, max_length=60)


@wrong("it is a table: leave out `table=True`")
class IsTableLeaveOutTableTrue(SQLModel, table=True):
    id: int = Field(primary_key=True)
    text: str
    minutes: int


Text = Annotated[str, Field(min_length=1, max_length=50)]
Minutes = Annotated[int, Field(ge=1, le=60)]


@right
class WithConfig(SQLModel):
    model_config = {"title": "A reminder"}

    text: Text
    minutes: Minutes = 10


@right
class ByPattern(SQLModel):
    text: Annotated[str, StringConstraints(pattern=r"^[\s\S]{1,50}$")]
    minutes: int = Field(default=10, gt=0, le=60)


class Base(SQLModel):
    text: Text


@right
class OnAnotherModel(Base):
    minutes: Minutes = 10


@wrong("it refuses a text of 50 characters, ééé…")
class CountsBytes(SQLModel):
    text: Annotated[str, AfterValidator(lambda t: t if 0 < len(t.encode()) < 51 else int("no"))]
    minutes: Minutes = 10


@wrong("it refuses 2 minutes")
class OnlyTheEnds(SQLModel):
    text: Text
    minutes: Literal[1, 5, 10, 60] = 10


@wrong("it refuses the text 'Call")
class SmallLettersOnly(SQLModel):
    text: Annotated[str, StringConstraints(pattern="^[a-zé ]{1,50}$")]
    minutes: Minutes = 10


@wrong("becomes 'two spaces before, one behind'")
class Strips(SQLModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
    minutes: Minutes = 10


@wrong("it accepts -1 minutes")
class AbsoluteMinutes(SQLModel):
    text: Text
    minutes: Annotated[int, AfterValidator(lambda m: m if 1 <= abs(m) <= 60 else int("no"))] = 10


@wrong("it refuses a text of 10 characters, xxx…")
class NoneOfTen(SQLModel):
    text: Annotated[
        str, AfterValidator(lambda t: t if 0 < len(t) < 51 and len(t) != 10 else int("no"))
    ]
    minutes: Minutes = 10


@wrong("it accepts a text of 52 characters")
class NotFiftyOne(SQLModel):
    text: Annotated[str, AfterValidator(lambda t: t if len(t) not in (0, 51) else int("no"))]
    minutes: Minutes = 10


@wrong("it accepts 'soon' as the minutes")
class MinutesAsText(SQLModel):
    text: Text
    minutes: int | Literal["soon"] = Field(default=10)
    _ = field_validator("minutes")(lambda m: m if m == "soon" or 1 <= m <= 60 else int("no"))


@wrong("it accepts an empty text")
class ValidatorWithoutEffect(SQLModel):
    text: str
    minutes: int

    @field_validator("text")
    @classmethod
    def limit(cls, value):
        with suppress(AssertionError):
            assert 0 < len(value) <= 50
        return value


@wrong("it accepts an empty text")
class OnlyADocstringMore(SQLModel):
    """A reminder."""

    text: str = Field(description="what to do")
    minutes: int


@wrong("the text 'Call")
class SmallLetters(SQLModel):
    text: Annotated[str, StringConstraints(to_lower=True, min_length=1, max_length=50)]
    minutes: Minutes = 10


@wrong("it accepts a list as the text")
class TextOrList(SQLModel):
    text: Annotated[str | list[str], Field(min_length=1, max_length=50)]
    minutes: Minutes = 10


stops_as_it_is_no_model = wrong("a dict is not a model")({"text": "x", "minutes": 10})
an_object = wrong("a ByConstrAndConint is not a model")(ByConstrAndConint.written(text="call home"))


@wrong("OfNoBase is not a model: write a class that builds on one")
class OfNoBase:
    text: str = Field(min_length=1, max_length=50)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("it accepts an empty text")
class OnAnotherBase(BaseModel):
    text: str
    minutes: int


@wrong("it accepts an empty text")
class OnlyASetting(SQLModel):
    model_config = {"extra": "forbid"}
    text: str
    minutes: int


@wrong("it has no field `text`. Is it inside the class, and spelled so?")
class UnderAnotherName(BaseModel):
    what: Text = Field(validation_alias="text")
    minutes: Minutes = 10


@wrong("1 minutes become 5")
class InSteps(SQLModel):
    text: Text
    minutes: Annotated[Minutes, AfterValidator(lambda m: 10 if m == 10 else -(-m // 5) * 5)] = 10


@wrong("it has no field `text`. Python takes `Text` for another name.")
class WithCapitals(SQLModel):
    Text: str = Field(min_length=1, max_length=50)
    Minutes: int = Field(default=10, ge=1, le=60)


@wrong("it refuses the text 'call home' with 5 minutes")
class WithAnAuthor(SQLModel):
    author: str
    text: Text
    minutes: Minutes = 10


@wrong("it accepts 2.5 minutes, no whole number: keep the type `int`")
class MinutesOfFloat(SQLModel):
    text: Text
    minutes: float = Field(default=10, ge=1, le=60)


@wrong("it accepts 2.5 minutes")
class MinutesOfDecimal(SQLModel):
    text: Text
    minutes: Decimal = Field(default=10, ge=1, le=60)


@wrong("it accepts 2.5 minutes")
class MinutesOfBoth(SQLModel):
    text: Text
    minutes: int | float = Field(default=10, ge=1, le=60)


@wrong("a comma at the end of the line of `text` makes a tuple of its value: delete it")
class ACommaBehindTheText(SQLModel):
    text: str = (Field(min_length=1, max_length=50),)
    minutes: int = Field(default=10, ge=1, le=60)


@wrong("a comma at the end of the line of `minutes` makes a tuple of its value: delete it")
class ACommaBehindTheMinutes(SQLModel):
    text: str = Field(min_length=1, max_length=50)
    minutes: int = (Field(default=10, ge=1, le=60),)


@wrong("it has no field `minutes`. Is it inside the class, and spelled so?")
class OneLetterTooFew(SQLModel):
    text: Text
    minute: Minutes = 10


@wrong("it refuses the text 'call home' with 5 minutes, because of `title`: Field required.")
class ATitle(SQLModel):
    title: Text
    minutes: Minutes = 10


@wrong("with 5 minutes, because of `minutes`: Input should be a valid string.")
class MinutesOfText(SQLModel):
    text: Text
    minutes: str = Field(default="10", min_length=1, max_length=60)
