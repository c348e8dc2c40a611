// The official Node clients against anygpt-mcp: the calls that a user would make, once in each mode.
// The checks are independent, so that a failed one hides no other.
//
// check.mjs SERVER MOCK_PROVIDER

import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const TOOLS = [
  "anygpt_chat_completion",
  "anygpt_compare",
  "anygpt_list_models",
  "anygpt_list_providers",
  "anygpt_list_tags",
];
const CHAT = TOOLS[0];
const MODELS = ["gpt-4.1", "claude-sonnet-5", "gemini-3.5-flash"];
const SECTIONS = ["errors", "overview", "providers", "troubleshooting", "workflow"];
const EXAMPLES = ["basic-chat"];
const DOCS_TEMPLATE = "anygpt://docs/{section}";
const EXAMPLES_TEMPLATE = "anygpt://examples/{example}";
const RESOURCES = [
  ...SECTIONS.map((section) => `anygpt://docs/${section}`),
  ...EXAMPLES.map((example) => `anygpt://examples/${example}`),
];
const PROMPTS = ["compare-providers", "discover-and-chat", "list-capabilities", "second-opinion"];
const INVALID_PARAMS = -32602;
const RESOURCE_NOT_FOUND = -32002;
const SECONDS = 20;
// A client kills a server that is still running two seconds after the end of its input.
const CLOSE_MILLISECONDS = 1500;

const SDK_CHECKS = {
  async revision({ client, revision, initialized }) {
    equal(client.getNegotiatedProtocolVersion?.() ?? initialized(), revision);
    equal(client.getServerVersion().name, "anygpt-mcp");
  },

  async "tools/list"({ client }) {
    equal(names((await client.listTools()).tools), TOOLS);
  },

  async chat({ client, call }) {
    // From here on the client validates every result against the schema of its tool.
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === CHAT).outputSchema, "no output schema");
    for (const model of MODELS) {
      const said = `grüße from ${model}`;
      const result = await call({ prompt: said, model });
      expect(!result.isError, model, result);
      expect(result.content[0].text.includes(`echo: ${said}`), model, result);
      equal(result.structuredContent.text, `echo: ${said}`);
    }
  },

  async "tools/call, isError"({ call }) {
    const result = await call({ prompt: "x", model: "openai/fault-400" });
    expect(result.isError && result.content[0].text.includes("400"), result);
  },

  async "tools/call, unknown tool"({ client }) {
    await rejects(client.callTool({ name: "no_such_tool", arguments: {} }), INVALID_PARAMS);
  },

  async progress({ call }) {
    const seen = [];
    const result = await call({ prompt: "x", model: "openai/slow-100" }, { onprogress: (step) => seen.push(step) });
    expect(!result.isError, result);
    expect(seen.length > 0, "nothing was reported");
    expect(seen.every(({ progress }, i) => i === 0 || progress > seen[i - 1].progress), seen);
  },

  async cancellation({ call }) {
    const aborted = new AbortController();
    // Not at once: the client reports progress that is already in flight as an error of the server.
    const onprogress = () => setTimeout(() => aborted.abort("enough"), 300);
    const result = call({ prompt: "x", model: "openai/fault-hang-stream" }, { signal: aborted.signal, onprogress });
    await rejects(result);
    expect(aborted.signal.aborted, "ended before it was cancelled");
    equal((await call({ prompt: "next", model: MODELS[0] })).structuredContent.text, "echo: next");
  },

  async "resources/list"({ client }) {
    equal((await client.listResources()).resources.map(({ uri }) => uri).sort(), RESOURCES);
  },

  async "resources/templates/list"({ client }) {
    const { resourceTemplates } = await client.listResourceTemplates();
    equal(resourceTemplates.map(({ uriTemplate }) => uriTemplate).sort(), [DOCS_TEMPLATE, EXAMPLES_TEMPLATE]);
  },

  async "resources/read"({ client }) {
    for (const uri of RESOURCES) {
      const { contents } = await client.readResource({ uri });
      expect(contents.length === 1 && contents[0].uri === uri && contents[0].text, uri, contents);
    }
  },

  async "resources/read, unknown"({ client }) {
    // The newer client reports the code of 2026-07-28 whatever the revision.
    const code = client instanceof Client ? INVALID_PARAMS : RESOURCE_NOT_FOUND;
    await rejects(client.readResource({ uri: "anygpt://docs/no-such-section" }), code);
  },

  async "prompts/list"({ client }) {
    equal(names((await client.listPrompts()).prompts), PROMPTS);
  },

  async "prompts/get"({ client }) {
    const { prompts } = await client.listPrompts();
    equal(prompts.length, PROMPTS.length);
    for (const { name, arguments: parameters = [] } of prompts) {
      const given = Object.fromEntries(parameters.map((parameter) => [parameter.name, `"grüße" ${parameter.name}`]));
      const { messages } = await client.getPrompt({ name, arguments: given });
      const said = messages.map(({ content }) => content.text ?? "").join("\n");
      expect(said, name, messages);
      for (const parameter of parameters.filter(({ required }) => required)) {
        expect(said.includes(given[parameter.name]), `${name} leaves out ${parameter.name}:`, said);
        const { [parameter.name]: _, ...rest } = given;
        await rejects(client.getPrompt({ name, arguments: rest }), INVALID_PARAMS);
      }
    }
  },

  async "prompts/get, unknown"({ client }) {
    await rejects(client.getPrompt({ name: "no-such-prompt" }), INVALID_PARAMS);
  },

  async "completion, templates"({ client }) {
    const complete = async (uri, name, value) =>
      (await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } })).completion.values;
    equal((await complete(DOCS_TEMPLATE, "section", "")).sort(), SECTIONS);
    equal(await complete(DOCS_TEMPLATE, "section", "tr"), ["troubleshooting"]);
    equal(await complete(EXAMPLES_TEMPLATE, "example", ""), EXAMPLES);
  },

  async "completion, prompts"({ client }) {
    const { prompts } = await client.listPrompts();
    equal(prompts.length, PROMPTS.length);
    for (const { name, arguments: parameters = [] } of prompts) {
      for (const parameter of parameters) {
        const argument = { name: parameter.name, value: "" };
        const { completion } = await client.complete({ ref: { type: "ref/prompt", name }, argument });
        expect(Array.isArray(completion.values), name, completion);
      }
    }
  },

  async "logging/setLevel"({ client, revision, call, logged }) {
    if (revision === MODERN) return;
    await client.setLoggingLevel("warning");
    await call({ prompt: "x", model: MODELS[0] });
    equal(logged, []);
    await call({ prompt: "x", model: "openai/fault-400" });
    equal(logged.map(({ level }) => level), ["warning"]);
    expect(logged[0].data.includes("provider="), logged);
  },

  async "subscriptions/listen"({ client, revision }) {
    if (revision !== MODERN) return;
    const subscription = await client.listen({ toolsListChanged: true });
    equal(subscription.honoredFilter, {});
    await subscription.close();
    equal(await subscription.closed, "local");
  },

  async "no stray messages"({ problems }) {
    equal(problems, []);
  },

  // The last one: nothing works after it.
  async close({ client, transport }) {
    const { pid } = transport;
    const started = performance.now();
    await client.close();
    const took = performance.now() - started;
    expect(took < CLOSE_MILLISECONDS, `took ${Math.round(took)} ms`);
    expect(!isRunning(pid), "the process is still there");
  },
};

