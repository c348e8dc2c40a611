// Before Node 22, fs has no globSync. The suite imports it, but only its reports on repositories use it.

import { register } from "node:module";

const module = (source) => `data:text/javascript,${encodeURIComponent(source)}`;
const fs = module('export * from "node:fs"; export const globSync = undefined;');
register(
  module(`export function resolve(name, context, next) {
    return name === "fs" ? { url: ${JSON.stringify(fs)}, shortCircuit: true } : next(name, context);
  }`),
);
