// MicroPython compiled to WebAssembly, driven like the other interpreters: a JSON request per line, an answer per line.
// Usage: node wasm_bridge.mjs FOLDER...   every folder's .py and .mpy files are copied into its memory and importable.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { loadMicroPython } from '@micropython/micropython-webassembly-pyscript';

const toStderr = (text) => process.stderr.write(text + '\n');
const micropython = await loadMicroPython({ heapsize: 1 << 20, stdout: toStderr, stderr: toStderr });

// This build has no native emitter, and would call the decorators a syntax error.
const withoutViper = (source) => source.replace(/^@micropython\.(native|viper)[ \t]*$/gm, '');

function copy(folder, target) {
  micropython.FS.mkdirTree(target);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const from = path.join(folder, entry.name);
    const to = `${target}/${entry.name}`;
    if (entry.isDirectory()) copy(from, to);
    else if (entry.name.endsWith('.mpy')) micropython.FS.writeFile(to, fs.readFileSync(from));
    else if (entry.name.endsWith('.py')) micropython.FS.writeFile(to, withoutViper(fs.readFileSync(from, 'utf8')));
  }
}

process.argv.slice(2).forEach((folder, index) => {
  copy(folder, `/path${index}`);
  micropython.runPython(`import sys; sys.path.append('/path${index}')`);
});
micropython.runPython('import driver');
const answer = micropython.globals.get('driver').answer;
process.stdout.write('ready\n');
for await (const line of readline.createInterface({ input: process.stdin })) process.stdout.write(answer(line) + '\n');
process.exit(0);
