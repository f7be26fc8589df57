#!/usr/bin/env node
/**
 * The launcher. Plain JavaScript, because it may be started by any Node: on one that is new enough
 * it loads the program; on an older one it starts the Node that `npm ci` brought along; without
 * either it says so in one line and ends with 78 (EX_CONFIG).
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 15)) {
  keepCompiled();
  await import('../src/cli/main.ts');
} else {
  const node = nodeBroughtAlong();
  if (node === null) {
    console.error(
      `merpati needs Node 24.15 or newer; this is ${process.versions.node}. See https://nodejs.org/ or run "npm ci" in a checkout.`,
    );
    process.exit(78);
  }
  replaceBy(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}

/**
 * Keeps compiled code between runs: starting costs a third. In a folder of the user's own, never a
 * shared one.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return; // chosen from outside, on already
  const home = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  module.enableCompileCache(path.join(home, 'merpati', 'compiled'));
}

/** The binary of the package node-linux-<arch>, looked for upwards from here. */
function nodeBroughtAlong() {
  const name = `node-${process.platform}-${process.arch}`;
  let folder = path.dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = path.join(folder, 'node_modules', name, 'bin', 'node');
    if (existsSync(file)) return file;
    const parent = path.dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

/**
 * Becomes that program where the system call is there; else starts it, hands on signals and takes
 * its exit code.
 */
function replaceBy(node, args) {
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal)); // the terminal sends SIGINT to both: once more is harmless
  }
  child.on('error', (error) => {
    console.error(`merpati could not start ${node}: ${error.message}`);
    process.exit(78);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
