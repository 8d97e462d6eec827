// The official `@anthropic-ai/sdk` of npm on `/v1/messages`.
import Anthropic, { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod/v4";
import { refusal, refusalCases, repeated } from "./cases.mjs";

const Person = z.object({ name: z.string(), age: z.number().int() });

/** Returns the cases. */
export function anthropicCases(names) {
  const { asked } = names;
  const open = (apiKey = names.key, more = {}) =>
    new Anthropic({ baseURL: names.base_url, apiKey, maxRetries: 0, ...more });
  const client = open();
  const user = (content) => [{ role: "user", content }];
  const ask = (model, content, more = {}) => ({ model, max_tokens: 500, messages: user(content), ...more });
  const kinds = { APIConnectionError, APIError };
  const refused = (model, apiKey) =>
    refusal(() => open(apiKey).messages.create(ask(model, asked.say_greeting)), kinds);
  const textOf = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");
  const tool = { name: "tell_weather", description: asked.weather_text, input_schema: asked.weather };

  async function message(model) {
    const { data, response } = await client.messages.create(ask(model, asked.say_greeting)).withResponse();
    return { said: textOf(data), reason: data.stop_reason, usage: data.usage,
             provider: response.headers.get("x-signalbox-provider"), cost: response.headers.get("x-signalbox-cost-usd") };
  }

  async function stream(model) {
    const texts = [];
    const streamed = client.messages.stream(ask(model, asked.say_greeting)).on("text", (text) => texts.push(text));
    const final = await streamed.finalMessage();
    return { texts, said: textOf(final), usage: final.usage };
  }

  async function tools(model) {
    const first = await client.messages.stream(ask(model, asked.ask_weather, { tools: [tool] })).finalMessage();
    const calls = first.content.filter((block) => block.type === "tool_use");
    const results = calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: asked.reported }));
    const messages = [...user(asked.ask_weather), { role: "assistant", content: first.content }, ...user(results)];
    const told = await client.messages.create({ model, max_tokens: 500, tools: [tool], messages });
    return { reason: first.stop_reason, calls: calls.map((call) => call.input.city), said: textOf(told) };
  }

  async function runner(model) {
    const calls = [];
    const run = ({ city }) => {
      calls.push(city);
      return asked.reported;
    };
    const runnable = betaTool({ name: tool.name, description: tool.description, inputSchema: tool.input_schema, run });
    const told = await client.beta.messages.toolRunner(ask(model, asked.ask_weather, { tools: [runnable] })).runUntilDone();
    return { calls, said: textOf(told) };
  }

  async function structured(model) {
    const output_config = { format: zodOutputFormat(Person) };
    return (await client.messages.parse(ask(model, "Invent a person.", { output_config }))).parsed_output;
  }

  async function image(model) {
    const source = { type: "base64", media_type: "image/png", data: asked.pixel };
    return { said: textOf(await client.messages.create(ask(model, [{ type: "image", source }, { type: "text", text: asked.look }]))) };
  }

  async function broken(model) {
    const texts = [];
    const told = await refusal(
      () => client.messages.stream(ask(model, asked.say_much)).on("text", (text) => texts.push(text)).finalMessage(), kinds);
    return { ...told, came: texts.join("") };
  }

  const retried = () =>
    repeated(async (options) =>
      textOf(await open(names.key, options).messages.create(ask(names.limited_once[3], asked.say_greeting))));

  const cases = {
    message: () => message("claude-haiku-4-5"),
    "message of gpt": () => message("gpt-4o-mini"),
    "message of a use case": () => message("use-case:general"),
    stream: () => stream("claude-haiku-4-5"),
    "stream of gpt": () => stream("gpt-4o-mini"),
    tools: () => tools("claude-haiku-4-5"),
    "tools of gpt": () => tools("gpt-4o-mini"),
    "tool runner": () => runner("claude-haiku-4-5"),
    "tool runner of gpt": () => runner("gpt-4o-mini"),
    structured: () => structured("claude-haiku-4-5"),
    "structured by gpt": () => structured("gpt-4o-mini"),
    image: () => image("claude-sonnet-4-5"),
    "image of gpt": () => image("gpt-4o"),
    count: async () => client.messages.countTokens({ model: "claude-haiku-4-5", messages: user(asked.say_greeting) }),
    ...refusalCases(names, refused),
    404: () => refused("no-such-model", names.key),
    "broken stream": () => broken(names.breaking_claude),
    "broken stream of gpt": () => broken(names.breaking),
    retried,
  };
  return Object.fromEntries(Object.entries(cases).map(([name, act]) => [`anthropic: ${name}`, act]));
}
