// Streamable HTTP in front of an MCP server that speaks stdio: just enough for the conformance suite.
//
// bridge.mjs SERVER COMMAND [ARGUMENT...] listens on a free port of 127.0.0.1, runs COMMAND with its URL as
// last argument, and ends with it. Each session of the revisions with a handshake has a server process of its
// own. Requests of 2026-07-28 are independent, so each has one too: ids of different requests cannot collide.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";

const [program, command, ...given] = process.argv.slice(2);
const sessions = new Map();

class Server {
  #waiting = new Map();

  constructor() {
    this.process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.process.stdin.on("error", () => {});
    this.process.on("close", () => this.#waiting.forEach(({ reply }) => reply.destroy()));
    createInterface({ input: this.process.stdout }).on("line", (line) => this.#deliver(JSON.parse(line)));
  }

  send(message, reply) {
    if ("id" in message && "method" in message) {
      this.#waiting.set(message.id, { token: message.params?._meta?.progressToken, reply });
    } else {
      reply.writeHead(202).end();
    }
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  end() {
    this.process.stdin.end();
  }

  #deliver(message) {
    const last = !("method" in message);
    const { id, method, params } = message;
    const requests = [...this.#waiting];
    // A message that belongs to no request goes to the oldest one.
    const [key, request] =
      requests.find(([key, { token }]) =>
        last ? key === id : method === "notifications/progress" && token === params.progressToken,
      ) ?? requests[0] ?? [];
    if (!request) return;
    const { reply } = request;
    if (last) this.#waiting.delete(key);
    if (last && !reply.headersSent) {
      reply.writeHead(status(message, reply), { "Content-Type": "application/json" }).end(JSON.stringify(message));
      return;
    }
    if (!reply.headersSent) reply.writeHead(200, { "Content-Type": "text/event-stream" });
    reply.write(`data: ${JSON.stringify(message)}\n\n`);
    if (last) reply.end();
  }
}

// 2026-07-28 ties statuses to errors; the earlier revisions answer 200 to whatever a server answers.
function status({ error }, reply) {
  if (!error || !reply.stateless) return 200;
  return error.code === -32601 ? 404 : 400;
}

async function answer(request, reply) {
  const id = request.headers["mcp-session-id"];
  const session = sessions.get(id);
  if (id && !session) return reply.writeHead(404).end();
  if (request.method === "DELETE") {
    session?.end();
    sessions.delete(id);
    return reply.writeHead(session ? 200 : 405).end();
  }
  if (request.method !== "POST") return reply.writeHead(405, { Allow: "POST, DELETE" }).end();

  const message = await json(request);
  if (session) return session.send(message, reply);
  const server = new Server();
  if (message.method === "initialize" && !message.params?._meta) {
    const opened = randomUUID();
    sessions.set(opened, server);
    reply.setHeader("Mcp-Session-Id", opened);
  } else {
    reply.stateless = true;
    reply.on("close", () => server.end());
  }
  server.send(message, reply);
}

const http = createServer((request, reply) => {
  answer(request, reply).catch((problem) => reply.headersSent || reply.writeHead(400).end(`${problem.message}\n`));
});
http.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${http.address().port}/mcp`;
  spawn(command, [...given, url], { stdio: "inherit" }).on("exit", (code) => process.exit(code ?? 1));
});