const INSPECTOR_CHECKS = {
  async "tools/list"(inspect) {
    // Strict: keywords that some client cannot use in a schema are errors.
    equal(names((await inspect("tools/list", "--strict")).tools), TOOLS);
  },

  async "tools/call"(inspect) {
    for (const model of MODELS) {
      const given = JSON.stringify({ prompt: "grüße", model });
      const result = await inspect("tools/call", "--tool-name", CHAT, "--tool-args-json", given);
      equal(result.structuredContent.text, "echo: grüße");
    }
  },

  async "resources/list"(inspect) {
    equal((await inspect("resources/list")).resources.map(({ uri }) => uri).sort(), RESOURCES);
  },

  async "resources/templates/list"(inspect) {
    const { resourceTemplates } = await inspect("resources/templates/list");
    equal(resourceTemplates.map(({ uriTemplate }) => uriTemplate).sort(), [DOCS_TEMPLATE, EXAMPLES_TEMPLATE]);
  },

  async "resources/read"(inspect) {
    const { contents } = await inspect("resources/read", "--uri", RESOURCES[0]);
    expect(contents.length === 1 && contents[0].text, contents);
  },

  async "prompts/list"(inspect) {
    equal(names((await inspect("prompts/list")).prompts), PROMPTS);
  },

  async "prompts/get"(inspect) {
    const given = ["--prompt-name", PROMPTS[1], "--prompt-args", "question=grüße"];
    const { messages } = await inspect("prompts/get", ...given);
    expect(messages[0].content.text.includes("grüße"), messages);
  },

  // It shows no progress, and ends with its one request: nothing can be cancelled.
  async errors(inspect) {
    await rejects(inspect("resources/read", "--uri", "anygpt://docs/nothing"));
    await rejects(inspect("prompts/get", "--prompt-name", "nothing"));
    await rejects(inspect("tools/call", "--tool-name", CHAT, "--tool-args-json", "{}"));
  },
};

