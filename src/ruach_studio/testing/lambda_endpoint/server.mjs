/**
 * Turn Lambda's HTTP interface into runs of Remotion's real handler on this machine, for tests.
 *
 * POST /2015-03-31/functions/F/invocations (RequestResponse and Event) and
 * POST /2021-11-15/functions/F/response-streaming-invocations (vnd.amazon.eventstream). As AWS does, it refuses an unknown
 * key (403), an unknown function (404), too large a payload (413), too many at once (429), and ends what runs too long. A
 * `start` whose props do not fit the composition's JSON schema is refused too. One process per concurrent invocation.
 */
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const options = JSON.parse(process.argv[2]);
const require = createRequire(join(options.remotion, "package.json"));
const Ajv = require("ajv").default ?? require("ajv");
const fits = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(join(options.remotion, "props.schema.gen.json"), "utf8")));

const LIMIT = { RequestResponse: 6 << 20, Event: 1 << 20 };
const idle = [];
let busy = 0;
const log = [];

process.stdin.resume();
process.stdin.on("end", () => process.exit(0)); // whoever started us is gone

const server = createServer((request, response) => {
  if (request.url === "/log") {
    response.end(JSON.stringify(log));
    return;
  }
  const blocks = [];
  request.on("data", (block) => blocks.push(block));
  request.on("end", () => answer(request, response, Buffer.concat(blocks)));
});

const refuse = (response, status, type, message) => {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
  response.end(JSON.stringify({ Type: "User", message, Message: message }));
};

const answer = (request, response, body) => {
  const [, version, , name, kind] = new URL(request.url, "http://lambda").pathname.split("/");
  const streams = kind === "response-streaming-invocations" && version === "2021-11-15";
  const mode = streams ? "Stream" : request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (!(request.headers.authorization ?? "").includes(`Credential=${options.accessKey}/`)) {
    return refuse(response, 403, "UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  if (decodeURIComponent(name ?? "") !== options.functionName) {
    return refuse(response, 404, "ResourceNotFoundException", `Function not found: ${name}`);
  }
  if (body.length > (LIMIT[mode] ?? LIMIT.RequestResponse)) {
    return refuse(response, 413, "RequestTooLargeException", `${body.length} byte payload is too large for ${mode}`);
  }
  if (busy >= options.maxConcurrency) {
    return refuse(response, 429, "TooManyRequestsException", "Rate Exceeded.");
  }
  const params = JSON.parse(body.toString());
  log.push({ type: params.type, mode, bytes: body.length });
  const wrong = wrongProps(params);
  if (wrong) {
    return reply(response, Buffer.from(JSON.stringify({ type: "error", message: wrong, stack: "" })));
  }
  run(params, mode, response);
};

const wrongProps = (params) => {
  if (params.type !== "start" || params.inputProps?.type !== "payload") {
    return null;
  }
  return fits(JSON.parse(params.inputProps.payload)) ? null : `the props do not fit the schema: ${JSON.stringify(fits.errors[0])}`;
};

const reply = (response, bytes, failed) => {
  response.writeHead(200, { "content-type": "application/json", ...(failed ? { "x-amz-function-error": "Unhandled" } : {}) });
  response.end(bytes);
};

const run = (params, mode, response) => {
  const worker = idle.pop() ?? fork(new URL("./worker.mjs", import.meta.url), { env: environment(), stdio: ["ignore", 2, 2, "ipc"] });
  busy += 1;
  const blocks = [];
  if (mode === "Event") {
    response.writeHead(202).end();
  } else if (mode === "Stream") {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
  }
  const timer = setTimeout(() => worker.kill("SIGKILL"), options.timeoutS * 1000);
  const finish = (error) => {
    clearTimeout(timer);
    worker.removeAllListeners();
    busy -= 1;
    if (mode === "Stream") {
      const end = error ? { ErrorCode: "Unhandled", ErrorDetails: error } : {};
      response.end(message("InvokeComplete", "application/json", Buffer.from(JSON.stringify(end))));
    } else if (mode !== "Event") {
      reply(response, error ? Buffer.from(JSON.stringify({ errorMessage: error })) : Buffer.concat(blocks), Boolean(error));
    }
  };
  worker.on("message", (told) => {
    if (told.block) {
      const bytes = Buffer.from(told.block, "base64");
      return mode === "Stream" ? response.write(message("PayloadChunk", "application/octet-stream", bytes)) : blocks.push(bytes);
    }
    idle.push(worker);
    return finish(told.error);
  });
  worker.on("exit", () => finish(`RequestId: 0 Error: Task timed out after ${options.timeoutS}.00 seconds`));
  worker.send({ params, timeoutS: options.timeoutS, browser: options.browser, remotion: options.remotion });
};

const environment = () => ({
  PATH: process.env.PATH, HOME: process.env.HOME ?? "", TMPDIR: process.env.TMPDIR ?? "/tmp", AWS_REGION: options.region,
  AWS_LAMBDA_FUNCTION_NAME: options.functionName, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "10240",
  AWS_ACCESS_KEY_ID: options.accessKey, AWS_SECRET_ACCESS_KEY: options.secretKey,
  AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${server.address().port}`, AWS_ENDPOINT_URL_S3: options.s3Endpoint,
});

/** CRC-32 as in zlib; Node.js has it only since 20.15. */
const crc32 = (bytes) => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
};

/** One message of vnd.amazon.eventstream: lengths, CRC, string headers, payload, CRC. */
const message = (event, type, payload) => {
  const headers = Buffer.concat(
    Object.entries({ ":event-type": event, ":content-type": type, ":message-type": "event" }).map(([key, value]) =>
      Buffer.concat([Buffer.from([key.length]), Buffer.from(key), Buffer.from([7, value.length >> 8, value.length & 255]), Buffer.from(value)]),
    ),
  );
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headers.length + payload.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const whole = Buffer.concat([prelude, headers, payload, Buffer.alloc(4)]);
  whole.writeUInt32BE(crc32(whole.subarray(0, -4)), whole.length - 4);
  return whole;
};

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
