// Drives the official JavaScript client: a call a line in ({path, arguments}), its outcome a line out.
// argv: the folder it is installed in, the server's address, id and token of a key, "server" or "client".
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, apiUrl, id, token, side] = process.argv.slice(2);
const { VoucherifyServerSide, VoucherifyClientSide } = createRequire(`${folder}/`)("@voucherify/sdk");
const client =
  side === "client"
    ? VoucherifyClientSide({ apiUrl, clientApplicationId: id, clientSecretKey: token, origin: "https://shop.example" })
    : VoucherifyServerSide({ apiUrl, applicationId: id, secretKey: token });

for await (const line of createInterface({ input: process.stdin })) {
  const { path, arguments: given } = JSON.parse(line);
  const owner = path.slice(0, -1).reduce((object, name) => object[name], client);
  let outcome;
  try {
    outcome = { value: (await owner[path.at(-1)](...given)) ?? null };
  } catch (error) {
    outcome = { error: { code: error.code, key: error.key, message: String(error.message), details: error.details } };
  }
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
