"""The right-hand column: where the prompt goes and with which parameters; all but prompts is in the URL."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import streamlit as st

from console.playground.images import data_url
from router_core.types import DEFAULT_TEMPERATURE, LLMRequest, ResponseFormat, ToolFormat
from signalbox.screens.views import Choices

__all__ = ["Parameters", "build_request", "choose_parameters"]

Target = Literal["Use case", "Model", "Provider"]
TARGETS: tuple[Target, ...] = ("Use case", "Model", "Provider")
IMAGE_TYPES = ["png", "jpg", "jpeg", "webp", "gif"]
SCHEMA_EXAMPLE = '{\n  "type": "object",\n  "properties": {"answer": {"type": "string"}},\n  "required": ["answer"]\n}'
TOOLS_EXAMPLE = (
    '{\n  "weather": {\n    "description": "Weather in a city",\n'
    '    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}\n  }\n}'
)


@dataclass(frozen=True)
class Parameters:
    """Everything of a request but its prompt. ``faults`` says what cannot be sent, one sentence each."""

    use_case: str
    model_override: str | None
    system_prompt: str | None
    temperature: float
    max_tokens: int | None
    schema: dict[str, Any] | None = None
    tools: dict[str, ToolFormat] | None = None
    images: tuple[str, ...] = ()
    faults: tuple[str, ...] = field(default=())


def build_request(parameters: Parameters, prompt: str) -> LLMRequest:
    """Return the request for ``prompt``, with its decision trace asked for."""
    schema = parameters.schema
    return LLMRequest(
        use_case=parameters.use_case,
        model_override=parameters.model_override,
        prompt=prompt,
        system_prompt=parameters.system_prompt,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        response_format=None if schema is None else ResponseFormat(type="json_schema", schema=schema),
        tools=parameters.tools,
        images=parameters.images,
        stream=True,
        explain=True,
    )


def choose_parameters(choices: Choices) -> Parameters:
    """Draw the parameters and return what was chosen."""
    use_case, override = _target(choices)
    temperature = st.slider(
        "Temperature", 0.0, 2.0, DEFAULT_TEMPERATURE, 0.1, key="playground_temperature", bind="query-params"
    )
    max_tokens = st.number_input(
        "Max output tokens",
        min_value=1,
        max_value=200_000,
        value=None,
        step=1,
        placeholder="The model's own maximum",
        key="playground_max_tokens",
        bind="query-params",
    )
    system = st.text_area(
        "System prompt",
        height=92,
        placeholder="How the model should behave. Optional.",
        key="playground_system",
        persist_state="session",
    )
    images, schema, tools, faults = _extras()
    return Parameters(
        use_case=use_case,
        model_override=override,
        system_prompt=system.strip() or None,
        temperature=temperature,
        max_tokens=max_tokens,
        schema=schema,
        tools=tools,
        images=images,
        faults=tuple(faults),
    )


def _target(choices: Choices) -> tuple[str, str | None]:
    by = st.segmented_control(
        "Route by",
        TARGETS,
        default="Use case",
        required=True,
        width="stretch",
        key="playground_by",
        bind="query-params",
    )
    if by == "Model":
        return "general", st.selectbox("Model", choices.models, key="playground_model", bind="query-params")
    if by == "Provider":
        return "general", st.selectbox("Provider", choices.providers, key="playground_provider", bind="query-params")
    names = [each.name for each in choices.use_cases]
    preferred = "; ".join(f"{each.name}: {each.model}" for each in choices.use_cases if each.model)
    use_case = st.selectbox(
        "Use case",
        names,
        index=names.index("general") if "general" in names else 0,
        # The options are plain names: what is shown here is what a permalink carries.
        help=f"Preferred models: {preferred}" if preferred else None,
        key="playground_use_case",
        bind="query-params",
    )
    return use_case or "general", None


def _extras() -> tuple[tuple[str, ...], dict[str, Any] | None, dict[str, ToolFormat] | None, list[str]]:
    faults: list[str] = []
    with st.expander("Images", icon=":material/image:"):
        files = st.file_uploader(
            "Images to send along", IMAGE_TYPES, accept_multiple_files=True, key="playground_images"
        )
    with st.expander("JSON schema", icon=":material/data_object:"):
        schema_text = st.text_area(
            "Schema the answer must fit", height=130, placeholder=SCHEMA_EXAMPLE, key="playground_schema"
        )
    with st.expander("Tools", icon=":material/build:"):
        tools_text = st.text_area(
            "Tools the model may call", height=130, placeholder=TOOLS_EXAMPLE, key="playground_tools"
        )
    schema = _parsed(schema_text, dict[str, Any], "JSON schema", faults)
    tools = _parsed(tools_text, dict[str, ToolFormat], "Tools", faults)
    for fault in faults:
        st.error(fault, icon=":material/error:")
    return tuple(data_url(each.getvalue()) for each in files), schema, tools or None, faults


def _parsed(text: str, shape: Any, label: str, faults: list[str]) -> Any:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        faults.append(f"{label}: {error}")
        return None
