// Read by the Emulator Suite before anything of its own (NODE_OPTIONS): each request to a function's worker goes over a
// connection of its own. Kept open, as Node's default is, one that has been idle for two seconds is closed by the worker
// just as the next request sets out: the emulator answers 500 ECONNRESET in the function's name, and loses a trigger.
const http = require("node:http");

http.globalAgent = new http.Agent({ keepAlive: false });
