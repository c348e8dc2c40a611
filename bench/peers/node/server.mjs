// An echo tool on the official TypeScript SDK.
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

serveStdio(() => {
  const server = new McpServer({ name: "peer", version: "0.0.0" });
  server.registerTool(
    "anygpt_chat_completion",
    { description: "Repeat the prompt", inputSchema: z.object({ prompt: z.string().describe("The question") }) },
    ({ prompt }) => ({ content: [{ type: "text", text: prompt }] }),
  );
  return server;
});
