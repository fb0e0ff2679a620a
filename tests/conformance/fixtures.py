"""What the conformance suite asks a server for beyond its own tools; each name and text is prescribed by the suite."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

Ctx = Context[Any, Any]

ABOUT = "For the conformance suite."

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = base64.b64encode(
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
).decode()


def add_fixtures(server: MCPServer[Any]) -> None:
    for part in (_content, _talk, _schemas, _input_required, _stateless, _resources, _prompts, _methods):
        part(server)


class Events(EventStore):
    """Keeps every message, so that a stream which was closed can be taken up again."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self._kept.append((stream_id, message))
        return str(len(self._kept) - 1)

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        last = int(last_event_id)
        stream = self._kept[last][0]
        for number, (where, message) in enumerate(self._kept):
            if number > last and where == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


def _text(said: str) -> TextContent:
    return TextContent(type="text", text=said)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


def _resource(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def _content(server: MCPServer[Any]) -> None:
    """Tools that answer with each kind of content."""

    @server.tool(description=ABOUT)
    async def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(description=ABOUT)
    async def test_image_content() -> CallToolResult:
        return CallToolResult(content=[_image()])

    @server.tool(description=ABOUT)
    async def test_audio_content() -> CallToolResult:
        return CallToolResult(content=[AudioContent(type="audio", data=WAV, mime_type="audio/wav")])

    @server.tool(description=ABOUT)
    async def test_embedded_resource() -> CallToolResult:
        uri = "test://embedded-resource"
        return CallToolResult(content=[_resource(uri, "text/plain", "This is an embedded resource content.")])

    @server.tool(description=ABOUT)
    async def test_multiple_content_types() -> CallToolResult:
        data = _resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
        return CallToolResult(content=[_text("Multiple content types test:"), _image(), data])

    @server.tool(description=ABOUT)
    async def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")


def _talk(server: MCPServer[Any]) -> None:
    """Tools that say something, or ask, while they run."""

    @server.tool(description=ABOUT)
    async def test_tool_with_logging(ctx: Ctx) -> str:
        for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(said)
            await anyio.sleep(0.05)
        return "done"

    @server.tool(description=ABOUT)
    async def test_logging_tool(ctx: Ctx) -> str:
        await ctx.info("This is heard only by who asked for a level.")
        return "done"

    @server.tool(description=ABOUT)
    async def test_tool_with_progress(ctx: Ctx) -> str:
        for progress in (0, 50, 100):
            await ctx.report_progress(progress, 100)
            await anyio.sleep(0.05)
        return "done"

    @server.tool(description=ABOUT)
    async def test_reconnection(ctx: Ctx) -> str:
        await ctx.close_sse_stream()
        await anyio.sleep(0.2)
        return "done"

    @server.tool(description=ABOUT)
    async def test_sampling(ctx: Ctx, prompt: str) -> str:
        answer = await ctx.session.create_message([SamplingMessage(role="user", content=_text(prompt))], max_tokens=100)
        return f"LLM response: {answer.content.text}"

    async def ask(ctx: Ctx, message: str, schema: type[BaseModel]) -> str:
        answer = await ctx.elicit(message, schema)
        content = answer.data.model_dump_json() if answer.action == "accept" else "{}"
        return f"action={answer.action}, content={content}"

    class Person(BaseModel):
        username: str = Field(description="User's response")
        email: str = Field(description="User's email address")

    class Defaults(BaseModel):
        name: str = "John Doe"
        age: int = 30
        score: float = 95.5
        status: Literal["active", "inactive", "pending"] = "active"
        verified: bool = True

    def options(*names: str) -> list[dict[str, str]]:
        return [{"const": name, "title": name.title()} for name in names]

    one, two = {"enum": ["option1", "option2"]}, options("value1", "value2")
    old = {"enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]}

    class Choices(BaseModel):
        untitledSingle: Annotated[str, Field(json_schema_extra=one)]
        titledSingle: Annotated[str, Field(json_schema_extra={"oneOf": two})]
        legacyEnum: Annotated[str, Field(json_schema_extra=old)]
        untitledMulti: Annotated[list[str], Field(json_schema_extra={"items": {"type": "string", **one}})]
        titledMulti: Annotated[list[str], Field(json_schema_extra={"items": {"anyOf": two}})]

    @server.tool(description=ABOUT)
    async def test_elicitation(ctx: Ctx, message: str) -> str:
        return f"User response: {await ask(ctx, message, Person)}"

    @server.tool(description=ABOUT)
    async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
        return f"Elicitation completed: {await ask(ctx, 'Who are you?', Defaults)}"

    @server.tool(description=ABOUT)
    async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
        return f"Elicitation completed: {await ask(ctx, 'What do you choose?', Choices)}"


def _schemas(server: MCPServer[Any]) -> None:
    """Tools that are looked at more than called."""

    @server.tool(description=ABOUT)
    async def json_schema_2020_12_tool() -> str:
        return "ok"

    server._tool_manager.get_tool("json_schema_2020_12_tool").parameters = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    }

    @server.tool(description=ABOUT)
    async def test_header_parameter(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
    ) -> str:
        return region


def _form(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(prompt: str, max_tokens: int) -> CreateMessageRequest:
    messages = [SamplingMessage(role="user", content=_text(prompt))]
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=max_tokens))


def _answers(ctx: Ctx, **kinds: type) -> list[Any] | None:
    """What came back under these names, if each is there and of its kind."""
    came = ctx.input_responses or {}
    if not all(isinstance(came.get(name), kind) for name, kind in kinds.items()):
        return None
    return [came[name] for name in kinds]


