"""What every client is asked for; the simulated vendors answer the way the prompts say."""

from typing import Any, Final

__all__ = ["ASKED", "ASK_WEATHER", "GREETING", "LOOK", "NOBODY", "PERSON", "PIXEL", "REPORTED", "SAY_GREETING",
           "SAY_MUCH", "WEATHER", "WEATHER_TEXT"]  # fmt: skip

PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
GREETING: Final = "Good morning from afar"
SAY_GREETING: Final = f"Greet me. [[sim:say={GREETING}]]"
SAY_MUCH: Final = "Tell me about lighthouses. [[sim:output_tokens=40]]"
LOOK: Final = "What does the image show?"
ASK_WEATHER: Final = "What is the weather in Rome? [[sim:tool_calls=1]]"
WEATHER_TEXT: Final = "Tell the weather of a city"
WEATHER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PERSON: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
REPORTED: Final = "nineteen degrees and dry"
NOBODY: Final = "sbx_0000000000000000_nobody"

ASKED: Final[dict[str, Any]] = {
    "pixel": PIXEL,
    "greeting": GREETING,
    "say_greeting": SAY_GREETING,
    "say_much": SAY_MUCH,
    "look": LOOK,
    "ask_weather": ASK_WEATHER,
    "weather_text": WEATHER_TEXT,
    "weather": WEATHER,
    "person": PERSON,
    "reported": REPORTED,
    "nobody": NOBODY,
}
