"""Answers to the exercise `shop_settings`."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from answers import right, wrong


@right
class AsShown(BaseSettings, hide_input_in_errors=True):
    page_size: int = Field(20, ge=1, le=100)
    api_key: SecretStr = Field(min_length=16)


@right
class WithAConfig(BaseSettings):
    model_config = SettingsConfigDict(hide_input_in_errors=True, env_ignore_empty=True)

    page_size: Annotated[int, Field(gt=0, lt=101)] = 20
    api_key: Annotated[SecretStr, Field(min_length=16)]


@wrong("the error shows the key that it refuses")
class ErrorShowsTheKey(BaseSettings):
    page_size: int = Field(default=20, ge=1, le=100)
    api_key: SecretStr = Field(min_length=16)


@right
class ByAValidator(BaseSettings, hide_input_in_errors=True):
    page_size: int = 20
    api_key: SecretStr

    @field_validator("page_size")
    @classmethod
    def limits(cls, size: int) -> int:
        if not 1 <= size <= 100:
            raise ValueError("from 1 to 100")
        return size

    @field_validator("api_key")
    @classmethod
    def length(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value()) < 16:
            raise ValueError("too short")
        return key


@wrong("it has no field `api_key`")
class OnlyTheSize(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)


@right
class InCapitals(BaseSettings, hide_input_in_errors=True):
    PAGE_SIZE: int = Field(20, ge=1, le=100)
    API_KEY: SecretStr = Field(min_length=16)


@wrong("the key is shown when the settings are printed")
class PlainText(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)
    api_key: str = Field(min_length=16)


@wrong("`api_key` is of the type str, not SecretStr")
class HiddenByHand(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)
    api_key: str = Field(min_length=16, repr=False)


@wrong("without the variable API_KEY, there is no error")
class WithADefault(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)
    api_key: SecretStr = Field(SecretStr("a key of the developer"), min_length=16)


@wrong("a key of 15 characters is taken")
class AnyKey(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)
    api_key: SecretStr


@wrong("a key of 16 characters is refused")
class OneTooLong(BaseSettings):
    page_size: int = Field(20, ge=1, le=100)
    api_key: SecretStr = Field(min_length=17)


@wrong("with PAGE_SIZE=0, there is no error")
class NoLimits(BaseSettings):
    page_size: int = 20
    api_key: SecretStr = Field(min_length=16)


@wrong("with PAGE_SIZE=101, there is no error")
class NoUpperLimit(BaseSettings):
    page_size: int = Field(20, ge=1)
    api_key: SecretStr = Field(min_length=16)


@wrong("a good key with no PAGE_SIZE is refused: page_size: Field required")
class NoDefault(BaseSettings):
    page_size: int = Field(ge=1, le=100)
    api_key: SecretStr = Field(min_length=16)


@wrong("`page_size` is 10, and should be 20")
class AnotherDefault(BaseSettings):
    page_size: int = Field(10, ge=1, le=100)
    api_key: SecretStr = Field(min_length=16)


@wrong("`page_size` is 20.0, which is no whole number")
class AFloat(BaseSettings):
    page_size: float = Field(20, ge=1, le=100)
    api_key: SecretStr = Field(min_length=16)


@wrong("it is no class that is made of `BaseSettings`")
class NoSettings:
    page_size = 20
    api_key = ""


@wrong("`PAGE_SIZE` is 20.0, which is no whole number")
class InCapitalsAndAFloat(BaseSettings, hide_input_in_errors=True):
    PAGE_SIZE: float = Field(20.0, ge=1, le=100)
    API_KEY: SecretStr = Field(min_length=16)


@wrong("a limit is of the wrong kind: a text takes min_length and max_length")
class LimitOfANumber(BaseSettings, hide_input_in_errors=True):
    page_size: int = Field(20, ge=1, le=100)
    api_key: SecretStr = Field(ge=16)