const [server, mockProvider] = process.argv.slice(2);
const versions = JSON.parse(await readFile(new URL("package.json", import.meta.url))).dependencies;
const version = (name) => `${name} ${versions[`@modelcontextprotocol/${name}`]}`;

const provider = spawn(mockProvider, { stdio: ["pipe", "pipe", "inherit"] });
const env = {};
for await (const line of createInterface({ input: provider.stdout })) {
  const [name, url] = line.split(/=(.*)/);
  env[name] = url;
  if (Object.keys(env).length === 3) break;
}
for (const name of ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"]) {
  env[name] = `mock-${name.toLowerCase()}-4b7e19`;
}

await withClient(`${version("client")}, mode auto`, Client, StdioClientTransport, MODERN, "auto");
await withClient(`${version("client")}, mode ${MODERN}`, Client, StdioClientTransport, MODERN, { pin: MODERN });
await withClient(`${version("client")}, mode legacy`, Client, StdioClientTransport, LEGACY, "legacy");
await withClient(version("sdk"), Client1, StdioClientTransport1, LEGACY);
await withInspector("legacy");
await withInspector("modern");
// Ends at the end of its input.
provider.stdin.end();

async function withClient(title, Client, StdioClientTransport, revision, mode) {
  const transport = new StdioClientTransport({ command: server, env, stderr: "pipe" });
  let stderr = "";
  transport.stderr.on("data", (data) => (stderr += data));
  // The older client does not expose the negotiated revision, but passes it to its transport.
  let negotiated;
  transport.setProtocolVersion = (version) => (negotiated = version);

  const client = new Client({ name: "anygpt-tests", version: "1" }, { versionNegotiation: { mode } });
  const problems = [];
  client.onerror = (problem) => problems.push(problem.message);
  const logged = [];
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method === "notifications/message") logged.push(params);
    else problems.push(`unexpected ${method}`);
  };
  const call = (given, options) => {
    const params = { name: CHAT, arguments: given };
    return Client === Client1 ? client.callTool(params, undefined, options) : client.callTool(params, options);
  };
  const context = { client, transport, revision, call, problems, logged, initialized: () => negotiated };

  const connect = async () => client.connect(transport, { timeout: SECONDS * 1000 });
  const failed = await report(title, { connect, ...SDK_CHECKS }, context);
  if (failed && stderr) console.log(`stderr of the server:\n${stderr}`);
  await client.close();
}

async function withInspector(era) {
  const home = await mkdtemp(join(tmpdir(), "anygpt-inspector-"));
  const program = new URL("node_modules/.bin/mcp-inspector", import.meta.url).pathname;
  const settings = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const inspect = async (method, ...options) => {
    const given = ["--cli", server, ...settings, "--protocol-era", era, "--format", "json", "--quiet"];
    const output = await execute(program, [...given, "--method", method, ...options], { HOME: home });
    return JSON.parse(output).result;
  };
  await report(`${version("inspector")}, mode ${era}`, INSPECTOR_CHECKS, inspect);
  await rm(home, { recursive: true });
}

// Prints one line, with the problem below it.
async function report(title, checks, context) {
  const failures = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      await within(check(context));
    } catch (problem) {
      failures.push([name, problem]);
      if (name === "connect") break;
    }
  }
  const total = Object.keys(checks).length;
  const verdict = failures.length === 0 ? "ok" : `FAILED ${failures.length} of ${total}`;
  console.log(`official Node ${title}: ${verdict}`);
  for (const [name, problem] of failures) console.log(`  ${name}: ${problem.message ?? problem}`);
  if (failures.length > 0) process.exitCode = 1;
  return failures.length > 0;
}

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${SECONDS} s`)), SECONDS * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function expect(condition, ...seen) {
  if (!condition) throw new Error(seen.map((it) => (typeof it === "string" ? it : JSON.stringify(it))).join(" "));
}

function equal(actual, expected) {
  expect(isDeepStrictEqual(actual, expected), actual ?? "nothing", "instead of", expected);
}

async function rejects(promise, code) {
  let result;
  try {
    result = await promise;
  } catch (problem) {
    if (code !== undefined) expect(problem.code === code, `code ${problem.code} instead of ${code}:`, problem.message);
    return;
  }
  expect(false, "answered instead of rejected:", result);
}

function names(things) {
  return things.map(({ name }) => name).sort();
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function execute(program, given, env) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...given], { env }, (problem, stdout, stderr) =>
      problem ? reject(new Error(stderr.trim() || problem.message)) : resolve(stdout),
    );
  });
}