def _input_required(server: MCPServer[Any]) -> None:
    """Tools of 2026-07-28 that answer with questions until they know enough."""

    ask_name = _form("What is your name?", name="string")
    confirm = _form("Please confirm", ok="boolean")

    @server.tool(description=ABOUT)
    async def test_input_required_result_elicitation(ctx: Ctx) -> str | InputRequiredResult:
        answers = _answers(ctx, user_name=ElicitResult)
        if answers and answers[0].content and "name" in answers[0].content:
            return f"Hello, {answers[0].content['name']}!"
        return InputRequiredResult(input_requests={"user_name": ask_name})

    @server.tool(description=ABOUT)
    async def test_input_required_result_sampling(ctx: Ctx) -> str | InputRequiredResult:
        if answers := _answers(ctx, capital_question=CreateMessageResult):
            return answers[0].content.text
        return InputRequiredResult(input_requests={"capital_question": _sample("What is the capital of France?", 100)})

    @server.tool(description=ABOUT)
    async def test_input_required_result_list_roots(ctx: Ctx) -> str | InputRequiredResult:
        if answers := _answers(ctx, client_roots=ListRootsResult):
            return ", ".join(str(root.uri) for root in answers[0].roots)
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})

    @server.tool(description=ABOUT)
    async def test_input_required_result_request_state(ctx: Ctx) -> str | InputRequiredResult:
        if ctx.request_state == "asked" and _answers(ctx, confirm=ElicitResult):
            return "state-ok"
        return InputRequiredResult(input_requests={"confirm": confirm}, request_state="asked")

    @server.tool(description=ABOUT)
    async def test_input_required_result_tampered_state(ctx: Ctx) -> str | InputRequiredResult:
        # The SDK seals the state, and refuses one that was changed.
        return await test_input_required_result_request_state(ctx)

    @server.tool(description=ABOUT)
    async def test_input_required_result_multiple_inputs(ctx: Ctx) -> str | InputRequiredResult:
        if _answers(ctx, user_name=ElicitResult, greeting=CreateMessageResult, client_roots=ListRootsResult):
            return "done"
        questions = {
            "user_name": ask_name,
            "greeting": _sample("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        return InputRequiredResult(input_requests=questions, request_state="asked")

    @server.tool(description=ABOUT)
    async def test_input_required_result_multi_round(ctx: Ctx) -> str | InputRequiredResult:
        if ctx.request_state == "second" and _answers(ctx, step2=ElicitResult):
            return "done"
        if ctx.request_state == "first" and _answers(ctx, step1=ElicitResult):
            question = _form("Step 2: What is your favorite color?", color="string")
            return InputRequiredResult(input_requests={"step2": question}, request_state="second")
        question = _form("Step 1: What is your name?", name="string")
        return InputRequiredResult(input_requests={"step1": question}, request_state="first")

    @server.tool(description=ABOUT)
    async def test_input_required_result_capabilities(ctx: Ctx) -> str | InputRequiredResult:
        can = ctx.client_capabilities
        questions: dict[str, Any] = {}
        if can and can.sampling is not None:
            questions["greeting"] = _sample("Generate a greeting", 50)
        if can and can.elicitation is not None:
            questions["user_name"] = ask_name
        return InputRequiredResult(input_requests=questions, request_state="asked")

    @server.prompt(description=ABOUT)
    async def test_input_required_result_prompt(ctx: Ctx) -> list[UserMessage] | InputRequiredResult:
        if answers := _answers(ctx, user_context=ElicitResult):
            return [UserMessage(json.dumps(answers[0].content))]
        question = _form("What context should the prompt use?", context="string")
        return InputRequiredResult(input_requests={"user_context": question})


def _stateless(server: MCPServer[Any]) -> None:
    """Tools that show how a request of 2026-07-28 stands alone."""

    @server.tool(description=ABOUT)
    async def test_missing_capability(ctx: Ctx) -> str:
        if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
            needs = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs sampling.", needs)
        return "done"

    @server.tool(description=ABOUT)
    async def test_streaming_elicitation(ctx: Ctx) -> str | InputRequiredResult:
        await ctx.report_progress(1, 2)
        return InputRequiredResult(input_requests={"user_name": _form("What is your name?", name="string")})

    @server.tool(description=ABOUT)
    async def test_trigger_tool_change(ctx: Ctx) -> str:
        await ctx.notify_tools_changed()
        return "done"

    @server.tool(description=ABOUT)
    async def test_trigger_prompt_change(ctx: Ctx) -> str:
        await ctx.notify_prompts_changed()
        return "done"


def _resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    async def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @server.resource("test://watched-resource", mime_type="text/plain")
    async def watched() -> str:
        return "Watched."

    @server.resource("test://template/{id}/data", mime_type="application/json")
    async def template(id: str) -> str:
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _prompts(server: MCPServer[Any]) -> None:
    @server.prompt(description=ABOUT)
    async def test_simple_prompt() -> list[UserMessage]:
        return [UserMessage("This is a simple prompt for testing.")]

    @server.prompt(description=ABOUT)
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]

    @server.prompt(description=ABOUT)
    async def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
        resource = _resource(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description=ABOUT)
    async def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]


def _methods(server: MCPServer[Any]) -> None:
    """Methods of 2025-11-25 that the SDK leaves to who wants them."""

    async def accept(*_: Any) -> EmptyResult:
        return EmptyResult()

    for method, params in (
        ("logging/setLevel", SetLevelRequestParams),
        ("resources/subscribe", SubscribeRequestParams),
        ("resources/unsubscribe", UnsubscribeRequestParams),
    ):
        server._lowlevel_server.add_request_handler(method, params, accept)
