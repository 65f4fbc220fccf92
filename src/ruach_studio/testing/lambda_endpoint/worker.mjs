/**
 * Turn one invocation into a run of Remotion's own handler, as it stands in the deployed function.
 *
 * Only two of its parts are replaced: the browser's path, and `deleteTmpDir`, which would empty this machine's whole
 * temporary folder (in Lambda that is the function's own).
 */
import { createRequire } from "node:module";
import { join } from "node:path";

let parts;

const load = ({ remotion, browser }) => {
  const require = createRequire(join(remotion, "package.json"));
  const { innerHandler } = require("@remotion/serverless");
  const { LambdaClientInternals } = require("@remotion/lambda-client");
  const functions = join(remotion, "node_modules", "@remotion", "lambda", "dist", "functions");
  const { serverAwsImplementation } = require(join(functions, "aws-server-implementation.js"));
  return {
    innerHandler,
    providerSpecifics: { ...LambdaClientInternals.awsImplementation, getChromiumPath: () => browser },
    insideFunctionSpecifics: { ...serverAwsImplementation, deleteTmpDir: () => Promise.resolve() },
  };
};

process.on("disconnect", () => process.exit(0));
process.on("message", async (asked) => {
  parts ??= load(asked);
  const { innerHandler, ...specifics } = parts;
  const ends = Date.now() + asked.timeoutS * 1000;
  try {
    await innerHandler({
      params: asked.params,
      responseWriter: {
        write: async (bytes) => void process.send({ block: Buffer.from(bytes).toString("base64") }),
        end: async () => undefined,
      },
      context: {
        requestId: "local", expectedBucketOwner: "000000000000", getRemainingTimeInMillis: () => ends - Date.now(),
      },
      ...specifics,
    });
    process.send({ done: true });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
