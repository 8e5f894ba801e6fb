"""Answers to the exercise `reminder`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, conint, constr, field_validator
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


@wrong("it is a table: leave out `table=True`")
class IsTableLeaveOutTableTrue(SQLModel, table=True):
    id: int = Field(primary_key=True)
    text: str
    minutes: int
