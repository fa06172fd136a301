// Compiles a folder's Python for Pyodide's interpreter, in it: `node precompile.mjs PYODIDE FOLDER`. A browser that gets
// sources compiles five megabytes of them before it shows anything. Sources go; tracebacks keep names and line numbers.
import { pathToFileURL } from "node:url";

const [pyodide, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`).href);
const python = await loadPyodide();
python.FS.mkdir("/packed");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/packed");
const isWhole = python.runPython(`
import compileall, pathlib, py_compile
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
is_whole = compileall.compile_dir("/packed", legacy=True, quiet=1, stripdir="/packed", invalidation_mode=mode)
for source in pathlib.Path("/packed").rglob("*.py"):
    source.unlink()
is_whole`);
process.exit(isWhole ? 0 : 1);
