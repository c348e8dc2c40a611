"""What the official packages' types say of JSON: whether a value has a shape, and examples.

The packages describe requests as TypedDict (openai, anthropic, groq) or as pydantic models
(google-genai, mistralai), and replies as pydantic models. Their own validation lets unknown members
pass, so it is not used.
Never here: what is sent to whom, exceptions.
"""

import collections.abc
import enum
import functools
import types
import typing
from typing import get_args, get_origin

import pydantic
import typing_extensions

# What says of a member whether it is required, or more about its type.
MARKS = (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired)


@functools.cache
def members(shape):
    """The members of an object: name in JSON -> (type, whether it is required). None of others."""
    if typing_extensions.is_typeddict(shape):
        hints = typing_extensions.get_type_hints(shape, include_extras=True)
        found = {}
        for name, hint in hints.items():
            required = name in shape.__required_keys__
            alias = name
            while get_origin(hint) in MARKS:
                if get_origin(hint) is not typing.Annotated:
                    required = get_origin(hint) is typing_extensions.Required
                for note in getattr(hint, "__metadata__", ()):
                    alias = getattr(note, "alias", None) or alias
                hint = get_args(hint)[0]
            found[alias] = (hint, required)
        return found
    if isinstance(shape, type) and issubclass(shape, pydantic.BaseModel):
        return {
            field.alias or name: (field.annotation, field.is_required())
            for name, field in shape.model_fields.items()
            if not field.exclude
        }
    return None


ALIASES = (
    typing_extensions.TypeAliasType,
    getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType),
)


def plain(shape):
    """Without what says nothing of JSON: Annotated, Required, named aliases."""
    while True:
        if get_origin(shape) in MARKS:
            shape = get_args(shape)[0]
        elif hasattr(shape, "__supertype__"):
            shape = shape.__supertype__
        elif isinstance(get_origin(shape), ALIASES):
            shape = get_origin(shape).__value__[get_args(shape)]
        elif isinstance(shape, ALIASES):
            shape = shape.__value__
        else:
            return shape


def choices(shape):
    """The types of a union, nested ones too; one for any other shape."""
    shape = plain(shape)
    if get_origin(shape) in (typing.Union, types.UnionType):
        return [one for part in get_args(shape) for one in choices(part)]
    return [shape]


LISTS = (list, tuple, collections.abc.Iterable, collections.abc.Sequence)
PRIMITIVES = {
    str: (str,),
    bytes: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
    type(None): (type(None),),
}


def problems(value, shape, where=""):
    """What is wrong with a value, as (place, problem); places are like `input[]<message>.role`."""
    parts = choices(shape)
    if len(parts) > 1:
        results = []
        for part in parts:
            found = problems(value, part, where)
            if not found:
                return []
            results.append((unlike(value, part), len(found), found))
        return min(results, key=lambda one: one[:2])[2]
    shape = parts[0]
    origin = get_origin(shape)
    if shape in (typing.Any, object) or isinstance(shape, typing.TypeVar):
        return []
    if origin in (typing.Literal, typing_extensions.Literal):
        return (
            [] if value in get_args(shape) else [(where, f"{value!r} is none of the known values")]
        )
    if shape in PRIMITIVES:
        fits = isinstance(value, PRIMITIVES[shape]) and (
            shape is bool or not isinstance(value, bool)
        )
        return [] if fits else [(where, f"{kind(value)} in place of {shape.__name__}")]
    if isinstance(shape, type) and issubclass(shape, enum.Enum):
        return (
            []
            if value in [one.value for one in shape]
            else [(where, f"{value!r} is none of the known values")]
        )
    if origin in LISTS:
        if not isinstance(value, list):
            return [(where, f"{kind(value)} in place of a list")]
        found = [one for item in value for one in problems(item, get_args(shape)[0], where + "[]")]
        return list(dict.fromkeys(found))
    if origin in (dict, collections.abc.Mapping) or shape is dict:
        if not isinstance(value, dict):
            return [(where, f"{kind(value)} in place of an object")]
        item = (get_args(shape) or (str, object))[1]
        return [one for each in value.values() for one in problems(each, item, where + ".*")]
    known = members(shape)
    if known is None:
        # Files and the like, which no JSON is.
        return [(where, f"{kind(value)} in place of {shape}")]
    return of_object(value, known, where)


def of_object(value, known, where):
    if not isinstance(value, dict):
        return [(where, f"{kind(value)} in place of an object")]
    tag = value.get("type")
    here = f"{where}<{tag}>" if isinstance(tag, str) and where else where
    prefix = f"{here}." if here else ""
    found = [(prefix + name, "unknown member") for name in value if name not in known]
    for name, (shape, required) in known.items():
        if name in value:
            found += problems(value[name], shape, prefix + name)
        elif required:
            found.append((prefix + name, "missing"))
    return found


def unlike(value, shape):
    """How little a member of a union resembles a value: by its kind, then by its fixed values."""
    known = members(shape)
    if not isinstance(value, dict) or known is None:
        fits = isinstance(value, list) == (get_origin(shape) in LISTS)
        return 0 if fits and not isinstance(value, dict) else 100
    distance = 0
    for name in ("type", "role"):
        if name in known and name in value:
            distance += 10 * bool(problems(value[name], known[name][0]))
    return distance


def kind(value):
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        type(None): "null",
    }
    return names.get(type(value), "a number")


def variants(shape, depth):
    """Examples of a shape, each with a label: every type of a union and every fixed value, and
    every member of an object, alone next to the required ones; inside of those the same, `depth`
    objects deep."""
    for part in choices(shape):
        if part is type(None):
            yield "null", None
            continue
        known = members(part)
        if known is None:
            yield from simple_variants(part, depth)
            continue
        base = example(part)
        name = tag(base, part)
        yield name, base
        if depth > 0:
            for member, (inner, _) in known.items():
                for label, value in variants(inner, depth - 1):
                    if value != base.get(member, LEAVE_OUT):
                        yield f"{name} {member}={label}", {**base, member: value}


def simple_variants(shape, depth):
    origin = get_origin(shape)
    if origin in (typing.Literal, typing_extensions.Literal):
        yield from ((str(value), value) for value in get_args(shape))
    elif isinstance(shape, type) and issubclass(shape, enum.Enum):
        yield from ((one.value, one.value) for one in shape)
    elif origin in LISTS:
        yield from ((f"[{label}]", [value]) for label, value in variants(get_args(shape)[0], depth))
    else:
        yield getattr(shape, "__name__", "any"), example(shape)


def tag(value, shape):
    """The name of an object: its `type` if that is a fixed word, else that of the official type."""
    shape_of_tag = choices(members(shape)["type"][0])[0] if "type" in value else str
    return shape.__name__ if shape_of_tag is str else value["type"]


LEAVE_OUT = object()
SIMPLE = {str: "example", bytes: "aGk=", bool: False, int: 1, float: 1.5}


def example(shape):
    """The least value of a shape: of a union its first type, of an object its required members."""
    part = next((part for part in choices(shape) if part is not type(None)), type(None))
    origin = get_origin(part)
    if part is type(None):
        return None
    if part in SIMPLE:
        return SIMPLE[part]
    if origin in (typing.Literal, typing_extensions.Literal):
        return get_args(part)[0]
    if isinstance(part, type) and issubclass(part, enum.Enum):
        return [one.value for one in part][-1]
    if origin in LISTS:
        return []
    known = members(part) or {}
    return {
        name: example(inner)
        for name, (inner, required) in known.items()
        if required or name in ("type", "object")
    }
